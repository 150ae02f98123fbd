//! Keys and certificates of members and users, as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use quorate_crypto::cert::{Certificate, generate_member_identity};
use quorate_crypto::{Curve, EcKeyPair, SystemEntropy};

/// A member or user. The files have the names that `keygenerator.sh` gives them.
pub struct Identity {
    /// Name, such as `member0`.
    pub name: String,
    /// Lower-case hex SHA-256 of the certificate.
    pub id: String,
    /// The certificate as PEM.
    pub certificate: String,
    /// The public encryption key as PEM.
    pub encryption_key: Option<String>,
    directory: PathBuf,
    key: EcKeyPair,
    parsed: Certificate,
}

impl Identity {
    /// Makes keys, and writes their files into a directory.
    pub fn make(directory: &Path, name: &str, curve: Curve, with_encryption_key: bool) -> Identity {
        Identity::make_at(directory, name, curve, with_encryption_key, now())
    }

    /// The same with a certificate that is valid for 365 days from a time in Unix seconds.
    pub fn make_at(
        directory: &Path,
        name: &str,
        curve: Curve,
        with_encryption_key: bool,
        from: i64,
    ) -> Identity {
        let made = generate_member_identity(name, curve, with_encryption_key, from, &SystemEntropy)
            .expect("an identity can be made");
        let keys = made
            .encryption
            .as_ref()
            .map(|(private, public)| (private.as_str(), public.as_str()));
        Identity::from_texts(directory, name, &made.private_key, &made.certificate, keys)
    }

    /// Writes the files of existing keys.
    pub fn from_texts(
        directory: &Path,
        name: &str,
        private_key: &str,
        certificate: &str,
        encryption: Option<(&str, &str)>,
    ) -> Identity {
        let write = |suffix: &str, text: &str| {
            fs::write(directory.join(format!("{name}_{suffix}.pem")), text)
                .expect("key files can be written");
        };
        write("privk", private_key);
        write("cert", certificate);
        if let Some((private, public)) = encryption {
            write("enc_privk", private);
            write("enc_pubk", public);
        }
        let parsed = Certificate::from_pem(certificate).expect("a certificate");
        Identity {
            name: name.to_owned(),
            id: parsed.fingerprint().to_string(),
            certificate: certificate.to_owned(),
            encryption_key: encryption.map(|(_, public)| public.to_owned()),
            directory: directory.to_owned(),
            key: EcKeyPair::from_pem(private_key).expect("a private key"),
            parsed,
        }
    }

    /// The file with the certificate.
    pub fn certificate_file(&self) -> PathBuf {
        self.file("cert")
    }

    /// The file with the private signing key.
    pub fn key_file(&self) -> PathBuf {
        self.file("privk")
    }

    /// The file with the private encryption key.
    pub fn decryption_key_file(&self) -> PathBuf {
        self.file("enc_privk")
    }

    /// The file with the public encryption key.
    pub fn encryption_key_file(&self) -> PathBuf {
        self.file("enc_pubk")
    }

    /// The private signing key.
    pub fn key(&self) -> &EcKeyPair {
        &self.key
    }

    /// The certificate, parsed.
    pub fn parsed(&self) -> &Certificate {
        &self.parsed
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.directory.join(format!("{}_{suffix}.pem", self.name))
    }
}

/// Unix seconds.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock before the year 292277026596")
}
