//! The two endpoints of the older, unversioned API that PyPI's `submit_recovery_share.sh` 6.0.28 uses by
//! default (governance-api.md 14).

use std::sync::Arc;

use quorate_endpoints::context::signed_message;
use quorate_endpoints::error::{ApiError, code};
use quorate_endpoints::{
    Auth, Caller, Endpoint, Executor, Frontend, Quota, RegistrationError, reply,
};
use quorate_governance::{Env, SignedMessage, shares};
use quorate_http::Method;
use quorate_tables::{MEMBERS_INFO, MemberStatus};
use serde_json::json;

pub(super) fn register(frontend: &mut Frontend, env: &Arc<Env>) -> Result<(), RegistrationError> {
    let env = env.clone();
    frontend
        .add(
            Endpoint::new(
                Method::GET,
                "/encrypted_recovery_share/{member_id}",
                |context| {
                    let member = context.param("member_id")?.to_owned();
                    let share = shares::encrypted_share(context.tx, &member)?;
                    Ok(reply::json(
                        200,
                        &json!({ "encrypted_share": share.encrypted_share }),
                    ))
                },
            )
            .read_only()
            .auth([])
            .hidden(),
        )?
        .add(
            Endpoint::new(Method::POST, "/recovery_share", move |context| {
                let (member, message) = match context.caller {
                    Caller::MemberCert(id) => (id, certificate_message(id, &context.request.body)),
                    caller => {
                        let message = signed_message(caller)?;
                        (message.signer, message)
                    }
                };
                let details = MEMBERS_INFO.get(context.tx, member)?;
                if details.is_none_or(|details| details.status != MemberStatus::Active) {
                    return Err(ApiError::new(
                        403,
                        code::AUTHORIZATION_FAILED,
                        "Member is not active.",
                    ));
                }
                let outcome = shares::submit(context.tx, member.as_str(), &message, &env)?;
                Ok(reply::json(200, &json!({ "message": outcome.message })))
            })
            .auth([
                Auth::MemberCert,
                Auth::MemberCoseSign1 {
                    active: false,
                    msg_type: Some("recovery_share"),
                },
            ])
            .executor(Executor::Script(Quota::Governance))
            .hidden(),
        )?;
    Ok(())
}

/// A request that the member authenticated by its TLS certificate: the body is the payload itself.
fn certificate_message<'a>(
    signer: &'a quorate_tables::MemberId,
    body: &'a [u8],
) -> SignedMessage<'a> {
    SignedMessage {
        signer,
        payload: body,
        envelope: &[],
        signature: &[],
        created_at: 0,
        proposal_id: None,
    }
}
