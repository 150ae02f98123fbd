//! Small scripts on a small store.

use std::{rc::Rc, time::Duration};

use quorate_kv::{Snapshot, State as Store, Tx, TxId, WriteSet};

use crate::{
    Access, ConsoleTag, Effects, Environment, Limits, Script, ScriptError, apply, resolve,
};

/// A store with some maps, as version 7 wrote them.
#[derive(Default)]
pub(crate) struct State {
    writes: WriteSet,
}

impl State {
    pub fn with(mut self, map: &str, key: &[u8], value: &[u8]) -> Self {
        self.writes.put(map, key.to_vec(), value.to_vec());
        self
    }

    pub fn tx(&self) -> Tx {
        let mut state = Store::default();
        state.apply(7, &self.writes);
        Tx::new(Snapshot {
            state,
            txid: TxId { view: 2, seqno: 7 },
        })
    }
}

/// Evaluates the body of a function, as `resolve` or `apply` would run it.
pub(crate) struct Eval {
    pub access: Access,
    pub limits: Limits,
    pub effects: Option<Rc<dyn Effects>>,
    pub tx: Tx,
}

impl Eval {
    pub fn new() -> Self {
        Self {
            access: Access::GovReadOnly,
            limits: Limits::default(),
            effects: None,
            tx: State::default().tx(),
        }
    }

    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    pub fn tx(mut self, tx: Tx) -> Self {
        self.tx = tx;
        self
    }

    pub fn effects(mut self, effects: Rc<dyn Effects>) -> Self {
        self.access = Access::GovReadWrite;
        self.effects = Some(effects);
        self
    }

    pub fn heap(mut self, bytes: usize) -> Self {
        self.limits.heap_bytes = bytes;
        self
    }

    pub fn stack(mut self, bytes: usize) -> Self {
        self.limits.stack_bytes = bytes;
        self
    }

    pub fn milliseconds(mut self, time: u64) -> Self {
        self.limits.time = Duration::from_millis(time);
        self
    }

    pub fn environment(&self) -> Environment {
        Environment {
            access: self.access,
            limits: self.limits,
            effects: self.effects.clone(),
            log: ConsoleTag::Gov,
        }
    }

    /// The text of what `body` returns.
    pub fn body(&mut self, body: &str) -> Result<String, ScriptError> {
        self.module(&format!("export function resolve() {{ {body}\n}}"))
    }

    /// The text of the value of `expression`.
    pub fn text(&mut self, expression: &str) -> String {
        match self.body(&format!("return String({expression});")) {
            Ok(text) => text,
            Err(error) => panic!("{expression}: {error:?}"),
        }
    }

    /// `Class: message` of what `expression` throws.
    pub fn thrown(&mut self, expression: &str) -> String {
        match self.body(&format!("return {expression};")) {
            Err(ScriptError::Exception { reason, .. }) => reason,
            other => panic!("{expression} should throw: {other:?}"),
        }
    }

    /// The text of what the module's `resolve` returns.
    pub fn module(&mut self, source: &str) -> Result<String, ScriptError> {
        let script = Script {
            source,
            name: "test.js",
        };
        let environment = self.environment();
        resolve(
            &script,
            &environment,
            &mut self.tx,
            "proposal",
            "proposer",
            &[],
            "id",
        )
    }

    /// Runs the body as `apply`.
    pub fn apply(&mut self, body: &str) -> Result<(), ScriptError> {
        let source = format!("export function apply(proposal, proposalId) {{ {body}\n}}");
        let script = Script {
            source: &source,
            name: "test.js",
        };
        let environment = self.environment();
        apply(&script, &environment, &mut self.tx, "proposal", "id")
    }
}
