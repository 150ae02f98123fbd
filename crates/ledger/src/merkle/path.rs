//! The path of a leaf: what a receipt proves inclusion with.

use quorate_crypto::Digest;

use super::pair;

/// One step of a path: the sibling, and on which side of it the node joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The sibling is on the left.
    Left(Digest),
    /// The sibling is on the right.
    Right(Digest),
}

/// The siblings from a leaf up to the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// Bottom to top.
    pub steps: Vec<Step>,
}

impl Path {
    /// The root that `leaf` leads to.
    #[must_use]
    pub fn root(&self, leaf: &Digest) -> Digest {
        self.steps.iter().fold(*leaf, |node, step| match step {
            Step::Left(sibling) => pair(sibling, &node),
            Step::Right(sibling) => pair(&node, sibling),
        })
    }
}
