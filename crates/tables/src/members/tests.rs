//! Examples of kv-tables.md 4.

use serde_json::json;

use super::*;
use crate::testing::{check_json, read, refuse, round_trip};

#[test]
fn kv_tables_4_3_member_details() {
    let accepted = MemberDetails {
        status: MemberStatus::Accepted,
        member_data: Value::Null,
        recovery_role: None,
    };
    check_json(&accepted, r#"{"status":"Accepted"}"#);
    check_json(
        &MemberDetails {
            status: MemberStatus::Active,
            member_data: json!({"is_operator": true}),
            recovery_role: Some(RecoveryRole::Owner),
        },
        r#"{"member_data":{"is_operator":true},"recovery_role":"Owner","status":"Active"}"#,
    );
    // As the constitution writes it.
    let details: MemberDetails =
        read(r#"{"member_data":null,"recovery_role":null,"status":"Accepted","later":1}"#);
    assert_eq!(details, accepted);
    for role in ["NonParticipant", "Participant"] {
        round_trip::<MemberDetails>(&format!(
            r#"{{"recovery_role":"{role}","status":"Active"}}"#
        ));
    }
    refuse::<MemberDetails>(r#"{"member_data":{}}"#, "missing field `status`");
    refuse::<MemberDetails>(r#"{"status":"active"}"#, "unknown variant `active`");
    refuse::<MemberDetails>(
        r#"{"recovery_role":"Boss","status":"Active"}"#,
        "unknown variant `Boss`",
    );
}

#[test]
fn kv_tables_4_4_member_acks() {
    check_json(&MemberAck::default(), r#"{"state_digest":""}"#);
    check_json(
        &MemberAck {
            state_digest: "560e72c2db78020d6322854e59dbc69ed34f718e93ba377031d32e0247c3f65e"
                .to_owned(),
            signed_req: None,
            cose_sign1_req: Some(Base64Bytes(vec![0xd2, 0x84, 0x58])),
        },
        r#"{"cose_sign1_req":"0oRY","state_digest":"560e72c2db78020d6322854e59dbc69ed34f718e93ba377031d32e0247c3f65e"}"#,
    );
    let ack: MemberAck = read(r#"{"cose_sign1_req":null,"signed_req":null,"state_digest":""}"#);
    assert_eq!(ack, MemberAck::default());
    let old: MemberAck = read(
        r#"{"signed_req":{"md":"NONE","req":[1,2],"request_body":"","sig":"AA=="},"state_digest":""}"#,
    );
    assert_eq!(old.signed_req.unwrap().req.as_slice(), [1, 2]);
}

#[test]
fn kv_tables_4_5_user_details() {
    check_json(
        &UserDetails {
            user_data: json!({"isAdmin": true}),
        },
        r#"{"user_data":{"isAdmin":true}}"#,
    );
    check_json(
        &UserDetails {
            user_data: Value::Null,
        },
        r#"{"user_data":null}"#,
    );
    refuse::<UserDetails>("{}", "missing field `user_data`");
}
