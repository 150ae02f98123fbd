//! What the ledger shows of the walk-through.

use std::path::Path;

use quorate_tests::{Identity, Walk, ledger};

use crate::{SECRET_TEXT, Walkthrough};

impl Walkthrough {
    /// The independent reader walks the whole ledger, sees the tables of the contract, and no private data.
    pub(crate) fn judge_the_ledger(&mut self, fourth: &Identity) {
        let last = self.service.settled();
        self.service
            .node
            .stop_despite(&["Service identity certificate mismatch"]);
        let directory = self.service.node.ledger();
        let walk = Walk::of(&directory);
        assert_eq!(walk.verified(), last);
        assert_eq!(walk.len() as u64, last.seqno);

        for (name, id) in &self.effects {
            let written = walk.tables_written(id.seqno);
            for table in tables_of(name) {
                assert!(
                    written.contains(&(*table).to_owned()),
                    "{name} at {id} wrote {written:?}, not {table}"
                );
            }
        }
        let members = walk.table("public:ccf.gov.members.info");
        assert_eq!(members.len(), 3);
        assert!(!members.contains_key(&fourth.id));
        assert_eq!(
            walk.singleton("public:ccf.gov.service.info")["status"],
            "Open"
        );
        let config = walk.singleton("public:ccf.gov.service.config");
        assert_eq!(config["recovery_threshold"], 3);
        let roles = walk.table("public:programmability.roles.clerk");
        assert_eq!(
            roles.keys().collect::<Vec<_>>(),
            ["\"/read\"", "\"/write\""]
        );

        let members: Vec<&Identity> = self.service.members.iter().collect();
        let shares = ledger::check_shares(&directory, 3, &members);
        assert_eq!(shares["members"].as_array().unwrap().len(), 3);
        assert_eq!(
            shares["secrets"].as_array().unwrap().len(),
            3,
            "two rekeys: {shares}"
        );
        let private = shares["private"].as_array().unwrap();
        let secret = hex::encode(SECRET_TEXT);
        assert!(
            private
                .iter()
                .any(|text| text.as_str().unwrap().contains(&secret)),
            "{shares}"
        );
        assert_not_in_any_file(&self.service.node.directory, SECRET_TEXT);
    }
}

/// Tables that an action writes (kv-tables.md 12, governance-api.md 8), beside those of the proposal.
fn tables_of(action: &str) -> &'static [&'static str] {
    match action {
        "set_user" | "remove_user" => &["public:ccf.gov.users.certs", "public:ccf.gov.users.info"],
        "set_user_data" => &["public:ccf.gov.users.info"],
        "transition_service_to_open" => &[
            "public:ccf.gov.service.info",
            "public:ccf.internal.recovery_shares",
            "public:ccf.internal.historical_encrypted_ledger_secret",
            "public:ccf.internal.previous_service_identity_endorsement",
        ],
        "set_member" => &[
            "public:ccf.gov.members.certs",
            "public:ccf.gov.members.encryption_public_keys",
            "public:ccf.gov.members.info",
            "public:ccf.gov.members.acks",
        ],
        "remove_member" => &[
            "public:ccf.gov.members.certs",
            "public:ccf.gov.members.encryption_public_keys",
            "public:ccf.gov.members.info",
            "public:ccf.gov.members.acks",
            "public:ccf.gov.history",
            "public:ccf.internal.recovery_shares",
            "public:ccf.internal.historical_encrypted_ledger_secret",
            "public:ccf.internal.encrypted_ledger_secrets",
        ],
        "trigger_ledger_rekey" => &[
            "public:ccf.internal.recovery_shares",
            "public:ccf.internal.historical_encrypted_ledger_secret",
            "public:ccf.internal.encrypted_ledger_secrets",
        ],
        "trigger_recovery_shares_refresh" => &["public:ccf.internal.recovery_shares"],
        "set_recovery_threshold" => &[
            "public:ccf.gov.service.config",
            "public:ccf.internal.recovery_shares",
        ],
        "set_service_configuration" => &["public:ccf.gov.service.config"],
        "set_member_data" => &["public:ccf.gov.members.info"],
        "set_node_certificate_validity" => &["public:ccf.gov.nodes.endorsed_certificates"],
        "set_constitution" => &["public:ccf.gov.constitution"],
        "set_role_definition" => &["public:programmability.roles.clerk"],
        "assert_service_identity" | "trigger_ledger_chunk" => &[
            "public:ccf.gov.proposals_info",
            "public:ccf.gov.cose_history",
        ],
        other => panic!("which tables does {other} write?"),
    }
}

fn assert_not_in_any_file(directory: &Path, text: &str) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_not_in_any_file(&path, text);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes());
            assert!(
                !found,
                "{} contains private data in clear text",
                path.display()
            );
        }
    }
}
