//! One context from its making to its end: what it contains, how a module is loaded into it, how a function
//! of the module is called, and what comes of it. What the native functions do stands in `extensions`.

use std::{rc::Rc, time::Duration};

use quorate_kv::Tx;
use quorate_quickjs::Heap;
use rquickjs::{
    Coerced, Context, Ctx, Error, Function, Module, Object, Persistent, Result, Runtime,
    String as JsString, Value, context::intrinsic, module::Declared,
};

use crate::{
    Environment, Script, ScriptError, extensions, globals, guards,
    host::{Host, Intrinsics},
    limits::{INNER_STACK_BYTES, LOAD_HEAP_BYTES, Limits, SOURCE_BYTES},
    programs, text, trace,
    watch::Watch,
};

/// What the reference puts in place of the reason of a call that ran out of time.
const TOOK_TOO_LONG: &str = "Operation took too long to complete.";

const OUT_OF_MEMORY: &str = "InternalError: out of memory";

/// Part of the engine that scripts of the contract see; `globals` takes away the rest.
type EngineParts = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// A fresh interpreter.
pub(crate) struct Sandbox {
    // Dropped in this order: the context's values before the context, the context before its runtime.
    host: Rc<Host>,
    context: Context,
    _runtime: Runtime,
    heap: Heap,
    watch: Rc<Watch>,
    limits: Limits,
    load_time: Duration,
}

/// A function that a loaded module exports. Must not outlive its sandbox.
pub(crate) struct Export(Persistent<Function<'static>>);

impl Export {
    pub fn of<'js>(ctx: &Ctx<'js>, function: Function<'js>) -> Self {
        Self(Persistent::save(ctx, function))
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.host.release();
    }
}

impl Sandbox {
    /// A context with the globals of its kind (js-runtime.md 2).
    pub fn new(environment: &Environment) -> std::result::Result<Self, ScriptError> {
        let load_time = environment.limits.time.max(Limits::default().time);
        let sandbox = Self::bare(environment, environment.limits, load_time)?;
        sandbox
            .context
            .with(|ctx| extensions::install(&sandbox.host, &ctx).map_err(|_| setup_failed(&ctx)))?;
        Ok(sandbox)
    }

    /// A context with the engine's own globals only, for a constitution that is only looked at. It runs inside
    /// another call or outside of any; `time` is what it may take.
    pub fn empty(
        environment: &Environment,
        time: Duration,
    ) -> std::result::Result<Self, ScriptError> {
        Self::bare(
            environment,
            Limits {
                heap_bytes: LOAD_HEAP_BYTES,
                stack_bytes: INNER_STACK_BYTES,
                time,
            },
            time,
        )
    }

    fn bare(
        environment: &Environment,
        limits: Limits,
        load_time: Duration,
    ) -> std::result::Result<Self, ScriptError> {
        let watch = Watch::new();
        let heap = Heap::new(watch.clone());
        let no_memory = |_: Error| ScriptError::Native("no memory for an interpreter".to_owned());
        let runtime = heap.runtime().map_err(no_memory)?;
        let context = Context::custom::<EngineParts>(&runtime).map_err(no_memory)?;
        watch.observe(&runtime, &context, &heap);
        let host = Host::new(environment, Rc::clone(&watch));
        let sandbox = Self {
            host,
            context,
            _runtime: runtime,
            heap,
            watch,
            limits,
            load_time,
        };
        sandbox.context.with(|ctx| {
            Intrinsics::capture(&ctx)
                .map(|intrinsics| sandbox.host.set_intrinsics(intrinsics))
                .and_then(|()| trace::install(&sandbox.host, &ctx))
                .and_then(|()| guards::install(&sandbox.host, &ctx))
                .and_then(|()| globals::prune(&ctx))
                .map_err(|_| setup_failed(&ctx))
        })?;
        Ok(sandbox)
    }

    /// Compiles and evaluates a module and lets `examine` look at its exports (js-runtime.md 1.3).
    ///
    /// The reference bounds none of this. Here a module that runs out of time or memory at its top level fails
    /// as a call would; anything else that its top level throws is swallowed.
    pub fn load<R>(
        &self,
        script: &Script<'_>,
        tx: Option<&mut Tx>,
        examine: impl for<'js> FnOnce(&Ctx<'js>, &Object<'js>) -> R,
    ) -> std::result::Result<R, ScriptError> {
        let stack = Limits {
            stack_bytes: self.limits.stack_bytes.max(INNER_STACK_BYTES),
            ..self.limits
        }
        .stack_on_this_thread();
        self.heap.set_limit(LOAD_HEAP_BYTES);
        self.watch.start(self.load_time, stack);
        let attached = tx.map(|tx| self.host.attach(tx));
        let loaded = self.context.with(|ctx| {
            let examined = self
                .namespace(&ctx, script)
                .map(|namespace| examine(&ctx, &namespace));
            match self.ended(&ctx) {
                Some(ended) => Err(ended),
                None => examined,
            }
        });
        self.watch.stop();
        drop(attached);
        loaded
    }

    fn namespace<'js>(
        &self,
        ctx: &Ctx<'js>,
        script: &Script<'_>,
    ) -> std::result::Result<Object<'js>, ScriptError> {
        let module = compile(ctx, script).map_err(|_| {
            ctx.catch();
            ScriptError::Native(format!("Failed to compile {}", script.name))
        })?;
        let (module, _evaluation) = module.eval().map_err(|_| {
            let reason = describe(ctx, ctx.catch());
            ScriptError::Native(format!("Failed to execute {}: {reason}", script.name))
        })?;
        module.namespace().map_err(|_| {
            let reason = describe(ctx, ctx.catch());
            ScriptError::Native(format!("Failed to execute {}: {reason}", script.name))
        })
    }

    /// Calls an exported function under the limits and converts its result under the same ones.
    pub fn call<R>(
        &self,
        export: &Export,
        tx: &mut Tx,
        arguments: impl for<'js> FnOnce(&Ctx<'js>) -> Result<Vec<Value<'js>>>,
        convert: impl for<'js> FnOnce(&Ctx<'js>, Value<'js>) -> Result<R>,
    ) -> std::result::Result<R, ScriptError> {
        let stack = self.limits.stack_on_this_thread();
        self.heap.set_limit(self.limits.heap_bytes);
        self.heap.forget_refusal();
        self.watch.start(self.limits.time, stack);
        let attached = self.host.attach(tx);
        let outcome = self.context.with(|ctx| {
            self.watch.collect(&self.heap);
            if self.heap.is_over_limit() {
                self.watch.exhaust();
            }
            let result = if self.watch.was_exhausted() {
                Err(Error::Exception)
            } else {
                invoke(&ctx, export, arguments).and_then(|value| convert(&ctx, value))
            };
            if result.is_ok() {
                self.watch.collect(&self.heap);
                if self.heap.is_over_limit() {
                    self.watch.exhaust();
                }
            }
            self.outcome(&ctx, result)
        });
        self.watch.stop();
        drop(attached);
        outcome
    }

    fn outcome<R>(&self, ctx: &Ctx<'_>, result: Result<R>) -> std::result::Result<R, ScriptError> {
        if let Some(text) = self.watch.take_abort() {
            ctx.catch();
            return Err(ScriptError::Aborted(text));
        }
        let exhausted = self.watch.was_exhausted();
        match result {
            Ok(value) if !exhausted => Ok(value),
            Ok(_) => Err(self.stopped(None)),
            Err(_) => {
                let thrown = ctx.catch();
                // A script that had to stop can enter no function; reading the error needs some.
                self.watch.admit_reading();
                if self.watch.was_late() || exhausted {
                    let trace = self.trace_of(ctx, &thrown);
                    return Err(self.stopped(trace));
                }
                let reason = self.reason_of(ctx, &thrown);
                let trace = self.trace_of(ctx, &thrown);
                match self.watch.take_abort() {
                    Some(text) => Err(ScriptError::Aborted(text)),
                    None if self.watch.must_stop() => Err(self.stopped(trace)),
                    None => Err(ScriptError::Exception {
                        reason,
                        trace,
                        timed_out: false,
                    }),
                }
            }
        }
    }

    /// The error of a module whose top level was stopped, if it was.
    fn ended(&self, ctx: &Ctx<'_>) -> Option<ScriptError> {
        if let Some(text) = self.watch.take_abort() {
            ctx.catch();
            return Some(ScriptError::Aborted(text));
        }
        if self.watch.was_late() || self.watch.was_exhausted() {
            ctx.catch();
            self.watch.admit_reading();
            return Some(self.stopped(None));
        }
        None
    }

    fn stopped(&self, trace: Option<String>) -> ScriptError {
        let timed_out = self.watch.was_late();
        if timed_out {
            let (elapsed, max) = self.watch.milliseconds();
            extensions::console::log_time_out(self.host.tag, elapsed, max);
        }
        ScriptError::Exception {
            reason: if timed_out {
                TOOK_TOO_LONG
            } else {
                OUT_OF_MEMORY
            }
            .to_owned(),
            trace,
            timed_out,
        }
    }

    /// The text of what was thrown (js-runtime.md 9.3).
    fn reason_of<'js>(&self, ctx: &Ctx<'js>, thrown: &Value<'js>) -> String {
        // At the end of the heap the engine may have no error to throw.
        let is_nothing = thrown.is_null() || thrown.type_of() == rquickjs::Type::Uninitialized;
        if is_nothing && self.heap.has_refused() {
            return OUT_OF_MEMORY.to_owned();
        }
        if thrown.is_error() || !thrown.is_object() {
            return describe(ctx, thrown.clone());
        }
        match ctx.json_stringify(thrown.clone()) {
            Ok(Some(json)) => text::to_text(&json).unwrap_or_else(|_| unreadable(ctx)),
            Ok(None) => describe(ctx, thrown.clone()),
            Err(_) => unreadable(ctx),
        }
    }

    /// The stack trace of what was thrown, of Error objects only.
    fn trace_of<'js>(&self, ctx: &Ctx<'js>, thrown: &Value<'js>) -> Option<String> {
        if !thrown.is_error() {
            return None;
        }
        let trace = thrown
            .as_object()?
            .get::<_, Value<'js>>("stack")
            .and_then(|stack| {
                if stack.is_undefined() {
                    return Ok(None);
                }
                let Coerced(stack) = stack.get::<Coerced<JsString<'js>>>()?;
                text::to_text(&stack).map(Some)
            });
        trace.unwrap_or_else(|_| {
            ctx.catch();
            None
        })
    }
}

/// The module, from its source or from what is kept of an earlier compilation.
fn compile<'js>(ctx: &Ctx<'js>, script: &Script<'_>) -> Result<Module<'js, Declared>> {
    if script.source.len() > SOURCE_BYTES {
        return Err(Error::Allocation);
    }
    if let Some(program) = programs::find(script) {
        return program.load(ctx);
    }
    let module = Module::declare(ctx.clone(), script.name, script.source)?;
    programs::keep(script, &module);
    Ok(module)
}

/// The function that a module exports by this name.
pub(crate) fn find_export<'js>(
    ctx: &Ctx<'js>,
    namespace: &Object<'js>,
    script: &Script<'_>,
    name: &str,
) -> std::result::Result<Function<'js>, ScriptError> {
    if !namespace.contains_key(name).unwrap_or(false) {
        ctx.catch();
        return Err(ScriptError::Native(format!(
            "Failed to find export '{name}' in module '{}'",
            script.name
        )));
    }
    // A binding that the top level has not reached throws.
    match namespace.get::<_, Value<'js>>(name) {
        Ok(value) if value.is_function() => {
            if let Some(function) = value.into_function() {
                return Ok(function);
            }
        }
        Ok(_) => {}
        Err(_) => {
            ctx.catch();
        }
    }
    Err(ScriptError::Native(format!(
        "Export '{name}' of module '{}' is not a function",
        script.name
    )))
}

fn invoke<'js>(
    ctx: &Ctx<'js>,
    export: &Export,
    arguments: impl FnOnce(&Ctx<'js>) -> Result<Vec<Value<'js>>>,
) -> Result<Value<'js>> {
    let function = export.0.clone().restore(ctx)?;
    let arguments = arguments(ctx)?;
    let mut args = rquickjs::function::Args::new(ctx.clone(), arguments.len());
    args.push_args(arguments)?;
    function.call_arg(args)
}

/// A value's text, by `ToString`.
fn describe<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> String {
    if let Some(symbol) = value.as_symbol() {
        // `ToString` of a symbol throws; `String()` of one does not.
        return match symbol
            .description()
            .and_then(|text| text.get::<Coerced<JsString<'js>>>())
        {
            Ok(Coerced(text)) => format!("Symbol({})", text::to_text(&text).unwrap_or_default()),
            Err(_) => unreadable(ctx),
        };
    }
    value
        .get::<Coerced<JsString<'js>>>()
        .and_then(|Coerced(string)| text::to_text(&string))
        .unwrap_or_else(|_| unreadable(ctx))
}

fn unreadable(ctx: &Ctx<'_>) -> String {
    ctx.catch();
    "InternalError: the thrown value cannot be shown as text".to_owned()
}

fn setup_failed(ctx: &Ctx<'_>) -> ScriptError {
    let reason = describe(ctx, ctx.catch());
    ScriptError::Native(format!("Failed to set up an interpreter: {reason}"))
}
