//! Entries of real ledgers, and entries that must be refused.

use quorate_ledger::{
    LedgerSecret, TxId, WriteSet,
    entry::{self, Entry, EntryError, EntryType, Flags},
};
use serde_json::Value;

use crate::{bytes_of_base64, bytes_of_hex, digest, list, secrets, text, vectors};

/// A key or value in one of its two notations.
fn bytes(object: &Value, name: &str) -> Vec<u8> {
    match object.get(format!("{name}_text")) {
        Some(plain) => text(plain).as_bytes().to_vec(),
        None => bytes_of_hex(&object[format!("{name}_hex")]),
    }
}

fn expected_writes(case: &Value, domains: &[&str]) -> WriteSet {
    let mut writes = WriteSet::new();
    for map in domains
        .iter()
        .flat_map(|domain| case[domain].as_array().unwrap())
    {
        let name = text(&map["name"]);
        for write in map["writes"].as_array().unwrap() {
            writes.put(name, bytes(write, "key"), bytes(write, "value"));
        }
        for remove in map["removes"].as_array().unwrap() {
            writes.remove(name, bytes(remove, "key"));
        }
    }
    writes
}

fn check_fields(case: &Value, entry: &Entry) {
    let name = text(&case["name"]);
    let number = |field: &str| case[field].as_u64().unwrap();
    assert_eq!(
        entry.txid,
        TxId::new(number("view"), number("seqno")),
        "{name}"
    );
    assert_eq!(
        u64::from(entry.entry_type.byte()),
        number("entry_type"),
        "{name}"
    );
    assert_eq!(
        u64::from(entry.flags.bits()),
        case["header"]["flags"].as_u64().unwrap(),
        "{name}"
    );
    assert_eq!(
        entry.private_len as u64,
        number("private_ciphertext_length"),
        "{name}"
    );
    let optional = |field: &str| case.get(field).filter(|value| !value.is_null()).map(digest);
    assert_eq!(entry.claims, optional("claims_digest_hex"), "{name}");
    assert_eq!(
        entry.commit_evidence_digest,
        optional("commit_evidence_digest_hex"),
        "{name}"
    );
    assert_eq!(
        entry.write_set_digest,
        digest(&case["write_set_digest_hex"]),
        "{name}"
    );
    assert_eq!(entry.leaf(), digest(&case["leaf_hex"]), "{name}");
}

#[test]
fn entries_of_ccf_are_read_and_written_again() {
    let all = vectors("ledger_entries.json");
    let mut written_again = 0;
    for case in list(&all["entries"]) {
        let name = text(&case["name"]);
        let raw = bytes_of_base64(&case["raw_base64"]);
        let secret =
            LedgerSecret::from_bytes(&bytes_of_hex(&case["ledger_secret"]["key_hex"])).unwrap();
        let entry = entry::decode(&raw, Some(&secret)).unwrap();
        check_fields(case, &entry);
        assert_eq!(
            entry.writes,
            expected_writes(case, &["public_maps", "private_maps"]),
            "{name}"
        );
        let seqno = entry.txid.seqno;
        let in_force = secrets(text(&case["service"]))
            .for_seqno(seqno)
            .unwrap()
            .clone();
        assert_eq!(in_force.secret.raw_bytes(), secret.raw_bytes(), "{name}");
        assert_eq!(
            in_force.valid_from,
            case["ledger_secret"]["valid_from"].as_u64().unwrap()
        );
        if let Some(evidence) = case.get("commit_evidence").and_then(Value::as_str) {
            assert_eq!(
                entry::commit_evidence(entry.txid, &secret),
                evidence,
                "{name}"
            );
            let found = entry::commit_evidence_digest(entry.txid, &secret);
            assert_eq!(Some(found), entry.commit_evidence_digest, "{name}");
        }

        let public = entry::decode(&raw, None).unwrap();
        check_fields(case, &public);
        assert_eq!(
            public.writes,
            expected_writes(case, &["public_maps"]),
            "{name}"
        );

        // Older types are read only.
        if entry.entry_type == EntryType::WithCommitEvidenceAndClaims {
            let mut out = Vec::new();
            let claims = entry.claims.unwrap();
            let made = entry::encode(
                entry.txid,
                &entry.writes,
                &claims,
                &secret,
                entry.flags,
                &mut out,
            )
            .unwrap();
            assert_eq!(out, raw, "{name}");
            assert_eq!((made.len, made.leaf), (raw.len(), entry.leaf()), "{name}");
            written_again += 1;
        }
    }
    assert!(written_again >= 30, "{written_again} entries written again");
}

#[test]
fn flags_change_the_leaf_and_nothing_else() {
    let all = vectors("ledger_entries.json");
    let original = list(&all["entries"])
        .iter()
        .find(|case| case["name"] == "private record")
        .unwrap();
    let original = bytes_of_base64(&original["raw_base64"]);
    let secret = secrets("ccf7-rekeyed")
        .for_seqno(17)
        .unwrap()
        .secret
        .clone();
    for case in list(&all["same_entry_other_flags"]) {
        let raw = bytes_of_base64(&case["raw_base64"]);
        let flags = Flags::from_bits(u8::try_from(case["flags"].as_u64().unwrap()).unwrap());
        let entry = entry::decode(&raw, Some(&secret)).unwrap();
        assert_eq!(entry.flags, flags);
        assert_eq!(
            entry.write_set_digest,
            digest(&case["write_set_digest_hex"])
        );
        assert_eq!(entry.leaf(), digest(&case["leaf_hex"]));
        let mut changed = original.clone();
        entry::set_flags(&mut changed, flags).unwrap();
        assert_eq!(changed, raw);
    }
}

#[test]
fn invalid_entries_are_refused_by_the_check_that_is_meant() {
    let all = vectors("ledger_entries.json");
    for case in list(&all["invalid"]) {
        let (name, fails_in) = (text(&case["name"]), text(&case["fails_in"]));
        let raw = bytes_of_base64(&case["raw_base64"]);
        let secret = LedgerSecret::from_bytes(&bytes_of_hex(&case["ledger_secret_hex"])).unwrap();
        let error = entry::decode(&raw, Some(&secret)).expect_err(name);
        let meant = match fails_in {
            "header" | "header (size differs from remaining length)" => matches!(
                error,
                EntryError::HeaderCut { .. } | EntryError::Size { .. } | EntryError::Version(_)
            ),
            "public domain length missing" | "public domain length" | "private maps" => {
                matches!(error, EntryError::Cut { .. })
            }
            "maps" | "maps (runs past the end)" | "maps (length overflow)" => {
                matches!(error, EntryError::Cut { .. })
            }
            "maps (duplicate map)" => matches!(error, EntryError::DuplicateMap(_)),
            "GCM" => matches!(error, EntryError::Authentication(_)),
            "entry type" => matches!(error, EntryError::EntryType(5)),
            "seqno mismatch" => matches!(error, EntryError::SeqnoMismatch { .. }),
            other => panic!("unknown step '{other}'"),
        };
        assert!(meant, "{name} fails in {fails_in}, not with: {error}");
        let public_only = case["public_only_decoding_accepts"].as_bool().unwrap();
        assert_eq!(
            entry::decode(&raw, None).is_ok(),
            public_only,
            "{name}, public only"
        );
    }
}
