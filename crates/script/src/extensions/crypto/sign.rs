//! Digest, signing and verifying (js-runtime.md 7.2).

use quorate_crypto::{Hash, hmac, rsa::SaltLength, sha256, verify};
use rquickjs::{Coerced, Result, Value};

use crate::{
    extensions::crypto::property,
    native::{Call, Class, Plain},
};

pub(super) const FUNCTIONS: &[(&str, usize, Plain)] = &[
    ("digest", 2, digest),
    ("sign", 3, sign),
    ("verifySignature", 4, verify_signature),
];

fn digest<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[2], "2")?;
    let algorithm = call.text(0)?;
    if algorithm != "SHA-256" {
        let text = "unsupported digest algorithm, supported: SHA-256";
        return Err(call.throw(Class::Range, text));
    }
    let data = call.engine_buffer(1)?;
    call.new_buffer(sha256(&data).as_bytes())
}

fn sign<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[3], "3")?;
    let algorithm = call.arg(0);
    let name = property(call, &algorithm, "name")?;
    let hash = property(call, &algorithm, "hash")?;
    let name = call.to_text(name)?;
    let key = call.text(1)?;
    let data = call.engine_buffer(2)?;

    if name == "EdDSA" {
        return match verify::sign_eddsa(&key, &data) {
            Ok(signature) => call.new_buffer(&signature),
            Err(error) => Err(call.fail("Failed to sign with EdDSA pair: ", error)),
        };
    }
    let hash = match call.to_text(hash)?.as_str() {
        "SHA-256" => Hash::Sha256,
        "SHA-384" => Hash::Sha384,
        "SHA-512" => Hash::Sha512,
        _ => {
            let text = "Unsupported hash algorithm, supported: SHA-256, SHA-384, SHA-512";
            return Err(call.throw(Class::Range, text));
        }
    };
    let signature = match name.as_str() {
        "ECDSA" => verify::sign_ecdsa(&key, hash, &data),
        "RSA-PSS" => {
            let salt = salt_length(call, &algorithm)?;
            SaltLength::from_openssl(salt)
                .and_then(|salt| verify::sign_rsa_pss(&key, hash, salt, &data))
        }
        "HMAC" => Ok(hmac(hash, key.as_bytes(), &data)),
        _ => {
            let text = "Unsupported signing algorithm, supported: RSA-PSS, ECDSA, EdDSA, HMAC";
            return Err(call.throw(Class::Range, text));
        }
    };
    match signature {
        Ok(signature) => call.new_buffer(&signature),
        Err(error) => Err(call.fail("Failed to sign: ", error)),
    }
}

fn verify_signature<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[4], "4")?;
    let signature = call.engine_buffer(2)?;
    let data = call.engine_buffer(3)?;
    let algorithm = call.arg(0);
    let name = property(call, &algorithm, "name")?;
    let hash = property(call, &algorithm, "hash")?;
    let name = call.to_text(name)?;
    let key = call.text(1)?;

    if name == "EdDSA" {
        return match verify::verify_eddsa(&key, &signature, &data) {
            Ok(valid) => call.value(valid),
            Err(error) => {
                let text = format!("Failed to verify EdDSA signature: {error}");
                Err(call.throw(Class::Range, &text))
            }
        };
    }
    if call.to_text(hash)? != "SHA-256" {
        let text = "Unsupported hash algorithm, supported: SHA-256";
        return Err(call.throw(Class::Range, text));
    }
    let valid = match name.as_str() {
        "ECDSA" => verify::verify_ecdsa(&key, Hash::Sha256, &signature, &data),
        "RSA-PSS" => {
            let salt = salt_length(call, &algorithm)?;
            SaltLength::from_openssl(salt).and_then(|salt| {
                verify::verify_rsa_pss(&key, Hash::Sha256, salt, &signature, &data)
            })
        }
        _ => {
            let text = "Unsupported signing algorithm, supported: RSA-PSS, ECDSA, EdDSA";
            return Err(call.throw(Class::Range, text));
        }
    };
    match valid {
        Ok(valid) => call.value(valid),
        Err(error) => Err(call.fail("Failed to verify signature: ", error)),
    }
}

/// `saltLength` as an integer; missing, it is 0.
fn salt_length<'js>(call: &Call<'_, 'js>, algorithm: &Value<'js>) -> Result<i32> {
    let Coerced(salt) = property(call, algorithm, "saltLength")?.get::<Coerced<f64>>()?;
    Ok(crate::native::to_int32(salt))
}
