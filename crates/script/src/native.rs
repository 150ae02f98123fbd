//! Native functions: how they are made, how they read their arguments, how they throw.

use std::rc::Rc;

use quorate_quickjs::{buffer_bytes, throw_uncatchable};
use rquickjs::{
    ArrayBuffer, Coerced, Ctx, Error, Exception, Function, IntoJs, Object, Result,
    String as JsString, Value,
    function::{IntoJsFunc, ParamRequirement, Params},
    object::Property,
};

use crate::{host::Host, limits::MESSAGE_BYTES, text};

/// The class of a thrown error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Internal,
    Range,
    Type,
}

/// A native function, with what it knows beside its arguments.
pub(crate) type Run<D> = for<'a, 'js> fn(&Call<'a, 'js>, &D) -> Result<Value<'js>>;

/// A native function without data of its own.
pub(crate) type Plain = for<'a, 'js> fn(&Call<'a, 'js>) -> Result<Value<'js>>;

/// One call of a native function.
pub(crate) struct Call<'a, 'js> {
    /// What the functions of a context share.
    pub host: &'a Host,
    name: &'static str,
    params: &'a Params<'a, 'js>,
}

/// A native function as the engine sees it.
pub(crate) struct Native<D> {
    host: Rc<Host>,
    name: &'static str,
    data: D,
    run: Run<D>,
    watched: bool,
}

impl<D: 'static> Native<D> {
    /// A function of this name.
    pub fn new(host: &Rc<Host>, name: &'static str, data: D, run: Run<D>) -> Self {
        Self {
            host: Rc::clone(host),
            name,
            data,
            run,
            watched: true,
        }
    }

    /// The same function, callable also when the script has to stop.
    pub fn unwatched(self) -> Self {
        Self {
            watched: false,
            ..self
        }
    }

    /// The function as a value with `length` parameters.
    pub fn into_function<'js>(self, ctx: &Ctx<'js>, length: usize) -> Result<Function<'js>> {
        let name = self.name;
        Function::new(ctx.clone(), self)?
            .with_name(name)?
            .with_length(length)
    }
}

impl<'js, D: 'static> IntoJsFunc<'js, ()> for Native<D> {
    fn param_requirements() -> ParamRequirement {
        ParamRequirement::any()
    }

    fn call<'a>(&self, params: Params<'a, 'js>) -> Result<Value<'js>> {
        let call = Call {
            host: &self.host,
            name: self.name,
            params: &params,
        };
        call.host.throwing(None);
        if self.watched && self.host.watch.must_stop() {
            return Err(throw_uncatchable(call.ctx(), "interrupted"));
        }
        (self.run)(&call, &self.data).map_err(|error| match error {
            Error::Exception => Error::Exception,
            // Out of memory, or a value that is not of the expected kind.
            other => call.throw(Class::Internal, &other.to_string()),
        })
    }
}

/// Adds functions without data of their own to `object`.
pub(crate) fn define<'js>(
    host: &Rc<Host>,
    object: &Object<'js>,
    functions: &[(&'static str, usize, Plain)],
) -> Result<()> {
    for &(name, length, run) in functions {
        let native = Native::new(host, name, run, |call, run| run(call));
        object.set(name, native.into_function(object.ctx(), length)?)?;
    }
    Ok(())
}

impl<'a, 'js> Call<'a, 'js> {
    pub fn ctx(&self) -> &Ctx<'js> {
        self.params.ctx()
    }

    pub fn this(&self) -> Value<'js> {
        self.params.this()
    }

    /// Number of arguments.
    pub fn count(&self) -> usize {
        self.params.len()
    }

    /// The argument at `index`, `undefined` where there is none.
    pub fn arg(&self, index: usize) -> Value<'js> {
        self.params
            .arg(index)
            .unwrap_or_else(|| Value::new_undefined(self.ctx().clone()))
    }

    /// Refuses any other number of arguments than one of `allowed`, with `expected` as its description:
    /// `Passed %d arguments, but expected ...`.
    pub fn expect(&self, allowed: &[usize], expected: &str) -> Result<()> {
        if allowed.contains(&self.count()) {
            return Ok(());
        }
        let text = format!("Passed {} arguments, but expected {expected}", self.count());
        Err(self.throw(Class::Type, &text))
    }

    /// As [`Call::expect`], for the functions whose text has no comma.
    pub fn expect_plain(&self, allowed: usize, expected: &str) -> Result<()> {
        if self.count() == allowed {
            return Ok(());
        }
        let text = format!("Passed {} arguments but expected {expected}", self.count());
        Err(self.throw(Class::Type, &text))
    }

    /// The bytes of an ArrayBuffer argument; any other value is a TypeError with `text`.
    pub fn buffer(&self, index: usize, text: &str) -> Result<Vec<u8>> {
        buffer_bytes(&self.arg(index)).ok_or_else(|| self.throw(Class::Type, text))
    }

    /// The bytes of an ArrayBuffer argument, refused as the engine itself refuses other values.
    pub fn engine_buffer(&self, index: usize) -> Result<Vec<u8>> {
        self.buffer(index, "ArrayBuffer object expected")
    }

    /// An argument as text, converted by `ToString`.
    pub fn text(&self, index: usize) -> Result<String> {
        self.to_text(self.arg(index))
    }

    /// Any value as text, converted by `ToString`.
    pub fn to_text(&self, value: Value<'js>) -> Result<String> {
        let Coerced(string) = value.get::<Coerced<JsString<'js>>>()?;
        text::to_text(&string)
    }

    /// A string argument; any other value is a TypeError with `text`.
    pub fn string(&self, index: usize, text: &str) -> Result<JsString<'js>> {
        self.arg(index)
            .into_string()
            .ok_or_else(|| self.throw(Class::Type, text))
    }

    /// `ToInt32` of an argument.
    pub fn int32(&self, index: usize) -> Result<i32> {
        let Coerced(number) = self.arg(index).get::<Coerced<f64>>()?;
        Ok(to_int32(number))
    }

    pub fn undefined(&self) -> Result<Value<'js>> {
        Ok(Value::new_undefined(self.ctx().clone()))
    }

    /// A native value as a result.
    pub fn value(&self, value: impl IntoJs<'js>) -> Result<Value<'js>> {
        value.into_js(self.ctx())
    }

    /// A new ArrayBuffer, on the script's heap.
    pub fn new_buffer(&self, bytes: &[u8]) -> Result<Value<'js>> {
        Ok(ArrayBuffer::new_copy(self.ctx().clone(), bytes)?.into_value())
    }

    /// A new string.
    pub fn new_string(&self, text: &str) -> Result<Value<'js>> {
        Ok(JsString::from_str(self.ctx().clone(), text)?.into_value())
    }

    /// Throws; the message is cut to 255 bytes, as QuickJS cuts native messages.
    pub fn throw(&self, class: Class, message: &str) -> Error {
        self.host.throwing(Some(self.name));
        let ctx = self.ctx();
        let cut = cut(message);
        let thrown = match class {
            Class::Internal => Exception::throw_internal(ctx, &cut),
            Class::Range => Exception::throw_range(ctx, &cut),
            Class::Type => Exception::throw_type(ctx, &cut),
        };
        if cut.len() > MESSAGE_BYTES
            && let Some(error) = ctx.catch().into_object()
        {
            // The cut went through a character; what is left of it shows as U+FFFD, which is longer.
            let message = Property::from(cut.as_str()).writable().configurable();
            return match error.prop("message", message) {
                Ok(()) => ctx.throw(error.into_value()),
                Err(error) => error,
            };
        }
        thrown
    }

    /// Throws `<prefix><inner text>`.
    pub fn fail(&self, prefix: &str, inner: impl std::fmt::Display) -> Error {
        self.throw(Class::Internal, &format!("{prefix}{inner}"))
    }

    /// Ends the request as a whole: no script can catch this.
    pub fn abort(&self, text: &str) -> Error {
        self.host.watch.abort(text.to_owned());
        throw_uncatchable(self.ctx(), text)
    }
}

/// A message as QuickJS keeps it.
fn cut(message: &str) -> String {
    match message.as_bytes().get(..MESSAGE_BYTES) {
        Some(kept) if message.len() > MESSAGE_BYTES => text::text_from_bytes(kept),
        _ => message.to_owned(),
    }
}

/// `ToInt32` of a number.
pub(crate) fn to_int32(number: f64) -> i32 {
    if !number.is_finite() {
        return 0;
    }
    let wrapped = number.trunc().rem_euclid(4_294_967_296.0);
    // Below 2^32, so the conversion is exact.
    (wrapped as u32).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_messages_are_cut_to_255_bytes() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"x".repeat(255)), "x".repeat(255));
        assert_eq!(cut(&"x".repeat(256)), "x".repeat(255));
        let split = format!("{}é", "x".repeat(254));
        assert_eq!(cut(&split), format!("{}\u{fffd}", "x".repeat(254)));
    }

    #[test]
    fn to_int32_wraps() {
        for (number, result) in [
            (0.0, 0),
            (1.9, 1),
            (-1.9, -1),
            (2_147_483_648.0, i32::MIN),
            (4_294_967_296.0, 0),
            (-2_147_483_649.0, i32::MAX),
            (f64::NAN, 0),
            (f64::INFINITY, 0),
            (128.0, 128),
        ] {
            assert_eq!(to_int32(number), result, "{number}");
        }
    }
}
