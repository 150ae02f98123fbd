//! The three frontends of a node and the rules of its interfaces, put together into the dispatcher.

use std::sync::Arc;

use quorate_config::{Authority, Redirection, Role, RpcInterface};
use quorate_endpoints::dispatch::Frontends;
use quorate_endpoints::interface::{NodeRole, Redirections, Resolver};
use quorate_endpoints::{
    ApiInfo, Dispatcher, DispatcherOptions, Frontend, InterfaceRules, Prefix, RegistrationError,
    ScriptPool,
};
use quorate_governance::Env;

use super::creation_failed;
use crate::application::Application;
use crate::exit::Exit;
use crate::service_node::ServiceNode;
use crate::{gov_api, node_api};

/// `/node` is open from here on; `/gov` and `/app` are opened by the node's hooks.
///
/// # Errors
/// The application registers what cannot be registered, or an interface has rules that cannot be followed.
pub(super) fn dispatcher(
    application: &Application,
    node: &Arc<ServiceNode>,
    pool: &Arc<ScriptPool>,
) -> Result<Dispatcher, Exit> {
    let registered = |error: RegistrationError| creation_failed(&error.to_string());
    let mut node_frontend = Frontend::new(Prefix::Node, node_api::info()).map_err(registered)?;
    node_api::register(&mut node_frontend, node).map_err(registered)?;
    node_frontend.gate().open();
    let env = Arc::new(Env::new(node.clone()));
    let mut gov = Frontend::new(Prefix::Gov, gov_api::info())
        .map_err(registered)?
        .gated(node.local.gov.clone());
    gov_api::register(&mut gov, &env).map_err(registered)?;
    let mut app = Frontend::new(Prefix::App, ApiInfo::default())
        .map_err(registered)?
        .gated(node.local.app.clone());
    (application.register)(&mut app).map_err(registered)?;
    let rules = node
        .local
        .config
        .network
        .rpc_interfaces
        .iter()
        .map(|(name, interface)| Ok((name.clone(), rules(interface)?)))
        .collect::<Result<Vec<_>, Exit>>()?;
    let options = DispatcherOptions {
        max_uncommitted: node.local.config.consensus.max_uncommitted_tx_count,
    };
    let frontends = Frontends {
        node: node_frontend,
        gov,
        app,
    };
    Ok(Dispatcher::new(
        node.clone(),
        frontends,
        rules,
        pool.clone(),
        options,
    ))
}

fn rules(interface: &RpcInterface) -> Result<InterfaceRules, Exit> {
    let mut rules = InterfaceRules::default();
    if let Some(accepted) = &interface.accepted_endpoints {
        rules = rules
            .accept(accepted.patterns())
            .map_err(|error| creation_failed(&error.to_string()))?;
    }
    if interface.authority == Authority::Unsecured {
        rules = rules.unsecured();
    }
    if let Some(redirections) = &interface.redirections {
        rules = rules.redirect(Redirections {
            to_primary: resolver(redirections.to_primary.as_ref()),
            to_backup: resolver(redirections.to_backup.as_ref()),
        });
    }
    Ok(rules)
}

fn resolver(redirection: Option<&Redirection>) -> Resolver {
    match redirection {
        None => Resolver::default(),
        Some(Redirection::StaticAddress(address)) => Resolver::StaticAddress(address.clone()),
        Some(Redirection::NodeByRole(role)) => Resolver::NodeByRole {
            role: match role {
                Role::Primary => NodeRole::Primary,
                Role::Backup => NodeRole::Backup,
            },
            interface: None,
        },
    }
}
