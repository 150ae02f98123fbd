//! The sequencer without threads, disk or network: an engine that only remembers, time that is passed in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use quorate_crypto::{Curve, Digest, EcKeyPair, SystemEntropy};
use quorate_kv::{Hooks, State, Tx};
use quorate_ledger::entry;
use quorate_ledger::merkle::MerkleTree;
use quorate_ledger::signature::{RunSigner, SignatureEntry};
use quorate_ledger::{LedgerSecret, SecretInForce, TxId, WriteSet};

use super::{CommitError, Effect, Events, Sequencer, SequencerConfig, SignatureSource};
use crate::{Batch, Engine, EngineError, Listener, Member, Origin, Role, TxStatus};

#[derive(Default)]
struct Memory {
    batches: Mutex<Vec<Batch>>,
    refusal: Mutex<Option<String>>,
}

impl Engine for Memory {
    fn start(&self, listener: Arc<dyn Listener>, _: Origin) -> Result<(), EngineError> {
        listener.role_changed(&Role::Primary { view: 2 });
        Ok(())
    }
    fn truncate(&self, _: u64) -> Result<(), EngineError> {
        Ok(())
    }
    fn end_recovery(&self) -> Result<(), EngineError> {
        Ok(())
    }
    fn append(&self, batch: Batch) -> Result<(), EngineError> {
        self.batches.lock().push(batch);
        Ok(())
    }
    fn set_members(&self, _: &[Member]) -> Result<(), EngineError> {
        Ok(())
    }
    fn read(&self, _: u64, _: u64, _: usize) -> Result<Vec<Bytes>, EngineError> {
        Ok(Vec::new())
    }
    fn admits_writes(&self) -> Result<(), String> {
        self.refusal.lock().clone().map_or(Ok(()), Err)
    }
    fn stop(&self) {}
}

struct Node {
    signer: RunSigner,
    log: Mutex<Vec<String>>,
}

impl SignatureSource for Node {
    fn sign(&self, txid: TxId, tree: &MerkleTree) -> Result<WriteSet, String> {
        self.signer
            .sign(txid, tree, "certificate", 0)
            .map_err(|error| error.to_string())
    }
}

impl Events for Node {
    fn rolled_back(&self, seqno: u64, _: &State) {
        self.log.lock().push(format!("rolled back to {seqno}"));
    }
    fn failed(&self, reason: &str) {
        self.log.lock().push(format!("failed: {reason}"));
    }
}

struct Fixture {
    sequencer: Arc<Sequencer>,
    engine: Arc<Memory>,
    node: Arc<Node>,
    secret: Arc<LedgerSecret>,
    began: Instant,
}

fn fixture(config: SequencerConfig, hooks: Hooks<Effect>) -> Fixture {
    let key = || Arc::new(EcKeyPair::generate(Curve::P256, &SystemEntropy));
    let signer = RunSigner::new(key(), key(), "issuer", "subject").unwrap();
    let node = Arc::new(Node {
        signer,
        log: Mutex::default(),
    });
    let engine = Arc::new(Memory::default());
    let secret = Arc::new(LedgerSecret::generate(&SystemEntropy).unwrap());
    let first = SecretInForce {
        valid_from: 1,
        secret: secret.clone(),
        previous_stored: None,
    };
    let sequencer = Sequencer::new(
        config,
        first,
        engine.clone(),
        hooks,
        node.clone(),
        node.clone(),
    );
    engine.start(sequencer.clone(), Origin::Ledger).unwrap();
    Fixture {
        sequencer,
        engine,
        node,
        secret,
        began: Instant::now(),
    }
}

fn plain() -> Fixture {
    fixture(SequencerConfig::default(), Hooks::new())
}

impl Fixture {
    fn write(&self, map: &str, key: &str, value: &str) -> Result<TxId, CommitError> {
        let mut tx = Tx::new(self.sequencer.snapshot());
        tx.put(map, key.to_owned(), value.to_owned());
        self.sequencer.commit(tx)
    }

    /// Pumps at `seconds` after the beginning.
    fn pump_at(&self, seconds: f64) {
        self.sequencer
            .pump(self.began + Duration::from_secs_f64(seconds));
    }

    fn commit_all(&self) {
        let batches = self.engine.batches.lock().clone();
        for batch in batches
            .iter()
            .filter(|batch| batch.last_seqno() > self.sequencer.committed().seqno)
        {
            committed_by(&self.sequencer, batch.last_seqno());
        }
    }

    fn batches(&self) -> Vec<Batch> {
        self.engine.batches.lock().clone()
    }

    fn log(&self) -> Vec<String> {
        self.node.log.lock().clone()
    }
}

fn committed_by(listener: &Sequencer, seqno: u64) {
    Listener::committed(listener, seqno);
}

#[test]
fn design_3_4_a_run_ends_in_its_signature_over_everything_below() {
    let fixture = plain();
    for index in 0..3 {
        assert_eq!(
            fixture.write("records", "k", &index.to_string()).unwrap(),
            TxId {
                view: 2,
                seqno: index + 1
            }
        );
    }
    fixture.sequencer.sign_now().unwrap();
    let [batch] = fixture
        .batches()
        .try_into()
        .unwrap_or_else(|_| panic!("one run"));
    assert_eq!(
        (batch.view, batch.first_seqno, batch.last_seqno()),
        (2, 1, 4)
    );
    let mut tree = MerkleTree::new();
    assert_eq!(batch.previous_root, tree.root());
    for (seqno, bytes) in batch.entries() {
        let decoded = entry::decode(&bytes, Some(&fixture.secret)).unwrap();
        assert_eq!(decoded.txid, TxId { view: 2, seqno });
        if seqno == 4 {
            let signature = SignatureEntry::read(&decoded.writes)
                .unwrap()
                .expect("a signature");
            assert_eq!(signature.primary.root, tree.root());
            signature.verify_tree(&tree).unwrap();
        }
        tree.append(decoded.leaf());
    }
}

#[test]
fn ledger_4_4_the_timer_signs_what_is_unsigned_and_nothing_else() {
    let fixture = plain();
    fixture.pump_at(0.0);
    fixture.pump_at(5.0);
    assert!(
        fixture.batches().is_empty(),
        "an idle primary emits nothing"
    );
    fixture.write("m", "k", "v").unwrap();
    fixture.pump_at(5.5);
    assert!(fixture.batches().is_empty(), "the delay is not over");
    fixture.pump_at(6.0);
    assert_eq!(fixture.batches().len(), 1);
    fixture.pump_at(9.0);
    assert_eq!(
        fixture.batches().len(),
        1,
        "never directly after a signature of the same view"
    );
}

#[test]
fn ledger_4_4_so_many_transactions_are_signed_at_once() {
    let fixture = fixture(
        SequencerConfig {
            signature_tx_count: 3,
            ..SequencerConfig::default()
        },
        Hooks::new(),
    );
    fixture.pump_at(0.0);
    for index in 0..3 {
        assert!(fixture.batches().is_empty());
        fixture.write("m", &index.to_string(), "v").unwrap();
        fixture.pump_at(0.1);
    }
    assert_eq!(fixture.batches()[0].last_seqno(), 4);
}

#[test]
fn design_3_4_so_many_bytes_are_signed_at_once() {
    let fixture = fixture(
        SequencerConfig {
            batch_bytes_max: 1000,
            ..SequencerConfig::default()
        },
        Hooks::new(),
    );
    fixture.pump_at(0.0);
    fixture.write("m", "k", &"x".repeat(500)).unwrap();
    fixture.pump_at(0.1);
    assert!(fixture.batches().is_empty());
    fixture.write("m", "k", &"x".repeat(500)).unwrap();
    fixture.pump_at(0.2);
    assert_eq!(fixture.batches().len(), 1);
}

#[test]
fn apps_7_a_read_that_changed_is_a_conflict_and_nothing_happens() {
    let fixture = plain();
    fixture.write("m", "k", "1").unwrap();
    let mut stale = Tx::new(fixture.sequencer.snapshot());
    assert_eq!(stale.get("m", b"k").unwrap(), "1");
    stale.put("m", "other", "x");
    fixture.write("m", "k", "2").unwrap();
    assert!(matches!(
        fixture.sequencer.commit(stale),
        Err(CommitError::Conflict)
    ));
    assert_eq!(fixture.sequencer.snapshot().txid.seqno, 2);
    assert!(
        fixture
            .sequencer
            .snapshot()
            .state
            .get("m", b"other")
            .is_none()
    );
}

#[test]
fn apps_7_a_read_only_transaction_has_the_id_it_read_and_no_entry() {
    let fixture = plain();
    let id = fixture.write("m", "k", "1").unwrap();
    let mut tx = Tx::new(fixture.sequencer.snapshot());
    tx.get("m", b"k");
    assert_eq!(fixture.sequencer.commit(tx).unwrap(), id);
    assert_eq!(fixture.sequencer.snapshot().txid, id);
}

#[test]
fn node_and_operations_3_1_an_entry_above_the_limit_is_refused_and_the_node_lives() {
    let fixture = fixture(
        SequencerConfig {
            entry_bytes_max: 400,
            ..SequencerConfig::default()
        },
        Hooks::new(),
    );
    assert!(matches!(
        fixture.write("m", "k", &"x".repeat(400)),
        Err(CommitError::TooLarge { bytes_max: 400, .. })
    ));
    assert_eq!(fixture.write("m", "k", "small").unwrap().seqno, 1);
}

#[test]
fn ledger_7_3_pending_until_the_engine_commits_then_committed() {
    let fixture = plain();
    let id = fixture.write("m", "k", "v").unwrap();
    assert_eq!(fixture.sequencer.status(id), TxStatus::Pending);
    assert_eq!(fixture.sequencer.uncommitted(), 1);
    fixture.sequencer.sign_now().unwrap();
    assert_eq!(fixture.sequencer.status(id), TxStatus::Pending);
    assert!(
        fixture
            .sequencer
            .committed_state()
            .state
            .get("m", b"k")
            .is_none()
    );
    fixture.commit_all();
    assert_eq!(fixture.sequencer.status(id), TxStatus::Committed);
    assert_eq!(fixture.sequencer.committed(), TxId { view: 2, seqno: 2 });
    assert_eq!(fixture.sequencer.uncommitted(), 0);
    assert_eq!(
        fixture
            .sequencer
            .committed_state()
            .state
            .get("m", b"k")
            .unwrap()
            .value,
        "v"
    );
    assert_eq!(
        fixture.sequencer.status(TxId { view: 1, seqno: 1 }),
        TxStatus::Invalid
    );
    assert_eq!(
        fixture.sequencer.status(TxId { view: 2, seqno: 9 }),
        TxStatus::Unknown
    );
}

#[test]
fn kv_tables_1_6_commit_hooks_have_run_before_the_commit_shows() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut hooks = Hooks::new();
    let record = seen.clone();
    hooks.on_commit("watched", move |seqno, writes| {
        record.lock().push((seqno, writes.len()));
        Ok(())
    });
    let fixture = fixture(SequencerConfig::default(), hooks);
    fixture.write("watched", "a", "1").unwrap();
    fixture.write("other", "b", "1").unwrap();
    fixture.write("watched", "c", "1").unwrap();
    fixture.sequencer.sign_now().unwrap();
    assert!(seen.lock().is_empty(), "nothing before the commit");
    fixture.commit_all();
    assert_eq!(*seen.lock(), [(1, 1), (3, 1)]);
}

#[test]
fn kv_tables_1_6_a_local_hook_that_refuses_leaves_everything_as_it_was() {
    let mut hooks = Hooks::new();
    hooks.on_apply("watched", |_, _| Err("not so".to_owned()));
    let fixture = fixture(SequencerConfig::default(), hooks);
    let refusal = fixture.write("watched", "a", "1").unwrap_err();
    assert!(refusal.to_string().contains("not so"), "{refusal}");
    assert_eq!(fixture.sequencer.snapshot().txid.seqno, 0);
}

#[test]
fn recovery_7_a_rekey_takes_effect_from_the_next_seqno() {
    let new = Arc::new(LedgerSecret::generate(&SystemEntropy).unwrap());
    let mut hooks = Hooks::new();
    let secret = new.clone();
    hooks.on_apply("secrets", move |seqno, _| {
        Ok(Some(Effect::InstallSecret(SecretInForce {
            valid_from: seqno + 1,
            secret: secret.clone(),
            previous_stored: Some(seqno),
        })))
    });
    let fixture = fixture(SequencerConfig::default(), hooks);
    fixture.write("secrets", "k", "v").unwrap();
    fixture.write("records", "k", "v").unwrap();
    fixture.sequencer.sign_now().unwrap();
    let entries: Vec<_> = fixture.batches()[0].entries().collect();
    let opens = |index: usize, secret: &LedgerSecret| {
        entry::decode(&entries[index].1, Some(secret)).is_ok()
    };
    assert!(opens(0, &fixture.secret) && !opens(0, &new));
    assert!(opens(1, &new) && !opens(1, &fixture.secret));
    assert!(opens(2, &new), "the signature too");
    assert_eq!(
        fixture.sequencer.latest_secrets().0.previous_stored,
        Some(1)
    );
}

#[test]
fn governance_api_4_2_the_root_covers_everything_up_to_the_snapshot() {
    let fixture = plain();
    assert_eq!(
        fixture.sequencer.snapshot_with_root().unwrap().1,
        Digest::default()
    );
    fixture.write("m", "k", "1").unwrap();
    fixture.write("m", "k", "2").unwrap();
    let (snapshot, root) = fixture.sequencer.snapshot_with_root().unwrap();
    assert_eq!(snapshot.txid.seqno, 2);
    fixture.sequencer.sign_now().unwrap();
    let entries: Vec<_> = fixture.batches()[0].entries().collect();
    let signature = entry::decode(&entries[2].1, Some(&fixture.secret)).unwrap();
    assert_eq!(
        SignatureEntry::read(&signature.writes)
            .unwrap()
            .unwrap()
            .primary
            .root,
        root
    );
}

#[test]
fn design_3_9_truncation_cuts_head_tree_and_order_at_a_batch_border() {
    let fixture = plain();
    let kept = fixture.write("m", "k", "kept").unwrap();
    fixture.sequencer.sign_now().unwrap();
    committed_by(&fixture.sequencer, 2);
    let root = fixture.sequencer.snapshot_with_root().unwrap().1;
    let lost = fixture.write("m", "k", "lost").unwrap();
    fixture.sequencer.sign_now().unwrap();
    fixture.write("m", "k", "never signed").unwrap();

    fixture.sequencer.truncated(2);
    assert_eq!(fixture.log(), ["rolled back to 2"]);
    assert_eq!(
        fixture
            .sequencer
            .snapshot()
            .state
            .get("m", b"k")
            .unwrap()
            .value,
        "kept"
    );
    assert!(matches!(
        fixture.write("m", "k", "x"),
        Err(CommitError::NotPrimary)
    ));

    fixture.sequencer.role_changed(&Role::Primary { view: 4 });
    assert_eq!(fixture.sequencer.snapshot_with_root().unwrap().1, root);
    let next = fixture.write("m", "k", "next").unwrap();
    assert_eq!(next, TxId { view: 4, seqno: 3 });
    fixture.sequencer.sign_now().unwrap();
    let batch = fixture.batches().pop().unwrap();
    assert_eq!((batch.view, batch.first_seqno), (4, 3));
    committed_by(&fixture.sequencer, batch.last_seqno());
    assert_eq!(fixture.sequencer.status(lost), TxStatus::Invalid);
    assert_eq!(fixture.sequencer.status(kept), TxStatus::Committed);
    assert_eq!(fixture.sequencer.status(next), TxStatus::Committed);
}

#[test]
fn design_3_4_closing_signs_the_open_run_and_admits_nothing_more() {
    let fixture = plain();
    fixture.write("m", "k", "v").unwrap();
    fixture.sequencer.close().unwrap();
    assert_eq!(fixture.batches()[0].last_seqno(), 2);
    assert!(matches!(
        fixture.write("m", "k", "v"),
        Err(CommitError::Stopped)
    ));
}

#[test]
fn design_3_6_writes_are_refused_while_the_engine_refuses_and_come_back() {
    let fixture = plain();
    *fixture.engine.refusal.lock() = Some("no space".to_owned());
    let refusal = fixture.write("m", "k", "v").unwrap_err();
    assert!(refusal.to_string().contains("no space"), "{refusal}");
    *fixture.engine.refusal.lock() = None;
    assert_eq!(fixture.write("m", "k", "v").unwrap().seqno, 1);
}

#[test]
fn ledger_1_4_a_requested_chunk_ends_at_the_next_signature() {
    let fixture = plain();
    let mut tx = Tx::new(fixture.sequencer.snapshot());
    tx.put("m", "k", "v");
    tx.request_ledger_chunk();
    fixture.sequencer.commit(tx).unwrap();
    fixture.sequencer.sign_now().unwrap();
    fixture.write("m", "k", "v").unwrap();
    fixture.sequencer.sign_now().unwrap();
    let ends = |batch: &Batch| {
        let (_, last) = batch.entries().last().unwrap();
        entry::decode(&last, None)
            .unwrap()
            .flags
            .contains(entry::Flags::FORCE_CHUNK_AFTER)
    };
    assert_eq!(
        fixture.batches().iter().map(ends).collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn a_commit_of_what_is_no_signature_ends_the_node() {
    let fixture = plain();
    fixture.write("m", "k", "v").unwrap();
    fixture.sequencer.sign_now().unwrap();
    committed_by(&fixture.sequencer, 1);
    assert!(
        fixture.log()[0].starts_with("failed: the engine committed seqno 1"),
        "{:?}",
        fixture.log()
    );
    assert_eq!(fixture.sequencer.committed().seqno, 0);
}

#[test]
fn design_3_11_uncommitted_bytes_are_counted_from_sequencing_to_commitment() {
    let fixture = plain();
    let counted = || {
        fixture
            .sequencer
            .uncommitted_bytes
            .load(std::sync::atomic::Ordering::Relaxed)
    };
    fixture.write("m", "k", "v").unwrap();
    let one = counted();
    assert!(one > 100, "a header, a domain and a write: {one}");
    fixture.write("m", "k", "v").unwrap();
    assert_eq!(counted(), 2 * one);
    fixture.sequencer.sign_now().unwrap();
    assert_eq!(counted(), fixture.batches()[0].bytes.len() as u64);
    fixture.commit_all();
    assert_eq!(counted(), 0);

    fixture.write("m", "k", "lost").unwrap();
    fixture.sequencer.sign_now().unwrap();
    fixture.write("m", "k", "never signed").unwrap();
    fixture.sequencer.truncated(3);
    assert_eq!(counted(), 0);
}
