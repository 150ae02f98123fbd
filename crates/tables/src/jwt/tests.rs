//! Examples of kv-tables.md 9.

use super::*;
use crate::{
    legacy::JwtSigningCertificate,
    testing::{read, refuse, round_trip},
};

#[test]
fn kv_tables_9_2_native_code_reads_two_fields_of_an_issuer() {
    let issuer: JwtIssuerMetadata = read(
        r#"{"issuer":"https://localhost:43051","key_filter":"all","ca_cert_bundle_name":"test_ca_bundle_name","auto_refresh":true}"#,
    );
    assert_eq!(
        (issuer.ca_cert_bundle_name.as_deref(), issuer.auto_refresh),
        (Some("test_ca_bundle_name"), true)
    );
    assert_eq!(
        read::<JwtIssuerMetadata>(r#"{"issuer":"x"}"#),
        JwtIssuerMetadata::default()
    );
}

#[test]
fn kv_tables_9_3_signing_keys() {
    let keys: Vec<JwtSigningKey> = round_trip(
        r#"[{"constraint":"https://login.example.com/tenant","issuer":"https://login.example.com","public_key":"MIIBIjAN"},{"issuer":"b","public_key":"AA=="}]"#,
    );
    assert_eq!(keys[1].constraint, None);
    refuse::<JwtSigningKey>(r#"{"issuer":"b"}"#, "missing field `public_key`");
    refuse::<JwtSigningKey>(r#"{"public_key":"AA=="}"#, "missing field `issuer`");
}

#[test]
fn kv_tables_9_4_old_signing_keys() {
    round_trip::<Vec<JwtSigningCertificate>>(
        r#"[{"cert":"MIIDIjCC","constraint":"c","issuer":"i"}]"#,
    );
}
