use proptest::prelude::*;
use rquickjs::{Context, Object, Runtime};

use super::*;
use crate::tests::Eval;

#[test]
fn ordinary_uses_give_ordinary_results() {
    let mut eval = Eval::new();
    for (expression, text) in [
        ("[3, 1, 2].sort()", "1,2,3"),
        ("[3, 1, 2].sort((a, b) => b - a)", "3,2,1"),
        ("[1, 2, 3].slice(1)", "2,3"),
        (
            "(() => { const a = [1, 2, 3]; return a.splice(0, 1, 7, 8) + '|' + a; })()",
            "1|7,8,2,3",
        ),
        ("[1].concat([2], 3, [[4]]).length", "4"),
        ("[1, [2, [3]]].flat()", "1,2,3"),
        ("[1, [2, [3, [4]]]].flat(Infinity).length", "4"),
        ("[1, [2]].flatMap(x => [x, x]).length", "4"),
        ("[1, , 3].reverse().length", "3"),
        ("[1, 2].join('-')", "1-2"),
        ("String([1, [2, 3]])", "1,2,3"),
        ("[1, 2, 3, 4].copyWithin(0, 2)", "3,4,3,4"),
        ("new Array(3).fill(0)", "0,0,0"),
        (
            "(() => { const a = [1, 2]; return a.shift() + '|' + a.unshift(5, 6) + '|' + a; })()",
            "1|3|5,6,2",
        ),
        ("'abcabc'.indexOf('c')", "2"),
        ("'abcabc'.indexOf('c', 3)", "5"),
        ("'abcabc'.lastIndexOf('c')", "5"),
        ("'abcabc'.includes('ca')", "true"),
        ("'undefined'.indexOf()", "0"),
        ("'a,b,c'.split(',')", "a,b,c"),
        ("'a,b,c'.split(',', 2)", "a,b"),
        ("'abc'.split()", "abc"),
        ("'a1b2'.split(/\\d/)", "a,b,"),
        ("'aXbX'.replace('X', 'y')", "aybX"),
        ("'aXbX'.replaceAll('X', m => m + m)", "aXXbXX"),
        ("'aXbX'.replace(/X/g, '-')", "a-b-"),
        ("'null'.replace(null, 'x')", "x"),
        (
            "'1-2'.split({ [Symbol.split]: (s) => [s, 'own'] })",
            "1-2,own",
        ),
        ("'a7b'.split({ toString: () => '7' })", "a,b"),
        ("(12345).toString().indexOf(3)", "2"),
        ("String.prototype.indexOf.call(12345, 3)", "2"),
        ("JSON.stringify({ a: 1, b: 2 }, ['a'])", "{\"a\":1}"),
        (
            "JSON.stringify({ a: 1 }, (k, v) => v, 1)",
            "{\n \"a\": 1\n}",
        ),
        ("String.raw`a\\n${1}b`", "a\\n1b"),
        ("Array.prototype.slice.call('abc')", "a,b,c"),
        (
            "(function () { return Array.prototype.slice.call(arguments, 1); })(1, 2, 3)",
            "2,3",
        ),
        ("Array.prototype.join.call(new Uint8Array([1, 2]))", "1,2"),
        (
            "Array.prototype.slice.call({ length: 2, 0: 'a', 1: 'b' })",
            "a,b",
        ),
        ("Array.prototype.concat.call(1, 2).length", "2"),
        (
            "[].concat({ length: 1, 0: 'x', [Symbol.isConcatSpreadable]: true })",
            "x",
        ),
        ("[].concat(new Proxy([1, 2], {})).length", "2"),
        (
            "(() => { class A extends Array {} return new A(1, 2, 3).slice(1) instanceof A; })()",
            "true",
        ),
    ] {
        assert_eq!(eval.text(expression), text, "{expression}");
    }
}

#[test]
fn guarded_functions_look_like_the_engines_own() {
    let mut eval = Eval::new();
    for (expression, text) in [
        (
            "Array.prototype.slice.name + Array.prototype.slice.length",
            "slice2",
        ),
        (
            "Object.keys(Array.prototype).length + Object.keys(String.prototype).length",
            "0",
        ),
        ("'prototype' in Array.prototype.slice", "false"),
        (
            "Object.getOwnPropertyDescriptor(JSON, 'stringify').writable",
            "true",
        ),
    ] {
        assert_eq!(eval.text(expression), text, "{expression}");
    }
    for call in [
        "new Array.prototype.slice()",
        "Array.prototype.slice.call(null)",
        "Array.prototype.reverse.call(undefined)",
        "String.prototype.indexOf.call(null, 'x')",
        "'x'.includes(/x/)",
        "'x'.replaceAll(/x/, 'y')",
        "Array.prototype.slice.call(Object.freeze({ length: 2 })).sort.call(Object.freeze([2, 1]))",
    ] {
        assert!(eval.thrown(call).starts_with("TypeError: "), "{call}");
    }
}

/// An engine with its own functions and the slow forms beside them.
fn with_slow_forms<R>(run: impl FnOnce(&Ctx<'_>) -> R) -> R {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| {
        let slow: Object<'_> = ctx.eval(SLOW_ARRAYS).unwrap();
        ctx.globals().set("slow", slow).unwrap();
        run(&ctx)
    })
}

/// Arrays with holes and `undefined`, of mixed values, as source text.
fn array() -> impl Strategy<Value = String> {
    let element = prop_oneof![
        3 => (-20..20_i32).prop_map(|number| number.to_string()),
        1 => Just("undefined".to_owned()),
        1 => Just("null".to_owned()),
        1 => "[a-c]{0,2}".prop_map(|text| format!("'{text}'")),
        1 => Just(String::new()),
        1 => Just("[1, [2, , 3]]".to_owned()),
    ];
    proptest::collection::vec(element, 0..9).prop_map(|elements| {
        let holes: String = elements
            .iter()
            .map(|element| format!("{element},"))
            .collect();
        format!("[{holes}]")
    })
}

fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-6..8_i32).prop_map(|number| number.to_string()),
        1 => Just("undefined".to_owned()),
        1 => Just("Infinity".to_owned()),
        1 => Just("'x'".to_owned()),
        1 => Just("NaN".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn slow_forms_do_what_the_engines_own_do(
        array in array(),
        function in prop::sample::select(vec![
            "concat", "copyWithin", "fill", "flat", "join", "reverse", "shift", "slice", "sort", "splice",
            "toLocaleString", "unshift",
        ]),
        arguments in proptest::collection::vec(argument(), 0..4),
        like in prop::sample::select(vec!["a", "Object.assign({ length: a.length }, a)"]),
    ) {
        let arguments = match function {
            "sort" if arguments.is_empty() => String::new(),
            "sort" => "(a, b) => String(b).length - String(a).length".to_owned(),
            _ => arguments.join(", "),
        };
        let source = format!(
            "(() => {{
               const show = v => JSON.stringify(v, (k, x) => x === undefined ? 'undefined'
                 : Array.isArray(x) ? {{ length: x.length, ...x }} : x);
               const run = f => {{
                 const a = {array};
                 const o = {like};
                 try {{ return show([f.call(o, {arguments}), o, o.length]); }} catch (e) {{ return e.name; }}
               }};
               return run(Array.prototype.{function}) + '\\n' + run(slow.{function});
             }})()"
        );
        let shown: String = with_slow_forms(|ctx| ctx.eval(source.as_str()).unwrap());
        let (own, slow) = shown.split_once('\n').unwrap();
        prop_assert_eq!(own, slow, "{}", source);
    }

    #[test]
    fn slow_raw_does_what_the_engines_own_does(
        literals in proptest::collection::vec("[a-z]{0,3}", 0..5),
        values in proptest::collection::vec(-9..9_i32, 0..6),
    ) {
        let arguments: String = values.iter().map(|value| format!(", {value}")).collect();
        let source = format!(
            "[String.raw({{ raw: {literals:?} }} {arguments}), slow.raw({{ raw: {literals:?} }} {arguments})].join('|')"
        );
        let shown: String = with_slow_forms(|ctx| ctx.eval(source.as_str()).unwrap());
        let (own, slow) = shown.split_once('|').unwrap();
        prop_assert_eq!(own, slow);
    }
}
