//! A test for every rule of governance-api.md 3.6, 5.2 and 5.3.

use quorate_tables::{
    MEMBERS_ACKS, MEMBERS_ENCRYPTION_PUBLIC_KEYS, MEMBERS_INFO, RECOVERY_SHARES, RecoveryRole,
    SERVICE_INFO, SIGNATURES, ServiceStatus,
};

use super::*;
use crate::testing::{FREE_CONSTITUTION, Kind, Member, World, json_of, message};

fn world(kinds: &[Kind]) -> World {
    World::founded(FREE_CONSTITUTION, kinds, 1)
}

fn update(world: &mut World, member: usize) -> Result<StateDigestView, GovernanceError> {
    let id = world.members[member].id.clone();
    world.run(|tx, _| update_state_digest(tx, id.as_str(), &message(&id)))
}

fn ack_payload(world: &mut World, member: usize, payload: &str) -> Result<(), GovernanceError> {
    let id = world.members[member].id.clone();
    world.run(|tx, env| {
        let message = SignedMessage {
            payload: payload.as_bytes(),
            ..message(&id)
        };
        ack(tx, id.as_str(), &message, env)
    })
}

#[test]
fn a_founding_member_has_an_empty_digest() {
    let mut world = world(&[Kind::Plain]);
    let id = world.id(0);
    let view = world.run(|tx, _| state_digest(tx, &id)).unwrap();
    assert_eq!(
        world.named(&json_of(&view)),
        r#"{"memberId":"m0","stateDigest":""}"#
    );
}

#[test]
fn any_text_is_an_id_of_a_state_digest() {
    let mut world = world(&[Kind::Plain]);
    for id in ["abc:update", "", &"AB".repeat(32), &"ab".repeat(32)] {
        world.refuses(
            |world| world.run(|tx, _| state_digest(tx, id)),
            "ResourceNotFound",
            &format!("No ACK record exists for member m[{id}]."),
        );
    }
}

#[test]
fn an_update_records_the_latest_signed_root() {
    let mut world = world(&[Kind::Plain]);
    let root = SIGNATURES.get_in(&world.state).unwrap().unwrap().root;
    let view = update(&mut world, 0).unwrap();
    assert_eq!(
        world.named(&json_of(&view)),
        format!("{{\"memberId\":\"m0\",\"stateDigest\":\"{root}\"}}")
    );
    assert_eq!(world.tables_written_at(world.seqno), ["members.acks"]);
    assert_eq!(
        world.dump(&["members.acks"]),
        format!("members.acks m0 = {{\"state_digest\":\"{root}\"}}\n")
    );
    world.sign();
    let newer = update(&mut world, 0).unwrap();
    assert_ne!(newer.state_digest, view.state_digest);
}

#[test]
fn an_update_keeps_the_other_fields() {
    let mut world = world(&[Kind::Plain]);
    world.ack(0).unwrap();
    world.sign();
    let digest = update(&mut world, 0).unwrap().state_digest;
    assert_eq!(
        world.dump(&["members.acks"]),
        format!(
            "members.acks m0 = {{\"cose_sign1_req\":\"ZW52ZWxvcGU=\",\"state_digest\":\"{digest}\"}}\n"
        )
    );
}

#[test]
fn an_update_makes_a_record_where_there_is_none() {
    let mut world = world(&[Kind::Plain]);
    let id = world.members[0].id.clone();
    world.write(|tx| MEMBERS_ACKS.remove(tx, &id).unwrap());
    update(&mut world, 0).unwrap();
    world.ack(0).unwrap();
}

#[test]
fn without_signature_there_is_nothing_to_ack() {
    let mut world = world(&[Kind::Plain]);
    world.write(|tx| SIGNATURES.remove(tx));
    world.refuses(
        |world| update(world, 0),
        "InternalError",
        "Service has no signatures to ack yet - try again soon.",
    );
}

#[test]
fn the_path_must_name_the_signer() {
    let mut world = world(&[Kind::Plain, Kind::Plain]);
    let (signer, other) = (world.members[0].id.clone(), world.id(1));
    let text = "Member ID from path parameter (m[m1]) does not match member ID from body \
                signature (m[m0]).";
    world.refuses(
        |world| world.run(|tx, _| update_state_digest(tx, &other, &message(&signer))),
        "InvalidAuthenticationInfo",
        text,
    );
    world.refuses(
        |world| world.run(|tx, env| ack(tx, &other, &message(&signer), env)),
        "InvalidAuthenticationInfo",
        text,
    );
}

#[test]
fn checks_of_an_ack_come_in_order() {
    let mut world = world(&[Kind::Plain]);
    let zeros = "0".repeat(64);
    let submitted = format!("{{\"stateDigest\":\"{zeros}\"}}");
    world.refuses(
        |world| ack_payload(world, 0, &submitted),
        "StateDigestMismatch",
        &format!("Submitted state digest is not valid.\nExpected\n \nReceived\n {zeros}"),
    );
    let digest = update(&mut world, 0).unwrap().state_digest;
    world.refuses(
        |world| ack_payload(world, 0, &submitted),
        "StateDigestMismatch",
        &format!("Submitted state digest is not valid.\nExpected\n {digest}\nReceived\n {zeros}"),
    );
    world.refuses(
        |world| ack_payload(world, 0, "{\"stateDigest\": 5}"),
        "InvalidInput",
        "[json.exception.type_error.302] type must be string, but is number",
    );
    world.refuses(
        |world| ack_payload(world, 0, "{}"),
        "InvalidInput",
        "Signed request body is not a JSON object containing required string field \"stateDigest\"",
    );
    let error = ack_payload(&mut world, 0, "nope").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("[json.exception.parse_error.101] parse error"),
        "{error}"
    );
    // Without a record the payload is not looked at.
    let id = world.members[0].id.clone();
    world.write(|tx| MEMBERS_ACKS.remove(tx, &id).unwrap());
    world.refuses(
        |world| ack_payload(world, 0, "nope"),
        "AuthorizationFailed",
        "No ACK record exists for member m[m0].",
    );
}

#[test]
fn an_ack_activates_and_is_recorded() {
    let mut world = world(&[Kind::Plain]);
    let digest = update(&mut world, 0).unwrap().state_digest;
    // What `:update` answered is a valid payload.
    let payload = format!("{{\"memberId\":\"x\",\"stateDigest\":\"{digest}\"}}");
    ack_payload(&mut world, 0, &payload).unwrap();
    assert_eq!(
        world.tables_written_at(world.seqno),
        ["members.acks", "members.info"]
    );
    assert_eq!(
        world.dump(&["members.acks", "members.info"]),
        format!(
            "members.acks m0 = {{\"cose_sign1_req\":\"ZW52ZWxvcGU=\",\"state_digest\":\"{digest}\"}}\n\
             members.info m0 = {{\"status\":\"Active\"}}\n"
        )
    );
    // Again: written again, and active as before.
    ack_payload(&mut world, 0, &payload).unwrap();
    assert_eq!(
        world.tables_written_at(world.seqno),
        ["members.acks", "members.info"]
    );
}

#[test]
fn an_ack_removes_the_legacy_request() {
    let mut world = world(&[Kind::Plain]);
    let digest = update(&mut world, 0).unwrap().state_digest;
    let id = world.members[0].id.clone();
    world.write(|tx| {
        let legacy = format!(
            "{{\"signed_req\":{{\"key_id\":\"\",\"md\":\"NONE\",\"req\":\"\",\"request_body\":\"\",\
             \"sig\":\"\"}},\"state_digest\":\"{digest}\"}}"
        );
        tx.put(
            MEMBERS_ACKS.name(),
            id.to_string().into_bytes(),
            legacy.into_bytes(),
        );
    });
    ack_payload(&mut world, 0, &format!("{{\"stateDigest\":\"{digest}\"}}")).unwrap();
    assert!(!world.dump(&["members.acks"]).contains("signed_req"));
}

#[test]
fn a_member_without_details_cannot_be_activated() {
    let mut world = world(&[Kind::Plain]);
    update(&mut world, 0).unwrap();
    let id = world.members[0].id.clone();
    world.write(|tx| MEMBERS_INFO.remove(tx, &id).unwrap());
    let digest = update(&mut world, 0).unwrap().state_digest;
    let payload = format!("{{\"stateDigest\":\"{digest}\"}}");
    world.refuses(
        |world| ack_payload(world, 0, &payload),
        "InternalError",
        "Error activating member: Member m[m0] cannot be activated as they do not exist",
    );
}

#[test]
fn before_the_service_is_open_an_ack_only_activates() {
    let mut world = world(&[Kind::Keyed]);
    world.ack(0).unwrap();
    assert!(RECOVERY_SHARES.get_in(&world.state).unwrap().is_none());
}

#[test]
fn a_new_recovery_member_of_an_open_service_causes_new_shares() {
    let cases = [
        (true, None, true),
        (true, Some(RecoveryRole::Owner), true),
        // A key with this role gets nothing, but causes new shares all the same.
        (true, Some(RecoveryRole::NonParticipant), true),
        (false, None, false),
    ];
    for (keyed, role, reissued) in cases {
        let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed, Kind::Keyed], 1);
        let new = world.add_member(Member::new("new", keyed), role);
        let before = RECOVERY_SHARES.version_in(&world.state);
        world.ack(new).unwrap();
        let after = RECOVERY_SHARES.version_in(&world.state);
        assert_eq!(before != after, reissued, "{keyed} {role:?}");
        let shares = RECOVERY_SHARES.get_in(&world.state).unwrap().unwrap();
        assert_eq!(
            shares.encrypted_shares.contains_key(&world.members[new].id),
            reissued && role != Some(RecoveryRole::NonParticipant),
            "{keyed} {role:?}"
        );
        if reissued {
            assert_eq!(
                world.tables_written_at(world.seqno),
                ["members.acks", "members.info", "internal.recovery_shares"]
            );
        }
        // Only the first ack does.
        let seqno = RECOVERY_SHARES.version_in(&world.state);
        world.ack(new).unwrap();
        assert_eq!(RECOVERY_SHARES.version_in(&world.state), seqno);
    }
}

#[test]
fn a_recovery_member_needs_a_service() {
    let mut world = world(&[Kind::Keyed]);
    world.write(|tx| SERVICE_INFO.remove(tx));
    world.run(|_, _| Ok(())).unwrap();
    let seqno = world.seqno;
    let error = world.ack(0).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("InternalError", "No service currently available.")
    );
    // The update before it stood.
    assert_eq!(world.seqno, seqno + 1);
}

#[test]
fn shares_that_cannot_be_issued_refuse_the_ack() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let new = world.add_member(Member::new("new", true), None);
    let id = world.members[new].id.clone();
    world.write(|tx| {
        MEMBERS_ENCRYPTION_PUBLIC_KEYS
            .put(tx, &id, &"no key".into())
            .unwrap();
    });
    let error = world.ack(new).unwrap_err();
    assert_eq!(error.code(), "InternalError");
    let text = world.named(&error.to_string());
    assert!(
        text.starts_with(
            "Error issuing new recovery shares: The encryption public key of member m[m1] cannot"
        ),
        "{text}"
    );
    let details = MEMBERS_INFO.get_in(&world.state, &id).unwrap().unwrap();
    assert_eq!(details.status, MemberStatus::Accepted);
}

#[test]
fn while_waiting_for_shares_an_ack_only_activates() {
    let mut world = World::open(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    world.set_service_status(ServiceStatus::WaitingForRecoveryShares);
    let new = world.add_member(Member::new("new", true), None);
    let before = RECOVERY_SHARES.version_in(&world.state);
    world.ack(new).unwrap();
    assert_eq!(RECOVERY_SHARES.version_in(&world.state), before);
}
