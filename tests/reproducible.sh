#!/usr/bin/env bash
# Two clean builds of the node must have the same bytes: from two clones at paths of different lengths, with different
# target directories, homes of Cargo and environments. Slow (it compiles everything twice), so it is no part of run.sh.
# Checks what is committed.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

home=${CARGO_HOME:-$HOME/.cargo}
mkdir -p "$work/another-home" "$work/a/somewhere/deep/down"
cargo fetch --locked --quiet
# The same downloads under another path.
for part in registry config.toml; do
    if [ -e "$home/$part" ]; then ln -s "$(realpath "$home/$part")" "$work/another-home/$part"; fi
done

for clone in "$work/b" "$work/a/somewhere/deep/down/quorate"; do
    git clone --quiet . "$clone"
done
echo "First build"
"$work/b/crates/node/build-measured.sh" | tee "$work/first"
echo "Second build"
CARGO_HOME="$work/another-home" RUSTFLAGS="-C debuginfo=2" CFLAGS="-O1" CARGO_BUILD_JOBS=1 \
    "$work/a/somewhere/deep/down/quorate/crates/node/build-measured.sh" "$work/elsewhere" | tee "$work/second"

program() { sed -n '$s/^[0-9a-f]*  //p' "$1"; }
if cmp "$(program "$work/first")" "$(program "$work/second")"; then
    echo "The two programs are identical."
else
    echo "The two programs differ." >&2
    exit 1
fi
if strings -n 8 "$(program "$work/first")" | grep -F -e "$work" -e "$home"; then
    echo "The program names paths of this machine." >&2
    exit 1
fi
