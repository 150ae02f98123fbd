//! Signed messages of members: by PyPI's `ccf_cose_sign1`, or, where a test needs many, by our own signer.

use std::io::Write as _;
use std::process::Stdio;

use quorate_crypto::cose::{RequestHeader, sign_request};

use crate::identity::{Identity, now};
use crate::programs;

/// Who makes the signed messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// `ccf_cose_sign1` of PyPI's `ccf`.
    Tool,
    /// The crypto crate.
    Own,
}

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// `ccf.gov.msg.type`.
    pub msg_type: &'a str,
    /// `ccf.gov.msg.created_at`; `None`: now.
    pub created_at: Option<u64>,
    /// `ccf.gov.msg.proposal_id`.
    pub proposal_id: Option<&'a str>,
    /// Payload.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// A message of now that belongs to no proposal.
    pub fn new(msg_type: &'a str, payload: &'a [u8]) -> Message<'a> {
        Message {
            msg_type,
            created_at: None,
            proposal_id: None,
            payload,
        }
    }

    /// The same for a proposal.
    #[must_use]
    pub fn about(self, proposal_id: &'a str) -> Message<'a> {
        Message {
            proposal_id: Some(proposal_id),
            ..self
        }
    }

    /// The same of another time.
    #[must_use]
    pub fn at(self, created_at: u64) -> Message<'a> {
        Message {
            created_at: Some(created_at),
            ..self
        }
    }
}

impl Signer {
    /// The COSE message.
    pub fn sign(self, identity: &Identity, message: Message<'_>) -> Vec<u8> {
        let created_at = message.created_at.unwrap_or_else(|| now().unsigned_abs());
        match self {
            Signer::Own => {
                let header = RequestHeader {
                    msg_type: message.msg_type,
                    created_at,
                    proposal_id: message.proposal_id,
                };
                sign_request(identity.key(), identity.parsed(), &header, message.payload)
                    .expect("a signed message")
            }
            Signer::Tool => sign_with_tool(identity, &message, created_at),
        }
    }
}

fn sign_with_tool(identity: &Identity, message: &Message<'_>, created_at: u64) -> Vec<u8> {
    let mut command = std::process::Command::new(programs::python("ccf_cose_sign1"));
    command
        .args(["--ccf-gov-msg-type", message.msg_type])
        .args(["--ccf-gov-msg-created_at", &iso8601(created_at)])
        .arg("--signing-cert")
        .arg(identity.certificate_file())
        .arg("--signing-key")
        .arg(identity.key_file())
        .args(["--content", "-"]);
    if let Some(id) = message.proposal_id {
        command.args(["--ccf-gov-msg-proposal_id", id]);
    }
    let mut tool = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ccf_cose_sign1 can be run");
    tool.stdin
        .take()
        .expect("a pipe")
        .write_all(message.payload)
        .expect("the payload is read");
    let output = tool.wait_with_output().expect("ccf_cose_sign1 ends");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Unix seconds as a date in UTC (days from civil, proleptic Gregorian calendar).
pub fn iso8601(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 0000-03-01, in eras of 400 years.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}+00:00",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

#[cfg(test)]
mod tests {
    use super::iso8601;

    #[test]
    fn dates() {
        assert_eq!(iso8601(0), "1970-01-01T00:00:00+00:00");
        assert_eq!(iso8601(951_782_400), "2000-02-29T00:00:00+00:00");
        assert_eq!(iso8601(1_700_000_280), "2023-11-14T22:18:00+00:00");
        assert_eq!(iso8601(4_102_444_799), "2099-12-31T23:59:59+00:00");
    }
}
