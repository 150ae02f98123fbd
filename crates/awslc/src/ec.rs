//! ECDSA keys on the NIST curves. Digests are signed as they are given, of any length.

use aws_lc_sys as sys;
use zeroize::Zeroizing;

use crate::Error;
use crate::error::check;
use crate::owned::{Owned, bignum};

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// A key pair.
pub struct PrivateKey {
    key: Owned<sys::EC_KEY>,
    curve: Curve,
}

/// A public key: a point of the curve other than infinity.
pub struct PublicKey {
    key: Owned<sys::EC_KEY>,
    curve: Curve,
}

// SAFETY: the library allows an EC_KEY to be used on several threads at a time by functions that do not change it
// (openssl/ec_key.h). After construction only such functions are called here.
unsafe impl Send for PrivateKey {}
// SAFETY: as above.
unsafe impl Sync for PrivateKey {}
// SAFETY: as above.
unsafe impl Send for PublicKey {}
// SAFETY: as above.
unsafe impl Sync for PublicKey {}

impl Curve {
    /// The number of bytes of a field element.
    pub const fn field_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    const fn nid(self) -> i32 {
        match self {
            Self::P256 => sys::NID_X9_62_prime256v1,
            Self::P384 => sys::NID_secp384r1,
            Self::P521 => sys::NID_secp521r1,
        }
    }

    fn group(self) -> *const sys::EC_GROUP {
        // SAFETY: these functions take nothing and return pointers to static objects.
        unsafe {
            match self {
                Self::P256 => sys::EC_group_p256(),
                Self::P384 => sys::EC_group_p384(),
                Self::P521 => sys::EC_group_p521(),
            }
        }
    }
}

impl PrivateKey {
    /// Derives a key pair from 64 random bytes, in a way that is stable.
    pub fn from_entropy(curve: Curve, seed: &[u8; 64]) -> Result<Self, Error> {
        // SAFETY: the group is static, pointer and length are those of one array; the result is new and ours.
        let key = unsafe {
            let key = sys::EC_KEY_derive_from_secret(curve.group(), seed.as_ptr(), seed.len());
            Owned::new(key, "EC key generation")?
        };
        Ok(Self { key, curve })
    }

    /// The key pair of a private scalar (big endian), which must be from 1 to the order of the group, exclusive.
    pub fn from_scalar(curve: Curve, scalar: &[u8]) -> Result<Self, Error> {
        let scalar = bignum(scalar)?;
        let key = new_key(curve)?;
        // SAFETY: key, scalar and point are valid and owned here; the group is static; null is allowed for the point
        // and factor that are not used, and for the scratch context.
        unsafe {
            check(
                sys::EC_KEY_set_private_key(key.as_mut_ptr(), scalar.as_ptr()),
                "setting the private scalar",
            )?;
            let point = Owned::new(sys::EC_POINT_new(curve.group()), "making a point")?;
            let null = std::ptr::null_mut();
            check(
                sys::EC_POINT_mul(
                    curve.group(),
                    point.as_mut_ptr(),
                    scalar.as_ptr(),
                    null,
                    null.cast(),
                    null.cast(),
                ),
                "computing the public key",
            )?;
            check(
                sys::EC_KEY_set_public_key(key.as_mut_ptr(), point.as_ptr()),
                "setting the public key",
            )?;
        }
        Ok(Self { key, curve })
    }

    /// The private scalar, as wide as the field.
    pub fn scalar(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![0; self.curve.field_bytes()]);
        // SAFETY: the key is valid and has a private scalar, below the order and so no wider than the field; pointer
        // and length are those of one vector.
        let done = unsafe {
            let scalar = sys::EC_KEY_get0_private_key(self.key.as_ptr());
            sys::BN_bn2bin_padded(out.as_mut_ptr(), out.len(), scalar)
        };
        debug_assert_eq!(done, 1);
        out
    }

    /// The uncompressed point of the public key.
    pub fn public_point(&self) -> Vec<u8> {
        point_bytes(&self.key, self.curve)
    }

    /// Signs `digest`; the signature is DER.
    pub fn sign_der(&self, digest: &[u8]) -> Result<Vec<u8>, Error> {
        // SAFETY: the key is valid.
        let mut out = vec![0; unsafe { sys::ECDSA_size(self.key.as_ptr()) }];
        let mut len = 0;
        // SAFETY: pointer and length of the digest are those of one slice; ECDSA_sign writes at most ECDSA_size bytes.
        unsafe {
            let done = sys::ECDSA_sign(
                0,
                digest.as_ptr(),
                digest.len(),
                out.as_mut_ptr(),
                &raw mut len,
                self.key.as_ptr(),
            );
            check(done, "ECDSA signing")?;
        }
        out.truncate(len as usize);
        Ok(out)
    }

    /// Signs `digest`; the signature is `r‖s`, each as wide as the field.
    pub fn sign_raw(&self, digest: &[u8]) -> Result<Vec<u8>, Error> {
        let width = self.curve.field_bytes();
        let mut out = vec![0; 2 * width];
        // SAFETY: the key is valid, pointer and length of the digest are those of one slice, the signature is new and
        // ours; r and s live as long as it does; each half of `out` has `width` bytes.
        unsafe {
            let signature = sys::ECDSA_do_sign(digest.as_ptr(), digest.len(), self.key.as_ptr());
            let signature = Owned::new(signature, "ECDSA signing")?;
            let (mut r, mut s) = (std::ptr::null(), std::ptr::null());
            sys::ECDSA_SIG_get0(signature.as_ptr(), &raw mut r, &raw mut s);
            check(
                sys::BN_bn2bin_padded(out.as_mut_ptr(), width, r),
                "writing r",
            )?;
            check(
                sys::BN_bn2bin_padded(out[width..].as_mut_ptr(), width, s),
                "writing s",
            )?;
        }
        Ok(out)
    }
}

impl PublicKey {
    /// The key of a point, compressed or not, which must be on the curve.
    pub fn from_point(curve: Curve, point: &[u8]) -> Result<Self, Error> {
        let key = new_key(curve)?;
        // SAFETY: key and point are valid and owned here, the group is static, pointer and length are those of one
        // slice; null is allowed for the scratch context. EC_POINT_oct2point checks that the point is on the curve.
        unsafe {
            let parsed = Owned::new(sys::EC_POINT_new(curve.group()), "making a point")?;
            let done = sys::EC_POINT_oct2point(
                curve.group(),
                parsed.as_mut_ptr(),
                point.as_ptr(),
                point.len(),
                std::ptr::null_mut(),
            );
            check(done, "reading the point of a public key")?;
            // Refuses infinity too.
            check(
                sys::EC_KEY_set_public_key(key.as_mut_ptr(), parsed.as_ptr()),
                "setting the public key",
            )?;
            check(
                sys::EC_KEY_check_key(key.as_ptr()),
                "checking the public key",
            )?;
        }
        Ok(Self { key, curve })
    }

    /// The uncompressed point.
    pub fn point(&self) -> Vec<u8> {
        point_bytes(&self.key, self.curve)
    }

    /// Whether `signature` (DER) is of `digest`.
    pub fn verify_der(&self, digest: &[u8], signature: &[u8]) -> bool {
        // SAFETY: the key is valid, pointers and lengths are those of two slices.
        let result = unsafe {
            sys::ECDSA_verify(
                0,
                digest.as_ptr(),
                digest.len(),
                signature.as_ptr(),
                signature.len(),
                self.key.as_ptr(),
            )
        };
        succeeded(result)
    }

    /// Whether `signature` (`r‖s`, each as wide as the field) is of `digest`.
    pub fn verify_raw(&self, digest: &[u8], signature: &[u8]) -> bool {
        let width = self.curve.field_bytes();
        if signature.len() != 2 * width {
            return false;
        }
        let (r, s) = signature.split_at(width);
        let (Ok(r), Ok(s)) = (bignum(r), bignum(s)) else {
            return false;
        };
        // SAFETY: key, r and s are valid. On success ECDSA_SIG_set0 takes ownership of r and s, which are then
        // forgotten here; pointer and length of the digest are those of one slice.
        let result = unsafe {
            let Ok(parsed) = Owned::new(sys::ECDSA_SIG_new(), "making a signature") else {
                return false;
            };
            if sys::ECDSA_SIG_set0(parsed.as_mut_ptr(), r.as_mut_ptr(), s.as_mut_ptr()) != 1 {
                return false;
            }
            std::mem::forget((r, s));
            sys::ECDSA_do_verify(
                digest.as_ptr(),
                digest.len(),
                parsed.as_ptr(),
                self.key.as_ptr(),
            )
        };
        succeeded(result)
    }
}

fn new_key(curve: Curve) -> Result<Owned<sys::EC_KEY>, Error> {
    // SAFETY: returns a new object or null.
    unsafe {
        Owned::new(
            sys::EC_KEY_new_by_curve_name(curve.nid()),
            "making an EC key",
        )
    }
}

fn point_bytes(key: &Owned<sys::EC_KEY>, curve: Curve) -> Vec<u8> {
    let mut out = vec![0; 1 + 2 * curve.field_bytes()];
    // SAFETY: the key is valid and has a public point; pointer and length are those of one vector, which is as long as
    // an uncompressed point of the curve; null is allowed for the scratch context.
    let written = unsafe {
        sys::EC_POINT_point2oct(
            curve.group(),
            sys::EC_KEY_get0_public_key(key.as_ptr()),
            sys::point_conversion_form_t::POINT_CONVERSION_UNCOMPRESSED,
            out.as_mut_ptr(),
            out.len(),
            std::ptr::null_mut(),
        )
    };
    debug_assert_eq!(written, out.len());
    out
}

/// The result of a verification; what it left in the error queue is dropped.
fn succeeded(result: i32) -> bool {
    if result == 1 {
        return true;
    }
    // SAFETY: touches the queue of the calling thread only.
    unsafe { sys::ERR_clear_error() };
    false
}
