//! A node for its operator: command line, exit codes, files, log, signals (node-and-operations.md 1, 6, 7, 8, 11).
#![cfg(test)]

mod command_line;
mod files;
mod log_and_signals;

use std::fs;
use std::path::Path;

use quorate_crypto::Curve;
use quorate_tests::Identity;
use quorate_tests::node::{Founder, NodeOptions};
use quorate_tests::service::{DEFAULT_CONSTITUTION, constitution_files};
use tempfile::TempDir;

/// A directory with one member's keys, and a node to start there.
fn node() -> (TempDir, NodeOptions) {
    let directory = TempDir::new().unwrap();
    let member = Identity::make(directory.path(), "member0", Curve::P384, true);
    let founders = [Founder {
        identity: &member,
        data: None,
        role: None,
    }];
    let options = NodeOptions::start(
        directory.path(),
        &founders,
        &constitution_files(&DEFAULT_CONSTITUTION),
    );
    (directory, options)
}

fn in_node(directory: &TempDir) -> std::path::PathBuf {
    directory.path().join("node")
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
