//! The sandbox's members at work: they acknowledge the state of the service and open it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use quorate_crypto::cert::Certificate;
use quorate_crypto::cose::{RequestHeader, sign_request};
use quorate_crypto::ec::EcKeyPair;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::error::CliError;

/// Version of the governance API that is spoken.
const API_VERSION: &str = "2024-07-01";
/// A ballot for whatever is proposed.
const YES: &str = "export function vote (rawProposal, proposerId) { return true }";

struct Member {
    id: String,
    key: EcKeyPair,
    certificate: Certificate,
}

/// All members of the sandbox.
pub(super) struct Consortium<'a> {
    client: &'a Client,
    common: &'a Path,
    members: Vec<Member>,
}

impl<'a> Consortium<'a> {
    /// The members whose key files are in `common`.
    pub(super) fn new(
        client: &'a Client,
        common: &'a Path,
        names: &[String],
    ) -> Result<Self, CliError> {
        let members = names
            .iter()
            .map(|name| {
                let certificate =
                    Certificate::from_pem(&read(&common.join(format!("{name}_cert.pem")))?)?;
                Ok(Member {
                    id: certificate.fingerprint().to_string(),
                    key: EcKeyPair::from_pem(&read(&common.join(format!("{name}_privk.pem")))?)?,
                    certificate,
                })
            })
            .collect::<Result<_, CliError>>()?;
        Ok(Self {
            client,
            common,
            members,
        })
    }

    /// Every member acknowledges the present state, which makes it active.
    pub(super) fn activate(&self) -> Result<(), CliError> {
        for member in &self.members {
            let path = format!("/gov/members/state-digests/{}", member.id);
            let digest = self.post(member, "state_digest", None, &format!("{path}:update"), b"")?;
            self.post(
                member,
                "ack",
                None,
                &format!("{path}:ack"),
                digest.body.as_bytes(),
            )?;
        }
        Ok(())
    }

    /// The first member proposes to register the users and to open the service; members vote until it is
    /// accepted.
    pub(super) fn open(&self, users: &[String], service_certificate: &str) -> Result<(), CliError> {
        let mut actions = users
            .iter()
            .map(|user| {
                let cert = read(&self.common.join(format!("{user}_cert.pem")))?;
                Ok(json!({ "name": "set_user", "args": { "cert": cert } }))
            })
            .collect::<Result<Vec<_>, CliError>>()?;
        actions.push(json!({
            "name": "transition_service_to_open",
            "args": { "next_service_identity": service_certificate },
        }));
        let proposal = json!({ "actions": actions }).to_string();
        let Some(proposer) = self.members.first() else {
            return Ok(());
        };
        let mut state = self.proposal(
            proposer,
            "proposal",
            None,
            "/gov/members/proposals:create",
            &proposal,
        )?;
        let id = state["proposalId"].as_str().unwrap_or_default().to_owned();
        let ballot = json!({ "ballot": YES }).to_string();
        for member in &self.members {
            if state["proposalState"] == "Accepted" {
                return Ok(());
            }
            let path = format!("/gov/members/proposals/{id}/ballots/{}:submit", member.id);
            state = self.proposal(member, "ballot", Some(&id), &path, &ballot)?;
        }
        if state["proposalState"] == "Accepted" {
            Ok(())
        } else {
            Err(CliError::Node(format!(
                "the proposal to open the service ended as {state}"
            )))
        }
    }

    fn proposal(
        &self,
        member: &Member,
        kind: &str,
        id: Option<&str>,
        path: &str,
        payload: &str,
    ) -> Result<Value, CliError> {
        let answer = self.post(member, kind, id, path, payload.as_bytes())?;
        serde_json::from_str(&answer.body)
            .map_err(|error| CliError::Node(format!("{path} answered what is not JSON: {error}")))
    }

    /// Signs a request and sends it.
    fn post(
        &self,
        member: &Member,
        kind: &str,
        proposal_id: Option<&str>,
        path: &str,
        payload: &[u8],
    ) -> Result<Answer, CliError> {
        let created_at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let header = RequestHeader {
            msg_type: kind,
            created_at,
            proposal_id,
        };
        let body = sign_request(&member.key, &member.certificate, &header, payload)?;
        let target = format!("{path}?api-version={API_VERSION}");
        let answer = self
            .client
            .send("POST", &target, "application/cose", &body)?;
        if (200..300).contains(&answer.status) {
            Ok(answer)
        } else {
            Err(CliError::Refused {
                what: format!("POST {path}"),
                status: answer.status,
                body: answer.body,
            })
        }
    }
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::io(path, &error))
}
