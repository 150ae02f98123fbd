//! Distinguished names: from the text of the configuration, and to the text that CCF shows
//! (recovery-and-membership.md 2.1).

use std::collections::BTreeMap;

use const_oid::ObjectIdentifier;
use der::asn1::{Any, SetOfVec};
use der::{Decode, Tag};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

use crate::CryptoError;
use crate::ec::encode;

/// The attributes that have a short name: name, object identifier, string type, most characters (RFC 5280, A.1).
const ATTRIBUTES: [(&str, ObjectIdentifier, Tag, usize); 15] = [
    (
        "CN",
        ObjectIdentifier::new_unwrap("2.5.4.3"),
        Tag::Utf8String,
        64,
    ),
    (
        "SN",
        ObjectIdentifier::new_unwrap("2.5.4.4"),
        Tag::Utf8String,
        32768,
    ),
    (
        "serialNumber",
        ObjectIdentifier::new_unwrap("2.5.4.5"),
        Tag::PrintableString,
        64,
    ),
    (
        "C",
        ObjectIdentifier::new_unwrap("2.5.4.6"),
        Tag::PrintableString,
        2,
    ),
    (
        "L",
        ObjectIdentifier::new_unwrap("2.5.4.7"),
        Tag::Utf8String,
        128,
    ),
    (
        "ST",
        ObjectIdentifier::new_unwrap("2.5.4.8"),
        Tag::Utf8String,
        128,
    ),
    (
        "street",
        ObjectIdentifier::new_unwrap("2.5.4.9"),
        Tag::Utf8String,
        128,
    ),
    (
        "O",
        ObjectIdentifier::new_unwrap("2.5.4.10"),
        Tag::Utf8String,
        64,
    ),
    (
        "OU",
        ObjectIdentifier::new_unwrap("2.5.4.11"),
        Tag::Utf8String,
        64,
    ),
    (
        "title",
        ObjectIdentifier::new_unwrap("2.5.4.12"),
        Tag::Utf8String,
        64,
    ),
    (
        "GN",
        ObjectIdentifier::new_unwrap("2.5.4.42"),
        Tag::Utf8String,
        32768,
    ),
    (
        "initials",
        ObjectIdentifier::new_unwrap("2.5.4.43"),
        Tag::Utf8String,
        32768,
    ),
    (
        "UID",
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"),
        Tag::Utf8String,
        256,
    ),
    (
        "DC",
        ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"),
        Tag::Ia5String,
        63,
    ),
    (
        "emailAddress",
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1"),
        Tag::Ia5String,
        128,
    ),
];

/// The DER of a name given as `KEY=value[,KEY=value...]`: split at `,`, then at the first `=`, nothing trimmed, the
/// parts written in the order of their keys.
pub(super) fn parse(text: &str) -> Result<Vec<u8>, CryptoError> {
    let error = |reason: String| CryptoError::Subject {
        subject: text.to_owned(),
        reason,
    };
    let mut parts = BTreeMap::new();
    for part in text.split(',') {
        let (key, value) = part.split_once('=').ok_or_else(|| {
            error(format!(
                "'{part}' has no '='; each part must be KEY=value, for example CN=name"
            ))
        })?;
        if parts.insert(key, value).is_some() {
            return Err(error(format!("{key} is given twice")));
        }
    }
    let mut name = RdnSequence::default();
    for (key, value) in parts {
        name.push(relative(key, value).map_err(error)?);
    }
    Ok(encode(&name))
}

/// The DER of the name that has a common name only, whatever characters are in it.
pub(super) fn common_name(value: &str) -> Result<Vec<u8>, CryptoError> {
    let subject = || format!("CN={value}");
    let part = relative("CN", value).map_err(|reason| CryptoError::Subject {
        subject: subject(),
        reason,
    })?;
    let mut name = RdnSequence::default();
    name.push(part);
    Ok(encode(&name))
}

/// Whether `der` is a name.
pub(super) fn check(der: &[u8]) -> der::Result<()> {
    RdnSequence::from_der(der).map(drop)
}

/// The text of a name: its parts in their order, separated by `, `, with every byte that is not printable ASCII as
/// `\xHH`.
pub(super) fn display(der: &[u8]) -> String {
    let Ok(name) = RdnSequence::from_der(der) else {
        return String::new();
    };
    let parts = name
        .iter()
        .flat_map(RelativeDistinguishedName::iter)
        .map(|part| {
            let short = ATTRIBUTES.iter().find(|(_, oid, ..)| *oid == part.oid);
            let key = short.map_or_else(|| part.oid.to_string(), |(name, ..)| (*name).to_owned());
            format!("{key}={}", escape(part.value.value()))
        });
    parts.collect::<Vec<_>>().join(", ")
}

fn relative(key: &str, value: &str) -> Result<RelativeDistinguishedName, String> {
    let Some(&(_, oid, tag, most)) = ATTRIBUTES.iter().find(|(name, ..)| *name == key) else {
        let known = ATTRIBUTES.map(|(name, ..)| name).join(", ");
        return Err(format!("'{key}' is no known key; the keys are {known}"));
    };
    let length = value.chars().count();
    if length == 0 || length > most || (key == "C" && length != 2) {
        return Err(format!(
            "{key} must have 1 to {most} characters (C exactly 2), not {length}"
        ));
    }
    if tag != Tag::Utf8String && !value.bytes().all(|byte| is_allowed(tag, byte)) {
        return Err(format!("{key} may not have the characters of '{value}'"));
    }
    let value = Any::new(tag, value.as_bytes()).map_err(|error| error.to_string())?;
    let part = AttributeTypeAndValue { oid, value };
    let set = SetOfVec::try_from(vec![part]).map_err(|error| error.to_string())?;
    Ok(RelativeDistinguishedName::from(set))
}

fn is_allowed(tag: Tag, byte: u8) -> bool {
    match tag {
        Tag::PrintableString => byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte),
        _ => byte.is_ascii(),
    }
}

fn escape(value: &[u8]) -> String {
    value
        .iter()
        .fold(String::with_capacity(value.len()), |mut text, byte| {
            match byte {
                b' '..=b'~' => text.push(char::from(*byte)),
                byte => text.push_str(&format!("\\x{byte:02X}")),
            }
            text
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_split_without_trimming_and_written_in_key_order() {
        let der = parse("O=Acme = Sons,CN=A name").unwrap();
        assert_eq!(display(&der), "CN=A name, O=Acme = Sons");
        assert_eq!(
            hex::encode(parse("CN=x").unwrap()),
            "300c310a300806035504030c0178"
        );
        assert_eq!(parse("CN=x").unwrap(), common_name("x").unwrap());
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        for (text, reason) in [
            (
                "",
                "'' has no '='; each part must be KEY=value, for example CN=name",
            ),
            ("CN=a, O=b", "' O' is no known key"),
            ("CN=a,CN=b", "CN is given twice"),
            ("CN=", "CN must have 1 to 64 characters"),
            (
                "C=CHE",
                "C must have 1 to 2 characters (C exactly 2), not 3",
            ),
            ("DC=é", "DC may not have the characters of 'é'"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("subject name '{text}': {reason}")),
                "{error}"
            );
        }
        assert!(parse(&format!("CN={}", "x".repeat(65))).is_err());
    }

    #[test]
    fn bytes_that_are_not_printable_are_shown_in_hexadecimal() {
        assert_eq!(display(&parse("CN=é").unwrap()), "CN=\\xC3\\xA9");
    }

    proptest! {
        #[test]
        fn arbitrary_names_never_panic(text: String, der: Vec<u8>) {
            if let Ok(name) = parse(&text) {
                prop_assert!(check(&name).is_ok());
            }
            display(&der);
        }
    }
}
