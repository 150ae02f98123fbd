use proptest::prelude::*;

use super::*;

fn value(raw: &str, name: &str) -> Option<Vec<u8>> {
    Query::new(Some(raw)).value(name).map(<[u8]>::to_vec)
}

#[test]
fn apps_4_5_the_query_is_decoded_before_it_is_split() {
    assert_eq!(value("a%3D1%26b=2", "a"), Some(b"1".to_vec()));
    assert_eq!(value("a%3D1%26b=2", "b"), Some(b"2".to_vec()));
    assert_eq!(value("a=%2541", "a"), Some(b"%41".to_vec()));
}

#[test]
fn apps_4_5_bytes_survive_and_plus_is_a_space() {
    assert_eq!(value("a=%00%ff+x", "a"), Some(vec![0, 0xff, b' ', b'x']));
    assert_eq!(value("a=%zz%4", "a"), Some(b"%zz%4".to_vec()));
    assert_eq!(Query::new(Some("a=1&+%41")).bytes(), b"a=1& A");
}

#[test]
fn apps_4_5_a_parameter_without_value_is_empty_and_the_first_of_a_name_wins() {
    assert_eq!(value("foo", "foo"), Some(vec![]));
    assert_eq!(value("foo=", "foo"), Some(vec![]));
    assert_eq!(value("foo=1=2&foo=3", "foo"), Some(b"1=2".to_vec()));
    assert_eq!(value("foo=1", "bar"), None);
    assert_eq!(Query::new(None).value("a"), None);
}

#[test]
fn apps_4_5_numbers_are_decimal_digits_in_range() {
    let number = |raw: &str| {
        Query::new(Some(raw))
            .required_number::<u64>("id")
            .map_err(|e| {
                assert_eq!(
                    (e.status, e.code.as_ref()),
                    (400, "InvalidQueryParameterValue")
                );
                e.message
            })
    };
    assert_eq!(number("id=42"), Ok(42));
    assert_eq!(number("id=007"), Ok(7));
    assert_eq!(number("id=18446744073709551615"), Ok(u64::MAX));
    assert_eq!(number(""), Err("Missing query parameter 'id'".to_owned()));
    for bad in [
        "",
        "x",
        "-1",
        "+1",
        "%2b1",
        "1x",
        " 1",
        "18446744073709551616",
        "1.0",
        "0x1",
    ] {
        let shown = String::from_utf8(percent_decode(bad.as_bytes()).into_owned()).unwrap();
        assert_eq!(
            number(&format!("id={bad}")),
            Err(format!("Unable to parse value '{shown}' in parameter 'id'"))
        );
    }
    assert_eq!(Query::new(Some("id=x")).optional_number::<u64>("id"), None);
    assert_eq!(Query::new(Some("id=300")).optional_number::<u8>("id"), None);
}

#[test]
fn apps_4_5_booleans_are_true_or_false() {
    let boolean = |raw| {
        Query::new(Some(raw))
            .optional_bool("p")
            .map_err(|e| e.message)
    };
    assert_eq!(boolean("p=true"), Ok(Some(true)));
    assert_eq!(boolean("p=false"), Ok(Some(false)));
    assert_eq!(boolean("q=1"), Ok(None));
    assert_eq!(
        boolean("p=1"),
        Err("Unable to parse value '1' as bool in parameter 'p'".to_owned())
    );
}

proptest! {
    #[test]
    fn any_query_is_decoded_without_panic(raw in "\\PC{0,60}", name in "\\PC{0,3}") {
        let query = Query::new(Some(&raw));
        let _ = (query.value(&name), query.optional_bool(&name), query.optional_number::<u64>(&name));
        prop_assert!(query.bytes().len() <= raw.len());
    }

    #[test]
    fn decoding_undoes_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
        let decoded = percent_decode(encoded.as_bytes());
        prop_assert_eq!(decoded.as_ref(), bytes.as_slice());
    }
}
