//! The serialised tree: the value of `public:ccf.internal.tree` (ledger.md 3.4). Its integers are big-endian.

use quorate_crypto::Digest;

use super::{Level, MerkleError, MerkleTree, edge_base};

/// The two counters.
const COUNTERS: usize = 16;

impl MerkleTree {
    /// The serialised tree: the leaves present, and one root per set bit of the number of flushed ones.
    #[must_use]
    pub fn serialise(&self) -> Vec<u8> {
        let leaves = self.len - self.first;
        let digests = leaves + u64::from(self.first.count_ones());
        let mut out = Vec::with_capacity(COUNTERS + digests as usize * Digest::LEN);
        out.extend_from_slice(&leaves.to_be_bytes());
        out.extend_from_slice(&self.first.to_be_bytes());
        for index in self.first..self.len {
            out.extend_from_slice(self.node(0, index).as_bytes());
        }
        for level in set_bits(self.first) {
            out.extend_from_slice(self.node(level, edge_base(self.first, level)).as_bytes());
        }
        out
    }

    /// Reads a serialised tree. The root is not compared with anything: do that.
    pub fn deserialise(bytes: &[u8]) -> Result<Self, MerkleError> {
        let Some((counters, digests)) = bytes.split_first_chunk::<COUNTERS>() else {
            return Err(MerkleError::Length {
                leaves: 0,
                flushed: 0,
                needed: COUNTERS as u128,
                found: bytes.len(),
            });
        };
        let counters = u128::from_be_bytes(*counters);
        let (leaves, flushed) = ((counters >> 64) as u64, counters as u64);
        let edge = flushed.count_ones();
        let needed =
            COUNTERS as u128 + (u128::from(leaves) + u128::from(edge)) * Digest::LEN as u128;
        if bytes.len() as u128 != needed {
            return Err(MerkleError::Length {
                leaves,
                flushed,
                needed,
                found: bytes.len(),
            });
        }
        if leaves == 0 {
            return Err(MerkleError::Empty);
        }
        if flushed.checked_add(leaves).is_none() {
            return Err(MerkleError::Overflow { leaves, flushed });
        }
        let (digests, _) = digests.as_chunks::<{ Digest::LEN }>();
        // The length was checked: at least one leaf, and one digest per bit.
        let (leaves, edge) = digests.split_at(digests.len() - edge as usize);
        let mut tree = Self {
            levels: Vec::new(),
            len: flushed,
            first: flushed,
        };
        let heights = (u64::BITS - flushed.leading_zeros()) as usize;
        tree.levels.extend((0..heights).map(|level| Level {
            base: edge_base(flushed, level),
            ..Level::default()
        }));
        for (level, root) in set_bits(flushed).zip(edge) {
            tree.levels[level]
                .nodes
                .push_back(Digest::from_bytes(*root));
        }
        for leaf in leaves {
            tree.append(Digest::from_bytes(*leaf));
        }
        Ok(tree)
    }
}

/// The set bits of a number, from the least significant one.
fn set_bits(number: u64) -> impl Iterator<Item = usize> {
    (0..64).filter(move |bit| number >> bit & 1 == 1)
}
