//! The rules of ledger.md 3.4, with the vectors of section 13, against a naive tree.

use proptest::{collection, prelude::*};
use quorate_crypto::{Digest, sha256};

use super::*;

/// Leaf 0 is zeros, leaf i the digest of i in decimal.
fn leaf(index: u64) -> Digest {
    if index == 0 {
        Digest::default()
    } else {
        sha256(index.to_string().as_bytes())
    }
}

fn tree(leaves: u64) -> MerkleTree {
    let mut tree = MerkleTree::new();
    (1..leaves).for_each(|index| tree.append(leaf(index)));
    tree
}

/// The tree as ledger.md 3.4 words it.
struct Naive(Vec<Digest>);

impl Naive {
    fn root(&self) -> Digest {
        let mut level = self.0.clone();
        while level.len() > 1 {
            level = Self::next(&level);
        }
        level[0]
    }

    fn path(&self, mut index: usize) -> Path {
        let (mut level, mut steps) = (self.0.clone(), Vec::new());
        while level.len() > 1 {
            if index % 2 == 1 {
                steps.push(Step::Left(level[index - 1]));
            } else if index + 1 < level.len() {
                steps.push(Step::Right(level[index + 1]));
            }
            index /= 2;
            level = Self::next(&level);
        }
        Path { steps }
    }

    fn next(level: &[Digest]) -> Vec<Digest> {
        let above = |nodes: &[Digest]| match nodes {
            [left, right] => pair(left, right),
            [odd] => *odd,
            _ => unreachable!("chunks of two"),
        };
        level.chunks(2).map(above).collect()
    }

    /// Serialised by the words of ledger.md 3.4: the boundary moves left bit by bit.
    fn serialise(&self, flushed: usize) -> Vec<u8> {
        let mut out = ((self.0.len() - flushed) as u64).to_be_bytes().to_vec();
        out.extend_from_slice(&(flushed as u64).to_be_bytes());
        self.0[flushed..]
            .iter()
            .for_each(|leaf| out.extend_from_slice(leaf.as_bytes()));
        let mut boundary = flushed;
        for bit in 0..usize::BITS {
            if flushed >> bit & 1 == 1 {
                let subtree = Naive(self.0[boundary - (1 << bit)..boundary].to_vec());
                out.extend_from_slice(subtree.root().as_bytes());
                boundary -= 1 << bit;
            }
        }
        out
    }
}

#[test]
fn ledger_13_merkle_roots() {
    let expected = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "801b2d87516b57e17cd0cba517103bda889e8beba95fa22bd334816ae45b1771",
        "6e642f24819a7678099e01389f832ab23c52ad3fc2e632b90ba501dc146aa5e6",
        "be7ec8dad37c7b997397f6480e79b05a3f9ec24a1469fe85498afaa4889ed4da",
        "712b730dcf4846310786e1901a5d70124488333f9978d00da57a0854c5560984",
        "ff11d98bb6386c99456c5987da3d9848f66e95a9c1d6008829674947c436d910",
        "a2d485cde181deca247c97350654525a943307cf0bc42231e2f40f41987883be",
    ];
    for (leaves, root) in (1..).zip(expected) {
        assert_eq!(tree(leaves).root().to_string(), root, "{leaves} leaves");
    }
}

#[test]
fn ledger_13_merkle_paths() {
    let digest = |text: &str| text.parse::<Digest>().unwrap();
    let tree = tree(7);
    let of_3 = [
        Step::Left(digest(
            "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35",
        )),
        Step::Left(digest(
            "801b2d87516b57e17cd0cba517103bda889e8beba95fa22bd334816ae45b1771",
        )),
        Step::Right(digest(
            "d4b74a60e48d1c9d34775f41571d3c2d0c3dfee87bb05a87c3cfb34a66bb5600",
        )),
    ];
    let of_6 = [
        Step::Left(digest(
            "aabd9871539c37bda9f77bf47440df5a57c2a5736a04387d1c3b92dffefa47e4",
        )),
        Step::Left(digest(
            "be7ec8dad37c7b997397f6480e79b05a3f9ec24a1469fe85498afaa4889ed4da",
        )),
    ];
    assert_eq!(tree.path(3).unwrap().steps, of_3);
    assert_eq!(tree.path(6).unwrap().steps, of_6);
    assert_eq!(tree.path(3).unwrap().root(&leaf(3)), tree.root());
}

#[test]
fn ledger_13_merkle_serialised() {
    let expected = "\
        00000000000000020000000000000005\
        ef2d127de37b942baad06145e54b0c619a1f22327b2ebbcfbec78f5564afe39d\
        e7f6c011776e8db7cd330b54174fd76f7d0216b612387a5ffcfb81e6f0919683\
        4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a\
        be7ec8dad37c7b997397f6480e79b05a3f9ec24a1469fe85498afaa4889ed4da";
    let mut tree = tree(7);
    tree.flush(5).unwrap();
    assert_eq!(hex::encode(tree.serialise()), expected);
    let read = MerkleTree::deserialise(&hex::decode(expected).unwrap()).unwrap();
    assert_eq!(read, tree);
    assert_eq!((read.len(), read.first()), (7, 5));
}

#[test]
fn ledger_3_4_every_size_against_the_naive_tree() {
    let mut naive = Naive(Vec::new());
    for leaves in 1..=40 {
        naive.0.push(leaf(leaves - 1));
        for flushed in 0..leaves {
            let mut tree = tree(leaves);
            tree.flush(flushed).unwrap();
            assert_eq!(
                tree.root(),
                naive.root(),
                "{leaves} leaves, {flushed} flushed"
            );
            let serialised = tree.serialise();
            assert_eq!(serialised, naive.serialise(flushed as usize));
            assert_eq!(MerkleTree::deserialise(&serialised).as_ref(), Ok(&tree));
            for index in 0..leaves + 1 {
                let path = tree.path(index);
                if (flushed..leaves).contains(&index) {
                    assert_eq!(path.unwrap(), naive.path(index as usize));
                    assert_eq!(tree.leaf(index), Some(leaf(index)));
                } else {
                    let (first, last) = (flushed, leaves - 1);
                    assert_eq!(path, Err(MerkleError::NoLeaf { index, first, last }));
                    assert_eq!(tree.leaf(index), None);
                }
            }
        }
    }
}

#[test]
fn ledger_3_4_bounds_of_flush_and_retraction() {
    let mut tree = tree(10);
    assert_eq!(
        tree.flush(10),
        Err(MerkleError::Cut {
            to: 10,
            low: 0,
            high: 9
        })
    );
    tree.flush(6).unwrap();
    tree.flush(3).unwrap();
    assert_eq!(tree.first(), 6, "flushing less is nothing");
    assert_eq!(
        tree.retract(6),
        Err(MerkleError::Cut {
            to: 6,
            low: 7,
            high: 10
        })
    );
    tree.retract(12).unwrap();
    assert_eq!(tree.len(), 10);
    tree.retract(7).unwrap();
    assert_eq!((tree.len(), tree.first()), (7, 6));
    assert_eq!(
        tree.root().to_string(),
        "a2d485cde181deca247c97350654525a943307cf0bc42231e2f40f41987883be"
    );
}

#[test]
fn ledger_3_4_serialised_trees_that_are_refused() {
    let mut good = tree(7);
    good.flush(5).unwrap();
    let good = good.serialise();
    let refused = |bytes: &[u8]| MerkleTree::deserialise(bytes).unwrap_err();
    for len in 0..good.len() {
        assert!(
            matches!(refused(&good[..len]), MerkleError::Length { .. }),
            "cut to {len}"
        );
    }
    let longer = [&good[..], &[0]].concat();
    assert!(matches!(
        refused(&longer),
        MerkleError::Length {
            needed: 144,
            found: 145,
            ..
        }
    ));
    let mut many = good.clone();
    many[0] = 0xFF;
    assert!(matches!(refused(&many), MerkleError::Length { .. }));
    assert_eq!(refused(&[0; 16]), MerkleError::Empty);
    let all = [
        &2_u64.to_be_bytes()[..],
        &u64::MAX.to_be_bytes(),
        &[0; 66 * 32],
    ]
    .concat();
    assert_eq!(
        refused(&all),
        MerkleError::Overflow {
            leaves: 2,
            flushed: u64::MAX
        }
    );
}

#[test]
fn ledger_3_4_the_largest_flushed_count_is_read() {
    let all = [
        &1_u64.to_be_bytes()[..],
        &(u64::MAX - 1).to_be_bytes(),
        &[7; 64 * 32],
    ]
    .concat();
    let tree = MerkleTree::deserialise(&all).unwrap();
    assert_eq!(tree.len(), u64::MAX);
    assert_eq!(tree.serialise(), all);
    let path = tree.path(u64::MAX - 1).unwrap();
    assert_eq!(path.root(&Digest::from_bytes([7; 32])), tree.root());
}

/// What can be done to a tree.
#[derive(Clone, Debug)]
enum Action {
    Append(u64),
    Flush(u64),
    Retract(u64),
    Reload,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => (0_u64..40).prop_map(Action::Append),
        2 => (0_u64..300).prop_map(Action::Flush),
        2 => (0_u64..300).prop_map(Action::Retract),
        1 => Just(Action::Reload),
    ]
}

proptest! {
    #[test]
    fn ledger_3_4_any_history_against_the_naive_tree(actions in collection::vec(action(), 1..30)) {
        let (mut tree, mut naive) = (MerkleTree::new(), Naive(vec![leaf(0)]));
        let mut salt = 0;
        for action in actions {
            let len = naive.0.len() as u64;
            match action {
                Action::Append(count) => for _ in 0..count {
                    salt += 1;
                    naive.0.push(leaf(salt));
                    tree.append(leaf(salt));
                },
                Action::Flush(to) => prop_assert_eq!(tree.flush(to).is_ok(), to < len),
                Action::Retract(to) => {
                    let possible = to > tree.first();
                    prop_assert_eq!(tree.retract(to).is_ok(), possible);
                    if possible {
                        naive.0.truncate(to as usize);
                    }
                }
                Action::Reload => {
                    let read = MerkleTree::deserialise(&tree.serialise()).unwrap();
                    prop_assert_eq!(&read, &tree);
                    tree = read;
                }
            }
            prop_assert_eq!(tree.len(), naive.0.len() as u64);
            prop_assert_eq!(tree.root(), naive.root());
            prop_assert_eq!(tree.serialise(), naive.serialise(tree.first() as usize));
            for index in tree.first()..tree.len() {
                let path = tree.path(index).unwrap();
                prop_assert_eq!(path.root(&naive.0[index as usize]), tree.root());
                prop_assert_eq!(path, naive.path(index as usize));
            }
        }
    }

    #[test]
    fn ledger_3_4_deserialise_is_total(bytes in collection::vec(any::<u8>(), 0..200), small: bool) {
        let mut bytes = bytes;
        if small && bytes.len() >= 16 {
            // Counters that may fit.
            bytes[..7].fill(0);
            bytes[8..15].fill(0);
            bytes[7] %= 4;
        }
        if let Ok(tree) = MerkleTree::deserialise(&bytes) {
            prop_assert_eq!(tree.serialise(), bytes);
            let _ = tree.root();
        }
    }
}
