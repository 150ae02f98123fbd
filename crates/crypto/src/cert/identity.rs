//! Key files of a member or user, as `keygenerator.sh` makes them (governance-api.md 12.3).

use zeroize::Zeroizing;

use super::time::Period;
use super::write::{Extensions, Template};
use super::{Certificate, name};
use crate::{CryptoError, Curve, EcKeyPair, Entropy, RsaKeyPair};

/// The validity of the certificate: 365 days, `openssl`'s way, one second more than ours.
const VALID_SECONDS: i64 = 365 * 86_400;
const SERIAL_LEN: usize = 20;
const RSA_BITS: u32 = 2048;

/// The texts of a member's or user's key files.
pub struct MemberIdentity {
    /// `<name>_privk.pem`: an `EC PARAMETERS` block followed by an `EC PRIVATE KEY` block.
    pub private_key: Zeroizing<String>,
    /// `<name>_cert.pem`: self-signed, `CN=<name>`.
    pub certificate: String,
    /// `<name>_enc_privk.pem` and `<name>_enc_pubk.pem`: RSA 2048, PKCS#8 and SubjectPublicKeyInfo.
    pub encryption: Option<(Zeroizing<String>, String)>,
}

/// Makes the keys of a member or user; the certificate is valid for 365 days from `now` (unix seconds).
pub fn generate_member_identity(
    name: &str,
    curve: Curve,
    with_encryption_key: bool,
    now: i64,
    entropy: &dyn Entropy,
) -> Result<MemberIdentity, CryptoError> {
    let key = EcKeyPair::generate(curve, entropy);
    let certificate = self_signed(&key, name, now, entropy)?;
    let encryption = if with_encryption_key {
        let key = RsaKeyPair::generate(RSA_BITS)?;
        Some((key.to_pkcs8_pem(), key.public_key().to_pem()))
    } else {
        None
    };
    Ok(MemberIdentity {
        private_key: key.to_sec1_pem(),
        certificate: certificate.to_pem(),
        encryption,
    })
}

/// A self-signed certificate with the extensions of `openssl req -x509`, in its order.
fn self_signed(
    key: &EcKeyPair,
    name: &str,
    now: i64,
    entropy: &dyn Entropy,
) -> Result<Certificate, CryptoError> {
    let subject = name::common_name(name)?;
    let spki = key.public_key().to_spki_der();
    let mut serial = [0; SERIAL_LEN];
    entropy.fill(&mut serial);
    // RFC 5280, 4.1.2.2: at most 20 octets, so that the top bit must be clear.
    serial[0] &= 0x7f;
    let mut extensions = Extensions::default();
    extensions.key_ids(&spki, None)?;
    extensions.unlimited_authority();
    let not_after = now
        .checked_add(VALID_SECONDS)
        .ok_or(CryptoError::Validity {
            from: now,
            days: 365,
            reason: "must lie between the years 1950 and 9999",
        })?;
    let period = Period {
        not_before: now,
        not_after,
    };
    Template {
        serial: &serial,
        issuer: &subject,
        subject: &subject,
        period,
        spki: &spki,
        extensions,
    }
    .sign(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RsaPublicKey, SystemEntropy};

    #[test]
    fn the_files_are_those_of_the_key_generator() {
        for curve in [Curve::P256, Curve::P384] {
            let made =
                generate_member_identity("member0", curve, true, 1_795_336_459, &SystemEntropy)
                    .unwrap();
            assert!(
                made.private_key
                    .starts_with("-----BEGIN EC PARAMETERS-----\n")
            );
            let key = EcKeyPair::from_pem(&made.private_key).unwrap();
            let cert = Certificate::from_pem(&made.certificate).unwrap();
            assert_eq!(cert.ec_public_key().unwrap(), key.public_key());
            assert_eq!(
                (cert.subject(), cert.issuer()),
                ("CN=member0".to_owned(), "CN=member0".to_owned())
            );
            assert_eq!(cert.not_after() - cert.not_before(), 365 * 86_400);
            assert!(cert.issued_by(&cert));
            let extensions: Vec<_> = cert
                .extensions()
                .iter()
                .map(|e| (e.oid.as_str(), e.critical))
                .collect();
            assert_eq!(
                extensions,
                [
                    ("2.5.29.14", false),
                    ("2.5.29.35", false),
                    ("2.5.29.19", true)
                ]
            );
            let (private, public) = made.encryption.unwrap();
            let pair = RsaKeyPair::from_pem(&private).unwrap();
            assert_eq!(&RsaPublicKey::from_pem(&public).unwrap(), pair.public_key());
            assert_eq!(pair.public_key().modulus_bytes(), 256);
        }
    }

    #[test]
    fn a_name_may_have_any_characters_and_the_encryption_key_is_optional() {
        let made =
            generate_member_identity("a,b=c", Curve::P384, false, 0, &SystemEntropy).unwrap();
        assert_eq!(
            Certificate::from_pem(&made.certificate).unwrap().subject(),
            "CN=a,b=c"
        );
        assert!(made.encryption.is_none());
        assert!(generate_member_identity("", Curve::P384, false, 0, &SystemEntropy).is_err());
    }
}
