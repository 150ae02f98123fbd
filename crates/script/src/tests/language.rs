//! The surface of the engine (js-runtime.md 1.1).

use crate::Access;

use super::Eval;

const ENGINE: &str = "AggregateError,Array,ArrayBuffer,Atomics,BigInt,BigInt64Array,BigUint64Array,Boolean,DataView,Date,Error,EvalError,Float32Array,Float64Array,Function,Infinity,Int16Array,Int32Array,Int8Array,InternalError,JSON,Map,Math,NaN,Number,Object,Promise,Proxy,RangeError,ReferenceError,Reflect,RegExp,Set,SharedArrayBuffer,String,Symbol,SyntaxError,TypeError,URIError,Uint16Array,Uint32Array,Uint8Array,Uint8ClampedArray,WeakMap,WeakSet";

#[test]
fn js_runtime_1_1_the_globals_are_those_of_the_contract() {
    for access in [
        Access::GovReadOnly,
        Access::GovReadWrite,
        Access::AppReadOnly,
        Access::AppReadWrite,
    ] {
        let mut eval = Eval::new().access(access);
        assert_eq!(
            eval.text(
                "Object.getOwnPropertyNames(globalThis).sort().filter(n => /^[A-Z]/.test(n))"
            ),
            ENGINE
        );
        assert_eq!(
            eval.text(
                "Object.getOwnPropertyNames(globalThis).sort().filter(n => !/^[A-Z]/.test(n))"
            ),
            "ccf,console,decodeURI,decodeURIComponent,encodeURI,encodeURIComponent,escape,eval,globalThis,isFinite,isNaN,parseFloat,parseInt,snp_attestation,undefined,unescape"
        );
    }
}

#[test]
fn js_runtime_1_1_what_is_not_present() {
    let mut eval = Eval::new();
    for name in [
        "setTimeout",
        "setInterval",
        "TextEncoder",
        "TextDecoder",
        "fetch",
        "crypto",
        "Buffer",
        "require",
        "WeakRef",
        "FinalizationRegistry",
        "structuredClone",
        "print",
        "queueMicrotask",
        "performance",
        "navigator",
        "Iterator",
        "DOMException",
        "std",
        "os",
        "Float16Array",
    ] {
        assert_eq!(eval.text(&format!("typeof {name}")), "undefined", "{name}");
    }
    for missing in [
        "[].values().drop",
        "Array.fromAsync",
        "new Set().union",
        "Uint8Array.fromHex",
        "new ArrayBuffer(1).transfer",
        "Promise.try",
        "Math.sumPrecise",
        "RegExp.escape",
        "JSON.rawJSON",
        "Error.isError",
    ] {
        assert_eq!(eval.text(missing), "undefined", "{missing}");
    }
    assert_eq!(
        eval.thrown("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"),
        "TypeError: cannot block in this thread"
    );
}

#[test]
fn js_runtime_1_1_language_features_worth_noting() {
    let mut eval = Eval::new();
    for (expression, text) in [
        ("[3, 1, 2].toSorted()", "1,2,3"),
        ("[1, 2].with(0, 5)", "5,2"),
        ("[1, 2, 3].findLast(x => x < 3)", "2"),
        (
            "Object.groupBy([1, 2, 3], x => x % 2 ? 'odd' : 'even').odd",
            "1,3",
        ),
        ("typeof Promise.withResolvers().resolve", "function"),
        (
            "(() => { class A { static x; static { A.x = 7; } } return A.x; })()",
            "7",
        ),
        ("/a(b)/d.exec('ab').indices[1]", "1,2"),
        ("null?.x ?? 'd'", "d"),
        (
            "(() => { class A { #p = 1; get p() { return this.#p; } } return new A().p; })()",
            "1",
        ),
        ("2n ** 64n", "18446744073709551616"),
        ("eval('1 + 1')", "2"),
        ("Function('return 3')()", "3"),
        ("'a\\ud800'.isWellFormed()", "false"),
        ("(function () { return this; })()", "undefined"),
        ("'é'.normalize('NFD').length", "2"),
        ("typeof Atomics.add", "function"),
    ] {
        assert_eq!(eval.text(expression), text, "{expression}");
    }
}

#[test]
fn js_runtime_6_2_math_random_is_never_the_same() {
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let numbers = Eval::new().text("Array.from({ length: 50 }, Math.random)");
        for number in numbers.split(',') {
            let value: f64 = number.parse().unwrap();
            assert!((0.0..1.0).contains(&value), "{number}");
            assert!(seen.insert(number.to_owned()), "{number} twice");
        }
    }
}

#[test]
fn js_runtime_6_2_date_reads_the_clock() {
    let now: f64 = Eval::new().text("Date.now()").parse().unwrap();
    assert!(now > 1_600_000_000_000.0);
}

#[test]
fn js_runtime_2_the_namespaces_of_each_context() {
    let names = |access| Eval::new().access(access).text("Object.keys(ccf).sort()");
    let common = "bufToJsonCompatible,bufToStr,crypto,enableMetricsLogging,enableUntrustedDateTime,gov,jsonCompatibleToBuf,kv,pemToId,strToBuf,tcbHexToPolicy";
    assert_eq!(names(Access::GovReadOnly), common);
    assert_eq!(
        names(Access::GovReadWrite),
        "bufToJsonCompatible,bufToStr,crypto,enableMetricsLogging,enableUntrustedDateTime,gov,jsonCompatibleToBuf,kv,network,node,pemToId,refreshAppBytecodeCache,removeJwtPublicSigningKeys,setJwtPublicSigningKeys,strToBuf,tcbHexToPolicy"
    );
    assert_eq!(
        Eval::new().text("Object.keys(console).sort()"),
        "error,info,log,warn"
    );
}

#[test]
fn js_runtime_2_an_empty_context_has_neither_ccf_nor_console() {
    // Seen from inside: what the top level of a constitution finds decides what it exports.
    let constitution = "
        const extra = ['ccf', 'console', 'snp_attestation'].filter(n => n in globalThis);
        export const apply = extra.length === 0 ? (a, b) => 1 : undefined;
        export function resolve(a, b, c) {}
        export function validate(a) {}";
    assert_eq!(crate::validate_constitution(constitution), Ok(()));
}
