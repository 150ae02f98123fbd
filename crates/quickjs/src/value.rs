//! Bytes of buffers and strings, and errors that cannot be caught.

use std::{mem::MaybeUninit, slice};

use rquickjs::{Ctx, Error, Exception, Object, Result, String as JsString, Value, qjs};

/// A copy of the bytes of an `ArrayBuffer`; `None` for any other value, typed arrays and detached buffers
/// included.
#[must_use]
pub fn buffer_bytes(value: &Value<'_>) -> Option<Vec<u8>> {
    let object: &Object<'_> = value.as_object()?;
    // SAFETY: only looks at the class of a live value.
    if !unsafe { qjs::JS_IsArrayBuffer(object.as_raw()) } {
        return None;
    }
    let ctx = value.ctx();
    let mut size = MaybeUninit::<qjs::size_t>::uninit();
    // SAFETY: context and value are live and belong together; the function always writes `size`.
    let (start, size) = unsafe {
        let start =
            qjs::JS_GetArrayBuffer(ctx.as_raw().as_ptr(), size.as_mut_ptr(), object.as_raw());
        (start, size.assume_init())
    };
    if start.is_null() {
        if ctx.has_exception() {
            // A detached buffer: the engine throws beside the null.
            ctx.catch();
            return None;
        }
        return Some(Vec::new());
    }
    let size = usize::try_from(size).ok()?;
    // SAFETY: `start` points to `size` initialised bytes that live as long as the buffer, and no script runs
    // between here and the copy.
    Some(unsafe { slice::from_raw_parts(start, size) }.to_vec())
}

/// The text of a string in UTF-8, with unpaired surrogates as three-byte sequences. `None`: out of memory.
#[must_use]
pub fn string_wtf8(string: &JsString<'_>) -> Option<Vec<u8>> {
    let ctx = string.ctx().as_raw().as_ptr();
    let mut len = MaybeUninit::<usize>::uninit();
    // SAFETY: context and value are live and belong together; a string has no `toString` to run.
    let start = unsafe { qjs::JS_ToCStringLen(ctx, len.as_mut_ptr(), string.as_raw()) };
    if start.is_null() {
        return None;
    }
    // SAFETY: with a result, the function has written `len`, the number of bytes at `start`; they live until
    // `JS_FreeCString`, and are copied before.
    let bytes = unsafe { slice::from_raw_parts(start.cast::<u8>(), len.assume_init()) }.to_vec();
    // SAFETY: `start` comes from `JS_ToCStringLen` of this context and is not used any more.
    unsafe { qjs::JS_FreeCString(ctx, start) };
    Some(bytes)
}

/// Number of UTF-16 code units of a string.
#[must_use]
pub fn string_length(string: &JsString<'_>) -> u64 {
    let ctx = string.ctx();
    // SAFETY: context and value are live and belong together; `length` of a string is no getter.
    let raw = unsafe {
        qjs::JS_GetPropertyStr(ctx.as_raw().as_ptr(), string.as_raw(), c"length".as_ptr())
    };
    // SAFETY: the value is new, of this context, and owned by nobody else.
    let length = unsafe { Value::from_raw(ctx.clone(), raw) };
    length
        .as_int()
        .and_then(|length| u64::try_from(length).ok())
        .unwrap_or(0)
}

/// A string of these UTF-16 code units, which may hold unpaired surrogates.
///
/// # Errors
/// A pending exception: out of memory, or too long for a string.
pub fn string_from_units<'js>(ctx: &Ctx<'js>, units: &[u16]) -> Result<JsString<'js>> {
    let length = qjs::size_t::try_from(units.len()).map_err(|_| Error::Allocation)?;
    // SAFETY: the engine copies `length` units from a live slice.
    let raw = unsafe { qjs::JS_NewStringUTF16(ctx.as_raw().as_ptr(), units.as_ptr(), length) };
    // SAFETY: the value is new, of this context, and owned by nobody else.
    let value = unsafe { Value::from_raw(ctx.clone(), raw) };
    value.into_string().ok_or(Error::Exception)
}

/// Throws an `InternalError` that passes through every `catch` and `finally`.
pub fn throw_uncatchable<'js>(ctx: &Ctx<'js>, message: &str) -> Error {
    Exception::throw_internal(ctx, message);
    let error = ctx.catch();
    // SAFETY: sets a flag of a live error object; the engine ignores any other value.
    unsafe { qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), error.as_raw()) };
    ctx.throw(error)
}

#[cfg(test)]
mod tests;
