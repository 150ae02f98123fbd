//! A real node process in a directory of its own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::http::Client;
use crate::identity::Identity;
use crate::{programs, wait};

/// Name of the interface that shows the service-endorsed certificate.
pub const SERVICE_INTERFACE: &str = "primary_rpc_interface";
/// Name of the interface that shows the node's self-signed certificate.
pub const NODE_INTERFACE: &str = "node_rpc_interface";

/// What to start.
#[derive(Clone)]
pub struct NodeOptions {
    /// The program.
    pub program: PathBuf,
    /// The configuration.
    pub config: Value,
    /// Further arguments.
    pub arguments: Vec<String>,
}

/// A member of the first consortium.
pub struct Founder<'a> {
    /// Keys.
    pub identity: &'a Identity,
    /// Data of the member.
    pub data: Option<Value>,
    /// Part in recovery.
    pub role: Option<&'a str>,
}

impl NodeOptions {
    /// A node that starts a service on two interfaces with ports chosen by the system, and signs often. Texts and
    /// shape as in node-and-operations.md 11.1.
    pub fn start(
        directory: &Path,
        founders: &[Founder<'_>],
        constitution: &[PathBuf],
    ) -> NodeOptions {
        let members: Vec<Value> = founders
            .iter()
            .map(|founder| {
                let mut member = json!({
                    "certificate_file": founder.identity.certificate_file(),
                    "encryption_public_key_file": null,
                    "data_json_file": null,
                });
                if founder.identity.encryption_key.is_some() {
                    member["encryption_public_key_file"] =
                        json!(founder.identity.encryption_key_file());
                }
                if let Some(data) = &founder.data {
                    let file = directory.join(format!("{}_data.json", founder.identity.name));
                    fs::write(&file, data.to_string()).expect("member data can be written");
                    member["data_json_file"] = json!(file);
                }
                if let Some(role) = founder.role {
                    member["recovery_role"] = json!(role);
                }
                member
            })
            .collect();
        let interface = |authority| {
            json!({
                "bind_address": "127.0.0.1:0",
                "protocol": "tcp",
                "app_protocol": "HTTP1",
                "max_open_sessions_soft": 1000,
                "max_open_sessions_hard": 1010,
                "http_configuration": {
                    "max_body_size": "1048576", "max_header_size": "16384", "max_headers_count": 256
                },
                "endorsement": {"authority": authority},
                "forwarding_timeout_ms": 3000
            })
        };
        NodeOptions {
            program: programs::program(programs::NODE),
            arguments: Vec::new(),
            config: json!({
                "network": {
                    "node_to_node_interface": {"bind_address": "127.0.0.1:0"},
                    "rpc_interfaces": {
                        (SERVICE_INTERFACE): interface("Service"),
                        (NODE_INTERFACE): interface("Node")
                    }
                },
                "node_certificate": {
                    "subject_alt_names": ["iPAddress:127.0.0.1", "dNSName:localhost"],
                    "curve_id": "Secp384R1",
                    "initial_validity_days": 90
                },
                "command": {
                    "type": "Start",
                    "service_certificate_file": "service_cert.pem",
                    "start": {
                        "constitution_files": constitution,
                        "members": members,
                        "service_configuration": {
                            "recovery_threshold": 0,
                            "maximum_node_certificate_validity_days": 365,
                            "maximum_service_certificate_validity_days": 365
                        },
                        "initial_service_certificate_validity_days": 90,
                        "service_subject_name": "CN=Quorate Test Service",
                        "cose_signatures": {"issuer": "service.example.com", "subject": "ledger.signature"}
                    },
                    "join": {"target_rpc_address": "", "retry_timeout": "1000ms"},
                    "recover": {"previous_service_identity_file": ""}
                },
                "ledger": {"directory": "0.ledger", "read_only_directories": [], "chunk_size": "5000000"},
                "snapshots": {"directory": "0.snapshots", "tx_count": 10000, "read_only_directory": null},
                "ledger_signatures": {"tx_count": 5000, "delay": "50ms"},
                "output_files": {
                    "node_certificate_file": "0.pem",
                    "pid_file": "node.pid",
                    "node_to_node_address_file": "0.node_address",
                    "rpc_addresses_file": "0.rpc_addresses"
                },
                "logging": {"host_level": "Info", "format": "Text"},
                "consensus": {
                    "message_timeout": "100ms", "election_timeout": "4000ms", "max_uncommitted_tx_count": 0
                },
                "memory": {"circuit_size": "16MB", "max_msg_size": "67108864", "max_fragment_size": "256KB"},
                "tick_interval": "1ms",
                "slow_io_logging_threshold": "10s",
                "node_client_interface": null,
                "client_connection_timeout": "2000ms",
                "idle_connection_timeout": "60s",
                "node_data_json_file": null,
                "service_data_json_file": null,
                "ignore_first_sigterm": false
            }),
        }
    }

    /// The same with a value of the configuration changed, at a JSON pointer whose last key may be new.
    #[must_use]
    pub fn with(mut self, pointer: &str, value: Value) -> Self {
        let (parent, key) = pointer.rsplit_once('/').expect("a JSON pointer");
        let parent = self
            .config
            .pointer_mut(parent)
            .unwrap_or_else(|| panic!("{pointer} is not there"));
        parent[key] = value;
        self
    }

    /// The same without a key of the configuration.
    #[must_use]
    pub fn without(mut self, pointer: &str) -> Self {
        let (parent, key) = pointer.rsplit_once('/').expect("a JSON pointer");
        let parent = self
            .config
            .pointer_mut(parent)
            .and_then(Value::as_object_mut);
        parent
            .and_then(|parent| parent.remove(key))
            .unwrap_or_else(|| panic!("{pointer} is not there"));
        self
    }

    /// The same with another program.
    #[must_use]
    pub fn program(mut self, name: &str) -> Self {
        self.program = programs::program(name);
        self
    }

    /// The same with further arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        self
    }

    fn command(&self, directory: &Path) -> Command {
        let file = directory.join("0.config.json");
        fs::create_dir_all(directory).expect("a directory for the node");
        fs::write(
            &file,
            serde_json::to_string_pretty(&self.config).expect("JSON"),
        )
        .expect("a configuration file");
        let mut command = Command::new(&self.program);
        command
            .args(["--config", "0.config.json"])
            .args(&self.arguments)
            .current_dir(directory);
        prepare(&mut command, directory);
        command
    }

    /// Starts the node and waits until it serves its service.
    pub fn spawn(&self, directory: &Path) -> Node {
        let mut node = self.spawn_unready(directory);
        node.wait_until_serving();
        node
    }

    /// Starts the node and does not wait.
    pub fn spawn_unready(&self, directory: &Path) -> Node {
        let child = self
            .command(directory)
            .spawn()
            .expect("the node can be started");
        Node {
            child,
            directory: directory.to_owned(),
            options: self.clone(),
            ended: None,
        }
    }

    /// Runs a node that is expected to end by itself.
    pub fn run(&self, directory: &Path) -> Ended {
        run(self.command(directory), directory)
    }
}

/// Runs a program with arguments in a directory, as an operator's script would: with hardly any environment.
pub fn run_program<A: AsRef<OsStr>>(program: &Path, arguments: &[A], directory: &Path) -> Ended {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory);
    prepare(&mut command, directory);
    run(command, directory)
}

fn prepare(command: &mut Command, directory: &Path) {
    let file = |name| File::create(directory.join(name)).expect("a file for output");
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(file("out"))
        .stderr(file("err"));
}

fn run(mut command: Command, directory: &Path) -> Ended {
    let mut child = command.spawn().expect("the program can be started");
    let status = wait_for_end(&mut child, wait::SOON);
    let status = status.unwrap_or_else(|| {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{command:?} does not end:\n{}", read(directory, "out"))
    });
    Ended {
        status,
        out: read(directory, "out"),
        err: read(directory, "err"),
    }
}

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ended {
    /// Checks the exit code.
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:#?}");
        self
    }
}

/// A running node; killed when it goes out of scope.
pub struct Node {
    child: Child,
    ended: Option<ExitStatus>,
    options: NodeOptions,
    /// Its working directory.
    pub directory: PathBuf,
}

impl Node {
    fn wait_until_serving(&mut self) {
        wait::until("the node serves", wait::SOON, || {
            if let Some(status) = self.child.try_wait().expect("the state of the process") {
                panic!(
                    "the node ended with {status}\n{}\n{}",
                    self.log(),
                    self.standard_error()
                );
            }
            if !self.directory.join("service_cert.pem").exists() {
                return Err("no service certificate yet".to_owned());
            }
            match self
                .client()
                .try_send(crate::http::Request::new("GET", "/node/network"))?
            {
                answer if answer.status == 200 => Ok(()),
                answer => Err(answer.to_string()),
            }
        });
    }

    /// Address of an interface, from the address file.
    pub fn address(&self, interface: &str) -> String {
        let file = self.directory.join("0.rpc_addresses");
        let text = fs::read_to_string(&file).expect("an address file");
        let addresses: Value = serde_json::from_str(&text).expect("addresses");
        addresses[interface]
            .as_str()
            .unwrap_or_else(|| panic!("no interface {interface} in {text}"))
            .to_owned()
    }

    /// A client of the interface with the service-endorsed certificate, which trusts the service.
    pub fn client(&self) -> Client {
        let address = self.address(SERVICE_INTERFACE);
        Client::new(
            format!("https://{address}"),
            Some(&self.directory.join("service_cert.pem")),
        )
    }

    /// A client of the interface with the self-signed certificate, which trusts that certificate.
    pub fn node_client(&self) -> Client {
        let address = self.address(NODE_INTERFACE);
        Client::new(
            format!("https://{address}"),
            Some(&self.directory.join("0.pem")),
        )
    }

    /// A file in the working directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The ledger directory.
    pub fn ledger(&self) -> PathBuf {
        self.directory.join(
            self.options.config["ledger"]["directory"]
                .as_str()
                .expect("a ledger directory"),
        )
    }

    /// Standard output so far.
    pub fn log(&self) -> String {
        read(&self.directory, "out")
    }

    /// Standard error so far.
    pub fn standard_error(&self) -> String {
        read(&self.directory, "err")
    }

    /// Waits for a line of the log that contains a text.
    pub fn wait_for_log(&self, text: &str) -> String {
        wait::until(&format!("log line with '{text}'"), wait::SOON, || {
            let log = self.log();
            log.lines()
                .find(|line| line.contains(text))
                .map(str::to_owned)
                .ok_or(log)
        })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a process id");
        kill_process(id, signal).expect("the node runs");
    }

    /// Ends the node without warning.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.ended = self.child.wait().ok();
    }

    /// Waits until the node has ended by itself.
    pub fn wait_for_end(&mut self, limit: Duration) -> ExitStatus {
        let status = wait_for_end(&mut self.child, limit)
            .unwrap_or_else(|| panic!("the node does not end within {limit:?}\n{}", self.log()));
        self.ended = Some(status);
        status
    }

    /// Stops the node as operators do, and judges it (node-and-operations.md 8.1, 11.4): it ends within ten seconds
    /// with code 0, has written nothing to standard error, and has no complaint in its log.
    pub fn stop(&mut self) {
        self.stop_despite(&[]);
    }

    /// The same for a node that was given cause to complain of what one of the texts names.
    pub fn stop_despite(&mut self, causes: &[&str]) {
        self.signal(Signal::TERM);
        let status = self.wait_for_end(Duration::from_secs(10));
        assert_eq!(status.code(), Some(0), "{}", self.log());
        assert_eq!(self.standard_error(), "");
        let log = self.log();
        let complaints: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("[fail ]") || line.contains("[fatal]"))
            .filter(|line| !causes.iter().any(|cause| line.contains(cause)))
            .collect();
        assert!(complaints.is_empty(), "the node complains: {complaints:#?}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let ended = self.child.try_wait().ok().flatten();
            self.kill();
            if std::thread::panicking() {
                eprintln!("--- log of the node\n{}", tail(&self.log()));
            } else {
                assert!(
                    ended.is_none(),
                    "the node ended by itself: {ended:?}\n{}",
                    tail(&self.log())
                );
            }
        }
        if !std::thread::panicking() {
            assert_eq!(
                self.standard_error(),
                "",
                "the node wrote to standard error"
            );
        }
    }
}

fn wait_for_end(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    loop {
        match child.try_wait().expect("the state of the process") {
            Some(status) => return Some(status),
            None if Instant::now() >= deadline => return None,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn read(directory: &Path, file: &str) -> String {
    let bytes = fs::read(directory.join(file)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tail(text: &str) -> &str {
    const SHOWN: usize = 20_000;
    let from = text.len().saturating_sub(SHOWN);
    text.char_indices()
        .find(|(i, _)| *i >= from)
        .map_or("", |(i, _)| &text[i..])
}
