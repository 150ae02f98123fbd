//! The files a node writes for its operator beside the ledger (node-and-operations.md 3.8, 6), and those
//! that the configuration names.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::exit::{Exit, ExitCode};

/// Largest file that the configuration may name: a certificate, a constitution, data.
const INPUT_FILE_BYTES_MAX: u64 = 16 << 20;

/// Claims the PID file: fails if there is one already. It is never removed.
///
/// # Errors
/// 103 if it exists, 1 if it cannot be written.
pub fn write_pid(path: &Path) -> Result<(), Exit> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    match created.and_then(|mut file| file.write_all(std::process::id().to_string().as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            tracing::error!("PID file {} already exists. Exiting.", path.display());
            Err(Exit::logged(ExitCode::PidFileExists))
        }
        Err(error) => {
            tracing::error!("PID file {} cannot be written: {error}", path.display());
            Err(Exit::logged(ExitCode::NodeCreation))
        }
    }
}

/// Writes a file that the operator reads; it is complete as soon as it has its name.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Exit> {
    let failed = |error: std::io::Error| {
        tracing::error!("File {} cannot be written: {error}", path.display());
        Exit::logged(ExitCode::NodeCreation)
    };
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    std::fs::write(&temporary, content).map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)
}

/// `{"<interface>":"<address>"}`, compact and sorted.
#[must_use]
pub fn addresses(addresses: &BTreeMap<String, String>) -> String {
    serde_json::Value::Object(
        addresses
            .iter()
            .map(|(name, address)| (name.clone(), address.clone().into()))
            .collect(),
    )
    .to_string()
}

/// Reads a text file that the configuration names.
///
/// # Errors
/// 255 if it cannot be opened or read, or is too large.
pub fn read_text(path: &Path) -> Result<String, Exit> {
    let readable =
        std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= INPUT_FILE_BYTES_MAX);
    if !readable {
        return Err(Exit::file(&path.display().to_string()));
    }
    std::fs::read_to_string(path).map_err(|_| Exit::file(&path.display().to_string()))
}

/// Reads a JSON file that the configuration names.
///
/// # Errors
/// 255 if it cannot be read, an aborted start if it is not JSON.
pub fn read_json(path: &Path) -> Result<serde_json::Value, Exit> {
    serde_json::from_str(&read_text(path)?)
        .map_err(|error| Exit::aborted(&format!("File {} is not JSON: {error}", path.display())))
}

/// Creates a directory (one level) unless it exists.
///
/// # Errors
/// It cannot be created.
pub fn ensure_directory(path: &Path) -> Result<(), Exit> {
    match std::fs::create_dir(path) {
        Ok(()) => Ok(()),
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => {
            tracing::error!("Directory {} cannot be created: {error}", path.display());
            Err(Exit::logged(ExitCode::NodeCreation))
        }
    }
}

/// Deletes and recreates the scratch directory.
///
/// # Errors
/// It cannot be created.
pub fn fresh_scratch(path: &Path) -> Result<(), Exit> {
    if path.is_dir() {
        // What cannot be removed is found by the creation below.
        let _ = std::fs::remove_dir_all(path);
    }
    ensure_directory(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_and_operations_1_4_a_pid_file_is_claimed_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("node.pid");
        write_pid(&path).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            std::process::id().to_string()
        );
        assert_eq!(write_pid(&path).unwrap_err().code, ExitCode::PidFileExists);
    }

    #[test]
    fn node_and_operations_3_8_addresses_are_compact_and_sorted() {
        let map = BTreeMap::from([
            ("b".to_owned(), "1:2".to_owned()),
            ("a".to_owned(), "3:4".to_owned()),
        ]);
        assert_eq!(addresses(&map), r#"{"a":"3:4","b":"1:2"}"#);
    }

    #[test]
    fn node_and_operations_1_2_an_unreadable_file_is_named_with_code_255() {
        let refusal = read_text(Path::new("no/such/file")).unwrap_err();
        assert_eq!(refusal.code, ExitCode::FileNotReadable);
        assert_eq!(refusal.stderr, "Could not open file no/such/file\n");
    }
}
