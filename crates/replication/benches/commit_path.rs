//! The commit path in process: sequence, encode, encrypt, hash, append to the tree and sign, for private writes
//! of 20 bytes. One thread does everything; the engine only counts, so neither disk nor network is measured.

#![allow(
    clippy::expect_used,
    reason = "a benchmark stops at the first surprise"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use quorate_crypto::{Curve, EcKeyPair, SystemEntropy};
use quorate_kv::{Hooks, Snapshot, State, Tx};
use quorate_ledger::merkle::MerkleTree;
use quorate_ledger::signature::RunSigner;
use quorate_ledger::{LedgerSecret, SecretInForce, TxId, WriteSet};
use quorate_replication::{
    Batch, Effect, Engine, EngineError, Events, Listener, Member, Origin, Role, Sequencer,
    SequencerConfig, SignatureSource,
};

/// Transactions of one measured round.
const ROUND: u64 = 5_000;
/// Keys that are written over and over.
const KEYS: u64 = 10_000;

#[derive(Default)]
struct Sink(AtomicU64);

impl Engine for Sink {
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
        self.0.store(batch.last_seqno(), Ordering::Relaxed);
        black_box(batch.bytes.len());
        Ok(())
    }
    fn set_members(&self, _: &[Member]) -> Result<(), EngineError> {
        Ok(())
    }
    fn read(&self, _: u64, _: u64, _: usize) -> Result<Vec<Bytes>, EngineError> {
        Ok(Vec::new())
    }
    fn admits_writes(&self) -> Result<(), String> {
        Ok(())
    }
    fn stop(&self) {}
}

struct Node(RunSigner);

impl SignatureSource for Node {
    fn sign(&self, txid: TxId, tree: &MerkleTree) -> Result<WriteSet, String> {
        self.0
            .sign(txid, tree, "certificate", 0)
            .map_err(|error| error.to_string())
    }
}

impl Events for Node {
    fn rolled_back(&self, _: u64, _: &State) {}
    fn failed(&self, reason: &str) {
        eprintln!("the sequencer failed: {reason}");
        std::process::abort();
    }
}

fn sequencer() -> (Arc<Sequencer>, Arc<Sink>) {
    let key = || Arc::new(EcKeyPair::generate(Curve::P384, &SystemEntropy));
    let node = Arc::new(Node(
        RunSigner::new(key(), key(), "", "").expect("P-384 keys sign"),
    ));
    let secret = Arc::new(LedgerSecret::generate(&SystemEntropy).expect("32 bytes are a secret"));
    let first = SecretInForce {
        valid_from: 1,
        secret,
        previous_stored: None,
    };
    let sink = Arc::new(Sink::default());
    let config = SequencerConfig {
        signature_tx_count: ROUND,
        batch_bytes_max: usize::MAX,
        ..SequencerConfig::default()
    };
    let sequencer = Sequencer::new(
        config,
        first,
        sink.clone(),
        Hooks::<Effect>::new(),
        node.clone(),
        node,
    );
    sink.start(sequencer.clone(), Origin::Ledger)
        .expect("a sink always starts");
    (sequencer, sink)
}

fn transaction(snapshot: Snapshot, index: u64) -> Tx {
    let mut tx = Tx::new(snapshot);
    tx.put(
        "records",
        (index % KEYS).to_le_bytes().to_vec(),
        format!("{index:020}").into_bytes(),
    );
    tx
}

fn commit_path(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("commit_path");
    group
        .throughput(Throughput::Elements(ROUND))
        .measurement_time(Duration::from_secs(10))
        .sample_size(30);

    let (whole, sink) = sequencer();
    let mut index = 0;
    group.bench_function("sequence, encode, encrypt, hash, sign", |bencher| {
        bencher.iter(|| {
            for _ in 0..ROUND {
                index += 1;
                let tx = transaction(whole.snapshot(), index);
                whole.commit(tx).expect("nothing conflicts");
            }
            whole.pump(Instant::now());
            Listener::committed(&*whole, sink.0.load(Ordering::Relaxed));
        });
    });

    let (sequenced, sink) = sequencer();
    let mut index = 0;
    group.bench_function("sequence only", |bencher| {
        bencher.iter_batched(
            || {
                // Encoding what the round before has left is not measured.
                sequenced.pump(Instant::now());
                let last = sink.0.load(Ordering::Relaxed);
                if last > 0 {
                    Listener::committed(&*sequenced, last);
                }
            },
            |()| {
                for _ in 0..ROUND {
                    index += 1;
                    let tx = transaction(sequenced.snapshot(), index);
                    sequenced.commit(tx).expect("nothing conflicts");
                }
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, commit_path);
criterion_main!(benches);
