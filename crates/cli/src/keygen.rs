//! Key files of members and users, as `keygenerator.sh` makes them (governance-api.md 12.3).

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use quorate_crypto::SystemEntropy;
use quorate_crypto::cert::generate_member_identity;
use quorate_crypto::ec::Curve;

use crate::error::CliError;

/// Writes `<name>_privk.pem` and `<name>_cert.pem`, and with an encryption key `<name>_enc_privk.pem` and
/// `<name>_enc_pubk.pem`, into `directory`. Existing files are not overwritten: they may be somebody's only
/// key.
///
/// # Errors
/// A file that exists or cannot be written.
pub fn write_identity(
    directory: &Path,
    name: &str,
    curve: Curve,
    with_encryption_key: bool,
) -> Result<Vec<PathBuf>, CliError> {
    let bad_name = name.is_empty() || name.contains(['/', '\0', ',', '=']);
    if bad_name {
        return Err(CliError::Path {
            path: directory.to_owned(),
            reason: format!(
                "'{name}' cannot be a name: it must not be empty or contain '/', ',' or '='"
            ),
        });
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64);
    let identity = generate_member_identity(name, curve, with_encryption_key, now, &SystemEntropy)?;

    let mut files = vec![
        (
            format!("{name}_privk.pem"),
            identity.private_key.as_str(),
            true,
        ),
        (
            format!("{name}_cert.pem"),
            identity.certificate.as_str(),
            false,
        ),
    ];
    if let Some((private, public)) = &identity.encryption {
        files.push((format!("{name}_enc_privk.pem"), private.as_str(), true));
        files.push((format!("{name}_enc_pubk.pem"), public.as_str(), false));
    }
    let paths: Vec<_> = files
        .iter()
        .map(|(file, ..)| directory.join(file))
        .collect();
    if let Some(existing) = paths.iter().find(|path| path.exists()) {
        return Err(CliError::Path {
            path: existing.clone(),
            reason: "exists already; keys are never overwritten".to_owned(),
        });
    }
    for (path, (_, text, private)) in paths.iter().zip(&files) {
        let mode = if *private { 0o600 } else { 0o644 };
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| CliError::io(path, &error))?;
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn governance_api_12_3_four_files_with_an_encryption_key() {
        let directory = tempfile::tempdir().unwrap();
        let files = write_identity(directory.path(), "member7", Curve::P256, true).unwrap();
        let names: Vec<_> = files
            .iter()
            .map(|file| file.file_name().unwrap().to_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "member7_privk.pem",
                "member7_cert.pem",
                "member7_enc_privk.pem",
                "member7_enc_pubk.pem"
            ]
        );
        let key = std::fs::read_to_string(&files[0]).unwrap();
        assert!(key.starts_with("-----BEGIN EC PARAMETERS-----\n"), "{key}");
        assert!(key.contains("-----BEGIN EC PRIVATE KEY-----\n"));
        let public = std::fs::read_to_string(&files[3]).unwrap();
        assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    }

    #[test]
    fn keys_are_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let first = write_identity(directory.path(), "user0", Curve::P384, false).unwrap();
        let before = std::fs::read(&first[0]).unwrap();
        let refusal = write_identity(directory.path(), "user0", Curve::P384, false).unwrap_err();
        assert!(refusal.to_string().contains("user0_privk.pem"), "{refusal}");
        assert_eq!(std::fs::read(&first[0]).unwrap(), before);
    }

    #[test]
    fn a_name_that_is_no_file_name_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["", "../x", "a,b", "a=b"] {
            assert!(
                write_identity(directory.path(), name, Curve::P384, false).is_err(),
                "{name:?}"
            );
        }
    }
}
