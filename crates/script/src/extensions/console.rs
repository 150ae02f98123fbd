//! The global `console` (js-runtime.md 6.4). Its output goes to the log under the target `gov` or `app`.

use std::rc::Rc;

use rquickjs::{Object, Result, Value};

use crate::{
    ConsoleTag,
    extensions::Scope,
    host::Host,
    limits::CONSOLE_BYTES,
    native::{self, Call, Class},
};

#[derive(Clone, Copy)]
enum Level {
    Info,
    Fail,
    Fatal,
}

/// Adds `console`.
pub(crate) fn install(host: &Rc<Host>, scope: &Scope<'_>) -> Result<()> {
    let console = Object::new(scope.ctx.clone())?;
    native::define(
        host,
        &console,
        &[
            ("log", 0, |call| print(call, Level::Info)),
            ("info", 0, |call| print(call, Level::Info)),
            ("warn", 0, |call| print(call, Level::Fail)),
            ("error", 0, |call| print(call, Level::Fatal)),
        ],
    )?;
    scope.globals.set("console", console)
}

/// The line of the reference for a call that ran out of time (js-runtime.md 3).
pub(crate) fn log_time_out(tag: ConsoleTag, elapsed: u128, max: u128) {
    let line = format!("JS execution has timed out after {elapsed}ms (max is {max}ms)");
    log(tag, Level::Info, &line);
}

fn print<'js>(call: &Call<'_, 'js>, level: Level) -> Result<Value<'js>> {
    let mut line = String::new();
    for index in 0..call.count() {
        if index > 0 {
            line.push(' ');
        }
        let value = call.arg(index);
        if value.is_object() && !value.is_error() {
            match call.ctx().json_stringify(value)? {
                Some(json) => line.push_str(&crate::text::to_text(&json)?),
                // A function, for which the conversion of the reference gives this text.
                None => line.push_str("undefined"),
            }
        } else {
            line.push_str(&call.to_text(value)?);
        }
    }
    let before = call.host.console_bytes.get();
    let after = before.saturating_add(line.len()).saturating_add(1);
    call.host.console_bytes.set(after);
    if after <= CONSOLE_BYTES {
        log(call.host.tag, level, &line);
    } else if before <= CONSOLE_BYTES {
        let note =
            format!("console output of this script beyond {CONSOLE_BYTES} bytes is not logged");
        log(call.host.tag, Level::Fail, &note);
    }
    call.undefined()
}

/// The log's own names of the levels differ: `fail` is a warning, `fatal` an error.
fn log(tag: ConsoleTag, level: Level, line: &str) {
    match (tag, level) {
        (ConsoleTag::Gov, Level::Info) => tracing::info!(target: "gov", "{line}"),
        (ConsoleTag::Gov, Level::Fail) => tracing::warn!(target: "gov", "{line}"),
        (ConsoleTag::Gov, Level::Fatal) => tracing::error!(target: "gov", "{line}"),
        (ConsoleTag::App, Level::Info) => tracing::info!(target: "app", "{line}"),
        (ConsoleTag::App, Level::Fail) => tracing::warn!(target: "app", "{line}"),
        (ConsoleTag::App, Level::Fatal) => tracing::error!(target: "app", "{line}"),
    }
}

/// Logs the full text of a refused effect, of which a script sees the first 255 bytes only.
pub(crate) fn log_refusal(call: &Call<'_, '_>, text: &str) {
    log(call.host.tag, Level::Fail, text);
}

/// Throws `text` as an InternalError and logs all of it.
pub(crate) fn refuse(call: &Call<'_, '_>, text: &str) -> rquickjs::Error {
    log_refusal(call, text);
    call.throw(Class::Internal, text)
}
