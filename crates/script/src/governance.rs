//! The governance entry points: `vote`, `resolve`, `validate`, `apply` and the
//! check of a proposed constitution.

use quorate_kv::Tx;

use crate::{Environment, Script, ScriptError};

/// What `validate` answered (js-runtime.md 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// Truthiness of the result's `valid`.
    pub valid: bool,
    /// The result's `description`, when it is a string.
    pub description: Option<String>,
}

/// Evaluates a ballot: the truthiness of `vote(proposal, proposer)`.
///
/// # Errors
/// See [`ScriptError`].
pub fn vote(
    script: &Script<'_>,
    environment: &Environment,
    tx: &mut Tx,
    proposal: &str,
    proposer: &str,
) -> Result<bool, ScriptError> {
    let _ = (script, environment, tx, proposal, proposer);
    Err(ScriptError::Native("not built yet".to_owned()))
}

/// Decides a proposal: `resolve(proposal, proposer, votes, proposal_id)`,
/// converted to a string. `votes` are member ids, in ascending order, with
/// what their ballots said.
///
/// # Errors
/// See [`ScriptError`].
pub fn resolve(
    script: &Script<'_>,
    environment: &Environment,
    tx: &mut Tx,
    proposal: &str,
    proposer: &str,
    votes: &[(String, bool)],
    proposal_id: &str,
) -> Result<String, ScriptError> {
    let _ = (
        script,
        environment,
        tx,
        proposal,
        proposer,
        votes,
        proposal_id,
    );
    Err(ScriptError::Native("not built yet".to_owned()))
}

/// Checks a proposal: `validate(proposal)`. `None` when the result is no object.
///
/// # Errors
/// See [`ScriptError`].
pub fn validate(
    script: &Script<'_>,
    environment: &Environment,
    tx: &mut Tx,
    proposal: &str,
) -> Result<Option<Validation>, ScriptError> {
    let _ = (script, environment, tx, proposal);
    Err(ScriptError::Native("not built yet".to_owned()))
}

/// Carries out an accepted proposal: `apply(proposal, proposal_id)`.
///
/// # Errors
/// See [`ScriptError`]. The transaction may hold writes of the failed call:
/// the caller drops it.
pub fn apply(
    script: &Script<'_>,
    environment: &Environment,
    tx: &mut Tx,
    proposal: &str,
    proposal_id: &str,
) -> Result<(), ScriptError> {
    let _ = (script, environment, tx, proposal, proposal_id);
    Err(ScriptError::Native("not built yet".to_owned()))
}

/// `ccf.gov.validateConstitution`: whether `text` exports `apply`, `resolve`
/// and `validate` with the right number of parameters.
///
/// # Errors
/// The text of the TypeError that a script sees, not cut (js-runtime.md 8.1).
pub fn validate_constitution(text: &str) -> Result<(), String> {
    let _ = text;
    Err("not built yet".to_owned())
}
