// Quorate default constitution, part 3: is a proposal accepted?
//
// Called when a proposal is made and after every ballot, with the votes that the ballots gave, one
// { member_id, vote } each. A proposal is accepted once more than half of the active members voted
// for it, and stays open until then. The proposer has no vote but by a ballot of its own.

export function resolve(proposal, proposerId, votes) {
  let activeMembers = 0;
  ccf.kv["public:ccf.gov.members.info"].forEach((value) => {
    if (ccf.bufToJsonCompatible(value).status === "Active") {
      activeMembers++;
    }
  });

  const votesFor = votes.filter((ballot) => ballot.vote).length;
  return votesFor > Math.floor(activeMembers / 2) ? "Accepted" : "Open";
}
