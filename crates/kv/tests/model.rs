//! Transactions against a naive model: maps that are copied as a whole, executed one after the other. What is accepted
//! must be what the same transactions do when nothing runs beside them, and nothing else is refused.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use quorate_kv::{Snapshot, Tx, TxId, WriteSet};

const MAPS: [&str; 2] = ["public:a", "b"];

#[derive(Clone, Copy, Debug)]
enum Op {
    Get(usize, u8),
    Has(usize, u8),
    Version(usize, u8),
    Entries(usize),
    Len(usize),
    Put(usize, u8, u8),
    Remove(usize, u8),
    Clear(usize),
}

/// What an operation told its transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Value(Option<Bytes>),
    Has(bool),
    Version(Option<u64>),
    Entries(Vec<(Bytes, Bytes)>),
    Len(usize),
    Nothing,
}

#[derive(Clone, Debug)]
enum Event {
    /// A transaction executes on the head.
    Begin(Vec<Op>),
    /// One of those that wait tries to commit.
    Commit(prop::sample::Index),
    /// The head goes back to an earlier one.
    Rollback(prop::sample::Index),
}

fn any_op() -> impl Strategy<Value = Op> {
    let (map, key) = (0..MAPS.len(), 0..4_u8);
    prop_oneof![
        3 => (map.clone(), key.clone()).prop_map(|(map, key)| Op::Get(map, key)),
        1 => (map.clone(), key.clone()).prop_map(|(map, key)| Op::Has(map, key)),
        1 => (map.clone(), key.clone()).prop_map(|(map, key)| Op::Version(map, key)),
        1 => map.clone().prop_map(Op::Entries),
        1 => map.clone().prop_map(Op::Len),
        4 => (map.clone(), key.clone(), 0..3_u8).prop_map(|(map, key, value)| Op::Put(map, key, value)),
        2 => (map.clone(), key).prop_map(|(map, key)| Op::Remove(map, key)),
        1 => map.prop_map(Op::Clear),
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => prop::collection::vec(any_op(), 0..6).prop_map(Event::Begin),
        4 => any::<prop::sample::Index>().prop_map(Event::Commit),
        1 => any::<prop::sample::Index>().prop_map(Event::Rollback),
    ]
}

/// A key is one byte, or none.
fn key(key: u8) -> Bytes {
    if key == 0 {
        Bytes::new()
    } else {
        Bytes::copy_from_slice(&[key])
    }
}

/// A store as simple as can be: value, seqno of its write, and which write that was.
#[derive(Clone, Default)]
struct Naive {
    maps: BTreeMap<(usize, Bytes), (Bytes, u64, usize)>,
    /// The last write to each map.
    changed: [usize; MAPS.len()],
    seqno: u64,
}

/// The same for one transaction on it.
struct NaiveTx {
    base: Naive,
    view: BTreeMap<(usize, Bytes), Bytes>,
    writes: WriteSet,
}

impl NaiveTx {
    fn new(base: &Naive) -> Self {
        let view = base
            .maps
            .iter()
            .map(|(at, (value, ..))| (at.clone(), value.clone()))
            .collect();
        Self {
            base: base.clone(),
            view,
            writes: WriteSet::new(),
        }
    }

    fn entries(&self, map: usize) -> Vec<(Bytes, Bytes)> {
        let entries = self.view.iter().filter(|((of, _), _)| *of == map);
        entries
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }

    fn remove(&mut self, map: usize, key: Bytes) {
        self.view.remove(&(map, key.clone()));
        self.writes.remove(MAPS[map], key);
    }

    fn run(&mut self, op: Op) -> Seen {
        match op {
            Op::Get(map, k) => Seen::Value(self.view.get(&(map, key(k))).cloned()),
            Op::Has(map, k) => Seen::Has(self.view.contains_key(&(map, key(k)))),
            Op::Version(map, k) => Seen::Version(
                self.base
                    .maps
                    .get(&(map, key(k)))
                    .map(|(_, seqno, _)| *seqno),
            ),
            Op::Entries(map) => Seen::Entries(self.entries(map)),
            Op::Len(map) => Seen::Len(self.entries(map).len()),
            Op::Put(map, k, value) => {
                self.view.insert((map, key(k)), vec![value].into());
                self.writes.put(MAPS[map], key(k), vec![value]);
                Seen::Nothing
            }
            Op::Remove(map, k) => {
                self.remove(map, key(k));
                Seen::Nothing
            }
            Op::Clear(map) => {
                for (key, _) in self.entries(map) {
                    self.remove(map, key);
                }
                Seen::Nothing
            }
        }
    }
}

fn run(tx: &mut Tx, op: Op) -> Seen {
    match op {
        Op::Get(map, k) => Seen::Value(tx.get(MAPS[map], &key(k))),
        Op::Has(map, k) => Seen::Has(tx.has(MAPS[map], &key(k))),
        Op::Version(map, k) => Seen::Version(tx.version_of_previous_write(MAPS[map], &key(k))),
        Op::Entries(map) => Seen::Entries(tx.entries(MAPS[map])),
        Op::Len(map) => Seen::Len(tx.len(MAPS[map])),
        Op::Put(map, k, value) => {
            tx.put(MAPS[map], key(k), vec![value]);
            Seen::Nothing
        }
        Op::Remove(map, k) => {
            tx.remove(MAPS[map], key(k));
            Seen::Nothing
        }
        Op::Clear(map) => {
            tx.clear(MAPS[map]);
            Seen::Nothing
        }
    }
}

/// Whether something the transaction read at `base` was written since, by the definition of apps-and-endpoints.md 7.
fn has_conflict(ops: &[Op], base: &Naive, head: &Naive) -> bool {
    let mut own = std::collections::BTreeSet::new();
    let stamp = |at: &Naive, map, k| at.maps.get(&(map, key(k))).map(|(.., write)| *write);
    let mut conflict = false;
    let mut tx = NaiveTx::new(base);
    for op in ops {
        match *op {
            Op::Get(map, k) | Op::Has(map, k) => {
                conflict |=
                    !own.contains(&(map, key(k))) && stamp(base, map, k) != stamp(head, map, k);
            }
            Op::Version(map, k) => conflict |= stamp(base, map, k) != stamp(head, map, k),
            Op::Entries(map) | Op::Len(map) => conflict |= base.changed[map] != head.changed[map],
            Op::Clear(map) => {
                conflict |= base.changed[map] != head.changed[map];
                own.extend(tx.entries(map).into_iter().map(|(key, _)| (map, key)));
            }
            Op::Put(map, k, _) | Op::Remove(map, k) => {
                own.insert((map, key(k)));
            }
        }
        tx.run(*op);
    }
    conflict
}

struct Pending {
    ops: Vec<Op>,
    tx: Tx,
    seen: Vec<Seen>,
    base: Naive,
}

fn check_same(head: &Snapshot, naive: &Naive) -> Result<(), TestCaseError> {
    for (index, name) in MAPS.iter().enumerate() {
        let found: Vec<_> = head
            .state
            .map(name)
            .into_iter()
            .flat_map(|map| map.iter())
            .collect();
        let expected: Vec<_> = naive
            .maps
            .iter()
            .filter(|((map, _), _)| *map == index)
            .collect();
        prop_assert_eq!(found.len(), expected.len());
        for ((key, versioned), ((_, expected_key), (value, seqno, _))) in
            found.into_iter().zip(expected)
        {
            prop_assert_eq!(
                (key, &versioned.value, versioned.version),
                (expected_key, value, *seqno)
            );
        }
        prop_assert_eq!(
            head.state.map(name).map(|map| map.len()).unwrap_or(0),
            NaiveTx::new(naive).entries(index).len()
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn accepted_schedules_are_serial_and_nothing_else_is_refused(
        events in prop::collection::vec(any_event(), 0..80),
    ) {
        let mut history = vec![(Snapshot::default(), Naive::default())];
        let mut pending: Vec<Pending> = Vec::new();
        let mut write = 0;
        for event in events {
            let (head, naive) = history.last().cloned().unwrap();
            match event {
                Event::Begin(ops) => {
                    let mut tx = Tx::new(head);
                    let mut alone = NaiveTx::new(&naive);
                    let mut seen = Vec::new();
                    for op in &ops {
                        let found = run(&mut tx, *op);
                        prop_assert_eq!(&found, &alone.run(*op), "{:?}", op);
                        seen.push(found);
                    }
                    prop_assert_eq!(tx.write_set(), &alone.writes);
                    prop_assert_eq!(tx.touched_any_map(), !ops.is_empty());
                    pending.push(Pending { ops, tx, seen, base: naive });
                }
                Event::Commit(index) if !pending.is_empty() => {
                    let Pending { ops, tx, seen, base } = pending.remove(index.index(pending.len()));
                    prop_assert_eq!(tx.validate(&head.state).is_err(), has_conflict(&ops, &base, &naive));
                    if tx.validate(&head.state).is_err() || !tx.has_writes() {
                        continue;
                    }
                    // Alone on the head it would have seen and done the same.
                    let mut alone = NaiveTx::new(&naive);
                    for (op, seen) in ops.iter().zip(seen) {
                        prop_assert_eq!(alone.run(*op), seen, "{:?}", op);
                    }
                    let parts = tx.into_parts();
                    prop_assert_eq!(&parts.writes, &alone.writes);

                    let (mut head, mut naive) = (head, naive);
                    write += 1;
                    naive.seqno += 1;
                    for (name, writes) in &parts.writes.maps {
                        let map = MAPS.iter().position(|map| *map == &**name).unwrap();
                        naive.changed[map] = write;
                        for (key, value) in writes {
                            let at = (map, key.clone());
                            match value {
                                Some(value) => naive.maps.insert(at, (value.clone(), naive.seqno, write)),
                                None => naive.maps.remove(&at),
                            };
                        }
                    }
                    head.state.apply(naive.seqno, &parts.writes);
                    head.txid = TxId::new(2, naive.seqno);
                    check_same(&head, &naive)?;
                    history.push((head, naive));
                }
                Event::Commit(_) => {}
                Event::Rollback(index) => {
                    history.truncate(index.index(history.len()) + 1);
                }
            }
        }
        // No snapshot has changed under its holder.
        for (head, naive) in &history {
            check_same(head, naive)?;
        }
    }
}
