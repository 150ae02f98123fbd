use rquickjs::{Context, Ctx, Function, Module, Object, Runtime};

use super::Program;

const SOURCE: &str = "let calls = 0;\nexport function count(by) { calls += by; return calls; }\n";

fn compile(source: &str) -> Program {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| Program::of(&Module::declare(ctx, "counter", source).unwrap()).unwrap())
}

fn namespace<'js>(ctx: &Ctx<'js>, program: &Program) -> Object<'js> {
    let (module, _) = program.load(ctx).unwrap().eval().unwrap();
    module.namespace().unwrap()
}

#[test]
fn a_program_runs_in_any_number_of_contexts_each_with_its_own_state() {
    let program = compile(SOURCE);
    assert!(program.size() > 0);
    for _ in 0..3 {
        let runtime = Runtime::new().unwrap();
        let context = Context::full(&runtime).unwrap();
        context.with(|ctx| {
            let count: Function = namespace(&ctx, &program).get("count").unwrap();
            assert_eq!(count.call::<_, i32>((2,)).unwrap(), 2);
            assert_eq!(count.call::<_, i32>((3,)).unwrap(), 5);
        });
    }
}

#[test]
fn a_program_keeps_its_source_text_and_lines() {
    let program = compile(
        "export function f() { return f.toString(); }\nexport const line = () => {\nthrow new Error('x'); };",
    );
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| {
        let namespace = namespace(&ctx, &program);
        let text: String = namespace.get::<_, Function>("f").unwrap().call(()).unwrap();
        assert_eq!(text, "function f() { return f.toString(); }");
        namespace
            .get::<_, Function>("line")
            .unwrap()
            .call::<_, ()>(())
            .unwrap_err();
        let stack: String = ctx.catch().as_object().unwrap().get("stack").unwrap();
        assert!(stack.contains("(counter:3"), "{stack}");
    });
}

#[test]
fn imports_of_a_loaded_program_are_resolved() {
    // Of itself: the only import that compiles without a loader.
    let program =
        compile("import * as me from 'counter'; export const name = () => typeof me.name;");
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| {
        let name: Function = namespace(&ctx, &program).get("name").unwrap();
        assert_eq!(name.call::<_, String>(()).unwrap(), "function");
    });
}
