//! The rules of ledger.md 10 and the invariants of 1.10, on ledgers of a small service. Here those of entries.

mod directories;

use std::fs;

use quorate_crypto::Curve;
use serde_json::json;

use super::*;
use crate::{
    LedgerSecrets, SecretInForce, TxId, WriteSet,
    entry::{self, Flags},
    signature::{SIGNATURES, TREE, UNIT_KEY},
    testing::Service,
};

/// Create, signature, two records, signature that ends a chunk, one record.
fn service() -> Service {
    let mut service = Service::new(Curve::P256);
    service.sign();
    service.record("a", "1");
    service.record("b", "2");
    service.sign_with(Flags::FORCE_CHUNK_AFTER);
    service.record("c", "3");
    service
}

fn secrets(service: &Service) -> LedgerSecrets {
    let secret = service.secret.clone();
    LedgerSecrets::new(SecretInForce {
        valid_from: 1,
        secret,
        previous_stored: None,
    })
}

/// Pushes all entries; the problem and the seqno it is found at.
fn push_all(service: &Service) -> Result<Report, (u64, Problem)> {
    let mut auditor = Auditor::new(Some(secrets(service)));
    for entry in &service.entries {
        let seqno = auditor.next_seqno();
        auditor.push(entry).map_err(|problem| (seqno, problem))?;
    }
    auditor
        .finish(&service.certificate)
        .map_err(|problem| (0, problem))
}

/// A chunk file of the entries from `first` to `last`.
fn chunk(service: &Service, first: usize, last: usize, complete: bool) -> Vec<u8> {
    let (mut bytes, mut table) = (vec![0; 8], Vec::new());
    for entry in &service.entries[first - 1..last] {
        table.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(entry);
    }
    if complete {
        let offset = (bytes.len() as u64).to_le_bytes();
        bytes[..8].copy_from_slice(&offset);
        bytes.extend(table);
    }
    bytes
}

/// A directory with the service's two chunk files.
fn directory(service: &Service) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("ledger_1-5.committed"),
        chunk(service, 1, 5, true),
    )
    .unwrap();
    fs::write(
        directory.path().join("ledger_6"),
        chunk(service, 6, 6, false),
    )
    .unwrap();
    directory
}

fn audit_one(directory: &tempfile::TempDir, service: &Service) -> Result<Report, AuditError> {
    audit(
        &[directory.path().to_owned()],
        &service.certificate,
        Some(secrets(service)),
    )
}

#[test]
fn ledger_10_a_sound_ledger_is_reported() {
    let service = service();
    let directory = directory(&service);
    let report = audit_one(&directory, &service).unwrap();
    assert_eq!(
        (report.signed, report.last),
        (TxId::new(2, 5), TxId::new(2, 6))
    );
    assert_eq!((report.signatures, report.cose_signatures), (2, 2));
    assert_eq!(report.views.starts(), [1, 1]);
    assert_eq!(report.services[0].from, TxId::new(2, 1));
    assert_eq!(report.services[0].certificate, service.certificate);
    let names: Vec<_> = report
        .files
        .iter()
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["ledger_1-5.committed", "ledger_6"]);
    let mut leaves = service.tree.clone();
    leaves.retract(5).unwrap();
    assert_eq!(report.signed_root, leaves.root());
}

#[test]
fn ledger_10_the_signing_node_must_be_known_and_trusted() {
    let mut pending = Service::without_entries(Curve::P256);
    let mut writes = pending.create_writes("Opening");
    let id = pending.signer.node_id().to_owned();
    writes.put(
        "public:ccf.gov.nodes.info",
        id.clone(),
        json!({ "status": "Pending" }).to_string(),
    );
    pending.write(&writes);
    pending.sign();
    assert!(matches!(
        push_all(&pending),
        Err((2, Problem::NodeStatus { .. }))
    ));

    let mut removed = Service::new(Curve::P256);
    let mut writes = WriteSet::new();
    writes.remove("public:ccf.gov.nodes.info", id);
    writes.remove(
        "public:ccf.gov.nodes.info",
        removed.signer.node_id().to_owned(),
    );
    removed.write(&writes);
    removed.sign();
    assert!(matches!(
        push_all(&removed),
        Err((3, Problem::UnknownNode(_)))
    ));
}

#[test]
fn ledger_10_the_nodes_certificate_must_be_its_own_and_endorsed() {
    let other = Service::without_entries(Curve::P256);
    let with_certificate = |pem: String| {
        let mut service = Service::without_entries(Curve::P256);
        let mut writes = service.create_writes("Opening");
        let id = service.signer.node_id().to_owned();
        writes.put("public:ccf.gov.nodes.endorsed_certificates", id, pem);
        service.write(&writes);
        service.sign();
        push_all(&service).unwrap_err().1
    };
    assert!(matches!(
        with_certificate(other.node_certificate.to_pem()),
        Problem::NodeId { .. }
    ));
    assert!(matches!(
        with_certificate("no certificate".into()),
        Problem::NodeCertificate { .. }
    ));

    // Another service takes over, but the node's certificate is still that of the first one.
    let mut service = Service::new(Curve::P256);
    let mut writes = WriteSet::new();
    let info = json!({ "cert": other.certificate.to_pem(), "status": "Recovering" });
    writes.put(
        "public:ccf.gov.service.info",
        UNIT_KEY.to_vec(),
        info.to_string(),
    );
    service.write(&writes);
    service.sign();
    assert!(matches!(
        push_all(&service),
        Err((3, Problem::NotEndorsed(_)))
    ));
}

#[test]
fn ledger_11_the_certificate_of_older_nodes_is_in_their_info() {
    let mut service = Service::without_entries(Curve::P256);
    let mut writes = service.create_writes("OPENING");
    let (id, pem) = (
        service.signer.node_id().to_owned(),
        service.node_certificate.to_pem(),
    );
    writes
        .maps
        .remove("public:ccf.gov.nodes.endorsed_certificates");
    let info = json!({ "status": "TRUSTED", "cert": pem });
    writes.put("public:ccf.gov.nodes.info", id, info.to_string());
    service.write(&writes);
    service.sign();
    assert_eq!(push_all(&service).unwrap().signed, TxId::new(2, 2));
}

#[test]
fn ledger_10_the_signature_must_be_of_this_very_transaction() {
    let mut service = Service::new(Curve::P256);
    let pem = service.node_certificate.to_pem();
    let tree = service.tree.clone();
    // Signed as if it were in another view.
    let writes = service
        .signer
        .sign(TxId::new(3, 2), &tree, &pem, 0)
        .unwrap();
    service.write(&writes);
    let named = |problem| match problem {
        Problem::OtherTransaction { what, named, .. } => (what, named),
        other => panic!("{other}"),
    };
    let (seqno, problem) = push_all(&service).unwrap_err();
    assert_eq!(
        (seqno, named(problem)),
        (2, ("node signature", "3.2".to_owned()))
    );

    // The node signature is right, the service signed for another view.
    let right = service
        .signer
        .sign(TxId::new(2, 2), &tree, &pem, 0)
        .unwrap();
    let mut mixed = writes;
    let value = right.get(SIGNATURES, &UNIT_KEY).unwrap().clone().unwrap();
    mixed.put(SIGNATURES, UNIT_KEY.to_vec(), value);
    service.entries.pop();
    service.tree.retract(2).unwrap();
    service.write(&mixed);
    let (seqno, problem) = push_all(&service).unwrap_err();
    assert_eq!(
        (seqno, named(problem)),
        (2, ("COSE signature", "3.2".to_owned()))
    );
}

#[test]
fn ledger_10_the_stored_tree_is_compared() {
    let mut service = Service::new(Curve::P256);
    let pem = service.node_certificate.to_pem();
    let mut writes = service
        .signer
        .sign(service.next(), &service.tree, &pem, 0)
        .unwrap();
    writes.put(TREE, UNIT_KEY.to_vec(), vec![0; 48]);
    service.write(&writes);
    assert!(matches!(
        push_all(&service),
        Err((2, Problem::Signature(_)))
    ));
}

#[test]
fn ledger_10_a_changed_history_is_found_at_the_next_signature() {
    let mut forged = service();
    // The same id, other content, correctly encrypted.
    let mut writes = WriteSet::new();
    writes.put("records", "a", "forged");
    let mut entry = Vec::new();
    let (txid, secret) = (TxId::new(2, 3), forged.secret.clone());
    entry::encode(
        txid,
        &writes,
        &Default::default(),
        &secret,
        Flags::NONE,
        &mut entry,
    )
    .unwrap();
    forged.entries[2] = entry;
    assert!(matches!(push_all(&forged), Err((5, Problem::Root { .. }))));
}

#[test]
fn ledger_10_transitions_of_the_service_status() {
    let run = |statuses: &[&str]| {
        let mut service = Service::without_entries(Curve::P256);
        for status in statuses {
            let writes = service.create_writes(status);
            service.write(&writes);
        }
        service.sign();
        push_all(&service)
            .map(|report| report.signed.seqno)
            .map_err(|(seqno, _)| seqno)
    };
    assert_eq!(
        run(&["Opening", "Opening", "Open", "Open", "Recovering"]),
        Ok(6)
    );
    assert_eq!(
        run(&["Recovering", "WaitingForRecoveryShares", "Open"]),
        Ok(4)
    );
    assert_eq!(
        run(&["Recovering", "WaitingForRecoveryShares", "Recovering"]),
        Ok(4)
    );
    assert_eq!(run(&["Recovering", "Open"]), Err(2));
    assert_eq!(run(&["Open", "WaitingForRecoveryShares"]), Err(2));
    assert_eq!(run(&["Opening", "Closed"]), Err(2));
}

#[test]
fn ledger_7_the_view_rises_only_after_a_signature() {
    let mut service = service();
    service.view = 3;
    service.record("d", "4");
    assert!(matches!(
        push_all(&service),
        Err((7, Problem::View { from: 2, to: 3 }))
    ));

    let mut service = Service::new(Curve::P256);
    service.sign();
    service.view = 4;
    service.record("a", "1");
    service.sign();
    assert_eq!(push_all(&service).unwrap().views.starts(), [1, 1, 3, 3]);
    service.view = 3;
    service.record("b", "2");
    assert!(matches!(
        push_all(&service),
        Err((5, Problem::View { from: 4, to: 3 }))
    ));
}

#[test]
fn ledger_10_nobody_vouches_for_an_unsigned_ledger() {
    let mut service = Service::new(Curve::P256);
    assert!(matches!(push_all(&service), Err((0, Problem::Unsigned))));
    service.sign();
    let trusted = Service::without_entries(Curve::P256).certificate;
    let mut auditor = Auditor::new(None);
    service
        .entries
        .iter()
        .for_each(|entry| assert!(auditor.push(entry).is_ok()));
    assert!(matches!(
        auditor.finish(&trusted),
        Err(Problem::OtherService { .. })
    ));
}

#[test]
fn ledger_10_a_service_named_after_the_last_signature_does_not_count() {
    let mut service = Service::new(Curve::P256);
    service.sign();
    let other = Service::without_entries(Curve::P256);
    let mut writes = WriteSet::new();
    let info = json!({ "cert": other.certificate.to_pem(), "status": "Recovering" });
    writes.put(
        "public:ccf.gov.service.info",
        UNIT_KEY.to_vec(),
        info.to_string(),
    );
    service.write(&writes);
    let mut auditor = Auditor::new(None);
    service
        .entries
        .iter()
        .for_each(|entry| assert!(auditor.push(entry).is_ok()));
    assert!(matches!(
        auditor.finish(&other.certificate),
        Err(Problem::OtherService { .. })
    ));
    assert_eq!(push_all(&service).unwrap().services.len(), 1);
}

#[test]
fn ledger_9_1_secrets_that_do_not_fit_are_noticed() {
    let service = service();
    let mut late = secrets(&service).latest().clone();
    late.valid_from = 2;
    let mut auditor = Auditor::new(Some(LedgerSecrets::new(late)));
    let problem = auditor.push(&service.entries[0]).unwrap_err();
    assert!(matches!(problem, Problem::NoSecret { first: 2 }));
}
