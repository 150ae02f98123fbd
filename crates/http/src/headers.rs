//! Header fields of a request or response.

use std::fmt;

use crate::parser::{is_field_value, is_token};

/// Header fields by name. Names are in lower case and unique; iteration is ascending by name.
///
/// All names and values share one buffer, so that a request costs two allocations however many
/// fields it has.
#[derive(Clone, Default)]
pub struct Headers {
    block: Vec<u8>,
    /// Ascending by name, but for the time between `commit` and `finish`.
    fields: Vec<Field>,
    /// Where a field begins that is still being read, and how long its name is.
    pending: (usize, usize),
}

#[derive(Clone, Copy)]
struct Field {
    name: Range,
    value: Range,
}

#[derive(Clone, Copy)]
struct Range {
    start: usize,
    end: usize,
}

impl Headers {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a field. `name` is in lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.find(name.as_bytes()).ok()?;
        self.fields.get(found).map(|field| self.slice(field.value))
    }

    /// The value of a field, if it is UTF-8. `name` is in lower case.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.get(name)?).ok()
    }

    /// Whether the field is there. `name` is in lower case.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name.as_bytes()).is_ok()
    }

    /// Sets a field, in place of what it was before.
    ///
    /// A value is sent as given. One with a control character but the tab turns the response into a
    /// 500 when it is written; so does a name that is no token (RFC 9110 5.5, 5.6.2).
    pub fn set(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) {
        let name = name.as_ref().to_ascii_lowercase();
        let value = self.append(value.as_ref());
        match self.find(name.as_bytes()) {
            Ok(found) => {
                if let Some(field) = self.fields.get_mut(found) {
                    field.value = value;
                }
            }
            Err(place) => {
                let name = self.append(name.as_bytes());
                self.fields.insert(place, Field { name, value });
            }
        }
    }

    /// Takes a field away. `name` is in lower case.
    pub fn remove(&mut self, name: &str) {
        if let Ok(found) = self.find(name.as_bytes()) {
            self.fields.remove(found);
        }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Names and values, ascending by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|field| {
            // Names are tokens, or came as `str`: never the default.
            let name = std::str::from_utf8(self.slice(field.name)).unwrap_or_default();
            (name, self.slice(field.value))
        })
    }

    /// The name of a field that must not be sent.
    pub(crate) fn unsound(&self) -> Option<&str> {
        let unsound = |&(name, value): &(&str, &[u8])| {
            !is_token(name.as_bytes()) || name == "transfer-encoding" || !is_field_value(value)
        };
        self.iter().find(unsound).map(|(name, _)| name)
    }

    fn find(&self, name: &[u8]) -> Result<usize, usize> {
        self.fields
            .binary_search_by(|field| self.slice(field.name).cmp(name))
    }

    fn slice(&self, range: Range) -> &[u8] {
        self.block.get(range.start..range.end).unwrap_or_default()
    }

    fn append(&mut self, bytes: &[u8]) -> Range {
        let start = self.block.len();
        self.block.extend_from_slice(bytes);
        Range {
            start,
            end: self.block.len(),
        }
    }
}

/// How a parser adds fields piece by piece: `begin`, names, values, `commit` or `abandon`; at the
/// end of the head `finish`.
impl Headers {
    /// Begins a field.
    pub(crate) fn begin(&mut self) {
        self.pending = (self.block.len(), 0);
    }

    /// The next piece of the name, which is a token (RFC 9110 5.6.2).
    pub(crate) fn push_name(&mut self, bytes: &[u8]) {
        self.block.extend(bytes.iter().map(u8::to_ascii_lowercase));
        self.pending.1 += bytes.len();
    }

    /// The name of the field that has been begun, as far as it has come in.
    pub(crate) fn pending_name(&self) -> &str {
        let (start, length) = self.pending;
        let name = self.slice(Range {
            start,
            end: start + length,
        });
        std::str::from_utf8(name).unwrap_or_default()
    }

    /// The next piece of the value.
    pub(crate) fn push_value(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
    }

    /// Ends the field.
    pub(crate) fn commit(&mut self) {
        let (start, length) = self.pending;
        let middle = start + length;
        self.fields.push(Field {
            name: Range { start, end: middle },
            value: Range {
                start: middle,
                end: self.block.len(),
            },
        });
    }

    /// Drops the field.
    pub(crate) fn abandon(&mut self) {
        self.block.truncate(self.pending.0);
    }

    /// How many bytes names and values take.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.block.len()
    }

    /// Puts the fields in order; of several with one name, the first stays.
    pub(crate) fn finish(&mut self) {
        let Self { block, fields, .. } = self;
        let name = |field: &Field| {
            block
                .get(field.name.start..field.name.end)
                .unwrap_or_default()
        };
        fields.sort_by(|a, b| name(a).cmp(name(b)));
        fields.dedup_by(|later, earlier| name(later) == name(earlier));
    }

    /// Empty, with room for as much as is here now, or `most` bytes.
    pub(crate) fn with_same_capacity(&self, most: usize) -> Self {
        Self {
            block: Vec::with_capacity(self.block.len().min(most)),
            fields: Vec::with_capacity(self.fields.len().min(most / size_of::<Field>())),
            pending: (0, 0),
        }
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    /// The first of several fields with one name wins.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in fields {
            if !headers.contains(&name.as_ref().to_ascii_lowercase()) {
                headers.set(name, value);
            }
        }
        headers
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

/// Names only: values can be credentials.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_in_order() {
        let mut headers = Headers::new();
        headers.set("B", "1");
        headers.set("a", String::from("2"));
        headers.set("c", b"3");
        headers.set("b", "4");
        let fields: Vec<_> = headers.iter().collect();
        assert_eq!(fields, [("a", &b"2"[..]), ("b", b"4"), ("c", b"3")]);
        assert_eq!(headers.get("b"), Some(&b"4"[..]));
        assert_eq!(headers.get_str("a"), Some("2"));
        assert_eq!(headers.get("d"), None);
        headers.remove("b");
        assert!(!headers.contains("b"));
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn apps_9_1_the_first_of_several_wins() {
        let headers = Headers::from_iter([("A", "1"), ("a", "2"), ("b", "3")]);
        assert_eq!(headers.get("a"), Some(&b"1"[..]));
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn values_are_not_shown() {
        let headers = Headers::from_iter([("authorization", "Bearer secret")]);
        assert_eq!(format!("{headers:?}"), r#"{"authorization"}"#);
    }
}
