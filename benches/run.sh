#!/bin/sh
# Compares quorate-logging with a one-node etcd on this machine: writes and reads over TLS with
# client certificates, the same load generator, flushing on for both.
#
#   benches/run.sh [--seconds N] [--etcd PATH|none] [--out DIR] [--no-build]
#
# etcd is Debian's package etcd-server (apt-get install etcd-server), found on PATH. Results are
# lines of JSON in DIR/results.jsonl (default target/bench) and a table with ratios.
set -eu

seconds=10
etcd=etcd
build=yes
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/target/bench
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2; shift 2 ;;
        --etcd) etcd=$2; shift 2 ;;
        --out) out=$2; shift 2 ;;
        --no-build) build=no; shift ;;
        *) echo "run.sh: unknown argument '$1'" >&2; exit 2 ;;
    esac
done
if [ "$etcd" != none ] && ! command -v "$etcd" >/dev/null; then
    echo "run.sh: '$etcd' is not there. Install it with: apt-get install etcd-server, or measure without: --etcd none" >&2
    exit 2
fi

if [ $build = yes ]; then
    (cd "$root" && cargo build --release -p quorate-bench -p quorate-cli -p quorate-logging)
fi
bin=${CARGO_TARGET_DIR:-$root/target}/release
mkdir -p "$out"
# On the file system of the results, not on one in memory: flushing counts.
work=$(mktemp -d "$out/run.XXXXXX")
results=$out/results.jsonl
: >"$results"
servers=

finish() {
    status=$?
    for server in $servers; do
        kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true
    done
    if [ $status -eq 0 ]; then
        rm -rf "$work"
    else
        echo "run.sh: failed; logs are in $work" >&2
    fi
    exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
    tries=$(($1 * 10)); shift
    until "$@"; do
        tries=$((tries - 1))
        if [ $tries -le 0 ]; then
            echo "run.sh: waited too long for: $*" >&2
            exit 1
        fi
        sleep 0.1
    done
}

# load NAME CONNECTIONS PIPELINE ARGUMENTS...: one run; its line goes to the results.
load() {
    name=$1 connections=$2 pipeline=$3; shift 3
    echo "$name: $connections connection(s), $pipeline in flight each" >&2
    "$bin/quorate-load" run --name "$name" --connections "$connections" --pipeline "$pipeline" \
        --seconds "$seconds" --keys 1000 --header 'content-type: application/json' "$@" >>"$results" ||
        echo "run.sh: $name was not clean, see $results" >&2
}

# ---- Quorate: an open service of three members, one user.
"$bin/quorate" sandbox --workspace "$work/quorate" --address 127.0.0.1:0 >"$work/quorate.out" 2>&1 &
servers="$servers $!"
wait_for 60 grep -q 'Press Ctrl+C' "$work/quorate.out"
url=$(sed -n 's/^ *Node \[0\] = //p' "$work/quorate.out" | head -n 1)
common=$work/quorate/sandbox_common
quorate() {
    load "$@" --url "$url" --ca "$common/service_cert.pem" \
        --cert "$common/user0_cert.pem" --key "$common/user0_privk.pem"
}
quorate_write() {
    quorate quorate/write "$1" "$2" --method POST --path /app/log/private --committed /app/tx \
        --body '{"id":{n},"msg":"20 bytes of a value!"}'
}
quorate_read() {
    quorate quorate/read "$1" "$2" --path '/app/log/private?id={n}'
}
for connections in 1 64; do quorate_write $connections 1; done
for connections in 1 64; do quorate_read $connections 1; done
quorate_write 1 1000
quorate_read 1 1000
for server in $servers; do kill "$server" && wait "$server" || true; done
servers=

# ---- etcd: one node, client certificates required.
if [ "$etcd" != none ]; then
    (
        cd "$work"
        # The JSON gateway is a client of its own server, so its certificate serves both.
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 2 -subj /CN=bench-ca \
            -keyout ca.key -out ca.pem
        printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n' >leaf.ext
        for name in server client; do
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj /CN=$name \
                -keyout $name.key -out $name.csr
            openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
                -extfile leaf.ext -out $name.pem
        done
    ) 2>"$work/openssl.err"
    "$etcd" --data-dir "$work/etcd" --listen-client-urls https://127.0.0.1:23790 \
        --advertise-client-urls https://127.0.0.1:23790 --listen-peer-urls http://127.0.0.1:23800 \
        --initial-advertise-peer-urls http://127.0.0.1:23800 \
        --initial-cluster default=http://127.0.0.1:23800 \
        --cert-file "$work/server.pem" --key-file "$work/server.key" \
        --client-cert-auth --trusted-ca-file "$work/ca.pem" \
        --quota-backend-bytes 8589934592 >"$work/etcd.out" 2>&1 &
    servers=$!
    etcd_load() {
        load "$@" --url https://127.0.0.1:23790 --ca "$work/ca.pem" \
            --cert "$work/client.pem" --key "$work/client.key" --method POST
    }
    etcd_ready() {
        "$bin/quorate-load" run --url https://127.0.0.1:23790 --ca "$work/ca.pem" \
            --cert "$work/client.pem" --key "$work/client.key" --method POST --path /v3/kv/range \
            --body '{"key":"AA=="}' --count 1 --warm-up 0 >/dev/null 2>&1
    }
    wait_for 30 etcd_ready
    # The value has 20 bytes. A put is answered once it is committed and flushed.
    for connections in 1 64; do
        etcd_load etcd/write $connections 1 --path /v3/kv/put \
            --body '{"key":"{n:base64}","value":"MjAgYnl0ZXMgb2YgYSB2YWx1ZSE="}'
    done
    # Serializable reads, as Quorate's are: they are faster than etcd's linearizable ones.
    for connections in 1 64; do
        etcd_load etcd/read $connections 1 --path /v3/kv/range \
            --body '{"key":"{n:base64}","serializable":true}'
    done
fi

"$bin/quorate-load" table "$results"
