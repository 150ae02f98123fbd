//! Tables, singletons and sets over real transactions.

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::{Json, Raw, Snapshot};

const PEOPLE: Table<Raw<String>, Json<Value>> = Table::new("public:ccf.gov.people");
const COUNT: Singleton<Raw<u64>> = Singleton::new("count");
const SEEN: KeySet<Raw<u64>> = KeySet::new("public:seen");

fn committed(tx: &Tx) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.state.apply(9, tx.write_set());
    snapshot
}

#[test]
fn kv_tables_1_2_a_table_writes_raw_keys_and_json_values() {
    let mut tx = Tx::new(Snapshot::default());
    let key = "ann".to_owned();
    PEOPLE.put(&mut tx, &key, &json!({"b": 1, "a": 2})).unwrap();
    assert_eq!(
        tx.get("public:ccf.gov.people", b"ann").unwrap(),
        r#"{"a":2,"b":1}"#
    );
    assert!(PEOPLE.has(&mut tx, &key).unwrap());
    assert_eq!(PEOPLE.len(&mut tx), 1);
    assert_eq!(PEOPLE.version(&mut tx, &key).unwrap(), None);

    let snapshot = committed(&tx);
    assert_eq!(
        PEOPLE.get_in(&snapshot.state, &key).unwrap(),
        Some(json!({"a": 2, "b": 1}))
    );
    assert_eq!(PEOPLE.version_in(&snapshot.state, &key).unwrap(), Some(9));
    assert_eq!(
        PEOPLE.entries_in(&snapshot.state).unwrap().len(),
        PEOPLE.len_in(&snapshot.state)
    );
    let mut tx = Tx::new(snapshot);
    assert_eq!(PEOPLE.version(&mut tx, &key).unwrap(), Some(9));
    assert_eq!(
        PEOPLE.entries(&mut tx).unwrap(),
        [(key.clone(), json!({"a": 2, "b": 1}))]
    );
    PEOPLE.remove(&mut tx, &key).unwrap();
    assert_eq!(
        PEOPLE.writes_in(tx.write_set()).unwrap(),
        [(key.clone(), None)]
    );
    assert_eq!(PEOPLE.get(&mut tx, &key).unwrap(), None);
}

#[test]
fn kv_tables_1_2_a_singleton_has_a_key_of_8_zero_bytes() {
    let mut tx = Tx::new(Snapshot::default());
    assert_eq!(COUNT.written_in(tx.write_set()).unwrap(), None);
    COUNT.put(&mut tx, &5).unwrap();
    assert_eq!(
        tx.get("count", &[0; 8]).unwrap(),
        Bytes::copy_from_slice(&5_u64.to_le_bytes())
    );
    assert_eq!(COUNT.written_in(tx.write_set()).unwrap(), Some(Some(5)));
    let snapshot = committed(&tx);
    assert_eq!(COUNT.get_in(&snapshot.state).unwrap(), Some(5));
    assert_eq!(COUNT.version_in(&snapshot.state), Some(9));
    let mut tx = Tx::new(snapshot);
    assert_eq!(COUNT.version(&mut tx), Some(9));
    COUNT.remove(&mut tx);
    assert!(!COUNT.has(&mut tx));
    assert_eq!(COUNT.written_in(tx.write_set()).unwrap(), Some(None));
}

#[test]
fn kv_tables_1_2_members_of_a_set_have_8_zero_bytes_as_value() {
    let mut tx = Tx::new(Snapshot::default());
    SEEN.insert(&mut tx, &3).unwrap();
    SEEN.insert(&mut tx, &1).unwrap();
    assert_eq!(
        tx.get("public:seen", &3_u64.to_le_bytes()).unwrap(),
        Bytes::from_static(&[0; 8])
    );
    assert_eq!(SEEN.entries(&mut tx).unwrap(), [1, 3]);
    let state = committed(&tx).state;
    assert!(SEEN.has_in(&state, &3).unwrap());
    assert_eq!(SEEN.entries_in(&state).unwrap(), [1, 3]);
    SEEN.remove(&mut tx, &3).unwrap();
    assert!(!SEEN.has(&mut tx, &3).unwrap());
    assert_eq!(SEEN.len(&mut tx), 1);
    SEEN.clear(&mut tx);
    assert_eq!(SEEN.len(&mut tx), 0);
}

#[test]
fn errors_name_table_and_key() {
    let mut tx = Tx::new(Snapshot::default());
    tx.put("public:ccf.gov.people", "bob", "{");
    tx.put("count", Bytes::from_static(UNIT), "x");
    tx.put("public:seen", "\u{1}", Bytes::from_static(UNIT));

    let error = PEOPLE
        .get(&mut tx, &"bob".to_owned())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("value at key 'bob' of table public:ccf.gov.people is invalid: "),
        "{error}"
    );
    assert!(PEOPLE.entries(&mut tx).is_err());
    assert_eq!(
        COUNT.get(&mut tx).unwrap_err().to_string(),
        "value at key '0' of table count is invalid: expected 8 bytes, found 1"
    );
    assert_eq!(
        SEEN.entries(&mut tx).unwrap_err().to_string(),
        r"key '\x01' of table public:seen is invalid: expected 8 bytes, found 1"
    );
}

#[test]
#[should_panic(expected = "reserved prefix")]
fn kv_tables_1_1_a_reserved_name_makes_no_table() {
    let _ = Singleton::<Raw<u64>>::new("public:ccf.mine");
}
