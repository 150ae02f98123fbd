//! Decoding an entry: all checks of ledger.md 2.5, in their order. Nothing is allocated that the input does not fill:
//! counts are never believed, only walked.

use std::collections::btree_map;

use bytes::Bytes;
use quorate_crypto::{Digest, sha256};

use super::{
    Entry, EntryError, EntryType, Flags, HEADER_LEN, PUBLIC_AT, SNAPSHOT_BIT, VERSION, is_public,
};
use crate::{LedgerSecret, MapName, MapWrites, TxId, WriteSet};

/// Decodes one whole entry. Without a secret only the public domain is decoded, and integrity rests on the next
/// signature.
pub fn decode(bytes: &[u8], secret: Option<&LedgerSecret>) -> Result<Entry, EntryError> {
    let flags = check_header(bytes)?;
    let mut framing = Reader {
        bytes,
        at: HEADER_LEN,
    };
    let tag: [u8; 16] = framing.array("GCM tag")?;
    let iv: [u8; 12] = framing.array("initialisation vector")?;
    let public_len = framing.u64("public domain length")?;
    let public = framing.take("public domain", public_len)?;
    let ciphertext = framing.rest();

    let mut reader = Reader {
        bytes: &bytes[..PUBLIC_AT + public.len()],
        at: PUBLIC_AT,
    };
    let [byte] = reader.array("entry type")?;
    let entry_type = EntryType::from_byte(byte).ok_or(EntryError::EntryType(byte))?;
    let (iv_seqno, view) = split_iv(iv);
    let seqno = reader.u64("seqno")?;
    if seqno != iv_seqno {
        return Err(EntryError::SeqnoMismatch {
            iv: iv_seqno,
            public: seqno,
        });
    }
    let txid = TxId { view, seqno };
    let claims = entry_type
        .has_claims()
        .then(|| reader.digest("claims digest"))
        .transpose()?;
    let commit_evidence_digest = entry_type
        .has_commit_evidence()
        .then(|| reader.digest("commit evidence digest"))
        .transpose()?;
    reader.u64("max conflict version")?;

    let private = secret
        .map(|secret| secret.key().open(&iv, public, ciphertext, &tag))
        .transpose()
        .map_err(|_| EntryError::Authentication(txid))?;
    let mut writes = WriteSet::new();
    reader.maps(true, &mut writes)?;
    if let Some(private) = private {
        Reader {
            bytes: &private,
            at: 0,
        }
        .maps(false, &mut writes)?;
    }
    // Maps of older ledgers may hold reads only.
    writes.maps.retain(|_, map| !map.is_empty());
    Ok(Entry {
        txid,
        entry_type,
        flags,
        claims,
        commit_evidence_digest,
        writes,
        private_len: ciphertext.len(),
        write_set_digest: sha256(bytes),
    })
}

/// The checks of the entry header: size, then version. Returns the flags.
pub(super) fn check_header(bytes: &[u8]) -> Result<Flags, EntryError> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return Err(EntryError::HeaderCut { found: bytes.len() });
    };
    let (announced, found) = (
        super::entry_len(header) - HEADER_LEN as u64,
        rest.len() as u64,
    );
    if announced != found {
        return Err(EntryError::Size { announced, found });
    }
    if header[0] != VERSION {
        return Err(EntryError::Version(header[0]));
    }
    Ok(super::flags(header))
}

/// Seqno and view of an initialisation vector; the snapshot bit is masked (ledger.md 2.2).
fn split_iv(iv: [u8; 12]) -> (u64, u64) {
    let [s0, s1, s2, s3, s4, s5, s6, s7, v0, v1, v2, v3] = iv;
    let view = u32::from_le_bytes([v0, v1, v2, v3]) & !SNAPSHOT_BIT;
    (
        u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]),
        u64::from(view),
    )
}

/// A cursor over the entry, or over the decrypted private domain. Offsets in errors are those of `bytes`.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, field: &'static str, len: u64) -> Result<&'a [u8], EntryError> {
        let rest = &self.bytes[self.at..];
        let taken = usize::try_from(len).ok().and_then(|len| rest.get(..len));
        let taken = taken.ok_or(EntryError::Cut {
            field,
            offset: self.at,
            needed: len,
            left: rest.len(),
        })?;
        self.at += taken.len();
        Ok(taken)
    }

    fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        self.at = self.bytes.len();
        rest
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], EntryError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(field, N as u64)?);
        Ok(array)
    }

    fn u64(&mut self, field: &'static str) -> Result<u64, EntryError> {
        self.array(field).map(u64::from_le_bytes)
    }

    fn digest(&mut self, field: &'static str) -> Result<Digest, EntryError> {
        self.array(field).map(Digest::from_bytes)
    }

    fn blob(
        &mut self,
        length: &'static str,
        content: &'static str,
    ) -> Result<&'a [u8], EntryError> {
        let len = self.u64(length)?;
        self.take(content, len)
    }

    /// The maps up to the end of the domain (ledger.md 2.4).
    fn maps(&mut self, public: bool, into: &mut WriteSet) -> Result<(), EntryError> {
        while self.at < self.bytes.len() {
            let offset = self.at;
            let name = self.blob("map name length", "map name")?;
            let name =
                std::str::from_utf8(name).map_err(|_| EntryError::MapNameEncoding { offset })?;
            if is_public(name) != public {
                let domain = if public { "public" } else { "private" };
                return Err(EntryError::WrongDomain {
                    map: name.to_owned(),
                    domain,
                });
            }
            let writes = self.map(name)?;
            match into.maps.entry(MapName::from(name)) {
                btree_map::Entry::Vacant(place) => place.insert(writes),
                btree_map::Entry::Occupied(_) => {
                    return Err(EntryError::DuplicateMap(name.to_owned()));
                }
            };
        }
        Ok(())
    }

    fn map(&mut self, name: &str) -> Result<MapWrites, EntryError> {
        self.u64("read version")?;
        // Reads are not written today; those of older ledgers are walked and dropped.
        for _ in 0..self.u64("read count")? {
            self.blob("read key length", "read key")?;
            self.u64("read version of a key")?;
        }
        let mut writes = MapWrites::new();
        for _ in 0..self.u64("write count")? {
            let key = self.blob("key length", "key")?;
            let value = self.blob("value length", "value")?;
            insert(&mut writes, name, key, Some(Bytes::copy_from_slice(value)))?;
        }
        for _ in 0..self.u64("remove count")? {
            let key = self.blob("removed key length", "removed key")?;
            insert(&mut writes, name, key, None)?;
        }
        Ok(writes)
    }
}

fn insert(
    writes: &mut MapWrites,
    map: &str,
    key: &[u8],
    value: Option<Bytes>,
) -> Result<(), EntryError> {
    match writes.entry(Bytes::copy_from_slice(key)) {
        btree_map::Entry::Vacant(place) => {
            place.insert(value);
            Ok(())
        }
        btree_map::Entry::Occupied(_) => {
            let key = hex::encode(&key[..key.len().min(64)]);
            Err(EntryError::DuplicateKey {
                map: map.to_owned(),
                key,
            })
        }
    }
}
