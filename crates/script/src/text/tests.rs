use proptest::prelude::*;
use rquickjs::{Context, Ctx, Runtime};

use super::*;

fn with_context<R>(run: impl FnOnce(Ctx<'_>) -> R) -> R {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(run)
}

#[test]
fn js_runtime_6_1_an_invalid_sequence_becomes_one_replacement_character() {
    for (bytes, text) in [
        (&b"abc"[..], "abc"),
        (b"a\xffb", "a\u{fffd}b"),
        (b"a\x80\x80\x80b", "a\u{fffd}b"),
        (b"a\xe2\x82b", "a\u{fffd}b"),
        (b"\xe2\x82", "\u{fffd}"),
        (b"\xc0\x80b", "\u{fffd}b"),
        (b"\xe0\x80\x80b", "\u{fffd}b"),
        (b"\xf4\x90\x80\x80b", "\u{fffd}b"),
        (b"\xff\xff", "\u{fffd}\u{fffd}"),
        (b"\xf0\x9f\x98\x80", "\u{1f600}"),
        (b"x\xf0\x9f\x98", "x\u{fffd}"),
        (b"nul\0in\xff", "nul\0in\u{fffd}"),
    ] {
        assert_eq!(text_from_bytes(bytes), text, "{bytes:x?}");
        with_context(|ctx| {
            let string = from_bytes(&ctx, bytes).unwrap();
            assert_eq!(to_text(&string).unwrap(), text, "{bytes:x?}");
        });
    }
}

#[test]
fn js_runtime_6_1_unpaired_surrogates_survive_as_three_bytes() {
    with_context(|ctx| {
        let string: JsString<'_> = ctx.eval("'a\\ud800b\\udc00'").unwrap();
        let bytes = to_bytes(&string).unwrap();
        assert_eq!(bytes, b"a\xed\xa0\x80b\xed\xb0\x80");
        assert_eq!(to_text(&string).unwrap(), "a\u{fffd}b\u{fffd}");
        ctx.globals()
            .set("back", from_bytes(&ctx, &bytes).unwrap())
            .unwrap();
        assert!(ctx.eval::<bool, _>("back === 'a\\ud800b\\udc00'").unwrap());
    });
}

#[test]
fn js_runtime_12_texts_keep_what_follows_a_nul() {
    with_context(|ctx| {
        let string: JsString<'_> = ctx.eval("'a\\0b'").unwrap();
        assert_eq!(to_bytes(&string).unwrap(), b"a\0b");
    });
}

proptest! {
    #[test]
    fn js_runtime_6_1_any_text_survives_both_ways(text: String) {
        with_context(|ctx| {
            let string = from_bytes(&ctx, text.as_bytes()).unwrap();
            assert_eq!(to_bytes(&string).unwrap(), text.as_bytes());
            assert_eq!(to_text(&string).unwrap(), text);
        });
        prop_assert_eq!(text_from_bytes(text.as_bytes()), text);
    }

    #[test]
    fn js_runtime_6_1_any_bytes_give_a_text_that_is_stable(bytes: Vec<u8>) {
        with_context(|ctx| {
            let string = from_bytes(&ctx, &bytes).unwrap();
            let encoded = to_bytes(&string).unwrap();
            let again = from_bytes(&ctx, &encoded).unwrap();
            assert_eq!(to_bytes(&again).unwrap(), encoded);
            if !encoded.windows(2).any(|pair| pair[0] == 0xed && pair[1] >= 0xa0) {
                assert_eq!(String::from_utf8(encoded).unwrap(), text_from_bytes(&bytes));
            }
        });
    }

    #[test]
    fn js_runtime_6_1_any_units_survive_both_ways(units: Vec<u16>) {
        with_context(|ctx| {
            let string = string_from_units(&ctx, &units).unwrap();
            let bytes = to_bytes(&string).unwrap();
            prop_assert_eq!(decode_units(&bytes), units);
            Ok(())
        })?;
    }
}
