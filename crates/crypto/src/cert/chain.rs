//! Bundles and chains as scripts check them (js-runtime.md 7.5).

use quorate_awslc::x509::{Certificate as Parsed, verify_chain};

use super::read::LABELS;
use super::{Certificate, PublicKey};
use crate::{CryptoError, limits, pem};

/// Whether the first certificate in the text parses; the empty text counts as valid, the rest is not examined.
pub fn is_valid_bundle(pem: &str) -> bool {
    pem.is_empty() || Certificate::from_pem(pem).is_ok()
}

/// Whether the first certificate of `chain` leads, over the others, to one of `trusted`, all in force at `now` (unix
/// seconds). Each of `trusted` must be the certificate of an authority, any may be the anchor. Either text without a
/// certificate: `false`. A certificate that cannot be read, or a first one whose key is neither EC nor RSA, is an error.
pub fn is_valid_chain(chain: &str, trusted: &str, now: i64) -> Result<bool, CryptoError> {
    let chain = certificates(chain)?;
    let trusted = certificates(trusted)?;
    let Some((target, intermediates)) = chain.split_first() else {
        return Ok(false);
    };
    if trusted.is_empty() {
        return Ok(false);
    }
    let key = Certificate::from_der(target)?.public_key().clone();
    if !matches!(key, PublicKey::Ec(_) | PublicKey::Rsa(_)) {
        return Err(CryptoError::KeyKind {
            what: "the key of the first certificate",
            expected: "an EC or RSA key",
            found: key.kind(),
        });
    }
    let parse = |list: &[Vec<u8>]| {
        list.iter()
            .map(|der| Parsed::from_der(der))
            .collect::<Result<Vec<_>, _>>()
    };
    let trusted = parse(&trusted)?;
    if !trusted.iter().all(Parsed::is_ca) {
        return Ok(false);
    }
    Ok(verify_chain(
        &Parsed::from_der(target)?,
        &parse(intermediates)?,
        &trusted,
        now,
    )?)
}

/// The DER of all certificates of a text.
fn certificates(text: &str) -> Result<Vec<Vec<u8>>, CryptoError> {
    const WHAT: &str = "a list of certificates";
    if text.len() > limits::PEM_BYTES {
        return Err(CryptoError::Length {
            what: "a PEM text",
            expected: "at most 4194304",
            found: text.len(),
        });
    }
    let mut found = Vec::new();
    for block in pem::blocks(text) {
        let block = block.map_err(|reason| CryptoError::Malformed {
            what: WHAT,
            reason: reason.to_owned(),
        })?;
        if LABELS.contains(&block.label) {
            found.push(block.der.to_vec());
        }
        if found.len() > limits::PEM_CERTIFICATES {
            let reason = format!("more than {} certificates", limits::PEM_CERTIFICATES);
            return Err(CryptoError::Malformed { what: WHAT, reason });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::{Csr, Validity, create_csr, endorse, self_signed};
    use crate::{Curve, EcKeyPair, SystemEntropy};

    const NOW: i64 = 1_800_000_000;

    fn key() -> EcKeyPair {
        EcKeyPair::generate(Curve::P256, &SystemEntropy)
    }

    fn authority(key: &EcKeyPair, name: &str) -> Certificate {
        let validity = Validity {
            from: NOW - 10,
            days: 1,
        };
        self_signed(key, &format!("CN={name}"), &[], validity, &[1; 16]).unwrap()
    }

    fn leaf(issuer_key: &EcKeyPair, issuer: &Certificate) -> Certificate {
        let csr = Csr::from_pem(&create_csr(&key(), "CN=leaf", &[]).unwrap()).unwrap();
        endorse(
            &csr,
            issuer_key,
            issuer,
            Validity {
                from: NOW - 10,
                days: 1,
            },
            &[2; 16],
        )
        .unwrap()
    }

    #[test]
    fn only_the_first_certificate_of_a_bundle_is_examined() {
        let good = authority(&key(), "a").to_pem();
        let bad = crate::pem::encode("CERTIFICATE", b"no certificate");
        assert!(is_valid_bundle(""));
        assert!(is_valid_bundle(&good));
        assert!(is_valid_bundle(&format!("{good}{}", &*bad)));
        assert!(!is_valid_bundle(&format!("{}{good}", &*bad)));
        assert!(!is_valid_bundle("text"));
        assert!(!is_valid_bundle(&key().public_key().to_pem()));
    }

    #[test]
    fn a_chain_needs_signatures_dates_and_authorities() {
        let root_key = key();
        let root = authority(&root_key, "root");
        let leaf = leaf(&root_key, &root);
        let (root, leaf) = (root.to_pem(), leaf.to_pem());
        assert_eq!(is_valid_chain(&leaf, &root, NOW), Ok(true));
        assert_eq!(
            is_valid_chain(&format!("{leaf}{root}"), &root, NOW),
            Ok(true)
        );
        assert_eq!(
            is_valid_chain(&root, &root, NOW),
            Ok(true),
            "a target that is trusted itself"
        );
        assert_eq!(
            is_valid_chain(&leaf, &root, NOW + 86_400),
            Ok(false),
            "expired"
        );
        assert_eq!(
            is_valid_chain(&leaf, &root, NOW - 11),
            Ok(false),
            "not yet valid"
        );
        assert_eq!(
            is_valid_chain(&leaf, &leaf, NOW),
            Ok(false),
            "the trusted one is no authority"
        );
        let other = authority(&key(), "root").to_pem();
        assert_eq!(
            is_valid_chain(&leaf, &other, NOW),
            Ok(false),
            "the same name, another key"
        );
        assert_eq!(
            is_valid_chain(&leaf, &format!("{other}{root}"), NOW),
            Ok(true),
            "one of two"
        );
        assert_eq!(
            is_valid_chain(&format!("{leaf}{root}"), &other, NOW),
            Ok(false)
        );
    }

    #[test]
    fn an_intermediate_may_be_the_anchor() {
        let (root_key, middle_key) = (key(), key());
        let root = authority(&root_key, "root");
        let middle = crate::cert::endorse_earlier_service(
            &authority(&middle_key, "middle"),
            &root_key,
            &root,
            &[3; 16],
        )
        .unwrap();
        let leaf = leaf(&middle_key, &middle).to_pem();
        let (root, middle) = (root.to_pem(), middle.to_pem());
        assert_eq!(
            is_valid_chain(&format!("{leaf}{middle}"), &root, NOW),
            Ok(true)
        );
        assert_eq!(is_valid_chain(&leaf, &middle, NOW), Ok(true));
        assert_eq!(
            is_valid_chain(&leaf, &root, NOW),
            Ok(false),
            "the intermediate is missing"
        );
    }

    #[test]
    fn empty_lists_are_false_and_bad_targets_errors() {
        let root = authority(&key(), "root").to_pem();
        assert_eq!(is_valid_chain("", &root, NOW), Ok(false));
        assert_eq!(is_valid_chain(&root, "", NOW), Ok(false));
        let bad = crate::pem::encode("CERTIFICATE", b"no certificate");
        assert!(is_valid_chain(&bad, &root, NOW).is_err());
    }
}
