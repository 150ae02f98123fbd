//! `ccf.kv` (js-runtime.md 5): the maps of the store, each with the permissions of the context.
//!
//! A handle's map and permissions belong to its functions and cannot be changed by a script.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use quorate_kv::{Domain, Namespace, Tx, classify};
use rquickjs::{
    Constructor, Function, Object, Result, String as JsString, Value,
    object::{Accessor, Property},
};

use crate::{
    Access,
    extensions::Scope,
    host::Host,
    limits::WRITTEN_BYTES,
    native::{Call, Class, Native, Run},
    text,
};

const ONE_BUFFER: &str = "Argument must be an ArrayBuffer";
const TWO_BUFFERS: &str = "Arguments must be ArrayBuffers";
const NO_TRANSACTION: &str = "Internal: Unable to access MapHandle";

/// Functions of a handle, with their number of parameters.
const METHODS: &[(&str, usize, Run<Rc<Map>>)] = &[
    ("has", 1, has),
    ("get", 1, get),
    ("set", 2, set),
    ("delete", 1, delete),
    ("clear", 0, clear),
    ("forEach", 1, for_each),
    ("getVersionOfPreviousWrite", 1, version_of_previous_write),
];

/// One map, as a context may use it.
struct Map {
    name: String,
    permission: Permission,
}

/// The maps that a context has asked for.
struct Maps {
    host: Rc<Host>,
    known: RefCell<HashMap<String, Rc<Map>>>,
}

/// What a context may do with a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permission {
    None,
    Read,
    Write,
    ReadWrite,
}

/// The table of js-runtime.md 5.2.
fn permission(access: Access, domain: Domain, namespace: Namespace) -> Permission {
    match (domain, namespace, access) {
        (Domain::Private, Namespace::Governance | Namespace::Internal, _) => Permission::None,
        (Domain::Public, Namespace::Internal, _) => Permission::Read,
        (Domain::Public, Namespace::Governance, Access::GovReadWrite) => Permission::ReadWrite,
        (Domain::Public, Namespace::Governance, _) => Permission::Read,
        (_, Namespace::Application, Access::AppReadWrite) => Permission::ReadWrite,
        (_, Namespace::Application, Access::AppReadOnly) => Permission::Read,
        (Domain::Public, Namespace::Application, Access::GovReadWrite) => Permission::Write,
        (_, Namespace::Application, Access::GovReadOnly | Access::GovReadWrite) => Permission::None,
    }
}

fn explanation(access: Access, permission: Permission) -> String {
    let kind = match permission {
        Permission::None => "inaccessible",
        Permission::Read => "read-only",
        Permission::Write => "write-only",
        // Everything is permitted; nobody asks why not.
        Permission::ReadWrite => "read-write",
    };
    let context = match access {
        Access::GovReadOnly => "read-only governance",
        Access::GovReadWrite => "read-write governance",
        Access::AppReadOnly => "read-only application",
        Access::AppReadWrite => "application",
    };
    format!(
        "This table is {kind} in current ({context}) execution context. See \
         https://microsoft.github.io/CCF/main/audit/read_write_restrictions.html for more detail."
    )
}

/// Adds `ccf.kv`.
pub(crate) fn install<'js>(host: &Rc<Host>, scope: &Scope<'js>) -> Result<()> {
    let ctx = &scope.ctx;
    // The target keeps the functions made for each map; only the traps can reach it.
    let made = Object::new_proto(ctx.clone(), None)?;
    let traps = Object::new(ctx.clone())?;
    let maps = Rc::new(Maps {
        host: Rc::clone(host),
        known: RefCell::default(),
    });
    let trap = |name: &'static str, run: Run<Rc<Maps>>| -> Result<()> {
        let native = Native::new(host, name, Rc::clone(&maps), run);
        traps.set(name, native.into_function(ctx, 0)?)
    };
    trap("get", |call, maps| {
        let target: Object<'_> = call.arg(0).get()?;
        match call.arg(1).into_string() {
            Some(name) => handle(call, maps, &target, &name),
            None => call.undefined(),
        }
    })?;
    trap("getOwnPropertyDescriptor", |call, maps| {
        let target: Object<'_> = call.arg(0).get()?;
        let Some(name) = call.arg(1).into_string() else {
            return call.undefined();
        };
        let described = Object::new(call.ctx().clone())?;
        described.set("value", handle(call, maps, &target, &name)?)?;
        described.set("writable", false)?;
        described.set("enumerable", false)?;
        // A proxy cannot claim what its target does not have.
        described.set("configurable", true)?;
        Ok(described.into_value())
    })?;
    trap("has", |call, _| call.value(call.arg(1).is_string()))?;
    trap("ownKeys", |call, _| call.value(Vec::<String>::new()))?;
    trap("set", |call, _| refuse_change(call))?;
    trap("defineProperty", |call, _| refuse_change(call))?;
    trap("deleteProperty", |call, _| call.value(true))?;
    trap("preventExtensions", |call, _| call.value(false))?;
    trap("setPrototypeOf", |call, _| call.value(false))?;
    let proxy: Constructor<'js> = scope.globals.get("Proxy")?;
    let maps: Object<'js> = proxy.construct((made, traps))?;
    scope.ccf.set("kv", maps)
}

fn refuse_change<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let name = match call.arg(1).into_string() {
        Some(name) => text::to_text(&name)?,
        None => "symbol".to_owned(),
    };
    Err(call.throw(Class::Type, &format!("'{name}' is read-only")))
}

/// A new handle. Its functions are those made for the map at first use.
fn handle<'js>(
    call: &Call<'_, 'js>,
    maps: &Maps,
    made: &Object<'js>,
    name: &JsString<'js>,
) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let map = map(call, maps, text::to_text(name)?)?;
    let functions = match made.get::<_, Option<Object<'js>>>(name.clone())? {
        Some(functions) => functions,
        None => {
            let functions = Object::new_proto(ctx.clone(), None)?;
            for &(name, length, run) in METHODS {
                let native = Native::new(&maps.host, name, Rc::clone(&map), run);
                functions.set(name, native.into_function(ctx, length)?)?;
            }
            made.set(name.clone(), functions.clone())?;
            functions
        }
    };
    let handle = Object::new(ctx.clone())?;
    for (method, _, _) in METHODS {
        handle.set(*method, functions.get::<_, Function<'js>>(*method)?)?;
    }
    let size = Native::new(&maps.host, "size", map, size);
    handle.prop("size", Accessor::from(size).configurable())?;
    handle.prop("_map_name", Property::from(name.clone()).enumerable())?;
    Ok(handle.into_value())
}

/// What is known of the map of this name.
fn map(call: &Call<'_, '_>, maps: &Maps, name: String) -> Result<Rc<Map>> {
    if let Some(map) = maps.known.borrow().get(&name) {
        return Ok(Rc::clone(map));
    }
    let (domain, namespace) = match classify(&name) {
        Ok(kind) => kind,
        Err(reserved) => return Err(call.abort(&reserved.to_string())),
    };
    let map = Rc::new(Map {
        permission: permission(maps.host.access, domain, namespace),
        name: name.clone(),
    });
    maps.known.borrow_mut().insert(name, Rc::clone(&map));
    Ok(map)
}

fn has<'js>(call: &Call<'_, 'js>, map: &Rc<Map>) -> Result<Value<'js>> {
    map.check(call, "has", Permission::Read)?;
    let key = one_buffer(call)?;
    call.value(on_tx(call, |tx| tx.has(&map.name, &key))?)
}

fn get<'js>(call: &Call<'_, 'js>, map: &Rc<Map>) -> Result<Value<'js>> {
    map.check(call, "get", Permission::Read)?;
    let key = one_buffer(call)?;
    match on_tx(call, |tx| tx.get(&map.name, &key))? {
        Some(value) => call.new_buffer(&value),
        None => call.undefined(),
    }
}

fn version_of_previous_write<'js>(call: &Call<'_, 'js>, map: &Rc<Map>) -> Result<Value<'js>> {
    map.check(call, "getVersionOfPreviousWrite", Permission::Read)?;
    let key = one_buffer(call)?;
    match on_tx(call, |tx| tx.version_of_previous_write(&map.name, &key))? {
        Some(version) => call.value(version as f64),
        None => call.undefined(),
    }
}

fn size<'js>(call: &Call<'_, 'js>, map: &Rc<Map>) -> Result<Value<'js>> {
    map.check(call, "size", Permission::Read)?;
    let size = on_tx(call, |tx| tx.len(&map.name))?;
    call.value(size as f64)
}

fn set<'js>(call: &Call<'_, 'js>, map: &Rc<Map>) -> Result<Value<'js>> {
    map.check(call, "set", Permission::Write)?;
    call.expect(&[2], "2")?;
    let key = call.buffer(0, TWO_BUFFERS)?;
    let value = call.buffer(1, TWO_BUFFERS)?;
    count_written(call, key.len().saturating_add(value.len()))?;
    on_tx(call, |tx| tx.put(&map.name, key, value))?;
    Ok(call.this())
}

fn delete<'js>(call: &Call<'_, 'js>, map: &Rc<Map>) -> Result<Value<'js>> {
    map.check(call, "delete", Permission::Write)?;
    let key = one_buffer(call)?;
    count_written(call, key.len())?;
    on_tx(call, |tx| tx.remove(&map.name, key))?;
    call.undefined()
}

fn clear<'js>(call: &Call<'_, 'js>, map: &Rc<Map>) -> Result<Value<'js>> {
    map.check(call, "clear", Permission::Write)?;
    call.expect(&[0], "0")?;
    on_tx(call, |tx| tx.clear(&map.name))?;
    call.undefined()
}

/// Walks the entries as they are now: what the callback changes is not visited.
fn for_each<'js>(call: &Call<'_, 'js>, map: &Rc<Map>) -> Result<Value<'js>> {
    map.check(call, "forEach", Permission::Read)?;
    call.expect(&[1], "1")?;
    let Some(visit) = call.arg(0).into_function() else {
        return Err(call.throw(Class::Type, "Argument must be a function"));
    };
    let handle = call.this();
    for (key, value) in on_tx(call, |tx| tx.entries(&map.name))? {
        let arguments = (
            call.new_buffer(&value)?,
            call.new_buffer(&key)?,
            handle.clone(),
        );
        visit.call::<_, Value<'js>>(arguments)?;
    }
    call.undefined()
}

impl Map {
    fn check(&self, call: &Call<'_, '_>, method: &str, wanted: Permission) -> Result<()> {
        if self.permission == wanted || self.permission == Permission::ReadWrite {
            return Ok(());
        }
        let text = format!(
            "Cannot call \"{method}\" on table named {}. {}",
            self.name,
            explanation(call.host.access, self.permission)
        );
        Err(call.throw(Class::Type, &text))
    }
}

fn one_buffer(call: &Call<'_, '_>) -> Result<Vec<u8>> {
    call.expect(&[1], "1")?;
    call.buffer(0, ONE_BUFFER)
}

fn on_tx<R>(call: &Call<'_, '_>, act: impl FnOnce(&mut Tx) -> R) -> Result<R> {
    call.host
        .with_tx(act)
        .ok_or_else(|| call.throw(Class::Internal, NO_TRANSACTION))
}

/// Counts what goes to the store, which is not on the script's heap.
fn count_written(call: &Call<'_, '_>, bytes: usize) -> Result<()> {
    let written = call.host.written_bytes.get().saturating_add(bytes);
    call.host.written_bytes.set(written);
    if written <= WRITTEN_BYTES {
        return Ok(());
    }
    let text =
        format!("Too much written: one call may write {WRITTEN_BYTES} bytes of keys and values");
    Err(call.throw(Class::Internal, &text))
}

#[cfg(test)]
mod tests;
