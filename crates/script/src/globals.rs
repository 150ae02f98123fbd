//! The surface of the engine as scripts of the contract know it (js-runtime.md 1.1): what the engine offers
//! beyond it is taken away.

use rquickjs::{Ctx, Filter, Object, Result};

/// The global names of the contract's engine, before any extension adds its own.
const GLOBALS: &[&str] = &[
    "AggregateError",
    "Array",
    "ArrayBuffer",
    "Atomics",
    "BigInt",
    "BigInt64Array",
    "BigUint64Array",
    "Boolean",
    "DataView",
    "Date",
    "Error",
    "EvalError",
    "Float32Array",
    "Float64Array",
    "Function",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "InternalError",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "Proxy",
    "RangeError",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Set",
    "SharedArrayBuffer",
    "String",
    "Symbol",
    "SyntaxError",
    "TypeError",
    "URIError",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakSet",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "eval",
    "globalThis",
    "isFinite",
    "isNaN",
    "parseFloat",
    "parseInt",
    "undefined",
    "unescape",
];

/// Properties that the engine has beyond the contract, by the path of their object. `Iterator.prototype` has
/// to lose its helpers since some of them walk any number of elements without a look at the clock.
const EXTRAS: &[(&[&str], &[&str])] = &[
    (&["Error"], &["isError"]),
    (&["Function", "prototype"], &["columnNumber"]),
    (&["Array"], &["fromAsync"]),
    (
        &["Iterator", "prototype"],
        &[
            "chunks", "drop", "every", "filter", "find", "flatMap", "forEach", "includes", "join",
            "map", "reduce", "some", "take", "toArray", "windows",
        ],
    ),
    (&["Math"], &["f16round", "sumPrecise"]),
    (&["JSON"], &["isRawJSON", "rawJSON"]),
    (&["RegExp"], &["escape"]),
    (
        &["Map", "prototype"],
        &["getOrInsert", "getOrInsertComputed"],
    ),
    (
        &["WeakMap", "prototype"],
        &["getOrInsert", "getOrInsertComputed"],
    ),
    (
        &["Set", "prototype"],
        &[
            "difference",
            "intersection",
            "isDisjointFrom",
            "isSubsetOf",
            "isSupersetOf",
            "symmetricDifference",
            "union",
        ],
    ),
    (
        &["ArrayBuffer", "prototype"],
        &[
            "detached",
            "immutable",
            "maxByteLength",
            "resizable",
            "resize",
            "sliceToImmutable",
            "transfer",
            "transferToFixedLength",
            "transferToImmutable",
        ],
    ),
    (
        &["SharedArrayBuffer", "prototype"],
        &["grow", "growable", "maxByteLength"],
    ),
    (&["Uint8Array"], &["fromBase64", "fromHex"]),
    (
        &["Uint8Array", "prototype"],
        &["setFromBase64", "setFromHex", "toBase64", "toHex"],
    ),
    (&["DataView", "prototype"], &["getFloat16", "setFloat16"]),
    (&["Atomics"], &["pause"]),
    (&["Promise"], &["try"]),
];

/// Takes away what the contract's engine does not have.
pub(crate) fn prune(ctx: &Ctx<'_>) -> Result<()> {
    let globals = ctx.globals();
    for (path, names) in EXTRAS {
        let mut object = globals.clone();
        for step in *path {
            object = object.get::<_, Object<'_>>(*step)?;
        }
        for name in *names {
            object.remove(*name)?;
        }
    }
    for name in globals.own_keys::<String>(Filter::new().string()) {
        let name = name?;
        if GLOBALS.binary_search(&name.as_str()).is_err() {
            globals.remove(name.as_str())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_globals_is_sorted() {
        assert!(GLOBALS.is_sorted());
    }
}
