//! Starts the program in a directory of its own.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use quorate_crypto::cert::{Certificate, generate_member_identity};
use quorate_crypto::cose::{RequestHeader, sign_request};
use quorate_crypto::{Curve, EcKeyPair, SystemEntropy};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not in time");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Where a node is to be started, and how.
pub struct Place {
    directory: TempDir,
    pub config: Value,
    key: EcKeyPair,
    certificate: Certificate,
}

impl Place {
    /// One member, and one interface without TLS that admits everything.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let now = i64::try_from(now).unwrap();
        let member =
            generate_member_identity("member", Curve::P256, true, now, &SystemEntropy).unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("member_cert.pem", &member.certificate);
        write("member_enc_pubk.pem", &member.encryption.unwrap().1);
        write("constitution.js", "// nothing is proposed here");
        let config = json!({
            "network": {
                "node_to_node_interface": {"bind_address": "127.0.0.1:0"},
                "rpc_interfaces": {
                    "plain": {
                        "bind_address": "127.0.0.1:0",
                        "endorsement": {"authority": "Unsecured"},
                        "accepted_endpoints": [".*"]
                    }
                }
            },
            "command": {
                "type": "Start",
                "start": {
                    "constitution_files": ["constitution.js"],
                    "members": [{
                        "certificate_file": "member_cert.pem",
                        "encryption_public_key_file": "member_enc_pubk.pem"
                    }]
                }
            },
            "ledger_signatures": {"delay": "10ms"},
            "output_files": {
                "pid_file": "node.pid",
                "node_to_node_address_file": "node_address",
                "rpc_addresses_file": "rpc_addresses"
            }
        });
        Self {
            directory,
            config,
            key: EcKeyPair::from_pem(&member.private_key).unwrap(),
            certificate: Certificate::from_pem(&member.certificate).unwrap(),
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Names in the directory that the node has made.
    pub fn made(&self) -> Vec<String> {
        let ours = [
            "config.json",
            "constitution.js",
            "err",
            "member_cert.pem",
            "member_enc_pubk.pem",
            "out",
        ];
        let mut names: Vec<_> = fs::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !ours.contains(&name.as_str()))
            .collect();
        names.sort();
        names
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        fs::write(self.file("config.json"), self.config.to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_quorate-node"));
        command
            .args(["--config", "config.json"])
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(File::create(self.file("out")).unwrap())
            .stderr(File::create(self.file("err")).unwrap());
        command
    }

    /// Starts a node and does not wait for anything.
    pub fn spawn(&self) -> Running<'_> {
        Running {
            child: self.command(&[]).spawn().unwrap(),
            place: self,
        }
    }

    /// Starts a node and waits until it serves.
    pub fn serve(&self) -> Running<'_> {
        let node = self.spawn();
        until("the node serves", || {
            let answer = self
                .read("rpc_addresses")
                .contains("plain")
                .then(|| node.get("/node/state"));
            answer
                .filter(|answer| answer.starts_with("HTTP/1.1 200"))
                .map(|_| ())
        });
        node
    }

    /// A node that ends by itself: its exit code.
    pub fn run(&self, arguments: &[&str]) -> i32 {
        let child = self.command(arguments).spawn().unwrap();
        let mut running = Running { child, place: self };
        let status = running.wait();
        status.code().expect("an exit code")
    }

    /// Lines of the log at a level.
    pub fn lines(&self, level: &str) -> Vec<String> {
        let mark = format!("[{level:<5}]");
        let log = self.read("out");
        log.lines()
            .filter(|line| line.contains(&mark))
            .map(str::to_owned)
            .collect()
    }

    /// A message of the member that makes the service write.
    pub fn update(&self) -> (String, Vec<u8>) {
        let header = RequestHeader {
            msg_type: "state_digest",
            created_at: std::time::UNIX_EPOCH.elapsed().unwrap().as_secs(),
            proposal_id: None,
        };
        let id = self.certificate.fingerprint();
        let target = format!("/gov/members/state-digests/{id}:update?api-version=2024-07-01");
        (
            target,
            sign_request(&self.key, &self.certificate, &header, b"").unwrap(),
        )
    }
}

/// A process; killed when it goes out of scope.
pub struct Running<'p> {
    child: Child,
    place: &'p Place,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running<'_> {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// How the process ends.
    pub fn wait(&mut self) -> ExitStatus {
        until("the process ends", || self.child.try_wait().unwrap())
    }

    /// The signal that has ended it.
    pub fn killed_by(&mut self) -> Option<i32> {
        self.wait().signal()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Head and body of the answer, as they come; empty if there is none.
    fn send(&self, request: &[u8]) -> String {
        let addresses: Value = serde_json::from_str(&self.place.read("rpc_addresses")).unwrap();
        let Ok(mut stream) = TcpStream::connect(addresses["plain"].as_str().unwrap()) else {
            return String::new();
        };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        // The server keeps a connection until the client has ended its side.
        let _ = stream
            .write_all(request)
            .and_then(|()| stream.shutdown(Shutdown::Write))
            .and_then(|()| stream.read_to_end(&mut answer));
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn get(&self, target: &str) -> String {
        self.send(format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
    }

    /// Makes the service write something.
    pub fn write(&self) -> String {
        let (target, message) = self.place.update();
        let mut request = format!(
            "POST {target} HTTP/1.1\r\nhost: x\r\ncontent-type: application/cose\r\n\
             content-length: {}\r\n\r\n",
            message.len()
        )
        .into_bytes();
        request.extend(message);
        self.send(&request)
    }
}
