//! The rules of kv-tables.md 1.6.

use std::sync::{Arc, Mutex};

use super::*;

/// What an apply hook asks for in these tests.
type Hooks = super::Hooks<String>;
type Log = Arc<Mutex<Vec<String>>>;

fn logging(
    log: &Log,
    name: &'static str,
) -> impl Fn(u64, &MapWrites) -> HookResult<()> + Send + Sync + 'static {
    let log = Arc::clone(log);
    move |seqno, writes| {
        let writes: Vec<_> = writes
            .iter()
            .map(|(key, value)| {
                format!(
                    "{}={:?}",
                    key.escape_ascii(),
                    value.as_ref().map(Bytes::len)
                )
            })
            .collect();
        log.lock()
            .unwrap()
            .push(format!("{name}@{seqno}: {}", writes.join(",")));
        Ok(())
    }
}

fn taken(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

fn writes() -> WriteSet {
    let mut writes = WriteSet::new();
    writes.put("public:b", "k", "v");
    writes.remove("public:a", "gone");
    writes
}

#[test]
fn kv_tables_1_6_hooks_get_the_writes_of_their_map_removals_included() {
    let log = Log::default();
    let mut hooks = Hooks::new();
    for name in ["public:a", "public:b", "public:c"] {
        hooks.on_commit(name, logging(&log, name));
    }
    hooks.run_commit(7, &writes()).unwrap();
    assert_eq!(
        taken(&log),
        ["public:a@7: gone=None", "public:b@7: k=Some(1)"]
    );
    hooks.remove_commit("public:a");
    hooks.run_commit(8, &writes()).unwrap();
    assert_eq!(taken(&log), ["public:b@8: k=Some(1)"]);
}

#[test]
fn kv_tables_1_6_a_second_registration_replaces_the_first() {
    let log = Log::default();
    let mut hooks = Hooks::new();
    hooks.on_commit("public:b", logging(&log, "first"));
    hooks.on_commit("public:b", logging(&log, "second"));
    hooks.run_commit(1, &writes()).unwrap();
    assert_eq!(taken(&log), ["second@1: k=Some(1)"]);
}

#[test]
fn kv_tables_1_6_an_apply_hook_may_return_an_action() {
    let mut hooks = Hooks::new();
    hooks.on_apply("public:b", |seqno, writes| {
        Ok(Some(format!("{} at {seqno}", writes.len())))
    });
    hooks.on_apply("public:a", |_, _| Ok(None));
    assert_eq!(hooks.run_apply(5, &writes()).unwrap(), ["1 at 5"]);
    hooks.remove_apply("public:b");
    assert!(hooks.run_apply(6, &writes()).unwrap().is_empty());
}

#[test]
fn what_waits_for_the_commit_is_only_what_has_a_hook() {
    let mut hooks = Hooks::new();
    assert_eq!(hooks.commit_part(&writes()), None);
    hooks.on_commit("public:b", |_, _| Ok(()));
    let part = hooks.commit_part(&writes()).unwrap();
    assert_eq!(
        part.maps.keys().map(|name| &**name).collect::<Vec<_>>(),
        ["public:b"]
    );
    assert_eq!(part.get("public:b", b"k"), writes().get("public:b", b"k"));
}

#[test]
fn kv_tables_1_6_a_snapshot_shows_the_whole_map_with_its_version() {
    let log = Log::default();
    let mut hooks = Hooks::new();
    hooks.on_commit("public:b", logging(&log, "public:b"));
    hooks.on_commit("public:absent", logging(&log, "public:absent"));
    let mut state = State::new();
    state.apply(3, &writes());
    let mut more = WriteSet::new();
    more.put("public:b", "l", "vv");
    state.apply(4, &more);
    let mut other = WriteSet::new();
    other.put("public:c", "x", "y");
    state.apply(5, &other);
    hooks.run_commit_all(&state).unwrap();
    assert_eq!(taken(&log), ["public:b@4: k=Some(1),l=Some(2)"]);

    hooks.on_apply("public:b", |version, content| {
        Ok(Some(format!("{version}: {}", content.len())))
    });
    assert_eq!(hooks.run_apply_all(&state).unwrap(), ["4: 2"]);
}

#[test]
fn a_failing_hook_names_its_map_and_seqno() {
    let mut hooks = Hooks::new();
    hooks.on_apply("public:a", |_, _| Err("must not be removed".to_owned()));
    let error = hooks.run_apply(5, &writes()).err().unwrap();
    assert_eq!(
        error.to_string(),
        "hook of map public:a failed at seqno 5: must not be removed"
    );
}
