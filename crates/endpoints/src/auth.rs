//! Authentication policies (apps-and-endpoints.md 5, governance-api.md 2.2): their names, their
//! order, and the answer when none accepts. The single checks are in [`cert`] and [`cose`].

mod cert;
mod cose;

pub use cert::{CertificateCache, ParsedCertificate};
use quorate_http::Request;
use quorate_kv::Tx;
use serde_json::{Value, json};

use crate::{
    caller::Caller,
    error::{ApiError, RegistrationError, code},
};

/// An authentication policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A registered user's TLS client certificate, within its validity period.
    UserCert,
    /// A registered member's TLS client certificate; the member may have any status.
    MemberCert,
    /// Any TLS client certificate within its validity period.
    AnyCert,
    /// A node's TLS client certificate.
    NodeCert,
    /// Always succeeds.
    NoAuth,
    /// The body is a COSE_Sign1 envelope signed by a user.
    UserCoseSign1,
    /// The body is a COSE_Sign1 envelope signed by a member.
    MemberCoseSign1 {
        /// Whether the member must be active.
        active: bool,
        /// The message type that must have been signed, if any certain one.
        msg_type: Option<&'static str>,
    },
    /// A JSON Web Token. Not built yet: registration refuses it.
    Jwt,
    /// All of these succeed.
    AllOf(Vec<Auth>),
}

/// Value of `www-authenticate` where a COSE policy comes last.
const COSE_CHALLENGE: &str = "COSE-SIGN1 realm=\"Signed request access\"";

impl Auth {
    /// Active members only, with the given message type.
    pub const fn active_member(msg_type: &'static str) -> Self {
        Self::MemberCoseSign1 {
            active: true,
            msg_type: Some(msg_type),
        }
    }

    /// Any registered member, with the given message type.
    pub const fn member(msg_type: &'static str) -> Self {
        Self::MemberCoseSign1 {
            active: false,
            msg_type: Some(msg_type),
        }
    }

    /// Name of the policy, as in error details.
    pub fn name(&self) -> String {
        match self {
            Self::UserCert => "user_cert",
            Self::MemberCert => "member_cert",
            Self::AnyCert => "any_cert",
            Self::NodeCert => "node_cert",
            Self::NoAuth => "no_auth",
            Self::UserCoseSign1 => "user_cose_sign1",
            Self::MemberCoseSign1 { active: true, .. } => "active_member_cose_sign1",
            Self::MemberCoseSign1 { active: false, .. } => "member_cose_sign1",
            Self::Jwt => "jwt",
            Self::AllOf(policies) => return conjoined_name(policies),
        }
        .to_owned()
    }

    /// The security requirement of OpenAPI documents (apps-and-endpoints.md 5.4): certificates
    /// cannot be described there.
    pub(crate) fn security(&self) -> Option<Value> {
        match self {
            Self::NoAuth => Some(json!({})),
            Self::Jwt => Some(json!({ "jwt": [] })),
            Self::UserCoseSign1 => Some(json!({ "user_cose_sign1": [] })),
            Self::MemberCoseSign1 { .. } => Some(json!({ "member_cose_sign1": [] })),
            Self::UserCert | Self::MemberCert | Self::AnyCert | Self::NodeCert | Self::AllOf(_) => {
                None
            }
        }
    }

    /// Puts the policies of an `all_of` into the order in which they are tried, and refuses
    /// duplicates and policies that are not built.
    pub(crate) fn prepare(self, method: &str, template: &str) -> Result<Self, RegistrationError> {
        let refuse = |policy: String, reason| RegistrationError::Policy {
            method: method.to_owned(),
            template: template.to_owned(),
            policy,
            reason,
        };
        match self {
            Self::Jwt => Err(refuse(
                "jwt".to_owned(),
                "which is not available in this version yet",
            )),
            Self::AllOf(policies) if policies.is_empty() => Err(refuse(
                "all_of".to_owned(),
                "but names none that must succeed",
            )),
            Self::AllOf(policies) => {
                let mut prepared = Vec::new();
                for policy in policies {
                    if matches!(policy, Self::AllOf(_)) {
                        return Err(refuse(policy.name(), "but all_of cannot be nested"));
                    }
                    prepared.push(policy.prepare(method, template)?);
                }
                prepared.sort_by_key(Self::name);
                let conjoined = conjoined_name(&prepared);
                match prepared
                    .windows(2)
                    .find(|pair| pair[0].name() == pair[1].name())
                {
                    Some(pair) => {
                        let name = pair[0].name();
                        Err(RegistrationError::DuplicatePolicy { name, conjoined })
                    }
                    None => Ok(Self::AllOf(prepared)),
                }
            }
            other => Ok(other),
        }
    }
}

/// Names of conjoined policies in alphabetical order, joined by `+`.
fn conjoined_name(policies: &[Auth]) -> String {
    let mut names: Vec<String> = policies.iter().map(Auth::name).collect();
    names.sort();
    names.join("+")
}

/// What the policies look at.
pub(crate) struct Evidence<'a> {
    pub request: &'a Request,
    pub tx: &'a mut Tx,
    /// Unix seconds.
    pub now: i64,
    pub certificates: &'a CertificateCache,
}

/// Why a policy does not accept.
pub(crate) enum Refusal {
    /// The next policy is tried.
    Reason {
        /// Text for the error's details.
        message: String,
        /// Value of `www-authenticate`.
        challenge: Option<&'static str>,
    },
    /// The evaluation ends with this error.
    Fatal(ApiError),
}

impl Refusal {
    fn plain(message: impl Into<String>) -> Self {
        Self::Reason {
            message: message.into(),
            challenge: None,
        }
    }

    fn cose(message: impl Into<String>) -> Self {
        Self::Reason {
            message: message.into(),
            challenge: Some(COSE_CHALLENGE),
        }
    }
}

impl<E: Into<ApiError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Fatal(error.into())
    }
}

/// Tries the policies in order; the first that accepts defines the caller.
pub(crate) fn authenticate(
    policies: &[Auth],
    evidence: &mut Evidence<'_>,
) -> Result<Caller, ApiError> {
    if policies.is_empty() {
        return Ok(Caller::Unchecked);
    }
    let mut details = Vec::new();
    let mut last_challenge = None;
    for policy in policies {
        match check(policy, evidence) {
            Ok(caller) => return Ok(caller),
            Err(Refusal::Fatal(error)) => return Err(error),
            Err(Refusal::Reason { message, challenge }) => {
                details.push(json!({
                    "auth_policy": policy.name(),
                    "code": code::INVALID_AUTHENTICATION_INFO,
                    "message": message,
                }));
                last_challenge = challenge;
            }
        }
    }
    let mut error = ApiError::new(
        401,
        code::INVALID_AUTHENTICATION_INFO,
        "Invalid authentication credentials.",
    );
    error.details = details;
    Err(match last_challenge {
        Some(challenge) => error.with_header("www-authenticate", challenge),
        None => error,
    })
}

fn check(policy: &Auth, evidence: &mut Evidence<'_>) -> Result<Caller, Refusal> {
    match policy {
        Auth::NoAuth => Ok(Caller::NoAuth),
        Auth::UserCert => cert::user(evidence),
        Auth::MemberCert => cert::member(evidence),
        Auth::AnyCert => cert::any(evidence),
        Auth::NodeCert => cert::node(evidence),
        Auth::UserCoseSign1 => cose::user(evidence),
        Auth::MemberCoseSign1 { active, msg_type } => cose::member(evidence, *active, *msg_type),
        Auth::AllOf(policies) => all_of(policies, evidence),
        Auth::Jwt => Err(Refusal::Fatal(ApiError::not_implemented(
            "Policy jwt is not available in this version yet",
        ))),
    }
}

fn all_of(policies: &[Auth], evidence: &mut Evidence<'_>) -> Result<Caller, Refusal> {
    let mut callers = Vec::with_capacity(policies.len());
    for policy in policies {
        let name = policy.name();
        match check(policy, evidence) {
            Ok(caller) => callers.push((name, caller)),
            Err(Refusal::Reason { message, challenge }) => {
                return Err(Refusal::Reason {
                    message: format!("{name}:{message}"),
                    challenge,
                });
            }
            Err(fatal) => return Err(fatal),
        }
    }
    Ok(Caller::AllOf(callers))
}

#[cfg(test)]
mod tests;
