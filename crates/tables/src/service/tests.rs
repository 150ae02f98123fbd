//! Examples of kv-tables.md 7.

use super::*;
use crate::testing::{check_json, read, refuse, round_trip};

#[test]
fn kv_tables_7_1_observed_values() {
    let genesis: ServiceInfo = round_trip(
        r#"{"cert":"-----BEGIN CERTIFICATE-----\nMIIBxzCC","current_service_create_txid":"2.1","recovery_count":0,"status":"Opening"}"#,
    );
    assert_eq!(genesis.current_service_create_txid, Some(TxId::new(2, 1)));
    assert_eq!(
        genesis.recovery_count,
        Some(0),
        "zero is not the same as unset"
    );
    round_trip::<ServiceInfo>(
        r#"{"cert":"C","current_service_create_txid":"4.484","previous_service_identity_version":484,"recovery_count":1,"service_data":{"a":[]},"status":"WaitingForRecoveryShares"}"#,
    );
    // The first services recorded only this.
    round_trip::<ServiceInfo>(r#"{"cert":"C","status":"Open"}"#);
    for status in ["Opening", "Open", "WaitingForRecoveryShares", "Recovering"] {
        round_trip::<ServiceStatus>(&format!("\"{status}\""));
    }
}

#[test]
fn kv_tables_7_1_what_is_no_service() {
    refuse::<ServiceInfo>(r#"{"status":"Open"}"#, "missing field `cert`");
    refuse::<ServiceInfo>(
        r#"{"cert":"C","status":"Closed"}"#,
        "unknown variant `Closed`",
    );
    refuse::<ServiceInfo>(
        r#"{"cert":"C","current_service_create_txid":"0.1","status":"Open"}"#,
        "'0.1'",
    );
    refuse::<ServiceInfo>(r#"{"cert":"C","recovery_count":-1,"status":"Open"}"#, "-1");
}

#[test]
fn kv_tables_7_2_settings_and_their_defaults() {
    let observed: ServiceConfiguration = round_trip(
        r#"{"maximum_node_certificate_validity_days":365,"maximum_service_certificate_validity_days":365,"recovery_threshold":1}"#,
    );
    assert_eq!(observed.recovery_threshold, 1);
    let least: ServiceConfiguration = round_trip(r#"{"recovery_threshold":2}"#);
    assert_eq!(least.node_certificate_validity_days_max(), 365);
    assert_eq!(least.service_certificate_validity_days_max(), 365);
    assert_eq!(least.proposals_window(), 100);
    let all: ServiceConfiguration = read(
        r#"{"recovery_threshold":1,"consensus":"BFT","reconfiguration_type":"TwoTransaction","recent_cose_proposals_window_size":7,"maximum_node_certificate_validity_days":8,"maximum_service_certificate_validity_days":9}"#,
    );
    assert_eq!(
        (
            all.node_certificate_validity_days_max(),
            all.service_certificate_validity_days_max(),
            all.proposals_window()
        ),
        (8, 9, 7)
    );
    assert_eq!(
        (all.consensus, all.reconfiguration_type),
        (
            Some(ConsensusType::Bft),
            Some(ReconfigurationType::TwoTransaction)
        )
    );
    refuse::<ServiceConfiguration>("{}", "missing field `recovery_threshold`");
}

#[test]
fn kv_tables_7_3_the_previous_identity_is_a_json_string() {
    let pem = Pem::from("-----BEGIN CERTIFICATE-----\nMIIBxzCC\n-----END CERTIFICATE-----\n");
    check_json(
        &pem,
        r#""-----BEGIN CERTIFICATE-----\nMIIBxzCC\n-----END CERTIFICATE-----\n""#,
    );
}
