//! What members do: propose, vote, withdraw, ack.

use quorate_governance::{
    GovernanceError, SignedMessage, members, proposals, proposals::ProposalView,
};
use serde_json::Value;

use super::{World, YES, message};

impl World {
    /// A proposal with all that a signed message has.
    pub fn create_signed(
        &mut self,
        member: usize,
        payload: &str,
        created_at: i64,
        signature: &[u8],
    ) -> Result<ProposalView, GovernanceError> {
        let root = self.root();
        let signer = self.members[member].id.clone();
        let envelope = format!("envelope of {}", String::from_utf8_lossy(signature));
        let view = self.run(|tx, env| {
            let message = SignedMessage {
                signer: &signer,
                payload: payload.as_bytes(),
                envelope: envelope.as_bytes(),
                signature,
                created_at,
                proposal_id: None,
            };
            proposals::create(tx, &message, &root, env)
        })?;
        let id = view.proposal_id.to_string();
        self.name(&id, &format!("p{}", self.proposals.len()));
        self.proposals.push(id);
        Ok(view)
    }

    /// A proposal, ten seconds after the last.
    pub fn create(
        &mut self,
        member: usize,
        payload: &str,
    ) -> Result<ProposalView, GovernanceError> {
        let signature = self.fresh_signature();
        self.next_created_at += 10;
        self.create_signed(member, payload, self.next_created_at, &signature)
    }

    /// A ballot on a proposal, by its id.
    pub fn vote(
        &mut self,
        member: usize,
        proposal: &str,
        ballot: &str,
    ) -> Result<ProposalView, GovernanceError> {
        let payload = serde_json::json!({ "ballot": ballot }).to_string();
        self.vote_raw(member, proposal, &payload)
    }

    /// A ballot message with any payload.
    pub fn vote_raw(
        &mut self,
        member: usize,
        proposal: &str,
        payload: &str,
    ) -> Result<ProposalView, GovernanceError> {
        let signer = self.members[member].id.clone();
        self.run(|tx, env| {
            let message = SignedMessage {
                payload: payload.as_bytes(),
                proposal_id: Some(proposal),
                ..message(&signer)
            };
            proposals::submit_ballot(tx, proposal, signer.as_str(), &message, env)
        })
    }

    pub fn withdraw(
        &mut self,
        member: usize,
        proposal: &str,
    ) -> Result<Option<ProposalView>, GovernanceError> {
        let signer = self.members[member].id.clone();
        self.run(|tx, _| {
            let message = SignedMessage {
                proposal_id: Some(proposal),
                ..message(&signer)
            };
            proposals::withdraw(tx, proposal, &message)
        })
    }

    /// A member fetches its state digest and signs it.
    pub fn ack(&mut self, member: usize) -> Result<(), GovernanceError> {
        let signer = self.members[member].id.clone();
        let digest = self
            .run(|tx, _| members::update_state_digest(tx, signer.as_str(), &message(&signer)))?
            .state_digest;
        let payload = serde_json::json!({ "stateDigest": digest }).to_string();
        self.run(|tx, env| {
            let message = SignedMessage {
                payload: payload.as_bytes(),
                ..message(&signer)
            };
            members::ack(tx, signer.as_str(), &message, env)
        })
    }

    /// A proposal of one action that all members vote for until it closes.
    pub fn pass(&mut self, payload: &str) -> Result<ProposalView, GovernanceError> {
        let mut view = self.create(0, payload)?;
        for member in 0..self.members.len() {
            if view.proposal_state != quorate_tables::ProposalState::Open {
                break;
            }
            let id = view.proposal_id.to_string();
            view = self.vote(member, &id, YES)?;
        }
        Ok(view)
    }

    /// Passes a proposal of one action, as the default constitution has them.
    pub fn pass_action(
        &mut self,
        name: &str,
        args: &Value,
    ) -> Result<ProposalView, GovernanceError> {
        self.pass(&serde_json::json!({"actions": [{"name": name, "args": args}]}).to_string())
    }
}
