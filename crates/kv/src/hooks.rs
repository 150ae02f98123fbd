//! Functions that run when given maps were written (kv-tables.md 1.6). Which maps have hooks, and what the
//! hooks do, is decided by whoever registers them; when they run, by whoever sequences and commits.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use quorate_ledger::{MapName, MapWrites, WriteSet};

use crate::state::State;

/// What a hook comes to, or the reason why the written value cannot be accepted.
pub type HookResult<T> = Result<T, String>;

type ApplyHook<E> = Box<dyn Fn(u64, &MapWrites) -> HookResult<Option<E>> + Send + Sync>;
type CommitHook = Box<dyn Fn(u64, &MapWrites) -> HookResult<()> + Send + Sync>;

/// At most one apply hook and one commit hook per map. `E` is what an apply hook can ask of whoever sequences
/// the transaction.
pub struct Hooks<E> {
    apply: BTreeMap<MapName, ApplyHook<E>>,
    commit: BTreeMap<MapName, CommitHook>,
}

/// A hook refused what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hook of map {map} failed at seqno {seqno}: {reason}")]
pub struct HookError {
    /// The map.
    pub map: MapName,
    /// Seqno of the transaction.
    pub seqno: u64,
    /// The hook's reason.
    pub reason: String,
}

impl<E> Default for Hooks<E> {
    fn default() -> Self {
        Self {
            apply: BTreeMap::new(),
            commit: BTreeMap::new(),
        }
    }
}

impl<E> Hooks<E> {
    /// No hooks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers the hook that runs when a transaction that writes `map` is applied, on every node, before it
    /// is committed. Replaces an earlier one.
    pub fn on_apply<F>(&mut self, map: &str, hook: F)
    where
        F: Fn(u64, &MapWrites) -> HookResult<Option<E>> + Send + Sync + 'static,
    {
        self.apply.insert(MapName::from(map), Box::new(hook));
    }

    /// Registers the hook that runs when a transaction that writes `map` has committed. Replaces an earlier
    /// one.
    pub fn on_commit<F>(&mut self, map: &str, hook: F)
    where
        F: Fn(u64, &MapWrites) -> HookResult<()> + Send + Sync + 'static,
    {
        self.commit.insert(MapName::from(map), Box::new(hook));
    }

    /// Takes away the apply hook of `map`.
    pub fn remove_apply(&mut self, map: &str) {
        self.apply.remove(map);
    }

    /// Takes away the commit hook of `map`.
    pub fn remove_commit(&mut self, map: &str) {
        self.commit.remove(map);
    }

    /// The writes to maps with a commit hook: what has to be kept until the commit.
    #[must_use]
    pub fn commit_part(&self, writes: &WriteSet) -> Option<WriteSet> {
        let mut part = WriteSet::default();
        for (map, writes) in &writes.maps {
            if self.commit.contains_key(map) {
                part.maps.insert(map.clone(), writes.clone());
            }
        }
        (!part.is_empty()).then_some(part)
    }

    /// Runs the apply hooks of the maps in `writes`, after all of them have been applied, in the order of
    /// their names.
    ///
    /// # Errors
    /// The first hook that failed; the rest did not run.
    pub fn run_apply(&self, seqno: u64, writes: &WriteSet) -> Result<Vec<E>, HookError> {
        let mut actions = Vec::new();
        for (map, writes) in &writes.maps {
            if let Some(hook) = self.apply.get(map) {
                actions.extend(hook(seqno, writes).map_err(|reason| error(map, seqno, reason))?);
            }
        }
        Ok(actions)
    }

    /// Runs the commit hooks of the maps in `writes`. To be called once per transaction, ascending by seqno,
    /// before the commit is shown to anyone.
    ///
    /// # Errors
    /// The first hook that failed; the rest did not run.
    pub fn run_commit(&self, seqno: u64, writes: &WriteSet) -> Result<(), HookError> {
        for (map, writes) in &writes.maps {
            if let Some(hook) = self.commit.get(map) {
                hook(seqno, writes).map_err(|reason| error(map, seqno, reason))?;
            }
        }
        Ok(())
    }

    /// Runs the apply hook of every hooked map that exists in `state`, with its whole content and the seqno of
    /// its last change: what a node does that starts from a snapshot.
    ///
    /// # Errors
    /// The first hook that failed; the rest did not run.
    pub fn run_apply_all(&self, state: &State) -> Result<Vec<E>, HookError> {
        let mut actions = Vec::new();
        for (map, hook) in &self.apply {
            if let Some((version, content)) = whole(state, map) {
                actions
                    .extend(hook(version, &content).map_err(|reason| error(map, version, reason))?);
            }
        }
        Ok(actions)
    }

    /// Runs the commit hook of every hooked map that exists in `state`, as [`Hooks::run_apply_all`].
    ///
    /// # Errors
    /// The first hook that failed; the rest did not run.
    pub fn run_commit_all(&self, state: &State) -> Result<(), HookError> {
        for (map, hook) in &self.commit {
            if let Some((version, content)) = whole(state, map) {
                hook(version, &content).map_err(|reason| error(map, version, reason))?;
            }
        }
        Ok(())
    }
}

fn whole(state: &State, map: &str) -> Option<(u64, MapWrites)> {
    let map = state.map(map)?;
    let content = map
        .iter()
        .map(|(key, versioned)| (Bytes::clone(key), Some(versioned.value.clone())));
    Some((map.version(), content.collect()))
}

fn error(map: &MapName, seqno: u64, reason: String) -> HookError {
    HookError {
        map: map.clone(),
        seqno,
        reason,
    }
}

impl<E> fmt::Debug for Hooks<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("apply", &self.apply.keys().collect::<Vec<_>>())
            .field("commit", &self.commit.keys().collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests;
