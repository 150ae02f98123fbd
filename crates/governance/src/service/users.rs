//! Users (governance-api.md 3.12).

use quorate_kv::Tx;
use quorate_tables::{Pem, USERS_CERTS, USERS_INFO, UserDetails, UserId};
use serde::Serialize;

use super::Collection;
use crate::{error::GovernanceError, ids};

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    /// Id.
    pub user_id: UserId,
    /// Certificate.
    pub certificate: Pem,
    /// The stored details as they are, `{"user_data": ...}`: clients rely on this nesting.
    pub user_data: Option<UserDetails>,
}

/// All users.
///
/// # Errors
/// A table that cannot be read.
pub fn users(tx: &mut Tx) -> Result<Collection<UserView>, GovernanceError> {
    let value = USERS_CERTS
        .entries(tx)?
        .into_iter()
        .map(|(id, certificate)| view(tx, id, certificate))
        .collect::<Result<_, _>>()?;
    Ok(Collection { value })
}

/// One user.
///
/// # Errors
/// An id that is no id, or of no user.
pub fn user(tx: &mut Tx, path_user: &str) -> Result<UserView, GovernanceError> {
    if let Some(id) = ids::user(path_user)?
        && let Some(certificate) = USERS_CERTS.get(tx, &id)?
    {
        return view(tx, id, certificate);
    }
    Err(GovernanceError::UserNotFound {
        user: path_user.to_owned(),
    })
}

fn view(tx: &mut Tx, user_id: UserId, certificate: Pem) -> Result<UserView, GovernanceError> {
    Ok(UserView {
        user_data: USERS_INFO.get(tx, &user_id)?,
        user_id,
        certificate,
    })
}
