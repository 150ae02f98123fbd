// Constitution fragment for tests: the outcome of a proposal follows from the name of its action.
//
// A proposal with one of the actions of test/test_actions.js is decided as that name says. Any other
// is decided as with operator provisioners (operator_provisioner/resolve.js), but whether a member
// has an encryption key plays no part. Never for a real service. Stands in place of
// default/resolve.js.

function getMemberData(memberId) {
  const info = ccf.kv["public:ccf.gov.members.info"].get(ccf.strToBuf(memberId));
  return info === undefined ? {} : (ccf.bufToJsonCompatible(info).member_data ?? {});
}

function isUnanimous(votes, count, vote) {
  return votes.length === count && votes.every((ballot) => ballot.vote === vote);
}

// The outcome that the name of the only action asks for, or undefined.
function resolveByName(name, proposal, proposerId, votes, proposalId) {
  switch (name) {
    case "always_accept_noop":
    case "set_service_recent_cose_proposals_window_size":
    case "always_throw_in_apply":
      return "Accepted";
    case "always_reject_noop":
      return "Rejected";
    case "always_throw_in_resolve":
      throw new Error("Resolve message");
    case "always_accept_with_one_vote":
      return isUnanimous(votes, 1, true) ? "Accepted" : undefined;
    case "always_reject_with_one_vote":
      return isUnanimous(votes, 1, false) ? "Rejected" : undefined;
    case "always_accept_with_two_votes":
      return isUnanimous(votes, 2, true) ? "Accepted" : undefined;
    case "always_reject_with_two_votes":
      return isUnanimous(votes, 2, false) ? "Rejected" : undefined;
    case "always_accept_if_voted_by_operator":
      return votes.length > 0 ? "Accepted" : undefined;
    case "always_accept_if_proposed_by_operator":
      return getMemberData(proposerId).is_operator ? "Accepted" : undefined;
    case "check_proposal_id_is_set_correctly": {
      const stored = ccf.kv["public:ccf.gov.proposals"].get(ccf.strToBuf(proposalId));
      return stored !== undefined && ccf.bufToStr(stored) === proposal ? "Accepted" : "Rejected";
    }
  }
  return undefined;
}

function isActionOnOperator({ name, args }) {
  return (
    (name === "set_member" && Boolean(args.member_data?.is_operator)) ||
    (name === "remove_member" && Boolean(getMemberData(args.member_id).is_operator))
  );
}

export function resolve(proposal, proposerId, votes, proposalId) {
  const proposed = JSON.parse(proposal).actions;
  if (proposed.length === 1) {
    const outcome = resolveByName(proposed[0].name, proposal, proposerId, votes, proposalId);
    if (outcome !== undefined) {
      return outcome;
    }
  }

  if (getMemberData(proposerId).is_operator_provisioner) {
    return proposed.every(isActionOnOperator) ? "Accepted" : "Rejected";
  }

  let voters = 0;
  ccf.kv["public:ccf.gov.members.info"].forEach((value) => {
    const { status, member_data: data } = ccf.bufToJsonCompatible(value);
    if (status === "Active" && !data?.is_operator && !data?.is_operator_provisioner) {
      voters++;
    }
  });
  const votesFor = votes.filter((ballot) => ballot.vote).length;
  return votesFor > Math.floor(voters / 2) ? "Accepted" : "Open";
}
