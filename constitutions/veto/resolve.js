// Constitution fragment: majority with a veto.
//
// One vote against rejects a proposal. Without such a vote it is accepted once more than half of the
// active members have voted. Stands in place of default/resolve.js.

export function resolve(proposal, proposerId, votes) {
  if (votes.some((ballot) => !ballot.vote)) {
    return "Rejected";
  }

  let activeMembers = 0;
  ccf.kv["public:ccf.gov.members.info"].forEach((value) => {
    if (ccf.bufToJsonCompatible(value).status === "Active") {
      activeMembers++;
    }
  });
  return votes.length > Math.floor(activeMembers / 2) ? "Accepted" : "Open";
}
