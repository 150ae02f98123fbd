//! Header fields of a request or response.

use std::fmt;

/// Header fields by name. Names are in lower case and unique; iteration is ascending by name.
///
/// All names and values share one buffer, so that a request costs two allocations however many
/// fields it has.
#[derive(Clone, Default)]
pub struct Headers {
    block: Vec<u8>,
    /// Ascending by name, but for the time between [`Headers::push`] and [`Headers::finish`].
    fields: Vec<Field>,
}

#[derive(Clone, Copy)]
struct Field {
    name: Range,
    value: Range,
}

#[derive(Clone, Copy)]
struct Range {
    start: u32,
    end: u32,
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
    /// A value is sent as given. One with a byte that would end the field (NUL, CR, LF) turns the
    /// response into a 500 when it is written; so does a name that is no token (RFC 9110 5.6.2).
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

    fn find(&self, name: &[u8]) -> Result<usize, usize> {
        self.fields.binary_search_by(|field| self.slice(field.name).cmp(name))
    }

    fn slice(&self, range: Range) -> &[u8] {
        self.block.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn append(&mut self, bytes: &[u8]) -> Range {
        let start = self.block.len() as u32;
        self.block.extend_from_slice(bytes);
        Range { start, end: self.block.len() as u32 }
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
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
