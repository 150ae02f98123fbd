//! The ledger as an auditor sees it who does not trust us: through PyPI's `read_ledger.py` and `ccf.ledger`, and through
//! a check of the recovery shares that was written from the contract.
#![cfg(test)]

mod tables;

use quorate_tests::service::{action, bare_action, proposal};
use quorate_tests::{Identity, Service, ServiceOptions, Walk, ledger};
use serde_json::json;

const SIGNATURE_TABLES: [&str; 3] = [
    "public:ccf.internal.cose_signatures",
    "public:ccf.internal.signatures",
    "public:ccf.internal.tree",
];

/// A service that wrote through several small chunks, stopped.
fn busy_service() -> Service {
    let mut service = Service::open(&ServiceOptions {
        changes: vec![
            ("/ledger/chunk_size", json!("20KB")),
            ("/ledger_signatures/tx_count", json!(20)),
        ],
        ..ServiceOptions::default()
    });
    let user = service.user(0);
    for i in 0..120 {
        let record =
            json!({"id": i, "msg": format!("confidential record number {i} {}", "x".repeat(200))});
        user.post_json("/app/log/private", &record).expect(200);
        if i % 10 == 0 {
            user.post_json("/app/log/public", &record).expect(200);
        }
    }
    user.send(quorate_tests::http::Request::new(
        "DELETE",
        "/app/log/private?id=5",
    ))
    .expect(200);
    service.accept(&proposal(&[bare_action("trigger_ledger_rekey")]));
    service.accept(&proposal(&[bare_action("trigger_ledger_chunk")]));
    user.post_json(
        "/app/log/private",
        &json!({"id": 1000, "msg": "after the rekey"}),
    )
    .expect(200);
    service.settled();
    service.node.stop();
    service
}

#[test]
fn the_independent_reader_verifies_every_signature() {
    let service = busy_service();
    let walk = Walk::of(&service.node.ledger());
    assert_eq!(
        walk.verified().seqno,
        walk.len() as u64,
        "the last entry is a signature"
    );
    assert_eq!(walk.json["unsigned"], json!([]));
    assert!(walk.json["signatures"].as_u64().unwrap() > 10);

    let report = ledger::read_ledger(&service.node.ledger(), &[]);
    assert!(report.contains("Ledger verification complete"), "{report}");
    assert!(
        report.contains(&format!("verified until {}", walk.verified())),
        "{report}"
    );
    for table in [
        "public:ccf.gov.proposals_info",
        "public:ccf.gov.members.info",
        "public:ccf.gov.service.info",
    ] {
        assert!(
            report.contains(&format!("table \"{table}\"")),
            "{table} is not shown"
        );
    }
    assert!(
        report.contains("-- private: "),
        "private writes are shown by their size"
    );
}

#[test]
fn chunks_are_cut_and_named_by_the_rules_1_1_1_4() {
    let service = busy_service();
    let walk = Walk::of(&service.node.ledger());
    let chunks = walk.json["chunks"].as_array().unwrap();
    assert!(chunks.len() > 3, "{chunks:?}");
    let mut next = 1;
    for (index, chunk) in chunks.iter().enumerate() {
        let (first, count) = (
            chunk["first"].as_u64().unwrap(),
            chunk["entries"].as_u64().unwrap(),
        );
        let last = first + count - 1;
        assert_eq!(first, next, "chunks are contiguous");
        next = last + 1;
        let is_last = index + 1 == chunks.len();
        let name = chunk["file"].as_str().unwrap();
        if chunk["complete"] == true {
            // Everything was committed before the stop.
            assert_eq!(name, format!("ledger_{first}-{last}.committed"));
            assert_eq!(
                walk.tables_written(last),
                SIGNATURE_TABLES,
                "a complete chunk ends on a signature"
            );
            assert_eq!(
                walk.entry(last)["flags"],
                1,
                "the last entry asks for the cut"
            );
        } else {
            assert!(is_last, "only the last chunk may be open");
            assert_eq!(name, format!("ledger_{first}"));
        }
        for seqno in first..last {
            assert_eq!(walk.entry(seqno)["flags"], 0, "{seqno}");
        }
    }
}

#[test]
fn signatures_come_by_count_and_never_twice_in_a_row() {
    let service = busy_service();
    let walk = Walk::of(&service.node.ledger());
    let mut since = 0;
    for seqno in 1..=walk.len() as u64 {
        let written = walk.tables_written(seqno);
        if written.contains(&SIGNATURE_TABLES[1].to_owned()) {
            assert_eq!(written, SIGNATURE_TABLES, "a signature writes nothing else");
            assert!(since > 0, "two signatures in a row at {seqno}");
            since = 0;
        } else {
            since += 1;
            assert!(
                since <= 20,
                "{since} unsigned transactions at {seqno}, tx_count is 20"
            );
        }
    }
}

#[test]
fn shares_recombine_to_the_key_that_opens_the_ledger_5() {
    let service = busy_service();
    let members: Vec<&Identity> = service.members.iter().collect();
    let found = ledger::check_shares(&service.node.ledger(), 2, &members);
    assert_eq!(found["members"].as_array().unwrap().len(), 3);
    assert_eq!(found["owners"], json!([]));
    assert_eq!(
        found["secrets"].as_array().unwrap().len(),
        2,
        "one rekey: {found}"
    );
    let plaintexts = found["private"].as_array().unwrap();
    assert_eq!(plaintexts.len(), 122, "every private entry opens");
    for text in ["confidential record number 7 ", "after the rekey"] {
        let text = hex::encode(text);
        assert!(
            plaintexts
                .iter()
                .any(|entry| entry.as_str().unwrap().contains(&text)),
            "{text}"
        );
    }
}

#[test]
fn owners_get_the_whole_and_others_nothing_5_3() {
    let mut service = Service::open(&ServiceOptions {
        members: 4,
        roles: vec!["Participant", "Owner", "Participant", "Participant"],
        threshold: 2,
        ..ServiceOptions::default()
    });
    // Without an encryption key a member takes no part.
    let keyless = service.stranger("member4", false);
    service.accept(&proposal(&[action(
        "set_member",
        json!({"cert": keyless.certificate}),
    )]));
    service.activate(&keyless);
    assert_eq!(service.member(&keyless)["recoveryRole"], "NonParticipant");
    service
        .gov(&format!("/recovery/encrypted-shares/{}", keyless.id))
        .expect_error(
            404,
            "ResourceNotFound",
            &format!("Recovery share not found for member m[{}].", keyless.id),
        );
    assert_eq!(service.member(&service.members[1])["recoveryRole"], "Owner");
    service.settled();
    service.node.stop();
    let members: Vec<&Identity> = service.members.iter().collect();
    let found = ledger::check_shares(&service.node.ledger(), 2, &members);
    assert_eq!(found["owners"], json!([service.members[1].id]));
    assert_eq!(found["members"].as_array().unwrap().len(), 4);
}

#[test]
fn private_data_is_in_no_file_in_clear_text() {
    let service = busy_service();
    for entry in std::fs::read_dir(service.node.ledger()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        // Some of these records are public as well: the others must not show.
        for text in ["confidential record number 7 ", "after the rekey"] {
            let found = bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes());
            assert!(!found, "{} contains '{text}'", path.display());
        }
    }
    let log = service.node.log();
    assert!(
        !log.contains("confidential record"),
        "the log contains private data"
    );
}
