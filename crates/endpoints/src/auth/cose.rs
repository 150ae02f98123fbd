//! Policies on a signed body (governance-api.md 2, apps-and-endpoints.md 5.2). Decoding and
//! verification are in `quorate_crypto::cose`; here is the order of the checks.

use bytes::Bytes;
use quorate_crypto::{
    EcPublicKey,
    cert::Certificate,
    cose::{LabelSet, SignedRequest, decode_request_with},
};
use quorate_http::Request;
use quorate_tables::{
    MEMBERS_CERTS, MEMBERS_INFO, MemberId, MemberStatus, Pem, USERS_CERTS, UserId,
};

use super::{Evidence, Refusal};
use crate::{
    caller::{Caller, CoseIdentity},
    error::ApiError,
};

/// The labels of users' messages; both headers are optional.
const USER_LABELS: LabelSet = LabelSet {
    msg_type: "ccf.msg.type",
    created_at: "ccf.msg.created_at",
    proposal_id: None,
    created_at_required: false,
};

pub(super) fn member(
    evidence: &mut Evidence<'_>,
    active: bool,
    msg_type: Option<&'static str>,
) -> Result<Caller, Refusal> {
    let signed = decode(evidence.request, &LabelSet::GOVERNANCE)?;
    let unknown = || Refusal::cose("Signer is not a known member");
    let id: MemberId = signed
        .kid_text()
        .and_then(|kid| kid.parse().ok())
        .ok_or_else(unknown)?;
    let certificate = MEMBERS_CERTS.get(evidence.tx, &id)?.ok_or_else(unknown)?;
    verify(&signed, &certificate)?;
    if let Some(expected) = msg_type {
        check_type(signed.msg_type.as_deref(), expected)?;
    }
    if active {
        let details = MEMBERS_INFO.get(evidence.tx, &id)?;
        if details.is_none_or(|details| details.status != MemberStatus::Active) {
            return Err(Refusal::cose("Signer is not an ACTIVE member"));
        }
    }
    Ok(Caller::MemberCose(Box::new(identity(
        id,
        signed,
        &evidence.request.body,
    ))))
}

pub(super) fn user(evidence: &mut Evidence<'_>) -> Result<Caller, Refusal> {
    let signed = decode(evidence.request, &USER_LABELS)?;
    let unknown = || Refusal::cose("Signer is not a known user");
    let id: UserId = signed
        .kid_text()
        .and_then(|kid| kid.parse().ok())
        .ok_or_else(unknown)?;
    let certificate = USERS_CERTS.get(evidence.tx, &id)?.ok_or_else(unknown)?;
    verify(&signed, &certificate)?;
    Ok(Caller::UserCose(Box::new(identity(
        id,
        signed,
        &evidence.request.body,
    ))))
}

/// Steps 1 to 3 of governance-api.md 2.2. A body that cannot be decoded ends the evaluation with
/// 500, which clients rely on.
fn decode(request: &Request, labels: &LabelSet) -> Result<SignedRequest, Refusal> {
    match request.headers.get("content-type") {
        None => return Err(Refusal::cose("Missing content-type header")),
        Some(value) if value != b"application/cose" => {
            return Err(Refusal::cose("Content type is not set to application/cose"));
        }
        Some(_) => {}
    }
    let signed = decode_request_with(&request.body, labels)
        .map_err(|error| Refusal::Fatal(ApiError::internal(error.to_string())))?;
    if !signed.is_ecdsa() {
        return Err(Refusal::cose(format!(
            "Unsupported algorithm: {}",
            signed.alg
        )));
    }
    Ok(signed)
}

/// Step 5. The certificate's validity period is not looked at.
fn verify(signed: &SignedRequest, certificate: &Pem) -> Result<(), Refusal> {
    let key = signing_key(certificate)
        .map_err(|error| Refusal::Fatal(ApiError::internal(error.to_string())))?;
    if signed.verify(&key) {
        Ok(())
    } else {
        Err(Refusal::cose("Failed to validate COSE Sign1"))
    }
}

fn signing_key(certificate: &Pem) -> Result<EcPublicKey, quorate_crypto::CryptoError> {
    Ok(Certificate::from_pem(&certificate.0)?
        .ec_public_key()?
        .clone())
}

/// Step 6.
fn check_type(found: Option<&str>, expected: &str) -> Result<(), Refusal> {
    let label = LabelSet::GOVERNANCE.msg_type;
    match found {
        Some(found) if found == expected => Ok(()),
        Some(found) => Err(Refusal::cose(format!(
            "Found {label} set to {found}, expected {label} to be {expected}"
        ))),
        None => Err(Refusal::cose(format!(
            "Missing {label}, expected {label} to be {expected}"
        ))),
    }
}

fn identity<Id>(id: Id, signed: SignedRequest, body: &Bytes) -> CoseIdentity<Id> {
    CoseIdentity {
        id,
        payload: signed.payload.into(),
        envelope: body.clone(),
        signature: signed.signature.into(),
        msg_type: signed.msg_type,
        created_at: signed.created_at,
        proposal_id: signed.proposal_id,
    }
}
