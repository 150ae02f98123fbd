//! Arbitrary write sets survive, and the decoder is total.

use proptest::{collection, prelude::*};
use quorate_crypto::{Digest, sha256};

use super::*;

fn any_write_set() -> impl Strategy<Value = WriteSet> {
    let bytes = || collection::vec(any::<u8>(), 0..24);
    let map = collection::btree_map(bytes(), proptest::option::of(bytes()), 1..6);
    let name = prop_oneof!["[a-zé.]{0,12}", "public:[a-zé.]{0,12}"];
    collection::btree_map(name, map, 1..5).prop_map(|maps| {
        let mut writes = WriteSet::new();
        for (name, map) in maps {
            for (key, value) in map {
                match value {
                    Some(value) => writes.put(&name, key, value),
                    None => writes.remove(&name, key),
                }
            }
        }
        writes
    })
}

proptest! {
    #[test]
    fn ledger_2_arbitrary_write_sets_survive(
        writes in any_write_set(),
        view in 0..=crate::limits::VIEW_MAX,
        seqno: u64,
        claims: [u8; 32],
        secret: [u8; 32],
        flags in 0_u8..4,
    ) {
        let (txid, claims) = (TxId::new(view, seqno), Digest::from_bytes(claims));
        let secret = LedgerSecret::from_bytes(&secret).unwrap();
        let mut out = Vec::new();
        let made = encode(txid, &writes, &claims, &secret, Flags::from_bits(flags), &mut out).unwrap();
        let entry = decode(&out, Some(&secret)).unwrap();
        prop_assert_eq!(&entry.writes, &writes);
        prop_assert_eq!((entry.txid, entry.claims, entry.flags.bits()), (txid, Some(claims), flags));
        prop_assert_eq!((entry.write_set_digest, entry.leaf()), (made.write_set_digest, made.leaf));
        prop_assert_eq!(entry.commit_evidence_digest, Some(made.commit_evidence_digest));
        prop_assert_eq!(made.commit_evidence_digest, sha256(commit_evidence(txid, &secret).as_bytes()));
        let mut again = Vec::new();
        encode(txid, &entry.writes, &claims, &secret, entry.flags, &mut again).unwrap();
        prop_assert_eq!(&again, &out);
        let public = decode(&out, None).unwrap();
        let is_public_map = |(name, _): &(&crate::MapName, _)| is_public(name);
        prop_assert!(public.writes.maps.iter().eq(writes.maps.iter().filter(is_public_map)));
    }

    #[test]
    fn ledger_2_5_decoder_is_total_on_arbitrary_bytes(bytes in collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes, None);
        // Behind a header that fits, the deeper checks are reached.
        let mut framed = ((bytes.len() as u64) << 16 | 1).to_le_bytes().to_vec();
        framed.extend_from_slice(&bytes);
        let _ = decode(&framed, None);
        let _ = decode(&framed, Some(&vector_secret()));
        let _ = decode_old(&bytes);
    }

    #[test]
    fn ledger_2_5_decoder_is_total_on_changed_entries(
        at in collection::vec((0_usize..240, any::<u8>()), 1..4),
        cut in 0_usize..240,
    ) {
        // The domains of the vector, sealed again after the change, so that only their structure is wrong.
        let entry = encoded(&vector_writes());
        let (mut public, mut private) = (entry[44..222].to_vec(), hex::decode(PRIVATE_PLAIN).unwrap());
        for (at, byte) in at {
            let all = public.len() + private.len();
            match (at % all).checked_sub(public.len()) {
                Some(at) => private[at] = byte,
                None => public[at % all] = byte,
            }
        }
        private.truncate(cut);
        let bytes = seal(&IV, &public, &private, &vector_secret());
        if let Ok(entry) = decode(&bytes, Some(&vector_secret())) {
            prop_assert_eq!(entry.private_len, private.len());
        }
    }
}
