//! Values of signature transactions (ledger.md 4): three values, each after its length in two bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_ledger::{
    WriteSet,
    merkle::MerkleTree,
    signature::{COSE_SIGNATURES, SIGNATURES, SignatureEntry, TREE, UNIT_KEY},
};

fuzz_target!(|data: &[u8]| {
    let (mut writes, mut rest) = (WriteSet::new(), data);
    for table in [SIGNATURES, COSE_SIGNATURES, TREE] {
        let Some((len, after)) = rest.split_first_chunk::<2>() else {
            break;
        };
        let (value, after) = after.split_at(usize::from(u16::from_le_bytes(*len)).min(after.len()));
        writes.put(table, UNIT_KEY.to_vec(), value.to_vec());
        rest = after;
    }
    if let Ok(Some(signature)) = SignatureEntry::read(&writes) {
        let _ = signature.verify_tree(&MerkleTree::new());
        if let Some(cose) = &signature.cose {
            let _ = quorate_crypto::cose::decode_ledger_signature_header(cose);
        }
    }
});
