//! Key generation (js-runtime.md 7.1).

use quorate_crypto::{
    Curve, EcKeyPair, Entropy, RsaKeyPair, SystemEntropy, Zeroizing,
    eddsa::{OkpCurve, OkpKeyPair},
};
use rquickjs::{Object, Result, Value};

use crate::{
    limits::RSA_BITS,
    native::{Call, Class, Plain},
};

const RSA_PUBLIC_EXPONENT: u32 = 65537;

pub(super) const FUNCTIONS: &[(&str, usize, Plain)] = &[
    ("generateAesKey", 1, generate_aes_key),
    ("generateRsaKeyPair", 1, generate_rsa_key_pair),
    ("generateEcdsaKeyPair", 1, generate_ecdsa_key_pair),
    ("generateEddsaKeyPair", 1, generate_eddsa_key_pair),
];

fn generate_aes_key<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let bytes = match call.int32(0)? {
        128 => 16,
        192 => 24,
        256 => 32,
        _ => {
            let text = "invalid key size (not one of 128, 192, 256)";
            return Err(call.throw(Class::Range, text));
        }
    };
    let mut key = Zeroizing::new(vec![0; bytes]);
    SystemEntropy.fill(&mut key);
    call.new_buffer(&key)
}

fn generate_rsa_key_pair<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1, 2], "1 or 2")?;
    let bits = call.int32(0)?.cast_unsigned();
    let exponent = match call.count() {
        2 => call.int32(1)?.cast_unsigned(),
        _ => RSA_PUBLIC_EXPONENT,
    };
    if bits > RSA_BITS {
        let text = format!("the size must be at most {RSA_BITS} bits, found {bits}");
        return Err(call.fail("Failed to generate RSA key pair: ", text));
    }
    match RsaKeyPair::generate_with_exponent(bits, exponent) {
        Ok(pair) => pair_of_pems(call, &pair.to_pkcs8_pem(), &pair.public_key().to_pem()),
        Err(error) => Err(call.fail("Failed to generate RSA key pair: ", error)),
    }
}

fn generate_ecdsa_key_pair<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let curve = match call.text(0)?.as_str() {
        "secp256r1" => Curve::P256,
        "secp384r1" => Curve::P384,
        _ => {
            let text = "Unsupported curve id, supported: secp256r1, secp384r1";
            return Err(call.throw(Class::Range, text));
        }
    };
    let pair = EcKeyPair::generate(curve, &SystemEntropy);
    pair_of_pems(call, &pair.to_pkcs8_pem(), &pair.public_key().to_pem())
}

fn generate_eddsa_key_pair<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    call.expect(&[1], "1")?;
    let curve = match call.text(0)?.as_str() {
        "curve25519" => OkpCurve::Ed25519,
        "x25519" => OkpCurve::X25519,
        _ => {
            let text = "Unsupported curve id, supported: curve25519, x25519";
            return Err(call.throw(Class::Range, text));
        }
    };
    let pair = OkpKeyPair::generate(curve, &SystemEntropy);
    pair_of_pems(call, &pair.to_pkcs8_pem(), &pair.public_key().to_pem())
}

fn pair_of_pems<'js>(call: &Call<'_, 'js>, private: &str, public: &str) -> Result<Value<'js>> {
    let pair = Object::new(call.ctx().clone())?;
    pair.set("privateKey", call.new_string(private)?)?;
    pair.set("publicKey", call.new_string(public)?)?;
    Ok(pair.into_value())
}
