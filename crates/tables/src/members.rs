//! Members and users (kv-tables.md 4).

use quorate_kv::{Json, Raw, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    encoding::{Base64Bytes, Pem, fields},
    ids::{MemberId, UserId},
    legacy::SignedReq,
};

/// Certificates of the members (kv-tables.md 4.1).
pub const MEMBERS_CERTS: Table<Raw<MemberId>, Raw<Pem>> =
    Table::new("public:ccf.gov.members.certs");

/// RSA public keys of the members who take part in recovery; having one makes a member a recovery member
/// (kv-tables.md 4.2). They are not validated when they are written.
pub const MEMBERS_ENCRYPTION_PUBLIC_KEYS: Table<Raw<MemberId>, Raw<Pem>> =
    Table::new("public:ccf.gov.members.encryption_public_keys");

/// Status and data of the members (kv-tables.md 4.3).
pub const MEMBERS_INFO: Table<Raw<MemberId>, Json<MemberDetails>> =
    Table::new("public:ccf.gov.members.info");

/// The state digests that members sign to become active (kv-tables.md 4.4).
pub const MEMBERS_ACKS: Table<Raw<MemberId>, Json<MemberAck>> =
    Table::new("public:ccf.gov.members.acks");

/// Certificates of the users (kv-tables.md 4.5).
pub const USERS_CERTS: Table<Raw<UserId>, Raw<Pem>> = Table::new("public:ccf.gov.users.certs");

/// Data of those users that have some (kv-tables.md 4.5).
pub const USERS_INFO: Table<Raw<UserId>, Json<UserDetails>> =
    Table::new("public:ccf.gov.users.info");

/// What is known of a member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberDetails {
    /// Whether the member has acknowledged the state of the service.
    pub status: MemberStatus,
    /// Free-form data of the consortium; null is none.
    #[serde(default, skip_serializing_if = "fields::is_null")]
    pub member_data: Value,
    /// What the member does in a recovery; unset with an encryption key means `Participant`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_role: Option<RecoveryRole>,
}

/// Status of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberStatus {
    /// Has not yet acknowledged; may neither propose nor vote.
    Accepted,
    /// Takes part in governance.
    Active,
}

/// What a member with an encryption key does in a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveryRole {
    /// Gets no share.
    NonParticipant,
    /// Gets one share of the secret.
    Participant,
    /// Gets the whole secret.
    Owner,
}

/// The digest that a member has to sign, and its last signature over one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberAck {
    /// Hex Merkle root to be signed; empty if there was no signature yet.
    pub state_digest: String,
    /// A signed HTTP request, in old ledgers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_req: Option<SignedReq>,
    /// The whole COSE_Sign1 envelope of the last acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cose_sign1_req: Option<Base64Bytes>,
}

/// What is known of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserDetails {
    /// Free-form data of the consortium.
    pub user_data: Value,
}

#[cfg(test)]
mod tests;
