use proptest::prelude::*;

use super::*;

/// RFC 8949, appendix A.
#[test]
fn integers_are_written_as_in_the_rfc() {
    let cases = [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (100, "1864"),
        (1000, "1903e8"),
        (1_000_000, "1a000f4240"),
        (1_000_000_000_000, "1b000000e8d4a51000"),
        (-1, "20"),
        (-100, "3863"),
        (-1000, "3903e7"),
        (i64::MAX, "1b7fffffffffffffff"),
        (i64::MIN, "3b7fffffffffffffff"),
    ];
    for (value, encoded) in cases {
        let mut writer = Writer::new();
        writer.int(value);
        assert_eq!(hex::encode(&writer.0), encoded);
        assert_eq!(Reader::new(&writer.0).int(), Ok(value));
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let cases = [
        ("", CborError::NoMoreItems),
        ("18", CborError::HitEnd),
        ("42ff", CborError::HitEnd),
        ("5bffffffffffffffff", CborError::HitEnd),
        ("9bffffffffffffffff", CborError::HitEnd),
        ("82", CborError::HitEnd),
        ("9f", CborError::HitEnd),
        ("bf01ff", CborError::BadBreak),
        ("ff", CborError::BadBreak),
        ("1c", CborError::Reserved),
        ("1f", CborError::BadInteger),
        ("df", CborError::BadInteger),
        ("5f41ffff", CborError::ChunkedString),
        ("f81f", CborError::BadSimple),
    ];
    for (encoded, error) in cases {
        assert_eq!(
            Reader::new(&hex::decode(encoded).unwrap()).skip(0),
            Err(error),
            "{encoded}"
        );
    }
}

#[test]
fn nesting_is_bounded() {
    for (levels, accepted) in [
        (CBOR_DEPTH, true),
        (CBOR_DEPTH + 1, false),
        (1_000_000, false),
    ] {
        let mut data = vec![0x81; levels];
        data.push(0);
        let expected = if accepted {
            Ok(())
        } else {
            Err(CborError::TooDeep)
        };
        assert_eq!(Reader::new(&data).skip(0), expected);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(data: Vec<u8>) {
        let mut reader = Reader::new(&data);
        while reader.skip(0).is_ok() {}
        prop_assert!(reader.position() <= data.len());
    }

    #[test]
    fn strings_survive(bytes: Vec<u8>, text: String) {
        let mut writer = Writer::new();
        writer.array(3).bytes(&bytes).text(&text).bool(true);
        let mut reader = Reader::new(&writer.0);
        reader.array_of(3).unwrap();
        prop_assert_eq!(reader.bytes().unwrap(), bytes);
        prop_assert_eq!(reader.text().unwrap(), text);
        prop_assert!(reader.bool().unwrap());
        prop_assert_eq!(reader.finish(), Ok(()));
    }
}
