//! The rules of ledger.md 2 and 3, with the vector of section 13. Here those of writing, of flags and of evidence.

mod arbitrary;
mod reading;

use quorate_crypto::{Digest, sha256};

use super::*;
use crate::{LedgerSecret, TxId, WriteSet};

/// The entry of ledger.md 13.
const VECTOR: &str = "\
    0100180100000000\
    05a0a006c10ff3066725d170a848177c\
    070000000000000002000000\
    b200000000000000\
    04070000000000000000000000000000000000000000000000000000000000000000000000\
    00000000e878b8d1368bc6f554bca263e37b4f213995ffa73d7a88d111285b2a47139ef0\
    00000000000000000a000000000000007075626c69633a666f6f00000000000000000000\
    000000000000020000000000000001000000000000006100000000000000000200000000\
    0000006b3102000000000000007631010000000000000002000000000000006b30\
    2c60b022581a2c831b9a28bdb5765fb454f67e8e10d358f57616781d7d358ef57003d111\
    4b6981bd943b0e6c79b2ba4f19e57a91e478c11aa888f331bec9d0f740c7";

const PRIVATE_PLAIN: &str = "\
    030000000000000062617200000000000000000000000000000000010000000000000001000000000000007806000000\
    000000007365637265740000000000000000";

fn vector_secret() -> LedgerSecret {
    let bytes: Vec<u8> = (0..32).collect();
    LedgerSecret::from_bytes(&bytes).unwrap()
}

fn vector_writes() -> WriteSet {
    let mut writes = WriteSet::new();
    writes.put("public:foo", "k1", "v1");
    writes.put("public:foo", "a", "");
    writes.remove("public:foo", "k0");
    writes.put("bar", "x", "secret");
    writes
}

fn encoded(writes: &WriteSet) -> Vec<u8> {
    let mut out = Vec::new();
    let secret = vector_secret();
    encode(
        TxId::new(2, 7),
        writes,
        &Digest::default(),
        &secret,
        Flags::NONE,
        &mut out,
    )
    .unwrap();
    out
}

/// Frames and encrypts domains of one's own, to reach what `encode` never writes.
fn seal(iv: &[u8; 12], public: &[u8], private: &[u8], secret: &LedgerSecret) -> Vec<u8> {
    let (tag, ciphertext) = secret.key().seal(iv, public, private);
    let size = (16 + 12 + 8 + public.len() + ciphertext.len()) as u64;
    let mut entry = (size << 16 | 1).to_le_bytes().to_vec();
    entry.extend_from_slice(&tag);
    entry.extend_from_slice(iv);
    entry.extend_from_slice(&(public.len() as u64).to_le_bytes());
    entry.extend_from_slice(public);
    entry.extend_from_slice(&ciphertext);
    entry
}

/// A public domain of type 0 at seqno 7 with the given maps.
fn old_public(maps: &[u8]) -> Vec<u8> {
    let mut public = vec![0];
    public.extend_from_slice(&7_u64.to_le_bytes());
    public.extend_from_slice(&[0; 8]);
    public.extend_from_slice(maps);
    public
}

const IV: [u8; 12] = [7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0];

fn map_bytes(name: &str, writes: &[(&str, &str)], removes: &[&str]) -> Vec<u8> {
    let blob = |text: &str| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    let mut map = blob(name);
    map.extend_from_slice(&[0; 16]);
    map.extend_from_slice(&(writes.len() as u64).to_le_bytes());
    for (key, value) in writes {
        map.extend(blob(key));
        map.extend(blob(value));
    }
    map.extend_from_slice(&(removes.len() as u64).to_le_bytes());
    removes.iter().for_each(|key| map.extend(blob(key)));
    map
}

fn decode_old(maps: &[u8]) -> Result<Entry, EntryError> {
    decode(
        &seal(&IV, &old_public(maps), &[], &vector_secret()),
        Some(&vector_secret()),
    )
}

#[test]
fn ledger_13_entry_vector_is_written_byte_for_byte() {
    let mut out = b"before".to_vec();
    let txid = TxId::new(2, 7);
    let result = encode(
        txid,
        &vector_writes(),
        &Digest::default(),
        &vector_secret(),
        Flags::NONE,
        &mut out,
    )
    .unwrap();
    assert_eq!(hex::encode(&out[6..]), VECTOR);
    assert_eq!(result.len, 288);
    assert_eq!(
        result.write_set_digest.to_string(),
        "115dd2689aa09f0bac3cbcee74ce81569de88592fa11ff9c50a62f9190542935"
    );
    assert_eq!(
        result.commit_evidence_digest.to_string(),
        "e878b8d1368bc6f554bca263e37b4f213995ffa73d7a88d111285b2a47139ef0"
    );
    assert_eq!(
        result.leaf.to_string(),
        "c2b6736c25b311bab614a195a8f50c1ce3b071ff3bedb29a9aa465a16ebb0c42"
    );
}

#[test]
fn ledger_13_entry_vector_is_read() {
    let bytes = hex::decode(VECTOR).unwrap();
    let entry = decode(&bytes, Some(&vector_secret())).unwrap();
    assert_eq!(entry.txid, TxId::new(2, 7));
    assert_eq!(entry.entry_type, EntryType::WithCommitEvidenceAndClaims);
    assert_eq!(entry.claims, Some(Digest::default()));
    assert_eq!(entry.writes, vector_writes());
    assert_eq!(entry.private_len, PRIVATE_PLAIN.len() / 2);
    assert_eq!(
        entry.leaf().to_string(),
        "c2b6736c25b311bab614a195a8f50c1ce3b071ff3bedb29a9aa465a16ebb0c42"
    );
    let header = bytes.first_chunk().unwrap();
    assert_eq!(entry_len(header), bytes.len() as u64);

    let public = decode(&bytes, None).unwrap();
    assert_eq!(
        public
            .writes
            .maps
            .keys()
            .map(|name| &**name)
            .collect::<Vec<_>>(),
        ["public:foo"]
    );
    assert_eq!(public.private_len, entry.private_len);
    assert_eq!(public.leaf(), entry.leaf());
}

#[test]
fn ledger_13_private_plaintext() {
    let mut private = WriteSet::new();
    private.put("bar", "x", "secret");
    let bytes = encoded(&private);
    let entry = decode(&bytes, None).unwrap();
    let (iv, tag) = (
        bytes[24..36].try_into().unwrap(),
        bytes[8..24].try_into().unwrap(),
    );
    let at = bytes.len() - entry.private_len;
    let plain = vector_secret()
        .key()
        .open(iv, &bytes[44..at], &bytes[at..], tag)
        .unwrap();
    assert_eq!(hex::encode(plain), PRIVATE_PLAIN);
}

#[test]
fn ledger_3_1_commit_evidence() {
    let (txid, secret) = (TxId::new(2, 7), vector_secret());
    let evidence = commit_evidence(txid, &secret);
    assert_eq!(
        evidence,
        "ce:2.7:c1b206e9faa7aed319d14b40a6bb2817733f2a768ad010b181ffd7bb11064e90"
    );
    assert_eq!(
        commit_evidence_digest(txid, &secret),
        sha256(evidence.as_bytes())
    );
    assert_eq!(txid_of_evidence(&evidence), Some(txid));
    let longest = commit_evidence(TxId::new(u64::MAX, u64::MAX), &secret);
    assert_eq!(
        txid_of_evidence(&longest),
        Some(TxId::new(u64::MAX, u64::MAX))
    );
    assert!(commit_evidence(TxId::new(0, 10), &secret).starts_with("ce:0.10:"));
}

#[test]
fn ledger_3_1_texts_that_are_no_commit_evidence() {
    let nonce = "c1b206e9faa7aed319d14b40a6bb2817733f2a768ad010b181ffd7bb11064e90";
    for text in [
        String::new(),
        "ce:2.7:".into(),
        format!("ce:2.7{nonce}"),
        format!("ce:02.7:{nonce}"),
        format!("ce:0.7:{nonce}"),
        format!("CE:2.7:{nonce}"),
        format!("ce:2.7:{}", nonce.to_uppercase()),
        format!("ce:2.7:{nonce}0"),
        format!("ce:2.7:{nonce} "),
        format!("ce:2.7:{}{nonce}", "0".repeat(1000)),
    ] {
        assert_eq!(txid_of_evidence(&text), None, "{text}");
    }
}

#[test]
fn ledger_2_1_flags_are_in_the_header_and_change_the_leaf() {
    let mut bytes = encoded(&vector_writes());
    let plain = decode(&bytes, Some(&vector_secret())).unwrap();
    let both = Flags::FORCE_CHUNK_AFTER | Flags::FORCE_CHUNK_BEFORE;
    set_flags(&mut bytes, both).unwrap();
    let flagged = decode(&bytes, Some(&vector_secret())).unwrap();
    assert_eq!(flagged.flags.bits(), 3);
    assert!(
        flagged.flags.contains(Flags::FORCE_CHUNK_AFTER)
            && !plain.flags.contains(Flags::FORCE_CHUNK_AFTER)
    );
    assert_ne!(flagged.leaf(), plain.leaf());
    assert_eq!(flagged.writes, plain.writes);

    let mut direct = Vec::new();
    let secret = vector_secret();
    encode(
        plain.txid,
        &plain.writes,
        &Digest::default(),
        &secret,
        both,
        &mut direct,
    )
    .unwrap();
    assert_eq!(direct, bytes);
    assert_eq!(super::flags(direct.first_chunk().unwrap()), both);
    assert!(matches!(
        set_flags(&mut direct[..9], both),
        Err(EntryError::Size {
            announced: 280,
            found: 1
        })
    ));
}

#[test]
fn ledger_2_1_unknown_flags_are_ignored_when_reading() {
    let mut bytes = encoded(&vector_writes());
    bytes[1] = 0xF4;
    let entry = decode(&bytes, Some(&vector_secret())).unwrap();
    assert_eq!(entry.flags.bits(), 0xF4);
    assert!(!entry.flags.contains(Flags::FORCE_CHUNK_AFTER));
}

#[test]
fn ledger_2_2_a_view_above_31_bits_is_not_written() {
    let mut out = b"kept".to_vec();
    let secret = vector_secret();
    let mut encode_in = |view| {
        let txid = TxId::new(view, 1);
        encode(
            txid,
            &vector_writes(),
            &Digest::default(),
            &secret,
            Flags::NONE,
            &mut out,
        )
    };
    assert_eq!(
        encode_in(0x8000_0000),
        Err(EntryError::ViewTooHigh(0x8000_0000))
    );
    assert!(encode_in(0x7FFF_FFFF).is_ok());
    let entry = decode(&out[4..], Some(&secret)).unwrap();
    assert_eq!(entry.txid.view, 0x7FFF_FFFF);
}

#[test]
fn ledger_2_2_the_snapshot_bit_is_masked_but_authenticated() {
    let snapshot_iv = [7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0x80];
    let bytes = seal(&snapshot_iv, &old_public(&[]), &[], &vector_secret());
    assert_eq!(
        decode(&bytes, Some(&vector_secret())).unwrap().txid,
        TxId::new(2, 7)
    );
    let mut flipped = encoded(&vector_writes());
    flipped[35] |= 0x80;
    assert_eq!(
        decode(&flipped, Some(&vector_secret())),
        Err(EntryError::Authentication(TxId::new(2, 7)))
    );
    assert!(decode(&flipped, None).is_ok());
}

#[test]
fn ledger_2_2_an_entry_without_private_domain_is_authenticated_all_the_same() {
    let mut writes = WriteSet::new();
    writes.put("public:foo", "k", "v");
    let mut bytes = encoded(&writes);
    assert_eq!(
        decode(&bytes, Some(&vector_secret())).unwrap().private_len,
        0
    );
    // Both seqnos, so that only GCM can notice.
    bytes[45] ^= 1;
    bytes[24] ^= 1;
    assert_eq!(
        decode(&bytes, Some(&vector_secret())),
        Err(EntryError::Authentication(TxId::new(2, 6)))
    );
}

#[test]
fn ledger_2_6_domain_of_a_name() {
    for (name, public) in [
        ("public:ccf.gov.x", true),
        ("public:", true),
        ("public", false),
        ("PUBLIC:x", false),
        ("records", false),
        ("", false),
        ("xpublic:", false),
    ] {
        assert_eq!(is_public(name), public, "{name}");
    }
}
