// Constitution fragment: members, operators and operator provisioners.
//
// A provisioner is a member without an encryption key whose member_data has
// "is_operator_provisioner": true; an operator is one with "is_operator": true. Neither has a vote.
// A provisioner's proposal is accepted at once if it only adds or removes operators, and rejected
// otherwise. Anybody else's is accepted once more than half of the active members that are neither
// voted for it. Stands in place of default/resolve.js.

// The member_data of a member without an encryption key, and nothing for any other member.
function getDataOfKeylessMember(memberId) {
  const key = ccf.strToBuf(memberId);
  const info = ccf.kv["public:ccf.gov.members.info"].get(key);
  if (info === undefined || ccf.kv["public:ccf.gov.members.encryption_public_keys"].has(key)) {
    return {};
  }
  return ccf.bufToJsonCompatible(info).member_data ?? {};
}

function isOperator(memberId) {
  return Boolean(getDataOfKeylessMember(memberId).is_operator);
}

function isOperatorProvisioner(memberId) {
  return Boolean(getDataOfKeylessMember(memberId).is_operator_provisioner);
}

function isActionOnOperator({ name, args }) {
  return (
    (name === "set_member" && Boolean(args.member_data?.is_operator)) ||
    (name === "remove_member" && isOperator(args.member_id))
  );
}

export function resolve(proposal, proposerId, votes) {
  if (isOperatorProvisioner(proposerId)) {
    return JSON.parse(proposal).actions.every(isActionOnOperator) ? "Accepted" : "Rejected";
  }

  const hasVote = (memberId) => !isOperator(memberId) && !isOperatorProvisioner(memberId);
  let voters = 0;
  ccf.kv["public:ccf.gov.members.info"].forEach((value, key) => {
    if (ccf.bufToJsonCompatible(value).status === "Active" && hasVote(ccf.bufToStr(key))) {
      voters++;
    }
  });
  const votesFor = votes.filter((ballot) => ballot.vote && hasVote(ballot.member_id)).length;
  return votesFor > Math.floor(voters / 2) ? "Accepted" : "Open";
}
