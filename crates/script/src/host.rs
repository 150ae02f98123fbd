//! What the native functions of one context share: transaction, permissions, effects, watch, and the
//! engine's own functions as they were before any script ran.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use quorate_kv::{Snapshot, Tx};
use rquickjs::{Ctx, Error, Function, JsLifetime, Object, Persistent, Result, Symbol};

use crate::{Access, ConsoleTag, Effects, Environment, watch::Watch};

/// Shared state of a context's native functions.
pub(crate) struct Host {
    pub access: Access,
    pub tag: ConsoleTag,
    pub effects: Option<Rc<dyn Effects>>,
    pub watch: Rc<Watch>,
    /// Whether the metrics line is wanted (js-runtime.md 6.2).
    pub metrics: Cell<bool>,
    /// Bytes of console output so far.
    pub console_bytes: Cell<usize>,
    /// Bytes written to the store so far.
    pub written_bytes: Cell<usize>,
    tx: RefCell<Option<Tx>>,
    intrinsics: RefCell<Option<Intrinsics>>,
    guarded: RefCell<Vec<Persistent<Function<'static>>>>,
    throwing: Cell<Option<&'static str>>,
}

/// Objects of the engine that native functions need, out of reach of scripts.
pub(crate) struct Intrinsics {
    /// `JSON.parse`.
    pub json_parse: Persistent<Function<'static>>,
    /// The engine's own getter of `Error.prototype.stack`.
    pub raw_stack: Persistent<Function<'static>>,
    /// The engine's own setter of `Error.prepareStackTrace`.
    pub set_error_hook: Persistent<Function<'static>>,
    /// `RangeError.prototype`.
    pub range_error: Persistent<Object<'static>>,
    /// `InternalError.prototype`.
    pub internal_error: Persistent<Object<'static>>,
    /// `Symbol.isConcatSpreadable`.
    pub spreadable: Persistent<Symbol<'static>>,
    /// The slow forms of the guarded functions.
    slow: Option<Persistent<Object<'static>>>,
}

impl Intrinsics {
    /// The objects of a context in which no script has run yet.
    pub fn capture<'js>(ctx: &Ctx<'js>) -> Result<Self> {
        let globals = ctx.globals();
        let object = |name: &str| globals.get::<_, Object<'js>>(name);
        let prototype = |name: &str| object(name)?.get::<_, Object<'js>>("prototype");
        let describe: Function<'js> = object("Object")?.get("getOwnPropertyDescriptor")?;
        let stack: Object<'js> = describe.call((prototype("Error")?, "stack"))?;
        let hook: Object<'js> = describe.call((object("Error")?, "prepareStackTrace"))?;
        Ok(Self {
            json_parse: Persistent::save(ctx, object("JSON")?.get::<_, Function<'js>>("parse")?),
            raw_stack: Persistent::save(ctx, stack.get::<_, Function<'js>>("get")?),
            set_error_hook: Persistent::save(ctx, hook.get::<_, Function<'js>>("set")?),
            range_error: Persistent::save(ctx, prototype("RangeError")?),
            internal_error: Persistent::save(ctx, prototype("InternalError")?),
            spreadable: Persistent::save(
                ctx,
                object("Symbol")?.get::<_, Symbol<'js>>("isConcatSpreadable")?,
            ),
            slow: None,
        })
    }
}

impl Host {
    pub fn new(environment: &Environment, watch: Rc<Watch>) -> Rc<Self> {
        Rc::new(Self {
            access: environment.access,
            tag: environment.log,
            effects: environment.effects.clone(),
            watch,
            metrics: Cell::new(true),
            console_bytes: Cell::new(0),
            written_bytes: Cell::new(0),
            tx: RefCell::new(None),
            intrinsics: RefCell::new(None),
            guarded: RefCell::new(Vec::new()),
            throwing: Cell::new(None),
        })
    }

    /// Lends the transaction to native functions until the result is dropped.
    pub fn attach<'a>(&'a self, tx: &'a mut Tx) -> Attached<'a> {
        let lent = std::mem::replace(tx, Tx::new(Snapshot::default()));
        self.tx.replace(Some(lent));
        Attached { host: self, tx }
    }

    /// Runs `act` on the transaction; `None` without one.
    pub fn with_tx<R>(&self, act: impl FnOnce(&mut Tx) -> R) -> Option<R> {
        self.tx.borrow_mut().as_mut().map(act)
    }

    /// Notes which native function throws, for the stack trace of the error made next.
    pub fn throwing(&self, name: Option<&'static str>) {
        self.throwing.set(name);
    }

    /// The native function that has thrown the error just made.
    pub fn take_throwing(&self) -> Option<&'static str> {
        self.throwing.take()
    }

    pub fn set_intrinsics(&self, intrinsics: Intrinsics) {
        self.intrinsics.replace(Some(intrinsics));
    }

    /// One of the engine's objects.
    pub fn intrinsic<'js, T>(
        &self,
        ctx: &Ctx<'js>,
        pick: impl FnOnce(&Intrinsics) -> &Persistent<T>,
    ) -> Result<T::Changed<'js>>
    where
        T: JsLifetime<'static> + Clone,
    {
        let kept = self.intrinsics.borrow();
        let kept = kept.as_ref().ok_or(Error::Unknown)?;
        pick(kept).clone().restore(ctx)
    }

    /// The slow forms of guarded functions, made at first use.
    pub fn slow_forms<'js>(
        &self,
        ctx: &Ctx<'js>,
        make: impl FnOnce(&Ctx<'js>) -> Result<Object<'js>>,
    ) -> Result<Object<'js>> {
        let kept = self
            .intrinsics
            .borrow()
            .as_ref()
            .and_then(|kept| kept.slow.clone());
        if let Some(slow) = kept {
            return slow.restore(ctx);
        }
        let slow = make(ctx)?;
        if let Some(kept) = self.intrinsics.borrow_mut().as_mut() {
            kept.slow = Some(Persistent::save(ctx, slow.clone()));
        }
        Ok(slow)
    }

    /// Keeps a function that is about to be replaced by a guarded form; returns its place.
    pub fn keep_guarded<'js>(&self, ctx: &Ctx<'js>, function: Function<'js>) -> usize {
        let mut guarded = self.guarded.borrow_mut();
        guarded.push(Persistent::save(ctx, function));
        guarded.len() - 1
    }

    /// The function at a place of [`Host::keep_guarded`].
    pub fn guarded<'js>(&self, ctx: &Ctx<'js>, place: usize) -> Result<Function<'js>> {
        let kept = self.guarded.borrow().get(place).cloned();
        kept.ok_or(Error::Unknown)?.restore(ctx)
    }

    /// Lets go of the engine's objects, which must not outlive their runtime.
    pub fn release(&self) {
        self.intrinsics.replace(None);
        self.guarded.replace(Vec::new());
    }
}

/// Gives the transaction back to its owner on drop.
pub(crate) struct Attached<'a> {
    host: &'a Host,
    tx: &'a mut Tx,
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        if let Some(tx) = self.host.tx.replace(None) {
            *self.tx = tx;
        }
    }
}
