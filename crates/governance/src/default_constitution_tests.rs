//! The native half of the default constitution's actions: that they reach the functions of this
//! room, and leave the tables that the contract names (governance-api.md 8, kv-tables.md 12). What
//! the actions themselves check is tested with the constitutions.

use std::collections::BTreeSet;

use quorate_crypto::cert::Certificate;
use quorate_tables::{
    JWT_PUBLIC_SIGNING_KEYS_METADATA_V2, MEMBERS_INFO, MODULES, MemberStatus,
    NODES_ENDORSED_CERTIFICATES, NODES_INFO, NodeStatus, ProposalState, RECOVERY_SHARES,
    SERVICE_INFO, ServiceStatus,
};
use serde_json::{Value, json};

use crate::testing::{Kind, Member, World, YES};

const DEFAULT: &[&str] = &[
    include_str!("../../../constitutions/default/actions.js"),
    include_str!("../../../constitutions/default/validate.js"),
    include_str!("../../../constitutions/default/resolve.js"),
    include_str!("../../../constitutions/default/apply.js"),
];

fn constitution() -> String {
    DEFAULT.join("\n")
}

fn open_world(kinds: &[Kind], threshold: u64) -> World {
    World::open(&constitution(), kinds, threshold)
}

/// Tables that the deciding vote wrote beside those of every proposal.
fn effects_of(world: &World) -> Vec<String> {
    let of_proposals = [
        "cose_history",
        "cose_recent_proposals",
        "proposals",
        "proposals_info",
    ];
    let mut tables = world.tables_written_at(world.seqno);
    tables.retain(|table| !of_proposals.contains(&table.as_str()));
    tables
}

#[track_caller]
fn accept(world: &mut World, name: &str, args: &Value) {
    let view = world.pass_action(name, args).unwrap();
    assert_eq!(view.proposal_state, ProposalState::Accepted, "{name}");
}

/// The action is refused at the deciding vote with this first line, and the proposal stays open.
#[track_caller]
fn refuse(world: &mut World, name: &str, args: &Value, text: &str) {
    let error = world.pass_action(name, args).unwrap_err().to_string();
    let expected = format!("Failed to apply(): {text}\nTrace: ");
    let error = world.named(&error);
    assert!(error.starts_with(&expected), "{name}: {error}");
}

fn shares_version(world: &World) -> Option<u64> {
    RECOVERY_SHARES.version_in(&world.state)
}

fn holders(world: &World) -> BTreeSet<String> {
    let shares = RECOVERY_SHARES.get_in(&world.state).unwrap().unwrap();
    let holders = shares.encrypted_shares.keys();
    holders.map(|member| world.named(member.as_str())).collect()
}

#[test]
fn the_walk_through_from_genesis_to_a_fourth_member() {
    let mut world = World::founded(&constitution(), &[Kind::Keyed; 3], 2);
    for member in 0..3 {
        world.ack(member).unwrap();
        world.sign();
    }
    let open = json!({ "next_service_identity": world.service_certificate() });
    accept(&mut world, "transition_service_to_open", &open);
    assert_eq!(
        effects_of(&world),
        [
            "service.info",
            "internal.historical_encrypted_ledger_secret",
            "internal.previous_service_identity_endorsement",
            "internal.recovery_shares"
        ]
    );
    assert_eq!(holders(&world), ["m0", "m1", "m2"].map(String::from).into());

    let new = Member::new("member4", true);
    let args = json!({ "cert": new.certificate, "encryption_pub_key": new.encryption_pem() });
    let payload = json!({ "actions": [{ "name": "set_member", "args": args }] }).to_string();
    let view = world.create(0, &payload).unwrap();
    assert_eq!(
        (view.proposal_state, view.ballot_count),
        (ProposalState::Open, 0)
    );
    let id = view.proposal_id.to_string();
    let ballots = [(0, YES), (1, crate::testing::NO), (2, YES)];
    let states = ballots.map(|(member, ballot)| {
        let view = world.vote(member, &id, ballot).unwrap();
        (view.proposal_state, view.ballot_count)
    });
    assert_eq!(
        states,
        [
            (ProposalState::Open, 1),
            (ProposalState::Open, 2),
            (ProposalState::Accepted, 3)
        ]
    );
    assert_eq!(
        effects_of(&world),
        [
            "members.acks",
            "members.certs",
            "members.encryption_public_keys",
            "members.info"
        ]
    );
    let member_id = new.id.clone();
    world.name(member_id.as_str(), "m3");
    world.members.push(new);
    let details = |world: &World| {
        MEMBERS_INFO
            .get_in(&world.state, &member_id)
            .unwrap()
            .unwrap()
    };
    assert_eq!(details(&world).status, MemberStatus::Accepted);
    assert!(!holders(&world).contains("m3"), "no share before the ack");

    let before = shares_version(&world);
    world.ack(3).unwrap();
    assert_eq!(details(&world).status, MemberStatus::Active);
    assert!(holders(&world).contains("m3") && shares_version(&world) != before);
}

#[test]
fn opening_with_another_identity_names_the_mismatch() {
    let mut world = World::active(&constitution(), &[Kind::Keyed], 1);
    let other = world.members[0].certificate.clone();
    let error = world
        .pass_action(
            "transition_service_to_open",
            &json!({ "next_service_identity": other }),
        )
        .unwrap_err()
        .to_string();
    let expected = "Failed to apply(): InternalError: Unable to open service: Service identity \
                    mismatch: the next service identity in the transition_service_to_open proposal \
                    does not match the current service identity:\nNext:\n-----BEGIN CERTIFICATE-----\n";
    assert!(error.starts_with(expected), "{error}");
    // Opening twice is one opening.
    let open = json!({ "next_service_identity": world.service_certificate() });
    accept(&mut world, "transition_service_to_open", &open);
    accept(&mut world, "transition_service_to_open", &open);
    assert_eq!(effects_of(&world), [""; 0]);
}

#[test]
fn a_service_without_holders_of_shares_stays_opening() {
    let mut world = World::active(&constitution(), &[Kind::Plain], 0);
    let open = json!({ "next_service_identity": world.service_certificate() });
    refuse(
        &mut world,
        "transition_service_to_open",
        &open,
        "InternalError: Unable to open service: Failed to issue recovery shares: There should be \
         at least one active recovery member to issue recovery shares",
    );
    assert!(
        world
            .dump(&["proposals_info"])
            .contains("\"state\":\"Open\"")
    );
    let info = SERVICE_INFO.get_in(&world.state).unwrap().unwrap();
    assert_eq!(info.status, ServiceStatus::Opening);
}

#[test]
fn shares_change_with_the_recovery_members_and_not_else() {
    let mut world = open_world(&[Kind::Keyed; 3], 2);
    let changed = |world: &mut World, name: &str, args: Value| {
        let before = shares_version(world);
        accept(world, name, &args);
        before != shares_version(world)
    };
    assert!(changed(
        &mut world,
        "trigger_recovery_shares_refresh",
        Value::Null
    ));
    assert_eq!(effects_of(&world), ["internal.recovery_shares"]);
    assert!(changed(
        &mut world,
        "set_recovery_threshold",
        json!({ "recovery_threshold": 3 })
    ));
    assert_eq!(
        effects_of(&world),
        ["service.config", "internal.recovery_shares"]
    );
    assert!(!changed(
        &mut world,
        "set_recovery_threshold",
        json!({ "recovery_threshold": 3 })
    ));
    assert!(changed(&mut world, "trigger_ledger_rekey", Value::Null));
    assert_eq!(
        effects_of(&world),
        [
            "internal.encrypted_ledger_secrets",
            "internal.historical_encrypted_ledger_secret",
            "internal.recovery_shares"
        ]
    );
    let config = json!({ "recovery_threshold": 1, "recent_cose_proposals_window_size": 7 });
    assert!(changed(&mut world, "set_service_configuration", config));
    let plain = Member::new("plain", false);
    assert!(!changed(
        &mut world,
        "set_member",
        json!({ "cert": plain.certificate })
    ));
    let removed = json!({ "member_id": plain.id });
    assert!(!changed(&mut world, "remove_member", removed));
    let data = json!({ "member_id": world.id(0), "member_data": {} });
    assert!(!changed(&mut world, "set_member_data", data));
}

#[test]
fn removing_a_recovery_member_rekeys() {
    let mut world = open_world(&[Kind::Keyed; 3], 2);
    let before = world
        .node
        .secrets
        .lock()
        .unwrap()
        .latest()
        .secret
        .raw_bytes()
        .to_vec();
    let remove = json!({ "member_id": world.id(2) });
    accept(&mut world, "remove_member", &remove);
    assert_eq!(holders(&world), ["m0", "m1"].map(String::from).into());
    let after = world
        .node
        .secrets
        .lock()
        .unwrap()
        .latest()
        .secret
        .raw_bytes()
        .to_vec();
    assert_ne!(before, after);
    let remove = json!({ "member_id": world.id(1) });
    world.members.truncate(2);
    refuse(
        &mut world,
        "remove_member",
        &remove,
        "Error: Number of active recovery members (1) would be less than recovery threshold (2)",
    );
}

#[test]
fn a_removal_and_a_lower_threshold_in_one_proposal_share_the_new_secret() {
    let mut world = open_world(&[Kind::Keyed; 3], 3);
    let actions = json!({ "actions": [
        { "name": "set_recovery_threshold", "args": { "recovery_threshold": 1 } },
        { "name": "remove_member", "args": { "member_id": world.id(2) } },
        { "name": "trigger_recovery_shares_refresh" },
    ]});
    let view = world.pass(&actions.to_string()).unwrap();
    assert_eq!(view.proposal_state, ProposalState::Accepted);
    let info = RECOVERY_SHARES.get_in(&world.state).unwrap().unwrap();
    let member = &world.members[0];
    let share = member
        .encryption
        .as_ref()
        .unwrap()
        .decrypt_oaep_sha256(info.encrypted_shares[&member.id].as_slice(), &[])
        .unwrap();
    let share = quorate_crypto::sharing::Share::from_bytes(&share).unwrap();
    let key = quorate_crypto::sharing::combine(&[share], 1)
        .unwrap()
        .wrapping_key();
    let opened = key
        .unwrap_blob(info.wrapped_latest_ledger_secret.as_slice())
        .unwrap();
    let secrets = world.node.secrets.lock().unwrap();
    assert_eq!(&opened[..], secrets.latest().secret.raw_bytes());
}

#[test]
fn before_the_service_is_open_there_is_no_rekey() {
    let mut world = World::active(&constitution(), &[Kind::Keyed; 2], 1);
    refuse(
        &mut world,
        "trigger_ledger_rekey",
        &Value::Null,
        "InternalError: Could not rekey ledger",
    );
}

#[test]
fn certificates_are_renewed() {
    let mut world = open_world(&[Kind::Keyed], 1);
    let node = world.node.id.clone();
    let endorsed = |world: &World| {
        let pem = NODES_ENDORSED_CERTIFICATES
            .get_in(&world.state, &node)
            .unwrap()
            .unwrap();
        Certificate::from_pem(pem.as_str()).unwrap()
    };
    let before = endorsed(&world);
    let args = json!({
        "node_id": node, "valid_from": "2026-01-01 00:00:00", "validity_period_days": 365,
    });
    accept(&mut world, "set_node_certificate_validity", &args);
    assert_eq!(effects_of(&world), ["nodes.endorsed_certificates"]);
    let after = endorsed(&world);
    assert_eq!(after.spki_der(), before.spki_der());
    assert_eq!(after.not_after() - after.not_before(), 365 * 86400 - 1);
    refuse(
        &mut world,
        "set_node_certificate_validity",
        &json!({ "node_id": node, "valid_from": "not a time" }),
        "InternalError: Failed to create endorsed cert: 'not a time' does not match any accepted \
         time format",
    );
    accept(
        &mut world,
        "set_all_nodes_certificate_validity",
        &json!({ "valid_from": "260101000000Z" }),
    );
    assert_ne!(endorsed(&world).der(), after.der());

    let old = Certificate::from_pem(&world.service_certificate()).unwrap();
    accept(
        &mut world,
        "set_service_certificate_validity",
        &json!({ "valid_from": "2026-01-01T00:00:00+00:00", "validity_period_days": 30 }),
    );
    assert_eq!(effects_of(&world), ["service.info"]);
    let new = Certificate::from_pem(&world.service_certificate()).unwrap();
    assert_ne!(new.der(), old.der());
    assert!(
        endorsed(&world).issued_by(&new),
        "node certificates stay valid"
    );
    // The status is as before, and the identity to assert is the new one.
    let info = SERVICE_INFO.get_in(&world.state).unwrap().unwrap();
    assert_eq!(info.status, ServiceStatus::Open);
    let identity = json!({ "service_identity": world.service_certificate() });
    accept(&mut world, "assert_service_identity", &identity);
}

#[test]
fn an_application_whose_modules_compile_is_deployed_without_bytecode() {
    let mut world = open_world(&[Kind::Keyed], 1);
    let bundle = |source: &str| {
        json!({ "bundle": {
            "metadata": { "endpoints": { "/x": { "get": {
                "js_module": "m.js", "js_function": "f", "forwarding_required": "never",
                "authn_policies": [], "mode": "readonly", "openapi": {},
            }}}},
            "modules": [{ "name": "m.js", "module": source }],
        }})
    };
    accept(
        &mut world,
        "set_js_app",
        &bundle("export function f() { return {} }"),
    );
    assert_eq!(
        effects_of(&world),
        ["endpoints", "interpreter.flush", "modules"]
    );
    let before = MODULES.entries_in(&world.state).unwrap();
    refuse(
        &mut world,
        "set_js_app",
        &bundle("export function f( {"),
        "InternalError: Failed to refresh bytecode: Unable to serialize bytecode for JS module \
         '/m.js'",
    );
    assert_eq!(MODULES.entries_in(&world.state).unwrap(), before);
    accept(&mut world, "refresh_js_app_bytecode_cache", &Value::Null);
    assert_eq!(effects_of(&world), [""; 0]);
}

#[test]
fn signing_keys_follow_their_issuer() {
    let mut world = open_world(&[Kind::Keyed], 1);
    let key = world.node.encryption.public_key();
    let jwk = quorate_crypto::jwk::pem_to_jwk(
        quorate_crypto::jwk::KeyKind::RsaPublic,
        &key.to_pem(),
        Some("k1"),
    )
    .unwrap();
    let issuer = "https://issuer.example.com";
    accept(
        &mut world,
        "set_jwt_issuer",
        &json!({ "issuer": issuer, "jwks": { "keys": [jwk] } }),
    );
    assert_eq!(
        effects_of(&world),
        ["jwt.issuers", "jwt.public_signing_keys_metadata_v2"]
    );
    assert_eq!(
        world.dump(&["jwt.issuers"]),
        format!("jwt.issuers {issuer} = {{\"issuer\":\"{issuer}\"}}\n")
    );
    let stored = |world: &World| JWT_PUBLIC_SIGNING_KEYS_METADATA_V2.len_in(&world.state);
    assert_eq!(stored(&world), 1);
    let mut other = jwk.clone();
    other["kid"] = json!("k2");
    let args = json!({ "issuer": issuer, "jwks": { "keys": [other] } });
    accept(&mut world, "set_jwt_public_signing_keys", &args);
    assert_eq!(stored(&world), 1);
    other["issuer"] = json!("https://elsewhere.example");
    let args = json!({ "issuer": issuer, "jwks": { "keys": [other] } });
    refuse(
        &mut world,
        "set_jwt_public_signing_keys",
        &args,
        "InternalError: set_jwt_public_signing_keys() failed",
    );
    accept(
        &mut world,
        "remove_jwt_issuer",
        &json!({ "issuer": issuer }),
    );
    assert_eq!(stored(&world), 0);
}

#[test]
fn what_this_version_cannot_do_is_refused_at_apply() {
    let mut world = open_world(&[Kind::Keyed], 1);
    refuse(
        &mut world,
        "trigger_snapshot",
        &Value::Null,
        "InternalError: Unable to request snapshot: snapshots are not available in this version yet",
    );
    let node = world.node.id.clone();
    let nodes = |from: &str, to: &str| {
        format!(
            "Adding, trusting and removing nodes is not available in this version yet: the \
             proposal would change node n[n0] from {from} to {to}"
        )
    };
    let remove = json!({ "node_id": node });
    refuse(
        &mut world,
        "remove_node",
        &remove,
        &nodes("Trusted", "Retired"),
    );
    let pending = world.node_info(NodeStatus::Pending);
    world.write(|tx| NODES_INFO.put(tx, &node, &pending).unwrap());
    refuse(
        &mut world,
        "remove_node",
        &remove,
        &nodes("Pending", "absent"),
    );
    let trust = json!({ "node_id": node, "valid_from": "260101000000Z" });
    refuse(
        &mut world,
        "transition_node_to_trusted",
        &trust,
        &nodes("Pending", "Trusted"),
    );

    // What has no effect is no change: an unknown node, and one that is trusted already.
    let unknown = json!({ "node_id": "ab".repeat(32) });
    accept(&mut world, "remove_node", &unknown);
    let trusted = world.node_info(NodeStatus::Trusted);
    world.write(|tx| NODES_INFO.put(tx, &node, &trusted).unwrap());
    accept(&mut world, "transition_node_to_trusted", &trust);
    assert_eq!(effects_of(&world), [""; 0]);
    accept(&mut world, "trigger_ledger_chunk", &Value::Null);
    assert!(world.requests.ledger_chunk);
    accept(
        &mut world,
        "set_node_data",
        &json!({ "node_id": node, "node_data": { "a": [1] } }),
    );
    assert!(
        world
            .dump(&["nodes.info"])
            .contains("\"node_data\":{\"a\":[1]}")
    );
}

#[test]
fn a_new_constitution_drops_all_other_open_proposals() {
    let mut world = open_world(&[Kind::Keyed], 1);
    world
        .create(0, &json!({ "actions": [] }).to_string())
        .unwrap();
    let open = world.proposals.last().unwrap().clone();
    let text = format!("{}\n// changed", constitution());
    accept(
        &mut world,
        "set_constitution",
        &json!({ "constitution": text }),
    );
    assert_eq!(effects_of(&world), ["constitution"]);
    let view = world.run(|tx, _| crate::proposals::get(tx, &open)).unwrap();
    assert_eq!(view.proposal_state, ProposalState::Dropped);
    assert_eq!((view.final_votes, view.vote_failures), (None, None));
    let error = world
        .pass_action(
            "set_constitution",
            &json!({ "constitution": "export function validate(a) {}" }),
        )
        .unwrap_err();
    assert_eq!(error.code(), "ProposalFailedToValidate");
    assert!(error.to_string().starts_with(
        "Proposal failed to validate: set_constitution at position 0 failed validation: TypeError: \
         proposed constitution does not export a function named apply: Failed to find export \
         'apply' in module 'proposed constitution'\n"
    ), "{error}");
}
