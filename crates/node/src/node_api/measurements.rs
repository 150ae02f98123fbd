//! Measurements of the process (node-and-operations.md 9.7).

use std::sync::Arc;

use quorate_endpoints::{Context, Forwarding, Frontend, RegistrationError, reply};
use quorate_http::Method;
use quorate_tables::{JS_RUNTIME_OPTIONS, MODULES_QUICKJS_BYTECODE};
use serde_json::{Value, json};

use super::{get, plain};
use crate::process;
use crate::service_node::ServiceNode;

pub(super) fn register(
    frontend: &mut Frontend,
    node: &Arc<ServiceNode>,
) -> Result<(), RegistrationError> {
    // These two answer JSON whatever the client accepts.
    let metrics = |node: &ServiceNode, _: &mut Context<'_>| {
        Ok(reply::json(200, &node.local.interfaces.metrics()))
    };
    let memory = |_: &ServiceNode, _: &mut Context<'_>| Ok(reply::json(200, &memory()));
    frontend
        .add(
            plain(Method::GET, "/metrics", node, Box::new(metrics))
                .command()
                .forwarding(Forwarding::Never),
        )?
        .add(
            plain(Method::GET, "/memory", node, Box::new(memory))
                .command()
                .forwarding(Forwarding::Never),
        )?
        .add(get(
            "/js_metrics",
            node,
            Box::new(|_, context| {
                let options = JS_RUNTIME_OPTIONS.get(context.tx)?.unwrap_or_default();
                let bytecode = MODULES_QUICKJS_BYTECODE.entries(context.tx)?;
                let size: usize = bytecode.iter().map(|(_, code)| code.len()).sum();
                Ok(json!({
                    "bytecode_size": size,
                    // We store no bytecode, and never use what another engine has stored.
                    "bytecode_used": false,
                    "max_heap_size": options.max_heap_bytes,
                    "max_stack_size": options.max_stack_bytes,
                    "max_execution_time": options.max_execution_time_ms,
                    "max_cached_interpreters": options.max_cached_interpreters,
                }))
            }),
        ))?
        .add(
            get(
                "/jwt_keys/refresh/metrics",
                node,
                // Nothing refreshes keys in this version, so nothing is counted.
                Box::new(|_, _| Ok(json!({ "attempts": 0, "failures": 0, "successes": 0 }))),
            )
            .command(),
        )?
        .add(
            get("/index/strategies", node, Box::new(|_, _| Ok(json!([]))))
                .command()
                .forwarding(Forwarding::Never),
        )?;
    Ok(())
}

/// Sizes in bytes; the peak is that of the resident set.
fn memory() -> Value {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = |field: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .and_then(|rest| rest.trim_start_matches(':').split_whitespace().next())
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
    };
    json!({
        "max_total_heap_size": process::address_space_max().unwrap_or(u64::MAX),
        "current_allocated_heap_size": kilobytes("VmRSS") * 1024,
        "peak_allocated_heap_size": kilobytes("VmHWM") * 1024,
    })
}
