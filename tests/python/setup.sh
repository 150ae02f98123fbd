#!/bin/sh
# Makes the virtual environment .venv of this repository with the Python packages of requirements.txt.
# Prints its path. Does nothing if it is there already; several callers may run at once.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=$root/.venv
python=${PYTHON:-python3}

# The stamp holds what was installed, so a change of the requirements installs anew.
is_current() {
    [ -x "$venv/bin/ccf_cose_sign1" ] && cmp -s "$here/requirements.txt" "$venv/.requirements"
}

if ! is_current; then
    mkdir -p "$venv"
    exec 9>"$venv/.lock"
    flock 9
    if ! is_current; then
        "$python" -m venv "$venv" >&2
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
        cp "$here/requirements.txt" "$venv/.requirements"
    fi
fi
echo "$venv"
