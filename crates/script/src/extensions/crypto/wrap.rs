//! Key wrapping (js-runtime.md 7.3).

use quorate_crypto::{CryptoError, RsaKeyPair, RsaPublicKey, SystemEntropy, Zeroizing, pem, wrap};
use quorate_quickjs::buffer_bytes;
use rquickjs::{Coerced, Result, Value};

use crate::{
    extensions::crypto::property,
    native::{Call, Class, Plain, to_int32},
};

pub(super) const FUNCTIONS: &[(&str, usize, Plain)] =
    &[("wrapKey", 3, wrap_key), ("unwrapKey", 3, unwrap_key)];

/// What the third argument asks for.
enum Algorithm {
    RsaOaep { label: Vec<u8> },
    AesKwp,
    RsaOaepAesKwp { aes_key_bits: u32, label: Vec<u8> },
}

fn wrap_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[3], "3")?;
    let key = Zeroizing::new(call.engine_buffer(0)?);
    let wrapping_key = Zeroizing::new(call.engine_buffer(1)?);
    let Some(algorithm) = algorithm(call)? else {
        let text =
            "unsupported key wrapping algorithm, supported: RSA-OAEP, AES-KWP, RSA-OAEP-AES-KWP";
        return Err(call.throw(Class::Range, text));
    };
    let wrapped = match algorithm {
        Algorithm::RsaOaep { label } => {
            public_key(&wrapping_key).and_then(|public| wrap::rsa_oaep_wrap(&public, &label, &key))
        }
        Algorithm::AesKwp => wrap::aes_kwp_wrap(&wrapping_key, &key),
        Algorithm::RsaOaepAesKwp {
            aes_key_bits,
            label,
        } => public_key(&wrapping_key).and_then(|public| {
            wrap::rsa_oaep_aes_kwp_wrap(&public, aes_key_bits, &label, &key, &SystemEntropy)
        }),
    };
    match wrapped {
        Ok(wrapped) => call.new_buffer(&wrapped),
        Err(error) => Err(call.fail("Failed to wrap key: ", error)),
    }
}

fn unwrap_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[3], "3")?;
    let wrapped = call.engine_buffer(0)?;
    let unwrapping_key = Zeroizing::new(call.engine_buffer(1)?);
    let Some(algorithm) = algorithm(call)? else {
        let text =
            "unsupported key unwrapping algorithm, supported: RSA-OAEP, AES-KWP, RSA-OAEP-AES-KWP";
        return Err(call.throw(Class::Range, text));
    };
    let key = match algorithm {
        Algorithm::RsaOaep { label } => private_key(&unwrapping_key)
            .and_then(|pair| wrap::rsa_oaep_unwrap(&pair, &label, &wrapped)),
        Algorithm::AesKwp => wrap::aes_kwp_unwrap(&unwrapping_key, &wrapped),
        Algorithm::RsaOaepAesKwp { label, .. } => private_key(&unwrapping_key)
            .and_then(|pair| wrap::rsa_oaep_aes_kwp_unwrap(&pair, &label, &wrapped)),
    };
    match key {
        Ok(key) => call.new_buffer(&key),
        Err(error) => Err(call.fail("Failed to unwrap key: ", error)),
    }
}

fn algorithm(call: &Call<'_, '_>) -> Result<Option<Algorithm>> {
    let parameters = call.arg(2);
    let name = property(call, &parameters, "name")?;
    Ok(match call.to_text(name)?.as_str() {
        "RSA-OAEP" => Some(Algorithm::RsaOaep {
            label: label(call, &parameters)?,
        }),
        "AES-KWP" => Some(Algorithm::AesKwp),
        "RSA-OAEP-AES-KWP" => {
            let Coerced(bits) = property(call, &parameters, "aesKeySize")?.get::<Coerced<f64>>()?;
            Some(Algorithm::RsaOaepAesKwp {
                aes_key_bits: to_int32(bits).cast_unsigned(),
                label: label(call, &parameters)?,
            })
        }
        _ => None,
    })
}

/// The label; one that is missing or no buffer is none.
fn label<'js>(call: &Call<'_, 'js>, parameters: &Value<'js>) -> Result<Vec<u8>> {
    Ok(buffer_bytes(&property(call, parameters, "label")?).unwrap_or_default())
}

fn public_key(pem: &[u8]) -> std::result::Result<RsaPublicKey, CryptoError> {
    RsaPublicKey::from_pem(pem::text_from_bytes(pem)?)
}

fn private_key(pem: &[u8]) -> std::result::Result<RsaKeyPair, CryptoError> {
    RsaKeyPair::from_pem(pem::text_from_bytes(pem)?)
}
