use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;
use crate::SystemEntropy;

const CURVES: [Curve; 3] = [Curve::P256, Curve::P384, Curve::P521];

/// RFC 6979, A.2.5: key, message "sample", SHA-256.
const RFC6979_SCALAR: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
const RFC6979_X: &str = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
const RFC6979_Y: &str = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const RFC6979_SIGNATURE: &str = concat!(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
);

#[test]
fn known_answer_of_rfc_6979() {
    let pair = EcKeyPair::from_scalar(Curve::P256, &hex::decode(RFC6979_SCALAR).unwrap()).unwrap();
    assert_eq!(
        hex::encode(pair.public_key().to_sec1()),
        format!("04{RFC6979_X}{RFC6979_Y}")
    );
    let signature = hex::decode(RFC6979_SIGNATURE).unwrap();
    assert!(
        pair.public_key()
            .verify_raw(Hash::Sha256, b"sample", &signature)
    );
    assert!(
        !pair
            .public_key()
            .verify_raw(Hash::Sha256, b"sampel", &signature)
    );
    assert!(
        !pair
            .public_key()
            .verify_raw(Hash::Sha384, b"sample", &signature)
    );
}

#[test]
fn signatures_verify_whatever_hash_and_curve() {
    for curve in CURVES {
        let pair = EcKeyPair::generate(curve, &SystemEntropy);
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let der = pair.sign_der(hash, b"message");
            let raw = pair.sign_raw(hash, b"message");
            assert_eq!(raw.len(), 2 * curve.field_bytes());
            assert!(pair.public_key().verify_der(hash, b"message", &der));
            assert!(pair.public_key().verify_raw(hash, b"message", &raw));
            assert!(!pair.public_key().verify_der(hash, b"other", &der));
            assert!(!pair.public_key().verify_raw(hash, b"message", &der));
            assert!(!pair.public_key().verify_der(hash, b"message", &raw));
        }
    }
}

#[test]
fn a_digest_of_any_length_is_signed_as_it_stands() {
    for curve in CURVES {
        let pair = EcKeyPair::generate(curve, &SystemEntropy);
        for len in [1, 20, 32, 48, 64, 100] {
            let digest = vec![0x5a; len];
            let signature = pair.sign_prehash_der(&digest);
            assert!(pair.public_key().verify_prehash_der(&digest, &signature));
            assert!(
                !pair
                    .public_key()
                    .verify_der(Hash::Sha256, &digest, &signature)
            );
        }
    }
}

#[test]
fn keys_survive_their_text_forms() {
    for curve in CURVES {
        let pair = EcKeyPair::generate(curve, &SystemEntropy);
        for text in [pair.to_pkcs8_pem(), pair.to_sec1_pem()] {
            let again = EcKeyPair::from_pem(&text).unwrap();
            assert_eq!(again.curve(), curve);
            assert!(again.public_key() == pair.public_key());
            assert_eq!(*again.to_pkcs8_pem(), *pair.to_pkcs8_pem());
        }
        let public = EcPublicKey::from_pem(&pair.public_key().to_pem()).unwrap();
        assert!(&public == pair.public_key());
        assert_eq!(public.fingerprint(), sha256(&public.to_spki_der()));
    }
}

#[test]
fn a_sec1_key_needs_no_parameters_block() {
    let pair = EcKeyPair::generate(Curve::P384, &SystemEntropy);
    let text = pair.to_sec1_pem();
    let key_only = &text[text.find("-----BEGIN EC PRIVATE KEY").unwrap()..];
    assert!(EcKeyPair::from_pem(key_only).unwrap().public_key() == pair.public_key());
}

#[test]
fn scalars_out_of_range_are_refused() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for scalar in [
        hex::decode(order).unwrap(),
        vec![0; 32],
        vec![0xff; 32],
        vec![1; 33],
    ] {
        assert!(EcKeyPair::from_scalar(Curve::P256, &scalar).is_err());
    }
}

#[test]
fn points_off_the_curve_and_infinity_are_refused() {
    let mut point = hex::decode(format!("04{RFC6979_X}{RFC6979_Y}")).unwrap();
    point[64] ^= 1;
    assert!(EcPublicKey::from_sec1(Curve::P256, &point).is_err());
    assert!(EcPublicKey::from_sec1(Curve::P256, &[0]).is_err());
    let compressed = hex::decode(format!("03{RFC6979_X}")).unwrap();
    let full = EcPublicKey::from_sec1(Curve::P256, &compressed).unwrap();
    assert_eq!(
        hex::encode(full.to_sec1()),
        format!("04{RFC6979_X}{RFC6979_Y}")
    );
}

#[test]
fn a_key_of_another_kind_is_refused_by_name() {
    let rsa = crate::RsaKeyPair::generate(1024).unwrap();
    let error = EcKeyPair::from_pem(&rsa.to_pkcs8_pem())
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        error,
        "an EC private key must be an EC key, found 1.2.840.113549.1.1.1"
    );
    assert!(EcPublicKey::from_pem(&rsa.public_key().to_pem()).is_err());
}

/// js-runtime.md 7: private and public PEM are byte-identical to OpenSSL's output.
#[test]
fn text_forms_are_those_of_openssl() {
    for curve in CURVES {
        let pair = EcKeyPair::generate(curve, &SystemEntropy);
        let pkcs8 = pair.to_pkcs8_pem();
        let Some(from_sec1) = openssl(&["pkcs8", "-topk8", "-nocrypt"], &pair.to_sec1_pem()) else {
            eprintln!("skipped: no openssl command here");
            return;
        };
        assert_eq!(*pkcs8, from_sec1);
        assert_eq!(
            pair.public_key().to_pem(),
            openssl(&["pkey", "-pubout"], &pkcs8).unwrap()
        );
        let sec1 = pair.to_sec1_pem();
        assert!(sec1.ends_with(&openssl(&["pkey", "-traditional"], &pkcs8).unwrap()));
    }
}

/// A change of one bit anywhere is noticed, since the public key inside is checked. But for one: a point that begins
/// with 6 or 7 is the same point in the hybrid form of SEC 1.
#[test]
fn a_changed_key_is_refused() {
    let pair = EcKeyPair::from_scalar(Curve::P256, &[7]).unwrap();
    let der = pem::first(&pair.to_pkcs8_pem(), "x", &["PRIVATE KEY"])
        .unwrap()
        .der
        .to_vec();
    let point = der.len() - pair.public_key().to_sec1().len();
    for at in 0..der.len() {
        for bit in 0..8 {
            let mut changed = der.clone();
            changed[at] ^= 1_u8 << bit;
            let hybrid = at == point && matches!(changed[at], 6 | 7);
            if let Ok(other) = EcKeyPair::from_pkcs8_der(&changed) {
                assert!(
                    hybrid && other.public_key() == pair.public_key(),
                    "byte {at}, bit {bit}"
                );
            }
        }
    }
}

/// The output of the `openssl` command, `None` where it is not installed.
fn openssl(args: &[&str], input: &str) -> Option<String> {
    use std::io::Write;
    let child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match child {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        child => child.unwrap(),
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert!(EcPublicKey::from_spki_der(&bytes).is_err());
        prop_assert!(EcKeyPair::from_pkcs8_der(&bytes).is_err());
        let pair = EcKeyPair::from_scalar(Curve::P256, &[1]).unwrap();
        prop_assert!(!pair.public_key().verify_prehash_der(&[1; 32], &bytes));
        prop_assert!(!pair.public_key().verify_raw(Hash::Sha256, b"", &bytes));
    }
}
