//! PEM texts: 64 columns, final newline (RFC 7468, as OpenSSL writes it).

use zeroize::Zeroizing;

use crate::CryptoError;

/// Writes `der` under `label`.
pub fn encode(_label: &str, _der: &[u8]) -> Zeroizing<String> {
    unimplemented!()
}

/// Takes the bytes of a PEM argument: a trailing NUL is dropped; empty or non-PEM input is refused (js-runtime.md 7).
pub fn text_from_bytes(_bytes: &[u8]) -> Result<&str, CryptoError> {
    unimplemented!()
}
