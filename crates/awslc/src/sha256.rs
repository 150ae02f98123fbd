//! SHA-256 and HMAC-SHA256 without allocation, from contexts that can be copied.

use std::mem::MaybeUninit;

use aws_lc_sys as sys;
use zeroize::Zeroize;

const BLOCK: usize = 64;

/// The digest of the concatenation of `parts`.
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new();
    for part in parts {
        context.update(part);
    }
    context.finish()
}

/// The inner and outer hash states of an HMAC-SHA256 key (RFC 2104); wiped on drop.
#[derive(Clone)]
pub struct HmacState {
    inner: Context,
    outer: Context,
}

impl HmacState {
    /// Prepares `key`, of any length.
    pub fn new(key: &[u8]) -> Self {
        let mut block = [0_u8; BLOCK];
        if key.len() > BLOCK {
            block[..32].copy_from_slice(&digest(&[key]));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let pad = |byte: u8, block: &[u8; BLOCK]| {
            let mut padded = block.map(|b| b ^ byte);
            let mut context = Context::new();
            context.update(&padded);
            padded.zeroize();
            context
        };
        let state = Self {
            inner: pad(0x36, &block),
            outer: pad(0x5c, &block),
        };
        block.zeroize();
        state
    }

    /// The code of the concatenation of `parts`.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut inner = self.inner.clone();
        for part in parts {
            inner.update(part);
        }
        let mut outer = self.outer.clone();
        outer.update(&inner.finish());
        outer.finish()
    }
}

/// A SHA-256 computation in progress; wiped on drop.
#[derive(Clone)]
struct Context(sys::SHA256_CTX);

impl Context {
    fn new() -> Self {
        let mut context = MaybeUninit::uninit();
        // SAFETY: SHA256_Init writes every field of the context it is given, and always returns one.
        unsafe {
            sys::SHA256_Init(context.as_mut_ptr());
            Self(context.assume_init())
        }
    }

    fn update(&mut self, data: &[u8]) {
        // SAFETY: the context was initialised; pointer and length are those of one slice. Always returns one.
        unsafe {
            sys::SHA256_Update(&raw mut self.0, data.as_ptr().cast(), data.len());
        }
    }

    fn finish(mut self) -> [u8; 32] {
        let mut out = [0; 32];
        // SAFETY: the context was initialised, and the function writes 32 bytes. Always returns one.
        unsafe {
            sys::SHA256_Final(out.as_mut_ptr(), &raw mut self.0);
        }
        out
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the context is plain data without pointers, so that any bytes are a value of it; pointer and length
        // are those of the whole of it.
        unsafe { sys::OPENSSL_cleanse((&raw mut self.0).cast(), size_of::<sys::SHA256_CTX>()) }
    }
}
