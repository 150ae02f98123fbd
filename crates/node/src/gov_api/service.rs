//! Views of the service (governance-api.md 3.9 to 3.17).

use quorate_endpoints::error::ApiError;
use quorate_endpoints::{ApiVersion, Context, Frontend, Host, RegistrationError, Response};
use quorate_governance::service;

use super::{javascript, json, query_text, read};

pub(super) fn register(frontend: &mut Frontend) -> Result<(), RegistrationError> {
    frontend
        .add(read("/service/info", |context| {
            let host = context.host;
            json(&service::info(context.tx, &|seqno| view_of(host, seqno))?)
        }))?
        .add(read("/service/constitution", |context| {
            Ok(javascript(service::constitution(context.tx)?))
        }))?
        .add(read("/service/members", |context| {
            json(&service::members(context.tx)?)
        }))?
        .add(read("/service/members/{memberId}", |context| {
            let id = context.param("memberId")?.to_owned();
            json(&service::member(context.tx, &id)?)
        }))?
        .add(read("/service/users", |context| {
            json(&service::users(context.tx)?)
        }))?
        .add(read("/service/users/{userId}", |context| {
            let id = context.param("userId")?.to_owned();
            json(&service::user(context.tx, &id)?)
        }))?
        .add(read("/service/nodes", |context| {
            json(&service::nodes(context.tx)?)
        }))?
        .add(read("/service/nodes/{nodeId}", |context| {
            let id = context.param("nodeId")?.to_owned();
            json(&service::node(context.tx, &id)?)
        }))?
        .add(read("/service/jwk", |context| {
            json(&service::jwk(context.tx)?)
        }))?
        .add(read("/service/join-policy", |context| {
            json(&service::join_policy(context.tx)?)
        }))?;
    javascript_endpoints(frontend)
}

/// The view in which `seqno` was written, from the first transactions of all views.
fn view_of(host: &dyn Host, seqno: u64) -> Option<u64> {
    let view = host
        .view_history(1)
        .iter()
        .filter(|first| first.seqno <= seqno)
        .count() as u64;
    (view > 0).then_some(view)
}

/// What an application deployed by governance looks like. These exist since the second version of the API;
/// `js-modules` is how the published document calls `javascript-modules` (governance-api.md 3.17).
fn javascript_endpoints(frontend: &mut Frontend) -> Result<(), RegistrationError> {
    let since = ApiVersion::V20240701;
    frontend.add(
        read("/service/javascript-app", |context| {
            let case = query_text(context.request, "case");
            json(&service::javascript_app(context.tx, case.as_deref())?)
        })
        .versioned(since),
    )?;
    for name in ["javascript-modules", "js-modules"] {
        frontend
            .add(read(&format!("/service/{name}"), modules).versioned(since))?
            .add(read(&format!("/service/{name}/{{moduleName}}"), module).versioned(since))?;
    }
    Ok(())
}

fn modules(context: &mut Context<'_>) -> Result<Response, ApiError> {
    json(&service::javascript_modules(context.tx)?)
}

fn module(context: &mut Context<'_>) -> Result<Response, ApiError> {
    let name = context.param_decoded("moduleName")?;
    Ok(javascript(service::javascript_module(context.tx, &name)?))
}
