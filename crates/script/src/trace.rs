//! Errors as scripts of the contract know them (js-runtime.md 1.1): stack traces with lines and no columns,
//! and `InternalError: stack overflow`.
//!
//! The engine calls a hook for each error it makes. The hook keeps the frames as objects; they become text
//! when somebody reads `stack`, since at a stack overflow there is no room left to do it.

use std::{fmt::Write as _, rc::Rc};

use rquickjs::{
    Array, Ctx, Function, Object, Result, String as JsString, Undefined, Value, function::This,
    object::Property,
};

use crate::{
    host::Host,
    limits::TRACE_FRAMES,
    native::{Call, Native},
    text,
};

/// What the engine says at a stack overflow, and what scripts are to see.
const ENGINE_OVERFLOW: &str = "Maximum call stack size exceeded";
const OVERFLOW: &str = "stack overflow";

/// Property of the list of frames that names the native function that threw: the engine has no frame for it.
const NATIVE: &str = "native";

/// Prepares the error classes of a context.
pub(crate) fn install<'js>(host: &Rc<Host>, ctx: &Ctx<'js>) -> Result<()> {
    let globals = ctx.globals();
    let error: Object<'js> = globals.get("Error")?;
    let prototype: Object<'js> = error.get("prototype")?;
    let object: Object<'js> = globals.get("Object")?;
    let describe: Function<'js> = object.get("getOwnPropertyDescriptor")?;
    let define: Function<'js> = object.get("defineProperty")?;
    let stack: Object<'js> = describe.call((prototype.clone(), "stack"))?;
    stack.set(
        "get",
        Native::new(host, "get stack", (), |call, ()| read_stack(call))
            .unwatched()
            .into_function(ctx, 0)?,
    )?;
    define.call::<_, Value<'js>>((prototype, "stack", stack))?;

    let hooked = Rc::clone(host);
    let hook = Function::new(
        ctx.clone(),
        move |ctx: Ctx<'js>, error: Value<'js>, frames: Value<'js>| {
            on_error(&hooked, &ctx, &error, frames)
        },
    )?;
    error.set("stackTraceLimit", TRACE_FRAMES)?;
    error.set("prepareStackTrace", hook)?;
    // The engine keeps both values; scripts of the contract know neither property.
    for name in ["stackTraceLimit", "prepareStackTrace", "captureStackTrace"] {
        error.remove(name)?;
    }
    Ok(())
}

/// The stack trace of an error, as `stack` shows it unless the script has replaced it.
pub(crate) fn stack_of<'js>(host: &Host, ctx: &Ctx<'js>, error: Value<'js>) -> Result<Value<'js>> {
    let raw: Function<'js> = host.intrinsic(ctx, |kept| &kept.raw_stack)?;
    let frames: Value<'js> = raw.call((This(error),))?;
    let trace = if let Some(frames) = frames.as_array() {
        format_frames(frames)?
    } else if let Some(trace) = frames.as_string() {
        strip_columns(&text::to_text(trace)?)
    } else {
        return Ok(frames);
    };
    Ok(text::from_bytes(ctx, trace.as_bytes())?.into_value())
}

fn read_stack<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    stack_of(call.host, call.ctx(), call.this())
}

/// The engine has made `error`: gives it the class and text of the contract and keeps its frames.
fn on_error<'js>(
    host: &Host,
    ctx: &Ctx<'js>,
    error: &Value<'js>,
    frames: Value<'js>,
) -> Result<Value<'js>> {
    if host.watch.must_stop() {
        // The engine swallows what ends a script when it hits upon the call of the hook.
        host.watch.admitting(|| unhook(host, ctx))?;
        return Ok(frames);
    }
    if let Some(native) = host.take_throwing()
        && let Some(frames) = frames.as_object()
    {
        // Defined, not set: a script may have put a setter in the way.
        frames.prop(NATIVE, native)?;
    }
    let range_error = host.intrinsic(ctx, |kept| &kept.range_error)?;
    if let Some(error) = error.as_object()
        && error.get_prototype().as_ref() == Some(&range_error)
        && let Ok(message) = error.get::<_, JsString<'js>>("message")
        && message
            .to_string()
            .is_ok_and(|message| message == ENGINE_OVERFLOW)
    {
        error.set_prototype(Some(&host.intrinsic(ctx, |kept| &kept.internal_error)?))?;
        error.prop(
            "message",
            Property::from(OVERFLOW).writable().configurable(),
        )?;
    }
    Ok(frames)
}

/// Leaves the traces of all errors to come to the engine.
fn unhook(host: &Host, ctx: &Ctx<'_>) -> Result<()> {
    let set: Function<'_> = host.intrinsic(ctx, |kept| &kept.set_error_hook)?;
    set.call((This(ctx.globals()), Undefined))
}

/// A trace that the engine has made itself: the same lines, with columns.
fn strip_columns(trace: &str) -> String {
    let mut stripped = String::with_capacity(trace.len());
    for line in trace.lines() {
        let (body, end) = match line.strip_suffix(')') {
            Some(body) => (body, ")"),
            None => (line, ""),
        };
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let body = match body.rsplit_once(':') {
            Some((place, column))
                if is_number(column)
                    && place
                        .rsplit_once(':')
                        .is_some_and(|(_, line)| is_number(line)) =>
            {
                place
            }
            _ => body,
        };
        stripped.push_str(body);
        stripped.push_str(end);
        stripped.push('\n');
    }
    stripped
}

/// One line per frame: `    at <function> (<file>:<line>)`.
fn format_frames(frames: &Array<'_>) -> Result<String> {
    let mut trace = String::new();
    if let Some(native) = frames.as_object().get::<_, Option<String>>(NATIVE)? {
        // Writing to a string cannot fail.
        let _ = writeln!(trace, "    at {native} (native)");
    }
    for frame in frames.iter::<Object<'_>>() {
        let frame = frame?;
        let name = ask(&frame, "getFunctionName")?;
        let file = ask(&frame, "getFileName")?;
        let line = ask(&frame, "getLineNumber")?;
        let place = match (file.as_string(), line.as_int()) {
            (Some(file), Some(line)) => format!("{}:{line}", text::to_text(file)?),
            (Some(file), None) => text::to_text(file)?,
            (None, _) => "native".to_owned(),
        };
        let _ = if ask(&frame, "getFunction")?.is_function() {
            let name = match name.as_string() {
                Some(name) => text::to_text(name)?,
                None => "<anonymous>".to_owned(),
            };
            writeln!(trace, "    at {name} ({place})")
        } else {
            // A syntax error: the place in the text that was being compiled.
            writeln!(trace, "    at {place}")
        };
    }
    Ok(trace)
}

fn ask<'js>(frame: &Object<'js>, question: &str) -> Result<Value<'js>> {
    frame
        .get::<_, Function<'js>>(question)?
        .call((This(frame.clone()),))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn js_runtime_1_1_columns_are_stripped() {
        for (engine, contract) in [
            (
                "    at f (a.js:1:22)\n    at g (native)\n",
                "    at f (a.js:1)\n    at g (native)\n",
            ),
            ("    at a.js:3:4\n", "    at a.js:3\n"),
            ("    at f (a.js:1)\n", "    at f (a.js:1)\n"),
            ("    at f (x[m:n]:1:2)\n", "    at f (x[m:n]:1)\n"),
            ("", ""),
        ] {
            assert_eq!(strip_columns(engine), contract);
        }
    }
}
