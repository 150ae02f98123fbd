//! Converters, console, `ccf.gov` and `snp_attestation` as scripts see them (js-runtime.md 6, 8).

use std::sync::{Arc, Mutex};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::{Access, ConsoleTag, Environment, Limits, Script, resolve};

use super::{Eval, State};

#[test]
fn js_runtime_6_2_converters() {
    let mut eval = Eval::new();
    for (expression, text) in [
        (
            "new Uint8Array(ccf.strToBuf('aé\\ud800'))",
            "97,195,169,237,160,128",
        ),
        ("ccf.strToBuf('a\\0b').byteLength", "3"),
        ("ccf.strToBuf('').byteLength", "0"),
        ("ccf.bufToStr(ccf.strToBuf('aé😀'))", "aé😀"),
        (
            "ccf.bufToStr(new Uint8Array([97, 255, 98]).buffer)",
            "a\u{fffd}b",
        ),
        (
            "ccf.bufToStr(ccf.strToBuf('\\ud800')) === '\\ud800'",
            "true",
        ),
        (
            "ccf.bufToStr(ccf.jsonCompatibleToBuf({ a: [1, 'x', null] }))",
            r#"{"a":[1,"x",null]}"#,
        ),
        ("ccf.bufToStr(ccf.jsonCompatibleToBuf('t'))", "\"t\""),
        (
            "ccf.bufToJsonCompatible(ccf.strToBuf('{\"a\":{\"b\":7}}')).a.b",
            "7",
        ),
        (
            "ccf.bufToJsonCompatible(ccf.strToBuf('\"\\\\u0000x\"')).length",
            "2",
        ),
        ("ccf.enableUntrustedDateTime(true)", "true"),
        ("ccf.enableUntrustedDateTime('')", "false"),
        (
            "[ccf.enableMetricsLogging(false), ccf.enableMetricsLogging(true), ccf.enableMetricsLogging(true)]",
            "true,false,true",
        ),
        (
            "Object.entries(ccf.tcbHexToPolicy('00a00f11', 'd315000000000004')).join(' ')",
            "hexstring,d315000000000004 microcode,211 snp,21 tee,0 boot_loader,4",
        ),
        (
            "ccf.tcbHexToPolicy('00b00f11', '0102030405060708').fmc",
            "8",
        ),
    ] {
        assert_eq!(eval.text(expression), text, "{expression}");
    }
}

#[test]
fn js_runtime_6_2_converter_errors() {
    for (expression, error) in [
        (
            "ccf.strToBuf()",
            "TypeError: Passed 0 arguments, but expected 1",
        ),
        (
            "ccf.strToBuf('a', 'b')",
            "TypeError: Passed 2 arguments, but expected 1",
        ),
        ("ccf.strToBuf(1)", "TypeError: Argument must be a string"),
        (
            "ccf.bufToStr()",
            "TypeError: Passed 0 arguments, but expected 1",
        ),
        (
            "ccf.bufToStr('x')",
            "TypeError: Argument must be an ArrayBuffer",
        ),
        (
            "ccf.bufToStr(new Uint8Array(2))",
            "TypeError: Argument must be an ArrayBuffer",
        ),
        (
            "ccf.jsonCompatibleToBuf()",
            "TypeError: Passed 0 arguments, but expected 1",
        ),
        (
            "ccf.jsonCompatibleToBuf(undefined)",
            "TypeError: Argument must be a string",
        ),
        (
            "ccf.jsonCompatibleToBuf(() => 1)",
            "TypeError: Argument must be a string",
        ),
        (
            "ccf.jsonCompatibleToBuf({ toJSON() { throw new RangeError('mine'); } })",
            "RangeError: mine",
        ),
        (
            "ccf.bufToJsonCompatible(1)",
            "TypeError: Argument must be an ArrayBuffer",
        ),
        (
            "ccf.pemToId()",
            "TypeError: Passed 0 arguments, but expected 1",
        ),
        (
            "ccf.pemToId('x')",
            "InternalError: Failed to parse PEM: PEM constructed with non-PEM data: x",
        ),
        (
            "ccf.tcbHexToPolicy('a')",
            "TypeError: Passed 1 arguments, but expected 2",
        ),
        (
            "ccf.tcbHexToPolicy(Symbol(), 'b')",
            "TypeError: CPUID could not be parsed",
        ),
        (
            "ccf.tcbHexToPolicy('a', Symbol())",
            "TypeError: TCB could not be parsed from hex_str",
        ),
        (
            "ccf.enableUntrustedDateTime()",
            "TypeError: Passed 0 arguments, but expected 1",
        ),
        (
            "ccf.enableMetricsLogging()",
            "TypeError: Passed 0 arguments, but expected 1",
        ),
        (
            "ccf.enableMetricsLogging(1)",
            "TypeError: First argument must be a boolean",
        ),
    ] {
        assert_eq!(Eval::new().thrown(expression), error, "{expression}");
    }
    assert!(
        Eval::new()
            .thrown("ccf.bufToJsonCompatible(ccf.strToBuf('{'))")
            .starts_with("SyntaxError: ")
    );
    assert!(
        Eval::new()
            .thrown("ccf.bufToJsonCompatible(ccf.strToBuf(''))")
            .starts_with("SyntaxError: ")
    );
    // The parser is the engine's own, whatever a script puts in its place.
    assert_eq!(
        Eval::new().text("(JSON.parse = () => 'mine', ccf.bufToJsonCompatible(ccf.strToBuf('1')))"),
        "1"
    );
}

#[test]
fn js_runtime_8_1_validate_constitution_throws_type_errors() {
    for (argument, error) in [
        ("", "Passed 0 arguments, but expected 1"),
        ("'a', 'b'", "Passed 2 arguments, but expected 1"),
        ("1", "constitution is not a string"),
        ("''", "constitution is empty"),
        (
            "'}'",
            "proposed constitution does not export a function named apply: Failed to compile proposed constitution",
        ),
    ] {
        assert_eq!(
            Eval::new().thrown(&format!("ccf.gov.validateConstitution({argument})")),
            format!("TypeError: {error}")
        );
    }
    let good = "globalThis.leak = 1; export function apply(a, b) {} export function resolve(a, b, c) {} export function validate(a) {}";
    assert_eq!(
        Eval::new().text(&format!(
            "ccf.gov.validateConstitution('{good}') + ' ' + globalThis.leak"
        )),
        "true undefined"
    );
}

#[test]
fn js_runtime_8_6_snp_attestation_checks_arguments_and_says_what_is_missing() {
    let b = "ccf.strToBuf('x')";
    for (arguments, error) in [
        (
            "".to_owned(),
            "TypeError: Passed 0 arguments, but expected between 2 and 4",
        ),
        (
            format!("{b}, {b}, {b}, '', 1"),
            "TypeError: Passed 5 arguments, but expected between 2 and 4",
        ),
        (
            format!("'x', {b}"),
            "TypeError: ArrayBuffer object expected",
        ),
        (
            format!("{b}, 'x'"),
            "TypeError: ArrayBuffer object expected",
        ),
        (
            format!("{b}, {b}, 'x'"),
            "TypeError: ArrayBuffer object expected",
        ),
        (
            format!("{b}, {b}, undefined, undefined"),
            "RangeError: SEV-SNP attestation cannot be verified: this version of the service has no support for it yet",
        ),
    ] {
        assert_eq!(
            Eval::new().thrown(&format!(
                "snp_attestation.verifySnpAttestation({arguments})"
            )),
            error,
            "{arguments}"
        );
    }
}

/// Keeps level, target and text of events.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String, String)>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        let metadata = event.metadata();
        self.0
            .lock()
            .unwrap()
            .push((*metadata.level(), metadata.target().to_owned(), message.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn logged(access: Access, tag: ConsoleTag, body: &str) -> Vec<(Level, String, String)> {
    let log = Log::default();
    let source = format!("export function resolve() {{ {body} }}");
    let environment = Environment {
        access,
        limits: Limits {
            time: std::time::Duration::from_millis(300),
            ..Limits::default()
        },
        effects: None,
        log: tag,
    };
    let script = Script {
        source: &source,
        name: "m",
    };
    let mut tx = State::default().tx();
    tracing::subscriber::with_default(log.clone(), || {
        let _ = resolve(&script, &environment, &mut tx, "", "", &[], "");
    });
    let events = log.0.lock().unwrap().clone();
    events
        .into_iter()
        .filter(|(_, target, _)| target == "gov" || target == "app")
        .collect()
}

#[test]
fn js_runtime_6_4_console_levels_and_tags() {
    let body = "console.log('l'); console.info('i'); console.warn('w'); console.error('e');";
    let lines = |tag: &str| {
        [
            (Level::INFO, tag.to_owned(), "l".to_owned()),
            (Level::INFO, tag.to_owned(), "i".to_owned()),
            (Level::WARN, tag.to_owned(), "w".to_owned()),
            (Level::ERROR, tag.to_owned(), "e".to_owned()),
        ]
    };
    assert_eq!(
        logged(Access::GovReadOnly, ConsoleTag::Gov, body),
        lines("gov")
    );
    assert_eq!(
        logged(Access::AppReadWrite, ConsoleTag::App, body),
        lines("app")
    );
}

#[test]
fn js_runtime_6_4_console_arguments() {
    let text = |arguments: &str| {
        let mut lines = logged(
            Access::GovReadOnly,
            ConsoleTag::Gov,
            &format!("console.log({arguments});"),
        );
        assert_eq!(lines.len(), 1, "{arguments}");
        lines.remove(0).2
    };
    assert_eq!(text(""), "");
    assert_eq!(
        text("'a', 1, null, undefined, true, 12n"),
        "a 1 null undefined true 12"
    );
    assert_eq!(text("{ a: [1] }, [2]"), r#"{"a":[1]} [2]"#);
    assert_eq!(text("new RangeError('r')"), "RangeError: r");
    assert_eq!(text("() => 1"), "undefined");
    assert_eq!(text("'line\\nbreak é'"), "line\nbreak é");
    let thrown = |argument: &str| Eval::new().thrown(&format!("console.log({argument})"));
    assert!(thrown("Symbol()").starts_with("TypeError"));
    assert!(thrown("{ a: 1n }").starts_with("TypeError"));
}

#[test]
fn js_runtime_10_the_top_level_prints_once_per_call() {
    let log = Log::default();
    let script = Script {
        source: "console.info('evaluated'); export function resolve() { return 'Open'; }",
        name: "m",
    };
    let mut tx = State::default().tx();
    tracing::subscriber::with_default(log.clone(), || {
        for _ in 0..3 {
            let environment = Environment::governance(Limits::default());
            resolve(&script, &environment, &mut tx, "", "", &[], "").unwrap();
        }
    });
    let evaluated = log
        .0
        .lock()
        .unwrap()
        .iter()
        .filter(|(_, _, text)| text == "evaluated")
        .count();
    assert_eq!(evaluated, 3);
}

#[test]
fn console_output_is_bounded_and_says_so() {
    let lines = logged(
        Access::GovReadOnly,
        ConsoleTag::Gov,
        "for (let i = 0; i < 100; i++) console.log('x'.repeat(100000));",
    );
    let total: usize = lines.iter().map(|(_, _, text)| text.len()).sum();
    assert!(total < 1100 * 1000, "{total}");
    let (level, _, last) = lines.last().unwrap();
    assert_eq!(*level, Level::WARN);
    assert_eq!(
        last,
        "console output of this script beyond 1048576 bytes is not logged"
    );
}

#[test]
fn js_runtime_3_a_time_out_is_logged() {
    let lines = logged(Access::GovReadOnly, ConsoleTag::Gov, "for (;;);");
    let (level, _, line) = &lines[0];
    assert_eq!(*level, Level::INFO);
    assert!(
        line.starts_with("JS execution has timed out after 3"),
        "{line}"
    );
    assert!(line.ends_with("ms (max is 300ms)"), "{line}");
}
