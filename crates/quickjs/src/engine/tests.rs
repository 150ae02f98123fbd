use std::{cell::RefCell, rc::Rc};

use rquickjs::{Context, Ctx, Runtime};

use super::Engine;
use crate::{Guard, Heap};

struct Unguarded;

impl Guard for Unguarded {
    fn is_late(&self) -> bool {
        false
    }

    fn exhausted(&self) {}
}

fn depth(ctx: &Ctx<'_>) -> i32 {
    ctx.eval("let n = 0; const f = () => { n++; f(); }; try { f() } catch {} n")
        .unwrap_or(0)
}

#[test]
fn the_stack_limit_can_change_while_a_script_runs_and_1_admits_no_call() {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    let engine = Engine::of(&context).unwrap();
    context.with(|ctx| {
        engine.set_stack_limit(512 * 1024);
        let deep = depth(&ctx);
        assert!((64..4096).contains(&deep), "{deep}");
        engine.set_stack_limit(1);
        assert!(ctx.eval::<i32, _>("(() => 7)()").is_err());
        ctx.catch();
        engine.set_stack_limit(512 * 1024);
        assert_eq!(ctx.eval::<i32, _>("(() => 7)()").unwrap(), 7);
    });
}

#[test]
fn a_handle_outlives_its_runtime_harmlessly() {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    let engine = Engine::of(&context).unwrap();
    drop(context);
    drop(runtime);
    engine.set_stack_limit(1);
    engine.collect_garbage();
}

#[test]
fn garbage_is_collected_from_the_interrupt_handler() {
    let heap = Heap::new(Rc::new(Unguarded));
    let runtime = heap.runtime().unwrap();
    let context = Context::full(&runtime).unwrap();
    let engine = Rc::new(RefCell::new(None));
    let handle = Rc::clone(&engine);
    let seen = heap.clone();
    runtime.set_interrupt_handler(Some(Box::new(move || {
        if seen.used() > 4 << 20
            && let Some(engine) = handle.borrow().as_ref()
        {
            Engine::collect_garbage(engine);
        }
        false
    })));
    engine.replace(Engine::of(&context));
    heap.set_limit(16 << 20);
    // 100 MiB of cycles: each pass leaves an object that refers to itself.
    let outcome = context.with(|ctx| {
        ctx.eval::<i32, _>(
            "(() => { let keep; for (let i = 0; i < 100000; i++) { const a = { text: 'x'.repeat(1000) + i }; a.me = a; keep = a; }
               return keep.me === keep ? 1 : 0 })()",
        )
    });
    assert_eq!(outcome.unwrap(), 1);
    assert!(!heap.has_refused());
    engine.replace(None);
}
