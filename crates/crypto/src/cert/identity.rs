//! Key files of a member or user, as `keygenerator.sh` makes them (governance-api.md 12.3).

use zeroize::Zeroizing;

use crate::{CryptoError, Curve, Entropy};

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
    _name: &str,
    _curve: Curve,
    _with_encryption_key: bool,
    _now: i64,
    _entropy: &dyn Entropy,
) -> Result<MemberIdentity, CryptoError> {
    unimplemented!()
}
