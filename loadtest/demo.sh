#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A whole sale for real, on loopback, with the release binaries: a server with a fresh data directory
# and a fresh mall database, the crowd, a graceful stop, verification, reconciliation, one table.
# Exit 0 only when every line of the table is as promised. Run by `./dev demo`.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

bin=build/release/bin
scenario=loadtest/scenarios/demo.toml
# Beside the binaries, not under the system's temporary folder: that may be memory, and the journal
# is to meet a disk.
stage=$(mktemp -d build/demo.XXXXXX)
server=""

clean_up() {
    if [ -n "$server" ]; then
        kill -KILL "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$stage"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf 'demo: %s\n' "$*"; }
fail() {
    printf 'demo: %s\n' "$*" >&2
    if [ -s "$stage/server.log" ]; then
        printf 'demo: the end of the server'\''s log:\n' >&2
        tail -20 "$stage/server.log" >&2
    fi
    exit 1
}

# Ports are picked by the kernel and read from the ready line, so that nothing else is in the way.
start_server() {
    "$bin/stampede" serve --dev --data-dir "$stage/data" --mall-db "sqlite:$stage/mall.db" \
        --buyers 127.0.0.1:0 --mall-api 127.0.0.1:0 --live 127.0.0.1:0 \
        >"$stage/ready" 2>"$stage/server.log" &
    server=$!
    local tries
    for ((tries = 0; tries < 300; ++tries)); do
        if grep -q '^ready ' "$stage/ready"; then
            buyers=$(sed -n 's/^ready .*buyers=\([^ ]*\).*/\1/p' "$stage/ready")
            mall_api=$(sed -n 's/^ready .*mall-api=\([^ ]*\).*/\1/p' "$stage/ready")
            return
        fi
        kill -0 "$server" 2>/dev/null || fail "the server did not start"
        sleep 0.1
    done
    fail "the server did not get ready within 30 s"
}

stop_server() {
    local status=0
    kill -TERM "$server"
    wait "$server" || status=$?
    server=""
    [ "$status" -eq 0 ] || fail "the server ended with $status instead of 0"
}
