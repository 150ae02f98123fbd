//! Recovery shares (governance-api.md 3.7, 3.8).

use std::sync::Arc;

use quorate_endpoints::context::signed_message;
use quorate_endpoints::{Auth, Frontend, RegistrationError};
use quorate_governance::{Env, shares};

use super::{json, read, write};

pub(super) fn register(frontend: &mut Frontend, env: &Arc<Env>) -> Result<(), RegistrationError> {
    let env = env.clone();
    frontend
        .add(read("/recovery/encrypted-shares/{memberId}", |context| {
            let member = context.param("memberId")?.to_owned();
            json(&shares::encrypted_share(context.tx, &member)?)
        }))?
        .add(write(
            "/recovery/members/{memberId}:recover",
            Auth::active_member("recovery_share"),
            move |context| {
                let message = signed_message(context.caller)?;
                let member = context.param("memberId")?.to_owned();
                json(&shares::submit(context.tx, &member, &message, &env)?)
            },
        ))?;
    Ok(())
}
