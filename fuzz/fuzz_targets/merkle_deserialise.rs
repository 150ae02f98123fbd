//! Serialised Merkle trees (ledger.md 3.4).
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_ledger::merkle::MerkleTree;

fuzz_target!(|data: &[u8]| {
    let Ok(mut tree) = MerkleTree::deserialise(data) else {
        return;
    };
    assert_eq!(tree.serialise(), data);
    let root = tree.root();
    for index in [tree.first(), tree.len() - 1] {
        let leaf = tree.leaf(index).expect("it is present");
        assert_eq!(tree.path(index).expect("it is present").root(&leaf), root);
    }
    let (first, len) = (tree.first(), tree.len());
    if len < u64::MAX {
        tree.append(root);
        tree.retract(len).expect("it was that long");
        assert_eq!((tree.root(), tree.len()), (root, len));
    }
    tree.flush(len - 1).expect("the last leaf stays");
    assert_eq!(tree.root(), root);
    assert!(tree.path(first).is_ok() == (first == len - 1));
});
