//! The JavaScript sandbox: one QuickJS context per call, and the `ccf` global
//! built from extensions per context (js-runtime.md).
//!
//! Governance calls `vote`, `resolve`, `validate` and `apply`. Nothing here
//! knows HTTP, TLS, proposals or where a transaction comes from: a call gets a
//! transaction, texts and a set of native effects, and gives back a value or
//! the text of what went wrong.

mod effects;
mod error;
mod extensions;
mod globals;
mod governance;
mod guards;
mod host;
mod limits;
mod modules;
mod native;
mod programs;
mod sandbox;
#[cfg(test)]
mod tests;
mod text;
mod trace;
mod watch;

pub use effects::{EffectError, Effects};
pub use error::ScriptError;
pub use governance::{Validation, apply, resolve, validate, validate_constitution, vote};
pub use limits::{Limits, REQUIRED_STACK_BYTES, declare_thread_stack};
pub use modules::{ModuleError, check_modules};
pub use text::text_from_bytes;

use std::rc::Rc;

/// What a context may do with the maps of the store (js-runtime.md 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// `validate`, `resolve` and ballots.
    GovReadOnly,
    /// `apply`.
    GovReadWrite,
    /// Application endpoints of mode `readonly` and `historical`.
    AppReadOnly,
    /// Application endpoints of mode `readwrite`.
    AppReadWrite,
}

/// Where `console` output goes (js-runtime.md 6.4): the `tracing` target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConsoleTag {
    /// Constitution and ballots.
    Gov,
    /// Application endpoints.
    App,
}

/// A module's source text and the name it goes by in errors and stack traces.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    /// ES module source.
    pub source: &'a str,
    /// File name in traces, such as `public:ccf.gov.constitution[0]`.
    pub name: &'a str,
}

/// Everything a call needs beside its module, transaction and arguments.
#[derive(Clone)]
pub struct Environment {
    /// Permissions on the store's maps.
    pub access: Access,
    /// Bounds of the call.
    pub limits: Limits,
    /// Native effects; `apply` only, `None` elsewhere.
    pub effects: Option<Rc<dyn Effects>>,
    /// Target of `console` output.
    pub log: ConsoleTag,
}

impl Environment {
    /// Read-only governance: `validate`, `resolve` and ballots.
    pub fn governance(limits: Limits) -> Self {
        Self {
            access: Access::GovReadOnly,
            limits,
            effects: None,
            log: ConsoleTag::Gov,
        }
    }

    /// Read-write governance with native effects: `apply`.
    pub fn governance_apply(limits: Limits, effects: Rc<dyn Effects>) -> Self {
        Self {
            access: Access::GovReadWrite,
            limits,
            effects: Some(effects),
            log: ConsoleTag::Gov,
        }
    }
}
