//! Encoding and encrypting an entry: the hot path of every write.

use quorate_crypto::{Digest, sha256};

use super::{
    EntryError, EntryType, Flags, HEADER_LEN, IV_AT, PUBLIC_AT, PUBLIC_LEN_AT, TAG_AT, VERSION,
    is_public,
};
use crate::{LedgerSecret, MapName, MapWrites, TxId, WriteSet, limits};

/// What is known of an entry once it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedEntry {
    /// The number of bytes, header included.
    pub len: usize,
    /// The digest of all of them.
    pub write_set_digest: Digest,
    /// The digest of the commit evidence.
    pub commit_evidence_digest: Digest,
    /// The leaf of the Merkle tree.
    pub leaf: Digest,
}

/// Appends the entry of a transaction to `out` (ledger.md 2): one pass, encrypted where it stands. `secret` is the one
/// in force at its seqno; without claims, `claims` is all zeros. On error `out` is as it was.
pub fn encode(
    txid: TxId,
    writes: &WriteSet,
    claims: &Digest,
    secret: &LedgerSecret,
    flags: Flags,
    out: &mut Vec<u8>,
) -> Result<EncodedEntry, EntryError> {
    if txid.view > limits::VIEW_MAX {
        return Err(EntryError::ViewTooHigh(txid.view));
    }
    if writes.is_empty() {
        return Err(EntryError::NoWrites);
    }
    let start = out.len();
    let commit_evidence_digest = super::commit_evidence_digest(txid, secret);

    // Everything up to the public domain is filled in at the end, when the lengths and the tag are known.
    out.extend_from_slice(&[0; PUBLIC_AT]);
    let iv = iv(txid);
    out[start + IV_AT..start + PUBLIC_LEN_AT].copy_from_slice(&iv);
    out.push(EntryType::WithCommitEvidenceAndClaims.byte());
    put_u64(out, txid.seqno);
    out.extend_from_slice(claims.as_bytes());
    out.extend_from_slice(commit_evidence_digest.as_bytes());
    put_u64(out, 0); // max conflict version
    put_maps(out, writes, true);
    let private_at = out.len();
    put_maps(out, writes, false);

    let size = (out.len() - start - HEADER_LEN) as u64;
    if size > limits::ENTRY_SIZE_MAX {
        out.truncate(start);
        return Err(EntryError::TooLarge(size));
    }
    let private_len = (out.len() - private_at) as u64;
    if private_len > limits::PRIVATE_LEN_MAX {
        out.truncate(start);
        return Err(EntryError::PrivateTooLarge(private_len));
    }
    let public_len = (private_at - start - PUBLIC_AT) as u64;
    out[start + PUBLIC_LEN_AT..start + PUBLIC_AT].copy_from_slice(&public_len.to_le_bytes());
    let header = size << 16 | u64::from(flags.bits()) << 8 | u64::from(VERSION);
    out[start..start + HEADER_LEN].copy_from_slice(&header.to_le_bytes());
    let (clear, private) = out[start..].split_at_mut(private_at - start);
    let tag = secret
        .key()
        .seal_in_place(&iv, &clear[PUBLIC_AT..], private);
    clear[TAG_AT..IV_AT].copy_from_slice(&tag);

    let write_set_digest = sha256(&out[start..]);
    let leaf = super::leaf(
        &write_set_digest,
        Some(&commit_evidence_digest),
        Some(claims),
    );
    Ok(EncodedEntry {
        len: out.len() - start,
        write_set_digest,
        commit_evidence_digest,
        leaf,
    })
}

/// The number of bytes that [`encode`] appends for these writes.
#[must_use]
pub fn encoded_len(writes: &WriteSet) -> usize {
    // Type, seqno, claims, commit evidence digest and max conflict version of the public domain.
    const DOMAIN_HEADER_LEN: usize = 1 + 8 + 32 + 32 + 8;
    let blob = |bytes: usize| 8 + bytes;
    let map_len = |(name, map): (&MapName, &MapWrites)| {
        let changes = map.iter().map(|(key, value)| {
            blob(key.len()) + value.as_ref().map_or(0, |value| blob(value.len()))
        });
        blob(name.len()) + 4 * 8 + changes.sum::<usize>()
    };
    let maps = writes.maps.iter().filter(|(_, map)| !map.is_empty());
    PUBLIC_AT + DOMAIN_HEADER_LEN + maps.map(map_len).sum::<usize>()
}

/// The initialisation vector of a transaction (ledger.md 2.2).
fn iv(txid: TxId) -> [u8; 12] {
    let mut iv = [0; 12];
    iv[..8].copy_from_slice(&txid.seqno.to_le_bytes());
    // The view was checked to fit 31 bits.
    iv[8..].copy_from_slice(&(txid.view as u32).to_le_bytes());
    iv
}

/// The maps of one domain (ledger.md 2.4).
fn put_maps(out: &mut Vec<u8>, writes: &WriteSet, public: bool) {
    for (name, map) in &writes.maps {
        if !map.is_empty() && is_public(name) == public {
            put_blob(out, name.as_bytes());
            put_u64(out, 0); // read version
            put_u64(out, 0); // read count
            put_writes(out, map);
        }
    }
}

fn put_writes(out: &mut Vec<u8>, map: &MapWrites) {
    let count_at = out.len();
    put_u64(out, 0);
    let mut written = 0_u64;
    for (key, value) in map {
        if let Some(value) = value {
            put_blob(out, key);
            put_blob(out, value);
            written += 1;
        }
    }
    out[count_at..count_at + 8].copy_from_slice(&written.to_le_bytes());
    put_u64(out, map.len() as u64 - written);
    for (key, value) in map {
        if value.is_none() {
            put_blob(out, key);
        }
    }
}

fn put_blob(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}
