//! What actions on nodes need of native code. A service of this version has one node, and its
//! constitution may be any: so a change of the set of nodes is refused here, after `apply`.

use std::collections::BTreeMap;

use quorate_kv::{TableError, Tx};
use quorate_script::EffectError;
use quorate_tables::{NODES_INFO, NodeId, NodeStatus};

use crate::{
    context::{ServiceContext, secrets_for},
    effects::refusal,
    error::GovernanceError,
};

/// `ccf.network.getLatestLedgerSecretSeqno()`: the seqno from which the latest secret applies.
pub(super) fn latest_ledger_secret_seqno(
    tx: &mut Tx,
    service: &dyn ServiceContext,
) -> Result<u64, EffectError> {
    let secrets = secrets_for(tx, service).map_err(refusal)?;
    Ok(secrets.latest.valid_from)
}

/// The nodes before `apply`, to be compared with those after it.
pub(crate) struct MembershipGuard {
    before: BTreeMap<NodeId, NodeStatus>,
}

impl MembershipGuard {
    /// Remembers the nodes as they are.
    pub(crate) fn before(tx: &mut Tx) -> Result<Self, TableError> {
        Ok(Self {
            before: statuses(tx)?,
        })
    }

    /// Refuses an `apply` that added or removed a node or changed the status of one.
    pub(crate) fn after(self, tx: &mut Tx) -> Result<(), GovernanceError> {
        let after = statuses(tx)?;
        let changed = self
            .before
            .keys()
            .chain(after.keys())
            .find(|node| self.before.get(*node) != after.get(*node));
        let Some(node) = changed else { return Ok(()) };
        let name = |status: Option<&NodeStatus>| match status {
            None => "absent",
            Some(NodeStatus::Pending) => "Pending",
            Some(NodeStatus::Trusted) => "Trusted",
            Some(NodeStatus::Retired) => "Retired",
        };
        Err(GovernanceError::ProposalFailed {
            reason: format!(
                "Failed to apply(): Adding, trusting and removing nodes is not available in this \
                 version yet: the proposal would change node n[{node}] from {} to {}",
                name(self.before.get(node)),
                name(after.get(node)),
            ),
            trace: None,
        })
    }
}

fn statuses(tx: &mut Tx) -> Result<BTreeMap<NodeId, NodeStatus>, TableError> {
    let nodes = NODES_INFO.entries(tx)?;
    Ok(nodes
        .into_iter()
        .map(|(node, info)| (node, info.status))
        .collect())
}
