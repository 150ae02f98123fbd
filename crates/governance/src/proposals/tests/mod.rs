//! A test for every rule of governance-api.md 3.1 to 3.5 and 4, by topic.

mod ballots;
mod create;
mod deciding;
mod properties;
mod replay;
mod withdraw;

use serde_json::json;

use crate::testing::{FREE_CONSTITUTION, Kind, World};

/// An active consortium of `count` members with a constitution that proposals steer.
fn world(count: usize) -> World {
    World::active(FREE_CONSTITUTION, &vec![Kind::Plain; count], 0)
}

/// A proposal that `needed` votes accept.
fn needing(needed: usize) -> String {
    json!({ "needed": needed }).to_string()
}

/// A proposal that any ballot closes, also one that throws: `Rejected`, with votes and failures.
fn closing_on_a_ballot() -> String {
    let resolve = "const info = ccf.bufToJsonCompatible(\
                   ccf.kv['public:ccf.gov.proposals_info'].get(ccf.strToBuf(proposalId))); \
                   return Object.keys(info.ballots).length > 0 ? 'Rejected' : 'Open'";
    json!({ "resolve": resolve }).to_string()
}
