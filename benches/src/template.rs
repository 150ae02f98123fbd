//! Requests with placeholders: `{n}` is a number, `{n:base64}` the base64 text of its digits.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::LoadError;

/// A request that differs from one time to the next by a number.
#[derive(Clone, Debug)]
pub struct Template {
    method: String,
    path: Vec<Piece>,
    /// Fields that are always the same, each with its line end.
    fields: String,
    body: Option<Vec<Piece>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Number,
    Base64,
}

impl Template {
    /// A template. Path and body may have placeholders.
    ///
    /// # Errors
    /// A header that is not `name: value`.
    pub fn new(
        method: &str,
        host: &str,
        path: &str,
        headers: &[String],
        body: Option<&str>,
    ) -> Result<Self, LoadError> {
        let mut fields = format!("host: {host}\r\n");
        for header in headers {
            let sound = header
                .split_once(": ")
                .is_some_and(|(name, _)| !name.is_empty())
                && !header.contains(['\r', '\n']);
            if !sound {
                return Err(LoadError::Header(header.clone()));
            }
            fields += header;
            fields += "\r\n";
        }
        Ok(Self {
            method: method.to_owned(),
            path: pieces(path),
            fields,
            body: body.map(pieces),
        })
    }

    /// Appends the request for a number.
    pub fn write(&self, number: u64, out: &mut Vec<u8>) {
        let digits = number.to_string();
        let base64 = STANDARD.encode(&digits);
        out.extend_from_slice(self.method.as_bytes());
        out.push(b' ');
        fill(&self.path, &digits, &base64, out);
        out.extend_from_slice(b" HTTP/1.1\r\n");
        out.extend_from_slice(self.fields.as_bytes());
        if let Some(body) = &self.body {
            let length: usize = body
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.len(),
                    Piece::Number => digits.len(),
                    Piece::Base64 => base64.len(),
                })
                .sum();
            out.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        if let Some(body) = &self.body {
            fill(body, &digits, &base64, out);
        }
    }
}

fn fill(pieces: &[Piece], digits: &str, base64: &str, out: &mut Vec<u8>) {
    for piece in pieces {
        out.extend_from_slice(match piece {
            Piece::Text(text) => text.as_bytes(),
            Piece::Number => digits.as_bytes(),
            Piece::Base64 => base64.as_bytes(),
        });
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let found = [("{n}", Piece::Number), ("{n:base64}", Piece::Base64)]
            .into_iter()
            .filter_map(|(mark, piece)| rest.find(mark).map(|at| (at, mark.len(), piece)))
            .min_by_key(|(at, ..)| *at);
        let Some((at, length, piece)) = found else {
            pieces.push(Piece::Text(rest.to_owned()));
            return pieces;
        };
        let (before, after) = rest.split_at(at);
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(piece);
        rest = after.get(length..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(template: &Template, number: u64) -> String {
        let mut out = Vec::new();
        template.write(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn placeholders_are_filled_and_the_length_fits() {
        let headers = ["content-type: application/json".to_owned()];
        let body = r#"{"id":{n},"key":"{n:base64}"}"#;
        let template = Template::new("POST", "h:1", "/a/{n}?b={n}", &headers, Some(body)).unwrap();
        assert_eq!(
            written(&template, 12),
            "POST /a/12?b=12 HTTP/1.1\r\nhost: h:1\r\ncontent-type: application/json\r\ncontent-length: 22\r\n\r\n{\"id\":12,\"key\":\"MTI=\"}"
        );
        let bare = Template::new("GET", "h", "/", &[], None).unwrap();
        assert_eq!(written(&bare, 1), "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    }

    #[test]
    fn other_braces_are_text() {
        let template = Template::new("PUT", "h", "/{x}{n:hex}{n", &[], Some("{}")).unwrap();
        assert!(written(&template, 1).starts_with("PUT /{x}{n:hex}{n HTTP/1.1\r\n"));
    }

    #[test]
    fn a_header_is_name_and_value() {
        for header in ["x", ": y", "a: b\r\nc: d"] {
            let error = Template::new("GET", "h", "/", &[header.to_owned()], None).unwrap_err();
            assert!(matches!(error, LoadError::Header(text) if text == header));
        }
    }
}
