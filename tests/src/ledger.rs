//! What independent readers see in a ledger directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::identity::Identity;
use crate::programs;
use crate::service::TxId;

/// A walk over a whole ledger by PyPI's `ccf.ledger`, with every signature verified.
pub struct Walk {
    /// All it found; see `tests/python/walk_ledger.py`.
    pub json: Value,
}

impl Walk {
    /// Walks a ledger; panics if the reader refuses it.
    pub fn of(directory: &Path) -> Walk {
        Walk {
            json: run_python("tests/python/walk_ledger.py", |command| {
                command.arg(directory)
            }),
        }
    }

    /// Walks a ledger whose writer was killed: a torn last entry is left out.
    pub fn of_killed(directory: &Path) -> Walk {
        Walk {
            json: run_python("tests/python/walk_ledger.py", |command| {
                command.arg(directory).arg("--trim")
            }),
        }
    }

    /// The last transaction that a signature covers: that signature.
    pub fn verified(&self) -> TxId {
        let verified = &self.json["verified"];
        TxId {
            view: verified["view"].as_u64().expect("a view"),
            seqno: verified["seqno"].as_u64().expect("a seqno"),
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.json["entries"].as_array().expect("entries").len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry of a seqno.
    pub fn entry(&self, seqno: u64) -> &Value {
        let index = usize::try_from(seqno - 1).expect("a seqno");
        &self.json["entries"][index]
    }

    /// All rows of a public table after the last entry: key text to value text.
    pub fn table(&self, name: &str) -> BTreeMap<String, String> {
        let rows = self.json["state"].get(name).and_then(Value::as_object);
        rows.into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.as_str().expect("a value").to_owned()))
            .collect()
    }

    /// The value of a table with one row, whose key is eight zero bytes, as JSON.
    pub fn singleton(&self, name: &str) -> Value {
        let rows = self.table(name);
        let value = rows
            .get("0x0000000000000000")
            .unwrap_or_else(|| panic!("{name}: {rows:?}"));
        serde_json::from_str(value).unwrap_or_else(|_| panic!("{name}: not JSON: {value}"))
    }

    /// Names of all public tables that occur.
    pub fn table_names(&self) -> Vec<String> {
        self.json["state"]
            .as_object()
            .expect("tables")
            .keys()
            .cloned()
            .collect()
    }

    /// Names of the public tables that an entry writes, ascending.
    pub fn tables_written(&self, seqno: u64) -> Vec<String> {
        let tables = self.entry(seqno)["tables"].as_object().expect("tables");
        tables.keys().cloned().collect()
    }
}

/// Recombines the recovery shares in a ledger with the members' keys, with `tests/python/check_shares.py`.
pub fn check_shares(directory: &Path, threshold: usize, members: &[&Identity]) -> Value {
    run_python("tests/python/check_shares.py", |command| {
        command
            .arg("--ledger")
            .arg(directory)
            .args(["--threshold", &threshold.to_string()]);
        for member in members {
            command.arg("--key").arg(format!(
                "{}={}",
                member.id,
                member.decryption_key_file().display()
            ));
        }
        command
    })
}

/// The program `read_ledger.py` of PyPI's `ccf`: its output, if it accepts the ledger.
pub fn read_ledger(directory: &Path, options: &[&str]) -> String {
    let mut command = Command::new(programs::python("read_ledger.py"));
    let output = finish(command.arg(directory).arg("--uncommitted").args(options));
    String::from_utf8(output.stdout).expect("text")
}

fn run_python(script: &str, arguments: impl FnOnce(&mut Command) -> &mut Command) -> Value {
    let mut command = Command::new(programs::python("python"));
    let output = finish(arguments(command.arg(programs::repository(script))));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn finish(command: &mut Command) -> Output {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("Python can be run");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
