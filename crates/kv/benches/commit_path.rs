//! What one small transaction costs from execution to the new head. The part between `validate` and `apply` is the only
//! one that nothing else runs beside.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use quorate_kv::{Snapshot, Tx, TxId, WriteSet};

const MAPS: u64 = 60;

fn key(n: u64) -> Bytes {
    Bytes::from(format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// A head with as many maps as a service has, one of which holds `keys` records.
fn head(keys: u64) -> Snapshot {
    let mut writes = WriteSet::new();
    for map in 0..MAPS {
        writes.put(&format!("public:ccf.gov.table{map}"), "key", "value");
    }
    for n in 0..keys {
        writes.put("records", key(n), vec![0; 20]);
    }
    let mut head = Snapshot::default();
    head.state.apply(1, &writes);
    head.txid = TxId::new(2, 1);
    head
}

fn execute(head: &Snapshot, key: &Bytes) -> Tx {
    let mut tx = Tx::new(head.clone());
    tx.get("public:ccf.gov.table7", b"key");
    tx.get("records", key);
    tx.put("records", key.clone(), vec![1; 20]);
    tx
}

fn commit(head: &mut Snapshot, tx: Tx) {
    let parts = tx.into_parts();
    if parts.reads.validate(&head.state).is_ok() {
        head.txid.seqno += 1;
        head.state.apply(head.txid.seqno, &parts.writes);
    }
}

fn commit_path(c: &mut Criterion) {
    for keys in [1_000, 100_000] {
        let mut n = 0;
        let mut next_key = move || {
            n = (n + 7919) % keys;
            key(n)
        };
        c.bench_function(&format!("execute, {keys} records"), |b| {
            let head = head(keys);
            b.iter_batched(
                &mut next_key,
                |key| execute(&head, &key),
                BatchSize::SmallInput,
            );
        });
        c.bench_function(
            &format!("execute, validate and apply, {keys} records"),
            |b| {
                let mut head = head(keys);
                b.iter_batched(
                    || (),
                    |()| {
                        let tx = execute(&head, &next_key());
                        commit(&mut head, tx);
                    },
                    BatchSize::SmallInput,
                );
            },
        );
        c.bench_function(
            &format!("execute, validate and apply beside a snapshot, {keys} records"),
            |b| {
                let mut head = head(keys);
                let mut snapshot = head.clone();
                b.iter_batched(
                    || (),
                    |()| {
                        let tx = execute(&head, &next_key());
                        commit(&mut head, tx);
                        snapshot = head.clone();
                    },
                    BatchSize::SmallInput,
                );
                black_box(&snapshot);
            },
        );
    }
}

criterion_group!(benches, commit_path);
criterion_main!(benches);
