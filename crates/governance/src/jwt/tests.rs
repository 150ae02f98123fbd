//! Storing keys (apps-and-endpoints.md 6.4, governance-api.md 8.8).

use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use quorate_crypto::{EcKeyPair, SystemEntropy};
use serde_json::Value;

use super::*;
use crate::testing::{FREE_CONSTITUTION, Kind, Member, World};

const ISSUER: &str = "https://login.example.com";

struct Keys {
    world: World,
}

impl Keys {
    fn new() -> Self {
        Self {
            world: World::founded(FREE_CONSTITUTION, &[Kind::Plain], 0),
        }
    }

    fn set(&mut self, issuer: &str, jwks: &Value) -> Result<(), String> {
        let mut tx = self.world.begin();
        set_public_signing_keys_from_script(&mut tx, issuer, "{}", &jwks.to_string())?;
        self.world.commit(tx);
        Ok(())
    }

    /// Each key id with the issuers of its keys.
    fn stored(&self) -> String {
        let rows = JWT_PUBLIC_SIGNING_KEYS_METADATA_V2
            .entries_in(&self.world.state)
            .unwrap();
        let rows: Vec<String> = rows
            .iter()
            .map(|(kid, keys)| {
                let issuers: Vec<&str> = keys.iter().map(|key| key.issuer.as_str()).collect();
                format!("{kid}: {}", issuers.join(" "))
            })
            .collect();
        rows.join(", ")
    }

    fn spki(&self, kid: &str) -> Vec<u8> {
        let row = JWT_PUBLIC_SIGNING_KEYS_METADATA_V2.get_in(&self.world.state, &kid.to_owned());
        row.unwrap().unwrap()[0].public_key.0.clone()
    }
}

/// A key with coordinates of this curve, and its DER form.
fn ec_jwk(curve: Curve, crv: &str, kid: &str) -> (Value, Vec<u8>) {
    let key = EcKeyPair::generate(curve, &SystemEntropy);
    let point = key.public_key().to_sec1();
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": crv, "kid": kid, "x": text(x), "y": text(y) });
    (jwk, key.public_key().to_spki_der())
}

fn some_key(kid: &str) -> Value {
    ec_jwk(Curve::P256, "P-256", kid).0
}

#[test]
fn keys_come_from_modulus_coordinates_or_certificate() {
    let mut keys = Keys::new();
    let rsa = keys.world.node.encryption.public_key().clone();
    let jwk =
        quorate_crypto::jwk::pem_to_jwk(KeyKind::RsaPublic, &rsa.to_pem(), Some("rsa")).unwrap();
    let (p256, p256_spki) = ec_jwk(Curve::P256, "P-256", "p256");
    let (p384, p384_spki) = ec_jwk(Curve::P384, "P-384", "p384");
    let member = Member::new("issuer", false);
    let certificate = Certificate::from_pem(&member.certificate).unwrap();
    let x5c = json!({ "kty": "EC", "kid": "x5c", "x5c": [STANDARD.encode(certificate.der()), "ignored"] });
    keys.set(ISSUER, &json!({ "keys": [jwk, p256, p384, x5c] }))
        .unwrap();
    assert_eq!(keys.spki("rsa"), rsa.to_spki_der());
    assert_eq!(keys.spki("p256"), p256_spki);
    assert_eq!(keys.spki("p384"), p384_spki);
    assert_eq!(keys.spki("x5c"), certificate.spki_der());
}

#[test]
fn the_first_complete_form_counts_and_the_type_does_not() {
    let mut keys = Keys::new();
    let rsa = keys.world.node.encryption.public_key().clone();
    let mut both =
        quorate_crypto::jwk::pem_to_jwk(KeyKind::RsaPublic, &rsa.to_pem(), Some("k")).unwrap();
    let (ec, ec_spki) = ec_jwk(Curve::P256, "P-256", "k");
    for field in ["x", "y", "crv"] {
        both[field] = ec[field].clone();
    }
    both["kty"] = json!("OKP");
    both["x5c"] = json!(["not looked at"]);
    keys.set(ISSUER, &json!({ "keys": [both] })).unwrap();
    assert_eq!(keys.spki("k"), rsa.to_spki_der());
    both.as_object_mut().unwrap().remove("e");
    keys.set(ISSUER, &json!({ "keys": [both] })).unwrap();
    assert_eq!(keys.spki("k"), ec_spki);
}

#[test]
fn coordinates_are_read_in_any_base64_and_may_lack_leading_zeros() {
    // A key whose x begins with a zero byte comes up once in 256.
    let (jwk, spki, x) = loop {
        let (jwk, spki) = ec_jwk(Curve::P256, "P-256", "k");
        let x = BASE64_URL_SAFE_NO_PAD
            .decode(jwk["x"].as_str().unwrap())
            .unwrap();
        if x[0] == 0 {
            break (jwk, spki, x);
        }
    };
    let y = BASE64_URL_SAFE_NO_PAD
        .decode(jwk["y"].as_str().unwrap())
        .unwrap();
    let x = &x[x.iter().position(|byte| *byte != 0).unwrap()..];
    let mut keys = Keys::new();
    for (x, y) in [
        (STANDARD.encode(x), STANDARD.encode(&y)),
        (STANDARD_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(&y)),
    ] {
        let mut jwk = jwk.clone();
        jwk["x"] = json!(x);
        jwk["y"] = json!(y);
        keys.set(ISSUER, &json!({ "keys": [jwk] })).unwrap();
        assert_eq!(keys.spki("k"), spki);
    }
}

#[test]
fn a_set_is_stored_whole_or_not_at_all() {
    let failed = "set_jwt_public_signing_keys() failed";
    let good = some_key("good");
    let with = |changes: Value| {
        let mut key = some_key("bad");
        for (field, value) in changes.as_object().unwrap() {
            key[field] = value.clone();
        }
        json!({ "keys": [good, key] })
    };
    let cases = [
        (json!({ "keys": [] }), failed),
        (
            json!({ "keys": [good, { "kty": "RSA", "n": "AQAB", "e": "AQAB" }] }),
            failed,
        ),
        (
            json!({ "keys": [good, { "kty": "RSA", "kid": "bad" }] }),
            failed,
        ),
        (
            json!({ "keys": [good, { "kty": "RSA", "kid": "bad", "n": "?", "e": "AQAB" }] }),
            failed,
        ),
        (
            json!({ "keys": [good, { "kty": "EC", "kid": "bad", "x5c": [] }] }),
            failed,
        ),
        (
            json!({ "keys": [good, { "kty": "EC", "kid": "bad", "x5c": ["AAAA"] }] }),
            failed,
        ),
        (
            json!({ "keys": [good, { "kty": "EC", "kid": "bad", "x5c": ["?"] }] }),
            failed,
        ),
        (with(json!({ "x": "AAAA" })), failed),
        (with(json!({ "x": "?" })), failed),
        (with(json!({ "y": "A".repeat(100) })), failed),
        (with(json!({ "crv": "P-521" })), failed),
        (
            with(json!({ "issuer": "https://elsewhere.example" })),
            failed,
        ),
        (with(json!({ "issuer": "no host" })), failed),
        (with(json!({ "issuer": "https://" })), failed),
        (with(json!({ "crv": "P-999" })), "unknown variant `P-999`"),
        (with(json!({ "kty": "oct" })), "unknown variant `oct`"),
        (json!({}), "missing field `keys`"),
        (json!({ "keys": [{ "kid": "bad" }] }), "missing field `kty`"),
        (json!({ "keys": 5 }), "invalid type: integer `5`"),
    ];
    for (jwks, expected) in cases {
        let mut keys = Keys::new();
        let text = keys.set(ISSUER, &jwks).unwrap_err();
        assert!(text.starts_with(expected), "{jwks}: {text}");
        assert_eq!(keys.stored(), "");
    }
    let mut keys = Keys::new();
    let mut tx = keys.world.begin();
    let jwks = json!({ "keys": [good] }).to_string();
    let text = set_public_signing_keys_from_script(&mut tx, ISSUER, "{\"auto_refresh\":5}", &jwks);
    assert!(text.unwrap_err().starts_with(""));
    keys.set(ISSUER, &json!({ "keys": [good] })).unwrap();
}

#[test]
fn a_constraint_is_of_the_same_or_a_parent_domain() {
    let cases = [
        (ISSUER, "https://login.example.com/tenant", true),
        (ISSUER, "https://example.com", true),
        (ISSUER, "https://com", true),
        (ISSUER, "http://user@example.com:8080/?q#f", true),
        (ISSUER, "https://ample.com", false),
        (ISSUER, "https://sub.login.example.com", false),
        (ISSUER, "example.com", false),
        (ISSUER, "https://", false),
        ("https://[::1]:80", "https://[::1]", true),
        ("issuer", "issuer", false),
    ];
    for (issuer, constraint, allowed) in cases {
        assert_eq!(
            is_allowed_constraint(issuer, constraint),
            allowed,
            "{constraint}"
        );
        let mut keys = Keys::new();
        let mut key = some_key("k");
        key["issuer"] = json!(constraint);
        let outcome = keys.set(issuer, &json!({ "keys": [key] }));
        assert_eq!(outcome.is_ok(), allowed, "{constraint}");
        if allowed {
            let text = keys.world.dump(&["jwt.public_signing_keys_metadata_v2"]);
            assert!(
                text.contains(&format!("[{{\"constraint\":\"{constraint}\",\"issuer\":")),
                "{text}"
            );
        }
    }
}

#[test]
fn keys_of_other_issuers_stay() {
    let mut keys = Keys::new();
    keys.set(
        "https://a",
        &json!({ "keys": [some_key("1"), some_key("2")] }),
    )
    .unwrap();
    keys.set(
        "https://b",
        &json!({ "keys": [some_key("2"), some_key("3")] }),
    )
    .unwrap();
    assert_eq!(
        keys.stored(),
        "1: https://a, 2: https://a https://b, 3: https://b"
    );
    // Ids that are not in the new set lose the issuer's key; empty rows go.
    keys.set("https://a", &json!({ "keys": [some_key("3")] }))
        .unwrap();
    assert_eq!(keys.stored(), "2: https://b, 3: https://b https://a");
    let mut tx = keys.world.begin();
    remove_public_signing_keys(&mut tx, "https://b").unwrap();
    keys.world.commit(tx);
    assert_eq!(keys.stored(), "3: https://a");
    let seqno = keys.world.seqno;
    let mut tx = keys.world.begin();
    remove_public_signing_keys(&mut tx, "https://nobody").unwrap();
    keys.world.commit(tx);
    assert_eq!(keys.world.seqno, seqno);
}

#[test]
fn equal_keys_cause_no_write_and_changed_ones_are_replaced() {
    let mut keys = Keys::new();
    let (first, second) = (some_key("k"), some_key("k"));
    keys.set(ISSUER, &json!({ "keys": [first] })).unwrap();
    let (seqno, spki) = (keys.world.seqno, keys.spki("k"));
    keys.set(ISSUER, &json!({ "keys": [first] })).unwrap();
    assert_eq!(keys.world.seqno, seqno);
    keys.set(ISSUER, &json!({ "keys": [second] })).unwrap();
    assert_ne!(keys.spki("k"), spki);
    assert_eq!(keys.stored(), format!("k: {ISSUER}"));
    // The last of two keys with one id counts.
    keys.set(ISSUER, &json!({ "keys": [second, first] }))
        .unwrap();
    assert_eq!(keys.spki("k"), spki);
}
