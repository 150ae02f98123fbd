//! Limits at every boundary of a call: whatever a script does, its caller gets an ordinary error in time, and
//! the next call is unaffected (js-runtime.md 3).

use std::time::{Duration, Instant};

use crate::{Access, Environment, Limits, Script, ScriptError, validate, vote};

use super::{Eval, State};

const LATE: &str = "Operation took too long to complete.";
const FULL: &str = "InternalError: out of memory";

/// Far more than any limit used here; a hang would last for ever.
const DEADLINE: Duration = Duration::from_secs(60);

fn timed<R>(what: &str, run: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < DEADLINE, "{what}");
    result
}

fn assert_late(what: &str, outcome: Result<impl std::fmt::Debug, ScriptError>) {
    match outcome {
        Err(ScriptError::Exception {
            reason,
            timed_out: true,
            ..
        }) => assert_eq!(reason, LATE, "{what}"),
        other => panic!("{what}: {other:?}"),
    }
}

fn assert_full(what: &str, outcome: Result<impl std::fmt::Debug, ScriptError>) {
    match outcome {
        Err(ScriptError::Exception {
            reason,
            timed_out: false,
            ..
        }) => assert_eq!(reason, FULL, "{what}"),
        other => panic!("{what}: {other:?}"),
    }
}

const LOOP: &str = "for (;;);";

#[test]
fn js_runtime_3_the_time_limit_ends_a_call_and_cannot_be_caught() {
    for body in [
        LOOP,
        "try { for (;;); } catch { return 'caught'; } finally { return 'finally'; }",
        "while (Date.now() > 0) {}",
        "const f = () => { try { f(); } catch { f(); } }; f();",
        "for (const x of (function* () { for (;;) yield 1; })()) {}",
        "[].concat(...function* () { for (;;) yield 1; }());",
        "(async () => { for (;;); })(); return 'after';",
        "for (;;) (async () => { for (;;); })();",
        "/(a+)+$/.exec('a'.repeat(60) + 'b');",
        "for (;;) try { /(a+)+$/.exec('a'.repeat(60) + 'b'); } catch {}",
        "JSON.stringify({ toJSON() { for (;;); } });",
        "JSON.parse('[1]', () => { for (;;); });",
        "[3, 2, 1].sort(() => { for (;;); });",
        "[3, 2, 1].toSorted(() => { for (;;); });",
        "'a'.replace(/a/, () => { for (;;); });",
        "new Proxy({}, { get() { for (;;); } }).x;",
        "({ get x() { for (;;); } }).x;",
        "`${{ toString() { for (;;); } }}`;",
        "new Function('for (;;);')();",
        "eval('for (;;);');",
        "Array.from({ length: 5 }, () => { for (;;); });",
        "Reflect.construct(class { constructor() { for (;;); } }, []);",
        "for (;;) 'x'.repeat(5e7);",
        "const a = 2n ** 500000n - 1n; for (;;) try { a * a; } catch {}",
        "const s = '[' + '1,'.repeat(1e6) + '1]'; for (;;) JSON.parse(s);",
        "for (;;) ccf.strToBuf('x');",
        "for (;;) try { ccf.strToBuf(); } catch {}",
        "for (;;) ccf.crypto.generateAesKey(256);",
    ] {
        timed(body, || {
            assert_late(body, Eval::new().milliseconds(100).body(body))
        });
    }
}

#[test]
fn js_runtime_3_promises_do_not_swallow_the_end() {
    // The engine turns what an executor throws into a rejection, even the end of time.
    for body in [
        "for (;;) new Promise(() => { for (;;); });",
        "const g = n => { if (n > 0) { new Promise(() => g(n - 1)); new Promise(() => g(n - 1)); } }; g(100);",
        "for (;;) { let r; new Promise(x => { r = x; }); r({ get then() { for (;;); } }); }",
        "for (;;) Promise.all({ [Symbol.iterator]() { for (;;); } });",
        "for (;;) Promise.resolve({ get then() { for (;;); } });",
        "const f = async () => ({ get then() { for (;;); } }); for (;;) f();",
        "const f = async n => { if (n > 0) { f(n - 1); f(n - 1); } }; f(100);",
    ] {
        timed(body, || {
            let outcome = Eval::new().milliseconds(100).body(body);
            // Where a promise has swallowed the end of its executor, the script may still return by itself.
            if outcome.is_err() {
                assert_late(body, outcome);
            }
        });
    }
}

#[test]
fn js_runtime_3_native_walks_are_ended_too() {
    let huge = "{ length: 2 ** 53 - 1 }";
    for body in [
        &format!("Array.prototype.reverse.call({huge});"),
        &format!("Array.prototype.copyWithin.call({huge}, 0, 1);"),
        &format!("Array.prototype.slice.call({huge}, 0, 2 ** 32 - 2);"),
        "new Array(2 ** 32 - 1).slice();",
        "Array.prototype.splice.call({ length: 2 ** 53 - 2 }, 0, 1);",
        &format!("Array.prototype.shift.call({huge});"),
        "Array.prototype.unshift.call({ length: 2 ** 53 - 3 }, 1);",
        &format!("Array.prototype.sort.call({huge});"),
        "[].concat(new Array(2 ** 32 - 2));",
        "[].concat({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true });",
        "[new Array(2 ** 32 - 2)].flat();",
        &format!("Array.prototype.join.call({huge}, '');"),
        &format!("Array.prototype.toLocaleString.call({huge});"),
        "new Array(2 ** 32 - 1).join('');",
        "String.raw({ raw: { length: 2 ** 53 - 1, [Symbol.toPrimitive]() {} } });",
        &format!("Array.prototype.forEach.call({huge}, () => 1);"),
        &format!("Array.prototype.lastIndexOf.call({huge}, 1);"),
        &format!("Array.prototype.reduce.call({huge}, () => 1, 0);"),
        &format!("Array.prototype.findLastIndex.call({huge}, () => false);"),
        &format!("new Set(Array.prototype.values.call({huge}));"),
        &format!("Array.prototype.slice.call(new Proxy({huge}, {{}}), 0, 2 ** 32 - 2);"),
        &format!("Array.prototype.reverse.call(new Proxy({huge}, {{}}));"),
        &format!("Array.prototype.every.call({huge}, () => true);"),
        "Array.prototype.toString.call({ length: 2 ** 53 - 1, join: Array.prototype.join });",
    ] {
        timed(body, || {
            let outcome = Eval::new().milliseconds(100).heap(16 << 20).body(body);
            assert!(outcome.is_err(), "{body}: {outcome:?}");
        });
    }
}

#[test]
fn js_runtime_3_searches_of_huge_texts_are_refused() {
    let text = "const t = 'a'.repeat(4e7), s = 'a'.repeat(2e7) + 'b';";
    for call in [
        "t.indexOf(s)",
        "t.includes(s)",
        "t.lastIndexOf(s)",
        "t.split(s)",
        "t.replace(s, '')",
        "t.replaceAll(s, '')",
        "t.split({ toString() { return s; } })",
        "String.prototype.indexOf.call({ toString() { return t; } }, s)",
    ] {
        let reason = timed(call, || {
            Eval::new().thrown(&format!("(() => {{ {text} return {call}; }})()"))
        });
        assert_eq!(
            reason, "RangeError: text and sought text are too long to be searched",
            "{call}"
        );
    }
    assert_eq!(
        Eval::new()
            .thrown("JSON.stringify({}, new Array(2 ** 32 - 1))")
            .split(':')
            .next(),
        Some("RangeError")
    );
}

#[test]
fn js_runtime_3_the_heap_limit_ends_a_call() {
    for body in [
        "const a = []; for (;;) a.push({});",
        "const a = []; for (;;) a.push([1, 2, { a: 1 }]);",
        "const a = {}; for (let i = 0;; i++) a['k' + i] = i;",
        "let l = null; for (;;) l = { l };",
        "const m = new Map(); for (let i = 0;; i++) m.set(i, {});",
        "const a = []; for (;;) a.push('x'.repeat(1000) + a.length);",
        "const a = []; for (;;) a.push(new Uint8Array(10000));",
        "const a = []; for (;;) { try { for (;;) a.push({ a }); } catch {} }",
        "new Uint8Array(5 << 20); return 'unreached';",
        "return 'x'.repeat(5 << 20).length;",
        "return JSON.parse('[' + '{},'.repeat(2e5) + '{}]').length;",
        "const a = []; const f = () => { for (;;) a.push({}); }; for (;;) new Promise(f);",
        "return [...Array(1e6).keys()].length;",
    ] {
        timed(body, || {
            assert_full(body, Eval::new().heap(3 << 20).body(body))
        });
    }
}

#[test]
fn js_runtime_3_heap_calibration() {
    assert_eq!(
        Eval::new().text("new Uint8Array(5 << 20).length"),
        "5242880"
    );
    assert_eq!(Eval::new().thrown("new Uint8Array(500 << 20)"), FULL);
    assert_eq!(
        Eval::new().heap(3 << 20).thrown("new Uint8Array(5 << 20)"),
        FULL
    );
    assert_eq!(
        Eval::new()
            .heap(3 << 20)
            .body("try { new Uint8Array(5 << 20); } catch (e) { return e instanceof InternalError && e.message; }")
            .unwrap(),
        "out of memory"
    );
}

#[test]
fn js_runtime_1_3_absurdly_small_limits_are_exceptions_of_the_call() {
    let source = "export function resolve() { return 'Open'; }";
    assert_full("100 bytes of heap", Eval::new().heap(100).module(source));
    assert_full("no heap", Eval::new().heap(0).module(source));
    match Eval::new().stack(100).module(source) {
        Err(ScriptError::Exception {
            reason,
            timed_out: false,
            ..
        }) => {
            assert_eq!(reason, "InternalError: stack overflow");
        }
        other => panic!("{other:?}"),
    }
    assert_late("no time", Eval::new().milliseconds(0).body(LOOP));
}

#[test]
fn js_runtime_3_a_stack_of_0_is_what_the_thread_can_give() {
    assert_eq!(Eval::new().stack(0).text("1 + 1"), "2");
    assert_eq!(
        Eval::new()
            .stack(usize::MAX)
            .thrown("(function f() { return f() + 1; })()"),
        "InternalError: stack overflow"
    );
}

#[test]
fn the_top_level_of_a_module_is_bounded_too() {
    let limits = Limits {
        time: Duration::ZERO,
        ..Limits::default()
    };
    // The bound on the top level is never below the default, so this one takes its five seconds.
    let source = "for (;;); export function vote() { return true; }";
    let script = Script {
        source,
        name: "ballot",
    };
    let mut tx = State::default().tx();
    let start = Instant::now();
    assert_late(
        "loop",
        vote(&script, &Environment::governance(limits), &mut tx, "", ""),
    );
    assert!(start.elapsed() >= Limits::default().time);

    for source in [
        "const a = []; for (;;) a.push({}); export function resolve() { return 1; }",
        "const a = []; for (;;) a.push(new Uint8Array(50000)); export function resolve() { return 1; }",
    ] {
        timed(source, || assert_full(source, Eval::new().module(source)));
    }
    // A large block alone is an ordinary exception, which is swallowed.
    let source = "new Uint8Array(1 << 30); export function resolve() { return 1; }";
    assert_eq!(Eval::new().module(source).unwrap(), "1");
    let source = "(function f() { f(); })(); export function resolve() { return 1; }";
    assert_eq!(Eval::new().module(source).unwrap(), "1");
}

#[test]
fn js_runtime_3_results_are_converted_under_the_same_limits() {
    for value in [
        "{ toString() { for (;;); } }",
        "{ [Symbol.toPrimitive]() { for (;;); } }",
        "new Proxy({}, { get() { for (;;); } })",
    ] {
        timed(value, || {
            assert_late(
                value,
                Eval::new()
                    .milliseconds(100)
                    .body(&format!("return {value};")),
            )
        });
    }
    assert_full(
        "toString",
        Eval::new()
            .heap(3 << 20)
            .body("return { toString() { return 'x'.repeat(5 << 20); } };"),
    );
    for value in [
        "{ get valid() { for (;;); } }",
        "{ valid: true, get description() { for (;;); } }",
        "new Proxy({}, { get() { for (;;); } })",
    ] {
        let source = format!("export function validate() {{ return {value}; }}");
        let script = Script {
            source: &source,
            name: "c",
        };
        let environment = Environment::governance(Limits {
            time: Duration::from_millis(100),
            ..Limits::default()
        });
        let mut tx = State::default().tx();
        timed(value, || {
            assert_late(value, validate(&script, &environment, &mut tx, ""))
        });
    }
}

#[test]
fn js_runtime_3_what_was_thrown_is_read_under_the_same_limits() {
    for thrown in [
        "{ toJSON() { for (;;); } }",
        "{ get x() { for (;;); } }",
        "Object.assign(new Error(), { toString() { for (;;); } })",
        "Object.defineProperty(new Error(), 'stack', { get() { for (;;); } })",
        "Object.defineProperty(new Error(), 'name', { get() { for (;;); } })",
        "new Proxy({}, { ownKeys() { for (;;); } })",
    ] {
        timed(thrown, || {
            assert_late(
                thrown,
                Eval::new()
                    .milliseconds(100)
                    .body(&format!("throw {thrown};")),
            )
        });
    }
}

#[test]
fn a_time_out_tells_where() {
    let Err(ScriptError::Exception { trace, .. }) = Eval::new()
        .milliseconds(50)
        .body("const spin = () => { for (;;); };\nspin();")
    else {
        panic!("no exception");
    };
    assert_eq!(
        trace.unwrap(),
        "    at spin (test.js:1)\n    at resolve (test.js:2)\n"
    );
}

#[test]
fn a_proposed_constitution_cannot_outlast_the_call_that_checks_it() {
    let mut eval = Eval::new().milliseconds(200);
    let outcome = timed("validateConstitution", || {
        eval.body(
            "return ccf.gov.validateConstitution('for (;;); export function apply(a, b) {}');",
        )
    });
    assert_late("validateConstitution", outcome);
    let start = Instant::now();
    let refusal = crate::validate_constitution(
        "export function apply(a, b) {} Object.defineProperty(apply, 'length', { get() { for (;;); } });",
    );
    assert!(refusal.unwrap_err().contains("apply"));
    assert!(start.elapsed() < DEADLINE);
}

#[test]
fn js_runtime_5_1_a_reserved_map_name_ends_the_request_and_cannot_be_caught() {
    let refused = |text: &str| Err(ScriptError::Aborted(text.to_owned()));
    for body in [
        "ccf.kv['public:ccf.foo'];",
        "try { ccf.kv['public:ccf.foo'].get(ccf.strToBuf('k')); } catch { return 'caught'; } finally { return 'x'; }",
        "try { ccf.kv['ccf.foo'] } catch {} return 'Open';",
        "new Promise(() => ccf.kv['ccf.foo']); return 'Open';",
        "(async () => ccf.kv['ccf.foo'])(); return 'Open';",
        "return { toString() { ccf.kv['ccf.foo']; return 'Open'; } };",
        "throw { toJSON() { ccf.kv['ccf.foo']; } };",
    ] {
        assert_eq!(
            Eval::new().body(body),
            refused("Map name 'ccf.foo' includes disallowed reserved prefix 'ccf.'"),
            "{body}"
        );
    }
    assert_eq!(
        Eval::new()
            .module("ccf.kv['public:ccf.x.y']; export function resolve() { return 'Open'; }"),
        refused("Map name 'ccf.x.y' includes disallowed reserved prefix 'ccf.'")
    );
    // Nothing of the end is left in the engine or the thread.
    assert_eq!(Eval::new().text("1 + 1"), "2");
}

#[test]
fn js_runtime_6_2_a_malformed_tcb_ends_the_request() {
    assert_eq!(
        Eval::new().body("try { ccf.tcbHexToPolicy('00a00f11', 'zz'); } catch {} return 1;"),
        Err(ScriptError::Aborted(
            "TCB version 'zz' is not of 16 hexadecimal digits".to_owned()
        ))
    );
}

#[test]
fn what_a_call_writes_to_the_store_is_bounded() {
    let mut eval = Eval::new().access(Access::GovReadWrite);
    let error = eval
        .apply(
            "const b = ccf.strToBuf('x'.repeat(1 << 24)); const t = ccf.kv['public:ccf.gov.t'];
             for (let i = 0;; i++) t.set(ccf.strToBuf(String(i)), b);",
        )
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "InternalError: Too much written: one call may write 268435456 bytes of keys and values"
    );
}

#[test]
fn a_key_pair_that_takes_too_long_is_refused() {
    assert_eq!(
        Eval::new().thrown("ccf.crypto.generateRsaKeyPair(16384)"),
        "InternalError: Failed to generate RSA key pair: the size must be at most 4096 bits, found 16384"
    );
}

#[test]
fn a_constitution_checked_at_the_edge_of_the_stack_does_not_overflow_it() {
    let body = "
        const text = 'const f = () => f() + 1; f(); export function apply(a, b) {}';
        let deepest;
        const f = () => { try { return f() + 1; } catch { deepest ??= ccf.gov.validateConstitution; deepest(text); } };
        f();";
    for stack in [1 << 20, 0] {
        let outcome = Eval::new().stack(stack).body(body);
        assert!(outcome.is_err(), "{outcome:?}");
    }
}

#[test]
fn native_operations_that_outgrow_the_heap_leave_the_engine_whole() {
    // Each goes on beyond the limit within one native operation, some up to the point where the engine is
    // refused even a small block.
    for body in [
        "const t = d => d ? `[${t(d - 1)},${t(d - 1)}]` : '[1]'; const x = t(12); return JSON.parse(`[${x},${x},${x},${x}]`).length;",
        "return Array.from({ length: 3e7 }).length;",
        "return Object.assign({}, 'ab'.repeat(1e6)).length;",
        "return new RegExp('(?:a|b|c)'.repeat(1e5)).test('x');",
        "return eval('[' + '{a:1},'.repeat(1e5) + ']').length;",
        "return eval('function f(){}'.repeat(1e5));",
        "return Function(...Array(5000).fill('a').map((x, i) => x + i), 'return 1')();",
        "return JSON.stringify(Array(1e5).fill({ a: 1 })).length;",
        "return 'x'.repeat(6e4).replace(/x/g, 'yy'.repeat(200)).length;",
        "return [...'x'.repeat(6e4).matchAll(/(x)/dg)].length;",
        "let s = ''; for (let i = 0; i < 1e5; i++) s += 'é' + i; return s.normalize('NFD').length;",
        "const g = (function* () { for (let i = 0;; i++) yield [i, {}]; })(); return new Map(g).size;",
        "return Object.fromEntries((function* () { for (let i = 0;; i++) yield ['k' + i, {}]; })());",
        "class A {} return Array(1e5).fill(0).map(() => class extends A { #p = 1; static m() {} }).length;",
        "return Array(1e5).fill(0).map(() => (async () => { await 1; })()).length;",
        "return Promise.all(Array(1e5).fill(1)) + '';",
    ] {
        for heap in [1 << 20, 3 << 20] {
            let outcome = timed(body, || Eval::new().heap(heap).body(body));
            if outcome.is_err() {
                assert_full(body, outcome);
            }
            assert_eq!(Eval::new().text("1 + 1"), "2");
        }
    }
}
