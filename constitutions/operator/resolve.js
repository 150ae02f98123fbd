// Constitution fragment: members and operators.
//
// An operator is a member without an encryption key whose member_data has "is_operator": true. It
// looks after the machines and has no vote: a proposal is accepted once more than half of the active
// members that are no operators voted for it. What an operator proposes is accepted at once if it
// consists only of operator actions: the older actions on nodes named below, adding an operator, and
// removing one. Stands in place of default/resolve.js.
//
// Note that an operator adds others with "set_member" and "is_operator", whether or not the proposal
// also gives an encryption key, which would make the new member a voter. A consortium that does not
// want this asks for the key's absence in isOperatorAction.

const OPERATOR_NODE_ACTIONS = ["trust_node", "retire_node", "new_node_code"];

function isOperator(memberId) {
  const key = ccf.strToBuf(memberId);
  if (ccf.kv["public:ccf.gov.members.encryption_public_keys"].has(key)) {
    return false;
  }
  const info = ccf.kv["public:ccf.gov.members.info"].get(key);
  return info !== undefined && Boolean(ccf.bufToJsonCompatible(info).member_data?.is_operator);
}

function isOperatorAction({ name, args }) {
  if (name === "set_member") {
    return Boolean(args.member_data?.is_operator);
  }
  if (name === "remove_member") {
    return isOperator(args.member_id);
  }
  return OPERATOR_NODE_ACTIONS.includes(name);
}

export function resolve(proposal, proposerId, votes) {
  let voters = 0;
  ccf.kv["public:ccf.gov.members.info"].forEach((value, key) => {
    const isActive = ccf.bufToJsonCompatible(value).status === "Active";
    if (isActive && !isOperator(ccf.bufToStr(key))) {
      voters++;
    }
  });
  const votesFor = votes.filter((ballot) => ballot.vote && !isOperator(ballot.member_id)).length;
  if (votesFor > Math.floor(voters / 2)) {
    return "Accepted";
  }

  if (isOperator(proposerId) && JSON.parse(proposal).actions.every(isOperatorAction)) {
    return "Accepted";
  }
  return "Open";
}
