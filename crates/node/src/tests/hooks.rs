//! How the node reacts to its own tables (kv-tables.md 5.2, 7.1, 11.3, 13).

use quorate_crypto::cert::Certificate;
use quorate_kv::Tx;
use quorate_replication::Events as _;
use quorate_tables::{NODES_ENDORSED_CERTIFICATES, Pem, SERVICE_INFO, SIGNATURES, ServiceStatus};
use serde_json::json;

use super::*;
use crate::local_node::LocalNode;

fn local(node: &TestNode) -> &LocalNode {
    &node.running.node.local
}

/// The certificate that stands in the last signature.
fn signing_certificate(node: &TestNode) -> String {
    let state = node.running.node.sequencer.snapshot().state;
    let signature = SIGNATURES.get_in(&state).unwrap().unwrap();
    serde_json::to_value(signature).unwrap()["cert"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn endorsed(node: &TestNode) -> Pem {
    let state = node.running.node.sequencer.snapshot().state;
    let id = &local(node).identity.id;
    NODES_ENDORSED_CERTIFICATES
        .get_in(&state, id)
        .unwrap()
        .unwrap()
}

#[test]
fn kv_tables_5_2_a_renewed_certificate_renews_the_self_signed_one() {
    let node = found();
    node.activate_all();
    let before = local(&node).self_signed();
    node.accept(
        "set_node_certificate_validity",
        json!({
            "node_id": local(&node).identity.id.as_str(),
            "valid_from": "2031-02-03 04:05:06",
            "validity_period_days": 77
        }),
    );
    let renewed = Certificate::from_pem(endorsed(&node).as_str()).unwrap();
    let own = local(&node).self_signed();
    assert_ne!(own.der(), before.der());
    assert_eq!(own.not_before(), renewed.not_before());
    assert_eq!(own.not_after(), renewed.not_after());
    assert_eq!(own.not_after() - own.not_before(), 77 * 86_400 - 1);
    assert_eq!(own.subject(), before.subject());
    assert_eq!(own.spki_der(), before.spki_der());
    assert!(own.issued_by(&own));
    let shown = node.json("/node/self_signed_certificate");
    assert_eq!(shown["self_signed_certificate"], own.to_pem());
    assert_eq!(
        signing_certificate(&node),
        endorsed(&node).as_str(),
        "signatures carry the certificate in force"
    );
    let written = std::fs::read_to_string(node.directory.path().join("nodecert.pem")).unwrap();
    assert_eq!(written, before.to_pem(), "written once at start-up");
}

#[test]
fn kv_tables_5_2_the_certificate_is_signed_with_before_it_commits() {
    let node = found();
    node.activate_all();
    node.settle();
    let before = (signing_certificate(&node), local(&node).self_signed());
    let view = node.decide(
        "set_node_certificate_validity",
        json!({
            "node_id": local(&node).identity.id.as_str(),
            "valid_from": "2031-02-03 04:05:06"
        }),
    );
    assert_eq!(view["proposalState"], "Accepted", "{view}");
    assert_eq!(
        local(&node).self_signed().der(),
        before.1.der(),
        "TLS follows at commit"
    );
    node.settle();
    assert_ne!(signing_certificate(&node), before.0);
    assert_ne!(local(&node).self_signed().der(), before.1.der());
}

#[test]
fn design_2_a_rollback_restores_the_certificate() {
    let node = found();
    let sequencer = &node.running.node.sequencer;
    let original = endorsed(&node);
    let before = sequencer.snapshot();
    let mut tx = Tx::new(before.clone());
    let id = &local(&node).identity.id;
    let other = local(&node)
        .identity
        .self_signed(
            quorate_crypto::cert::Validity { from: 0, days: 1 },
            &quorate_crypto::SystemEntropy,
        )
        .unwrap();
    NODES_ENDORSED_CERTIFICATES
        .put(&mut tx, id, &Pem::from(other.to_pem()))
        .unwrap();
    sequencer.commit(tx).unwrap();
    // The engine tells of a cut with the state that is left.
    local(&node).rolled_back(before.txid.seqno, &before.state);
    sequencer.sign_now().unwrap();
    assert_eq!(signing_certificate(&node), original.as_str());
}

#[test]
fn kv_tables_7_1_an_open_service_has_its_application_open() {
    let node = found();
    assert_eq!(error(&node.get("/app/hello")).1, "FrontendNotOpen");
    node.activate_all();
    let next = json!({
        "next_service_identity": node.json("/node/network")["service_certificate"]
    });
    let view = node.decide("transition_service_to_open", next);
    assert_eq!(view["proposalState"], "Accepted", "{view}");
    assert!(!local(&node).app.is_open(), "not before it commits");
    node.settle();
    assert!(local(&node).app.is_open());
    assert_eq!(node.get("/app/hello").status, 204);
}

#[test]
fn kv_tables_7_1_the_entry_of_another_service_opens_nothing() {
    let node = found();
    let sequencer = &node.running.node.sequencer;
    let mut tx = Tx::new(sequencer.snapshot());
    let mut info = SERVICE_INFO.get(&mut tx).unwrap().unwrap();
    info.status = ServiceStatus::Open;
    info.cert = Pem::from(local(&node).self_signed().to_pem());
    SERVICE_INFO.put(&mut tx, &info).unwrap();
    sequencer.commit(tx).unwrap();
    node.settle();
    assert!(!local(&node).app.is_open());
}

#[test]
fn kv_tables_11_3_a_rekey_puts_the_new_secret_in_force_behind_itself() {
    let node = found();
    node.open();
    let secrets = || node.running.node.sequencer.latest_secrets();
    let (first, none) = secrets();
    assert_eq!((first.valid_from, first.previous_stored), (1, None));
    assert!(none.is_none());
    node.accept("trigger_ledger_rekey", Value::Null);
    let (latest, previous) = secrets();
    let stored = latest.valid_from - 1;
    assert_eq!(latest.previous_stored, Some(stored));
    assert_ne!(latest.secret.raw_bytes(), first.secret.raw_bytes());
    assert_eq!(
        previous.unwrap().secret.raw_bytes(),
        first.secret.raw_bytes()
    );
    // What follows is encrypted with it, what stands below with the one before.
    let engine = node.running.node.sequencer.engine();
    let entry = |seqno| engine.read(seqno, seqno, 1 << 22).unwrap().remove(0);
    let opens = |seqno, secret| quorate_ledger::entry::decode(&entry(seqno), Some(secret)).is_ok();
    assert!(opens(stored, &*first.secret) && !opens(stored, &*latest.secret));
    assert!(opens(stored + 1, &*latest.secret) && !opens(stored + 1, &*first.secret));
}

#[test]
fn kv_tables_5_2_removing_the_nodes_own_certificate_is_refused() {
    let node = found();
    let sequencer = &node.running.node.sequencer;
    let mut tx = Tx::new(sequencer.snapshot());
    NODES_ENDORSED_CERTIFICATES
        .remove(&mut tx, &local(&node).identity.id)
        .unwrap();
    let before = sequencer.snapshot().txid;
    let refusal = sequencer.commit(tx).unwrap_err().to_string();
    assert!(
        refusal.contains("endorsed certificate of this node was removed"),
        "{refusal}"
    );
    assert_eq!(sequencer.snapshot().txid, before, "nothing was written");
}
