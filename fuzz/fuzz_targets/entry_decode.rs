//! Ledger entries (ledger.md 2.5): the bytes as they are, and as domains that are sealed correctly, so that what lies
//! behind AES-GCM is reached too.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quorate_ledger::{
    LedgerSecret,
    entry::{self, Entry, Flags},
};

static SECRET: LazyLock<LedgerSecret> =
    LazyLock::new(|| LedgerSecret::from_bytes(&[7; 32]).expect("32 bytes"));

fuzz_target!(|data: &[u8]| {
    if let Ok(entry) = entry::decode(data, None) {
        check(&entry);
    }
    let Some((&split, domains)) = data.split_first() else {
        return;
    };
    let (public, private) = domains.split_at(domains.len() * usize::from(split) / 255);
    if let Ok(entry) = entry::decode(&sealed(public, private), Some(&SECRET)) {
        assert_eq!(entry.private_len, private.len());
        check(&entry);
    }
});

/// An entry with these domains. The initialisation vector takes its seqno from the public domain.
fn sealed(public: &[u8], private: &[u8]) -> Vec<u8> {
    let mut iv = [2; 12];
    for (to, from) in iv[..8].iter_mut().zip(public.iter().skip(1)) {
        *to = *from;
    }
    let (tag, ciphertext) = SECRET.key().seal(&iv, public, private);
    let size = (36 + public.len() + private.len()) as u64;
    let header = (size << 16 | 1).to_le_bytes();
    let public_len = (public.len() as u64).to_le_bytes();
    [&header[..], &tag, &iv, &public_len, public, &ciphertext].concat()
}

/// What was read can be written, and reads the same again.
fn check(entry: &Entry) {
    let _ = entry.leaf();
    if entry.writes.is_empty() || entry.txid.view > 0x7FFF_FFFF {
        return;
    }
    let (mut out, claims) = (Vec::new(), entry.claims.unwrap_or_default());
    entry::encode(
        entry.txid,
        &entry.writes,
        &claims,
        &SECRET,
        Flags::NONE,
        &mut out,
    )
    .expect("it has writes");
    let again = entry::decode(&out, Some(&SECRET)).expect("own entry");
    assert_eq!(
        (again.txid, again.writes),
        (entry.txid, entry.writes.clone())
    );
}
