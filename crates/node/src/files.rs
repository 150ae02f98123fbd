//! The files a node writes for its operator beside the ledger (node-and-operations.md 3.8, 6), and those
//! that the configuration names.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::exit::{Exit, ExitCode};
use crate::limits::INPUT_FILE_BYTES_MAX;

/// Claims the PID file: fails if there is one already. It is never removed.
///
/// # Errors
/// 103 if it exists, 1 if it cannot be written.
pub fn write_pid(path: &Path) -> Result<(), Exit> {
    let failed = |error: std::io::Error| {
        tracing::error!("PID file {} cannot be written: {error}", path.display());
        Exit::logged(ExitCode::NodeCreation)
    };
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            tracing::error!("PID file {} already exists. Exiting.", path.display());
            return Err(Exit::logged(ExitCode::PidFileExists));
        }
        Err(error) => return Err(failed(error)),
    };
    file.write_all(std::process::id().to_string().as_bytes())
        .map_err(|error| {
            // It is ours and says nothing: the next start must not stumble over it.
            let _ = std::fs::remove_file(path);
            failed(error)
        })
}

/// Writes a file that the operator reads; it is complete as soon as it has its name.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, content: &[u8]) -> Result<(), Exit> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let written =
        std::fs::write(&temporary, content).and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        tracing::error!("File {} cannot be written: {error}", path.display());
        Exit::logged(ExitCode::NodeCreation)
    })
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
/// 255 if it cannot be opened or read, is too large or no text; the log says which.
pub fn read_text(path: &Path) -> Result<String, Exit> {
    read_bounded(path).map_err(|reason| {
        let path = path.display().to_string();
        tracing::error!("Could not open file {path}: {reason}");
        Exit::file(&path)
    })
}

/// Reads what need not be a regular file, so its size is not known beforehand.
fn read_bounded(path: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(INPUT_FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > INPUT_FILE_BYTES_MAX {
        return Err(format!(
            "it has more than {INPUT_FILE_BYTES_MAX} bytes, the most that are read"
        ));
    }
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8 text: {error}"))
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
/// It cannot be emptied or created.
pub fn fresh_scratch(path: &Path) -> Result<(), Exit> {
    match std::fs::remove_dir_all(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::error!("Directory {} cannot be emptied: {error}", path.display());
            return Err(Exit::logged(ExitCode::NodeCreation));
        }
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

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn what_cannot_be_written_ends_the_start_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let inside = directory.path().join("absent/file");
        assert_eq!(
            write(&inside, b"x").unwrap_err().code,
            ExitCode::NodeCreation
        );
        assert_eq!(write_pid(&inside).unwrap_err().code, ExitCode::NodeCreation);
        // A directory of that name.
        let taken = directory.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        let refusal = write(&taken, b"x").unwrap_err();
        assert_eq!(refusal.code, ExitCode::NodeCreation);
        assert_eq!(refusal.stderr, "", "the log says it");
        assert_eq!(names(directory.path()), ["taken"]);
    }

    #[test]
    fn files_are_overwritten_without_complaint() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("nodecert.pem");
        std::fs::write(&path, "a longer text of an earlier node").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(names(directory.path()), ["nodecert.pem"]);
    }

    #[test]
    fn input_without_end_or_text_is_refused() {
        for path in ["/dev/zero", "/proc/self/exe"] {
            let refusal = read_text(Path::new(path)).unwrap_err();
            assert_eq!(refusal.code, ExitCode::FileNotReadable);
            assert_eq!(refusal.stderr, format!("Could not open file {path}\n"));
        }
        let refused = read_bounded(Path::new("/dev/zero")).unwrap_err();
        assert!(refused.contains("16777216 bytes"), "{refused}");
    }

    #[test]
    fn the_scratch_directory_is_wiped() {
        let directory = tempfile::tempdir().unwrap();
        let scratch = directory.path().join(".index");
        fresh_scratch(&scratch).unwrap();
        std::fs::write(scratch.join("old"), "x").unwrap();
        fresh_scratch(&scratch).unwrap();
        assert!(names(&scratch).is_empty());
        std::fs::remove_dir(&scratch).unwrap();
        std::fs::write(&scratch, "a file").unwrap();
        assert_eq!(
            fresh_scratch(&scratch).unwrap_err().code,
            ExitCode::NodeCreation
        );
    }
}
