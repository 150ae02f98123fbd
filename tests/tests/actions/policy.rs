//! Which code may join, and what drops open proposals (governance-api.md 8.2, 8.9).

use quorate_tests::Service;
use quorate_tests::service::{
    DEFAULT_CONSTITUTION, action, constitution_files, proposal, propose_one,
};
use serde_json::{Value, json};

#[test]
fn attestation_policy_8_9() {
    let service = Service::default_open();
    let policy = || service.gov("/service/join-policy").expect(200);
    let before = policy();
    let (measurement, host_data) = ("ab".repeat(48), "cd".repeat(32));
    let policy_digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    service.accept(&proposal(&[
        action("add_virtual_measurement", json!({"measurement": "m1"})),
        action("add_virtual_host_data", json!({"host_data": host_data})),
        action("add_node_code", json!({"code_id": "ef".repeat(32)})),
        action("add_snp_measurement", json!({"measurement": measurement})),
        action("add_snp_uvm_endorsement", json!({"did": "did:x509:0", "feed": "f", "svn": "100"})),
        action("add_snp_uvm_endorsement", json!({"did": "did:x509:0", "feed": "g", "svn": "7"})),
        action("add_snp_host_data", json!({"security_policy": "abc", "host_data": policy_digest})),
        action("set_snp_minimum_tcb_version_hex", json!({"cpuid": "00a00f11", "tcb_version": "d315000000000004"})),
        action(
            "set_snp_minimum_tcb_version",
            json!({"cpuid": "00a10f11", "tcb_version": {"boot_loader": 1, "tee": 2, "snp": 3, "microcode": 4}}),
        ),
    ]));
    let added = policy();
    let contains = |list: &Value, text: &str| list.as_array().unwrap().contains(&json!(text));
    assert!(contains(&added["virtual"]["measurements"], "m1"));
    assert!(contains(&added["virtual"]["hostData"], &host_data));
    assert_eq!(added["snp"]["measurements"], json!([measurement]));
    assert_eq!(
        added["snp"]["uvmEndorsements"],
        json!({"did:x509:0": {"f": {"svn": "100"}, "g": {"svn": "7"}}})
    );
    assert_eq!(added["snp"]["hostData"], json!({policy_digest: "abc"}));
    assert_eq!(
        added["snp"]["tcbVersions"],
        json!({
            "00a00f11": {
                "boot_loader": 4, "hexstring": "d315000000000004", "microcode": 211, "snp": 21, "tee": 0
            },
            "00a10f11": {"boot_loader": 1, "microcode": 4, "snp": 3, "tee": 2}
        })
    );

    service.accept(&proposal(&[
        action("remove_virtual_measurement", json!({"measurement": "m1"})),
        action("remove_virtual_host_data", json!({"host_data": host_data})),
        action("remove_node_code", json!({"code_id": "ef".repeat(32)})),
        action(
            "remove_snp_measurement",
            json!({"measurement": measurement}),
        ),
        action(
            "remove_snp_uvm_endorsement",
            json!({"did": "did:x509:0", "feed": "f"}),
        ),
        action("remove_snp_host_data", json!({"host_data": policy_digest})),
        action(
            "remove_snp_minimum_tcb_version",
            json!({"cpuid": "00a00f11"}),
        ),
        action(
            "remove_snp_minimum_tcb_version",
            json!({"cpuid": "00a10f11"}),
        ),
    ]));
    assert_eq!(
        policy()["snp"]["uvmEndorsements"],
        json!({"did:x509:0": {"g": {"svn": "7"}}})
    );
    let last = json!({"did": "did:x509:0", "feed": "g"});
    service.accept(&propose_one("remove_snp_uvm_endorsement", last.clone()));
    service.accept(&propose_one("remove_snp_uvm_endorsement", last));
    assert_eq!(policy(), before);

    service
        .fail_to_apply(&propose_one(
            "remove_snp_minimum_tcb_version",
            json!({"cpuid": "00a00f11"}),
        ))
        .expect_error_starting(
            500,
            "InternalError",
            "Failed to apply(): Error: CPUID 00a00f11 not found",
        );
    // A processor that nobody knows aborts the request (js-runtime.md 6.3).
    let unknown = json!({"cpuid": "00000000", "tcb_version": "d315000000000004"});
    service
        .fail_to_apply(&propose_one("set_snp_minimum_tcb_version_hex", unknown))
        .expect_error(
            500,
            "InternalError",
            "SEV-SNP: Unsupported CPUID family 0 model 0",
        );
}

#[test]
fn what_changes_the_meaning_of_votes_drops_open_proposals_8_2() {
    let service = Service::default_open();
    let constitution: Vec<String> = constitution_files(&DEFAULT_CONSTITUTION)
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let tcb = json!({"boot_loader": 1, "tee": 2, "snp": 3, "microcode": 4});
    let state_after = |proposed: &Value| {
        let open = propose_one("set_user_data", json!({"user_id": "ab".repeat(32)}));
        let id = service.open_proposal(&service.members[1], &open);
        service.accept(proposed);
        service.proposal(&id)["proposalState"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (name, args) in [
        (
            "set_constitution",
            json!({"constitution": constitution.join("\n")}),
        ),
        ("add_node_code", json!({"code_id": "x"})),
        (
            "add_snp_measurement",
            json!({"measurement": "ab".repeat(48)}),
        ),
        (
            "add_snp_uvm_endorsement",
            json!({"did": "d", "feed": "f", "svn": "1"}),
        ),
        (
            "add_snp_host_data",
            json!({"security_policy": "abc", "host_data": digest}),
        ),
        (
            "set_snp_minimum_tcb_version",
            json!({"cpuid": "00a10f11", "tcb_version": tcb}),
        ),
        (
            "set_snp_minimum_tcb_version_hex",
            json!({"cpuid": "00a00f11", "tcb_version": "d315000000000004"}),
        ),
        ("add_virtual_measurement", json!({"measurement": "m"})),
        (
            "add_virtual_host_data",
            json!({"host_data": "cd".repeat(32)}),
        ),
    ] {
        assert_eq!(state_after(&propose_one(name, args)), "Dropped", "{name}");
    }
    let fourth = service.stranger("member4", false);
    for (name, args) in [
        ("set_member", json!({"cert": fourth.certificate})),
        ("remove_member", json!({"member_id": fourth.id})),
        (
            "remove_snp_measurement",
            json!({"measurement": "ab".repeat(48)}),
        ),
        (
            "set_service_configuration",
            json!({"recent_cose_proposals_window_size": 90}),
        ),
    ] {
        assert_eq!(state_after(&propose_one(name, args)), "Open", "{name}");
    }
}
