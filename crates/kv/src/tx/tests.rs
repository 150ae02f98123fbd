//! The rules of kv-tables.md 1.5, js-runtime.md 5.3 and apps-and-endpoints.md 7, one by one. Schedules of many
//! transactions are checked against a model in `tests/model.rs`.

use super::*;

const MAP: &str = "public:m";

fn snapshot(writes: &[(u64, &str, Option<&str>)]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (seqno, key, value) in writes {
        apply(&mut snapshot, *seqno, &[(key, *value)]);
    }
    snapshot
}

fn apply(snapshot: &mut Snapshot, seqno: u64, writes: &[(&str, Option<&str>)]) {
    let mut write_set = WriteSet::new();
    for (key, value) in writes {
        match value {
            Some(value) => write_set.put(MAP, bytes(key), bytes(value)),
            None => write_set.remove(MAP, bytes(key)),
        }
    }
    snapshot.state.apply(seqno, &write_set);
    snapshot.txid = TxId::new(2, seqno);
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn texts(entries: Vec<(Bytes, Bytes)>) -> Vec<(String, String)> {
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    entries
        .into_iter()
        .map(|(key, value)| (text(key), text(value)))
        .collect()
}

#[test]
fn js_runtime_5_3_reads_see_own_writes() {
    let mut tx = Tx::new(snapshot(&[(1, "a", Some("1")), (2, "b", Some("2"))]));
    tx.put(MAP, "c", "3");
    tx.put(MAP, "a", "one");
    tx.remove(MAP, "b");

    assert_eq!(tx.get(MAP, b"a"), Some(bytes("one")));
    assert_eq!(tx.get(MAP, b"b"), None);
    assert!(!tx.has(MAP, b"b"));
    assert!(tx.has(MAP, b"c"));
    assert_eq!(tx.len(MAP), 2);
    let expected =
        [("a", "one"), ("c", "3")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(texts(tx.entries(MAP)), expected);
}

#[test]
fn js_runtime_5_3_entries_ascend_by_key_whoever_wrote_them() {
    let mut tx = Tx::new(snapshot(&[
        (1, "b", Some("1")),
        (2, "d", Some("1")),
        (3, "f", Some("1")),
    ]));
    for key in ["g", "e", "d", "c", "a"] {
        tx.put(MAP, key, "2");
    }
    tx.remove(MAP, "f");
    let keys: Vec<_> = texts(tx.entries(MAP))
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, ["a", "b", "c", "d", "e", "g"]);
}

#[test]
fn js_runtime_5_3_version_of_previous_write_ignores_own_writes() {
    let mut tx = Tx::new(snapshot(&[
        (3, "a", Some("1")),
        (5, "a", Some("2")),
        (6, "b", Some("1")),
        (7, "b", None),
    ]));
    tx.put(MAP, "a", "3");
    tx.put(MAP, "c", "3");
    assert_eq!(tx.version_of_previous_write(MAP, b"a"), Some(5));
    assert_eq!(tx.version_of_previous_write(MAP, b"b"), None, "removed");
    assert_eq!(
        tx.version_of_previous_write(MAP, b"c"),
        None,
        "only written here"
    );
    assert_eq!(
        tx.version_of_previous_write("public:other", b"c"),
        None,
        "no such map"
    );
}

#[test]
fn js_runtime_5_3_empty_keys_and_values_are_legal() {
    let mut tx = Tx::new(Snapshot::default());
    tx.put(MAP, "", "");
    assert_eq!(tx.get(MAP, b""), Some(Bytes::new()));
    let mut state = State::new();
    state.apply(1, tx.write_set());
    assert_eq!(state.get(MAP, b"").unwrap().value, Bytes::new());
}

#[test]
fn kv_tables_1_5_removal_of_a_missing_key_is_recorded() {
    let mut tx = Tx::new(Snapshot::default());
    tx.remove(MAP, "a");
    assert_eq!(tx.write_set().get(MAP, b"a"), Some(&None));
    assert!(tx.has_writes());
}

#[test]
fn kv_tables_1_5_clear_records_one_removal_for_each_visible_key() {
    let mut tx = Tx::new(snapshot(&[
        (1, "a", Some("1")),
        (2, "b", Some("1")),
        (3, "old", Some("1")),
        (4, "old", None),
    ]));
    tx.put(MAP, "own", "1");
    tx.remove(MAP, "b");
    tx.clear(MAP);
    let writes = tx.write_set().writes_to(MAP).unwrap();
    assert_eq!(
        writes.keys().collect::<Vec<_>>(),
        [&bytes("a"), &bytes("b"), &bytes("own")]
    );
    assert!(writes.values().all(Option::is_none));
    assert_eq!(tx.len(MAP), 0);
}

#[test]
fn kv_tables_1_5_clear_of_an_empty_map_writes_nothing_but_reads_it() {
    let before = snapshot(&[(1, "a", Some("1")), (2, "a", None)]);
    let mut tx = Tx::new(before.clone());
    tx.clear(MAP);
    assert!(!tx.has_writes());
    assert!(tx.touched_any_map());
    let mut head = before;
    apply(&mut head, 3, &[("z", Some("1"))]);
    assert_eq!(
        tx.validate(&head.state).unwrap_err(),
        Conflict {
            map: MAP.into(),
            key: None
        }
    );
}

#[test]
fn kv_tables_1_5_writing_the_present_value_is_a_write() {
    let before = snapshot(&[(1, "a", Some("1"))]);
    let mut tx = Tx::new(before.clone());
    tx.put(MAP, "a", "1");
    assert!(tx.has_writes());
    let mut reader = Tx::new(before.clone());
    reader.get(MAP, b"a");
    let mut head = before.state;
    head.apply(2, tx.write_set());
    assert_eq!(head.get(MAP, b"a").unwrap().version, 2);
    assert!(reader.validate(&head).is_err(), "the version has changed");
}

#[test]
fn apps_7_a_changed_key_is_a_conflict_and_is_named() {
    let before = snapshot(&[(1, "a", Some("1")), (2, "b", Some("1"))]);
    type Read = fn(&mut Tx);
    let reads: [(&str, Read); 3] = [
        ("get", |tx| {
            tx.get(MAP, b"a");
        }),
        ("has", |tx| {
            tx.has(MAP, b"a");
        }),
        ("version", |tx| {
            tx.version_of_previous_write(MAP, b"a");
        }),
    ];
    for (name, read) in reads {
        let mut tx = Tx::new(before.clone());
        read(&mut tx);
        assert!(tx.validate(&before.state).is_ok(), "{name}");
        let mut head = before.clone();
        apply(&mut head, 3, &[("b", Some("2"))]);
        assert!(tx.validate(&head.state).is_ok(), "{name}: another key");
        apply(&mut head, 4, &[("a", None)]);
        let conflict = tx.validate(&head.state).unwrap_err();
        assert_eq!(
            conflict,
            Conflict {
                map: MAP.into(),
                key: Some(bytes("a"))
            },
            "{name}"
        );
        assert_eq!(
            conflict.to_string(),
            "key 'a' of map 'public:m' changed since it was read"
        );
    }
}

#[test]
fn apps_7_a_key_that_appears_is_a_conflict() {
    let before = snapshot(&[(1, "a", Some("1"))]);
    for map in [MAP, "public:new"] {
        let mut tx = Tx::new(before.clone());
        assert!(!tx.has(map, b"x"));
        let mut head = before.state.clone();
        let mut writes = WriteSet::new();
        writes.put(map, "x", "1");
        head.apply(2, &writes);
        assert!(tx.validate(&head).is_err(), "{map}");
    }
}

#[test]
fn apps_7_own_written_keys_are_no_dependency() {
    let before = snapshot(&[(1, "a", Some("1"))]);
    let mut tx = Tx::new(before.clone());
    tx.put(MAP, "a", "2");
    tx.get(MAP, b"a");
    tx.has(MAP, b"a");
    let mut head = before;
    apply(&mut head, 2, &[("a", Some("3"))]);
    assert!(tx.validate(&head.state).is_ok());
    // But what the version of a key was before is a read of that key.
    tx.version_of_previous_write(MAP, b"a");
    assert!(tx.validate(&head.state).is_err());
}

#[test]
fn apps_7_iteration_and_size_depend_on_the_whole_map() {
    let before = snapshot(&[(1, "a", Some("1"))]);
    let reads: [fn(&mut Tx); 3] = [
        |tx| {
            tx.entries(MAP);
        },
        |tx| {
            tx.len(MAP);
        },
        |tx| tx.clear(MAP),
    ];
    for read in reads {
        let mut tx = Tx::new(before.clone());
        read(&mut tx);
        let mut head = before.clone();
        assert!(tx.validate(&head.state).is_ok());
        apply(&mut head, 2, &[("b", Some("1"))]);
        let conflict = tx.validate(&head.state).unwrap_err();
        assert_eq!(
            conflict.to_string(),
            "map 'public:m' changed since it was read as a whole"
        );
    }
}

#[test]
fn a_read_before_a_rollback_conflicts_with_what_took_its_place() {
    let base = snapshot(&[(1, "a", Some("1"))]);
    let mut rolled_back = base.clone();
    apply(&mut rolled_back, 2, &[("a", Some("lost"))]);
    let mut tx = Tx::new(rolled_back);
    assert_eq!(tx.get(MAP, b"a"), Some(bytes("lost")));

    let mut head = base;
    apply(&mut head, 2, &[("a", Some("kept"))]);
    assert!(
        tx.validate(&head.state).is_err(),
        "same seqno, another history"
    );
}

#[test]
fn snapshots_do_not_change_under_their_holder() {
    let mut head = snapshot(&[(1, "a", Some("1"))]);
    let mut tx = Tx::new(head.clone());
    apply(&mut head, 2, &[("a", Some("2")), ("b", Some("2"))]);
    assert_eq!(tx.read_txid(), TxId::new(2, 1));
    assert_eq!(tx.get(MAP, b"a"), Some(bytes("1")));
    assert!(!tx.has(MAP, b"b"));
    assert_eq!(head.state.get(MAP, b"a").unwrap().version, 2);
}

#[test]
fn a_map_exists_from_its_first_write_on() {
    let mut head = Snapshot::default();
    assert!(head.state.map(MAP).is_none());
    apply(&mut head, 1, &[("a", None)]);
    let map = head.state.map(MAP).unwrap();
    assert!(map.is_empty());
    assert_eq!(map.version(), 1);
    assert_eq!(head.state.map_names().collect::<Vec<_>>(), [&MAP.into()]);
}

#[test]
#[should_panic(expected = "seqno 2 is applied after seqno 2")]
fn seqnos_ascend() {
    let mut head = snapshot(&[(2, "a", None)]);
    head.state.apply(2, &WriteSet::new());
}

#[test]
fn parts_carry_claims_and_requests() {
    let mut tx = Tx::new(snapshot(&[(4, "a", Some("1"))]));
    assert!(!tx.touched_any_map());
    let parts = tx.clone().into_parts();
    assert_eq!(
        (parts.claims, parts.requests),
        (Digest::default(), Requests::default())
    );

    let claims = Digest::from_bytes([7; 32]);
    tx.set_claims_digest(claims);
    tx.request_ledger_chunk();
    tx.request_snapshot();
    tx.put(MAP, "b", "1");
    let parts = tx.into_parts();
    assert_eq!(parts.read_txid, TxId::new(2, 4));
    assert_eq!(parts.claims, claims);
    assert_eq!(
        parts.requests,
        Requests {
            ledger_chunk: true,
            snapshot: true
        }
    );
    assert!(parts.reads.is_empty());
    assert_eq!(parts.writes.maps.len(), 1);
}
