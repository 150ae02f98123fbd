//! The one-node engine on real files in a temporary directory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use quorate_crypto::{Digest, SystemEntropy};
use quorate_ledger::entry::{self, Flags};
use quorate_ledger::files::{FilesConfig, LedgerFiles};
use quorate_ledger::{LedgerSecret, TxId, WriteSet};

use super::{OneNode, Slowness, slowness};
use crate::{Batch, Engine, EngineError, Listener, Member, Origin, Role};

#[derive(Default)]
struct Record {
    events: Mutex<Vec<String>>,
    changed: Condvar,
}

impl Record {
    fn note(&self, event: String) {
        self.events.lock().push(event);
        self.changed.notify_all();
    }

    fn wait_for(&self, event: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut events = self.events.lock();
        while !events.iter().any(|known| known == event) {
            assert!(
                !self.changed.wait_until(&mut events, deadline).timed_out(),
                "{event} not in {events:?}"
            );
        }
    }
}

impl Listener for Record {
    fn committed(&self, seqno: u64) {
        self.note(format!("committed {seqno}"));
    }
    fn truncated(&self, seqno: u64) {
        self.note(format!("truncated {seqno}"));
    }
    fn role_changed(&self, role: &Role) {
        self.note(format!("{role:?}"));
    }
    fn failed(&self, reason: &str) {
        self.note(format!("failed {reason}"));
    }
}

fn batch(view: u64, first_seqno: u64, count: u64) -> Batch {
    let secret = LedgerSecret::generate(&SystemEntropy).unwrap();
    let (mut bytes, mut lengths) = (Vec::new(), Vec::new());
    for seqno in first_seqno..first_seqno + count {
        let mut writes = WriteSet::default();
        if seqno == first_seqno + count - 1 {
            // Only signatures may end a chunk.
            for table in ["public:ccf.internal.signatures", "public:ccf.internal.tree"] {
                writes.put(table, vec![0; 8], "{}");
            }
        } else {
            writes.put("public:m", "k", seqno.to_string());
        }
        let ends = if seqno == first_seqno + count - 1 {
            Flags::FORCE_CHUNK_AFTER
        } else {
            Flags::NONE
        };
        let encoded = entry::encode(
            TxId { view, seqno },
            &writes,
            &Digest::default(),
            &secret,
            ends,
            &mut bytes,
        )
        .unwrap();
        lengths.push(u32::try_from(encoded.len).unwrap());
    }
    Batch {
        view,
        first_seqno,
        previous_root: Digest::default(),
        bytes: Bytes::from(bytes),
        lengths,
    }
}

fn engine(directory: &std::path::Path) -> (OneNode, Arc<Record>) {
    let files =
        LedgerFiles::open_new(&directory.join("ledger"), &[], &FilesConfig::default()).unwrap();
    let (engine, record) = (OneNode::new(files, 2), Arc::new(Record::default()));
    engine.start(record.clone(), Origin::Ledger).unwrap();
    (engine, record)
}

#[test]
fn design_3_5_a_run_is_committed_when_it_is_on_disk_and_files_get_their_names() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, record) = engine(directory.path());
    record.wait_for(&format!("{:?}", Role::Primary { view: 2 }));
    let first = batch(2, 1, 2);
    engine.append(first.clone()).unwrap();
    record.wait_for("committed 2");
    assert_eq!(engine.read(1, 2, usize::MAX).unwrap().concat(), first.bytes);
    engine.append(batch(2, 3, 3)).unwrap();
    record.wait_for("committed 5");
    engine.stop();
    for name in ["ledger_1-2.committed", "ledger_3-5.committed"] {
        assert!(
            directory.path().join("ledger").join(name).is_file(),
            "{name}"
        );
    }
}

#[test]
fn a_run_that_does_not_extend_the_log_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, _) = engine(directory.path());
    for (view, first) in [(2, 2), (3, 1)] {
        assert!(matches!(
            engine.append(batch(view, first, 1)),
            Err(EngineError::NotNext { .. })
        ));
    }
    engine.append(batch(2, 1, 1)).unwrap();
    assert!(matches!(
        engine.append(batch(2, 1, 1)),
        Err(EngineError::NotNext { log_end: 1, .. })
    ));
}

#[test]
fn a_stop_writes_what_is_queued_and_takes_nothing_more() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, record) = engine(directory.path());
    for first in [1, 4, 7] {
        engine.append(batch(2, first, 3)).unwrap();
    }
    engine.stop();
    record.wait_for("committed 9");
    assert!(matches!(
        engine.append(batch(2, 10, 1)),
        Err(EngineError::Stopped)
    ));
}

#[test]
fn one_node_cannot_have_two_members() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, _) = engine(directory.path());
    let member = |id: &str| Member {
        node_id: id.to_owned(),
        address: "127.0.0.1:1".to_owned(),
    };
    engine.set_members(&[member("a")]).unwrap();
    let refusal = engine.set_members(&[member("a"), member("b")]).unwrap_err();
    assert!(refusal.to_string().contains("a, b"), "{refusal}");
}

#[test]
fn design_3_6_below_the_floor_of_free_space_writes_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let config = FilesConfig {
        free_space_min: u64::MAX,
        ..FilesConfig::default()
    };
    let files = LedgerFiles::open_new(&directory.path().join("ledger"), &[], &config).unwrap();
    let (engine, record) = (OneNode::new(files, 2), Arc::new(Record::default()));
    engine.start(record.clone(), Origin::Ledger).unwrap();
    engine.append(batch(2, 1, 1)).unwrap();
    record.wait_for("committed 1");
    let deadline = Instant::now() + Duration::from_secs(20);
    while engine.admits_writes().is_ok() {
        assert!(Instant::now() < deadline, "the engine still admits writes");
        std::thread::yield_now();
    }
}

#[test]
fn node_and_operations_3_1_slow_operations_are_told_and_stalls_are_failures() {
    let threshold = Duration::from_millis(10);
    for (milliseconds, expected) in [
        (0, Slowness::None),
        (10, Slowness::None),
        (11, Slowness::Slow),
        (999, Slowness::Slow),
        (1000, Slowness::Stalled),
    ] {
        assert_eq!(
            slowness(Duration::from_millis(milliseconds), threshold),
            expected,
            "{milliseconds} ms"
        );
    }
}

#[test]
fn ledger_1_7_a_log_can_begin_after_a_snapshot() {
    let directory = tempfile::tempdir().unwrap();
    let files = LedgerFiles::open_new(
        &directory.path().join("ledger"),
        &[],
        &FilesConfig::default(),
    )
    .unwrap();
    let (engine, record) = (OneNode::new(files, 2), Arc::new(Record::default()));
    engine.start(record.clone(), Origin::After(10)).unwrap();
    assert!(matches!(
        engine.append(batch(2, 1, 1)),
        Err(EngineError::NotNext { log_end: 10, .. })
    ));
    engine.append(batch(2, 11, 2)).unwrap();
    record.wait_for("committed 12");
    engine.stop();
    assert!(
        directory
            .path()
            .join("ledger/ledger_11-12.committed")
            .is_file()
    );
}

#[test]
fn ledger_1_8_files_of_a_recovery_carry_their_suffix_until_the_service_is_open() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, record) = engine(directory.path());
    engine.append(batch(2, 1, 2)).unwrap();
    record.wait_for("committed 2");
    drop(engine);
    let ledger = directory.path().join("ledger");
    let files = LedgerFiles::open(&ledger, &[], &FilesConfig::default()).unwrap();
    let (engine, record) = (OneNode::new(files, 4), Arc::new(Record::default()));
    engine.start(record.clone(), Origin::Recovery(2)).unwrap();
    engine.append(batch(4, 3, 2)).unwrap();
    record.wait_for("committed 4");
    engine.stop();
    assert!(ledger.join("ledger_3-4.committed.recovery").is_file());
    engine.end_recovery().unwrap();
    assert!(ledger.join("ledger_3-4.committed").is_file());
}

#[test]
fn design_3_9_a_cut_drops_what_is_not_committed_and_only_at_a_border() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, record) = engine(directory.path());
    engine.append(batch(2, 1, 3)).unwrap();
    record.wait_for("committed 3");
    for seqno in [0, 2, 4] {
        assert!(matches!(
            engine.truncate(seqno),
            Err(EngineError::NotABorder {
                committed: 3,
                log_end: 3,
                ..
            })
        ));
    }
    engine.truncate(3).unwrap();
    record.wait_for("truncated 3");
    engine.append(batch(2, 4, 1)).unwrap();
    record.wait_for("committed 4");
    let events = record.events.lock().clone();
    let place = |event: &str| events.iter().position(|known| known == event).unwrap();
    assert!(
        place("committed 3") < place("truncated 3") && place("truncated 3") < place("committed 4")
    );
}

#[test]
fn an_engine_starts_once() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, record) = engine(directory.path());
    assert!(matches!(
        engine.start(record, Origin::Ledger),
        Err(EngineError::Stopped)
    ));
}
