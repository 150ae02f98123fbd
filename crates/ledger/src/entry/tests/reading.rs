//! The rules of reading entries (ledger.md 2.3 to 2.5): older forms, and what is refused, in which order.

use quorate_crypto::{Digest, sha256, sha256_parts};

use super::*;

#[test]
fn ledger_2_3_types_without_claims_or_evidence_are_read() {
    let secret = vector_secret();
    let (claims, evidence) = (sha256(b"claims"), sha256(b"evidence"));
    for (byte, has_claims, has_evidence) in [
        (0, false, false),
        (2, true, false),
        (3, false, true),
        (4, true, true),
    ] {
        let mut public = vec![byte];
        public.extend_from_slice(&7_u64.to_le_bytes());
        public.extend_from_slice(if has_claims { claims.as_bytes() } else { &[] });
        public.extend_from_slice(if has_evidence {
            evidence.as_bytes()
        } else {
            &[]
        });
        public.extend_from_slice(&99_u64.to_le_bytes());
        public.extend(map_bytes("public:a", &[("k", "v")], &[]));
        let bytes = seal(&IV, &public, &[], &secret);
        let entry = decode(&bytes, Some(&secret)).unwrap();
        assert_eq!(entry.entry_type.byte(), byte);
        assert_eq!(entry.claims, has_claims.then_some(claims));
        assert_eq!(
            entry.commit_evidence_digest,
            has_evidence.then_some(evidence)
        );
        let mut parts = vec![&entry.write_set_digest.as_bytes()[..]];
        parts.extend(has_evidence.then_some(&evidence.as_bytes()[..]));
        parts.extend(has_claims.then_some(&claims.as_bytes()[..]));
        let expected = if byte == 0 {
            entry.write_set_digest
        } else {
            sha256_parts(&parts)
        };
        assert_eq!(entry.leaf(), expected, "leaf of type {byte}");
    }
}

#[test]
fn ledger_2_3_snapshots_and_unknown_types_are_refused() {
    for byte in [1, 5, 255] {
        let mut public = old_public(&[]);
        public[0] = byte;
        let bytes = seal(&IV, &public, &[], &vector_secret());
        assert_eq!(decode(&bytes, None), Err(EntryError::EntryType(byte)));
    }
}

#[test]
fn ledger_2_4_only_maps_with_writes_appear_and_an_empty_write_set_has_no_entry() {
    let mut writes = vector_writes();
    let plain = encoded(&writes);
    writes.maps.insert("public:aaa".into(), Default::default());
    assert_eq!(encoded(&writes), plain);
    let mut empty = WriteSet::new();
    empty.maps.insert("public:aaa".into(), Default::default());
    let mut out = Vec::new();
    let secret = vector_secret();
    let result = encode(
        TxId::new(2, 7),
        &empty,
        &Digest::default(),
        &secret,
        Flags::NONE,
        &mut out,
    );
    assert_eq!((result, out), (Err(EntryError::NoWrites), Vec::new()));
}

#[test]
fn ledger_2_4_reads_of_older_entries_are_ignored() {
    let mut map = [&8_u64.to_le_bytes()[..], b"public:a", &5_u64.to_le_bytes()].concat();
    map.extend_from_slice(&1_u64.to_le_bytes());
    map.extend_from_slice(&[&1_u64.to_le_bytes()[..], b"r", &3_u64.to_le_bytes()].concat());
    map.extend_from_slice(&[0; 16]);
    map.extend(map_bytes("public:b", &[("k", "v")], &[]));
    let entry = decode_old(&map).unwrap();
    assert!(entry.writes.writes_to("public:a").is_none());
    assert!(!entry.writes.maps.contains_key("public:a"));
    assert!(entry.writes.get("public:b", b"k").is_some());
}

#[test]
fn ledger_2_4_ambiguous_maps_are_refused() {
    let twice = [
        map_bytes("public:a", &[], &["x"]),
        map_bytes("public:a", &[("k", "v")], &[]),
    ]
    .concat();
    assert_eq!(
        decode_old(&twice),
        Err(EntryError::DuplicateMap("public:a".into()))
    );
    let duplicate = |writes: &[(&str, &str)], removes: &[&str]| {
        assert_eq!(
            decode_old(&map_bytes("public:a", writes, removes)),
            Err(EntryError::DuplicateKey {
                map: "public:a".into(),
                key: "6b".into()
            })
        );
    };
    duplicate(&[("k", "v"), ("k", "w")], &[]);
    duplicate(&[("k", "v")], &["k"]);
    duplicate(&[], &["k", "k"]);
    let foreign = decode_old(&map_bytes("private", &[("k", "v")], &[]));
    assert_eq!(
        foreign,
        Err(EntryError::WrongDomain {
            map: "private".into(),
            domain: "public"
        })
    );
    let bytes = seal(
        &IV,
        &old_public(&[]),
        &map_bytes("public:a", &[], &["k"]),
        &vector_secret(),
    );
    assert_eq!(
        decode(&bytes, Some(&vector_secret())),
        Err(EntryError::WrongDomain {
            map: "public:a".into(),
            domain: "private"
        })
    );
}

#[test]
fn ledger_2_4_counts_and_lengths_are_never_believed() {
    for at in [0, 16, 24, 32, 40] {
        let mut map = map_bytes("public:a", &[("k", "v")], &[]);
        map[at..at + 8].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
        assert!(
            matches!(decode_old(&map), Err(EntryError::Cut { .. })) || at == 16,
            "field at {at}"
        );
    }
    let mut name = map_bytes("public:a", &[], &["k"]);
    name[15] = 0xFF;
    assert!(matches!(
        decode_old(&name),
        Err(EntryError::MapNameEncoding { offset: 61 })
    ));
}

#[test]
fn ledger_2_5_checks_run_in_order() {
    let good = encoded(&vector_writes());
    let secret = vector_secret();
    // Everything is wrong: each repair uncovers the next check.
    let mut bytes = good.clone();
    bytes[0] = 9;
    bytes[2] ^= 1;
    bytes[44] = 5;
    bytes[45] ^= 1;
    bytes[287] ^= 1;
    let mut next = |at: usize| {
        let error = decode(&bytes, Some(&secret)).unwrap_err();
        bytes[at] = good[at];
        error
    };
    assert_eq!(
        next(2),
        EntryError::Size {
            announced: 281,
            found: 280
        }
    );
    assert_eq!(next(0), EntryError::Version(9));
    assert_eq!(next(44), EntryError::EntryType(5));
    assert_eq!(next(45), EntryError::SeqnoMismatch { iv: 7, public: 6 });
    assert_eq!(next(287), EntryError::Authentication(TxId::new(2, 7)));
    assert_eq!(bytes, good);
    assert_eq!(
        decode(&good[..7], None),
        Err(EntryError::HeaderCut { found: 7 })
    );
}

#[test]
fn ledger_2_5_another_secret_does_not_decrypt() {
    let bytes = encoded(&vector_writes());
    let other = LedgerSecret::from_bytes(&[1; 32]).unwrap();
    assert_eq!(
        decode(&bytes, Some(&other)),
        Err(EntryError::Authentication(TxId::new(2, 7)))
    );
}

#[test]
fn ledger_2_5_every_changed_byte_is_noticed() {
    let good = encoded(&vector_writes());
    let secret = vector_secret();
    let leaf = decode(&good, Some(&secret)).unwrap().leaf();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        match decode(&bytes, Some(&secret)) {
            Err(_) => {}
            Ok(entry) => {
                // Only the flags are outside of size, version and GCM: the leaf covers them.
                assert_eq!(at, 1, "byte {at} is not protected");
                assert_ne!(entry.leaf(), leaf);
            }
        }
        // Without decryption the leaf alone stands for the content.
        if let Ok(entry) = decode(&bytes, None) {
            assert_ne!(entry.leaf(), leaf, "byte {at}");
        }
    }
    for len in 0..good.len() {
        assert!(decode(&good[..len], None).is_err(), "cut to {len}");
    }
}
