//! The recovery threshold on start (4.2), and genesis rules of members (governance-api.md 5.2).

use serde_json::{Value, json};

use super::{accepted, refusal};
use crate::ConfigError;

fn members(participants: usize, owners: usize, others: usize) -> Value {
    let key = json!("enc.pem");
    let mut list = Vec::new();
    for i in 0..participants {
        // The role may be given or not.
        let mut member = json!({"certificate_file": "c", "encryption_public_key_file": key});
        if i % 2 == 1 {
            member["recovery_role"] = json!("Participant");
        }
        list.push(member);
    }
    for _ in 0..owners {
        list.push(json!({"certificate_file": "c", "encryption_public_key_file": key, "recovery_role": "Owner"}));
    }
    for i in 0..others {
        // Without a key the role is ignored.
        list.push(match i % 2 {
            0 => json!({"certificate_file": "c"}),
            _ => json!({"certificate_file": "c", "recovery_role": "Owner"}),
        });
    }
    Value::Array(list)
}

#[test]
fn recovery_threshold_on_start_4_2() {
    for (threshold, participants, owners, others, expected) in [
        (0, 0, 0, 2, Ok(0)),
        (0, 0, 2, 1, Ok(1)),
        (0, 3, 0, 1, Ok(3)),
        (0, 3, 2, 0, Ok(3)),
        (1, 0, 2, 0, Ok(1)),
        (
            2,
            0,
            2,
            0,
            Err(
                "Recovery threshold (2) cannot be greater than 1 when all initial consortium members (2) are of type \
             recovery owner (specified via --member-info options). Exiting.",
            ),
        ),
        (1, 3, 0, 0, Ok(1)),
        (3, 3, 1, 0, Ok(3)),
        (
            4,
            3,
            1,
            2,
            Err(
                "Recovery threshold (4) cannot be greater than total number (3)of initial consortium members with a \
             public encryption key (specified via --member-info options). Exiting.",
            ),
        ),
        (
            1,
            0,
            0,
            3,
            Err(
                "Recovery threshold (1) cannot be greater than total number (0)of initial consortium members with a \
             public encryption key (specified via --member-info options). Exiting.",
            ),
        ),
    ] {
        let config = accepted(&[
            (
                "/command/start/members",
                members(participants, owners, others),
            ),
            (
                "/command/start/service_configuration",
                json!({"recovery_threshold": threshold}),
            ),
        ]);
        let found = config
            .command
            .start
            .unwrap()
            .recovery_threshold()
            .map_err(|e| e.to_string());
        assert_eq!(
            found,
            expected.map_err(str::to_owned),
            "{threshold} of {participants}, {owners} owners"
        );
    }
}

#[test]
fn without_service_configuration_the_threshold_is_that_of_zero_3_3() {
    let config = accepted(&[("/command/start/members", members(2, 0, 0))]);
    assert_eq!(config.command.start.unwrap().recovery_threshold(), Ok(2));
}

#[test]
fn an_encryption_key_without_part_in_recovery_is_refused_5_2() {
    let member = json!({
        "certificate_file": "c", "encryption_public_key_file": "k", "recovery_role": "NonParticipant"
    });
    let ConfigError::Value { field, .. } = refusal(&[("/command/start/members", json!([member]))])
    else {
        panic!("accepted")
    };
    assert_eq!(field, "command.start.members[0].recovery_role");
}
