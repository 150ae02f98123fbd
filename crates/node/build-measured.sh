#!/usr/bin/env bash
# Builds quorate-node so that everybody who builds the same commit with the same compilers gets the same bytes, wherever
# the sources, the target directory and Cargo's home are. Members vote on measurements of this file: on the virtual
# platform its SHA-256 is the node's host data.
#
#   crates/node/build-measured.sh [TARGET_DIRECTORY]
#
# Prints the compilers, the digest and the path of the program. What a plain `cargo build --release` makes depends on where
# Cargo's home is, since messages of libraries name their source files.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
target=$(realpath -m "${1:-target/measured}")
home=${CARGO_HOME:-$HOME/.cargo}

# With the caller's environment, which may hold proxies and the like; from then on everything is on this machine.
cargo fetch --locked --quiet
host=$(rustc --version --verbose | sed -n 's/^host: //p')

# What the compilers write for a path: names that say nothing about this machine.
maps=("$root=/quorate" "$target=/target")
for sources in "$home"/registry/src/*/; do
    maps+=("${sources%/}=/crates")
done
rust_flags= c_flags=
for map in "${maps[@]}"; do
    # Separated by the character that Cargo takes between flags, so that paths may hold spaces.
    rust_flags+="${rust_flags:+$'\x1f'}--remap-path-prefix=$map"
    case $map in
    *" "*) echo "note: gcc is not told about ${map%=*}, which holds a space" >&2 ;;
    *) c_flags+=" -ffile-prefix-map=$map" ;;
    esac
done

# Flags and settings of the caller must not leak in: RUSTFLAGS, CFLAGS, CARGO_PROFILE_* and the like.
environment=(PATH="$PATH" HOME="$HOME" CARGO_HOME="$home" LC_ALL=C CARGO_TARGET_DIR="$target"
    CARGO_ENCODED_RUSTFLAGS="$rust_flags" CFLAGS="$c_flags")
for name in RUSTUP_HOME RUSTUP_TOOLCHAIN; do
    if [ -n "${!name:-}" ]; then environment+=("$name=${!name}"); fi
done
# With an explicit target the flags are not applied to build scripts, whose own bytes do not matter.
env -i "${environment[@]}" cargo build --quiet --locked --offline --release --target "$host" \
    --package quorate-node --bin quorate-node

rustc --version
cc --version | head -n 1
sha256sum "$target/$host/release/quorate-node"
