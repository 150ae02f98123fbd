//! Evidence of the virtual platform (attestation.md 3): a JSON text without any signature. It binds
//! nothing to anything; it exists so that the join policy has the same shape on every platform.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use quorate_crypto::Digest;
use serde_json::{Value, json};

/// The measurement that every virtual node states, whatever it runs.
pub const VIRTUAL_MEASUREMENT: &str = "Insecure hard-coded virtual measurement v1";

/// What a virtual node states about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// SHA-256 of the executable's bytes: tells one application from another.
    pub host_data: Digest,
    /// SHA-256 of the DER public key of the node: ties the evidence to its TLS key.
    pub report_data: Digest,
}

/// Evidence that has been checked as far as the platform allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The measurement, ASCII text.
    pub measurement: String,
    /// The host data as given, 64 hex digits.
    pub host_data: String,
    /// The 32 bytes of report data.
    pub report_data: [u8; 32],
}

/// Evidence that is not what attestation.md 3.2 describes. The peer that sent it is at fault.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// Not a JSON object.
    #[error("virtual evidence must be a JSON object")]
    NotAnObject,
    /// A field is absent or has the wrong form.
    #[error("field '{field}' of the virtual evidence must be {expected}")]
    Field {
        /// Name of the field.
        field: &'static str,
        /// What would be valid.
        expected: &'static str,
    },
}

impl Evidence {
    /// The quote: compact JSON, keys sorted (attestation.md 3.2).
    #[must_use]
    pub fn to_quote(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    /// Text of `ccf_virtual_attestation.<pid>.attestation` (attestation.md 3.1).
    #[must_use]
    pub fn attestation_file(&self) -> String {
        pretty(&self.to_json())
    }

    /// Text of `ccf_virtual_attestation.<pid>.measurement` (attestation.md 3.1).
    #[must_use]
    pub fn measurement_file(host_data: &Digest) -> String {
        pretty(&json!({ "host_data": host_data.to_string(), "measurement": VIRTUAL_MEASUREMENT }))
    }

    /// Hex of the measurement's ASCII bytes, as `code_digest` and the endpoints show it.
    #[must_use]
    pub fn code_digest() -> String {
        hex::encode(VIRTUAL_MEASUREMENT)
    }

    fn to_json(&self) -> Value {
        json!({
            "host_data": self.host_data.to_string(),
            "measurement": VIRTUAL_MEASUREMENT,
            "report_data": BASE64_STANDARD.encode(self.report_data.as_bytes()),
        })
    }
}

/// Checks the form of virtual evidence (attestation.md 3.3). It establishes no trust.
///
/// # Errors
/// The field that is absent or malformed, and what would be valid.
pub fn verify_virtual(quote: &[u8]) -> Result<Verified, EvidenceError> {
    let value: Value = serde_json::from_slice(quote).map_err(|_| EvidenceError::NotAnObject)?;
    let object = value.as_object().ok_or(EvidenceError::NotAnObject)?;
    let text = |field: &'static str, expected: &'static str| {
        object
            .get(field)
            .and_then(Value::as_str)
            .ok_or(EvidenceError::Field { field, expected })
    };
    let measurement = text("measurement", "text")?.to_owned();
    const REPORT: &str = "base64 of exactly 32 bytes";
    let report_data = BASE64_STANDARD
        .decode(text("report_data", REPORT)?)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or(EvidenceError::Field {
            field: "report_data",
            expected: REPORT,
        })?;
    const HOST: &str = "64 hex digits";
    let host_data = text("host_data", HOST)?.to_owned();
    if host_data.len() != 64 || !host_data.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(EvidenceError::Field {
            field: "host_data",
            expected: HOST,
        });
    }
    Ok(Verified {
        measurement,
        host_data,
        report_data,
    })
}

/// JSON indented by two blanks, without a final newline.
fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence() -> Evidence {
        Evidence {
            host_data: quorate_crypto::sha256(b"program"),
            report_data: quorate_crypto::sha256(b"key"),
        }
    }

    #[test]
    fn attestation_3_2_quote_is_compact_json_with_sorted_keys() {
        let quote = String::from_utf8(evidence().to_quote()).unwrap();
        assert!(quote.starts_with("{\"host_data\":\""), "{quote}");
        let (host, measurement, report) = (
            quote.find("host_data").unwrap(),
            quote.find("measurement").unwrap(),
            quote.find("report_data").unwrap(),
        );
        assert!(host < measurement && measurement < report);
        assert!(!quote.contains(": "));
    }

    #[test]
    fn attestation_3_3_own_evidence_verifies() {
        let evidence = evidence();
        let verified = verify_virtual(&evidence.to_quote()).unwrap();
        assert_eq!(verified.measurement, VIRTUAL_MEASUREMENT);
        assert_eq!(verified.host_data, evidence.host_data.to_string());
        assert_eq!(&verified.report_data, evidence.report_data.as_bytes());
    }

    #[test]
    fn attestation_3_1_files_are_indented_and_sorted() {
        let host = quorate_crypto::sha256(b"program");
        assert_eq!(
            Evidence::measurement_file(&host),
            format!(
                "{{\n  \"host_data\": \"{host}\",\n  \"measurement\": \"{VIRTUAL_MEASUREMENT}\"\n}}"
            )
        );
        let file = evidence().attestation_file();
        assert!(
            file.ends_with("\"\n}") && file.contains("\n  \"report_data\": \""),
            "{file}"
        );
    }

    #[test]
    fn attestation_3_3_each_malformed_field_is_named() {
        let check = |quote: Value, field: &str| match verify_virtual(quote.to_string().as_bytes()) {
            Err(EvidenceError::Field { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        };
        let good = evidence().to_json();
        for (field, bad) in [
            ("measurement", json!(1)),
            ("report_data", json!("AAAA")),
            ("report_data", json!("?")),
            ("host_data", json!("12")),
            ("host_data", json!("g".repeat(64))),
        ] {
            let mut quote = good.clone();
            quote[field] = bad;
            check(quote, field);
            let mut quote = good.clone();
            quote.as_object_mut().unwrap().remove(field);
            check(quote, field);
        }
        assert_eq!(verify_virtual(b"[]"), Err(EvidenceError::NotAnObject));
        assert_eq!(verify_virtual(b"\xff"), Err(EvidenceError::NotAnObject));
    }
}
