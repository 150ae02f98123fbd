//! The modules of an application, compiled without being run (js-runtime.md 1.3 to 1.5): whether they could be.

use std::collections::{BTreeMap, BTreeSet};

use quorate_quickjs::Heap;
use rquickjs::{
    Context, Ctx, Error, Module, Result,
    context::intrinsic,
    loader::{ImportAttributes, Loader, Resolver},
    module::Declared,
};

use crate::{
    limits::{INNER_STACK_BYTES, LOAD_HEAP_BYTES, Limits, SOURCE_BYTES},
    watch::Watch,
};

/// A module that does not compile, or imports one that is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("module '{name}' does not compile: {reason}")]
pub struct ModuleError {
    /// Path of the module.
    pub name: String,
    /// What the engine says.
    pub reason: String,
}

/// Compiles every module of an application, given by its path, which begins with `/`. Whether what they import
/// is exported shows only when they run.
///
/// # Errors
/// The first module, by path, that does not compile.
pub fn check_modules(modules: &BTreeMap<String, String>) -> std::result::Result<(), ModuleError> {
    let failed = |name: &str, reason: &str| ModuleError {
        name: name.to_owned(),
        reason: reason.to_owned(),
    };
    let Some(first) = modules.keys().next() else {
        return Ok(());
    };
    let no_memory = |_: Error| failed(first, "no memory for an interpreter");
    let watch = Watch::new();
    let heap = Heap::new(watch.clone());
    let runtime = heap.runtime().map_err(no_memory)?;
    let known = modules.keys().cloned().collect();
    runtime.set_loader(Paths { known }, Stand);
    let context = Context::custom::<(intrinsic::Eval, intrinsic::RegExpCompiler)>(&runtime)
        .map_err(no_memory)?;
    watch.observe(&runtime, &context, &heap);
    heap.set_limit(LOAD_HEAP_BYTES);
    context.with(|ctx| {
        for (name, source) in modules {
            if source.len() > SOURCE_BYTES {
                return Err(failed(name, "its source is too long"));
            }
            watch.start(Limits::default().time, INNER_STACK_BYTES);
            let compiled = Module::declare(ctx.clone(), name.as_str(), source.as_str());
            watch.stop();
            if compiled.is_err() {
                let thrown = ctx.catch();
                let reason = thrown
                    .as_exception()
                    .and_then(|exception| exception.message())
                    .unwrap_or_else(|| "out of memory".to_owned());
                return Err(failed(name, &reason));
            }
        }
        Ok(())
    })
}

/// Finds imports among the modules of the application (js-runtime.md 1.4).
struct Paths {
    known: BTreeSet<String>,
}

impl Resolver for Paths {
    fn resolve<'js>(
        &mut self,
        _ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let path = resolve(base, name);
        if self.known.contains(&path) {
            Ok(path)
        } else {
            Err(Error::new_resolving(base, name))
        }
    }
}

/// Stands for an imported module: each is compiled for itself, however they import each other.
struct Stand;

impl Loader for Stand {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _attributes: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        Module::declare(ctx.clone(), name, "")
    }
}

/// The path of a specifier in the module `base`: relative to its directory if it begins with a dot, of which
/// only leading `./` and `../` are followed; always with a leading `/`.
fn resolve(base: &str, name: &str) -> String {
    if !name.starts_with('.') {
        return if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("/{name}")
        };
    }
    let mut directory = base.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut rest = name;
    loop {
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("../") {
            rest = after;
            directory = directory
                .rsplit_once('/')
                .map_or("", |(directory, _)| directory);
        } else {
            break;
        }
    }
    let directory = directory.trim_start_matches('/');
    if directory.is_empty() {
        format!("/{rest}")
    } else {
        format!("/{directory}/{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(modules: &[(&str, &str)]) -> std::result::Result<(), String> {
        let modules = modules
            .iter()
            .map(|(name, source)| ((*name).to_owned(), (*source).to_owned()))
            .collect();
        check_modules(&modules).map_err(|error| error.name)
    }

    #[test]
    fn js_runtime_1_4_specifiers_are_resolved_as_the_engine_does() {
        let cases = [
            ("/a.js", "b.js", "/b.js"),
            ("/a.js", "/b.js", "/b.js"),
            ("/lib/a.js", "b.js", "/b.js"),
            ("/lib/a.js", "./b.js", "/lib/b.js"),
            ("/lib/a.js", "../b.js", "/b.js"),
            ("/lib/sub/a.js", ".././b.js", "/lib/b.js"),
            ("/a.js", "../../b.js", "/b.js"),
            ("/a.js", "./x/../b.js", "/x/../b.js"),
        ];
        for (base, name, expected) in cases {
            assert_eq!(resolve(base, name), expected, "{name} in {base}");
        }
    }

    #[test]
    fn modules_that_import_each_other_compile_and_do_not_run() {
        let good = [
            (
                "/a.js",
                "import { g } from './lib/b.js'; export const f = g;",
            ),
            (
                "/lib/b.js",
                "import { f } from '../a.js'; export const g = () => f;",
            ),
            ("/lib/c.js", "import * as a from 'a.js'; throw a;"),
            ("/loops.js", "for (;;) {}"),
        ];
        assert_eq!(check(&good), Ok(()));
        assert_eq!(check(&[]), Ok(()));
    }

    #[test]
    fn a_module_that_does_not_compile_is_named() {
        let good = ("/a.js", "import './z.js';");
        for source in [
            "export function f( {",
            "import './nowhere.js';",
            "import 'node:fs';",
            "export const a = 1; export const a = 2;",
        ] {
            assert_eq!(
                check(&[good, ("/z.js", source)]),
                Err("/z.js".to_owned()),
                "{source}"
            );
        }
        let nested = "[".repeat(1 << 20);
        assert_eq!(check(&[("/a.js", &nested)]), Err("/a.js".to_owned()));
    }
}
