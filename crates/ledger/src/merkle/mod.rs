//! The Merkle tree over all transactions (ledger.md 3.4): leaf i is the leaf of seqno i, leaf 0 is zeros. Where the
//! leaves come from lives in `entry`, what is done with the root in `signature`.

mod path;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::VecDeque;

use quorate_crypto::{Digest, sha256_parts};

pub use path::{Path, Step};

/// What can be wrong with a Merkle tree, or with what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MerkleError {
    /// There is no such leaf, or it was flushed.
    #[error("Merkle leaf {index}: the tree holds leaves {first} to {last}")]
    NoLeaf {
        /// The leaf asked for.
        index: u64,
        /// The first leaf present.
        first: u64,
        /// The last leaf.
        last: u64,
    },
    /// A flush or a retraction that would leave no leaf, or reach below what was flushed.
    #[error("Merkle tree cannot be cut to {to}: between {low} and {high} leaves is possible")]
    Cut {
        /// The number of leaves asked for.
        to: u64,
        /// The smallest possible.
        low: u64,
        /// The greatest possible.
        high: u64,
    },
    /// A serialised tree has no leaf.
    #[error("serialised Merkle tree: it has no leaf")]
    Empty,
    /// A serialised tree has not the length that its counters ask for.
    #[error(
        "serialised Merkle tree: {leaves} leaves and {flushed} flushed ones need {needed} bytes, found {found}"
    )]
    Length {
        /// The counter of leaves present.
        leaves: u64,
        /// The counter of flushed leaves.
        flushed: u64,
        /// The length that follows from them.
        needed: u128,
        /// The length there is.
        found: usize,
    },
    /// A serialised tree has more leaves than 64 bits count.
    #[error(
        "serialised Merkle tree: {leaves} leaves after {flushed} flushed ones are more than a seqno can count"
    )]
    Overflow {
        /// The counter of leaves present.
        leaves: u64,
        /// The counter of flushed leaves.
        flushed: u64,
    },
}

/// How many nodes of room a level keeps when it is flushed.
const RETAINED_NODES: usize = 1 << 16;

/// An append-only Merkle tree that can be flushed from the left and retracted from the right.
///
/// Of every level it keeps the complete nodes that are needed: appending costs one hash on average, the root one hash
/// per level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleTree {
    // levels[k] holds roots of complete subtrees of 2^k leaves, consecutively; levels[0] the leaves.
    levels: Vec<Level>,
    len: u64,
    first: u64,
}

/// The nodes of one level from node `base` on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Level {
    base: u64,
    nodes: VecDeque<Digest>,
}

impl Default for MerkleTree {
    fn default() -> Self {
        Self::new()
    }
}

impl MerkleTree {
    /// The tree of an empty ledger: leaf 0, which is 32 zero bytes.
    #[must_use]
    pub fn new() -> Self {
        let mut tree = Self {
            levels: Vec::new(),
            len: 0,
            first: 0,
        };
        tree.append(Digest::default());
        tree
    }

    /// Appends the next leaf.
    pub fn append(&mut self, leaf: Digest) {
        let (mut node, mut index) = (leaf, self.len);
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Level::default());
            }
            self.levels[level].nodes.push_back(node);
            if index % 2 == 0 {
                break;
            }
            // An odd node has its left sibling beside it: complete, and never flushed before its right one.
            let nodes = &self.levels[level].nodes;
            node = pair(&nodes[nodes.len() - 2], &nodes[nodes.len() - 1]);
            index /= 2;
        }
        self.len += 1;
    }

    /// The number of leaves, flushed ones included: one more than the last seqno.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Never: leaf 0 is always there.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The number of flushed leaves, which is the index of the first leaf present.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The leaf of a seqno, if it is present.
    #[must_use]
    pub fn leaf(&self, index: u64) -> Option<Digest> {
        (index >= self.first && index < self.len).then(|| self.node(0, index))
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut last = self.len - 1;
        let mut edge = self.edge(0, last, None);
        for level in 0.. {
            if last == 0 {
                break;
            }
            edge = self.above(level, last, edge);
            last /= 2;
        }
        edge
    }

    /// The path from a leaf to the root.
    pub fn path(&self, index: u64) -> Result<Path, MerkleError> {
        if index < self.first || index >= self.len {
            return Err(MerkleError::NoLeaf {
                index,
                first: self.first,
                last: self.len - 1,
            });
        }
        let mut steps = Vec::new();
        let (mut node, mut last) = (index, self.len - 1);
        let mut edge = self.edge(0, last, None);
        for level in 0.. {
            if last == 0 {
                break;
            }
            if node % 2 == 1 {
                steps.push(Step::Left(self.node(level, node - 1)));
            } else if node < last {
                let right = if node + 1 == last {
                    edge
                } else {
                    self.node(level, node + 1)
                };
                steps.push(Step::Right(right));
            }
            edge = self.above(level, last, edge);
            (node, last) = (node / 2, last / 2);
        }
        Ok(Path { steps })
    }

    /// Drops the leaves below `to` and the subtrees of them alone, but for the roots at the left edge. The last leaf
    /// must stay. A tree flushed further already is left as it is.
    pub fn flush(&mut self, to: u64) -> Result<(), MerkleError> {
        if to >= self.len {
            return Err(MerkleError::Cut {
                to,
                low: self.first,
                high: self.len - 1,
            });
        }
        if to <= self.first {
            return Ok(());
        }
        self.first = to;
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            let base = edge_base(to, level);
            nodes.nodes.drain(..(base - nodes.base) as usize);
            nodes.base = base;
            if nodes.nodes.capacity() > RETAINED_NODES {
                nodes.nodes.shrink_to(RETAINED_NODES);
            }
        }
        Ok(())
    }

    /// Drops the leaves from `len` on, as a rollback to seqno `len - 1` does. The first leaf present must stay. A
    /// shorter tree is left as it is.
    pub fn retract(&mut self, len: u64) -> Result<(), MerkleError> {
        if len <= self.first {
            return Err(MerkleError::Cut {
                to: len,
                low: self.first + 1,
                high: self.len,
            });
        }
        if len >= self.len {
            return Ok(());
        }
        self.len = len;
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            nodes.nodes.truncate(((len >> level) - nodes.base) as usize);
        }
        // The leaves never run out, so this ends at level 0 at the latest.
        while self
            .levels
            .last()
            .is_some_and(|level| level.nodes.is_empty())
        {
            self.levels.pop();
        }
        Ok(())
    }

    /// A complete node that is known to be present.
    fn node(&self, level: usize, index: u64) -> Digest {
        let level = &self.levels[level];
        level.nodes[(index - level.base) as usize]
    }

    /// The last node of a level: the complete one, or the incomplete one that was carried up to here.
    fn edge(&self, level: usize, last: u64, carried: Option<Digest>) -> Digest {
        carried.unwrap_or_else(|| self.node(level, last))
    }

    /// The last node of the level above `level`, whose last node is `last` with the value `edge`.
    fn above(&self, level: usize, last: u64, edge: Digest) -> Digest {
        if last % 2 == 1 {
            pair(&self.node(level, last - 1), &edge)
        } else {
            edge
        }
    }
}

/// The first node of a level that a tree flushed to `first` keeps: the left-edge root where that bit is set.
fn edge_base(first: u64, level: usize) -> u64 {
    let index = first >> level;
    index - index % 2
}

/// The node above two siblings: no prefix, no length (ledger.md 3.4).
fn pair(left: &Digest, right: &Digest) -> Digest {
    sha256_parts(&[left.as_bytes(), right.as_bytes()])
}
