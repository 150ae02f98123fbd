//! `/multi_auth`: says how the caller was authenticated (apps-and-endpoints.md 11.5).

use quorate_endpoints::{ApiError, Caller, Context, Response, reply};
use quorate_tables::{MEMBERS_CERTS, MEMBERS_INFO, USERS_CERTS, USERS_INFO};
use serde_json::Value;

/// The handler. Clients recognise the policy by the first line.
pub fn handler(context: &mut Context<'_>) -> Result<Response, ApiError> {
    let caller = context.caller;
    Ok(reply::bytes(200, describe(context, caller)?))
}

fn describe(context: &mut Context<'_>, caller: &Caller) -> Result<String, ApiError> {
    let lines = match caller {
        Caller::UserCert(id) => {
            let certificate = USERS_CERTS.get(context.tx, id)?;
            let data = USERS_INFO
                .get(context.tx, id)?
                .map(|details| details.user_data);
            vec![
                "User TLS cert".to_owned(),
                format!("The caller is a user with ID: {id}"),
                "The caller's cert is:".to_owned(),
                certificate.map(|pem| pem.0).unwrap_or_default(),
                format!("The caller's user data is: {}", data.unwrap_or(Value::Null)),
            ]
        }
        Caller::MemberCert(id) => {
            let certificate = MEMBERS_CERTS.get(context.tx, id)?;
            let data = MEMBERS_INFO
                .get(context.tx, id)?
                .map(|details| details.member_data);
            vec![
                "Member TLS cert".to_owned(),
                format!("The caller is a member with ID: {id}"),
                "The caller's cert is:".to_owned(),
                certificate.map(|pem| pem.0).unwrap_or_default(),
                format!(
                    "The caller's member data is: {}",
                    data.unwrap_or(Value::Null)
                ),
            ]
        }
        Caller::AnyCert(certificate) => vec![
            "Any TLS cert".to_owned(),
            "The caller's cert is:".to_owned(),
            certificate.to_pem()?,
        ],
        Caller::UserCose(cose) => vec![
            "User COSE Sign1".to_owned(),
            format!(
                "The caller is identified by a COSE Sign1 signed by kid: {}",
                cose.id
            ),
            format!(
                "The caller is identified by a COSE Sign1 with content of size: {}",
                cose.payload.len()
            ),
        ],
        Caller::NoAuth => vec!["Unauthenticated".to_owned()],
        Caller::AllOf(callers) => return describe_all(context, callers),
        Caller::Unchecked | Caller::NodeCert(_) | Caller::MemberCose(_) => {
            return Err(ApiError::internal(
                "The caller was authenticated by an unexpected policy",
            ));
        }
    };
    Ok(lines.join("\n"))
}

fn describe_all(
    context: &mut Context<'_>,
    callers: &[(String, Caller)],
) -> Result<String, ApiError> {
    let names: Vec<&str> = callers.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("Conjoined auth policy: {}", names.join("+"));
    for (name, caller) in callers {
        text.push_str(&format!("\n\n{name}:\n{}", describe(context, caller)?));
    }
    Ok(text)
}
