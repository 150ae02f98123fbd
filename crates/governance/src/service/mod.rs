//! What the API shows of the service (governance-api.md 3.9 to 3.17). Each answer is a type whose
//! serialisation is the JSON of the contract; collections ascend by key.

mod info;
mod javascript;
mod join_policy;
mod jwk;
mod members;
mod nodes;
#[cfg(test)]
mod tests;
mod users;

use serde::Serialize;

pub use self::{
    info::{ConfigurationView, ServiceInfoView, constitution, info},
    javascript::{ModuleView, javascript_app, javascript_module, javascript_modules},
    join_policy::{JoinPolicyView, SgxPolicyView, SnpPolicyView, VirtualPolicyView, join_policy},
    jwk::{JwkIssuerView, JwkKeyView, JwkView, jwk},
    members::{MemberView, member, members},
    nodes::{NodeView, RpcInterfaceView, node, nodes},
    users::{UserView, user, users},
};

/// A collection. There is no paging (governance-api.md 1.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Collection<T> {
    /// Its elements.
    pub value: Vec<T>,
}
