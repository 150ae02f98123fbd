//! Where the programs and files of this repository are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The node that hosts JavaScript applications.
pub const NODE: &str = "quorate-node";
/// The node with the logging application.
pub const LOGGING: &str = "quorate-logging";
/// The tool for people.
pub const TOOL: &str = "quorate";

/// A program of this workspace, as built beside this test (`cargo build --workspace --bins`).
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let built = test
        .parent()
        .and_then(Path::parent)
        .map(|directory| directory.join(name))
        .expect("target/<profile>/deps/<test>");
    assert!(
        built.is_file(),
        "{} is missing: build the programs first, with `cargo build --workspace --bins`",
        built.display()
    );
    built
}

/// A file of this repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(path)
        .canonicalize()
        .expect(path)
}

/// The folder with recorded artefacts of CCF, for tests with the feature `artefacts`.
pub fn shared(path: &str) -> PathBuf {
    let root = std::env::var_os("QUORATE_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    );
    let file = root.join(path);
    assert!(
        file.exists(),
        "{} is missing: QUORATE_SHARED names the folder with the artefacts",
        file.display()
    );
    file
}

/// A program of the Python environment of this repository, which is made if it is missing.
pub fn python(name: &str) -> PathBuf {
    static ENVIRONMENT: OnceLock<PathBuf> = OnceLock::new();
    let environment = ENVIRONMENT.get_or_init(|| {
        let setup = Command::new(repository("tests/python/setup.sh"))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .expect("tests/python/setup.sh");
        assert!(
            setup.status.success(),
            "tests/python/setup.sh failed: {}",
            setup.status
        );
        PathBuf::from(String::from_utf8(setup.stdout).expect("a path").trim())
    });
    environment.join("bin").join(name)
}
