//! What a caller learns of an exception, and what scripts see of errors (js-runtime.md 1.1, 9.3, 10).

use crate::ScriptError;

use super::Eval;

fn exception(body: &str) -> (String, Option<String>) {
    match Eval::new().body(body) {
        Err(ScriptError::Exception {
            reason,
            trace,
            timed_out: false,
        }) => (reason, trace),
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn js_runtime_9_3_the_reason_by_kind_of_what_was_thrown() {
    for (thrown, reason) in [
        ("new Error('msg')", "Error: msg"),
        ("new RangeError()", "RangeError"),
        ("Object.assign(new Error('m'), { name: 'Mine' })", "Mine: m"),
        ("{ a: [1, 'x'] }", r#"{"a":[1,"x"]}"#),
        ("['x']", r#"["x"]"#),
        ("{ toJSON() { return 'json'; } }", r#""json""#),
        ("'text'", "text"),
        ("12", "12"),
        ("null", "null"),
        ("undefined", "undefined"),
        ("12n", "12"),
        ("true", "true"),
        ("Symbol('s')", "Symbol(s)"),
    ] {
        let (text, trace) = exception(&format!("throw {thrown};"));
        assert_eq!(text, reason, "{thrown}");
        assert_eq!(trace.is_some(), thrown.contains("Error"), "{thrown}");
    }
}

#[test]
fn js_runtime_9_3_a_thrown_value_that_cannot_be_shown_is_still_a_reason() {
    let unreadable = "InternalError: the thrown value cannot be shown as text";
    for thrown in [
        "{ toJSON() { throw 1; } }",
        "{ a: 1n }",
        "(() => { const a = {}; a.a = a; return a; })()",
        "Object.assign(new Error(), { toString() { throw 1; } })",
        "new Proxy({}, { get() { throw 1; }, ownKeys() { throw 1; } })",
    ] {
        assert_eq!(
            exception(&format!("throw {thrown};")).0,
            unreadable,
            "{thrown}"
        );
    }
    assert_eq!(exception("throw () => 1;").0, "() => 1");
    let (reason, trace) =
        exception("throw Object.defineProperty(new Error('e'), 'stack', { get() { throw 1; } });");
    assert_eq!((reason.as_str(), trace), ("Error: e", None));
    let (_, trace) = exception("const e = new Error('e'); e.stack = 'mine'; throw e;");
    assert_eq!(trace.as_deref(), Some("mine"));
}

#[test]
fn js_runtime_10_the_text_of_a_scripts_own_error_is_never_cut() {
    let (reason, _) = exception("throw new Error('line\\n'.repeat(1000));");
    assert_eq!(reason.len(), "Error: ".len() + 5000);
}

#[test]
fn js_runtime_1_1_a_trace_has_lines_and_no_columns() {
    let source = "
export function resolve() {
  function nested() {
    throw new Error('x');
  }
  const throwError = () => {
    nested();
  };
  [1].forEach(() =>
    throwError());
}";
    let Err(ScriptError::Exception { trace, .. }) = Eval::new().module(source) else {
        panic!("no exception");
    };
    assert_eq!(
        trace.unwrap(),
        "    at nested (test.js:4)\n    at throwError (test.js:7)\n    at <anonymous> (test.js:10)\n    \
         at forEach (native)\n    at resolve (test.js:9)\n"
    );
}

#[test]
fn js_runtime_1_1_scripts_see_the_same_trace() {
    assert_eq!(
        Eval::new()
            .body("const e = new Error('x');\nreturn e.stack;")
            .unwrap(),
        "    at resolve (test.js:1)\n"
    );
    assert_eq!(
        Eval::new()
            .body("try {\nnull.x } catch (e) { return e.stack + e.stack; }")
            .unwrap(),
        "    at resolve (test.js:2)\n    at resolve (test.js:2)\n"
    );
    assert_eq!(
        Eval::new()
            .body("try { eval('\\n )') } catch (e) { return e.name + e.stack; }")
            .unwrap(),
        "SyntaxError    at <input>:2\n    at resolve (test.js:1)\n"
    );
}

#[test]
fn js_runtime_1_1_a_native_function_stands_in_the_trace_of_what_it_throws() {
    assert_eq!(
        Eval::new()
            .body("try { ccf.strToBuf() } catch (e) { return e + '\\n' + e.stack; }")
            .unwrap(),
        "TypeError: Passed 0 arguments, but expected 1\n    at strToBuf (native)\n    at resolve (test.js:1)\n"
    );
    assert_eq!(
        Eval::new()
            .body("try { [1].map(ccf.strToBuf) } catch (e) { return e.stack; }")
            .unwrap(),
        "    at strToBuf (native)\n    at map (native)\n    at resolve (test.js:1)\n"
    );
    // Nothing is left for the next error.
    assert_eq!(
        Eval::new()
            .body("try { ccf.strToBuf() } catch {} return new Error('x').stack;")
            .unwrap(),
        "    at resolve (test.js:1)\n"
    );
}

#[test]
fn js_runtime_1_1_the_engines_hooks_are_out_of_reach() {
    let mut eval = Eval::new();
    for name in ["prepareStackTrace", "captureStackTrace", "stackTraceLimit"] {
        assert_eq!(eval.text(&format!("'{name}' in Error")), "false");
    }
    // Nor does setting a property of that name do anything.
    assert_eq!(
        eval.body("Error.prepareStackTrace = () => 'mine'; return new Error('x').stack;")
            .unwrap(),
        "    at resolve (test.js:1)\n"
    );
    assert_eq!(eval.text("typeof Object.getOwnPropertyDescriptor(Error.prototype, 'stack').get.call(new Error('x'))"), "string");
    assert_eq!(
        eval.text("({ __proto__: Error.prototype }).stack"),
        "undefined"
    );
}

#[test]
fn js_runtime_1_1_a_stack_overflow_is_an_internal_error() {
    let recurse = "let depth = 0; const f = (x) => { depth++; return f(x) + 1; };";
    let (reason, trace) = exception(&format!("{recurse} f(1);"));
    assert_eq!(reason, "InternalError: stack overflow");
    assert!(
        trace
            .unwrap()
            .starts_with("    at f (test.js:1)\n    at f (test.js:1)\n")
    );
    assert_eq!(
        Eval::new()
            .body(&format!(
                "{recurse} try {{ f(1); }} catch (e) {{ return [e instanceof InternalError, e instanceof RangeError, e.name, e.message, String(e)].join(); }}"
            ))
            .unwrap(),
        "true,false,InternalError,stack overflow,InternalError: stack overflow"
    );
    for native in [
        "JSON.parse('['.repeat(1e6))",
        "(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return JSON.stringify(a); })()",
        "(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return String(a); })()",
        "(() => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a.flat(Infinity); })()",
        "eval('('.repeat(1e6))",
        "(() => { const o = { toString() { return `${o}`; } }; return `${o}`; })()",
        "(() => { const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); return p.x; })()",
    ] {
        assert_eq!(
            Eval::new().thrown(native),
            "InternalError: stack overflow",
            "{native}"
        );
    }
}

#[test]
fn js_runtime_3_the_depth_of_recursion_follows_the_stack_limit() {
    let depth = |bytes| -> u32 {
        Eval::new()
            .stack(bytes)
            .body("let n = 0; const f = (x) => { n++; return f(x) + 1; }; try { f(1); } catch {} return n;")
            .unwrap()
            .parse()
            .unwrap()
    };
    let deep = depth(524_288);
    assert!((512..4096).contains(&deep), "{deep}");
    assert!(depth(262_144) < deep);
    assert!(depth(1_048_576) > deep);
}

#[test]
fn native_messages_are_cut_to_255_bytes() {
    let (reason, _) = exception("ccf.pemToId('y'.repeat(1000));");
    assert_eq!(reason.len(), "InternalError: ".len() + 255);
    let (reason, _) = exception("ccf.kv['t'.repeat(500)].get(ccf.strToBuf(''));");
    assert_eq!(
        reason,
        format!(
            "TypeError: Cannot call \"get\" on table named {}",
            "t".repeat(222)
        )
    );
    let (reason, _) = exception("ccf.kv['x' + 'é'.repeat(500)].get(ccf.strToBuf(''));");
    assert_eq!(
        reason,
        format!(
            "TypeError: Cannot call \"get\" on table named x{}\u{fffd}",
            "é".repeat(110)
        )
    );
}
