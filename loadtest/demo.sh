#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A whole sale for real, on loopback, with the release binaries: a server with a fresh data
# directory and a fresh mall database, the crowd, a graceful stop, verification, reconciliation, one
# table. Exit 0 only when every line of the table is as promised. Run by `./dev demo`.
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
    : >"$stage/ready"
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

# The crowd has asked it to stop, so that it could read the journal.
stop_server() {
    local status=0
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" || status=$?
    server=""
    [ "$status" -eq 0 ] || fail "the server ended with $status instead of 0"
}

thousands() { sed -e ':again' -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|[^0-9]\)/\1,\2\3/' -e 't again'; }
# truth A -eq B: the word true or false.
truth() { if [ "$@" ]; then echo true; else echo false; fi; }
read_report() { jq -r "$1" "$stage/report.json"; }

# line WORDS VALUE HOLDS: one line of the table. HOLDS: true, false, or - where nothing is promised.
broken=0
line() {
    local verdict=""
    case $3 in
        true) verdict="ok" ;;
        false)
            verdict="BROKEN"
            broken=1
            ;;
    esac
    printf '  %-28s %-34s %s\n' "$1" "$(printf '%s' "$2" | thousands)" "$verdict"
}

print_table() {
    local units taken sold oversold buyers_count served acknowledged found settled confirmed
    units=$(read_report '[.sale.items[].total] | add')
    taken=$(read_report '[.sale.items[] | .held + .sold] | add')
    sold=$(read_report '[.sale.items[].sold] | add')
    oversold=$(read_report '[.sale.items[] | [0, .held + .sold - .total] | max] | add')
    buyers_count=$(read_report '.buyers')
    served=$(read_report '.sale.orders_taken')
    acknowledged=$(read_report '.sale.acknowledged')
    found=$(read_report '.sale.acknowledged_in_journal')
    settled=$(read_report '.sale.settled_orders')
    confirmed=$(read_report '.sale.confirmed_orders')
    if [ "$acknowledged" -eq 0 ] || [ "$confirmed" -eq 0 ]; then
        fail "nothing was sold, so nothing was shown"
    fi
    printf '\n  %s\n\n' "$(read_report '.target' | sed 's/^/One flash sale against /')"
    line "held or sold" "$taken of $units ($sold sold)" "$(truth "$taken" -eq "$units")"
    line "buyers served, refused" "$served, $((buyers_count - served))" -
    line "holds lapsed, sold again" "$((served - taken))" -
    line "oversold" "$oversold" "$(truth "$oversold" -eq 0)"
    line "acknowledged, in the journal" \
        "$acknowledged, $(awk -v a="$found" -v b="$acknowledged" \
            'BEGIN { printf "%.2f %%", b ? 100 * a / b : 0 }')" \
        "$(truth "$found" -eq "$acknowledged")"
    line "settled = confirmed" "$settled = $confirmed" "$(truth "$settled" -eq "$confirmed")"
    line "stampede verify" "$(tail -1 <<<"$verified" | cut -d, -f1)" \
        "$(truth "$verify_status" -eq 0)"
    line "stampede reconcile" "$(tail -1 <<<"$reconciled")" "$(truth "$reconcile_status" -eq 0)"
    line "checks of the crowd" "$(read_report '[.invariants[].checked] | add')" \
        "$(read_report '([.invariants[].broken] | add) == 0')"
    line "time to sold-out" "$(read_report '.time_to_sold_out_ms | round') ms" -
    line "requests per second" \
        "$(read_report '.requests_in_busiest_second') in the busiest second" -
    line "answered: p50, p99, p99.9" "$(read_report '.latency_ms.accepted | [.p50, .p99, .p999]
        | map(. * 100 | round / 100 | tostring) | join(", ")') ms" -
    line "the crowd's own lag, p99" \
        "$(read_report '.latency_ms.generator_lag.p99 * 100 | round / 100') ms" -
    printf '\n'
}

say "starting the server"
start_server
say "buyers $buyers, mall $mall_api; 20,000 buyers are coming, then payments, then holds that lapse"
load_status=0
"$bin/stampede-load" run "$scenario" --buyers "$buyers" --mall-api "$mall_api" \
    --mall-db "sqlite:$stage/mall.db" --data-dir "$stage/data" --stampede-binary "$bin/stampede" \
    --server-pid "$server" --stop-server --json "$stage/report.json" >"$stage/crowd.log" ||
    load_status=$?
if [ ! -s "$stage/report.json" ]; then
    cat "$stage/crowd.log" >&2
    fail "the crowd could not run ($load_status)"
fi
stop_server
say "the server has stopped; replaying its journal"
verify_status=0
verified=$("$bin/stampede" verify --data-dir "$stage/data" 2>&1) || verify_status=$?
reconcile_status=0
reconciled=$("$bin/stampede" reconcile --data-dir "$stage/data" --mall-db "sqlite:$stage/mall.db" \
    2>&1) || reconcile_status=$?
print_table
if [ "$broken" -ne 0 ] || [ "$load_status" -ne 0 ]; then
    cat "$stage/crowd.log" >&2
    fail "not as promised (the crowd ended with $load_status)"
fi
say "every line holds"
