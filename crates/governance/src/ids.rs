//! Syntax of the ids in paths (governance-api.md 1.6).

use std::str::FromStr;

use quorate_tables::{MemberId, NodeId, ProposalId, UserId};

use crate::{error::GovernanceError, limits::ID_HEX_LEN};

/// Checks a path id. `None`: well-formed, but in upper case, as no id is ever stored.
fn parse<T: FromStr>(what: &'static str, value: &str) -> Result<Option<T>, GovernanceError> {
    if value.len() != ID_HEX_LEN || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(GovernanceError::InvalidId {
            what,
            value: value.to_owned(),
        });
    }
    Ok(value.parse().ok())
}

pub(crate) fn member(value: &str) -> Result<Option<MemberId>, GovernanceError> {
    parse("member", value)
}

pub(crate) fn user(value: &str) -> Result<Option<UserId>, GovernanceError> {
    parse("user", value)
}

pub(crate) fn node(value: &str) -> Result<Option<NodeId>, GovernanceError> {
    parse("node", value)
}

pub(crate) fn proposal(value: &str) -> Result<Option<ProposalId>, GovernanceError> {
    parse("proposal", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_ids_are_64_hex_digits_of_either_case() {
        let check = |value: &str, expected: Result<bool, &str>| {
            let got = proposal(value)
                .map(|id| id.is_some())
                .map_err(|error| error.to_string());
            assert_eq!(got, expected.map_err(String::from), "{value}");
        };
        check(&"ab".repeat(32), Ok(true));
        check(&"AB".repeat(32), Ok(false));
        check("zz", Err("'zz' is not a valid hex-encoded proposal ID"));
        check("", Err("'' is not a valid hex-encoded proposal ID"));
        let long = "a".repeat(65);
        check(
            &long,
            Err(&format!("'{long}' is not a valid hex-encoded proposal ID")),
        );
    }
}
