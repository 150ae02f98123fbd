//! Functions of the engine that could run for years without a look at the clock: those that walk an array or
//! an object with a `length` element by element, or search a text in a text.
//!
//! Each is replaced by a guarded form, which hands ordinary uses to the engine's function. A walk over
//! anything but an array of ordinary length is done in JavaScript (`slow_arrays.js`), where the clock is
//! looked at.

use std::rc::Rc;

use quorate_quickjs::string_length;
use rquickjs::{
    Coerced, Ctx, Function, Object, Result, String as JsString, Symbol, Value, function::Args,
    object::Property,
};

use crate::{
    host::Host,
    limits::{SEARCH_STEPS, WALKED_ELEMENTS},
    native::{Call, Class, Native},
};

/// JavaScript forms of the guarded functions of `Array.prototype`, and of `String.raw`.
const SLOW_ARRAYS: &str = include_str!("slow_arrays.js");

/// Functions of `Array.prototype` that walk `this`. Those left out look at the clock themselves.
const WALKS: &[&str] = &[
    "copyWithin",
    "fill",
    "join",
    "reverse",
    "shift",
    "slice",
    "sort",
    "splice",
    "toLocaleString",
    "unshift",
];

/// Functions of `String.prototype` that search their first argument.
const SEARCHES: &[&str] = &["includes", "indexOf", "lastIndexOf"];

/// As [`SEARCHES`], but the argument may be an object that searches by itself, such as a regular expression.
const SEARCHES_BY_OBJECT: &[&str] = &["replace", "replaceAll", "split"];

/// A function that stands guarded.
struct Guarded {
    name: &'static str,
    place: usize,
}

/// Replaces the functions named above.
pub(crate) fn install<'js>(host: &Rc<Host>, ctx: &Ctx<'js>) -> Result<()> {
    let globals = ctx.globals();
    let array: Object<'js> = globals.get::<_, Object<'js>>("Array")?.get("prototype")?;
    for name in WALKS {
        guard(host, &array, name, walk)?;
    }
    guard(host, &array, "concat", concat)?;
    guard(host, &array, "flat", always_slow)?;
    let string: Object<'js> = globals.get("String")?;
    guard(host, &string, "raw", always_slow)?;
    let string: Object<'js> = string.get("prototype")?;
    for name in SEARCHES {
        guard(host, &string, name, search)?;
    }
    for name in SEARCHES_BY_OBJECT {
        guard(host, &string, name, search_by_object)?;
    }
    guard(host, &globals.get("JSON")?, "stringify", stringify)
}

fn guard<'js>(
    host: &Rc<Host>,
    object: &Object<'js>,
    name: &'static str,
    run: for<'a, 'b> fn(&Call<'a, 'b>, &Guarded) -> Result<Value<'b>>,
) -> Result<()> {
    let ctx = object.ctx();
    let original: Function<'js> = object.get(name)?;
    let length: usize = original.get("length")?;
    let place = host.keep_guarded(ctx, original);
    let guarded =
        Native::new(host, name, Guarded { name, place }, run).into_function(ctx, length)?;
    object.prop(name, Property::from(guarded).writable().configurable())
}

/// The engine's own function, on the same arguments.
fn fast<'js>(call: &Call<'_, 'js>, guarded: &Guarded) -> Result<Value<'js>> {
    apply(
        call,
        &call.host.guarded(call.ctx(), guarded.place)?,
        call.this(),
        (0..call.count()).map(|index| call.arg(index)),
    )
}

/// The form in JavaScript, on the same arguments.
fn slow<'js>(call: &Call<'_, 'js>, guarded: &Guarded) -> Result<Value<'js>> {
    let forms = call
        .host
        .slow_forms(call.ctx(), |ctx| ctx.eval(SLOW_ARRAYS))?;
    apply(
        call,
        &forms.get(guarded.name)?,
        call.this(),
        (0..call.count()).map(|index| call.arg(index)),
    )
}

fn apply<'js>(
    call: &Call<'_, 'js>,
    function: &Function<'js>,
    this: Value<'js>,
    arguments: impl ExactSizeIterator<Item = Value<'js>>,
) -> Result<Value<'js>> {
    let mut args = Args::new(call.ctx().clone(), arguments.len());
    args.this(this)?;
    for argument in arguments {
        args.push_arg(argument)?;
    }
    function.call_arg(args)
}

fn always_slow<'js>(call: &Call<'_, 'js>, guarded: &Guarded) -> Result<Value<'js>> {
    slow(call, guarded)
}

fn walk<'js>(call: &Call<'_, 'js>, guarded: &Guarded) -> Result<Value<'js>> {
    let this = call.this();
    if is_ordinary_array(&this) || this.is_string() {
        fast(call, guarded)
    } else {
        slow(call, guarded)
    }
}

fn concat<'js>(call: &Call<'_, 'js>, guarded: &Guarded) -> Result<Value<'js>> {
    // What is not spread is not walked. An object decides by a symbol whether it is spread, and could change
    // its length when asked: such objects go the slow way.
    let spreads = call.host.intrinsic(call.ctx(), |kept| &kept.spreadable)?;
    let mut all_ordinary = true;
    for value in (0..call.count())
        .map(|index| call.arg(index))
        .chain([call.this()])
    {
        if let Some(object) = value.as_object() {
            let plain = !value.is_proxy() && !object.contains_key(spreads.as_atom())?;
            all_ordinary &= plain && (!value.is_array() || is_ordinary_array(&value));
        }
    }
    if all_ordinary {
        fast(call, guarded)
    } else {
        slow(call, guarded)
    }
}

fn search<'js>(call: &Call<'_, 'js>, guarded: &Guarded) -> Result<Value<'js>> {
    if call.this().is_null() || call.this().is_undefined() {
        return fast(call, guarded);
    }
    let text = to_string(call.this())?;
    let sought = call.arg(0);
    if sought.is_object() && guarded.name == "includes" {
        // A regular expression is refused; the engine says how.
        return fast(call, guarded);
    }
    let sought = to_string(sought)?;
    bounded(call, &text, &sought)?;
    search_for(call, guarded, text, sought)
}

fn search_by_object<'js>(call: &Call<'_, 'js>, guarded: &Guarded) -> Result<Value<'js>> {
    let sought = call.arg(0);
    let this = call.this();
    if this.is_null() || this.is_undefined() || sought.is_null() || sought.is_undefined() {
        return fast(call, guarded);
    }
    if let Some(object) = sought.as_object() {
        let method = match guarded.name {
            "split" => Symbol::split(call.ctx().clone()),
            _ => Symbol::replace(call.ctx().clone()),
        };
        let method: Value<'js> = object.get(method)?;
        if !method.is_undefined() && !method.is_null() {
            // A regular expression looks at the clock; any other object's method is the script's own.
            return fast(call, guarded);
        }
    }
    let text = to_string(this)?;
    let sought = to_string(sought)?;
    bounded(call, &text, &sought)?;
    search_for(call, guarded, text, sought)
}

fn search_for<'js>(
    call: &Call<'_, 'js>,
    guarded: &Guarded,
    text: JsString<'js>,
    sought: JsString<'js>,
) -> Result<Value<'js>> {
    let count = call.count().max(1);
    apply(
        call,
        &call.host.guarded(call.ctx(), guarded.place)?,
        text.into_value(),
        (0..count).map(|index| match index {
            0 => sought.clone().into_value(),
            index => call.arg(index),
        }),
    )
}

fn stringify<'js>(call: &Call<'_, 'js>, guarded: &Guarded) -> Result<Value<'js>> {
    let selection = call.arg(1);
    let is_list = selection.is_array() || selection.is_proxy();
    if is_list && !is_ordinary_array(&selection) {
        return Err(call.throw(
            Class::Range,
            "the list of properties for JSON.stringify must be a plain array of ordinary length",
        ));
    }
    fast(call, guarded)
}

fn to_string<'js>(value: Value<'js>) -> Result<JsString<'js>> {
    Ok(value.get::<Coerced<JsString<'js>>>()?.0)
}

fn bounded(call: &Call<'_, '_>, text: &JsString<'_>, sought: &JsString<'_>) -> Result<()> {
    let steps = string_length(text).saturating_mul(string_length(sought));
    if steps > SEARCH_STEPS {
        return Err(call.throw(
            Class::Range,
            "text and sought text are too long to be searched",
        ));
    }
    Ok(())
}

/// A true array whose length can be walked; its length is no function that could change its mind.
fn is_ordinary_array(value: &Value<'_>) -> bool {
    !value.is_proxy()
        && value
            .as_array()
            .and_then(|array| array.as_object().get::<_, f64>("length").ok())
            .is_some_and(|length| length <= WALKED_ELEMENTS)
}

#[cfg(test)]
mod tests;
