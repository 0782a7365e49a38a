#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Whole sales for real, on loopback, with the release binaries: a flash sale, a group-buy and a
# bargain, each with a server, a fresh data directory and a fresh mall database of its own, a crowd,
# a graceful stop, verification, reconciliation, a table of its own. Exit 0 only when every line of the tables
# is as promised. The three run side by side, so that their waiting is waited for once; the groups'
# and bargains' crowds come when the flash sale's peak is over. Run by `./dev demo`.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

bin=build/release/bin
# Beside the binaries, not under the system's temporary folder: that may be memory, and the journal
# is to meet a disk.
stage=$(mktemp -d build/demo.XXXXXX)

clean_up() {
    local file
    trap '' TERM # the sales in the background are told, not this shell
    jobs -p | xargs -r kill -TERM 2>/dev/null || true
    for file in "$stage"/*/server.pid; do
        if [ -s "$file" ]; then
            kill -KILL "$(cat "$file")" 2>/dev/null || true
        fi
    done
    wait
    rm -rf "$stage"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf 'demo: %s\n' "$*"; }
fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}
# fail_sale SALE WORDS
fail_sale() {
    printf 'demo: %s: %s\n' "$1" "$2" >&2
    if [ -s "$stage/$1/server.log" ]; then
        printf 'demo: the end of the server'\''s log:\n' >&2
        tail -20 "$stage/$1/server.log" >&2
    fi
    exit 1
}

# run_sale SALE: everything up to its table, in a folder of its own. In a subshell.
run_sale() {
    local sale=$1 scenario=loadtest/scenarios/demo-$1.toml here=$stage/$1 tries server status=0
    trap - EXIT
    # Ports are picked by the kernel and read from the ready line, so that nothing else is in the way.
    "$bin/stampede" serve --dev --data-dir "$here/data" --mall-db "sqlite:$here/mall.db" \
        --buyers 127.0.0.1:0 --mall-api 127.0.0.1:0 --live 127.0.0.1:0 \
        >"$here/ready" 2>"$here/server.log" &
    server=$!
    echo "$server" >"$here/server.pid"
    for ((tries = 0; tries < 300; ++tries)); do
        ! grep -q '^ready ' "$here/ready" || break
        kill -0 "$server" 2>/dev/null || fail_sale "$sale" "the server did not start"
        sleep 0.1
    done
    grep -q '^ready ' "$here/ready" || fail_sale "$sale" "the server did not get ready within 30 s"
    "$bin/stampede-load" run "$scenario" \
        --buyers "$(sed -n 's/^ready .*buyers=\([^ ]*\).*/\1/p' "$here/ready")" \
        --mall-api "$(sed -n 's/^ready .*mall-api=\([^ ]*\).*/\1/p' "$here/ready")" \
        --mall-db "sqlite:$here/mall.db" --data-dir "$here/data" \
        --stampede-binary "$bin/stampede" --server-pid "$server" --stop-server \
        --json "$here/report.json" >"$here/crowd.log" 2>"$here/progress.log" || status=$?
    echo "$status" >"$here/crowd.status"
    if [ ! -s "$here/report.json" ]; then
        cat "$here/progress.log" "$here/crowd.log" >&2
        fail_sale "$sale" "the crowd could not run ($status)"
    fi
    # The crowd has asked it to stop, so that it could read the journal.
    kill -TERM "$server" 2>/dev/null || true
    status=0
    wait "$server" || status=$?
    rm "$here/server.pid"
    [ "$status" -eq 0 ] || fail_sale "$sale" "the server ended with $status instead of 0"
    status=0
    "$bin/stampede" verify --data-dir "$here/data" >"$here/verify.log" 2>&1 || status=$?
    echo "$status" >"$here/verify.status"
    status=0
    "$bin/stampede" reconcile --data-dir "$here/data" --mall-db "sqlite:$here/mall.db" \
        >"$here/reconcile.log" 2>&1 || status=$?
    echo "$status" >"$here/reconcile.status"
}

thousands() { sed -e ':again' -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|[^0-9]\)/\1,\2\3/' -e 't again'; }
# truth A -eq B: the word true or false.
truth() { if [ "$@" ]; then echo true; else echo false; fi; }
# read_report FILTER: of the sale whose table is being printed.
read_report() { jq -r "$1" "$stage/$sale/report.json"; }
# holds INVARIANT…: whether each was looked at and never broken.
holds() {
    read_report "[.invariants[] | select(.invariant | IN($(printf '"%s",' "$@" | sed 's/,$//')))] |
        length == $# and all(.checked > 0 and .broken == 0)"
}

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

# What every sale promises.
print_proofs() {
    local acknowledged found settled confirmed here=$stage/$sale
    acknowledged=$(read_report '.sale.acknowledged')
    found=$(read_report '.sale.acknowledged_in_journal')
    settled=$(read_report '.sale.settled_orders')
    confirmed=$(read_report '.sale.confirmed_orders')
    if [ "$acknowledged" -eq 0 ] || [ "$confirmed" -eq 0 ]; then
        fail_sale "$sale" "nothing was sold, so nothing was shown"
    fi
    line "acknowledged, in the journal" \
        "$acknowledged, $(awk -v a="$found" -v b="$acknowledged" \
            'BEGIN { printf "%.2f %%", b ? 100 * a / b : 0 }')" \
        "$(truth "$found" -eq "$acknowledged")"
    line "settled = confirmed" "$settled = $confirmed" "$(truth "$settled" -eq "$confirmed")"
    line "stampede verify" "$(tail -1 "$here/verify.log" | cut -d, -f1)" \
        "$(truth "$(cat "$here/verify.status")" -eq 0)"
    line "stampede reconcile" "$(tail -1 "$here/reconcile.log")" \
        "$(truth "$(cat "$here/reconcile.status")" -eq 0)"
    line "checks of the crowd" "$(read_report '[.invariants[].checked] | add')" \
        "$(read_report '([.invariants[].broken] | add) == 0')"
}

print_flash_sale() {
    local units taken sold oversold buyers_count served
    units=$(read_report '[.sale.items[].total] | add')
    taken=$(read_report '[.sale.items[] | .held + .sold] | add')
    sold=$(read_report '[.sale.items[].sold] | add')
    oversold=$(read_report '[.sale.items[] | [0, .held + .sold - .total] | max] | add')
    buyers_count=$(read_report '.buyers')
    served=$(read_report '.sale.orders_taken')
    printf '\n  %s\n\n' "One flash sale: $buyers_count buyers at once" | thousands
    line "held or sold" "$taken of $units ($sold sold)" "$(truth "$taken" -eq "$units")"
    line "buyers served, refused" "$served, $((buyers_count - served))" -
    line "holds expired, sold again" "$((served - taken))" -
    line "oversold" "$oversold" "$(truth "$oversold" -eq 0)"
    print_proofs
    line "time to sold-out" "$(read_report '.time_to_sold_out_ms | round') ms" -
    line "requests per second" \
        "$(read_report '.requests_in_busiest_second') in the busiest second" -
    line "answered: p50, p99, p99.9" "$(read_report '.latency_ms.accepted | [.p50, .p99, .p999]
        | map(. * 100 | round / 100 | tostring) | join(", ")') ms" -
    line "the crowd's own lag, p99" \
        "$(read_report '.latency_ms.generator_lag.p99 * 100 | round / 100') ms" -
}

print_group_buy() {
    local opened
    opened=$(read_report '.groups.opened')
    printf '\n  %s\n\n' "One group-buy: $opened groups of three, shared among friends" | thousands
    line "groups succeeded, failed" "$(read_report '.groups | "\(.succeeded), \(.failed)"')" \
        "$(read_report '.groups | .succeeded > 0 and .failed > 0 and
            .succeeded + .failed == .opened')"
    line "refunds due, one a paid seat" "$(read_report '.groups.refunds_due')" \
        "$(holds failed_seats_refunded)"
    line "over-full, half, both" "0, 0, 0" \
        "$(holds groups_never_overfull groups_succeed_whole groups_succeed_or_fail)"
    print_proofs
}

print_bargain() {
    local launched
    launched=$(read_report '.bargains.launched')
    printf '\n  %s\n\n' "One bargain: $launched started, seven helpers to the floor" | thousands
    line "at the floor, bought" "$(read_report '.bargains | "\(.at_floor), \(.paid)"')" \
        "$(read_report '.bargains | .at_floor > 0 and .paid > 0 and .paid <= .at_floor')"
    line "cuts add up to the fall" \
        "$(read_report '.bargains | "\(.cuts): \(.cut_sum) = \(.price_fallen) fen"')" \
        "$(read_report '.bargains | .cuts > 0 and .cut_sum == .price_fallen')"
    line "each cut counted, none lost" "$(read_report '.bargains.cuts')" \
        "$(holds cuts_add_up no_cut_lost helper_once)"
    line "floor by exactly 7 helpers" "$(read_report '.bargains.at_floor')" \
        "$(holds floor_at_last_helper)"
    print_proofs
}

sales="flash-sale group-buy bargain"
say "three servers: a flash sale for 20,000 buyers, then groups and bargains while its holds expire"
declare -A running
for sale in $sales; do
    mkdir "$stage/$sale"
    (run_sale "$sale") &
    running[$sale]=$!
done
for sale in $sales; do
    wait "${running[$sale]}" || fail "the $sale could not be shown"
done
say "the servers have stopped; their journals were replayed"
for sale in $sales; do
    "print_${sale//-/_}"
done
printf '\n'
for sale in $sales; do
    status=$(cat "$stage/$sale/crowd.status")
    if [ "$broken" -ne 0 ] || [ "$status" -ne 0 ]; then
        cat "$stage/$sale/crowd.log" >&2
        say "the crowd of the $sale ended with $status" >&2
        broken=1
    fi
done
[ "$broken" -eq 0 ] || fail "not as promised"
say "every line holds"
