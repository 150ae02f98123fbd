use quorate_kv::{Domain, Namespace};

use super::*;
use crate::tests::{Eval, State};

const READS: [&str; 5] = [
    "has(b)",
    "get(b)",
    "forEach(() => {})",
    "getVersionOfPreviousWrite(b)",
    "size",
];
const WRITES: [&str; 3] = ["set(b, b)", "delete(b)", "clear()"];

const ALL_ACCESS: [Access; 4] = [
    Access::GovReadOnly,
    Access::GovReadWrite,
    Access::AppReadOnly,
    Access::AppReadWrite,
];

fn explained(method: &str, map: &str, kind: &str, access: Access) -> String {
    let context = match access {
        Access::GovReadOnly => "read-only governance",
        Access::GovReadWrite => "read-write governance",
        Access::AppReadOnly => "read-only application",
        Access::AppReadWrite => "application",
    };
    let text = format!(
        "Cannot call \"{method}\" on table named {map}. This table is {kind} in current ({context}) execution \
         context. See https://microsoft.github.io/CCF/main/audit/read_write_restrictions.html for more detail."
    );
    format!("TypeError: {}", &text[..text.len().min(255)])
}

/// One row of the table of js-runtime.md 5.2, as the kind of table in each context.
fn check_row(map: &str, kinds: [&str; 4]) {
    for (access, kind) in ALL_ACCESS.into_iter().zip(kinds) {
        for (calls, forbidden_to) in [
            (&READS[..], ["inaccessible", "write-only"]),
            (&WRITES[..], ["inaccessible", "read-only"]),
        ] {
            for call in calls {
                let method = call.split('(').next().unwrap();
                let expression = format!(
                    "(() => {{ const b = ccf.strToBuf('b'); ccf.kv['{map}'].{call}; return 'done'; }})()"
                );
                let mut eval = Eval::new().access(access);
                if forbidden_to.contains(&kind) {
                    assert_eq!(
                        eval.thrown(&expression),
                        explained(method, map, kind, access)
                    );
                } else {
                    assert_eq!(eval.text(&expression), "done", "{map} {access:?} {call}");
                }
            }
        }
    }
}

#[test]
fn js_runtime_5_2_private_application_maps() {
    check_row(
        "records",
        ["inaccessible", "inaccessible", "read-only", "read-write"],
    );
}

#[test]
fn js_runtime_5_2_private_governance_and_internal_maps() {
    check_row("ccf.gov.x", ["inaccessible"; 4]);
    check_row("ccf.internal.x", ["inaccessible"; 4]);
}

#[test]
fn js_runtime_5_2_public_internal_maps() {
    check_row("public:ccf.internal.x", ["read-only"; 4]);
}

#[test]
fn js_runtime_5_2_public_governance_maps() {
    check_row(
        "public:ccf.gov.x",
        ["read-only", "read-write", "read-only", "read-only"],
    );
}

#[test]
fn js_runtime_5_2_public_application_maps() {
    check_row(
        "public:records",
        ["inaccessible", "write-only", "read-only", "read-write"],
    );
}

#[test]
fn js_runtime_5_2_the_table_is_complete() {
    use Permission::{None, Read, ReadWrite, Write};
    for (domain, namespace, permissions) in [
        (
            Domain::Private,
            Namespace::Application,
            [None, None, Read, ReadWrite],
        ),
        (
            Domain::Private,
            Namespace::Governance,
            [None, None, None, None],
        ),
        (
            Domain::Private,
            Namespace::Internal,
            [None, None, None, None],
        ),
        (
            Domain::Public,
            Namespace::Internal,
            [Read, Read, Read, Read],
        ),
        (
            Domain::Public,
            Namespace::Governance,
            [Read, ReadWrite, Read, Read],
        ),
        (
            Domain::Public,
            Namespace::Application,
            [None, Write, Read, ReadWrite],
        ),
    ] {
        for (access, expected) in ALL_ACCESS.into_iter().zip(permissions) {
            assert_eq!(
                permission(access, domain, namespace),
                expected,
                "{domain:?} {namespace:?} {access:?}"
            );
        }
    }
}

#[test]
fn js_runtime_5_1_reading_a_property_gives_a_new_handle_of_any_name() {
    let mut eval = Eval::new();
    for (expression, text) in [
        (
            "ccf.kv['public:ccf.gov.x'] === ccf.kv['public:ccf.gov.x']",
            "false",
        ),
        ("'anything' in ccf.kv", "true"),
        ("Symbol.iterator in ccf.kv", "false"),
        ("Object.keys(ccf.kv).length", "0"),
        ("JSON.stringify(ccf.kv)", "{}"),
        ("ccf.kv.toString._map_name", "toString"),
        ("ccf.kv.__proto__._map_name", "__proto__"),
        ("ccf.kv['']._map_name", ""),
        ("ccf.kv['é\\u0000x']._map_name.length", "3"),
        (
            "Object.getOwnPropertyDescriptor(ccf.kv, 'm').value._map_name",
            "m",
        ),
        ("ccf.kv[Symbol.iterator]", "undefined"),
        ("delete ccf.kv.x", "true"),
        (
            "(() => { for (const k in ccf.kv) return k; return 'none'; })()",
            "none",
        ),
    ] {
        assert_eq!(eval.text(expression), text, "{expression}");
    }
}

#[test]
fn js_runtime_5_1_assignment_is_refused() {
    let mut eval = Eval::new().access(Access::GovReadWrite);
    assert_eq!(
        eval.thrown("(ccf.kv['m'] = 1)"),
        "TypeError: 'm' is read-only"
    );
    assert_eq!(
        eval.thrown("Object.defineProperty(ccf.kv, 'm', { value: 1 })"),
        "TypeError: 'm' is read-only"
    );
    assert!(
        eval.thrown("Object.setPrototypeOf(ccf.kv, {})")
            .starts_with("TypeError")
    );
    assert!(
        eval.thrown("Object.freeze(ccf.kv)")
            .starts_with("TypeError")
    );
}

#[test]
fn js_runtime_5_3_a_handle_shows_its_functions_and_its_name() {
    let mut eval = Eval::new();
    for (expression, text) in [
        (
            "Object.getOwnPropertyNames(h).sort()",
            "_map_name,clear,delete,forEach,get,getVersionOfPreviousWrite,has,set,size",
        ),
        ("Object.keys(h).includes('size')", "false"),
        ("JSON.stringify(h)", r#"{"_map_name":"public:ccf.gov.x"}"#),
        ("h.get.name", "get"),
        ("h.get === ccf.kv['public:ccf.gov.x'].get", "true"),
        (
            "[h.has, h.get, h.set, h.delete, h.clear, h.forEach].map(f => f.length)",
            "1,1,2,1,0,1",
        ),
    ] {
        let expression =
            format!("(() => {{ const h = ccf.kv['public:ccf.gov.x']; return {expression}; }})()");
        assert_eq!(eval.text(&expression), text, "{expression}");
    }
}

#[test]
fn js_runtime_5_3_name_and_permission_of_a_handle_cannot_be_changed() {
    let state = State::default().with("records", b"k", b"secret");
    for attack in [
        "h._map_name = 'records';",
        "Object.defineProperty(h, '_map_name', { value: 'records' });",
        "Reflect.set(h, '_map_name', 'records');",
    ] {
        let mut eval = Eval::new().tx(state.tx());
        let body = format!(
            "const h = ccf.kv['public:ccf.gov.x']; try {{ {attack} }} catch {{}}
             return h._map_name + ' ' + h.get(ccf.strToBuf('k'));"
        );
        assert_eq!(
            eval.body(&body).unwrap(),
            "public:ccf.gov.x undefined",
            "{attack}"
        );
    }
    let mut eval = Eval::new().tx(state.tx());
    for attack in [
        "ccf.kv['records'].get.call(ccf.kv['public:ccf.gov.x'], ccf.strToBuf('k'))",
        "ccf.kv['records'].get.apply({ _map_name: 'public:ccf.gov.x' }, [ccf.strToBuf('k')])",
        "({ get: ccf.kv['records'].get }).get(ccf.strToBuf('k'))",
    ] {
        assert!(
            eval.thrown(attack)
                .starts_with("TypeError: Cannot call \"get\" on table named records.")
        );
    }
    // And the other way round a permitted function stays with its own map.
    assert_eq!(
        eval.text("ccf.kv['public:ccf.gov.x'].get.call(ccf.kv['records'], ccf.strToBuf('k'))"),
        "undefined"
    );
}

#[test]
fn js_runtime_5_3_arguments_of_each_method() {
    let mut eval = Eval::new().access(Access::GovReadWrite);
    for (call, error) in [
        ("has()", "Passed 0 arguments, but expected 1"),
        ("has(b, b)", "Passed 2 arguments, but expected 1"),
        ("has('b')", "Argument must be an ArrayBuffer"),
        ("has(new Uint8Array(1))", "Argument must be an ArrayBuffer"),
        ("get()", "Passed 0 arguments, but expected 1"),
        ("get(undefined)", "Argument must be an ArrayBuffer"),
        (
            "getVersionOfPreviousWrite()",
            "Passed 0 arguments, but expected 1",
        ),
        (
            "getVersionOfPreviousWrite({})",
            "Argument must be an ArrayBuffer",
        ),
        ("set(b)", "Passed 1 arguments, but expected 2"),
        ("set(b, b, b)", "Passed 3 arguments, but expected 2"),
        ("set('b', b)", "Arguments must be ArrayBuffers"),
        ("set(b, 'b')", "Arguments must be ArrayBuffers"),
        ("set(b, new DataView(b))", "Arguments must be ArrayBuffers"),
        ("delete()", "Passed 0 arguments, but expected 1"),
        ("delete(1)", "Argument must be an ArrayBuffer"),
        ("clear(1)", "Passed 1 arguments, but expected 0"),
        ("forEach()", "Passed 0 arguments, but expected 1"),
        ("forEach(1)", "Argument must be a function"),
    ] {
        let expression = format!(
            "(() => {{ const b = ccf.strToBuf('b'); return ccf.kv['public:ccf.gov.x'].{call}; }})()"
        );
        assert_eq!(
            eval.thrown(&expression),
            format!("TypeError: {error}"),
            "{call}"
        );
    }
}

#[test]
fn js_runtime_5_3_reads() {
    let state = State::default()
        .with("public:ccf.gov.x", b"k", b"value")
        .with("public:ccf.gov.x", b"", b"")
        .with("public:ccf.internal.y", b"\xff\x00", b"\x00\xff");
    let mut eval = Eval::new().tx(state.tx());
    for (expression, text) in [
        ("ccf.bufToStr(x.get(b('k')))", "value"),
        ("x.get(b('none'))", "undefined"),
        ("x.get(b('')).byteLength", "0"),
        (
            "x.has(b('k')) + ' ' + x.has(b('')) + ' ' + x.has(b('none'))",
            "true true false",
        ),
        ("x.size", "2"),
        ("x.getVersionOfPreviousWrite(b('k'))", "7"),
        ("x.getVersionOfPreviousWrite(b('none'))", "undefined"),
        ("x.get(b('k')) === x.get(b('k'))", "false"),
        ("x.get(b('k')) instanceof ArrayBuffer", "true"),
        (
            "new Uint8Array(ccf.kv['public:ccf.internal.y'].get(new Uint8Array([255, 0]).buffer))",
            "0,255",
        ),
        ("ccf.kv['public:ccf.gov.absent'].size", "0"),
    ] {
        let expression = format!(
            "(() => {{ const x = ccf.kv['public:ccf.gov.x'], b = ccf.strToBuf; return {expression}; }})()"
        );
        assert_eq!(eval.text(&expression), text, "{expression}");
    }
    assert!(!eval.tx.has_writes());
}

#[test]
fn js_runtime_5_3_writes_and_reads_of_own_writes() {
    let state = State::default()
        .with("public:ccf.gov.x", b"k", b"old")
        .with("public:ccf.gov.x", b"gone", b"g");
    let mut eval = Eval::new().access(Access::GovReadWrite).tx(state.tx());
    eval.apply(
        "const x = ccf.kv['public:ccf.gov.x'], b = ccf.strToBuf, s = ccf.bufToStr;
         const equal = (a, e) => { if (a !== e) throw new Error(`${a} is not ${e}`); };
         equal(x.set(b('k'), b('new')), x);
         equal(s(x.get(b('k'))), 'new');
         equal(x.getVersionOfPreviousWrite(b('k')), 7);
         x.set(b('fresh'), b(''));
         equal(x.getVersionOfPreviousWrite(b('fresh')), undefined);
         equal(x.delete(b('gone')), undefined);
         equal(x.has(b('gone')), false);
         equal(x.getVersionOfPreviousWrite(b('gone')), 7);
         x.delete(b('never'));
         equal(x.size, 2);
         const buffer = b('mutable'); x.set(b('copy'), buffer); new Uint8Array(buffer)[0] = 0;
         equal(s(x.get(b('copy'))), 'mutable');",
    )
    .unwrap();
    let writes = eval.tx.write_set().writes_to("public:ccf.gov.x").unwrap();
    let shown: Vec<_> = writes
        .iter()
        .map(|(key, value)| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (text(key), value.as_ref().map(|value| text(value)))
        })
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        shown,
        [
            ("copy".to_owned(), some("mutable")),
            ("fresh".to_owned(), some("")),
            ("gone".to_owned(), None),
            ("k".to_owned(), some("new")),
            ("never".to_owned(), None),
        ]
    );
}

#[test]
fn js_runtime_5_3_clear_removes_what_is_visible() {
    let state =
        State::default()
            .with("public:ccf.gov.x", b"a", b"1")
            .with("public:ccf.gov.x", b"b", b"2");
    let mut eval = Eval::new().access(Access::GovReadWrite).tx(state.tx());
    eval.apply(
        "const x = ccf.kv['public:ccf.gov.x'];
         x.set(ccf.strToBuf('c'), ccf.strToBuf('3'));
         if (x.clear() !== undefined || x.size !== 0) throw new Error('not cleared');",
    )
    .unwrap();
    assert_eq!(
        eval.tx
            .write_set()
            .writes_to("public:ccf.gov.x")
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn js_runtime_5_3_for_each_visits_the_entries_as_they_were() {
    let state =
        State::default()
            .with("public:ccf.gov.x", b"a", b"1")
            .with("public:ccf.gov.x", b"b", b"2");
    let mut eval = Eval::new().access(Access::GovReadWrite).tx(state.tx());
    eval.apply(
        "const x = ccf.kv['public:ccf.gov.x'], b = ccf.strToBuf, s = ccf.bufToStr;
         x.set(b('c'), b('3'));
         x.set(b('a'), b('own'));
         const seen = [];
         const result = x.forEach((value, key, handle, ...rest) => {
           seen.push(`${s(key)}=${s(value)}`);
           if (handle !== x || rest.length !== 0) throw new Error('arguments');
           handle.set(b('new' + s(key)), b('n'));
           handle.delete(b('b'));
           return true;
         });
         const got = seen.sort().join() + ' ' + result + ' ' + x.size;
         if (got !== 'a=own,b=2,c=3 undefined 5') throw new Error(got);",
    )
    .unwrap();
}

#[test]
fn js_runtime_5_3_an_exception_of_the_callback_stops_for_each() {
    let state =
        State::default()
            .with("public:ccf.gov.x", b"a", b"1")
            .with("public:ccf.gov.x", b"b", b"2");
    let mut eval = Eval::new().tx(state.tx());
    assert_eq!(
        eval.body(
            "let n = 0; try { ccf.kv['public:ccf.gov.x'].forEach(() => { n++; throw new Error('stop'); }); }
             catch (e) { return e.message + n; }"
        )
        .unwrap(),
        "stop1"
    );
}

#[test]
fn js_runtime_5_3_reads_become_dependencies_of_the_transaction() {
    let state = State::default().with("public:ccf.gov.x", b"k", b"v");
    let reads = |body: &str| {
        let mut eval = Eval::new().access(Access::GovReadWrite).tx(state.tx());
        eval.apply(&format!(
            "const x = ccf.kv['public:ccf.gov.x'], k = ccf.strToBuf('k'); {body}"
        ))
        .unwrap();
        // A later write of the key conflicts exactly if the script has read it.
        let mut head = quorate_kv::State::default();
        let mut writes = quorate_kv::WriteSet::default();
        writes.put("public:ccf.gov.x", b"k".to_vec(), b"other".to_vec());
        head.apply(8, &writes);
        eval.tx.validate(&head).is_err()
    };
    assert!(!reads("void x;"));
    assert!(reads("x.get(k);"));
    assert!(reads("x.has(k);"));
    assert!(reads("x.size;"));
    assert!(reads("x.forEach(() => {});"));
    assert!(!reads("x.set(k, k); x.get(k); x.has(k);"));
    assert!(!reads("x.delete(k);"));
}
