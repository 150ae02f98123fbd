//! Examples of kv-tables.md 11.

use super::*;
use crate::testing::{check_json, id, refuse, round_trip};

#[test]
fn kv_tables_11_1_recovery_shares() {
    let member = "3".repeat(64);
    let shares: RecoverySharesInfo = round_trip(&format!(
        r#"{{"encrypted_shares":{{"{member}":"YXelPGuM"}},"wrapped_latest_ledger_secret":"NEbZ2D1oRUwSTbHajfOPtAAAAAAAAAAAAAAAAPM79151m+PiByE5ydr2H2sSlwCXxwCUnCH7A5hLiwoh"}}"#
    ));
    assert_eq!(shares.wrapped_latest_ledger_secret.as_slice().len(), 60);
    assert_eq!(
        shares.wrapped_latest_ledger_secret.as_slice()[16..28],
        [0; 12],
        "the iv"
    );
    assert!(shares.encrypted_shares.contains_key(&id::<MemberId>('3')));
    round_trip::<RecoverySharesInfo>(
        r#"{"encrypted_shares":{},"previous_secret_stored_version":52,"wrapped_latest_ledger_secret":""}"#,
    );
}

#[test]
fn kv_tables_11_2_the_chain_of_secrets() {
    check_json(
        &EncryptedLedgerSecretInfo {
            next_version: Some(1),
            previous_ledger_secret: None,
        },
        r#"{"next_version":1}"#,
    );
    round_trip::<EncryptedLedgerSecretInfo>(
        r#"{"next_version":484,"previous_ledger_secret":{"encrypted_data":"BPNasCba","previous_secret_stored_version":18,"version":1}}"#,
    );
    let rekey: EncryptedLedgerSecretInfo =
        round_trip(r#"{"previous_ledger_secret":{"encrypted_data":"BPNasCba","version":1}}"#);
    assert_eq!(rekey.next_version, None);
}

#[test]
fn kv_tables_11_3_the_version_of_a_broadcast_secret_may_be_null_but_not_absent() {
    let node = "5".repeat(64);
    let recovery = format!(
        r#"{{"{node}":[{{"encrypted_secret":"u2GpHr2/","previous_secret_stored_version":18,"version":1}}]}}"#
    );
    assert_eq!(
        round_trip::<EncryptedLedgerSecrets>(&recovery)[&id::<NodeId>('5')][0].version,
        Some(1)
    );
    let rekey = format!(r#"{{"{node}":[{{"encrypted_secret":"u2GpHr2/","version":null}}]}}"#);
    assert_eq!(
        round_trip::<EncryptedLedgerSecrets>(&rekey)[&id::<NodeId>('5')][0].version,
        None
    );
    refuse::<EncryptedLedgerSecret>(
        r#"{"encrypted_secret":"u2GpHr2/"}"#,
        "missing field `version`",
    );
}

#[test]
fn kv_tables_11_5_endorsements_of_identities() {
    let own: CoseEndorsement = round_trip(
        r#"{"endorsement":"0oRYKaMB","endorsement_epoch_begin":"2.1","endorsing_key":"MHYwEAYH"}"#,
    );
    assert_eq!(own.endorsement_epoch_end, None);
    let previous: CoseEndorsement = round_trip(
        r#"{"endorsement":"0oRYdqMB","endorsement_epoch_begin":"2.1","endorsement_epoch_end":"2.483","endorsing_key":"MHYwEAYH","previous_version":18}"#,
    );
    assert_eq!(previous.endorsement_epoch_end, Some(TxId::new(2, 483)));
    refuse::<CoseEndorsement>(
        r#"{"endorsement":"","endorsement_epoch_begin":"2","endorsing_key":""}"#,
        "'2'",
    );
}

#[test]
fn kv_tables_11_6_and_7_roots_and_kinds_of_recovery() {
    round_trip::<Digest>(r#""91bd92e850ee6e56fc33386402c313a08475498e7e2cbdcec2e3a2f1cc9d612b""#);
    for (kind, text) in [
        (RecoveryType::None, r#""None""#),
        (RecoveryType::RecoveryShares, r#""RECOVERY_SHARES""#),
        (RecoveryType::LocalUnsealing, r#""LOCAL_UNSEALING""#),
    ] {
        check_json(&kind, text);
    }
}
