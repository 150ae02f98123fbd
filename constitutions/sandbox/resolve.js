// Constitution fragment for sandboxes: every proposal is accepted when it is made, without a ballot.
//
// For development only: whoever holds one member key governs the service.
// Stands in place of default/resolve.js.

export function resolve(proposal, proposerId, votes) {
  return "Accepted";
}
