//! Load for governance: proposals with three ballots each (for, against, for), one after the other, against a
//! running sandbox of three members. Prints one JSON object: proposals to `Accepted` per second, and the
//! node's memory before and after, so that growth beyond the data shows.
//!
//! ```sh
//! target/release/quorate sandbox --workspace /tmp/w --address 127.0.0.1:8000 &
//! target/release/quorate-governance-load --common /tmp/w/sandbox_common --address 127.0.0.1:8000 --proposals 1000
//! ```

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use quorate_crypto::cert::Certificate;
use quorate_crypto::cose::{RequestHeader, sign_request};
use quorate_crypto::ec::EcKeyPair;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

/// Ballots of the three members, in order.
const BALLOTS: [bool; 3] = [true, false, true];
/// Proposals before the first measurement of memory.
const WARM_UP: u64 = 50;

#[derive(Parser)]
#[command(about = "Proposals with three ballots each against a sandbox of three members")]
struct Arguments {
    /// Folder with the members' keys and the service certificate
    #[arg(long)]
    common: PathBuf,
    /// Address of the service
    #[arg(long, default_value = "127.0.0.1:8000")]
    address: String,
    /// How many proposals
    #[arg(long, default_value_t = 1000)]
    proposals: u64,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let mut client = Client::connect(&arguments.address, &arguments.common)?;
    let members = (0..BALLOTS.len())
        .map(|index| Member::read(&arguments.common, &format!("member{index}")))
        .collect::<Outcome<Vec<_>>>()?;
    for index in 0..WARM_UP {
        accept_one(&mut client, &members, index)?;
    }
    let before = memory(&mut client)?;
    let began = Instant::now();
    for index in 0..arguments.proposals {
        accept_one(&mut client, &members, WARM_UP + index)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = memory(&mut client)?;
    println!(
        "{}",
        json!({
            "proposals": arguments.proposals,
            "ballots_each": BALLOTS.len(),
            "seconds": seconds,
            "proposals_per_second": arguments.proposals as f64 / seconds,
            "memory_before_bytes": before,
            "memory_after_bytes": after,
            "memory_growth_per_proposal_bytes": (after as f64 - before as f64) / arguments.proposals as f64,
        })
    );
    Ok(())
}

/// One proposal from its creation to `Accepted`.
fn accept_one(client: &mut Client, members: &[Member], index: u64) -> Outcome<()> {
    let proposal = json!({ "actions": [{ "name": "set_member_data", "args": {
        "member_id": members[0].id, "member_data": { "round": index },
    } }] });
    let created = client.signed(
        &members[0],
        "proposal",
        None,
        "members/proposals:create",
        &proposal,
    )?;
    let id = created["proposalId"]
        .as_str()
        .ok_or("no proposal id")?
        .to_owned();
    let mut state = created;
    for (member, vote) in members.iter().zip(BALLOTS) {
        let ballot = json!({ "ballot": format!("export function vote (proposal, proposerId) {{ return {vote} }}") });
        let path = format!("members/proposals/{id}/ballots/{}:submit", member.id);
        state = client.signed(member, "ballot", Some(&id), &path, &ballot)?;
    }
    if state["proposalState"] == "Accepted" {
        Ok(())
    } else {
        Err(format!("proposal ended as {state}").into())
    }
}

fn memory(client: &mut Client) -> Outcome<u64> {
    let answer = client.exchange("GET", "/node/memory", "application/json", b"")?;
    answer["current_allocated_heap_size"]
        .as_u64()
        .ok_or_else(|| format!("no memory in {answer}").into())
}

struct Member {
    id: String,
    key: EcKeyPair,
    certificate: Certificate,
}

impl Member {
    fn read(common: &Path, name: &str) -> Outcome<Self> {
        let certificate = Certificate::from_pem(&std::fs::read_to_string(
            common.join(format!("{name}_cert.pem")),
        )?)?;
        Ok(Self {
            id: certificate.fingerprint().to_string(),
            key: EcKeyPair::from_pem(&std::fs::read_to_string(
                common.join(format!("{name}_privk.pem")),
            )?)?,
            certificate,
        })
    }
}

/// One keep-alive connection.
struct Client {
    address: String,
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Client {
    fn connect(address: &str, common: &Path) -> Outcome<Self> {
        let certificate = CertificateDer::from_pem_file(common.join("service_cert.pem"))?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = address
            .rsplit_once(':')
            .map_or(address, |(host, _)| host)
            .to_owned();
        let session = ClientConnection::new(Arc::new(config), ServerName::try_from(host)?)?;
        let tcp = TcpStream::connect(address)?;
        tcp.set_nodelay(true)?;
        Ok(Self {
            address: address.to_owned(),
            stream: StreamOwned::new(session, tcp),
        })
    }

    fn signed(
        &mut self,
        member: &Member,
        kind: &str,
        proposal_id: Option<&str>,
        path: &str,
        payload: &Value,
    ) -> Outcome<Value> {
        let created_at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let header = RequestHeader {
            msg_type: kind,
            created_at,
            proposal_id,
        };
        let body = sign_request(
            &member.key,
            &member.certificate,
            &header,
            payload.to_string().as_bytes(),
        )?;
        self.exchange(
            "POST",
            &format!("/gov/{path}?api-version=2024-07-01"),
            "application/cose",
            &body,
        )
    }

    fn exchange(
        &mut self,
        method: &str,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) -> Outcome<Value> {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request)?;
        self.stream.flush()?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head)?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .ok_or("no content-length")?
            .trim()
            .parse()?;
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        let status = head.split(' ').nth(1).unwrap_or("");
        if !status.starts_with('2') {
            return Err(format!(
                "{method} {target}: {status} {}",
                String::from_utf8_lossy(&answer)
            )
            .into());
        }
        if answer.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_slice(&answer)?)
        }
    }
}
