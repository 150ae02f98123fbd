// Quorate default constitution, part 2: is a proposal well-formed?
//
// Called once, when a proposal is made, with the text of the proposal. All actions are checked, so
// that the proposer learns of every mistake at once. A proposal that is not JSON, or has no list of
// actions, makes this function throw, which refuses it as well.

export function validate(input) {
  const proposal = JSON.parse(input);
  const errors = [];
  let position = 0;
  for (const { name, args } of proposal.actions) {
    const action = actions.get(name);
    if (action === undefined) {
      errors.push(`${name}: no such action`);
    } else {
      try {
        action.validate(args);
      } catch (e) {
        errors.push(`${name} at position ${position} failed validation: ${e}\n${e.stack}`);
      }
    }
    position++;
  }
  return { valid: errors.length === 0, description: errors.join(", ") };
}
