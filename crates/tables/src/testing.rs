//! What the tests of the modules share.

use std::fmt::Debug;

use quorate_kv::{Codec, Json};
use serde::{Serialize, de::DeserializeOwned};

/// Checks that `text` is how `value` stands in a table, both ways.
pub(crate) fn check_json<T>(value: &T, text: &str)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let encoded = Json::<T>::encode(value).unwrap().into_owned();
    assert_eq!(String::from_utf8(encoded).unwrap(), text);
    assert_eq!(&Json::<T>::decode(text.as_bytes()).unwrap(), value);
}

/// Reads `text`, checks that it comes out as it was, and returns the value.
pub(crate) fn round_trip<T>(text: &str) -> T
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let value = read(text);
    check_json(&value, text);
    value
}

/// Reads a value.
pub(crate) fn read<T: Serialize + DeserializeOwned>(text: &str) -> T {
    Json::<T>::decode(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Checks that `text` is refused, and that the reason has `part` in it.
pub(crate) fn refuse<T: Serialize + DeserializeOwned>(text: &str, part: &str) {
    match Json::<T>::decode(text.as_bytes()) {
        Ok(_) => panic!("{text} was read"),
        Err(error) => assert!(error.to_string().contains(part), "{text}: {error}"),
    }
}

/// An id of 64 equal digits.
pub(crate) fn id<T: std::str::FromStr<Err: Debug>>(digit: char) -> T {
    digit.to_string().repeat(64).parse().unwrap()
}
