use crate::tests::Eval;

/// What the expression throws, `ERR` where it throws nothing.
fn thrown(expression: &str) -> String {
    Eval::new().thrown(expression)
}

fn check(body: &str) {
    let helpers = "
        const c = ccf.crypto, b = ccf.strToBuf, s = ccf.bufToStr;
        const hex = x => [...new Uint8Array(x)].map(v => v.toString(16).padStart(2, '0')).join('');
        const equal = (a, e) => { if (a !== e) throw new Error(`${a} is not ${e}`); };";
    if let Err(error) = Eval::new().body(&format!("{helpers} {body}")) {
        panic!("{body}: {error:?}");
    }
}

#[test]
fn js_runtime_11_every_function_exists() {
    assert_eq!(
        Eval::new().text("Object.keys(ccf.crypto).sort()"),
        "digest,eddsaJwkToPem,eddsaPemToJwk,generateAesKey,generateEcdsaKeyPair,generateEddsaKeyPair,generateRsaKeyPair,\
         isValidX509CertBundle,isValidX509CertChain,jwkToPem,pemToJwk,pubEddsaJwkToPem,pubEddsaPemToJwk,pubJwkToPem,\
         pubPemToJwk,pubRsaJwkToPem,pubRsaPemToJwk,rsaJwkToPem,rsaPemToJwk,sign,unwrapKey,verifySignature,wrapKey"
    );
}

#[test]
fn js_runtime_7_argument_counts() {
    for (call, expected) in [
        ("generateAesKey()", "0 arguments, but expected 1"),
        ("generateRsaKeyPair()", "0 arguments, but expected 1 or 2"),
        (
            "generateRsaKeyPair(1, 2, 3)",
            "3 arguments, but expected 1 or 2",
        ),
        ("generateEcdsaKeyPair()", "0 arguments, but expected 1"),
        ("generateEddsaKeyPair(1, 2)", "2 arguments, but expected 1"),
        ("digest('SHA-256')", "1 arguments, but expected 2"),
        ("sign({}, '')", "2 arguments, but expected 3"),
        ("verifySignature({}, '')", "2 arguments, but expected 4"),
        ("wrapKey()", "0 arguments, but expected 3"),
        ("unwrapKey()", "0 arguments, but expected 3"),
        ("pubPemToJwk()", "0 arguments, but expected 1 or 2"),
        ("pemToJwk(1, 2, 3)", "3 arguments, but expected 1 or 2"),
        ("pubRsaPemToJwk()", "0 arguments, but expected 1 or 2"),
        ("rsaPemToJwk()", "0 arguments, but expected 1 or 2"),
        ("pubEddsaPemToJwk()", "0 arguments, but expected 1 or 2"),
        ("eddsaPemToJwk()", "0 arguments, but expected 1 or 2"),
        ("pubJwkToPem()", "0 arguments, but expected 1"),
        ("jwkToPem(1, 2)", "2 arguments, but expected 1"),
        ("pubRsaJwkToPem()", "0 arguments, but expected 1"),
        ("rsaJwkToPem()", "0 arguments, but expected 1"),
        ("pubEddsaJwkToPem()", "0 arguments, but expected 1"),
        ("eddsaJwkToPem()", "0 arguments, but expected 1"),
        ("isValidX509CertBundle()", "0 arguments, but expected 1"),
        ("isValidX509CertChain('')", "1 arguments, but expected 2"),
    ] {
        assert_eq!(
            thrown(&format!("ccf.crypto.{call}")),
            format!("TypeError: Passed {expected}"),
            "{call}"
        );
    }
}

#[test]
fn js_runtime_7_1_key_generation() {
    check(
        "for (const bits of [128, 192, 256]) equal(c.generateAesKey(bits).byteLength, bits / 8);
         equal(hex(c.generateAesKey(256)) === hex(c.generateAesKey(256)), false);
         for (const pair of [c.generateEcdsaKeyPair('secp256r1'), c.generateEcdsaKeyPair('secp384r1'),
                             c.generateEddsaKeyPair('curve25519'), c.generateEddsaKeyPair('x25519'),
                             c.generateRsaKeyPair(2048), c.generateRsaKeyPair(2048, 65537)]) {
           equal(Object.keys(pair).join(), 'privateKey,publicKey');
           equal(pair.privateKey.startsWith('-----BEGIN PRIVATE KEY-----\\n'), true);
           equal(pair.privateKey.endsWith('-----END PRIVATE KEY-----\\n'), true);
           equal(pair.publicKey.startsWith('-----BEGIN PUBLIC KEY-----\\n'), true);
           equal(pair.publicKey.endsWith('-----END PUBLIC KEY-----\\n'), true);
           equal(Math.max(...pair.publicKey.split('\\n').slice(1, -2).map(l => l.length)) <= 64, true);
         }",
    );
    for (call, error) in [
        (
            "generateAesKey(100)",
            "RangeError: invalid key size (not one of 128, 192, 256)",
        ),
        (
            "generateEcdsaKeyPair('secp256k1')",
            "RangeError: Unsupported curve id, supported: secp256r1, secp384r1",
        ),
        (
            "generateEddsaKeyPair('ed448')",
            "RangeError: Unsupported curve id, supported: curve25519, x25519",
        ),
    ] {
        assert_eq!(thrown(&format!("ccf.crypto.{call}")), error, "{call}");
    }
    assert!(
        thrown("ccf.crypto.generateRsaKeyPair(100)")
            .starts_with("InternalError: Failed to generate RSA key pair: ")
    );
}

#[test]
fn js_runtime_7_2_digest() {
    check(
        "equal(hex(c.digest('SHA-256', b('abc'))), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');",
    );
    assert_eq!(
        thrown("ccf.crypto.digest('SHA-512', ccf.strToBuf(''))"),
        "RangeError: unsupported digest algorithm, supported: SHA-256"
    );
    assert_eq!(
        thrown("ccf.crypto.digest('SHA-256', 'x')"),
        "TypeError: ArrayBuffer object expected"
    );
}

#[test]
fn js_runtime_7_2_signatures_of_each_algorithm() {
    check(
        "const data = b('data'), other = b('other');
         const ed = c.generateEddsaKeyPair('curve25519');
         const edSignature = c.sign({ name: 'EdDSA' }, ed.privateKey, data);
         equal(edSignature.byteLength, 64);
         equal(c.verifySignature({ name: 'EdDSA' }, ed.publicKey, edSignature, data), true);
         equal(c.verifySignature({ name: 'EdDSA' }, ed.publicKey, edSignature, other), false);

         for (const [curve, size] of [['secp256r1', 64], ['secp384r1', 96]]) {
           const ec = c.generateEcdsaKeyPair(curve);
           const signature = c.sign({ name: 'ECDSA', hash: 'SHA-256' }, ec.privateKey, data);
           equal(signature.byteLength, size);
           equal(c.verifySignature({ name: 'ECDSA', hash: 'SHA-256' }, ec.publicKey, signature, data), true);
           equal(c.verifySignature({ name: 'ECDSA', hash: 'SHA-256' }, ec.publicKey, signature, other), false);
           equal(c.sign({ name: 'ECDSA', hash: 'SHA-384' }, ec.privateKey, data).byteLength, size);
           equal(c.sign({ name: 'ECDSA', hash: 'SHA-512' }, ec.privateKey, data).byteLength, size);
         }

         const rsa = c.generateRsaKeyPair(2048);
         for (const saltLength of [undefined, 0, 32, -1, -2, -3]) {
           const algorithm = { name: 'RSA-PSS', hash: 'SHA-256', saltLength };
           const signature = c.sign(algorithm, rsa.privateKey, data);
           equal(signature.byteLength, 256);
           equal(c.verifySignature(algorithm, rsa.publicKey, signature, data), true);
           equal(c.verifySignature(algorithm, rsa.publicKey, signature, other), false);
         }
         const unsalted = c.sign({ name: 'RSA-PSS', hash: 'SHA-256' }, rsa.privateKey, data);
         equal(c.verifySignature({ name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 }, rsa.publicKey, unsalted, data), false);

         // RFC 4231, case 2.
         equal(hex(c.sign({ name: 'HMAC', hash: 'SHA-256' }, 'Jefe', b('what do ya want for nothing?'))),
           '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
         equal(c.sign({ name: 'HMAC', hash: 'SHA-384' }, 'k', data).byteLength, 48);
         equal(c.sign({ name: 'HMAC', hash: 'SHA-512' }, 'k', data).byteLength, 64);",
    );
}

#[test]
fn js_runtime_7_2_refusals_in_order() {
    let b = "ccf.strToBuf('x')";
    for (call, error) in [
        (
            format!("sign(undefined, 'k', {b})"),
            "TypeError: cannot read property 'name' of undefined",
        ),
        (
            "sign({ name: 'HMAC', hash: 'none' }, 'k', 'data')".to_owned(),
            "TypeError: ArrayBuffer object expected",
        ),
        (
            format!("sign({{ name: 'none', hash: 'MD5' }}, 'k', {b})"),
            "RangeError: Unsupported hash algorithm, supported: SHA-256, SHA-384, SHA-512",
        ),
        (
            format!("sign({{ name: 'HMAC' }}, 'k', {b})"),
            "RangeError: Unsupported hash algorithm, supported: SHA-256, SHA-384, SHA-512",
        ),
        (
            format!("sign({{ name: 'none', hash: 'SHA-256' }}, 'k', {b})"),
            "RangeError: Unsupported signing algorithm, supported: RSA-PSS, ECDSA, EdDSA, HMAC",
        ),
        (
            format!("sign({{ name: 'ECDSA', hash: 'SHA-256' }}, 'k', {b})"),
            "InternalError: Failed to sign: PEM constructed with non-PEM data: k",
        ),
        (
            format!("sign({{ name: 'EdDSA' }}, 'k', {b})"),
            "InternalError: Failed to sign with EdDSA pair: PEM constructed with non-PEM data: k",
        ),
        (
            format!("verifySignature({{ name: 'none' }}, 'k', 'sig', {b})"),
            "TypeError: ArrayBuffer object expected",
        ),
        (
            format!("verifySignature({{ name: 'none', hash: 'SHA-384' }}, 'k', {b}, {b})"),
            "RangeError: Unsupported hash algorithm, supported: SHA-256",
        ),
        (
            format!("verifySignature({{ name: 'HMAC', hash: 'SHA-256' }}, 'k', {b}, {b})"),
            "RangeError: Unsupported signing algorithm, supported: RSA-PSS, ECDSA, EdDSA",
        ),
        (
            format!("verifySignature({{ name: 'EdDSA' }}, 'k', {b}, {b})"),
            "RangeError: Failed to verify EdDSA signature: PEM constructed with non-PEM data: k",
        ),
        (
            format!("verifySignature({{ name: 'ECDSA', hash: 'SHA-256' }}, 'k', {b}, {b})"),
            "InternalError: Failed to verify signature: PEM constructed with non-PEM data: k",
        ),
    ] {
        assert_eq!(thrown(&format!("ccf.crypto.{call}")), error, "{call}");
    }
}

#[test]
fn js_runtime_7_3_wrapping_of_each_kind() {
    check(
        "const key = c.generateAesKey(256), rsa = c.generateRsaKeyPair(2048), kek = c.generateAesKey(256);
         const publicKey = b(rsa.publicKey), privateKey = b(rsa.privateKey + '\\0');
         for (const [wrapping, unwrapping, parameters] of [
           [publicKey, privateKey, { name: 'RSA-OAEP' }],
           [publicKey, privateKey, { name: 'RSA-OAEP', label: b('label') }],
           [publicKey, privateKey, { name: 'RSA-OAEP', label: 'no buffer' }],
           [kek, kek, { name: 'AES-KWP' }],
           [publicKey, privateKey, { name: 'RSA-OAEP-AES-KWP', aesKeySize: 256 }],
           [publicKey, privateKey, { name: 'RSA-OAEP-AES-KWP', aesKeySize: 128, label: b('label') }],
         ]) {
           const wrapped = c.wrapKey(key, wrapping, parameters);
           equal(hex(c.unwrapKey(wrapped, unwrapping, parameters)), hex(key));
         }
         const labelled = c.wrapKey(key, publicKey, { name: 'RSA-OAEP', label: b('l') });
         let refused = false;
         try { c.unwrapKey(labelled, privateKey, { name: 'RSA-OAEP' }); } catch (e) { refused = `${e}`.startsWith('InternalError: Failed to unwrap key: '); }
         equal(refused, true);",
    );
    let b = "ccf.strToBuf('x')";
    for (call, error) in [
        (
            format!("wrapKey({b}, {b}, {{ name: 'AES-GCM' }})"),
            "RangeError: unsupported key wrapping algorithm, supported: RSA-OAEP, AES-KWP, RSA-OAEP-AES-KWP",
        ),
        (
            format!("unwrapKey({b}, {b}, {{}})"),
            "RangeError: unsupported key unwrapping algorithm, supported: RSA-OAEP, AES-KWP, RSA-OAEP-AES-KWP",
        ),
        (
            format!("wrapKey('x', {b}, {{}})"),
            "TypeError: ArrayBuffer object expected",
        ),
        (
            format!("wrapKey({b}, new ArrayBuffer(0), {{ name: 'RSA-OAEP' }})"),
            "InternalError: Failed to wrap key: Got PEM of size 0",
        ),
        (
            format!("unwrapKey({b}, {b}, {{ name: 'RSA-OAEP' }})"),
            "InternalError: Failed to unwrap key: PEM constructed with non-PEM data: x",
        ),
    ] {
        assert_eq!(thrown(&format!("ccf.crypto.{call}")), error, "{call}");
    }
}

#[test]
fn js_runtime_7_4_pem_and_jwk_convert_both_ways() {
    check(
        "const ec = c.generateEcdsaKeyPair('secp256r1'), rsa = c.generateRsaKeyPair(2048), ed = c.generateEddsaKeyPair('curve25519');
         for (const [toJwk, toPem, pem, names] of [
           ['pubPemToJwk', 'pubJwkToPem', ec.publicKey, 'crv,kty,x,y'],
           ['pemToJwk', 'jwkToPem', ec.privateKey, 'crv,d,kty,x,y'],
           ['pubRsaPemToJwk', 'pubRsaJwkToPem', rsa.publicKey, 'e,kty,n'],
           ['rsaPemToJwk', 'rsaJwkToPem', rsa.privateKey, 'd,dp,dq,e,kty,n,p,q,qi'],
           ['pubEddsaPemToJwk', 'pubEddsaJwkToPem', ed.publicKey, 'crv,kty,x'],
           ['eddsaPemToJwk', 'eddsaJwkToPem', ed.privateKey, 'crv,d,kty,x'],
         ]) {
           const jwk = c[toJwk](pem);
           equal(Object.keys(jwk).sort().join(), names);
           if (toJwk !== 'rsaPemToJwk') equal(c[toPem](jwk), pem);
           equal(JSON.stringify(c[toJwk](c[toPem](jwk))), JSON.stringify(jwk));
           equal(c[toJwk](pem, 'the kid').kid, 'the kid');
           equal(JSON.stringify(jwk).includes('='), false);
           equal(c[toPem]({}), '');
           equal(c[toPem]({ kty: 'none' }), '');
           equal(c[toPem]('text'), '');
         }",
    );
    for function in [
        "pubPemToJwk",
        "pemToJwk",
        "pubRsaPemToJwk",
        "rsaPemToJwk",
        "pubEddsaPemToJwk",
        "eddsaPemToJwk",
    ] {
        assert_eq!(
            thrown(&format!("ccf.crypto.{function}('x')")),
            "InternalError: Failed to convert pem to jwk: PEM constructed with non-PEM data: x"
        );
    }
}

#[test]
fn js_runtime_7_5_certificates() {
    check(
        "equal(c.isValidX509CertBundle(''), true);
         equal(c.isValidX509CertBundle('garbage'), false);
         equal(c.isValidX509CertBundle('-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n'), false);
         equal(c.isValidX509CertChain('', ''), false);",
    );
    let key = quorate_crypto::EcKeyPair::generate(
        quorate_crypto::Curve::P256,
        &quorate_crypto::SystemEntropy,
    );
    let validity = quorate_crypto::cert::Validity {
        from: 1_600_000_000,
        days: 36_500,
    };
    let certificate =
        quorate_crypto::cert::self_signed(&key, "CN=test", &[], validity, &[1; 16]).unwrap();
    let pem = certificate.to_pem().replace('\n', "\\n");
    check(&format!(
        "const pem = '{pem}';
         equal(c.isValidX509CertBundle(pem), true);
         equal(c.isValidX509CertBundle(pem + 'anything'), true);
         equal(c.isValidX509CertChain(pem, pem), true);
         equal(c.isValidX509CertChain(pem, ''), false);
         equal(ccf.pemToId(pem), '{}');",
        certificate.fingerprint()
    ));
}
