//! The first layer: does the JSON have the shape of a configuration? Finds all mistakes.
//!
//! What the shapes are stands in `shapes`.

use serde_json::{Map, Value};

use crate::error::SchemaError;
use crate::note::Note;
use crate::shapes;

/// What a JSON value must be.
pub(crate) enum Shape {
    /// A text.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number, at least `min`.
    Integer {
        /// Least value.
        min: i64,
    },
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// The shape, or `null`.
    OrNull(&'static Shape),
    /// A list of the shape.
    List(&'static Shape),
    /// An object with free keys, and values of the shape.
    Named(&'static Shape),
    /// An object with these keys.
    Object(&'static [Field], Unknown),
    /// An object whose fields do not matter.
    AnyObject,
    /// Not checked by the schema.
    Unchecked,
}

/// One key of an object.
pub(crate) struct Field {
    pub name: &'static str,
    pub required: bool,
    pub shape: Shape,
}

/// What an unknown key of an object means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Refused,
    Ignored,
}

/// Checks a whole configuration. Returns every mistake, and what is ignored.
pub(crate) fn check(root: &Value) -> (Vec<SchemaError>, Vec<Note>) {
    let mut checker = Checker {
        errors: Vec::new(),
        notes: Vec::new(),
    };
    checker.check(root, &shapes::ROOT, "<root>");
    if let Some(command) = root.get("command").and_then(Value::as_object) {
        checker.command(command);
    }
    (checker.errors, checker.notes)
}

struct Checker {
    errors: Vec<SchemaError>,
    notes: Vec<Note>,
}

impl Checker {
    fn check(&mut self, value: &Value, shape: &Shape, context: &str) {
        match (shape, value) {
            (Shape::Unchecked, _)
            | (Shape::Text, Value::String(_))
            | (Shape::Bool, Value::Bool(_))
            | (Shape::AnyObject, Value::Object(_))
            | (Shape::OrNull(_), Value::Null) => {}
            (Shape::OrNull(inner), _) => self.check(value, inner, context),
            (Shape::Integer { min }, Value::Number(number)) => match whole(number) {
                None => self.wrong_type(value, shape, context),
                Some(n) if n < i128::from(*min) => {
                    self.error(
                        context,
                        format!("Value {n} is too small: the minimum is {min}."),
                    );
                }
                Some(_) => {}
            },
            (Shape::OneOf(allowed), Value::String(text)) => {
                if !allowed.contains(&text.as_str()) {
                    self.error(
                        context,
                        format!(
                            "Failed to match against any enum values: '{text}' is none of {}.",
                            allowed.join(", ")
                        ),
                    );
                }
            }
            (Shape::List(inner), Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    self.check(item, inner, &format!("{context}[{i}]"));
                }
            }
            (Shape::Named(inner), Value::Object(map)) => {
                for (name, item) in map {
                    self.check(item, inner, &format!("{context}[{name}]"));
                }
            }
            (Shape::Object(fields, unknown), Value::Object(map)) => {
                self.object(map, fields, *unknown, context)
            }
            _ => self.wrong_type(value, shape, context),
        }
    }

    fn object(
        &mut self,
        map: &Map<String, Value>,
        fields: &[Field],
        unknown: Unknown,
        context: &str,
    ) {
        for (key, value) in map {
            match fields.iter().find(|field| field.name == key) {
                Some(field) => self.check(value, &field.shape, &format!("{context}[{key}]")),
                None if unknown == Unknown::Ignored => self.ignored(context, key),
                None => {
                    let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
                    self.error(
                        context,
                        format!(
                            "Object contains a property that could not be validated using 'properties' or \
                             'additionalProperties' constraints: '{key}'. Known here: {}.",
                            known.join(", ")
                        ),
                    );
                }
            }
        }
        for field in fields.iter().filter(|field| field.required) {
            if !map.contains_key(field.name) {
                self.error(
                    context,
                    format!(
                        "Missing required property '{}', which is {}.",
                        field.name,
                        describe(&field.shape)
                    ),
                );
            }
        }
    }

    /// Only the object that belongs to the type of the command is checked (node-and-operations.md 2.1); in the
    /// others, unknown keys are ignored and everything else is found by conversion.
    fn command(&mut self, command: &Map<String, Value>) {
        let kind = command.get("type").and_then(Value::as_str);
        for (name, of_kind, shape, required) in [
            ("start", "Start", &shapes::START, true),
            ("join", "Join", &shapes::JOIN, true),
            ("recover", "Recover", &shapes::RECOVER, false),
        ] {
            let context = format!("<root>[command][{name}]");
            match command.get(name) {
                Some(value) if kind == Some(of_kind) => self.check(value, shape, &context),
                None if kind == Some(of_kind) && required => self.error(
                    "<root>[command]",
                    format!("Missing required property '{name}', which a command of type {of_kind} needs."),
                ),
                Some(value) => self.note_unknown(value, shape, &context),
                None => {}
            }
        }
    }

    fn note_unknown(&mut self, value: &Value, shape: &Shape, context: &str) {
        if let (Value::Object(map), Shape::Object(fields, _)) = (value, shape) {
            for key in map
                .keys()
                .filter(|key| fields.iter().all(|field| field.name != key.as_str()))
            {
                self.ignored(context, key);
            }
        }
    }

    fn wrong_type(&mut self, value: &Value, shape: &Shape, context: &str) {
        self.error(
            context,
            format!(
                "Value type not permitted by 'type' constraint: expected {}, found {}.",
                describe(shape),
                found(value)
            ),
        );
    }

    fn error(&mut self, context: &str, message: String) {
        self.errors.push(SchemaError {
            context: context.to_owned(),
            message,
        });
    }

    fn ignored(&mut self, context: &str, key: &str) {
        self.notes.push(Note::UnknownKeyIgnored {
            context: context.to_owned(),
            key: key.to_owned(),
        });
    }
}

/// A JSON number as a whole number, if it is written as one.
pub(crate) fn whole(number: &serde_json::Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// A value for a message: short ones whole, others by their kind.
pub(crate) fn found(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => format!("number {n}"),
        Value::String(text) if text.chars().count() <= 80 => format!("text \"{text}\""),
        Value::String(_) => "a long text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn describe(shape: &Shape) -> String {
    match shape {
        Shape::Text => "a text".to_owned(),
        Shape::Bool => "true or false".to_owned(),
        Shape::Integer { min: i64::MIN } => "a whole number".to_owned(),
        Shape::Integer { min } => format!("a whole number of at least {min}"),
        Shape::OneOf(allowed) => format!("one of {}", allowed.join(", ")),
        Shape::OrNull(inner) => format!("{} or null", describe(inner)),
        Shape::List(inner) => format!("a list, each element {}", describe(inner)),
        Shape::Named(_) | Shape::Object(..) | Shape::AnyObject => "an object".to_owned(),
        Shape::Unchecked => "any value".to_owned(),
    }
}
