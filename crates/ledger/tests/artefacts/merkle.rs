//! Trees made for the purpose, and trees of real ledgers.

use quorate_crypto::Digest;
use quorate_ledger::merkle::{MerkleTree, Path, Step};
use serde_json::Value;

use crate::{bytes_of_hex, digest, list, text, vectors};

fn tree_of(leaves: &[Value]) -> MerkleTree {
    let mut tree = MerkleTree::new();
    assert_eq!(tree.leaf(0), Some(digest(&leaves[0])));
    leaves[1..]
        .iter()
        .for_each(|leaf| tree.append(digest(leaf)));
    tree
}

fn path_of(steps: &Value) -> Path {
    let step = |step: &Value| match (step.get("left"), step.get("right")) {
        (Some(left), None) => Step::Left(digest(left)),
        (None, Some(right)) => Step::Right(digest(right)),
        _ => panic!("{step}"),
    };
    Path {
        steps: steps.as_array().unwrap().iter().map(step).collect(),
    }
}

#[test]
fn synthetic_trees() {
    let all = vectors("merkle.json");
    let leaves = list(&all["synthetic_leaves_hex"]);
    for case in list(&all["synthetic"]) {
        let count = case["leaves"].as_u64().unwrap() as usize;
        let tree = tree_of(&leaves[..count]);
        let root = digest(&case["root_hex"]);
        assert_eq!(tree.root(), root, "{count} leaves");
        for case in list(&case["paths"]) {
            let index = case["index"].as_u64().unwrap();
            let path = path_of(&case["path"]);
            assert_eq!(
                tree.path(index).unwrap(),
                path,
                "{count} leaves, leaf {index}"
            );
            assert_eq!(path.root(&digest(&leaves[index as usize])), root);
        }
    }
    for case in list(&all["serialised"]) {
        let mut tree = tree_of(&leaves[..case["leaves"].as_u64().unwrap() as usize]);
        tree.flush(case["flushed"].as_u64().unwrap()).unwrap();
        let serialised = bytes_of_hex(&case["serialised_hex"]);
        assert_eq!(tree.serialise(), serialised);
        let read = MerkleTree::deserialise(&serialised).unwrap();
        assert_eq!(read, tree);
        assert_eq!(read.root(), digest(&case["root_hex"]));
    }
}

#[test]
fn serialised_trees_of_real_ledgers() {
    let all = vectors("merkle.json");
    for case in list(&all["real_trees"]) {
        let value = bytes_of_hex(&case["value_hex"]);
        let tree = MerkleTree::deserialise(&value).unwrap();
        assert_eq!(tree.serialise(), value);
        assert_eq!(tree.root(), digest(&case["root_hex"]));
        assert_eq!(tree.len(), case["signature_seqno"].as_u64().unwrap());
        assert_eq!(tree.first(), case["flushed"].as_u64().unwrap());
        let leaves: Vec<Digest> = list(&case["leaves_hex"]).iter().map(digest).collect();
        let present: Vec<_> = (tree.first()..tree.len())
            .map(|index| tree.leaf(index).unwrap())
            .collect();
        assert_eq!(present, leaves);
        for path in list(&case["paths"]) {
            let index = path["index"].as_u64().unwrap();
            assert_eq!(tree.path(index).unwrap(), path_of(&path["path"]));
            assert_eq!(
                tree.path(index).unwrap().root(&digest(&path["leaf_hex"])),
                tree.root()
            );
        }
    }
}

#[test]
fn roots_along_a_real_ledger() {
    let all = vectors("merkle.json");
    let ledger = &all["ledger_leaves_and_roots"];
    let leaves = list(&ledger["leaves_hex"]);
    let mut tree = MerkleTree::new();
    for signature in list(&ledger["signatures"]) {
        let seqno = signature["seqno"].as_u64().unwrap();
        while tree.len() < seqno {
            tree.append(digest(&leaves[tree.len() as usize]));
        }
        assert_eq!(
            tree.root(),
            digest(&signature["root_hex"]),
            "signature at {seqno}"
        );
        // As commit does, to the signature before.
        tree.flush(seqno.saturating_sub(3)).unwrap();
        assert_eq!(tree.root(), digest(&signature["root_hex"]));
    }
}

#[test]
fn invalid_serialised_trees_are_refused() {
    let all = vectors("merkle.json");
    for case in list(&all["invalid_serialised"]) {
        let bytes = bytes_of_hex(&case["serialised_hex"]);
        assert!(
            MerkleTree::deserialise(&bytes).is_err(),
            "{}",
            text(&case["name"])
        );
    }
}
