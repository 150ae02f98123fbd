//! Compiled modules that can be loaded into other contexts.

use std::{cell::Cell, ffi::c_char, ptr, sync::Arc};

use rquickjs::{
    Ctx, Error, Module, Result, WriteOptions,
    module::Declared,
    qjs::{self, JSContext, JSModuleDef},
};

/// A module compiled by this process, source text and line numbers included. Its bytecode never leaves the
/// process and never comes from outside, since the engine trusts bytecode blindly. Clones share it.
#[derive(Clone)]
pub struct Program {
    bytecode: Arc<[u8]>,
}

impl Program {
    /// The program of a module that has been compiled and not yet evaluated.
    ///
    /// # Errors
    /// A pending exception: out of memory.
    pub fn of(module: &Module<'_, Declared>) -> Result<Self> {
        Ok(Self {
            bytecode: module.write(WriteOptions::default())?.into(),
        })
    }

    /// Bytes that this program takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytecode.len()
    }

    /// Makes the module known in `ctx`, with its imports resolved, as compiling its source would.
    ///
    /// # Errors
    /// A pending exception: out of memory, or an import that cannot be resolved.
    pub fn load<'js>(&self, ctx: &Ctx<'js>) -> Result<Module<'js, Declared>> {
        LOADING.set(Some(Arc::clone(&self.bytecode)));
        // SAFETY: `read_module` returns a module of the context it is given, or null.
        let module = unsafe { Module::from_load_fn(ctx.clone(), "", read_module) };
        LOADING.set(None);
        module.map_err(|_| Error::Exception)
    }
}

thread_local! {
    /// What `read_module` is to read: its signature, which `rquickjs` gives, has no room for it.
    static LOADING: Cell<Option<Arc<[u8]>>> = const { Cell::new(None) };
}

/// Reads the module in `LOADING` and resolves its imports, which the engine does not do by itself for
/// bytecode. Null with a pending exception on failure. Cannot unwind.
unsafe extern "C" fn read_module(ctx: *mut JSContext, _name: *const c_char) -> *mut JSModuleDef {
    let Some(bytecode) = LOADING.take() else {
        return ptr::null_mut();
    };
    let Ok(length) = qjs::size_t::try_from(bytecode.len()) else {
        return ptr::null_mut();
    };
    // SAFETY: `ctx` is live (the caller's contract); the bytes were written by `JS_WriteObject` of this very
    // engine and are unchanged, since `Program::bytecode` is private and `Program::of` is its only source.
    let module = unsafe {
        qjs::JS_ReadObject(
            ctx,
            bytecode.as_ptr(),
            length,
            qjs::JS_READ_OBJ_BYTECODE as i32,
        )
    };
    // SAFETY: looks at the tag of a value.
    if unsafe { qjs::JS_VALUE_GET_TAG(module) } != qjs::JS_TAG_MODULE {
        // SAFETY: the value is owned here; freeing an exception marker is a no-op.
        unsafe { qjs::JS_FreeValue(ctx, module) };
        return ptr::null_mut();
    }
    // SAFETY: a live module of this context; on failure the engine frees it.
    if unsafe { qjs::JS_ResolveModule(ctx, module) } < 0 {
        return ptr::null_mut();
    }
    // SAFETY: the tag says that the value is a module. The context keeps modules alive.
    unsafe { qjs::JS_VALUE_GET_PTR(module) }.cast()
}

#[cfg(test)]
mod tests;
