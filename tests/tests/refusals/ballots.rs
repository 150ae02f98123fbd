//! Ballots, withdrawals and acknowledgements that do not fit (governance-api.md 1.6, 3.4, 3.5, 3.6).

use quorate_tests::Service;
use quorate_tests::ballots::{AGAINST, FOR};
use quorate_tests::service::{id_of, propose_one};
use quorate_tests::signer::Message;
use serde_json::{Value, json};

fn harmless(byte: &str) -> Value {
    propose_one("set_user_data", json!({"user_id": byte.repeat(32)}))
}

const BALLOT: &[u8] = b"{\"ballot\": \"export function vote () { return true }\"}";

#[test]
fn ballot_or_withdrawal_for_another_proposal_or_member_1_6() {
    let service = Service::default_open();
    let [first, second, third] = [0, 1, 2].map(|i| &service.members[i]);
    let one = service.open_proposal(first, &harmless("ab"));
    let other = service.open_proposal(first, &harmless("ac"));

    let ballot_path =
        |id: &str, member: &str| format!("/members/proposals/{id}/ballots/{member}:submit");
    let about_other = Message::new("ballot", BALLOT).about(&other);
    let answer =
        service.unchanged(|| service.send(second, &ballot_path(&one, &second.id), about_other));
    answer.expect_error(
        400,
        "InvalidResourceName",
        "Authenticated proposal id does not match URL",
    );
    let about_none = Message::new("ballot", BALLOT);
    let answer =
        service.unchanged(|| service.send(second, &ballot_path(&one, &second.id), about_none));
    answer.expect_error(
        400,
        "InvalidResourceName",
        "Authenticated proposal id does not match URL",
    );
    let about_one = Message::new("ballot", BALLOT).about(&one);
    let answer =
        service.unchanged(|| service.send(second, &ballot_path(&one, &third.id), about_one));
    answer.expect_error(
        400,
        "InvalidResourceName",
        "Authenticated member id does not match URL",
    );

    let withdraw_path = format!("/members/proposals/{one}:withdraw");
    let about_other = Message::new("withdrawal", b"").about(&other);
    let answer = service.unchanged(|| service.send(first, &withdraw_path, about_other));
    answer.expect_error(
        400,
        "InvalidResourceName",
        "Authenticated proposal id does not match URL",
    );
    let answer = service.unchanged(|| service.withdraw(second, &one));
    answer.expect_error(
        403,
        "AuthorizationFailed",
        &format!(
            "Proposal {one} can only be withdrawn by proposer m[{}], not caller m[{}].",
            first.id, second.id
        ),
    );
}

#[test]
fn voting_twice_3_5() {
    let service = Service::default_open();
    let [first, second, third] = [0, 1, 2].map(|i| &service.members[i]);
    let id = service.open_proposal(first, &harmless("ab"));
    let voted = service.vote(first, &id, FOR).expect(200);
    let again = service.unchanged(|| service.vote(first, &id, FOR));
    assert_eq!(
        again.expect(200),
        voted,
        "the same ballot again changes nothing"
    );
    let answer = service.unchanged(|| service.vote(first, &id, AGAINST));
    let text = format!(
        "Different ballot already submitted by m[{}] for {id}.",
        first.id
    );
    answer.expect_error(400, "VoteAlreadyExists", &text);

    assert_eq!(
        service.vote(second, &id, FOR).expect(200)["proposalState"],
        "Accepted"
    );
    let answer = service.unchanged(|| service.vote(third, &id, FOR));
    answer.expect_error(
        400,
        "ProposalNotOpen",
        &format!(
            "Proposal {id} is currently in state accepted - only open proposals can receive votes"
        ),
    );
    let answer = service.unchanged(|| service.vote(first, &id, FOR));
    assert_eq!(answer.status, 400, "also the same ballot again: {answer}");
    let answer = service.unchanged(|| service.withdraw(first, &id));
    answer.expect_error(
        400,
        "ProposalNotOpen",
        &format!("Proposal {id} is currently in state accepted and cannot be withdrawn."),
    );
}

#[test]
fn unknown_proposals_3_4_3_5() {
    let service = Service::default_open();
    let member = &service.members[0];
    let unknown = "0".repeat(64);
    let not_found = format!("Could not find proposal {unknown}.");
    let answer = service.unchanged(|| service.vote(member, &unknown, FOR));
    answer.expect_error(404, "ProposalNotFound", &not_found);
    let answer = service.unchanged(|| service.withdraw(member, &unknown));
    assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer}");
    service
        .gov(&format!("/members/proposals/{unknown}"))
        .expect_error(404, "ProposalNotFound", &not_found);
    let actions = service.gov(&format!("/members/proposals/{unknown}/actions"));
    actions.expect_error(404, "ProposalNotFound", &not_found);
    let ballot = service.gov(&format!(
        "/members/proposals/{unknown}/ballots/{}",
        member.id
    ));
    ballot.expect_error(
        404,
        "ProposalNotFound",
        &format!("Proposal {unknown} does not exist."),
    );

    let id = service.open_proposal(member, &harmless("ab"));
    let ballot = service.gov(&format!("/members/proposals/{id}/ballots/{}", member.id));
    ballot.expect_error(
        404,
        "VoteNotFound",
        &format!("Member m[{}] has not voted for proposal {id}.", member.id),
    );
}

#[test]
fn payloads_that_are_no_ballot_3_5() {
    let service = Service::default_open();
    let member = &service.members[0];
    let id = service.open_proposal(member, &harmless("ab"));
    let path = format!("/members/proposals/{id}/ballots/{}:submit", member.id);
    let no_ballot =
        "Signed request body is not a JSON object containing required string field \"ballot\"";
    for (payload, text) in [
        ("", ""),
        ("not JSON", ""),
        ("{}", no_ballot),
        ("[]", no_ballot),
        ("\"ballot\"", no_ballot),
        ("{\"ballot\": 5}", no_ballot),
        ("{\"ballot\": null}", no_ballot),
    ] {
        let message = Message::new("ballot", payload.as_bytes()).about(&id);
        let answer = service.unchanged(|| service.send(member, &path, message));
        answer.expect_error_starting(400, "InvalidInput", text);
    }
    assert_eq!(service.proposal(&id)["ballotCount"], 0);
}

#[test]
fn acknowledgements_that_do_not_fit_3_6() {
    let service = Service::default_open();
    let (member, other) = (&service.members[0], &service.members[1]);
    let path = |id: &str, verb: &str| format!("/members/state-digests/{id}:{verb}");
    let mismatch = format!(
        "Member ID from path parameter (m[{}]) does not match member ID from body signature (m[{}]).",
        other.id, member.id
    );
    for (verb, msg_type) in [("update", "state_digest"), ("ack", "ack")] {
        let message = Message::new(msg_type, b"{\"stateDigest\": \"\"}");
        let answer = service.unchanged(|| service.send(member, &path(&other.id, verb), message));
        answer.expect_error(400, "InvalidAuthenticationInfo", &mismatch);
    }
    let update = service
        .send(
            member,
            &path(&member.id, "update"),
            Message::new("state_digest", b""),
        )
        .expect(200);
    let digest = update["stateDigest"].as_str().unwrap();
    for (payload, code, text) in [
        ("not JSON".to_owned(), "InvalidInput", String::new()),
        ("{}".to_owned(), "InvalidInput", String::new()),
        (
            "{\"stateDigest\": 5}".to_owned(),
            "InvalidInput",
            String::new(),
        ),
        (
            json!({"stateDigest": "ab"}).to_string(),
            "StateDigestMismatch",
            format!("Submitted state digest is not valid.\nExpected\n {digest}\nReceived\n ab"),
        ),
    ] {
        let message = Message::new("ack", payload.as_bytes());
        let answer = service.unchanged(|| service.send(member, &path(&member.id, "ack"), message));
        answer.expect_error_starting(400, code, &text);
    }
    let unknown = "ab".repeat(32);
    service
        .gov(&format!("/members/state-digests/{unknown}"))
        .expect_error(
            404,
            "ResourceNotFound",
            &format!("No ACK record exists for member m[{unknown}]."),
        );
}

#[test]
fn shares_are_refused_while_nothing_is_to_be_recovered_3_8() {
    let service = Service::default_open();
    let member = &service.members[0];
    let path = format!("/recovery/members/{}:recover", member.id);
    let message = Message::new("recovery_share", b"{\"share\": \"AAAA\"}");
    let answer = service.unchanged(|| service.send(member, &path, message));
    let text = "Service is not waiting for recovery shares.";
    answer.expect_error(403, "ServiceNotWaitingForRecoveryShares", text);
    // The classic form, for the tools of 6.0 (governance-api.md 14).
    let body = service.signer.sign(member, message);
    let answer = service.unchanged(|| {
        service
            .client()
            .post("/gov/recovery_share", "application/cose", body)
    });
    answer.expect_error(403, "ServiceNotWaitingForRecoveryShares", text);
    let classic = service
        .client()
        .get(&format!("/gov/encrypted_recovery_share/{}", member.id))
        .expect(200);
    let shown = service
        .gov(&format!("/recovery/encrypted-shares/{}", member.id))
        .expect(200);
    assert_eq!(classic["encrypted_share"], shown["encryptedShare"]);
}

#[test]
fn proposals_of_removed_members_stay_without_them_5_2() {
    let service = Service::default_open();
    let [first, second, third] = [0, 1, 2].map(|i| &service.members[i]);
    let view = service.propose(third, &harmless("ab")).expect(200);
    let id = id_of(&view);
    service.vote(third, &id, FOR).expect(200);
    service.accept(&propose_one(
        "remove_member",
        json!({"member_id": third.id}),
    ));
    for answer in [service.vote(third, &id, FOR), service.withdraw(third, &id)] {
        answer.expect_unauthenticated("active_member_cose_sign1", "Signer is not a known member");
    }
    assert_eq!(
        service.proposal(&id),
        json!({
            "ballotCount": 1, "proposalId": id, "proposalState": "Open", "proposerId": third.id
        })
    );
    // A ballot already given counts: two of the two that are left are needed.
    assert_eq!(service.withdraw(second, &id).status, 403);
    let view = service.vote(first, &id, FOR).expect(200);
    assert_eq!(view["proposalState"], "Accepted", "{view}");
    assert_eq!(
        view["finalVotes"],
        json!({(&first.id): true, (&third.id): true})
    );
}
