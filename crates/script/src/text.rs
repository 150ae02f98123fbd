//! Strings on their way between scripts and native code (js-runtime.md 6.1).
//!
//! Texts keep their full length: the reference cuts at the first U+0000, which loses data.

use quorate_quickjs::{string_from_units, string_wtf8};
use rquickjs::{Ctx, Error, Result, String as JsString};

/// The UTF-8 bytes of a script's string, unpaired surrogates as three-byte sequences.
pub(crate) fn to_bytes(string: &JsString<'_>) -> Result<Vec<u8>> {
    string_wtf8(string).ok_or(Error::Exception)
}

/// A script's string as native text; unpaired surrogates become U+FFFD.
pub(crate) fn to_text(string: &JsString<'_>) -> Result<String> {
    let bytes = to_bytes(string)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => char::decode_utf16(decode_units(error.as_bytes()))
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    })
}

/// The string that a script sees for these bytes.
pub(crate) fn from_bytes<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<JsString<'js>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => JsString::from_str(ctx.clone(), text),
        Err(_) => string_from_units(ctx, &decode_units(bytes)),
    }
}

/// The text that a script sees for these bytes, for arguments that come from the store or a request: an
/// invalid sequence becomes one U+FFFD (js-runtime.md 6.1).
#[must_use]
pub fn text_from_bytes(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => char::decode_utf16(decode_units(bytes))
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    }
}

/// UTF-16 code units of bytes that need not be UTF-8, as QuickJS decodes them.
fn decode_units(bytes: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        if first < 0x80 {
            units.push(u16::from(first));
            rest = &rest[1..];
        } else if let Some((code, length)) = decode_sequence(rest) {
            if let Ok(unit) = u16::try_from(code) {
                units.push(unit);
            } else if let Some(character) = char::from_u32(code) {
                units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            }
            rest = &rest[length..];
        } else {
            units.push(0xfffd);
            rest = skip_invalid(rest);
        }
    }
    units
}

/// Code point and length of the multi-byte sequence at the start of `bytes`. Surrogates count as code points.
fn decode_sequence(bytes: &[u8]) -> Option<(u32, usize)> {
    let (length, first_bits, least) = match *bytes.first()? {
        first @ 0xc0..=0xdf => (2, u32::from(first & 0x1f), 0x80),
        first @ 0xe0..=0xef => (3, u32::from(first & 0x0f), 0x800),
        first @ 0xf0..=0xf7 => (4, u32::from(first & 0x07), 0x1_0000),
        _ => return None,
    };
    let mut code = first_bits;
    for &next in bytes.get(1..length)? {
        if !is_continuation(next) {
            return None;
        }
        code = code << 6 | u32::from(next & 0x3f);
    }
    (least..=0x10_ffff)
        .contains(&code)
        .then_some((code, length))
}

/// What follows an invalid sequence: its first byte and all continuation bytes after it go.
fn skip_invalid(bytes: &[u8]) -> &[u8] {
    let after = bytes.get(1..).unwrap_or_default();
    let continuations = after.iter().take_while(|byte| is_continuation(**byte));
    &after[continuations.count()..]
}

fn is_continuation(byte: u8) -> bool {
    (0x80..0xc0).contains(&byte)
}

#[cfg(test)]
mod tests;
