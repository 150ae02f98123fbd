//! A frontend: the endpoints of one path prefix, whether it is open, and the lookup of an endpoint
//! for a request (apps-and-endpoints.md 1, 3.2, 3.3).

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use quorate_http::Method;

use crate::{
    auth::Auth,
    common,
    endpoint::Endpoint,
    error::RegistrationError,
    openapi::{ApiInfo, Documents, Operation},
    template::{Captures, Template},
};

/// First path segment of a frontend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// `/node`
    Node,
    /// `/gov`: the members' frontend
    Gov,
    /// `/app`, and everything that has none of the three prefixes: the users' frontend
    App,
}

impl Prefix {
    /// With its slash.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "/node",
            Self::Gov => "/gov",
            Self::App => "/app",
        }
    }

    /// The frontend for a raw path, and the path that it looks up. A prefix counts only if another
    /// `/` follows it.
    pub fn route(path: &str) -> (Self, &str) {
        for prefix in [Self::App, Self::Gov, Self::Node] {
            if let Some(rest) = path.strip_prefix(prefix.as_str())
                && rest.starts_with('/')
            {
                return (prefix, rest);
            }
        }
        (Self::App, path)
    }
}

/// Opens a frontend. Cloned freely; closed at first.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Lets requests in from now on.
    pub fn open(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Lets no request in from now on.
    pub fn close(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Whether requests are let in.
    pub fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The endpoints of one prefix.
pub struct Frontend {
    prefix: Prefix,
    info: ApiInfo,
    gate: Gate,
    endpoints: Vec<Registered>,
    /// Endpoints without parameters, by path.
    literals: HashMap<String, Vec<usize>>,
    /// The other ones, in order of registration.
    templates: Vec<usize>,
    documents: Documents,
}

/// An endpoint with what lookup made of it.
pub(crate) struct Registered {
    pub endpoint: Endpoint,
    pub template: Template,
    pub policies: Vec<Auth>,
}

/// Result of a lookup.
pub(crate) enum Lookup<'f> {
    Found(&'f Registered, usize, Captures),
    /// No verb is defined for the path.
    Unknown,
    /// Others than the request's are; the value of `allow`.
    OtherVerbs(String),
    /// More than one template matches; their texts.
    Ambiguous(Vec<&'f str>),
}

impl Frontend {
    /// A frontend with the common endpoints (apps-and-endpoints.md 10), closed.
    ///
    /// # Errors
    /// None in practice: the common endpoints do not collide.
    pub fn new(prefix: Prefix, info: ApiInfo) -> Result<Self, RegistrationError> {
        let mut frontend = Self::without_common_endpoints(prefix, info);
        for endpoint in common::endpoints(prefix, &frontend.documents) {
            frontend.add(endpoint)?;
        }
        Ok(frontend)
    }

    /// A frontend without any endpoint, closed.
    pub fn without_common_endpoints(prefix: Prefix, info: ApiInfo) -> Self {
        Self {
            prefix,
            info,
            gate: Gate::default(),
            endpoints: Vec::new(),
            literals: HashMap::new(),
            templates: Vec::new(),
            documents: Documents::default(),
        }
    }

    /// Registers an endpoint.
    ///
    /// # Errors
    /// [`RegistrationError`]: bad template, no policy declared, a policy that cannot be used, or
    /// registered before.
    pub fn add(&mut self, endpoint: Endpoint) -> Result<&mut Self, RegistrationError> {
        let (method, text) = (endpoint.method.to_string(), endpoint.template.clone());
        let template = Template::parse(&text)?;
        let Some(declared) = endpoint.auth.clone() else {
            return Err(RegistrationError::NoPolicy {
                method,
                template: text,
            });
        };
        let policies = declared
            .into_iter()
            .map(|policy| policy.prepare(&method, &text))
            .collect::<Result<_, _>>()?;
        let same = |known: &Registered| {
            known.endpoint.method == endpoint.method && known.endpoint.template == text
        };
        if self.endpoints.iter().any(same) {
            return Err(RegistrationError::Duplicate {
                method,
                template: text,
            });
        }
        let index = self.endpoints.len();
        if template.is_literal() {
            self.literals.entry(text).or_default().push(index);
        } else {
            self.templates.push(index);
        }
        self.endpoints.push(Registered {
            endpoint,
            template,
            policies,
        });
        Ok(self)
    }

    /// Describes a registered endpoint for OpenAPI, in place of what it was registered with.
    ///
    /// # Errors
    /// [`RegistrationError::Unknown`] if there is no such endpoint.
    pub fn describe(
        &mut self,
        method: Method,
        template: &str,
        operation: Operation,
    ) -> Result<&mut Self, RegistrationError> {
        let found = self
            .endpoints
            .iter_mut()
            .find(|known| known.endpoint.method == method && known.endpoint.template == template);
        let Some(found) = found else {
            let (method, template) = (method.to_string(), template.to_owned());
            return Err(RegistrationError::Unknown { method, template });
        };
        found.endpoint.operation = operation;
        Ok(self)
    }

    /// Title, description and version for the OpenAPI document.
    pub fn set_info(&mut self, info: ApiInfo) -> &mut Self {
        self.info = info;
        self
    }

    /// Uses a gate that exists already: whoever opens the frontend may be made before it.
    #[must_use]
    pub fn gated(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// What opens this frontend.
    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    pub(crate) fn gate_is_open(&self) -> bool {
        self.gate.is_open()
    }

    /// The path prefix.
    pub fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// Title, description and version.
    pub fn info(&self) -> &ApiInfo {
        &self.info
    }

    pub(crate) fn endpoints(&self) -> &[Registered] {
        &self.endpoints
    }

    /// Makes the OpenAPI documents; no endpoint is added after that.
    pub(crate) fn seal(&self) {
        self.documents.fill(self);
    }

    /// Finds the endpoint for a raw path (prefix stripped): literal paths first, then templates, of
    /// which exactly one may match.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Lookup<'_> {
        if let Some(indices) = self.literals.get(path) {
            for index in indices {
                let known = &self.endpoints[*index];
                if known.endpoint.method == *method {
                    return Lookup::Found(known, *index, Captures::new());
                }
            }
        }
        let mut matches = self.templates.iter().filter_map(|index| {
            let known = &self.endpoints[*index];
            let captures = (known.endpoint.method == *method)
                .then(|| known.template.matches(path))
                .flatten()?;
            Some((known, *index, captures))
        });
        let Some((found, index, captures)) = matches.next() else {
            return self.missing(path);
        };
        let mut texts: Vec<&str> = matches.map(|(known, ..)| known.template.text()).collect();
        if texts.is_empty() {
            return Lookup::Found(found, index, captures);
        }
        texts.insert(0, found.template.text());
        Lookup::Ambiguous(texts)
    }

    fn missing(&self, path: &str) -> Lookup<'_> {
        let literal = self.literals.get(path).into_iter().flatten();
        let templated = self
            .templates
            .iter()
            .filter(|i| self.endpoints[**i].template.matches(path).is_some());
        let mut verbs: Vec<&Method> = literal
            .chain(templated)
            .map(|i| &self.endpoints[*i].endpoint.method)
            .collect();
        if verbs.is_empty() {
            return Lookup::Unknown;
        }
        verbs.sort_by_key(|verb| (verb_rank(verb), verb.as_str()));
        verbs.dedup();
        let mut allow = String::from("OPTIONS");
        for verb in verbs {
            allow.push_str(", ");
            allow.push_str(verb.as_str());
        }
        Lookup::OtherVerbs(allow)
    }
}

/// Order of verbs in `allow`: that of the HTTP parser's numbers (apps-and-endpoints.md 3.2).
fn verb_rank(method: &Method) -> usize {
    const ORDER: [&str; 9] = [
        "DELETE", "GET", "HEAD", "POST", "PUT", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    ORDER
        .iter()
        .position(|verb| *verb == method.as_str())
        .unwrap_or(ORDER.len())
}

#[cfg(test)]
mod tests;
