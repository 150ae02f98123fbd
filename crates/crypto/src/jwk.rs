//! JSON Web Keys to and from PEM (js-runtime.md 7.4).

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::eddsa::{OkpCurve, OkpKeyPair, OkpPublicKey};
use crate::rsa::PrivateComponents;
use crate::{CryptoError, Curve, EcKeyPair, EcPublicKey, RsaKeyPair, RsaPublicKey};

/// The six kinds of conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// `pubPemToJwk`, `pubJwkToPem`.
    EcPublic,
    /// `pemToJwk`, `jwkToPem`.
    EcPrivate,
    /// `pubRsaPemToJwk`, `pubRsaJwkToPem`.
    RsaPublic,
    /// `rsaPemToJwk`, `rsaJwkToPem`.
    RsaPrivate,
    /// `pubEddsaPemToJwk`, `pubEddsaJwkToPem`.
    OkpPublic,
    /// `eddsaPemToJwk`, `eddsaJwkToPem`.
    OkpPrivate,
}

/// The JWK of a PEM key, with `kid` only if given.
pub fn pem_to_jwk(kind: KeyKind, pem: &str, kid: Option<&str>) -> Result<Value, CryptoError> {
    let mut jwk = Fields::default();
    if let Some(kid) = kid {
        jwk.text("kid", kid);
    }
    match kind {
        KeyKind::EcPublic => jwk.ec(&EcPublicKey::from_pem(pem)?)?,
        KeyKind::EcPrivate => {
            let pair = EcKeyPair::from_pem(pem)?;
            jwk.ec(pair.public_key())?;
            jwk.number("d", &pair.raw_scalar());
        }
        KeyKind::RsaPublic => {
            let (n, e) = RsaPublicKey::from_pem(pem)?.components();
            jwk.rsa(&n, &e);
        }
        KeyKind::RsaPrivate => {
            let parts = RsaKeyPair::from_pem(pem)?.raw_components();
            jwk.rsa(&parts.n, &parts.e);
            for (name, number) in [
                ("d", &parts.d),
                ("p", &parts.p),
                ("q", &parts.q),
                ("dp", &parts.dp),
                ("dq", &parts.dq),
                ("qi", &parts.qi),
            ] {
                jwk.number(name, number);
            }
        }
        KeyKind::OkpPublic => jwk.okp(&OkpPublicKey::from_pem(pem)?),
        KeyKind::OkpPrivate => {
            let pair = OkpKeyPair::from_pem(pem)?;
            jwk.okp(pair.public_key());
            jwk.number("d", pair.raw_seed());
        }
    }
    Ok(Value::Object(jwk.0))
}

/// The PEM of a JWK. Fields beside those of the key, `x5c` for instance, are passed over.
pub fn jwk_to_pem(kind: KeyKind, jwk: &Value) -> Result<Zeroizing<String>, CryptoError> {
    let jwk = Reader(jwk);
    match kind {
        KeyKind::EcPublic => Ok(Zeroizing::new(jwk.ec()?.to_pem())),
        KeyKind::EcPrivate => {
            let public = jwk.ec()?;
            let pair = EcKeyPair::from_scalar(public.curve(), &jwk.number("d")?)?;
            if pair.public_key() != &public {
                return Err(CryptoError::Jwk(
                    "JWK fields x and y are not the public key of d".to_owned(),
                ));
            }
            Ok(pair.to_pkcs8_pem())
        }
        KeyKind::RsaPublic => {
            let (n, e) = jwk.rsa()?;
            Ok(Zeroizing::new(
                RsaPublicKey::from_components(&n, &e)?.to_pem(),
            ))
        }
        KeyKind::RsaPrivate => {
            let (n, e) = jwk.rsa()?;
            let (d, p, q) = (jwk.number("d")?, jwk.number("p")?, jwk.number("q")?);
            let (dp, dq, qi) = (jwk.number("dp")?, jwk.number("dq")?, jwk.number("qi")?);
            let parts = PrivateComponents {
                n,
                e,
                d,
                p,
                q,
                dp,
                dq,
                qi,
            };
            Ok(RsaKeyPair::from_components(&parts)?.to_pkcs8_pem())
        }
        KeyKind::OkpPublic => Ok(Zeroizing::new(jwk.okp()?.to_pem())),
        KeyKind::OkpPrivate => {
            let public = jwk.okp()?;
            let seed = jwk.number("d")?;
            let seed = seed
                .as_slice()
                .try_into()
                .map_err(|_| CryptoError::Length {
                    what: "JWK field d",
                    expected: "32",
                    found: seed.len(),
                })?;
            let pair = OkpKeyPair::from_seed(public.curve(), seed);
            if pair.public_key() != &public {
                return Err(CryptoError::Jwk(
                    "JWK field x is not the public key of d".to_owned(),
                ));
            }
            Ok(pair.to_pkcs8_pem())
        }
    }
}

/// The fields of a JWK being written.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn text(&mut self, name: &str, value: &str) {
        self.0
            .insert(name.to_owned(), Value::String(value.to_owned()));
    }

    fn number(&mut self, name: &str, bytes: &[u8]) {
        self.text(name, &Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes)));
    }

    fn ec(&mut self, key: &EcPublicKey) -> Result<(), CryptoError> {
        let crv = crv(key.curve()).ok_or_else(|| unsupported_curve(key.curve().name()))?;
        let width = key.curve().field_bytes();
        // The point is 4, then x and y, each as wide as the field.
        let (x, y) = key.to_sec1()[1..].split_at(width);
        self.text("kty", "EC");
        self.text("crv", crv);
        self.number("x", x);
        self.number("y", y);
        Ok(())
    }

    fn rsa(&mut self, n: &[u8], e: &[u8]) {
        self.text("kty", "RSA");
        self.number("n", n);
        self.number("e", e);
    }

    fn okp(&mut self, key: &OkpPublicKey) {
        self.text("kty", "OKP");
        self.text("crv", key.curve().name());
        self.number("x", key.as_bytes());
    }
}

/// A JWK being read.
struct Reader<'a>(&'a Value);

impl Reader<'_> {
    fn text(&self, name: &str) -> Result<&str, CryptoError> {
        let value = self.0.get(name).and_then(Value::as_str);
        value.ok_or_else(|| CryptoError::Jwk(format!("JWK field {name} must be a string")))
    }

    fn number(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let bytes = decode_base64(self.text(name)?);
        let bytes =
            bytes.ok_or_else(|| CryptoError::Jwk(format!("JWK field {name} must be base64url")))?;
        Ok(Zeroizing::new(bytes))
    }

    fn kty(&self, expected: &str) -> Result<(), CryptoError> {
        match self.text("kty")? {
            kty if kty == expected => Ok(()),
            other => Err(CryptoError::Jwk(format!(
                "JWK field kty must be {expected}, found {other}"
            ))),
        }
    }

    fn ec(&self) -> Result<EcPublicKey, CryptoError> {
        self.kty("EC")?;
        let curve = match self.text("crv")? {
            "P-256" => Curve::P256,
            "P-384" => Curve::P384,
            other => return Err(unsupported_curve(other)),
        };
        let width = curve.field_bytes();
        let mut point = vec![4];
        for name in ["x", "y"] {
            let bytes = self.number(name)?;
            if bytes.len() > width {
                return Err(CryptoError::Jwk(format!(
                    "JWK field {name} must have at most {width} bytes"
                )));
            }
            point.resize(point.len() + width - bytes.len(), 0);
            point.extend_from_slice(&bytes);
        }
        EcPublicKey::from_sec1(curve, &point)
    }

    fn rsa(&self) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        self.kty("RSA")?;
        Ok((self.number("n")?.to_vec(), self.number("e")?.to_vec()))
    }

    fn okp(&self) -> Result<OkpPublicKey, CryptoError> {
        self.kty("OKP")?;
        let crv = self.text("crv")?;
        let curve = OkpCurve::from_name(crv).ok_or_else(|| {
            CryptoError::Jwk(format!(
                "JWK field crv must be Ed25519 or X25519, found {crv}"
            ))
        })?;
        OkpPublicKey::from_bytes(curve, &self.number("x")?)
    }
}

const fn crv(curve: Curve) -> Option<&'static str> {
    match curve {
        Curve::P256 => Some("P-256"),
        Curve::P384 => Some("P-384"),
        Curve::P521 => None,
    }
}

fn unsupported_curve(found: &str) -> CryptoError {
    CryptoError::Jwk(format!(
        "JWK field crv must be P-256 or P-384, found {found}"
    ))
}

/// Base64url or base64, padded or not.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    const PLAIN: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    URL.decode(text).or_else(|_| PLAIN.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::SystemEntropy;

    fn keys() -> Vec<(KeyKind, String)> {
        let mut keys = Vec::new();
        for curve in [Curve::P256, Curve::P384] {
            let pair = EcKeyPair::generate(curve, &SystemEntropy);
            keys.push((KeyKind::EcPrivate, pair.to_pkcs8_pem().to_string()));
            keys.push((KeyKind::EcPublic, pair.public_key().to_pem()));
        }
        let pair = RsaKeyPair::generate(1024).unwrap();
        keys.push((KeyKind::RsaPrivate, pair.to_pkcs8_pem().to_string()));
        keys.push((KeyKind::RsaPublic, pair.public_key().to_pem()));
        for curve in [OkpCurve::Ed25519, OkpCurve::X25519] {
            let pair = OkpKeyPair::generate(curve, &SystemEntropy);
            keys.push((KeyKind::OkpPrivate, pair.to_pkcs8_pem().to_string()));
            keys.push((KeyKind::OkpPublic, pair.public_key().to_pem()));
        }
        keys
    }

    #[test]
    fn pem_to_jwk_to_pem_gives_the_text_back() {
        for (kind, pem) in keys() {
            let jwk = pem_to_jwk(kind, &pem, Some("my id")).unwrap();
            assert_eq!(jwk["kid"], "my id");
            assert_eq!(*jwk_to_pem(kind, &jwk).unwrap(), pem);
            assert!(pem_to_jwk(kind, &pem, None).unwrap().get("kid").is_none());
        }
    }

    /// RFC 7517, A.1 and A.2: the first key.
    #[test]
    fn the_key_of_the_rfc() {
        let jwk = json!({
            "kty": "EC",
            "crv": "P-256",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
            "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
        });
        let pem = jwk_to_pem(KeyKind::EcPrivate, &jwk).unwrap();
        assert_eq!(pem_to_jwk(KeyKind::EcPrivate, &pem, None).unwrap(), jwk);
        let public = jwk_to_pem(KeyKind::EcPublic, &jwk).unwrap();
        assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    }

    #[test]
    fn coordinates_are_padded_to_the_field() {
        // About one key in 256 has an x that begins with a zero byte.
        let pair = (1_u16..2000)
            .map(|scalar| EcKeyPair::from_scalar(Curve::P256, &scalar.to_be_bytes()).unwrap())
            .find(|pair| pair.public_key().to_sec1()[1] == 0)
            .unwrap();
        let jwk = pem_to_jwk(KeyKind::EcPrivate, &pair.to_pkcs8_pem(), None).unwrap();
        for field in ["x", "y", "d"] {
            assert_eq!(
                URL_SAFE_NO_PAD
                    .decode(jwk[field].as_str().unwrap())
                    .unwrap()
                    .len(),
                32
            );
        }
        let mut short = jwk.clone();
        let trimmed = &URL_SAFE_NO_PAD.decode(jwk["x"].as_str().unwrap()).unwrap()[1..];
        short["x"] = URL_SAFE_NO_PAD.encode(trimmed).into();
        assert_eq!(
            *jwk_to_pem(KeyKind::EcPrivate, &short).unwrap(),
            *pair.to_pkcs8_pem()
        );
    }

    #[test]
    fn input_may_be_either_alphabet_padded_or_not() {
        for text in ["-_8", "-_8=", "+/8", "+/8="] {
            assert_eq!(decode_base64(text).unwrap(), [0xfb, 0xff], "{text}");
        }
        assert!(decode_base64("-/8").is_none());
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_field() {
        let text = |kind, jwk: Value| jwk_to_pem(kind, &jwk).unwrap_err().to_string();
        assert_eq!(
            text(KeyKind::EcPublic, json!({})),
            "JWK field kty must be a string"
        );
        assert_eq!(
            text(KeyKind::EcPublic, json!({"kty": "RSA"})),
            "JWK field kty must be EC, found RSA"
        );
        assert_eq!(
            text(KeyKind::EcPublic, json!({"kty": "EC", "crv": "P-521"})),
            "JWK field crv must be P-256 or P-384, found P-521"
        );
        assert_eq!(
            text(
                KeyKind::OkpPublic,
                json!({"kty": "OKP", "crv": "Ed25519", "x": "?"})
            ),
            "JWK field x must be base64url"
        );
        let pair = EcKeyPair::generate(Curve::P521, &SystemEntropy);
        assert!(pem_to_jwk(KeyKind::EcPrivate, &pair.to_pkcs8_pem(), None).is_err());
        let (private, other) = (keys(), keys());
        for ((kind, pem), (_, other)) in private.iter().zip(&other) {
            if matches!(kind, KeyKind::EcPrivate | KeyKind::OkpPrivate) {
                let mut jwk = pem_to_jwk(*kind, pem, None).unwrap();
                jwk["d"] = pem_to_jwk(*kind, other, None).unwrap()["d"].clone();
                assert!(jwk_to_pem(*kind, &jwk).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn arbitrary_fields_never_panic(x: String, y: String, d: String, kind in 0..6) {
            let kind = [
                KeyKind::EcPublic,
                KeyKind::EcPrivate,
                KeyKind::RsaPublic,
                KeyKind::RsaPrivate,
                KeyKind::OkpPublic,
                KeyKind::OkpPrivate,
            ][usize::try_from(kind).unwrap()];
            for (kty, crv) in [("EC", "P-256"), ("RSA", ""), ("OKP", "X25519")] {
                let jwk = json!({
                    "kty": kty, "crv": crv, "x": x, "y": y, "d": d, "n": x, "e": y, "p": x, "q": y, "dp": d, "dq": d, "qi": d
                });
                let _ = jwk_to_pem(kind, &jwk);
            }
        }
    }
}
