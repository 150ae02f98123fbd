//! Path templates (apps-and-endpoints.md 3.1): parsing at registration, matching of raw paths.

use std::ops::Range;

use crate::{error::RegistrationError, limits::TEMPLATE_PARAMETERS_MAX};

/// A parsed path template. `{name}` stands for one or more bytes other than `/` and other than the
/// byte that follows the parameter in the template; everything else stands for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Parameter {
        name: String,
        terminator: Option<u8>,
    },
}

/// Where the parameters of a template lie in a path, in template order.
pub type Captures = Vec<Range<usize>>;

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// [`RegistrationError`] if it does not begin with `/`, a bracket is missing, a name is empty
    /// or occurs twice, two parameters touch, or there are too many.
    pub fn parse(text: &str) -> Result<Self, RegistrationError> {
        let invalid = |reason| RegistrationError::Template {
            reason,
            template: text.to_owned(),
        };
        if !text.starts_with('/') {
            return Err(invalid("a path begins with '/'"));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            if literal.contains('}') {
                return Err(invalid("closing curly bracket without an opening one"));
            }
            if literal.is_empty() {
                return Err(invalid("two parameters must have text between them"));
            }
            let Some((name, after)) = after.split_once('}') else {
                return Err(RegistrationError::MissingBracket {
                    template: text.to_owned(),
                });
            };
            if name.is_empty() || name.contains(['{', '/']) {
                return Err(invalid(
                    "a parameter is '{', a name without '{' and '/', and '}'",
                ));
            }
            parts.push(Part::Literal(literal.to_owned()));
            let terminator = after.bytes().next();
            parts.push(Part::Parameter {
                name: name.to_owned(),
                terminator,
            });
            rest = after;
        }
        if rest.contains('}') {
            return Err(invalid("closing curly bracket without an opening one"));
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        let template = Self {
            text: text.to_owned(),
            parts,
        };
        let names: Vec<&str> = template.names().collect();
        if names.len() > TEMPLATE_PARAMETERS_MAX {
            return Err(invalid("at most 8 parameters are possible"));
        }
        if names
            .iter()
            .enumerate()
            .any(|(at, name)| names[..at].contains(name))
        {
            let names = names.join(", ");
            return Err(RegistrationError::DuplicateParameter {
                names,
                template: text.to_owned(),
            });
        }
        Ok(template)
    }

    /// The template as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Names of the parameters, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Parameter { name, .. } => Some(name.as_str()),
        })
    }

    /// Whether there is no parameter: such a path is compared literally.
    pub fn is_literal(&self) -> bool {
        self.names().next().is_none()
    }

    /// Matches a whole raw path (prefix stripped, not percent-decoded).
    pub fn matches(&self, path: &str) -> Option<Captures> {
        let bytes = path.as_bytes();
        let mut captures = Captures::new();
        let mut at = 0;
        for part in &self.parts {
            match part {
                Part::Literal(literal) => {
                    if !bytes[at..].starts_with(literal.as_bytes()) {
                        return None;
                    }
                    at += literal.len();
                }
                Part::Parameter { terminator, .. } => {
                    let stops = |byte: &u8| *byte == b'/' || Some(*byte) == *terminator;
                    let length = bytes[at..]
                        .iter()
                        .position(stops)
                        .unwrap_or(bytes.len() - at);
                    if length == 0 {
                        return None;
                    }
                    captures.push(at..at + length);
                    at += length;
                }
            }
        }
        (at == bytes.len()).then_some(captures)
    }
}

#[cfg(test)]
mod tests;
