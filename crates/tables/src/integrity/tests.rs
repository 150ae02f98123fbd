//! Examples of kv-tables.md 10.

use super::*;
use crate::testing::{check_json, id, refuse, round_trip};

#[test]
fn kv_tables_10_1_a_nodes_signature() {
    let zeros = "0".repeat(64);
    let signature: PrimarySignature = round_trip(&format!(
        r#"{{"cert":"C","commit_seqno":0,"commit_view":0,"hashed_nonce":"{zeros}","node":"9e2c7da91d5f811847be2d46409fa93182765ceb90d595c6d2316bcdae00269f","root":"90b7a2b92c879ac10a7dcd2039804e65ee565ab612c9087b9e50fd42d2e3546e","seqno":2,"sig":"MGUCMBGd5dt0","view":2}}"#
    ));
    assert_eq!(signature.txid().to_string(), "2.2");
}

#[test]
fn kv_tables_10_2_a_services_signature_is_a_base64_string() {
    check_json(
        &Base64Bytes(vec![0xd2, 0x84, 0x58, 0x8b, 0xa5, 0x01]),
        r#""0oRYi6UB""#,
    );
}

#[test]
fn kv_tables_10_4_snapshot_evidence() {
    let text = r#"{"hash":"03823a2f24abb5af3c42b6be13d01b0b4eb25836591cff135cf4f30844c0e12a","version":19}"#;
    let evidence: SnapshotHash = round_trip(text);
    assert_eq!(evidence.version, 19);
    check_json(
        &SnapshotHash {
            hash: id('a'),
            version: 0,
        },
        &format!(r#"{{"hash":"{}","version":0}}"#, "a".repeat(64)),
    );
    refuse::<SnapshotHash>(r#"{"hash":"AB","version":19}"#, "64 lower-case");
}
