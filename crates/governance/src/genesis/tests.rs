//! The create transaction (recovery-and-membership.md 3.1, kv-tables.md 12, attestation.md 6.5).

use serde_json::json;

use super::*;
use crate::testing::{Kind, Member, World};

const OWNER: Kind = Kind::Role(RecoveryRole::Owner);

fn world(kinds: &[Kind]) -> World {
    World::founded("export function validate() {}", kinds, 1)
}

fn create_on_nothing(world: &World, input: &GenesisInput) -> Result<Vec<String>, String> {
    let mut tx = Tx::new(quorate_kv::Snapshot::default());
    create(&mut tx, input).map_err(|error| world.named(&error.to_string()))?;
    Ok(tx
        .write_set()
        .maps
        .keys()
        .map(ToString::to_string)
        .collect())
}

#[test]
fn the_write_set_is_that_of_the_reference() {
    let world = world(&[Kind::Keyed, Kind::Plain]);
    let input = world.genesis_input("constitution", &[Kind::Keyed, Kind::Plain], 1);
    let prefix = "public:ccf.gov.";
    assert_eq!(
        create_on_nothing(&world, &input).unwrap(),
        [
            "constitution",
            "members.acks",
            "members.certs",
            "members.encryption_public_keys",
            "members.info",
            "nodes.endorsed_certificates",
            "nodes.info",
            "nodes.virtual.host_data",
            "nodes.virtual.measurements",
            "service.config",
            "service.info",
        ]
        .map(|name| format!("{prefix}{name}"))
    );
}

#[test]
fn the_values_are_those_of_the_reference() {
    let mut world = world(&[Kind::Keyed, Kind::Plain, OWNER]);
    let mut tx = Tx::new(quorate_kv::Snapshot::default());
    let kinds = [Kind::Keyed, Kind::Plain, OWNER];
    let mut input = world.genesis_input("one\ntwo", &kinds, 1);
    input.service_data = Some(json!({ "b": 1, "a": 2 }));
    input.members[1].data = Some(json!({ "is_operator": true }));
    create(&mut tx, &input).unwrap();
    world.state = quorate_kv::State::new();
    world.seqno = 0;
    world.commit(tx);
    let host_data = quorate_crypto::sha256(b"program");
    assert_eq!(
        world.dump(&[
            "constitution",
            "nodes.virtual.measurements",
            "service.config"
        ]),
        "constitution = \"one\\ntwo\"\n\
         nodes.virtual.measurements Insecure hard-coded virtual measurement v1 = \"AllowedToJoin\"\n\
         service.config = {\"maximum_node_certificate_validity_days\":365,\
         \"maximum_service_certificate_validity_days\":365,\"recovery_threshold\":1}\n"
    );
    assert_eq!(
        world.dump(&["nodes.virtual.host_data"]),
        format!("nodes.virtual.host_data {host_data} = \0\0\0\0\0\0\0\0\n")
    );
    let service = world.dump(&["service.info"]);
    assert!(service.starts_with("service.info = {\"cert\":\"-----BEGIN CERTIFICATE-----\\n"));
    assert!(
        service.ends_with(
            "\\n\",\"current_service_create_txid\":\"2.1\",\"recovery_count\":0,\
             \"service_data\":{\"a\":2,\"b\":1},\"status\":\"Opening\"}\n"
        ),
        "{service}"
    );
    let mut lines: Vec<String> = world
        .dump(&["members.info", "members.acks"])
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "members.acks m0 = {\"state_digest\":\"\"}",
            "members.acks m1 = {\"state_digest\":\"\"}",
            "members.acks m2 = {\"state_digest\":\"\"}",
            "members.info m0 = {\"status\":\"Accepted\"}",
            "members.info m1 = {\"member_data\":{\"is_operator\":true},\"status\":\"Accepted\"}",
            "members.info m2 = {\"recovery_role\":\"Owner\",\"status\":\"Accepted\"}",
        ]
    );
    let keys = world.dump(&["members.encryption_public_keys"]);
    assert!(keys.contains(" m0 = -----BEGIN PUBLIC KEY-----\n") && keys.contains(" m2 = "));
    assert!(!keys.contains(" m1 = "));
}

#[test]
fn a_role_without_key_is_ignored_and_a_key_without_role_refused() {
    let world = world(&[Kind::Plain, Kind::Keyed]);
    let mut input = world.genesis_input("", &[Kind::Plain, Kind::Keyed], 1);
    input.members[0].recovery_role = Some(RecoveryRole::Owner);
    create_on_nothing(&world, &input).unwrap();
    let mut tx = Tx::new(quorate_kv::Snapshot::default());
    create(&mut tx, &input).unwrap();
    let details = MEMBERS_INFO
        .get(&mut tx, &world.members[0].id)
        .unwrap()
        .unwrap();
    assert_eq!(details.recovery_role, None);

    input.members[1].recovery_role = Some(RecoveryRole::NonParticipant);
    assert_eq!(
        create_on_nothing(&world, &input).unwrap_err(),
        "founding member m[m1] has an encryption public key, but recovery role NonParticipant: \
         give the role Participant or Owner, or no key"
    );
}

#[test]
fn a_member_given_twice_is_added_once() {
    let world = world(&[Kind::Keyed]);
    let mut input = world.genesis_input("", &[Kind::Keyed], 1);
    let mut again = input.members[0].clone();
    again.data = Some(json!("second"));
    again.encryption_public_key = None;
    input.members.push(again);
    let mut tx = Tx::new(quorate_kv::Snapshot::default());
    create(&mut tx, &input).unwrap();
    let details = MEMBERS_INFO
        .get(&mut tx, &world.members[0].id)
        .unwrap()
        .unwrap();
    assert_eq!(details.member_data, serde_json::Value::Null);
    assert!(
        MEMBERS_ENCRYPTION_PUBLIC_KEYS
            .has(&mut tx, &world.members[0].id)
            .unwrap()
    );
}

#[test]
fn a_certificate_that_is_none_names_its_member() {
    let world = world(&[Kind::Plain, Kind::Plain]);
    let mut input = world.genesis_input("", &[Kind::Plain, Kind::Plain], 1);
    input.members[1].certificate = "no certificate".into();
    let text = create_on_nothing(&world, &input).unwrap_err();
    assert!(
        text.starts_with("the certificate of founding member 1 is not a PEM certificate: "),
        "{text}"
    );
}

#[test]
fn a_service_is_created_once() {
    let mut world = world(&[Kind::Plain]);
    let input = world.genesis_input("", &[Kind::Plain], 1);
    let mut tx = world.begin();
    assert_eq!(
        create(&mut tx, &input).unwrap_err().to_string(),
        "Service is already created."
    );
    world.write(|tx| SERVICE_INFO.remove(tx));
    let mut tx = world.begin();
    assert_eq!(
        create(&mut tx, &input).unwrap_err().to_string(),
        "Service is already created."
    );
}

#[test]
fn the_member_id_is_the_fingerprint_of_the_first_certificate() {
    let world = world(&[Kind::Plain]);
    let mut input = world.genesis_input("", &[Kind::Plain], 1);
    let other = Member::new("other", false);
    let bundle = format!("{}{}", input.members[0].certificate, other.certificate);
    input.members[0].certificate = bundle.clone().into();
    let mut tx = Tx::new(quorate_kv::Snapshot::default());
    create(&mut tx, &input).unwrap();
    let stored = MEMBERS_CERTS
        .get(&mut tx, &world.members[0].id)
        .unwrap()
        .unwrap();
    assert_eq!(stored.as_str(), bundle);
}
