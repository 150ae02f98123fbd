//! Encodings of kv-tables.md 1.2 and 1.3.

use std::{collections::BTreeMap, fmt::Debug};

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

fn check<C: Codec>(value: &C::Value, encoded: &[u8])
where
    C::Value: PartialEq + Debug,
{
    assert_eq!(C::encode(value).unwrap().as_ref(), encoded);
    assert_eq!(C::encode_bytes(value).unwrap(), encoded);
    assert_eq!(&C::decode(encoded).unwrap(), value);
}

#[test]
fn kv_tables_1_2_raw_encodings() {
    check::<Raw<String>>(&"/módule".to_owned(), "/módule".as_bytes());
    check::<Raw<Bytes>>(&Bytes::from_static(b"\x00\xff"), b"\x00\xff");
    check::<Raw<Vec<u8>>>(&vec![], b"");
    check::<Raw<u64>>(&0x0102, &[2, 1, 0, 0, 0, 0, 0, 0]);
    check::<Raw<i32>>(&-2, &[0xfe, 0xff, 0xff, 0xff]);
    check::<Raw<Digest>>(&Digest::from_bytes([0xab; 32]), "ab".repeat(32).as_bytes());
}

#[test]
fn kv_tables_1_2_invalid_raw_encodings_say_what_is_wrong() {
    assert_eq!(
        Raw::<u64>::decode(b"123").unwrap_err().to_string(),
        "expected 8 bytes, found 3"
    );
    assert!(
        Raw::<String>::decode(b"\xff")
            .unwrap_err()
            .to_string()
            .starts_with("not UTF-8")
    );
    assert!(Raw::<Digest>::decode("AB".repeat(32).as_bytes()).is_err());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Unsorted {
    zebra: u64,
    apple: String,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[test]
fn kv_tables_1_3_json_is_compact_with_sorted_keys() {
    let value = Unsorted {
        zebra: 7,
        apple: "é\n\"\u{1f}/".to_owned(),
        rest: BTreeMap::from([(
            "Z".to_owned(),
            json!({"b": [1, {"d": null, "c": true}], "a": {}}),
        )]),
    };
    check::<Json<Unsorted>>(
        &value,
        r#"{"Z":{"a":{},"b":[1,{"c":true,"d":null}]},"apple":"é\n\"\u001f/","zebra":7}"#.as_bytes(),
    );
    check::<Json<String>>(&"text".to_owned(), b"\"text\"");
}

#[test]
fn kv_tables_1_3_json_of_any_order_and_spacing_is_read() {
    let value = Json::<Unsorted>::decode(br#" { "zebra" : 7 , "apple" : "a" } "#).unwrap();
    assert_eq!((value.zebra, value.apple.as_str()), (7, "a"));
    for text in [
        "",
        "{",
        "{}",
        r#"{"zebra":7,"apple":"a"} x"#,
        r#"{"zebra":-1,"apple":"a"}"#,
    ] {
        assert!(Json::<Unsorted>::decode(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn json_nesting_is_bounded() {
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    assert!(Json::<Value>::decode(&deep).is_err());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_values_survive(value in any_json()) {
        let encoded = Json::<Value>::encode(&value).unwrap().into_owned();
        let decoded = Json::<Value>::decode(&encoded).unwrap();
        let again = Json::<Value>::encode(&decoded).unwrap();
        prop_assert_eq!(again.as_ref(), encoded.as_slice());
    }

    #[test]
    fn raw_values_survive(text in any::<String>(), bytes in any::<Vec<u8>>(), number in any::<u64>()) {
        check::<Raw<String>>(&text, text.as_bytes());
        check::<Raw<Vec<u8>>>(&bytes, &bytes);
        check::<Raw<u64>>(&number, &number.to_le_bytes());
    }

    #[test]
    fn decoders_are_total(bytes in any::<Vec<u8>>()) {
        let _ = Raw::<String>::decode(&bytes);
        let _ = Raw::<Digest>::decode(&bytes);
        let _ = Raw::<u32>::decode(&bytes);
        let _ = Json::<Unsorted>::decode(&bytes);
    }
}
