//! The walk-through "propose, vote, display, withdraw, bind": every signed step by PyPI's `ccf_cose_sign1`, every
//! request by `curl`, on a running node with three members; then what the ledger shows of it.
#![cfg(test)]

mod ballots;
mod ledger;

use quorate_crypto::cert::Certificate;
use quorate_tests::ballots::{AGAINST, FOR};
use quorate_tests::service::{
    DEFAULT_CONSTITUTION, TxId, action, bare_action, constitution_files, id_of, proposal,
    propose_one,
};
use quorate_tests::signer::{Message, Signer, iso8601};
use quorate_tests::{Identity, Response, Service, ServiceOptions, identity, wait};
use serde_json::{Value, json};

#[test]
fn walkthrough_with_api_version_2024_07_01() {
    Walkthrough::run("2024-07-01");
}

#[test]
fn walkthrough_with_api_version_2023_06_01_preview() {
    Walkthrough::run("2023-06-01-preview");
}

/// A service, and which transactions decided which proposals.
struct Walkthrough {
    service: Service,
    /// Name of an action and the transaction in which it took effect.
    effects: Vec<(&'static str, TxId)>,
}

impl Walkthrough {
    fn run(api_version: &'static str) {
        let service = Service::start(&ServiceOptions {
            api_version,
            signer: Signer::Tool,
            ..ServiceOptions::default()
        });
        let mut walk = Walkthrough {
            service,
            effects: Vec::new(),
        };
        walk.members_activate_themselves();
        walk.open_the_service();
        let fourth = walk.add_a_fourth_member();
        walk.withdraw_a_proposal();
        walk.bind_to_the_service();
        walk.users_come_and_go();
        walk.change_the_service();
        walk.renew_the_certificate_of_the_node();
        walk.change_the_constitution();
        walk.write_private_data();
        walk.remove_the_fourth_member(&fourth);
        walk.judge_the_ledger(&fourth);
    }

    fn member(&self, index: usize) -> &Identity {
        &self.service.members[index]
    }

    /// All members vote for a proposal until it is accepted; remembers the transaction.
    fn accept(&mut self, names: &[&'static str], proposal: &Value, voters: usize) -> Response {
        let id = self.service.open_proposal(self.member(0), proposal);
        for index in 0..voters {
            let answer = self.service.vote(self.member(index), &id, FOR);
            let view = answer.expect(200);
            assert_eq!(view["ballotCount"], index + 1);
            let last = index + 1 == voters;
            assert_eq!(
                view["proposalState"],
                if last { "Accepted" } else { "Open" },
                "{view}"
            );
            if last {
                for name in names {
                    self.effects.push((name, TxId::of(&answer)));
                }
                return answer;
            }
        }
        panic!("no voters")
    }

    fn members_activate_themselves(&self) {
        for member in &self.service.members {
            assert_eq!(self.service.member(member)["status"], "Accepted");
        }
        self.service.activate_all();
    }

    fn open_the_service(&mut self) {
        let service = &self.service;
        let closed = service.client().get("/app/commit");
        closed.expect_error(404, "FrontendNotOpen", "Frontend is not open.");
        let cert = &service.users[0].certificate;
        let proposed = proposal(&[
            action("set_user", json!({"cert": cert})),
            action(
                "transition_service_to_open",
                json!({"next_service_identity": service.certificate()}),
            ),
        ]);
        self.accept(&["set_user", "transition_service_to_open"], &proposed, 2);
        self.service.wait_until_app_open();
        let info = self.service.gov("/service/info").expect(200);
        assert_eq!(info["status"], "Open");
        assert_eq!(info["configuration"]["recoveryThreshold"], 2);
    }

    /// Propose, vote, display.
    fn add_a_fourth_member(&mut self) -> Identity {
        let service = &self.service;
        let (first, second, third) = (self.member(0), self.member(1), self.member(2));
        let fourth = service.stranger("member4", true);
        let proposed = propose_one(
            "set_member",
            json!({
                "cert": fourth.certificate,
                "encryption_pub_key": fourth.encryption_key,
                "member_data": {"organisation": "fourth"}
            }),
        );

        let created = service.propose(first, &proposed).expect(200);
        let id = id_of(&created);
        let expected = json!({
            "ballotCount": 0, "proposalId": id, "proposalState": "Open", "proposerId": first.id
        });
        assert_eq!(created, expected);
        assert_eq!(service.proposal(&id), expected);
        let text = service.gov(&format!("/members/proposals/{id}/actions"));
        assert_eq!(text.expect(200), proposed);
        assert_eq!(text.header("content-type"), None);

        for (count, voter, ballot) in [(1, first, FOR), (2, second, AGAINST)] {
            let view = service.vote(voter, &id, ballot).expect(200);
            assert_eq!(
                (&view["ballotCount"], &view["proposalState"]),
                (&json!(count), &json!("Open")),
                "{view}"
            );
            assert_eq!(view.get("finalVotes"), None);
            let shown = service.gov(&format!("/members/proposals/{id}/ballots/{}", voter.id));
            assert_eq!((shown.status, shown.text().as_str()), (200, ballot));
            assert_eq!(shown.header("content-type"), Some("text/javascript"));
        }
        let answer = service.vote(third, &id, FOR);
        let accepted = answer.expect(200);
        assert_eq!(
            (&accepted["ballotCount"], &accepted["proposalState"]),
            (&json!(3), &json!("Accepted"))
        );
        let shown = service.proposal(&id);
        assert_eq!(shown, accepted);
        let votes = json!({(&first.id): true, (&second.id): false, (&third.id): true});
        assert_eq!(shown["finalVotes"], votes);
        assert_eq!(shown["voteFailures"], json!({}));

        // The new member acknowledges the state, and takes part in recovery from then on.
        let view = service.member(&fourth);
        assert_eq!(view["status"], "Accepted");
        assert_eq!(view["memberData"], json!({"organisation": "fourth"}));
        assert_eq!(view["recoveryRole"], "Participant");
        let share = format!("/recovery/encrypted-shares/{}", fourth.id);
        service.gov(&share).expect_error(
            404,
            "ResourceNotFound",
            &format!("Recovery share not found for member m[{}].", fourth.id),
        );
        service.activate(&fourth);
        let share = service.gov(&share).expect(200);
        assert_eq!(share["memberId"], fourth.id.as_str());
        assert!(
            share["encryptedShare"]
                .as_str()
                .is_some_and(|text| text.len() == 344),
            "{share}"
        );
        self.effects.push(("set_member", TxId::of(&answer)));
        fourth
    }

    /// Withdraw: nobody can vote on it, it stays readable until another proposal closes.
    fn withdraw_a_proposal(&mut self) {
        let service = &self.service;
        let first = self.member(0);
        let id = service.open_proposal(
            first,
            &propose_one("set_user_data", json!({"user_id": "ab".repeat(32)})),
        );
        let withdrawn = service.withdraw(first, &id).expect(200);
        assert_eq!(withdrawn["proposalState"], "Withdrawn");
        assert_eq!(withdrawn.get("finalVotes"), None);
        service.vote(self.member(1), &id, FOR).expect_error(
            400,
            "ProposalNotOpen",
            &format!("Proposal {id} is currently in state withdrawn - only open proposals can receive votes"),
        );
        assert_eq!(service.proposal(&id)["proposalState"], "Withdrawn");
        assert_eq!(
            service.withdraw(first, &id).expect(200),
            withdrawn,
            "a second withdrawal changes nothing"
        );

        let data = json!({"user_id": self.service.users[0].id, "user_data": {"isAdmin": true}});
        self.accept(&["set_user_data"], &propose_one("set_user_data", data), 3);
        let gone = self.service.gov(&format!("/members/proposals/{id}"));
        gone.expect_error(
            404,
            "ProposalNotFound",
            &format!("Could not find proposal {id}."),
        );
    }

    /// Bind: a proposal can be tied to one service.
    fn bind_to_the_service(&mut self) {
        let other = self.service.users[0].certificate.clone();
        let wrong = propose_one(
            "assert_service_identity",
            json!({"service_identity": other}),
        );
        self.service.propose(self.member(0), &wrong).expect_error_starting(
            400,
            "ProposalFailedToValidate",
            "Proposal failed to validate: assert_service_identity at position 0 failed validation: Error: \
             Service identity certificate mismatch",
        );
        let right = json!({"service_identity": self.service.certificate()});
        let proposed = proposal(&[
            action("assert_service_identity", right),
            action(
                "set_member_data",
                json!({"member_id": self.member(1).id, "member_data": {"seat": 1}}),
            ),
        ]);
        self.accept(
            &["assert_service_identity", "set_member_data"],
            &proposed,
            3,
        );
        assert_eq!(
            self.service.member(self.member(1))["memberData"],
            json!({"seat": 1})
        );
    }

    fn users_come_and_go(&mut self) {
        let user = self.service.stranger("user1", false);
        let path = format!("/service/users/{}", user.id);
        let set = propose_one(
            "set_user",
            json!({"cert": user.certificate, "user_data": {"n": 1}}),
        );
        self.accept(&["set_user"], &set, 3);
        let shown = self.service.gov(&path).expect(200);
        assert_eq!(shown["userData"], json!({"user_data": {"n": 1}}));
        self.accept(
            &["remove_user"],
            &propose_one("remove_user", json!({"user_id": user.id})),
            3,
        );
        let gone = self.service.gov(&path);
        gone.expect_error(
            404,
            "ResourceNotFound",
            &format!("User u[{}] does not exist.", user.id),
        );
    }

    fn change_the_service(&mut self) {
        let mut shares = vec![self.share(0)];
        self.accept(
            &["set_recovery_threshold"],
            &propose_one("set_recovery_threshold", json!({"recovery_threshold": 3})),
            3,
        );
        for (name, proposed) in [
            (
                "trigger_ledger_rekey",
                proposal(&[bare_action("trigger_ledger_rekey")]),
            ),
            (
                "trigger_recovery_shares_refresh",
                proposal(&[bare_action("trigger_recovery_shares_refresh")]),
            ),
        ] {
            shares.push(self.share(0));
            self.accept(&[name], &proposed, 3);
        }
        shares.push(self.share(0));
        shares.sort_by_key(Value::to_string);
        shares.dedup();
        assert_eq!(shares.len(), 4, "each of these issues other shares");

        let settings = json!({"recent_cose_proposals_window_size": 150});
        self.accept(
            &["set_service_configuration"],
            &propose_one("set_service_configuration", settings),
            3,
        );
        let info = self.service.gov("/service/info").expect(200);
        assert_eq!(info["configuration"]["recentCoseProposalsWindowSize"], 150);
        assert_eq!(info["configuration"]["recoveryThreshold"], 3);

        let decided = TxId::of(&self.accept(
            &["trigger_ledger_chunk"],
            &proposal(&[bare_action("trigger_ledger_chunk")]),
            3,
        ));
        // A committed chunk within 5 s (node-and-operations.md 11.3).
        wait::until(
            "a chunk that ends after the request",
            std::time::Duration::from_secs(5),
            || {
                let now = committed_chunks(&self.service);
                if now.iter().any(|(_, last)| *last >= decided.seqno) {
                    Ok(())
                } else {
                    Err(now)
                }
            },
        );
    }

    fn share(&self, index: usize) -> Value {
        let path = format!("/recovery/encrypted-shares/{}", self.member(index).id);
        self.service.gov(&path).expect(200)["encryptedShare"].clone()
    }

    /// A ballot that reads the proposal: no certificate for longer than 365 days.
    fn renew_the_certificate_of_the_node(&mut self) {
        let service = &self.service;
        let ballot = "export function vote (rawProposal, proposerId) {\n  \
             let { name, args } = JSON.parse(rawProposal).actions[0];\n  \
             return name === 'set_node_certificate_validity' && args.validity_period_days <= 365;\n}";
        let node = service.client().get("/node/state").expect(200)["node_id"]
            .as_str()
            .unwrap()
            .to_owned();
        let from = iso8601(identity::now().unsigned_abs());
        let proposed = |days: u32| {
            propose_one(
                "set_node_certificate_validity",
                json!({"node_id": node, "valid_from": from, "validity_period_days": days}),
            )
        };
        let certificate = || {
            let shown = service.gov(&format!("/service/nodes/{node}")).expect(200);
            shown["certificate"].as_str().unwrap().to_owned()
        };
        let before = certificate();

        let too_long = service.open_proposal(self.member(0), &proposed(366));
        for member in &service.members {
            let view = service.vote(member, &too_long, ballot).expect(200);
            assert_eq!(view["proposalState"], "Open", "{view}");
        }
        service.withdraw(self.member(0), &too_long).expect(200);
        assert_eq!(certificate(), before);

        let year = service.open_proposal(self.member(0), &proposed(365));
        service.vote(self.member(0), &year, ballot).expect(200);
        service.vote(self.member(1), &year, ballot).expect(200);
        let answer = service.vote(self.member(2), &year, ballot);
        assert_eq!(answer.expect(200)["proposalState"], "Accepted");
        let renewed = certificate();
        assert_ne!(renewed, before);
        let (old, new) = (
            Certificate::from_pem(&before).unwrap(),
            Certificate::from_pem(&renewed).unwrap(),
        );
        assert_eq!(new.spki_der(), old.spki_der(), "the key stays");
        assert_eq!(new.not_after() - new.not_before(), 365 * 86_400 - 1);

        // New connections see it within 2 s of the commit (node-and-operations.md 11.3).
        wait::until(
            "the renewed certificate is shown",
            std::time::Duration::from_secs(5),
            || {
                let shown = certificate_shown(service);
                if shown.der() == new.der() {
                    Ok(())
                } else {
                    Err(shown.serial().to_vec())
                }
            },
        );
        self.effects
            .push(("set_node_certificate_validity", TxId::of(&answer)));
    }

    /// Another constitution drops the proposals that are open, and its new action works.
    fn change_the_constitution(&mut self) {
        let open = self.service.open_proposal(
            self.member(1),
            &propose_one("set_user_data", json!({"user_id": "cd".repeat(32)})),
        );
        let mut fragments = DEFAULT_CONSTITUTION.to_vec();
        fragments.push("roles/set_role_definition.js");
        let texts: Vec<String> = constitution_files(&fragments)
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        let constitution = texts.join("\n");
        let proposed = propose_one("set_constitution", json!({"constitution": constitution}));
        self.accept(&["set_constitution"], &proposed, 3);
        let shown = self.service.gov("/service/constitution");
        assert_eq!((shown.status, shown.text()), (200, constitution));
        assert_eq!(shown.header("content-type"), Some("text/javascript"));
        assert_eq!(self.service.proposal(&open)["proposalState"], "Dropped");
        self.service.vote(self.member(0), &open, FOR).expect_error(
            400,
            "ProposalNotOpen",
            &format!("Proposal {open} is currently in state dropped - only open proposals can receive votes"),
        );
        let role = json!({"role": "clerk", "actions": ["/read", "/write"]});
        self.accept(
            &["set_role_definition"],
            &propose_one("set_role_definition", role),
            3,
        );
    }

    fn write_private_data(&self) {
        let user = self.service.user(0);
        let written = user.post_json("/app/log/private", &json!({"id": 42, "msg": SECRET_TEXT}));
        assert_eq!(written.expect(200), true);
        assert_eq!(
            user.get("/app/log/private?id=42").expect(200),
            json!({"msg": SECRET_TEXT})
        );
        let public = user.post_json("/app/log/public", &json!({"id": 42, "msg": PUBLIC_TEXT}));
        assert_eq!(public.expect(200), true);
    }

    fn remove_the_fourth_member(&mut self, fourth: &Identity) {
        let before = self.share(0);
        self.accept(
            &["remove_member"],
            &propose_one("remove_member", json!({"member_id": fourth.id})),
            3,
        );
        assert_ne!(
            self.share(0),
            before,
            "a removed share must be of no use for what comes"
        );
        let path = format!("/service/members/{}", fourth.id);
        self.service.gov(&path).expect_error(
            404,
            "ResourceNotFound",
            &format!("Member m[{}] does not exist.", fourth.id),
        );
        let ack = self.service.send(
            fourth,
            &format!("/members/state-digests/{}:ack", fourth.id),
            Message::new("ack", b"{\"stateDigest\":\"\"}"),
        );
        ack.expect_unauthenticated("member_cose_sign1", "Signer is not a known member");
    }
}

const SECRET_TEXT: &str = "a secret that only users may know";
const PUBLIC_TEXT: &str = "an announcement that everybody may read";

/// First and last seqno of the committed chunks.
fn committed_chunks(service: &Service) -> Vec<(u64, u64)> {
    let mut chunks: Vec<(u64, u64)> = std::fs::read_dir(service.node.ledger())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let (first, last) = name
                .strip_prefix("ledger_")?
                .strip_suffix(".committed")?
                .split_once('-')?;
            Some((first.parse().unwrap(), last.parse().unwrap()))
        })
        .collect();
    chunks.sort_unstable();
    chunks
}

/// The certificate that a new TLS connection sees.
fn certificate_shown(service: &Service) -> Certificate {
    let client = service.client();
    let output = client
        .command()
        .args(["--write-out", "%{certs}", "--output", "/dev/null"])
        .arg(format!("{}/node/version", client.base))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let start = text
        .find("-----BEGIN CERTIFICATE-----")
        .unwrap_or_else(|| panic!("no certificate: {text}"));
    Certificate::from_pem(&text[start..]).unwrap()
}
