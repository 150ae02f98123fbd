//! The governance entry points: `vote`, `resolve`, `validate`, `apply` and the check of a proposed
//! constitution. Each call has an interpreter of its own.

use std::time::Duration;

use quorate_kv::Tx;
use rquickjs::{Array, Coerced, Ctx, IntoJs, Object, Result, String as JsString, Value};

use crate::{
    Access, ConsoleTag, Environment, Limits, Script, ScriptError,
    sandbox::{Export, Sandbox, find_export},
    text,
};

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
) -> std::result::Result<bool, ScriptError> {
    call(
        script,
        environment,
        tx,
        "vote",
        |ctx| texts(ctx, &[proposal, proposer]),
        |_, value| Ok(value.get::<Coerced<bool>>()?.0),
    )
}

/// Decides a proposal: `resolve(proposal, proposer, votes, proposal_id)`, converted to a string. `votes` are
/// member ids, in ascending order, with what their ballots said.
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
) -> std::result::Result<String, ScriptError> {
    call(
        script,
        environment,
        tx,
        "resolve",
        |ctx| {
            let mut arguments = texts(ctx, &[proposal, proposer])?;
            arguments.push(votes_array(ctx, votes)?);
            arguments.extend(texts(ctx, &[proposal_id])?);
            Ok(arguments)
        },
        |_, value| {
            let Coerced(state) = value.get::<Coerced<JsString<'_>>>()?;
            text::to_text(&state)
        },
    )
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
) -> std::result::Result<Option<Validation>, ScriptError> {
    call(
        script,
        environment,
        tx,
        "validate",
        |ctx| texts(ctx, &[proposal]),
        |_, value| {
            let Some(result) = value.as_object() else {
                return Ok(None);
            };
            let Coerced(valid) = result.get::<_, Coerced<bool>>("valid")?;
            let description: Value<'_> = result.get("description")?;
            let description = description.as_string().map(text::to_text).transpose()?;
            Ok(Some(Validation { valid, description }))
        },
    )
}

/// Carries out an accepted proposal: `apply(proposal, proposal_id)`.
///
/// # Errors
/// See [`ScriptError`]. The transaction may hold writes of the failed call: the caller drops it.
pub fn apply(
    script: &Script<'_>,
    environment: &Environment,
    tx: &mut Tx,
    proposal: &str,
    proposal_id: &str,
) -> std::result::Result<(), ScriptError> {
    call(
        script,
        environment,
        tx,
        "apply",
        |ctx| texts(ctx, &[proposal, proposal_id]),
        |_, _| Ok(()),
    )
}

/// What `ccf.gov.validateConstitution` checks: that `text` exports `apply`, `resolve` and `validate` with the
/// right number of parameters.
///
/// # Errors
/// The text of the TypeError that a script sees, not cut (js-runtime.md 8.1).
pub fn validate_constitution(text: &str) -> std::result::Result<(), String> {
    validate_constitution_within(text, Limits::default().time)
}

/// [`validate_constitution`], in at most this time.
pub(crate) fn validate_constitution_within(
    text: &str,
    time: Duration,
) -> std::result::Result<(), String> {
    const CHECKS: [(&str, &str, std::ops::RangeInclusive<usize>); 3] = [
        ("apply", "proposal, proposerId", 2..=2),
        (
            "resolve",
            "proposal, proposerId, votes[, proposalId]",
            3..=4,
        ),
        ("validate", "input", 1..=1),
    ];
    let environment = Environment {
        access: Access::GovReadOnly,
        limits: Limits::default(),
        effects: None,
        log: ConsoleTag::Gov,
    };
    let script = Script {
        source: text,
        name: "proposed constitution",
    };
    if text.is_empty() {
        return Err("constitution is empty".to_owned());
    }
    let missing = |name: &str, why: ScriptError| {
        format!("proposed constitution does not export a function named {name}: {why}")
    };
    let first = CHECKS[0].0;
    let sandbox = Sandbox::empty(&environment, time).map_err(|why| missing(first, why))?;
    sandbox
        .load(&script, None, |ctx, namespace| {
            for (name, parameters, allowed) in CHECKS {
                let function =
                    find_export(ctx, namespace, &script, name).map_err(|why| missing(name, why))?;
                let Coerced(length) = function.get::<_, Coerced<f64>>("length").map_err(|_| {
                    ctx.catch();
                    missing(name, ScriptError::Native("it has no length".to_owned()))
                })?;
                if !allowed.clone().any(|count| count as f64 == length) {
                    let expected = if allowed.start() == allowed.end() {
                        format!("{} ({parameters})", counted(*allowed.start() as f64))
                    } else {
                        format!(
                            "between {} and {} args ({parameters})",
                            allowed.start(),
                            allowed.end()
                        )
                    };
                    return Err(format!(
                        "proposed constitution exports function {name} with {}, expected {expected}",
                        counted(length)
                    ));
                }
            }
            Ok(())
        })
        .map_err(|why| missing(first, why))?
}

fn counted(count: f64) -> String {
    let noun = if count == 1.0 { "arg" } else { "args" };
    format!("{count} {noun}")
}

fn call<R>(
    script: &Script<'_>,
    environment: &Environment,
    tx: &mut Tx,
    function: &str,
    arguments: impl for<'js> FnOnce(&Ctx<'js>) -> Result<Vec<Value<'js>>>,
    convert: impl for<'js> FnOnce(&Ctx<'js>, Value<'js>) -> Result<R>,
) -> std::result::Result<R, ScriptError> {
    let sandbox = Sandbox::new(environment)?;
    let export = sandbox.load(script, Some(&mut *tx), |ctx, namespace| {
        find_export(ctx, namespace, script, function).map(|function| Export::of(ctx, function))
    })??;
    sandbox.call(&export, tx, arguments, convert)
}

fn texts<'js>(ctx: &Ctx<'js>, texts: &[&str]) -> Result<Vec<Value<'js>>> {
    texts
        .iter()
        .map(|text| Ok(JsString::from_str(ctx.clone(), text)?.into_value()))
        .collect()
}

fn votes_array<'js>(ctx: &Ctx<'js>, votes: &[(String, bool)]) -> Result<Value<'js>> {
    let array = Array::new(ctx.clone())?;
    for (index, (member_id, vote)) in votes.iter().enumerate() {
        let ballot = Object::new(ctx.clone())?;
        ballot.set("member_id", member_id.as_str().into_js(ctx)?)?;
        ballot.set("vote", *vote)?;
        array.set(index, ballot)?;
    }
    Ok(array.into_value())
}
