use std::cell::{Cell, RefCell};

use super::*;
use crate::{ScriptError, tests::Eval};

/// Notes each effect, or refuses all of them with a text.
#[derive(Default)]
struct Recorder {
    seen: RefCell<Vec<String>>,
    refusal: RefCell<Option<String>>,
    write: Cell<bool>,
}

impl Recorder {
    fn note(&self, tx: &mut Tx, what: impl Into<String>) -> std::result::Result<(), EffectError> {
        if let Some(text) = self.refusal.borrow().as_ref() {
            return Err(EffectError::new(text.clone()));
        }
        if self.write.get() {
            tx.put("public:ccf.gov.effect", b"k".to_vec(), b"v".to_vec());
        }
        self.seen.borrow_mut().push(what.into());
        Ok(())
    }
}

impl Effects for Recorder {
    fn trigger_ledger_rekey(&self, tx: &mut Tx) -> std::result::Result<(), EffectError> {
        self.note(tx, "rekey")
    }

    fn trigger_recovery_shares_refresh(&self, tx: &mut Tx) -> std::result::Result<(), EffectError> {
        self.note(tx, "shares")
    }

    fn transition_service_to_open(
        &self,
        tx: &mut Tx,
        previous: Option<Vec<u8>>,
        next: Option<Vec<u8>>,
    ) -> std::result::Result<(), EffectError> {
        let text = |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8(bytes).unwrap());
        self.note(tx, format!("open {:?} {:?}", text(previous), text(next)))
    }

    fn trigger_ledger_chunk(&self, tx: &mut Tx) -> std::result::Result<(), EffectError> {
        self.note(tx, "chunk")
    }

    fn trigger_snapshot(&self, tx: &mut Tx) -> std::result::Result<(), EffectError> {
        self.note(tx, "snapshot")
    }

    fn latest_ledger_secret_seqno(&self, tx: &mut Tx) -> std::result::Result<u64, EffectError> {
        self.note(tx, "seqno").map(|()| 42)
    }

    fn generate_endorsed_certificate(
        &self,
        tx: &mut Tx,
        csr: &str,
        valid_from: &str,
        days: u64,
    ) -> std::result::Result<String, EffectError> {
        self.note(tx, format!("endorse {csr} {valid_from} {days}"))
            .map(|()| "endorsed".to_owned())
    }

    fn generate_network_certificate(
        &self,
        tx: &mut Tx,
        valid_from: &str,
        days: u64,
    ) -> std::result::Result<String, EffectError> {
        self.note(tx, format!("network {valid_from} {days}"))
            .map(|()| "network cert".to_owned())
    }

    fn refresh_app_bytecode_cache(&self, tx: &mut Tx) -> std::result::Result<(), EffectError> {
        self.note(tx, "bytecode")
    }

    fn set_jwt_public_signing_keys(
        &self,
        tx: &mut Tx,
        issuer: &str,
        metadata_json: &str,
        jwks_json: &str,
    ) -> std::result::Result<(), EffectError> {
        self.note(tx, format!("set {issuer} {metadata_json} {jwks_json}"))
    }

    fn remove_jwt_public_signing_keys(
        &self,
        tx: &mut Tx,
        issuer: &str,
    ) -> std::result::Result<(), EffectError> {
        self.note(tx, format!("remove {issuer}"))
    }
}

fn reason(error: ScriptError) -> String {
    match error {
        ScriptError::Exception { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn js_runtime_8_2_each_function_has_its_effect() {
    for (call, effect) in [
        ("ccf.node.triggerLedgerRekey()", "rekey"),
        ("ccf.node.triggerRecoverySharesRefresh()", "shares"),
        (
            "ccf.node.transitionServiceToOpen(undefined, ccf.strToBuf('next'))",
            r#"open None Some("next")"#,
        ),
        (
            "ccf.node.transitionServiceToOpen(ccf.strToBuf('previous'), ccf.strToBuf(''))",
            r#"open Some("previous") Some("")"#,
        ),
        ("ccf.node.triggerLedgerChunk()", "chunk"),
        ("ccf.node.triggerLedgerChunk(1, 2, 3)", "chunk"),
        ("ccf.node.triggerSnapshot('ignored')", "snapshot"),
        (
            "ccf.network.generateEndorsedCertificate('-----BEGIN X', '20240101000000Z', 365)",
            "endorse -----BEGIN X 20240101000000Z 365",
        ),
        (
            "ccf.network.generateNetworkCertificate('now', '12')",
            "network now 12",
        ),
        (
            "ccf.network.generateNetworkCertificate('now', undefined)",
            "network now 0",
        ),
        (
            "ccf.network.generateNetworkCertificate('now', 2 ** 53 - 1)",
            "network now 9007199254740991",
        ),
        ("ccf.refreshAppBytecodeCache()", "bytecode"),
        (
            "ccf.setJwtPublicSigningKeys('iss', { a: 1 }, { keys: [] })",
            r#"set iss {"a":1} {"keys":[]}"#,
        ),
        ("ccf.removeJwtPublicSigningKeys('iss')", "remove iss"),
    ] {
        let recorder = Rc::new(Recorder::default());
        Eval::new().effects(recorder.clone()).apply(call).unwrap();
        assert_eq!(*recorder.seen.borrow(), [effect], "{call}");
    }
}

#[test]
fn js_runtime_8_2_results_reach_the_script() {
    for (call, result) in [
        ("ccf.network.getLatestLedgerSecretSeqno()", "42"),
        (
            "ccf.network.generateEndorsedCertificate('-----BEGIN X', 'f', 1)",
            "endorsed",
        ),
        (
            "ccf.network.generateNetworkCertificate('f', 1)",
            "network cert",
        ),
        ("ccf.node.triggerLedgerChunk()", "undefined"),
        (
            "ccf.node.transitionServiceToOpen(undefined, ccf.strToBuf('n'))",
            "undefined",
        ),
        ("ccf.setJwtPublicSigningKeys('i', {}, {})", "undefined"),
    ] {
        let recorder = Rc::new(Recorder::default());
        let body = format!("const r = String({call}); if (r !== '{result}') throw new Error(r);");
        Eval::new().effects(recorder).apply(&body).unwrap();
    }
}

#[test]
fn js_runtime_8_2_effects_act_within_the_transaction_of_the_script() {
    let recorder = Rc::new(Recorder::default());
    recorder.write.set(true);
    let mut eval = Eval::new().effects(recorder);
    eval.apply(
        "ccf.node.triggerSnapshot();
         if (!ccf.kv['public:ccf.gov.effect'].has(ccf.strToBuf('k'))) throw new Error('not seen');",
    )
    .unwrap();
    assert!(
        eval.tx
            .write_set()
            .get("public:ccf.gov.effect", b"k")
            .is_some()
    );
}

#[test]
fn js_runtime_8_2_a_refusal_stands_behind_the_functions_prefix() {
    for (call, text) in [
        (
            "ccf.node.triggerLedgerRekey()",
            "Failed to rekey ledger: no",
        ),
        (
            "ccf.node.triggerRecoverySharesRefresh()",
            "Unable to trigger recovery shares refresh: no",
        ),
        (
            "ccf.node.transitionServiceToOpen(undefined, ccf.strToBuf('n'))",
            "Unable to open service: no",
        ),
        (
            "ccf.node.triggerLedgerChunk()",
            "Unable to force ledger chunk: no",
        ),
        (
            "ccf.node.triggerSnapshot()",
            "Unable to request snapshot: no",
        ),
        (
            "ccf.network.getLatestLedgerSecretSeqno()",
            "Failed to fetch latest ledger secret seqno: no",
        ),
        (
            "ccf.network.generateEndorsedCertificate('-----BEGIN X', 'f', 1)",
            "Failed to create endorsed cert: no",
        ),
        (
            "ccf.network.generateNetworkCertificate('f', 1)",
            "Error: no",
        ),
        (
            "ccf.refreshAppBytecodeCache()",
            "Failed to refresh bytecode: no",
        ),
        (
            "ccf.setJwtPublicSigningKeys('i', {}, {})",
            "Error setting JWT public signing keys: no",
        ),
        (
            "ccf.removeJwtPublicSigningKeys('i')",
            "Failed to remove JWT public signing keys: no",
        ),
    ] {
        let recorder = Rc::new(Recorder::default());
        recorder.refusal.replace(Some("no".to_owned()));
        let error = Eval::new().effects(recorder).apply(call).unwrap_err();
        assert_eq!(reason(error), format!("InternalError: {text}"), "{call}");
    }
    let recorder = Rc::new(Recorder::default());
    recorder
        .refusal
        .replace(Some("Could not rekey ledger".to_owned()));
    let error = Eval::new()
        .effects(recorder)
        .apply("ccf.node.triggerLedgerRekey()")
        .unwrap_err();
    assert_eq!(reason(error), "InternalError: Could not rekey ledger");
}

#[test]
fn governance_api_6_2_a_long_refusal_is_cut_for_the_script() {
    let recorder = Rc::new(Recorder::default());
    recorder.refusal.replace(Some("x".repeat(1000)));
    let error = Eval::new()
        .effects(recorder)
        .apply("ccf.node.transitionServiceToOpen(undefined, ccf.strToBuf('n'))")
        .unwrap_err();
    assert_eq!(reason(error).len(), "InternalError: ".len() + 255);
}

#[test]
fn js_runtime_8_2_wrong_arguments() {
    for (call, error) in [
        (
            "ccf.node.triggerLedgerRekey(1)",
            "TypeError: Passed 1 arguments but expected none",
        ),
        (
            "ccf.node.triggerRecoverySharesRefresh(1)",
            "TypeError: Passed 1 arguments but expected none",
        ),
        (
            "ccf.node.transitionServiceToOpen()",
            "TypeError: Passed 0 arguments but expected two",
        ),
        (
            "ccf.node.transitionServiceToOpen('pem', ccf.strToBuf('n'))",
            "TypeError: Previous service identity argument is not an array buffer",
        ),
        (
            "ccf.node.transitionServiceToOpen(undefined, undefined)",
            "InternalError: Proposal requires a service identity",
        ),
        (
            "ccf.node.transitionServiceToOpen(undefined, 'pem')",
            "TypeError: Next service identity argument is not an array buffer",
        ),
        (
            "ccf.network.getLatestLedgerSecretSeqno(1)",
            "TypeError: Passed 1 arguments but expected none",
        ),
        (
            "ccf.network.generateEndorsedCertificate('a', 'b')",
            "TypeError: Passed 2 arguments but expected 3",
        ),
        (
            "ccf.network.generateEndorsedCertificate('csr', 'b', 1)",
            "InternalError: CSR is not valid PEM: PEM constructed with non-PEM data: csr",
        ),
        (
            "ccf.network.generateEndorsedCertificate('-----BEGIN X', 'b', -1)",
            "RangeError: invalid array index",
        ),
        (
            "ccf.network.generateNetworkCertificate('b')",
            "TypeError: Passed 1 arguments but expected 2",
        ),
        (
            "ccf.network.generateNetworkCertificate('b', 2 ** 53)",
            "RangeError: invalid array index",
        ),
        (
            "ccf.refreshAppBytecodeCache(1)",
            "TypeError: Passed 1 arguments but expected none",
        ),
        (
            "ccf.setJwtPublicSigningKeys('i', {})",
            "TypeError: Passed 2 arguments but expected 3",
        ),
        (
            "ccf.setJwtPublicSigningKeys(1, {}, {})",
            "TypeError: issuer argument is not a string",
        ),
        (
            "ccf.setJwtPublicSigningKeys('i', '{}', {})",
            "TypeError: metadata argument is not a JSON object",
        ),
        (
            "ccf.setJwtPublicSigningKeys('i', () => 1, {})",
            "TypeError: Failed to convert metadata JSON to string",
        ),
        (
            "ccf.setJwtPublicSigningKeys('i', {}, null)",
            "TypeError: jwks argument is not a JSON object",
        ),
        (
            "ccf.setJwtPublicSigningKeys('i', {}, () => 1)",
            "TypeError: Failed to convert JWKS JSON to string",
        ),
        (
            "ccf.removeJwtPublicSigningKeys()",
            "TypeError: Passed 0 arguments but expected 1",
        ),
    ] {
        let recorder = Rc::new(Recorder::default());
        let thrown = Eval::new()
            .effects(recorder.clone())
            .apply(call)
            .unwrap_err();
        assert_eq!(reason(thrown), error, "{call}");
        assert!(recorder.seen.borrow().is_empty(), "{call}");
    }
}

#[test]
fn js_runtime_8_2_without_effects_there_is_an_error() {
    let error = Eval::new()
        .access(crate::Access::GovReadWrite)
        .apply("ccf.node.triggerSnapshot();")
        .unwrap_err();
    assert_eq!(
        reason(error),
        "InternalError: Failed to get governance effects object"
    );
}
