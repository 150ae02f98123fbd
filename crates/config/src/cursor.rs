//! The second layer's view of an object: typed reads that know the path of every field.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::address::Address;
use crate::error::ConfigError;
use crate::note::Note;
use crate::schema::{found, whole};
use crate::units;

/// The finest step in which a time is used; the rest is cut off (node-and-operations.md 2.2).
#[derive(Clone, Copy)]
pub(crate) enum Step {
    Microsecond,
    Millisecond,
    Second,
}

/// One object of the configuration, which may be absent: then every field is.
#[derive(Clone)]
pub(crate) struct Cursor<'a> {
    map: Option<&'a Map<String, Value>>,
    path: String,
    notes: &'a RefCell<Vec<Note>>,
}

const TIME: &str = "digits and one of us, ms, s, min, h, such as \"100ms\"";
const SIZE: &str = "digits and one of b, kb, mb, gb, tb, pb, such as \"5MB\"";

impl<'a> Cursor<'a> {
    pub fn root(map: &'a Map<String, Value>, notes: &'a RefCell<Vec<Note>>) -> Cursor<'a> {
        Cursor {
            map: Some(map),
            path: String::new(),
            notes,
        }
    }

    /// Path of a field of this object.
    pub fn field(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The value of a key; `null` counts as absent.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.map
            .and_then(|map| map.get(key))
            .filter(|value| !value.is_null())
    }

    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    pub fn is_null(&self, key: &str) -> bool {
        self.map
            .and_then(|map| map.get(key))
            .is_some_and(Value::is_null)
    }

    /// The object at a key, or a view of nothing.
    pub fn child(&self, key: &str) -> Result<Cursor<'a>, ConfigError> {
        let map = match self.value(key) {
            None => None,
            Some(Value::Object(map)) => Some(map),
            Some(_) => return Err(self.ill_typed(key, "an object")),
        };
        Ok(Cursor {
            map,
            path: self.field(key),
            notes: self.notes,
        })
    }

    /// The named objects at a key, in order of their names.
    pub fn named(&self, key: &str) -> Result<Vec<(String, Cursor<'a>)>, ConfigError> {
        let child = self.child(key)?;
        let names = child.map.into_iter().flat_map(|map| map.keys());
        names
            .map(|name| Ok((name.clone(), child.child(name)?)))
            .collect()
    }

    /// The objects of a list.
    pub fn objects(&self, key: &str) -> Result<Vec<Cursor<'a>>, ConfigError> {
        let items = self.items(key)?.iter().enumerate();
        items
            .map(|(i, item)| match item {
                Value::Object(map) => Ok(Cursor {
                    map: Some(map),
                    path: format!("{}[{i}]", self.field(key)),
                    notes: self.notes,
                }),
                _ => Err(self.ill_typed(key, "a list of objects")),
            })
            .collect()
    }

    /// The texts of a list.
    pub fn texts(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let items = self.items(key)?.iter();
        items
            .map(|item| match item {
                Value::String(text) => Ok(text.clone()),
                _ => Err(self.ill_typed(key, "a list of texts")),
            })
            .collect()
    }

    fn items(&self, key: &str) -> Result<&'a [Value], ConfigError> {
        match self.value(key) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(self.ill_typed(key, "a list")),
        }
    }

    pub fn text(&self, key: &str) -> Result<Option<&'a str>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.ill_typed(key, "a text")),
        }
    }

    pub fn required_text(&self, key: &str) -> Result<&'a str, ConfigError> {
        self.text(key)?.ok_or_else(|| self.missing(key, "a text"))
    }

    pub fn text_or(&self, key: &str, default: &str) -> Result<String, ConfigError> {
        Ok(self.text(key)?.unwrap_or(default).to_owned())
    }

    /// A name of a file or directory that may be left out, or empty, which means the same.
    pub fn path(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        Ok(self
            .text(key)?
            .filter(|text| !text.is_empty())
            .map(PathBuf::from))
    }

    /// A name of a file or directory that cannot be empty.
    pub fn path_or(&self, key: &str, default: &str) -> Result<PathBuf, ConfigError> {
        match self.text(key)? {
            Some("") => Err(self.invalid(
                key,
                "The name is empty".to_owned(),
                "the name of a file or directory",
            )),
            text => Ok(PathBuf::from(text.unwrap_or(default))),
        }
    }

    pub fn flag(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        match self.value(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(self.ill_typed(key, "true or false")),
        }
    }

    /// A whole number within bounds.
    pub fn number(&self, key: &str, min: u64, max: u64) -> Result<Option<u64>, ConfigError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let Value::Number(number) = value else {
            return Err(self.ill_typed(key, "a whole number"));
        };
        let number = whole(number).ok_or_else(|| self.ill_typed(key, "a whole number"))?;
        match u64::try_from(number) {
            Ok(n) if (min..=max).contains(&n) => Ok(Some(n)),
            _ => Err(self.invalid(
                key,
                format!("Value {number} is out of range"),
                &format!("a whole number from {min} to {max}"),
            )),
        }
    }

    /// A number of days, at least one.
    pub fn days(&self, key: &str) -> Result<Option<u32>, ConfigError> {
        let days = self.number(key, 1, u64::from(u32::MAX))?;
        Ok(days.and_then(|days| u32::try_from(days).ok()))
    }

    pub fn time(&self, key: &str, step: Step, default: Duration) -> Result<Duration, ConfigError> {
        let Some(text) = self.text(key)? else {
            return Ok(default);
        };
        let quantity = units::time(text).map_err(|e| self.invalid(key, e.to_string(), TIME))?;
        self.note_cut(key, text, &quantity);
        if quantity.unit.is_empty() && quantity.amount > 0 {
            self.note(Note::TimeWithoutUnit {
                field: self.field(key),
                text: text.to_owned(),
            });
        }
        Ok(match step {
            Step::Microsecond => Duration::from_micros(quantity.amount),
            Step::Millisecond => Duration::from_millis(quantity.amount / 1_000),
            Step::Second => Duration::from_secs(quantity.amount / 1_000_000),
        })
    }

    pub fn size(&self, key: &str, default: u64) -> Result<u64, ConfigError> {
        self.size_within(key, 0, u64::MAX, default)
    }

    pub fn size_within(
        &self,
        key: &str,
        min: u64,
        max: u64,
        default: u64,
    ) -> Result<u64, ConfigError> {
        let Some(text) = self.text(key)? else {
            return Ok(default);
        };
        let quantity = units::size(text).map_err(|e| self.invalid(key, e.to_string(), SIZE))?;
        self.note_cut(key, text, &quantity);
        if !(min..=max).contains(&quantity.amount) {
            return Err(self.invalid(
                key,
                format!("Size of {} bytes is out of range", quantity.amount),
                &format!("a size from {min} to {max} bytes"),
            ));
        }
        Ok(quantity.amount)
    }

    pub fn address(&self, key: &str) -> Result<Option<Address>, ConfigError> {
        let Some(text) = self.text(key)?.filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        Address::parse(text)
            .map(Some)
            .map_err(|e| self.invalid(key, e.to_string(), "host:port or [IPv6 address]:port"))
    }

    pub fn note(&self, note: Note) {
        self.notes.borrow_mut().push(note);
    }

    fn note_cut(&self, key: &str, text: &str, quantity: &units::Quantity<'_>) {
        if !quantity.whole {
            self.note(Note::TextCutOff {
                field: self.field(key),
                text: text.to_owned(),
                read: format!("{}{}", quantity.digits, quantity.unit),
            });
        }
    }

    pub fn missing(&self, key: &str, valid: &str) -> ConfigError {
        self.invalid(key, format!("Missing required property '{key}'"), valid)
    }

    fn ill_typed(&self, key: &str, valid: &str) -> ConfigError {
        let found = self.value(key).map_or_else(|| "nothing".to_owned(), found);
        self.invalid(
            key,
            format!("Value type not permitted: found {found}"),
            valid,
        )
    }

    pub fn invalid(&self, key: &str, problem: String, valid: &str) -> ConfigError {
        let value = self
            .value(key)
            .map_or_else(|| "none".to_owned(), found_json);
        ConfigError::Value {
            field: self.field(key),
            value,
            problem,
            valid: valid.to_owned(),
        }
    }
}

/// A value for a message, cut to a length that can be read.
fn found_json(value: &Value) -> String {
    const SHOWN: usize = 200;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
