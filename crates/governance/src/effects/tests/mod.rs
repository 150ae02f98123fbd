//! A test for every rule of governance-api.md 6.1 to 6.3 and 10, by group of effects.

mod certificates;
mod opening;
mod rekey;

use std::collections::BTreeMap;

use quorate_tables::{
    MODULES, MODULES_QUICKJS_BYTECODE, MODULES_QUICKJS_VERSION, NODES_INFO, NodeInfo, NodeStatus,
};
use serde_json::json;

use super::*;
use crate::testing::{FREE_CONSTITUTION, Kind, World};

/// Calls one effect in a transaction, which commits if it succeeds.
fn call<T>(
    world: &mut World,
    effect: impl FnOnce(&NativeEffects, &mut Tx) -> Result<T, EffectError>,
) -> Result<T, String> {
    let effects = NativeEffects::new(world.node.clone());
    let mut tx = world.begin();
    let value = effect(&effects, &mut tx).map_err(|error| world.named(&error.message))?;
    world.commit(tx);
    Ok(value)
}

#[test]
fn a_chunk_is_requested_and_a_snapshot_is_not_available() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 0);
    let view = world.pass(&json!({ "apply": "ccf.node.triggerLedgerChunk()" }).to_string());
    view.unwrap();
    assert!(world.requests.ledger_chunk && !world.requests.snapshot);

    let payload = json!({ "needed": 0, "apply": "ccf.node.triggerSnapshot()" }).to_string();
    let text = world.create(0, &payload).unwrap_err().to_string();
    assert!(
        text.starts_with(
            "Failed to apply(): InternalError: Unable to request snapshot: snapshots are not \
             available in this version yet\nTrace: "
        ),
        "{text}"
    );
}

#[test]
fn the_set_of_nodes_cannot_change_yet() {
    let set = |status: &str| {
        format!(
            "const nodes = ccf.kv['public:ccf.gov.nodes.info']; nodes.forEach((value, key) => {{ \
             const info = ccf.bufToJsonCompatible(value); info.status = '{status}'; \
             nodes.set(key, ccf.jsonCompatibleToBuf(info)); }})"
        )
    };
    let refusal = |from: &str, to: &str| {
        format!(
            "Failed to apply(): Adding, trusting and removing nodes is not available in this \
             version yet: the proposal would change node n[n0] from {from} to {to}\nTrace: N/A"
        )
    };
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 0);
    let node = world.node.id.clone();
    let apply = |world: &mut World, apply: &str, expected: Result<(), String>| {
        let payload = json!({ "needed": 0, "apply": apply }).to_string();
        match expected {
            Ok(()) => drop(world.create(0, &payload).unwrap()),
            Err(text) => world.refuses(|world| world.create(0, &payload), "InternalError", &text),
        }
    };
    apply(
        &mut world,
        &set("Retired"),
        Err(refusal("Trusted", "Retired")),
    );
    apply(&mut world, &set("Trusted"), Ok(()));
    let remove = format!("ccf.kv['public:ccf.gov.nodes.info'].delete(ccf.strToBuf('{node}'))");
    apply(&mut world, &remove, Err(refusal("Trusted", "absent")));
    // Data of a node may change.
    let data = set("Trusted").replace("info.status = 'Trusted'", "info.node_data = { a: 1 }");
    apply(&mut world, &data, Ok(()));
    assert!(
        world
            .dump(&["nodes.info"])
            .contains("\"node_data\":{\"a\":1}")
    );

    let info = NodeInfo {
        status: NodeStatus::Pending,
        ..world.node_info(NodeStatus::Pending)
    };
    world.write(|tx| NODES_INFO.put(tx, &node, &info).unwrap());
    apply(
        &mut world,
        &set("Trusted"),
        Err(refusal("Pending", "Trusted")),
    );
    let copy = "const nodes = ccf.kv['public:ccf.gov.nodes.info']; nodes.forEach((value, key) => { \
                nodes.set(ccf.strToBuf('1'.repeat(64)), value); })";
    let other = "1".repeat(64);
    world.name(&other, "n1");
    apply(
        &mut world,
        copy,
        Err(refusal("absent", "Pending").replace("n[n0]", "n[n1]")),
    );
}

#[test]
fn no_bytecode_is_stored_but_modules_must_compile() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Plain], 0);
    // What another engine has left behind.
    world.write(|tx| {
        MODULES_QUICKJS_VERSION
            .put(tx, &"2024-01-13".to_owned())
            .unwrap();
        MODULES_QUICKJS_BYTECODE
            .put(tx, &"/a.js".to_owned(), &"bytecode".into())
            .unwrap();
        let good = [
            (
                "/a.js",
                "import { g } from './lib/b.js';\nexport function f() { return g(); }",
            ),
            (
                "/lib/b.js",
                "import { f } from '../a.js';\nexport function g() { return f; }",
            ),
            ("/throws.js", "throw new Error('only when it runs');"),
        ];
        for (name, source) in good {
            MODULES
                .put(tx, &name.to_owned(), &source.to_owned())
                .unwrap();
        }
    });
    let refresh =
        |world: &mut World| call(world, |effects, tx| effects.refresh_app_bytecode_cache(tx));
    refresh(&mut world).unwrap();
    assert_eq!(
        world.dump(&["modules_quickjs_version", "modules_quickjs_bytecode"]),
        ""
    );

    for source in [
        "export function f( {",
        "import { x } from './nowhere.js'; export const y = x;",
    ] {
        world.write(|tx| {
            MODULES
                .put(tx, &"/z.js".to_owned(), &source.to_owned())
                .unwrap()
        });
        assert_eq!(
            refresh(&mut world).unwrap_err(),
            "Unable to serialize bytecode for JS module '/z.js'"
        );
    }
}

#[test]
fn refusals_reach_the_script_as_internal_errors_cut_to_255_bytes() {
    let mut world = World::active(FREE_CONSTITUTION, &[Kind::Keyed], 1);
    let apply = "try { ccf.node.transitionServiceToOpen(undefined, ccf.strToBuf('x')) } \
                 catch (e) { throw new Error(e.name + '|' + e.message) }";
    let payload = json!({ "needed": 0, "apply": apply }).to_string();
    let text = world.create(0, &payload).unwrap_err().to_string();
    let message = text
        .strip_prefix("Failed to apply(): Error: InternalError|")
        .and_then(|rest| rest.split("\nTrace: ").next())
        .unwrap();
    assert_eq!(message.len(), 255, "{text}");
    assert!(
        message.starts_with("Unable to open service: Service identity mismatch: "),
        "{text}"
    );

    let texts = BTreeMap::from([
        (
            "ccf.node.triggerLedgerRekey()",
            "InternalError: Could not rekey ledger",
        ),
        (
            "ccf.setJwtPublicSigningKeys('https://a.b', {}, { keys: [] })",
            "InternalError: set_jwt_public_signing_keys() failed",
        ),
        (
            "ccf.network.generateNetworkCertificate('x', 1)",
            "InternalError: Error: 'x' does not match any accepted time format",
        ),
    ]);
    for (call, expected) in texts {
        let payload = json!({ "needed": 0, "apply": call }).to_string();
        let text = world.create(0, &payload).unwrap_err().to_string();
        let expected = format!("Failed to apply(): {expected}\nTrace:     at ");
        assert!(text.starts_with(&expected), "{text}");
    }
}
