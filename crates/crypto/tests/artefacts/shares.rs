//! Recovery shares, wrapped ledger secrets and submitted shares of real services.

use std::collections::HashMap;

use quorate_crypto::aead::AesGcmKey;
use quorate_crypto::sharing::{Share, WrappingSecret, combine};
use quorate_crypto::{RsaKeyPair, RsaPublicKey};
use serde_json::Value;

use super::{base64, bytes, list, text, vectors};

fn share(value: &Value) -> Share {
    Share::from_bytes(&bytes(value)).unwrap()
}

fn limbs(value: &Value) -> Vec<u8> {
    list(value)
        .iter()
        .flat_map(|limb| u32::try_from(limb.as_u64().unwrap()).unwrap().to_le_bytes())
        .collect()
}

/// The limbs of a secret as the bytes of its full share.
fn secret_bytes(secret: &WrappingSecret) -> Vec<u8> {
    secret.full_share().to_bytes()[4..].to_vec()
}

/// All ways to choose `count` of `items`, in every order.
fn arrangements(items: &[Share], count: usize) -> Vec<Vec<Share>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(at);
        for mut tail in arrangements(&rest, count - 1) {
            tail.insert(0, first.clone());
            all.push(tail);
        }
    }
    all
}

#[test]
fn issued_shares_open_with_the_members_keys_and_recombine_in_any_way() {
    let data = vectors("shares.json");
    let mut earlier = 0;
    for service in list(&data["services"]) {
        let name = text(&service["service"]);
        let keys: HashMap<_, _> = list(&service["members"])
            .iter()
            .map(|member| {
                let key =
                    RsaKeyPair::from_pem(text(&member["encryption_private_key_pem"])).unwrap();
                let public =
                    RsaPublicKey::from_pem(text(&member["encryption_public_key_pem"])).unwrap();
                assert_eq!(key.public_key(), &public);
                assert_eq!(public.to_pem(), text(&member["encryption_public_key_pem"]));
                (text(&member["member_id"]), key)
            })
            .collect();
        for set in list(&service["share_sets"]) {
            let threshold = usize::try_from(set["threshold"].as_u64().unwrap()).unwrap();
            let mut shares = Vec::new();
            for issued in list(&set["shares"]) {
                let id = text(&issued["member_id"]);
                let ciphertext = base64(&set["table_value"]["encrypted_shares"][id]);
                let opened = keys[id].decrypt_oaep_sha256(&ciphertext, b"").unwrap();
                assert_eq!(*opened, bytes(&issued["decrypted_hex"]), "{name}");
                if issued.get("x").is_none() {
                    // Made by an earlier scheme, which is not supported.
                    assert_eq!(opened.len(), 113, "{name}");
                    assert!(Share::from_bytes(&opened).is_err(), "{name}");
                    continue;
                }
                let share = Share::from_bytes(&opened).unwrap();
                assert_eq!(
                    u64::from(share.x()),
                    issued["x"].as_u64().unwrap(),
                    "{name}"
                );
                assert_eq!(share.to_bytes()[4..], limbs(&issued["y"]), "{name}");
                shares.push(share);
            }
            if shares.is_empty() {
                earlier += 1;
                continue;
            }
            let wrapped = base64(&set["table_value"]["wrapped_latest_ledger_secret"]);
            for subset in arrangements(&shares, threshold) {
                let secret = combine(&subset, threshold).unwrap();
                assert_eq!(secret_bytes(&secret), limbs(&set["secret_limbs"]), "{name}");
                assert_eq!(
                    secret.full_share().to_bytes()[..],
                    bytes(&set["full_share_hex"]),
                    "{name}"
                );
                let key = secret.wrapping_key();
                assert_eq!(key.raw_bytes(), bytes(&set["wrapping_key_hex"]), "{name}");
                let opened = key.unwrap_blob(&wrapped).unwrap();
                assert_eq!(
                    *opened,
                    bytes(&set["unwrapped_ledger_secret_hex"]),
                    "{name}"
                );
                // The wrapping key is used once, with an iv of zeros.
                assert_eq!(key.wrap_blob(&[0; 12], &opened), wrapped, "{name}");
            }
        }
    }
    assert_eq!(earlier, 1, "one set was made by the earlier scheme");
}

#[test]
fn older_secrets_and_submitted_shares_open() {
    let data = vectors("shares.json");
    let (mut chained, mut submitted) = (0, 0);
    for service in list(&data["services"]) {
        for link in list(&service["historical_secret_chain"]) {
            let Some(blob) = link["table_value"].get("previous_ledger_secret") else {
                continue;
            };
            let key = AesGcmKey::from_bytes(&bytes(&link["wrapping_secret_hex"])).unwrap();
            let opened = key.unwrap_blob(&base64(&blob["encrypted_data"])).unwrap();
            assert_eq!(*opened, bytes(&link["previous_secret_hex"]));
            chained += 1;
        }
        for share in service["submitted_shares"].as_array().unwrap() {
            let secret =
                &service["ledger_secrets"][share["opened_with_secret_valid_from"].to_string()];
            let key = AesGcmKey::from_bytes(&bytes(secret)).unwrap();
            let value = serde_json::from_str::<Value>(text(&share["table_value"]));
            let blob = base64(value.as_ref().unwrap_or(&share["table_value"]));
            let opened = key.unwrap_blob(&blob).unwrap();
            assert_eq!(*opened, bytes(&share["decrypted_share_hex"]));
            // Shares of the earlier scheme have 113 bytes, in their blob 141.
            assert_eq!(blob.len() == 72, Share::from_bytes(&opened).is_ok());
            submitted += 1;
        }
    }
    assert!(
        chained >= 3 && submitted >= 6,
        "{chained} links and {submitted} submitted shares"
    );
}

#[test]
fn combinations_are_accepted_and_refused_as_recorded() {
    let data = vectors("shares.json");
    // The outcome as the vectors word it.
    let outcome = |case: &Value| -> Result<Vec<u8>, &'static str> {
        let shares = case["shares_hex"]
            .as_array()
            .unwrap()
            .iter()
            .map(|share| Share::from_bytes(&bytes(share)));
        let shares = shares
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "error: share length")?;
        let threshold = usize::try_from(case["threshold"].as_u64().unwrap()).unwrap();
        let secret = combine(&shares, threshold).map_err(|error| match error {
            quorate_crypto::CryptoError::NotEnoughShares { .. } => "error: not enough shares",
            quorate_crypto::CryptoError::DuplicateShare(_) => "error: duplicate x",
            other => panic!("unexpected: {other}"),
        })?;
        let opened = secret
            .wrapping_key()
            .unwrap_blob(&base64(&case["wrapped_latest_ledger_secret"]));
        let opened = opened.map_err(|_| "error: unwrapping fails (AES-GCM)")?;
        // A secret has 32 bytes: the caller checks.
        if opened.len() == 32 {
            Ok(opened.to_vec())
        } else {
            Err("error: unwrapping fails (length)")
        }
    };
    for case in list(&data["combine_ok"]) {
        assert_eq!(
            outcome(case),
            Ok(bytes(&case["expected_ledger_secret_hex"])),
            "{}",
            text(&case["name"])
        );
    }
    for case in list(&data["combine_refused"]) {
        let expected = text(&case["expected"]);
        let found = outcome(case).unwrap_err();
        // A blob that is cut fails its authentication as well: either word is right.
        let both = expected == "error: unwrapping fails (length)"
            && found == "error: unwrapping fails (AES-GCM)";
        assert!(
            found == expected || both,
            "{}: {found}",
            text(&case["name"])
        );
    }
}

#[test]
fn shares_of_given_polynomials_have_their_secrets() {
    let data = vectors("shares.json");
    for case in list(&data["split_examples"]["cases"]) {
        let threshold = usize::try_from(case["threshold"].as_u64().unwrap()).unwrap();
        let shares: Vec<_> = list(&case["shares_hex"]).iter().map(share).collect();
        for from in 0..=shares.len() - threshold {
            let secret = combine(&shares[from..], threshold).unwrap();
            assert_eq!(secret_bytes(&secret), limbs(&case["secret_limbs"]));
            assert_eq!(
                secret.wrapping_key().raw_bytes(),
                bytes(&case["wrapping_key_hex"])
            );
        }
    }
}
