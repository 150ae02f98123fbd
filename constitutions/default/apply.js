// Quorate default constitution, part 4: carry out an accepted proposal.
//
// Called once, in the transaction of the deciding ballot. The actions take effect in their order,
// all or none: if one throws, the whole transaction is given up and the proposal stays open.

export function apply(proposal, proposalId) {
  for (const { name, args } of JSON.parse(proposal).actions) {
    const action = actions.get(name);
    if (action === undefined) {
      throw new Error(`${name}: no such action`);
    }
    action.apply(args, proposalId);
  }
}
