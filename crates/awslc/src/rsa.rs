//! RSA keys of any size: generation, OAEP, PSS with any salt length, PKCS#1 v1.5 verification.

mod generate;

use aws_lc_sys as sys;
use zeroize::Zeroizing;

use crate::error::check;
use crate::owned::{Owned, bignum};
use crate::{Error, Hash};

/// A key pair.
pub struct PrivateKey(Owned<sys::RSA>);

/// A public key.
pub struct PublicKey(Owned<sys::RSA>);

// SAFETY: the library allows an RSA object to be used on several threads at a time by functions that do not change it,
// which includes signing and decrypting: their caches have locks of their own (openssl/rsa.h). After construction only
// such functions are called here.
unsafe impl Send for PrivateKey {}
// SAFETY: as above.
unsafe impl Sync for PrivateKey {}
// SAFETY: as above.
unsafe impl Send for PublicKey {}
// SAFETY: as above.
unsafe impl Sync for PublicKey {}

/// The salt length of a PSS signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salt {
    /// That many bytes.
    Bytes(u32),
    /// As many as the digest.
    Digest,
    /// As many as fit.
    Max,
    /// Verification only: whatever the signature has.
    Any,
}

/// The numbers of a private key, big endian, without leading zeros.
pub struct PrivateComponents {
    /// The modulus.
    pub n: Vec<u8>,
    /// The public exponent.
    pub e: Vec<u8>,
    /// The private exponent.
    pub d: Zeroizing<Vec<u8>>,
    /// The first prime.
    pub p: Zeroizing<Vec<u8>>,
    /// The second prime.
    pub q: Zeroizing<Vec<u8>>,
    /// d mod (p - 1).
    pub dp: Zeroizing<Vec<u8>>,
    /// d mod (q - 1).
    pub dq: Zeroizing<Vec<u8>>,
    /// The inverse of q mod p.
    pub qi: Zeroizing<Vec<u8>>,
}

impl PrivateKey {
    /// Makes a key pair with a modulus of exactly `bits` bits.
    pub fn generate(bits: u32, exponent: u32) -> Result<Self, Error> {
        let bits = i32::try_from(bits).map_err(|_| Error::new("the RSA modulus is too large"))?;
        let e = bignum(&exponent.to_be_bytes())?;
        // The library's generator rounds the size down to a multiple of 128.
        if bits % 128 != 0 {
            return generate::odd_size(bits, &e);
        }
        // SAFETY: the key is new and ours, e is valid; null means no progress callback.
        unsafe {
            let key = Owned::new(sys::RSA_new(), "making an RSA key")?;
            let done =
                sys::RSA_generate_key_ex(key.as_mut_ptr(), bits, e.as_ptr(), std::ptr::null_mut());
            check(done, "RSA key generation")?;
            Ok(Self(key))
        }
    }

    /// Reads a DER RSAPrivateKey (RFC 8017), whose numbers are checked.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, Error> {
        // SAFETY: pointer and length are those of one slice; the result is new and ours.
        unsafe {
            let key = sys::RSA_private_key_from_bytes(der.as_ptr(), der.len());
            Owned::new(key, "reading an RSA private key").map(Self)
        }
    }

    /// The key of the given numbers, which are checked.
    pub fn from_components(parts: &PrivateComponents) -> Result<Self, Error> {
        let n = bignum(&parts.n)?;
        let e = bignum(&parts.e)?;
        let d = bignum(&parts.d)?;
        let p = bignum(&parts.p)?;
        let q = bignum(&parts.q)?;
        let dp = bignum(&parts.dp)?;
        let dq = bignum(&parts.dq)?;
        let qi = bignum(&parts.qi)?;
        // SAFETY: all numbers are valid and are copied; the result is new and ours.
        unsafe {
            let key = sys::RSA_new_private_key(
                n.as_ptr(),
                e.as_ptr(),
                d.as_ptr(),
                p.as_ptr(),
                q.as_ptr(),
                dp.as_ptr(),
                dq.as_ptr(),
                qi.as_ptr(),
            );
            Owned::new(key, "reading an RSA private key").map(Self)
        }
    }

    /// The numbers of the key.
    pub fn components(&self) -> PrivateComponents {
        // SAFETY: the key is valid and a private one with all its numbers, which live as long as it does.
        unsafe {
            let key = self.0.as_ptr();
            let secret = |number| Zeroizing::new(bytes(number));
            PrivateComponents {
                n: bytes(sys::RSA_get0_n(key)),
                e: bytes(sys::RSA_get0_e(key)),
                d: secret(sys::RSA_get0_d(key)),
                p: secret(sys::RSA_get0_p(key)),
                q: secret(sys::RSA_get0_q(key)),
                dp: secret(sys::RSA_get0_dmp1(key)),
                dq: secret(sys::RSA_get0_dmq1(key)),
                qi: secret(sys::RSA_get0_iqmp(key)),
            }
        }
    }

    /// The DER RSAPrivateKey (RFC 8017).
    pub fn to_pkcs1_der(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        encode(&self.0, sys::RSA_private_key_to_bytes).map(Zeroizing::new)
    }

    /// The public half.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        let parts = self.components();
        PublicKey::from_components(&parts.n, &parts.e)
    }

    /// RSAES-OAEP decryption, the same hash for label and MGF1.
    pub fn decrypt_oaep(
        &self,
        hash: Hash,
        ciphertext: &[u8],
        label: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let context = oaep_context(&self.0, hash, label, sys::EVP_PKEY_decrypt_init)?;
        let mut out = Zeroizing::new(vec![0; size(&self.0)]);
        let mut len = out.len();
        // SAFETY: the context was prepared; pointers and lengths are those of a slice and a vector, the latter as long
        // as the modulus; at most `len` bytes are written.
        let done = unsafe {
            sys::EVP_PKEY_decrypt(
                context.as_mut_ptr(),
                out.as_mut_ptr(),
                &raw mut len,
                ciphertext.as_ptr(),
                ciphertext.len(),
            )
        };
        check(done, "RSA-OAEP decryption")?;
        out.truncate(len);
        Ok(out)
    }

    /// RSASSA-PSS over a digest made with `hash`, which MGF1 uses too.
    pub fn sign_pss(&self, hash: Hash, salt: Salt, digest: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = vec![0; size(&self.0)];
        let mut len = 0;
        // SAFETY: the key is valid; pointers and lengths are those of a slice and a vector, the latter as long as the
        // modulus; the hash tables are static.
        let done = unsafe {
            sys::RSA_sign_pss_mgf1(
                self.0.as_mut_ptr(),
                &raw mut len,
                out.as_mut_ptr(),
                out.len(),
                digest.as_ptr(),
                digest.len(),
                hash.evp(),
                hash.evp(),
                // For signing the library calls the longest salt -2.
                salt_argument(salt, -2)?,
            )
        };
        check(done, "RSA-PSS signing")?;
        out.truncate(len);
        Ok(out)
    }
}

impl PublicKey {
    /// Reads a DER RSAPublicKey (RFC 8017), whose numbers are checked.
    pub fn from_pkcs1_der(der: &[u8]) -> Result<Self, Error> {
        // SAFETY: pointer and length are those of one slice; the result is new and ours.
        unsafe {
            let key = sys::RSA_public_key_from_bytes(der.as_ptr(), der.len());
            Owned::new(key, "reading an RSA public key").map(Self)
        }
    }

    /// The key of modulus and exponent, big endian, which are checked.
    pub fn from_components(n: &[u8], e: &[u8]) -> Result<Self, Error> {
        let n = bignum(n)?;
        let e = bignum(e)?;
        // SAFETY: both numbers are valid and are copied; the result is new and ours.
        unsafe {
            Owned::new(
                sys::RSA_new_public_key(n.as_ptr(), e.as_ptr()),
                "reading an RSA public key",
            )
            .map(Self)
        }
    }

    /// Modulus and exponent, big endian, without leading zeros.
    pub fn components(&self) -> (Vec<u8>, Vec<u8>) {
        // SAFETY: the key is valid; its numbers live as long as it does.
        unsafe {
            (
                bytes(sys::RSA_get0_n(self.0.as_ptr())),
                bytes(sys::RSA_get0_e(self.0.as_ptr())),
            )
        }
    }

    /// The DER RSAPublicKey (RFC 8017).
    pub fn to_pkcs1_der(&self) -> Result<Vec<u8>, Error> {
        encode(&self.0, sys::RSA_public_key_to_bytes)
    }

    /// The number of bytes of the modulus.
    pub fn modulus_bytes(&self) -> usize {
        size(&self.0)
    }

    /// RSAES-OAEP encryption, the same hash for label and MGF1.
    pub fn encrypt_oaep(
        &self,
        hash: Hash,
        plaintext: &[u8],
        label: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let context = oaep_context(&self.0, hash, label, sys::EVP_PKEY_encrypt_init)?;
        let mut out = vec![0; size(&self.0)];
        let mut len = out.len();
        // SAFETY: the context was prepared; pointers and lengths are those of a slice and a vector, the latter as long
        // as the modulus; at most `len` bytes are written.
        let done = unsafe {
            sys::EVP_PKEY_encrypt(
                context.as_mut_ptr(),
                out.as_mut_ptr(),
                &raw mut len,
                plaintext.as_ptr(),
                plaintext.len(),
            )
        };
        check(done, "RSA-OAEP encryption")?;
        out.truncate(len);
        Ok(out)
    }

    /// Whether `signature` is RSASSA-PSS over a digest made with `hash`, which MGF1 uses too.
    pub fn verify_pss(&self, hash: Hash, salt: Salt, digest: &[u8], signature: &[u8]) -> bool {
        // The longest salt: what the padding leaves of the encoded message, which has one bit less than the modulus.
        // SAFETY: the key is valid.
        let bits = unsafe { sys::RSA_bits(self.0.as_ptr()) } as usize;
        let max = (bits + 6) / 8;
        let Some(max) = max
            .checked_sub(digest.len() + 2)
            .and_then(|max| i32::try_from(max).ok())
        else {
            return false;
        };
        let Ok(salt) = salt_argument(salt, max) else {
            return false;
        };
        // SAFETY: the key is valid; pointers and lengths are those of two slices; the hash tables are static.
        unsafe {
            let result = sys::RSA_verify_pss_mgf1(
                self.0.as_mut_ptr(),
                digest.as_ptr(),
                digest.len(),
                hash.evp(),
                hash.evp(),
                salt,
                signature.as_ptr(),
                signature.len(),
            );
            sys::ERR_clear_error();
            result == 1
        }
    }

    /// Whether `signature` is RSASSA-PKCS1-v1_5 over a digest made with `hash`.
    pub fn verify_pkcs1(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        // SAFETY: the key is valid; pointers and lengths are those of two slices.
        unsafe {
            let result = sys::RSA_verify(
                hash.nid(),
                digest.as_ptr(),
                digest.len(),
                signature.as_ptr(),
                signature.len(),
                self.0.as_mut_ptr(),
            );
            sys::ERR_clear_error();
            result == 1
        }
    }
}

/// What an encoder of the library makes of a key.
fn encode(
    key: &Owned<sys::RSA>,
    encoder: unsafe extern "C" fn(*mut *mut u8, *mut usize, *const sys::RSA) -> i32,
) -> Result<Vec<u8>, Error> {
    let (mut out, mut len) = (std::ptr::null_mut(), 0);
    // SAFETY: the key is valid; on success `out` points to `len` bytes of the library's allocator, which are ours, and
    // which OPENSSL_free wipes.
    unsafe {
        check(
            encoder(&raw mut out, &raw mut len, key.as_ptr()),
            "writing an RSA key",
        )?;
        let der = std::slice::from_raw_parts(out, len).to_vec();
        sys::OPENSSL_free(out.cast());
        Ok(der)
    }
}

fn oaep_context(
    key: &Owned<sys::RSA>,
    hash: Hash,
    label: &[u8],
    init: unsafe extern "C" fn(*mut sys::EVP_PKEY_CTX) -> i32,
) -> Result<Owned<sys::EVP_PKEY_CTX>, Error> {
    // SAFETY: the key is valid, EVP_PKEY takes a reference of its own to it, and the context one to the EVP_PKEY; the
    // hash tables are static; the copy of the label is made with the library's allocator and becomes the context's
    // when the function that takes it succeeds, else it is freed here.
    unsafe {
        let outer = Owned::new(sys::EVP_PKEY_new(), "making a key")?;
        check(
            sys::EVP_PKEY_set1_RSA(outer.as_mut_ptr(), key.as_mut_ptr()),
            "setting a key",
        )?;
        let context = sys::EVP_PKEY_CTX_new(outer.as_mut_ptr(), std::ptr::null_mut());
        let context = Owned::new(context, "making a key context")?;
        let raw = context.as_mut_ptr();
        check(init(raw), "preparing RSA-OAEP")?;
        check(
            sys::EVP_PKEY_CTX_set_rsa_padding(raw, sys::RSA_PKCS1_OAEP_PADDING),
            "choosing RSA-OAEP",
        )?;
        check(
            sys::EVP_PKEY_CTX_set_rsa_oaep_md(raw, hash.evp()),
            "choosing the hash of RSA-OAEP",
        )?;
        check(
            sys::EVP_PKEY_CTX_set_rsa_mgf1_md(raw, hash.evp()),
            "choosing the hash of MGF1",
        )?;
        if !label.is_empty() {
            let copy = sys::OPENSSL_malloc(label.len()).cast::<u8>();
            if copy.is_null() {
                return Err(Error::take("copying the label"));
            }
            std::ptr::copy_nonoverlapping(label.as_ptr(), copy, label.len());
            if sys::EVP_PKEY_CTX_set0_rsa_oaep_label(raw, copy, label.len()) != 1 {
                sys::OPENSSL_free(copy.cast());
                return Err(Error::take("setting the label"));
            }
        }
        Ok(context)
    }
}

/// The library's encoding of a salt length, where `max` stands for the longest.
fn salt_argument(salt: Salt, max: i32) -> Result<i32, Error> {
    match salt {
        Salt::Bytes(length) => {
            i32::try_from(length).map_err(|_| Error::new("the salt length is too large"))
        }
        Salt::Digest => Ok(-1),
        Salt::Any => Ok(-2),
        Salt::Max => Ok(max),
    }
}

fn size(key: &Owned<sys::RSA>) -> usize {
    // SAFETY: the key is valid.
    unsafe { sys::RSA_size(key.as_ptr()) as usize }
}

/// The bytes of a number.
///
/// # Safety
/// `number` must be valid.
unsafe fn bytes(number: *const sys::BIGNUM) -> Vec<u8> {
    // SAFETY: the number is valid by contract; BN_bn2bin writes BN_num_bytes bytes.
    unsafe {
        let mut out = vec![0; sys::BN_num_bytes(number) as usize];
        sys::BN_bn2bin(number, out.as_mut_ptr());
        out
    }
}
