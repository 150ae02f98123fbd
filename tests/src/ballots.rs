//! Ballots, as JavaScript modules.

use serde_json::Value;

/// A ballot for any proposal.
pub const FOR: &str = "export function vote (rawProposal, proposerId) { return true }";
/// A ballot against any proposal.
pub const AGAINST: &str = "export function vote (rawProposal, proposerId) { return false }";

/// The ballot of the sample template `ballot_script.js.jinja` for a proposal: for it alone (governance-api.md 11).
/// Actions must be equal in number and name, each argument equal as JSON text, and an action without arguments must
/// have none.
pub fn structurally_equal(proposal: &Value) -> String {
    let actions = proposal["actions"].as_array().expect("a proposal");
    let mut script = format!(
        "export function vote (rawProposal, proposerId) {{\n  let proposal = JSON.parse(rawProposal);\n  \
         if (!('actions' in proposal)) {{ return false; }}\n  let actions = proposal['actions'];\n  \
         if (actions.length !== {}) {{ return false; }}\n",
        actions.len()
    );
    for (i, action) in actions.iter().enumerate() {
        script.push_str(&format!(
            "  if (actions[{i}].name !== {}) {{ return false; }}\n",
            action["name"]
        ));
        match action.get("args").and_then(Value::as_object) {
            None => script.push_str(&format!(
                "  if ('args' in actions[{i}]) {{ return false; }}\n"
            )),
            Some(args) => {
                script.push_str(&format!(
                    "  if (!('args' in actions[{i}])) {{ return false; }}\n"
                ));
                for (name, value) in args {
                    let name = Value::from(name.clone());
                    script.push_str(&format!(
                        "  if (JSON.stringify(actions[{i}].args[{name}]) !== JSON.stringify({value})) \
                         {{ return false; }}\n"
                    ));
                }
            }
        }
    }
    script.push_str("  return true;\n}\n");
    script
}
