//! Compiled modules, kept for the whole process: a constitution is loaded several times for each proposal and
//! each ballot, and compiling it takes most of the time of such a call. Bounded; the least recently used go
//! first.

use std::{collections::HashMap, sync::LazyLock};

use parking_lot::Mutex;
use quorate_crypto::{Digest, sha256_parts};
use quorate_quickjs::Program;
use rquickjs::{Module, module::Declared};

use crate::{
    Script,
    limits::{CACHED_PROGRAM_BYTES, CACHED_SOURCE_BYTES_MIN},
};

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(|| Mutex::new(Kept::new(CACHED_PROGRAM_BYTES)));

/// The program of this very name and source, if it is kept.
pub(crate) fn find(script: &Script<'_>) -> Option<Program> {
    is_worth_keeping(script)
        .then(|| KEPT.lock().find(&key(script)))
        .flatten()
}

/// Keeps a module that has been compiled from `script` and not yet evaluated.
pub(crate) fn keep(script: &Script<'_>, module: &Module<'_, Declared>) {
    if is_worth_keeping(script)
        && let Ok(program) = Program::of(module)
    {
        KEPT.lock().keep(key(script), program);
    }
}

fn is_worth_keeping(script: &Script<'_>) -> bool {
    script.source.len() >= CACHED_SOURCE_BYTES_MIN
}

fn key(script: &Script<'_>) -> Digest {
    let name_length = (script.name.len() as u64).to_le_bytes();
    sha256_parts(&[
        &name_length,
        script.name.as_bytes(),
        script.source.as_bytes(),
    ])
}

struct Kept {
    programs: HashMap<Digest, (Program, u64)>,
    bytes: usize,
    capacity: usize,
    uses: u64,
}

impl Kept {
    fn new(capacity: usize) -> Self {
        Self {
            programs: HashMap::new(),
            bytes: 0,
            capacity,
            uses: 0,
        }
    }

    fn find(&mut self, key: &Digest) -> Option<Program> {
        self.uses += 1;
        let (program, used) = self.programs.get_mut(key)?;
        *used = self.uses;
        Some(program.clone())
    }

    fn keep(&mut self, key: Digest, program: Program) {
        let size = program.size();
        if size > self.capacity {
            return;
        }
        self.uses += 1;
        if let Some((old, _)) = self.programs.insert(key, (program, self.uses)) {
            self.bytes -= old.size();
        }
        self.bytes += size;
        while self.bytes > self.capacity {
            let oldest = self.programs.iter().min_by_key(|(_, (_, used))| *used);
            let Some(oldest) = oldest.map(|(key, _)| *key) else {
                return;
            };
            if let Some((old, _)) = self.programs.remove(&oldest) {
                self.bytes -= old.size();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rquickjs::{Context, Runtime};

    use super::*;

    fn program(source: &str) -> Program {
        let runtime = Runtime::new().unwrap();
        let context = Context::full(&runtime).unwrap();
        context.with(|ctx| Program::of(&Module::declare(ctx, "m", source).unwrap()).unwrap())
    }

    fn digest(text: &str) -> Digest {
        quorate_crypto::sha256(text.as_bytes())
    }

    #[test]
    fn the_least_recently_used_program_goes_first() {
        let one = program("export const a = 1;");
        let size = one.size();
        let mut kept = Kept::new(2 * size);
        kept.keep(digest("a"), one.clone());
        kept.keep(digest("b"), one.clone());
        assert!(kept.find(&digest("a")).is_some());
        kept.keep(digest("c"), one.clone());
        assert!(kept.find(&digest("a")).is_some());
        assert!(kept.find(&digest("b")).is_none());
        assert!(kept.find(&digest("c")).is_some());
        assert_eq!(kept.bytes, 2 * size);
        kept.keep(digest("c"), one);
        assert_eq!((kept.bytes, kept.programs.len()), (2 * size, 2));
    }

    #[test]
    fn a_program_larger_than_all_room_is_not_kept() {
        let one = program("export const a = 1;");
        let mut kept = Kept::new(one.size() - 1);
        kept.keep(digest("a"), one);
        assert!(kept.find(&digest("a")).is_none());
        assert_eq!(kept.bytes, 0);
    }

    #[test]
    fn name_and_source_make_the_key() {
        let key = |name, source| key(&Script { source, name });
        assert_eq!(key("n", "s"), key("n", "s"));
        assert_ne!(key("n", "s"), key("m", "s"));
        assert_ne!(key("n", "s"), key("n", "t"));
        assert_ne!(key("ab", "c"), key("a", "bc"));
    }
}
