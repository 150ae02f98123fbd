//! What one write costs from the write set to the Merkle tree, and what of it is AES-GCM and SHA-256. One core.

// A benchmark that cannot go on may end.
#![allow(clippy::expect_used)]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quorate_crypto::{Digest, HmacKey, aead::AesGcmKey, sha256, sha256_parts};
use quorate_ledger::{
    LedgerSecret, TxId, WriteSet,
    entry::{self, Flags},
    merkle::MerkleTree,
};

/// A private write of 20 bytes, as the target of the ledger's hot path is stated for.
fn writes() -> WriteSet {
    let mut writes = WriteSet::new();
    writes.put("records", 42_u64.to_le_bytes().to_vec(), vec![b'x'; 20]);
    writes
}

fn commit_path(criterion: &mut Criterion) {
    let secret = LedgerSecret::from_bytes(&[7; 32]).expect("32 bytes");
    let (writes, claims) = (writes(), Digest::default());
    let mut group = criterion.benchmark_group("commit_path");
    group.throughput(Throughput::Elements(1));

    let (mut tree, mut out, mut seqno) = (MerkleTree::new(), Vec::with_capacity(1 << 20), 0);
    group.bench_function("encode, encrypt, hash, append to the tree", |bencher| {
        bencher.iter(|| {
            seqno += 1;
            // A run is about this long; its buffer is used again.
            if out.len() > 1 << 19 {
                out.clear();
            }
            let txid = TxId::new(2, seqno);
            let made = entry::encode(
                txid,
                black_box(&writes),
                &claims,
                &secret,
                Flags::NONE,
                &mut out,
            );
            tree.append(made.expect("a small write").leaf);
            // As commit does once in a while.
            if seqno % 10_000 == 0 {
                tree.flush(tree.len() - 1).expect("the last leaf stays");
            }
        });
    });
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            out.clear();
            entry::encode(
                TxId::new(2, 1),
                black_box(&writes),
                &claims,
                &secret,
                Flags::NONE,
                &mut out,
            )
        });
    });
    group.bench_function("append to the tree", |bencher| {
        bencher.iter(|| {
            tree.append(black_box(claims));
            if tree.len() % 10_000 == 0 {
                tree.flush(tree.len() - 1).expect("the last leaf stays");
            }
        });
    });
    group.finish();

    shares(criterion, &writes, &secret);
}

/// The cryptographic parts of `encode`, on inputs of the same size.
fn shares(criterion: &mut Criterion, writes: &WriteSet, secret: &LedgerSecret) {
    let mut bytes = Vec::new();
    let made = entry::encode(
        TxId::new(2, 1_000_000),
        writes,
        &Digest::default(),
        secret,
        Flags::NONE,
        &mut bytes,
    )
    .expect("a small write");
    let private_len = entry::decode(&bytes, Some(secret))
        .expect("own entry")
        .private_len;
    let public = bytes[44..bytes.len() - private_len].to_vec();
    let (key, iv) = (AesGcmKey::from_bytes(&[7; 32]).expect("32 bytes"), [1; 12]);
    let mut private = vec![0; private_len];
    let evidence = entry::commit_evidence(TxId::new(2, 1_000_000), secret);
    let hmac = HmacKey::new(&[7; 32]);

    let mut group = criterion.benchmark_group("shares");
    group.throughput(Throughput::Elements(1));
    group.bench_function(
        format!("AES-GCM, {} + {private_len} bytes", public.len()),
        |bencher| {
            bencher.iter(|| key.seal_in_place(&iv, black_box(&public), &mut private));
        },
    );
    group.bench_function(
        format!("SHA-256 of the entry, {} bytes", bytes.len()),
        |bencher| {
            bencher.iter(|| sha256(black_box(&bytes)));
        },
    );
    group.bench_function("HMAC-SHA-256 of the commit nonce", |bencher| {
        bencher.iter(|| hmac.sign(black_box(b"2.1000000")));
    });
    group.bench_function("SHA-256 of the commit evidence", |bencher| {
        bencher.iter(|| sha256(black_box(evidence.as_bytes())));
    });
    group.bench_function("SHA-256 of the leaf", |bencher| {
        let (entry, evidence, claims) = (
            made.write_set_digest,
            made.commit_evidence_digest,
            Digest::default(),
        );
        bencher.iter(|| {
            sha256_parts(&[
                black_box(&entry).as_bytes(),
                evidence.as_bytes(),
                claims.as_bytes(),
            ])
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(5)).without_plots();
    targets = commit_path
}
criterion_main!(benches);
