//! Deciding a proposal: the constitution validates it, all ballots vote again, the constitution
//! resolves it and, once accepted, applies it (governance-api.md 4.4 to 4.7).

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use quorate_kv::{TableError, Tx};
use quorate_script::{Environment, Limits, Script, ScriptError};
use quorate_tables::{
    Failure, JS_RUNTIME_OPTIONS, MemberId, PROPOSALS, PROPOSALS_INFO, ProposalId, ProposalInfo,
    ProposalState,
};

use crate::{
    Env,
    effects::{NativeEffects, membership::MembershipGuard},
    error::GovernanceError,
};

/// Name of the constitution in errors and stacks (governance-api.md 7).
const CONSTITUTION_NAME: &str = "public:ccf.gov.constitution[0]";

/// Lets the constitution check a new proposal (governance-api.md 3.2).
pub(super) fn validate(
    tx: &mut Tx,
    constitution: &str,
    proposal: &str,
) -> Result<(), GovernanceError> {
    let environment = Environment::governance(limits(tx));
    let validation =
        match quorate_script::validate(&script(constitution), &environment, tx, proposal) {
            Ok(validation) => validation.ok_or(GovernanceError::ValidateNotAnObject)?,
            Err(ScriptError::Exception { reason, trace, .. }) => {
                return Err(GovernanceError::ValidateThrew { reason, trace });
            }
            Err(ScriptError::Native(text) | ScriptError::Aborted(text)) => {
                return Err(GovernanceError::Script(text));
            }
        };
    if validation.valid {
        Ok(())
    } else {
        Err(GovernanceError::ProposalFailedToValidate {
            description: validation.description.unwrap_or_default(),
        })
    }
}

/// Decides an open proposal with the ballots of `info`, writes the outcome and, if it is accepted,
/// applies it. Gives the information as written.
///
/// # Errors
/// Scripts that cannot be loaded, and a failing `resolve` or `apply`: then nothing of the
/// transaction may be kept.
pub(super) fn decide(
    tx: &mut Tx,
    env: &Env,
    constitution: &str,
    id: &ProposalId,
    proposal: &str,
    mut info: ProposalInfo,
) -> Result<ProposalInfo, GovernanceError> {
    let limits = limits(tx);
    let environment = Environment::governance(limits);
    let (votes, failures) = evaluate_ballots(tx, &environment, id, proposal, &info)?;
    info.state = resolve(tx, &environment, constitution, id, proposal, &info, &votes)?;
    if info.state != ProposalState::Open {
        prune(tx, id)?;
        info.final_votes = Some(votes.into_iter().collect());
        info.vote_failures = Some(failures);
    }
    // Before apply, which can read the final state.
    PROPOSALS_INFO.put(tx, id, &info)?;
    if info.state == ProposalState::Accepted {
        apply(tx, env, limits, constitution, id, proposal)?;
    }
    Ok(info)
}

/// Deletes every other proposal that is closed (governance-api.md 4.7).
pub(super) fn prune(tx: &mut Tx, keep: &ProposalId) -> Result<(), TableError> {
    for (id, info) in PROPOSALS_INFO.entries(tx)? {
        if id != *keep && info.state != ProposalState::Open {
            PROPOSALS.remove(tx, &id)?;
            PROPOSALS_INFO.remove(tx, &id)?;
        }
    }
    Ok(())
}

type Votes = Vec<(MemberId, bool)>;
type VoteFailures = BTreeMap<MemberId, Failure>;

/// Runs every stored ballot in a runtime of its own, ascending by member id (governance-api.md
/// 4.4). Ballots of members who were removed since vote on.
fn evaluate_ballots(
    tx: &mut Tx,
    environment: &Environment,
    id: &ProposalId,
    proposal: &str,
    info: &ProposalInfo,
) -> Result<(Votes, VoteFailures), GovernanceError> {
    let mut votes = Votes::new();
    let mut failures = VoteFailures::new();
    for (member, ballot) in &info.ballots {
        let name = format!("public:ccf.gov.proposals_info[{id}].ballots[m[{member}]]");
        let script = Script {
            source: ballot,
            name: &name,
        };
        let proposer = info.proposer_id.as_str();
        match quorate_script::vote(&script, environment, tx, proposal, proposer) {
            Ok(vote) => votes.push((member.clone(), vote)),
            Err(ScriptError::Exception { reason, trace, .. }) => {
                failures.insert(member.clone(), Failure { reason, trace });
            }
            Err(ScriptError::Native(text) | ScriptError::Aborted(text)) => {
                return Err(GovernanceError::Script(text));
            }
        }
    }
    Ok((votes, failures))
}

/// Asks the constitution for the new state of the proposal (governance-api.md 4.5).
fn resolve(
    tx: &mut Tx,
    environment: &Environment,
    constitution: &str,
    id: &ProposalId,
    proposal: &str,
    info: &ProposalInfo,
    votes: &Votes,
) -> Result<ProposalState, GovernanceError> {
    let votes: Vec<(String, bool)> = votes
        .iter()
        .map(|(member, vote)| (member.to_string(), *vote))
        .collect();
    let outcome = quorate_script::resolve(
        &script(constitution),
        environment,
        tx,
        proposal,
        info.proposer_id.as_str(),
        &votes,
        id.as_str(),
    );
    match outcome {
        Ok(text) => match text.as_str() {
            "Open" => Ok(ProposalState::Open),
            "Accepted" => Ok(ProposalState::Accepted),
            "Rejected" => Ok(ProposalState::Rejected),
            other => Err(GovernanceError::ProposalFailed {
                reason: format!("resolve() returned invalid status value: \"{other}\""),
                trace: None,
            }),
        },
        Err(ScriptError::Exception { reason, trace, .. }) => Err(GovernanceError::ProposalFailed {
            reason: format!("Failed to resolve(): {reason}"),
            trace,
        }),
        Err(ScriptError::Native(text) | ScriptError::Aborted(text)) => {
            Err(GovernanceError::Script(text))
        }
    }
}

/// Carries out an accepted proposal (governance-api.md 4.6).
fn apply(
    tx: &mut Tx,
    env: &Env,
    limits: Limits,
    constitution: &str,
    id: &ProposalId,
    proposal: &str,
) -> Result<(), GovernanceError> {
    let guard = MembershipGuard::before(tx)?;
    let effects = Rc::new(NativeEffects::new(env.service.clone()));
    let environment = Environment::governance_apply(limits, effects);
    let script = script(constitution);
    match quorate_script::apply(&script, &environment, tx, proposal, id.as_str()) {
        Ok(()) => guard.after(tx),
        Err(ScriptError::Exception { reason, trace, .. }) => Err(GovernanceError::ProposalFailed {
            reason: format!("Failed to apply(): {reason}"),
            trace,
        }),
        Err(ScriptError::Native(text) | ScriptError::Aborted(text)) => {
            Err(GovernanceError::Script(text))
        }
    }
}

fn script(constitution: &str) -> Script<'_> {
    Script {
        source: constitution,
        name: CONSTITUTION_NAME,
    }
}

/// The limits of governance scripts: governance can raise but never lower them for itself
/// (governance-api.md 7). Options that cannot be read must not lock members out of the governance
/// that could correct them.
fn limits(tx: &mut Tx) -> Limits {
    let options = JS_RUNTIME_OPTIONS.get(tx).unwrap_or_else(|error| {
        tracing::warn!(target: "gov", "Running with default limits: {error}");
        None
    });
    let Some(options) = options else {
        return Limits::default();
    };
    let bytes = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Limits {
        heap_bytes: bytes(options.max_heap_bytes),
        stack_bytes: bytes(options.max_stack_bytes),
        time: Duration::from_millis(options.max_execution_time_ms),
    }
    .at_least_defaults()
}
