//! OpenAPI: what an endpoint declares for it ([`Operation`], [`Schema`]) and the documents made of
//! a frontend's registry ([`document`]) (apps-and-endpoints.md 10.3).

mod document;
mod schema;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
pub use document::document;
pub use schema::Schema;

use crate::{
    frontend::{Frontend, Prefix},
    reply,
    version::ApiVersion,
};

/// Title, description and version of a frontend's API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiInfo {
    /// `info.title`
    pub title: String,
    /// `info.description`
    pub description: String,
    /// `info.version`: higher after each change of the API
    pub version: String,
}

impl ApiInfo {
    /// From texts.
    pub fn new(title: &str, description: &str, version: &str) -> Self {
        Self {
            title: title.to_owned(),
            description: description.to_owned(),
            version: version.to_owned(),
        }
    }
}

/// What an application gets that declares nothing.
impl Default for ApiInfo {
    fn default() -> Self {
        Self::new("Empty title", "Empty description", "0.0.1")
    }
}

/// What an endpoint declares for OpenAPI. By default: status 200, no body, no parameters.
#[derive(Clone, Debug)]
pub struct Operation {
    summary: Option<&'static str>,
    description: Option<&'static str>,
    deprecated: bool,
    query: Vec<QueryParameter>,
    request: Option<(&'static str, Schema)>,
    responses: Vec<(u16, Option<(&'static str, Schema)>)>,
}

#[derive(Clone, Debug)]
struct QueryParameter {
    name: &'static str,
    required: bool,
    schema: Schema,
}

impl Default for Operation {
    fn default() -> Self {
        Self::new()
    }
}

impl Operation {
    /// Nothing but a response 200 without a body.
    pub fn new() -> Self {
        Self {
            summary: None,
            description: None,
            deprecated: false,
            query: Vec::new(),
            request: None,
            responses: Vec::new(),
        }
    }

    /// `summary`
    #[must_use]
    pub fn summary(mut self, text: &'static str) -> Self {
        self.summary = Some(text);
        self
    }

    /// `description`
    #[must_use]
    pub fn description(mut self, text: &'static str) -> Self {
        self.description = Some(text);
        self
    }

    /// `deprecated`
    #[must_use]
    pub fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }

    /// A required query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, schema: Schema) -> Self {
        self.query.push(QueryParameter {
            name,
            required: true,
            schema,
        });
        self
    }

    /// An optional query parameter.
    #[must_use]
    pub fn optional_query(mut self, name: &'static str, schema: Schema) -> Self {
        self.query.push(QueryParameter {
            name,
            required: false,
            schema,
        });
        self
    }

    /// The request body, as JSON.
    #[must_use]
    pub fn request(self, schema: Schema) -> Self {
        self.request_as(reply::JSON, schema)
    }

    /// The request body, of some content type.
    #[must_use]
    pub fn request_as(mut self, content_type: &'static str, schema: Schema) -> Self {
        self.request = Some((content_type, schema));
        self
    }

    /// Response 200 with a JSON body.
    #[must_use]
    pub fn response(self, schema: Schema) -> Self {
        self.response_as(200, reply::JSON, schema)
    }

    /// A response with a body of some content type.
    #[must_use]
    pub fn response_as(mut self, status: u16, content_type: &'static str, schema: Schema) -> Self {
        self.responses.push((status, Some((content_type, schema))));
        self
    }

    /// A response without a body.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.responses.push((status, None));
        self
    }
}

/// The documents of a frontend, filled once its registry is complete.
#[derive(Clone, Default)]
pub(crate) struct Documents(Arc<OnceLock<BTreeMap<Option<ApiVersion>, Bytes>>>);

impl Documents {
    pub(crate) fn fill(&self, frontend: &Frontend) {
        self.0.get_or_init(|| {
            let mut versions = vec![None];
            if frontend.prefix() == Prefix::Gov {
                versions.extend(ApiVersion::ALL.map(Some));
            }
            versions
                .into_iter()
                .map(|version| (version, document(frontend, version).to_string().into()))
                .collect()
        });
    }

    pub(crate) fn get(&self, version: Option<ApiVersion>) -> Option<Bytes> {
        self.0.get()?.get(&version).cloned()
    }
}

#[cfg(test)]
mod tests;
