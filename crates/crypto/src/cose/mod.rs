//! COSE_Sign1: members' requests (governance-api.md 2), ledger signatures (ledger.md 4.3) and identity endorsements
//! (ledger.md 6.5). Tables, members and policies are not known here.

pub mod cbor;
mod endorsement;
mod ledger;
mod request;
mod sign1;

pub use endorsement::{
    IdentityEndorsement, sign_identity_endorsement, verify_identity_endorsement,
};
pub use ledger::{
    LedgerSignatureHeader, decode_ledger_signature_header, sign_ledger_root, verify_ledger_root,
};
pub use request::{
    HeaderOrder, LabelSet, RequestHeader, SignedRequest, assemble_request, decode_request,
    decode_request_with, request_to_be_signed, sign_request, sign_request_ordered,
};
pub use sign1::{CoseAlg, HeaderValue, Label, Sign1, encode_sign1, sig_structure};

/// A COSE message that cannot be decoded. The texts of the first six variants are the contract of
/// governance-api.md 2.2, step 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoseError {
    /// The body is not an array, or empty.
    #[error("Failed to parse COSE_Sign1 outer array")]
    OuterArray,
    /// The innermost tag is not 18.
    #[error("COSE_Sign1 is not tagged")]
    NotTagged,
    /// The protected header is malformed; the number is that of CCF's CBOR library.
    #[error("Failed to decode protected header: {0}")]
    ProtectedHeader(u8),
    /// A required header parameter is absent.
    #[error("Missing {0} in protected header")]
    Missing(&'static str),
    /// A time below zero.
    #[error("Header parameter {0} must be positive")]
    Negative(&'static str),
    /// The array ends early or late.
    #[error("Failed to decode COSE_Sign1")]
    Sign1,
    /// A message of the node itself (signature, endorsement) that is not as specified.
    #[error("{message}: {reason}")]
    Format {
        /// Which message.
        message: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
