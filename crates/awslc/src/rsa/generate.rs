//! Generation of keys of sizes that the library's own generator does not make.

use aws_lc_sys as sys;

use super::PrivateKey;
use crate::Error;
use crate::error::check;
use crate::owned::{Owned, bignum, new_bignum};

/// Makes a key whose size is no multiple of 128 bits (FIPS 186-5, A.1.3, without its bound on the distance of p and q,
/// which random primes miss with a probability below 2^-90).
pub(super) fn odd_size(bits: i32, e: &Owned<sys::BIGNUM>) -> Result<PrivateKey, Error> {
    let p = new_bignum()?;
    let q = new_bignum()?;
    let one = bignum(&[1])?;
    let p1 = new_bignum()?;
    let q1 = new_bignum()?;
    let n = new_bignum()?;
    let phi = new_bignum()?;
    let d = new_bignum()?;
    let dp = new_bignum()?;
    let dq = new_bignum()?;
    let qi = new_bignum()?;
    // SAFETY: all numbers and the scratch context are valid and owned here, and none is both read and written by one
    // call; null means no remainder condition and no progress callback.
    unsafe {
        let context = Owned::new(sys::BN_CTX_new(), "making a context")?;
        let scratch = context.as_mut_ptr();
        let coprime = |number: &Owned<sys::BIGNUM>| -> Result<bool, Error> {
            let gcd = new_bignum()?;
            check(
                sys::BN_gcd(gcd.as_mut_ptr(), number.as_ptr(), e.as_ptr(), scratch),
                "computing a divisor",
            )?;
            Ok(sys::BN_is_one(gcd.as_ptr()) == 1)
        };
        let prime = |prime: &Owned<sys::BIGNUM>,
                     less_one: &Owned<sys::BIGNUM>,
                     bits: i32|
         -> Result<(), Error> {
            let null = std::ptr::null();
            // An even or too small exponent has a common divisor with every p - 1: the number of attempts is bounded.
            for _ in 0..1024 {
                let done = sys::BN_generate_prime_ex(
                    prime.as_mut_ptr(),
                    bits,
                    0,
                    null,
                    null,
                    std::ptr::null_mut(),
                );
                check(done, "generating a prime")?;
                check(
                    sys::BN_sub(less_one.as_mut_ptr(), prime.as_ptr(), one.as_ptr()),
                    "subtracting",
                )?;
                if coprime(less_one)? {
                    return Ok(());
                }
            }
            Err(Error::new(
                "RSA key generation failed: no prime fits the public exponent",
            ))
        };
        if sys::BN_is_odd(e.as_ptr()) != 1 || sys::BN_cmp(e.as_ptr(), one.as_ptr()) <= 0 {
            return Err(Error::new(
                "RSA key generation failed: the public exponent must be odd and at least 3",
            ));
        }
        prime(&p, &p1, (bits + 1) / 2)?;
        // The two top bits of each prime are set, so that the product has exactly `bits` bits.
        prime(&q, &q1, bits / 2)?;
        while sys::BN_cmp(p.as_ptr(), q.as_ptr()) == 0 {
            prime(&q, &q1, bits / 2)?;
        }
        check(
            sys::BN_mul(n.as_mut_ptr(), p.as_ptr(), q.as_ptr(), scratch),
            "multiplying",
        )?;
        check(
            sys::BN_mul(phi.as_mut_ptr(), p1.as_ptr(), q1.as_ptr(), scratch),
            "multiplying",
        )?;
        let null = std::ptr::null_mut();
        for (result, number, modulus) in [(&d, e, &phi), (&qi, &q, &p)] {
            let done = sys::BN_mod_inverse(
                result.as_mut_ptr(),
                number.as_ptr(),
                modulus.as_ptr(),
                scratch,
            );
            if done.is_null() {
                return Err(Error::take("inverting"));
            }
        }
        check(
            sys::BN_div(null, dp.as_mut_ptr(), d.as_ptr(), p1.as_ptr(), scratch),
            "dividing",
        )?;
        check(
            sys::BN_div(null, dq.as_mut_ptr(), d.as_ptr(), q1.as_ptr(), scratch),
            "dividing",
        )?;
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
        Owned::new(key, "RSA key generation").map(PrivateKey)
    }
}
