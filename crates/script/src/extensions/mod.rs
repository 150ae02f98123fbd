//! What a context offers beside the engine, in parts: each extension adds one namespace or global. Which
//! contexts have which is the table of js-runtime.md 2.

use std::rc::Rc;

use rquickjs::{Ctx, Object, Result};

use crate::{Access, host::Host};

mod app_code;
pub(crate) mod console;
mod converters;
mod crypto;
mod gov;
mod jwt;
mod kv;
mod math;
mod network;
mod node;
mod snp;
mod tcb;

/// Where an extension puts what it offers.
pub(crate) struct Scope<'js> {
    pub ctx: Ctx<'js>,
    pub globals: Object<'js>,
    /// The global `ccf`.
    pub ccf: Object<'js>,
}

type Extension = for<'js> fn(&Rc<Host>, &Scope<'js>) -> Result<()>;

/// In every context but the empty one.
const COMMON: &[Extension] = &[
    console::install,
    math::install,
    snp::install,
    converters::install,
    crypto::install,
    gov::install,
    kv::install,
];

/// In `apply` only.
const APPLY: &[Extension] = &[
    app_code::install,
    jwt::install,
    network::install,
    node::install,
];

/// Adds the extensions of the host's kind of context.
pub(crate) fn install<'js>(host: &Rc<Host>, ctx: &Ctx<'js>) -> Result<()> {
    let scope = Scope {
        ctx: ctx.clone(),
        globals: ctx.globals(),
        ccf: Object::new(ctx.clone())?,
    };
    let more: &[Extension] = match host.access {
        Access::GovReadWrite => APPLY,
        Access::GovReadOnly | Access::AppReadOnly | Access::AppReadWrite => &[],
    };
    for extension in COMMON.iter().chain(more) {
        extension(host, &scope)?;
    }
    scope.globals.set("ccf", scope.ccf)
}
