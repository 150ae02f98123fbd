use proptest::prelude::*;
use rquickjs::{ArrayBuffer, Context, Ctx, Runtime, String as JsString, Value};

use super::*;

fn with_context<R>(run: impl FnOnce(Ctx<'_>) -> R) -> R {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(run)
}

#[test]
fn the_bytes_of_an_array_buffer_and_of_nothing_else() {
    with_context(|ctx| {
        let bytes = |source: &str| buffer_bytes(&ctx.eval::<Value<'_>, _>(source).unwrap());
        assert_eq!(
            bytes("new Uint8Array([1, 2, 255]).buffer"),
            Some(vec![1, 2, 255])
        );
        assert_eq!(bytes("new ArrayBuffer(0)"), Some(vec![]));
        assert_eq!(bytes("new ArrayBuffer(4).slice(2, 2)"), Some(vec![]));
        for other in [
            "new Uint8Array([1])",
            "new DataView(new ArrayBuffer(1))",
            "new SharedArrayBuffer(2)",
            "'text'",
            "[1]",
            "null",
            "undefined",
            "1",
            "({ byteLength: 1 })",
            "Object.create(new ArrayBuffer(1))",
            "const b = new ArrayBuffer(1); b.transfer(); b",
        ] {
            assert_eq!(bytes(other), None, "{other}");
            assert!(!ctx.has_exception(), "{other}");
        }
    });
}

#[test]
fn unpaired_surrogates_are_three_byte_sequences() {
    with_context(|ctx| {
        for (source, bytes) in [
            ("'a\\ud800b'", &b"a\xed\xa0\x80b"[..]),
            ("'\\udfff'", b"\xed\xbf\xbf"),
            ("'\\ud83d\\ude00'", "\u{1f600}".as_bytes()),
            ("'nul\\0in'", b"nul\0in"),
            ("''", b""),
            ("'\\u00e9'", "é".as_bytes()),
        ] {
            let string: JsString<'_> = ctx.eval(source).unwrap();
            let units: u64 = ctx.eval(format!("({source}).length")).unwrap();
            assert_eq!(string_length(&string), units);
            assert_eq!(string_wtf8(&string).as_deref(), Some(bytes), "{source}");
        }
    });
}

#[test]
fn an_uncatchable_error_passes_through_catch_and_finally() {
    with_context(|ctx| {
        let thrower = rquickjs::Function::new(ctx.clone(), |ctx: Ctx<'_>| -> Result<()> {
            Err(throw_uncatchable(&ctx, "stop"))
        })
        .unwrap();
        ctx.globals().set("stop", thrower).unwrap();
        let outcome = ctx.eval::<i32, _>(
            "globalThis.seen = 0; (() => { try { stop() } catch { seen = 1; return 1 } finally { seen = 2 } })()",
        );
        assert!(outcome.is_err());
        let error = ctx.catch();
        assert!(error.is_uncatchable_error());
        assert_eq!(
            error.get::<rquickjs::Coerced<String>>().unwrap().0,
            "InternalError: stop"
        );
        assert_eq!(ctx.globals().get::<_, i32>("seen").unwrap(), 0);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn units_survive_the_way_into_a_string_and_back(units: Vec<u16>) {
        with_context(|ctx| {
            let string = string_from_units(&ctx, &units).unwrap();
            ctx.globals().set("s", string).unwrap();
            let back: Vec<u16> = ctx
                .eval("Array.from({ length: s.length }, (_, i) => s.charCodeAt(i))")
                .unwrap();
            assert_eq!(back, units);
        });
    }

    #[test]
    fn bytes_survive_the_way_into_a_buffer_and_back(bytes: Vec<u8>) {
        with_context(|ctx| {
            let buffer = ArrayBuffer::new_copy(ctx.clone(), &bytes).unwrap();
            assert_eq!(buffer_bytes(buffer.as_value()), Some(bytes.clone()));
        });
    }
}
