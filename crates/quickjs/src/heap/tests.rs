use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use rquickjs::{Context, Ctx, Error, Runtime, context::intrinsic};

use super::*;
use crate::Engine;

/// Ends a script that has exhausted its heap, and counts the growths it is asked about.
#[derive(Default)]
struct Watch {
    late: Cell<bool>,
    exhausted: Cell<bool>,
    engine: RefCell<Option<Engine>>,
}

impl Guard for Watch {
    fn is_late(&self) -> bool {
        self.late.get()
    }

    fn exhausted(&self) {
        self.exhausted.set(true);
        if let Some(engine) = self.engine.borrow().as_ref() {
            engine.set_stack_limit(1);
        }
    }
}

struct Sandbox {
    watch: Rc<Watch>,
    heap: Heap,
    context: Context,
    _runtime: Runtime,
}

fn sandbox() -> Sandbox {
    let watch = Rc::new(Watch::default());
    let heap = Heap::new(watch.clone());
    let runtime = heap.runtime().unwrap();
    let handler = (watch.clone(), heap.clone());
    runtime.set_interrupt_handler(Some(Box::new(move || {
        if handler.1.is_over_limit()
            && let Some(engine) = handler.0.engine.borrow().as_ref()
        {
            engine.collect_garbage();
        }
        handler.0.exhausted.get() || handler.1.is_over_limit()
    })));
    let context = Context::custom::<intrinsic::All>(&runtime).unwrap();
    watch.engine.replace(Engine::of(&context));
    Sandbox {
        watch,
        heap,
        context,
        _runtime: runtime,
    }
}

fn eval(ctx: &Ctx<'_>, source: &str) -> String {
    match ctx.eval::<rquickjs::Coerced<String>, _>(source) {
        Ok(value) => value.0,
        Err(Error::Exception) => format!(
            "thrown {}",
            ctx.catch().get::<rquickjs::Coerced<String>>().unwrap().0
        ),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_heap_counts_what_is_in_use_and_gets_everything_back() {
    let Sandbox {
        watch,
        heap,
        context,
        _runtime,
    } = sandbox();
    let before = heap.used();
    assert!(before > 0);
    context.with(|ctx| eval(&ctx, "globalThis.big = new Uint8Array(1 << 20); 0"));
    assert!(heap.used() >= before + (1 << 20));
    assert!(!heap.has_refused());
    watch.engine.replace(None);
    drop(context);
    drop(_runtime);
    assert_eq!(heap.used(), 0);
}

#[test]
fn a_large_block_above_the_limit_is_the_engines_out_of_memory_error_and_can_be_caught() {
    let Sandbox { heap, context, .. } = sandbox();
    heap.set_limit(heap.used() + (3 << 20));
    context.with(|ctx| {
        assert_eq!(
            eval(&ctx, "new Uint8Array(5 << 20).length"),
            "thrown InternalError: out of memory"
        );
        assert!(heap.has_refused());
        heap.forget_refusal();
        assert_eq!(
            eval(&ctx, "try { 'x'.repeat(5 << 20) } catch (e) { e + '' }"),
            "InternalError: out of memory"
        );
        heap.forget_refusal();
        assert_eq!(eval(&ctx, "new Uint8Array(1 << 20).length"), "1048576");
        assert!(!heap.has_refused());
    });
}

#[test]
fn filling_the_heap_bit_by_bit_ends_the_script() {
    for fill in [
        "const a = []; for (;;) a.push({})",
        "const a = {}; for (let i = 0;; i++) a['k' + i] = i",
        "let l = null; for (;;) l = {l}",
        "const a = []; for (;;) a.push([1, 2, {a: 1}])",
        "const m = new Map(); for (let i = 0;; i++) m.set(i, {})",
        "const a = []; for (let i = 0;; i++) a.push('s' + i)",
        "const a = []; for (;;) { try { for (;;) a.push(new Uint8Array(60000)) } catch {} }",
        "const a = []; const f = () => { for (;;) a.push({}) }; for (;;) { try { f() } catch {} }",
    ] {
        let Sandbox {
            watch,
            heap,
            context,
            ..
        } = sandbox();
        let limit = heap.used() + (2 << 20);
        heap.set_limit(limit);
        context.with(|ctx| {
            let outcome = eval(&ctx, &format!("(() => {{ {fill} }})()"));
            assert!(outcome.starts_with("thrown "), "{fill}: {outcome}");
        });
        let over = watch.exhausted.get() || heap.has_refused();
        assert!(over || heap.used() < limit, "{fill}");
    }
}

#[test]
fn garbage_in_cycles_does_not_count() {
    let Sandbox {
        watch,
        heap,
        context,
        ..
    } = sandbox();
    heap.set_limit(heap.used() + (8 << 20));
    context.with(|ctx| {
        assert_eq!(
            eval(&ctx, "(() => { for (let i = 0; i < 300000; i++) { const a = { i, b: [1, 2, 3] }; a.me = a } return 'done' })()"),
            "done"
        );
    });
    assert!(!watch.exhausted.get());
}

#[test]
fn once_it_is_late_no_large_block_is_given() {
    let Sandbox {
        watch,
        heap,
        context,
        ..
    } = sandbox();
    context.with(|ctx| {
        watch.late.set(true);
        assert_eq!(
            eval(&ctx, "'x'.repeat(1 << 20).length"),
            "thrown InternalError: out of memory"
        );
        assert!(heap.has_refused());
        assert_eq!(eval(&ctx, "[1, 2].length"), "2");
        watch.late.set(false);
        assert_eq!(eval(&ctx, "'x'.repeat(1 << 20).length"), "1048576");
    });
}

/// Programs that use as much of the engine as fits, to be starved at every point.
const HUNGRY: &[&str] = &[
    "class A { #x = 1; get x() { return this.#x } static s = [1, 2]; } class B extends A { y = super.x } new B().y",
    "const o = {}; for (let i = 0; i < 300; i++) o['k' + i] = { i, f() { return i } }; Object.keys(o).length",
    "const m = new Map(), s = new Set(), w = new WeakMap(); for (let i = 0; i < 500; i++) { const k = {}; m.set(i, k); s.add(k); w.set(k, i) } m.size + s.size",
    "JSON.stringify(JSON.parse('[' + '{\"a\":[1,2,{\"b\":\"c\"}]},'.repeat(200) + '0]')).length",
    "[...Array(500).keys()].map(x => x * 2).filter(x => x % 3).sort((a, b) => b - a).concat([1]).flatMap(x => [x, x]).reduce((a, b) => a + b)",
    "'a-b-c'.repeat(500).split('-').join('+').replace(/b/g, x => x + x).match(/(a)(\\+)/g).length",
    "function* g() { for (let i = 0; i < 300; i++) yield { i } } [...g()].length",
    "let p = []; for (let i = 0; i < 100; i++) p.push((async () => { await i; return i })()); Promise.all(p); p.length",
    "const b = new Uint8Array(5000); new Float64Array(b.buffer.slice(0, 4096)).fill(1.5).reverse().length",
    "try { null.x } catch (e) { e.stack.length }",
    "let d = 0; const r = () => { d++; try { r() } finally { d-- } }; try { r() } catch (e) { String(e) }",
    "new Proxy({}, { get: (t, k) => k + 'x'.repeat(100) }).foo.length",
    "eval('let q = 1; const z = () => q; z()') + Function('return 2')()",
    "String(2n ** 2000n * 3n ** 1500n).length + (12345678901234567890n % 97n).toString().length",
    "new Date(0).toISOString() + [1.5, 1e21, -0].map(String).join() + `${{}}`",
    "Symbol('x').toString() + Object.entries({ a: 1 }).flat().join() + new Error('m', { cause: 1 }).message",
    "const a = []; a[5000] = 1; a.length = 10; Object.assign(a, { x: 1 }).concat(a).length",
    "'\\u00e9\\ud83d\\ude00'.normalize('NFD').toUpperCase().padEnd(500, 'é').codePointAt(3)",
    "const x = []; for (let i = 0; i < 2000; i++) x.push({}); delete x[3]; x.length",
    "const f = function () { return arguments.length + [...arguments].length }; f.apply(null, Array(200)) + f.bind(1, 2)(3)",
    "const { a = 1, ...rest } = { b: 2, c: 3 }; const [q, ...w] = 'hello world'; label: for (const k in rest) { for (;;) break label } w.length",
    "const r = new RegExp('(?<y>[a-z]+)|(\\\\d{2,4})(?=x)', 'dgu'); [...'abc12x345x'.matchAll(r)].length",
    "Reflect.ownKeys(Object.getOwnPropertyDescriptors(Array.prototype)).length",
    "const t = (s, ...v) => s.raw.join(v); t`a${1}b${2}c` + Object.groupBy([1, 2, 3], x => x % 2 ? 'o' : 'e').o.length",
];

/// Source texts that are large enough for the parser to ask for large blocks.
fn bulky() -> Vec<String> {
    vec![
        format!(
            "const a = [{}]; a.length",
            "{a:1,b:[2,'x']},".repeat(20_000)
        ),
        format!(
            "{} 1",
            "function f() { return f + 'text'; }\n".repeat(5_000)
        ),
        format!(
            "class A {{ {} }} 1",
            "m() { return super.m } static #p = 1;"
                .replace("#p", "p")
                .repeat(3_000)
        ),
        format!(
            "const f = () => {{ {} }}; f()",
            "if (1) { let x = 2; x++; } else { try { y } finally {} }".repeat(4_000)
        ),
        format!(
            "switch (1) {{ {} }}",
            (0..20_000)
                .map(|i| format!("case {i}: break;"))
                .collect::<String>()
        ),
        format!("`{}`.length", "${1}text".repeat(20_000)),
        format!("/{}/.test('a')", "(?:ab|[c-z])*".repeat(10_000)),
        format!("'{}'.length", "\\u00e9x".repeat(50_000)),
        (0..5_000)
            .map(|i| format!("var v{i} = {i}.5 + v{i};"))
            .collect(),
        format!("({})", "1+(".repeat(2_000) + "1" + &")".repeat(2_000)),
    ]
}

/// Runs `source` as a module and as a script while the guard says `late` from the growth `from` on. Returns
/// the number of growths it was asked about.
fn run_late_from(source: &str, from: usize) -> usize {
    struct Late {
        armed: Cell<bool>,
        asked: Cell<usize>,
        from: usize,
    }
    impl Guard for Late {
        fn is_late(&self) -> bool {
            let asked = self.asked.get();
            if self.armed.get() {
                self.asked.set(asked + 1);
            }
            self.armed.get() && asked >= self.from
        }
        fn exhausted(&self) {}
    }
    let guard = Rc::new(Late {
        armed: Cell::new(false),
        asked: Cell::new(0),
        from,
    });
    let heap = Heap::new(guard.clone());
    let runtime = heap.runtime().unwrap();
    let context = Context::custom::<intrinsic::All>(&runtime).unwrap();
    context.with(|ctx| {
        guard.armed.set(true);
        if let Ok(module) = rquickjs::Module::declare(ctx.clone(), "m", source) {
            let _ = crate::Program::of(&module).and_then(|program| program.load(&ctx));
            ctx.catch();
            let _ = module.eval();
        }
        ctx.catch();
        let _ = ctx.eval::<rquickjs::Value<'_>, _>(source);
        let thrown = ctx.catch();
        let _ = thrown
            .as_object()
            .map(|error| error.get::<_, rquickjs::Value<'_>>("stack"));
        guard.armed.set(false);
        ctx.catch();
        assert_eq!(eval(&ctx, "1 + 1"), "2", "late from {from}");
    });
    guard.asked.get()
}

#[test]
fn large_blocks_refused_at_any_point_leave_the_engine_usable() {
    let bulky = bulky();
    for source in HUNGRY
        .iter()
        .copied()
        .chain(bulky.iter().map(String::as_str))
    {
        // All points of a small program, a sample of those of a bulky one.
        let points = run_late_from(source, usize::MAX);
        for from in (0..=points).step_by(1 + points / 32) {
            run_late_from(source, from);
        }
    }
}

#[test]
fn a_heap_filled_to_the_brim_leaves_the_engine_usable() {
    // The limit is passed at a different point each time; beyond it the parser must not starve.
    let bulky = bulky();
    for source in HUNGRY
        .iter()
        .copied()
        .chain(bulky.iter().map(String::as_str))
    {
        for room in (0..16).map(|step| step * 64 * 1024) {
            let Sandbox {
                watch,
                heap,
                context,
                ..
            } = sandbox();
            heap.set_limit(heap.used() + room);
            context.with(|ctx| {
                let _ = ctx.eval::<rquickjs::Value<'_>, _>(source);
                ctx.catch();
                heap.set_limit(usize::MAX);
                watch.exhausted.set(false);
                if let Some(engine) = watch.engine.borrow().as_ref() {
                    engine.set_stack_limit(256 * 1024);
                }
                assert_eq!(eval(&ctx, "1 + 1"), "2");
            });
        }
    }
}
