#!/usr/bin/env bash
# All tests: format, lints, unit, property and whole-program tests, documentation examples.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo fmt --all --check
cargo clippy --workspace --all-targets -- -D warnings
tests/python/setup.sh
cargo build --workspace --bins
cargo nextest run --workspace
cargo test --workspace --doc --quiet
