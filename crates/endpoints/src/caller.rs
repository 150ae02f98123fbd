//! Who calls, as established by the authentication policies (apps-and-endpoints.md 5).

use std::sync::Arc;

use bytes::Bytes;
use quorate_tables::{MemberId, NodeId, UserId};

use crate::auth::ParsedCertificate;

/// The caller of a request.
#[derive(Clone, Debug)]
pub enum Caller {
    /// The endpoint has an empty list of policies: nothing was checked.
    Unchecked,
    /// Policy `no_auth`.
    NoAuth,
    /// Policy `user_cert`: the TLS client certificate is that of a user.
    UserCert(UserId),
    /// Policy `member_cert`: the TLS client certificate is that of a member, of any status.
    MemberCert(MemberId),
    /// Policy `any_cert`: some TLS client certificate.
    AnyCert(Arc<ParsedCertificate>),
    /// Policy `node_cert`: the TLS client certificate is that of a node.
    NodeCert(NodeId),
    /// Policy `user_cose_sign1`: a user has signed the body.
    UserCose(Box<CoseIdentity<UserId>>),
    /// Policies `member_cose_sign1` and `active_member_cose_sign1`: a member has signed the body.
    MemberCose(Box<CoseIdentity<MemberId>>),
    /// Policy `all_of`: one caller for each of its policies, in order of the policies' names.
    AllOf(Vec<(String, Caller)>),
}

/// The signer of a COSE_Sign1 body, and what was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoseIdentity<Id> {
    /// The signer.
    pub id: Id,
    /// The signed payload.
    pub payload: Bytes,
    /// The whole envelope: the request body.
    pub envelope: Bytes,
    /// The signature, `r ‖ s`.
    pub signature: Bytes,
    /// Header `ccf.gov.msg.type` (users: `ccf.msg.type`).
    pub msg_type: Option<String>,
    /// Header `ccf.gov.msg.created_at` (users: `ccf.msg.created_at`), Unix seconds. Always there
    /// for members.
    pub created_at: Option<i64>,
    /// Header `ccf.gov.msg.proposal_id`.
    pub proposal_id: Option<String>,
}

impl Caller {
    /// The user who calls, if a single policy established one.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::UserCert(id) => Some(id),
            Self::UserCose(cose) => Some(&cose.id),
            _ => None,
        }
    }

    /// The member who calls, if a single policy established one.
    pub fn member(&self) -> Option<&MemberId> {
        match self {
            Self::MemberCert(id) => Some(id),
            Self::MemberCose(cose) => Some(&cose.id),
            _ => None,
        }
    }

    /// The member's signed message, if that is how the caller was established.
    pub fn member_message(&self) -> Option<&CoseIdentity<MemberId>> {
        match self {
            Self::MemberCose(cose) => Some(cose),
            _ => None,
        }
    }
}
