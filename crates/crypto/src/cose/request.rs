//! Requests signed by members and users (governance-api.md 2 and 12.1).

use super::CoseError;
use crate::cert::Certificate;
use crate::{CryptoError, EcKeyPair, EcPublicKey};

/// The text labels of the header parameters that a policy reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelSet {
    /// The label of the message type.
    pub msg_type: &'static str,
    /// The label of the time.
    pub created_at: &'static str,
    /// The label of the proposal id, if the policy has one.
    pub proposal_id: Option<&'static str>,
    /// Whether the time must be present.
    pub created_at_required: bool,
}

impl LabelSet {
    /// The labels of governance requests.
    pub const GOVERNANCE: Self = Self {
        msg_type: "ccf.gov.msg.type",
        created_at: "ccf.gov.msg.created_at",
        proposal_id: Some("ccf.gov.msg.proposal_id"),
        created_at_required: true,
    };
}

/// A request whose header was decoded. Its signature is not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// Header parameter 1, any number.
    pub alg: i64,
    /// Header parameter 4: the ASCII bytes of the signer's id.
    pub kid: Vec<u8>,
    /// The message type.
    pub msg_type: Option<String>,
    /// The time, unix seconds; never negative.
    pub created_at: Option<i64>,
    /// The proposal id.
    pub proposal_id: Option<String>,
    /// The payload; empty if the message has none (it does not verify then).
    pub payload: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl SignedRequest {
    /// Whether `alg` is one of the three accepted (governance-api.md 2.2, step 3).
    pub fn is_ecdsa(&self) -> bool {
        super::CoseAlg::from_id(self.alg).is_some()
    }

    /// The signer's id as text, `None` when it is no UTF-8 (and thus nobody's).
    pub fn kid_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.kid).ok()
    }

    /// Whether the message is well formed and signed by `key` (governance-api.md 2.2, step 5).
    pub fn verify(&self, _key: &EcPublicKey) -> bool {
        unimplemented!()
    }
}

/// Decodes a governance request. Errors have the texts of governance-api.md 2.2, step 2, and are status 500.
pub fn decode_request(bytes: &[u8]) -> Result<SignedRequest, CoseError> {
    decode_request_with(bytes, &LabelSet::GOVERNANCE)
}

/// Decodes a request with labels of one's own.
pub fn decode_request_with(_bytes: &[u8], _labels: &LabelSet) -> Result<SignedRequest, CoseError> {
    unimplemented!()
}

/// In which order the header parameters are written (governance-api.md 12.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderOrder {
    /// 1, 4, type, \[proposal id\], created at: the tools of 6.0.
    #[default]
    V6,
    /// 1, 4, type, created at, \[proposal id\]: the tools of 7.x.
    V7,
}

/// What the header of a governance request says.
#[derive(Clone, Copy, Debug)]
pub struct RequestHeader<'a> {
    /// The message type.
    pub msg_type: &'a str,
    /// Unix seconds.
    pub created_at: u64,
    /// The proposal, for ballots and withdrawals.
    pub proposal_id: Option<&'a str>,
}

/// Signs a governance request as `ccf_cose_sign1` does, byte for byte but for the signature, which is randomised.
pub fn sign_request(
    key: &EcKeyPair,
    cert: &Certificate,
    header: &RequestHeader<'_>,
    payload: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    sign_request_ordered(HeaderOrder::default(), key, cert, header, payload)
}

/// [`sign_request`] with the header in the given order.
pub fn sign_request_ordered(
    _order: HeaderOrder,
    _key: &EcKeyPair,
    _cert: &Certificate,
    _header: &RequestHeader<'_>,
    _payload: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}

/// The algorithm and the digest that a signer elsewhere has to sign (`ccf_cose_sign1_prepare`).
pub fn request_to_be_signed(
    _order: HeaderOrder,
    _cert: &Certificate,
    _header: &RequestHeader<'_>,
    _payload: &[u8],
) -> Result<(super::CoseAlg, Vec<u8>), CryptoError> {
    unimplemented!()
}

/// The message with a signature made elsewhere (`ccf_cose_sign1_finish`).
pub fn assemble_request(
    _order: HeaderOrder,
    _cert: &Certificate,
    _header: &RequestHeader<'_>,
    _payload: &[u8],
    _signature: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    unimplemented!()
}
