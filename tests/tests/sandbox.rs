//! `quorate`, the tool for people: the sandbox, whose printed commands run as they are printed, and key files.
#![cfg(test)]

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use quorate_crypto::cert::Certificate;
use quorate_crypto::{EcKeyPair, RsaKeyPair, RsaPublicKey};
use quorate_tests::node::run_program;
use quorate_tests::{programs, wait};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A running sandbox; killed when it goes out of scope.
struct Sandbox {
    child: Child,
    directory: TempDir,
}

impl Sandbox {
    fn start(arguments: &[&str]) -> Sandbox {
        let directory = TempDir::new().unwrap();
        let file = |name| File::create(directory.path().join(name)).unwrap();
        // It works with no Python, no PATH, nothing.
        let child = Command::new(programs::program(programs::TOOL))
            .args([
                "sandbox",
                "--address",
                "127.0.0.1:0",
                "--workspace",
                "workspace",
            ])
            .args(arguments)
            .current_dir(directory.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(file("out"))
            .stderr(file("err"))
            .spawn()
            .unwrap();
        let mut sandbox = Sandbox { child, directory };
        wait::until("the sandbox is ready", Duration::from_secs(60), || {
            let ended = sandbox.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "{ended:?}\n{}\n{}",
                sandbox.output(),
                sandbox.errors()
            );
            if sandbox.output().contains("Press Ctrl+C") {
                Ok(())
            } else {
                Err(sandbox.output())
            }
        });
        sandbox
    }

    fn output(&self) -> String {
        fs::read_to_string(self.directory.path().join("out")).unwrap()
    }

    fn errors(&self) -> String {
        fs::read_to_string(self.directory.path().join("err")).unwrap()
    }

    /// The commands that it prints.
    fn commands(&self) -> String {
        let output = self.output();
        let shown = output
            .split_once("The service is open")
            .unwrap_or_else(|| panic!("{output}"))
            .1;
        let commands = shown
            .lines()
            .filter(|line| line.starts_with("  ") || line.starts_with('#'));
        commands.collect::<Vec<_>>().join("\n")
    }

    fn interrupt(mut self) -> String {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, Signal::INT).unwrap();
        let status = wait::until("the sandbox ends", Duration::from_secs(20), || {
            self.child.try_wait().unwrap().ok_or("still running")
        });
        assert_eq!(status.code(), Some(0), "{}", self.errors());
        self.output()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Asked first, so that it stops its node.
        if let Some(id) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::TERM);
        }
        for _ in 0..500 {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn printed_commands_run_as_printed() {
    let sandbox = Sandbox::start(&[]);
    let commands = sandbox.commands();
    let tools = programs::python("ccf_cose_sign1")
        .parent()
        .unwrap()
        .to_owned();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &commands])
        .env("PATH", path)
        .output()
        .unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    assert!(
        ran.status.success(),
        "{commands}\n{out}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );

    assert!(out.contains("\"proposalState\":\"Open\""), "{out}");
    assert!(out.contains("\"ballotCount\":3"), "{out}");
    assert!(out.contains("\"proposalState\":\"Accepted\""), "{out}");
    assert!(out.contains("{\"msg\":\"hello\"}"), "{out}");
    assert!(!out.contains("\"error\""), "{out}");

    let output = sandbox.interrupt();
    for line in [
        "Started CCF network with the following nodes:",
        "  Node [0] = https://127.0.0.1:",
        "Keys and certificates have been copied to the common folder: ",
        "Press Ctrl+C to shutdown the network",
        "All CCF nodes stopped.",
    ] {
        assert!(output.contains(line), "{line} is missing in\n{output}");
    }
}

#[test]
fn another_number_of_members_and_users() {
    let sandbox = Sandbox::start(&["--members", "1", "--users", "2"]);
    let common = sandbox.directory.path().join("workspace/sandbox_common");
    for name in [
        "member0_cert.pem",
        "member0_enc_privk.pem",
        "user0_cert.pem",
        "user1_privk.pem",
        "service_cert.pem",
    ] {
        assert!(common.join(name).is_file(), "{name}");
    }
    let output = sandbox.output();
    let address = output
        .split("Node [0] = ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    // Readiness as its users' scripts ask for it.
    let curl = Command::new("curl")
        .args(["-sS", "--fail", &format!("{address}/commit"), "--cacert"])
        .arg(common.join("service_cert.pem"))
        .output()
        .unwrap();
    assert!(
        curl.status.success(),
        "{}",
        String::from_utf8_lossy(&curl.stderr)
    );
    sandbox.interrupt();
}

#[test]
fn a_workspace_in_use_is_refused() {
    let directory = TempDir::new().unwrap();
    fs::create_dir(directory.path().join("workspace")).unwrap();
    fs::write(directory.path().join("workspace/precious"), "keep").unwrap();
    let tool = programs::program(programs::TOOL);
    let ended = run_program(
        &tool,
        &["sandbox", "--address", "127.0.0.1:0"],
        directory.path(),
    );
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(
        ended.err.contains("workspace") && ended.err.contains("not empty"),
        "{ended:?}"
    );
    assert_eq!(
        fs::read_to_string(directory.path().join("workspace/precious")).unwrap(),
        "keep"
    );
}

#[test]
fn key_files_as_of_the_key_generator_12_3() {
    let directory = TempDir::new().unwrap();
    let tool = programs::program(programs::TOOL);
    let keygen = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["member", "keygen"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        run_program(&tool, &arguments, directory.path())
    };
    let _ = keygen(&["--name", "member7", "--gen-enc-key"]).expect_code(0);
    let _ = keygen(&["-n", "user3", "-c", "secp256r1"]).expect_code(0);
    let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
    for (name, curve) in [
        ("member7", quorate_crypto::Curve::P384),
        ("user3", quorate_crypto::Curve::P256),
    ] {
        let key_text = read(&format!("{name}_privk.pem"));
        assert!(
            key_text.starts_with("-----BEGIN EC PARAMETERS-----\n"),
            "{key_text}"
        );
        let key = EcKeyPair::from_pem(&key_text).unwrap();
        assert_eq!(key.curve(), curve);
        let certificate = Certificate::from_pem(&read(&format!("{name}_cert.pem"))).unwrap();
        assert_eq!(certificate.spki_der(), key.public_key().to_spki_der());
        assert_eq!(certificate.subject(), format!("CN={name}"));
        assert!(certificate.issued_by(&certificate));
        let days = (certificate.not_after() - certificate.not_before()) / 86_400;
        assert!((364..=365).contains(&days), "{days} days");
        assert_eq!(
            mode(&directory.path().join(format!("{name}_privk.pem"))),
            0o600
        );
    }
    let private = RsaKeyPair::from_pem(&read("member7_enc_privk.pem")).unwrap();
    let public = RsaPublicKey::from_pem(&read("member7_enc_pubk.pem")).unwrap();
    assert_eq!(
        (public.modulus_bytes(), private.public_key().to_pem()),
        (256, public.to_pem())
    );
    assert!(!directory.path().join("user3_enc_privk.pem").exists());

    // The independent tools take them.
    let sign = Command::new(programs::python("ccf_cose_sign1"))
        .args([
            "--ccf-gov-msg-type",
            "ack",
            "--ccf-gov-msg-created_at",
            "2024-01-01T00:00:00",
            "--content",
            "/dev/null",
        ])
        .args([
            "--signing-cert",
            "member7_cert.pem",
            "--signing-key",
            "member7_privk.pem",
        ])
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(
        sign.status.success(),
        "{}",
        String::from_utf8_lossy(&sign.stderr)
    );
    assert_eq!(&sign.stdout[..2], [0xd2, 0x84], "tag 18, array of 4");

    let refused = keygen(&[]);
    assert_ne!(refused.status.code(), Some(0));
    let refused = keygen(&["--name", "x", "--curve", "secp521r1"]);
    assert_ne!(refused.status.code(), Some(0));
    let before = read("member7_privk.pem");
    let refused = keygen(&["--name", "member7"]);
    assert_ne!(refused.status.code(), Some(0), "keys are never overwritten");
    assert_eq!(read("member7_privk.pem"), before);
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
