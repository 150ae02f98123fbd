//! Proposals, ballots and state digests (governance-api.md 3.2 to 3.6).

use std::sync::Arc;

use quorate_endpoints::context::signed_message;
use quorate_endpoints::error::ApiError;
use quorate_endpoints::{Auth, Frontend, RegistrationError, reply};
use quorate_governance::{Env, GovernanceError, members, proposals};

use super::{javascript, json, read, write};

pub(super) fn register(frontend: &mut Frontend, env: &Arc<Env>) -> Result<(), RegistrationError> {
    proposal_endpoints(frontend, env)?;
    ballot_endpoints(frontend, env)?;
    digest_endpoints(frontend, env)
}

fn proposal_endpoints(frontend: &mut Frontend, env: &Arc<Env>) -> Result<(), RegistrationError> {
    let create_env = env.clone();
    frontend
        .add(
            write(
                "/members/proposals:create",
                Auth::active_member("proposal"),
                move |context| {
                    let message = signed_message(context.caller)?;
                    let root = context
                        .root
                        .ok_or(ApiError::from(GovernanceError::NotBound))?;
                    json(&proposals::create(
                        context.tx,
                        &message,
                        &root,
                        &create_env,
                    )?)
                },
            )
            .with_root(),
        )?
        .add(read("/members/proposals", |context| {
            json(&proposals::list(context.tx)?)
        }))?
        .add(read("/members/proposals/{proposalId}", |context| {
            let id = context.param("proposalId")?.to_owned();
            json(&proposals::get(context.tx, &id)?)
        }))?
        .add(read("/members/proposals/{proposalId}/actions", |context| {
            let id = context.param("proposalId")?.to_owned();
            Ok(reply::bytes(200, proposals::actions(context.tx, &id)?))
        }))?
        .add(write(
            "/members/proposals/{proposalId}:withdraw",
            Auth::active_member("withdrawal"),
            |context| {
                let message = signed_message(context.caller)?;
                let id = context.param("proposalId")?.to_owned();
                match proposals::withdraw(context.tx, &id, &message)? {
                    Some(proposal) => json(&proposal),
                    None => Ok(reply::empty(204)),
                }
            },
        ))?;
    Ok(())
}

fn ballot_endpoints(frontend: &mut Frontend, env: &Arc<Env>) -> Result<(), RegistrationError> {
    let env = env.clone();
    frontend
        .add(write(
            "/members/proposals/{proposalId}/ballots/{memberId}:submit",
            Auth::active_member("ballot"),
            move |context| {
                let message = signed_message(context.caller)?;
                let proposal = context.param("proposalId")?.to_owned();
                let member = context.param("memberId")?.to_owned();
                json(&proposals::submit_ballot(
                    context.tx, &proposal, &member, &message, &env,
                )?)
            },
        ))?
        .add(read(
            "/members/proposals/{proposalId}/ballots/{memberId}",
            |context| {
                let proposal = context.param("proposalId")?.to_owned();
                let member = context.param("memberId")?.to_owned();
                Ok(javascript(proposals::ballot(
                    context.tx, &proposal, &member,
                )?))
            },
        ))?;
    Ok(())
}

fn digest_endpoints(frontend: &mut Frontend, env: &Arc<Env>) -> Result<(), RegistrationError> {
    let env = env.clone();
    frontend
        .add(read("/members/state-digests/{memberId}", |context| {
            let member = context.param("memberId")?.to_owned();
            json(&members::state_digest(context.tx, &member)?)
        }))?
        .add(write(
            "/members/state-digests/{memberId}:update",
            Auth::member("state_digest"),
            |context| {
                let message = signed_message(context.caller)?;
                let member = context.param("memberId")?.to_owned();
                json(&members::update_state_digest(
                    context.tx, &member, &message,
                )?)
            },
        ))?
        .add(write(
            "/members/state-digests/{memberId}:ack",
            Auth::member("ack"),
            move |context| {
                let message = signed_message(context.caller)?;
                let member = context.param("memberId")?.to_owned();
                members::ack(context.tx, &member, &message, &env)?;
                Ok(reply::empty(204))
            },
        ))?;
    Ok(())
}
