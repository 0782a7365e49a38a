#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How fast is the server, as a share of the least that a server on this machine can spend (the floor
# server)? Whole server on core 0, generator on core 1; server and floor take turns, run by run, with
# the same request bytes and the same size of answer. Every run of the server begins with an empty
# data directory and ends with the ledger compared and the journal replayed by `stampede verify`.
# Run by `./dev bench`; writes docs/benchmarks.md unless --quick.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

usage() {
    cat <<'TEXT'
./dev bench [OPTIONS]

  --quick          a hint in about two minutes: 2 rounds of 5 s; writes no file
  --seconds N      length of one measured run (60: at full rate more than ten log files)
  --rounds N       rounds; in each the server and the floor run once per row (5)
  --rows LIST      of s1-256,s1-64,s3-256,s4-join-256,s4-cut-256 (all); s4 is measured against s1
  --ready-memory MIB   what the server touches before the sale (80 for each second, at most half of
                   what the machine has free; 0: nothing)
  --bin DIR        the binaries (build/release/bin)
  --micro          the benchmarks of single functions instead, one after the other
  --out FILE       the report (docs/benchmarks.md)
TEXT
}

bin=build/release/bin
seconds=60
rounds=5
rows=s1-256,s1-64,s3-256,s4-join-256,s4-cut-256
out=docs/benchmarks.md
ready_memory_mib=""
micro=no
command_line="./dev bench${*:+ $*}"
while [ $# -gt 0 ]; do
    case $1 in
        --quick) seconds=5 rounds=2 out="" ;;
        --seconds) seconds=$2 && shift ;;
        --rounds) rounds=$2 && shift ;;
        --rows) rows=$2 && shift ;;
        --ready-memory) ready_memory_mib=$2 && shift ;;
        --bin) bin=$2 && command_line=${command_line/ --bin $2/} && shift ;;
        --out) out=$2 && command_line=${command_line/ --out $2/} && shift ;;
        --micro) micro=yes ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done

for row in ${rows//,/ }; do
    if [ "${row%%-*}" = s4 ] && [[ ",$rows," != *",s1-${row##*-},"* ]]; then
        echo "bench: $row is a ratio to s1-${row##*-}; name that row too" >&2
        exit 2
    fi
done

if [ "$micro" = yes ]; then
    for bench in "$bin"/*_bench; do
        printf '\n== %s\n' "${bench##*/}"
        "$bench" --benchmark_min_warmup_time=0.1
    done
    exit
fi

if [ -z "$ready_memory_mib" ]; then
    free_mib=$(awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo)
    ready_memory_mib=$((seconds * 80 < free_mib / 2 ? seconds * 80 : free_mib / 2))
fi

# ---- Stage ---------------------------------------------------------------------------------------
# Beside the binaries, not under the system's temporary folder: that may be memory, and the journal
# is to meet a disk.
stage=$(mktemp -d "$(readlink -f "$bin")/../bench.XXXXXX")
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

say() { printf 'bench: %s\n' "$*" >&2; }
fail() {
    printf 'bench: %s\n' "$*" >&2
    tail -20 "$stage/server.log" >&2 2>/dev/null || true
    exit 1
}
[ "$(nproc)" -ge 2 ] || fail "needs two cores: one for the server, one for the generator"
for tool in stampede stampede-load floor_server disk_sync; do
    [ -x "$bin/$tool" ] || fail "$bin/$tool is missing; run ./dev bench, or ./dev build"
done
"$bin/stampede" keys new --key-file "$stage/keys.toml" >/dev/null

await_ready() {
    local tries
    for ((tries = 0; tries < 300; ++tries)); do
        if grep -q '^ready ' "$stage/ready"; then
            return
        fi
        kill -0 "$server" 2>/dev/null || fail "the server did not start"
        sleep 0.1
    done
    fail "the server did not get ready within 30 s"
}
start_server() {
    rm -rf "$stage/data" "$stage/mall.db"* && : >"$stage/ready"
    taskset -c 0 "$bin/stampede" serve --dev --key-file "$stage/keys.toml" \
        --data-dir "$stage/data" --mall-db "sqlite:$stage/mall.db" \
        --buyers 127.0.0.1:0 --mall-api 127.0.0.1:0 --live 127.0.0.1:0 \
        --ready-memory-bytes "${ready_memory_mib}M" >"$stage/ready" 2>"$stage/server.log" &
    server=$!
    await_ready
    buyers=$(sed -n 's/^ready .*buyers=\([^ ]*\).*/\1/p' "$stage/ready")
    mall_api=$(sed -n 's/^ready .*mall-api=\([^ ]*\).*/\1/p' "$stage/ready")
}
start_floor() { # REPLY_BYTES
    : >"$stage/ready"
    taskset -c 0 "$bin/floor_server" --listen 127.0.0.1:0 --reply-bytes "$1" \
        >"$stage/ready" 2>"$stage/server.log" &
    server=$!
    await_ready
    buyers=$(sed -n 's/^ready listen=\(.*\)/\1/p' "$stage/ready")
}
stop_server() {
    local status=0
    kill -TERM "$server"
    wait "$server" || status=$?
    server=""
    return "$status"
}

load() { # SCENARIO CONNECTIONS SECONDS [FLAGS…]: the report is in $stage/report.json
    local scenario=bench/scenarios/$1.toml connections=$2 length=$3 status=0
    shift 3
    rm -f "$stage/report.json"
    taskset -c 1 "$bin/stampede-load" run "$scenario" --buyers "$buyers" --seconds "$length" \
        --connections "$connections" --buyer-key-file "$stage/keys.toml" --server-pid "$server" \
        --json "$stage/report.json" "$@" >"$stage/load.log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || {
        cat "$stage/load.log" >&2
        fail "the crowd of $scenario ended with $status"
    }
}
verify_journal() {
    "$bin/stampede" verify --data-dir "$stage/data" >"$stage/verify.log" 2>&1 || {
        cat "$stage/verify.log" >&2
        fail "stampede verify refuses the journal of a run"
    }
}

# keep ROW ROUND SIDE LOG_SWITCHES: one line of $stage/rows for each run.
keep() {
    jq -c --arg row "$1" --argjson round "$2" --arg side "$3" --argjson switches "$4" '{
        row: $row, round: $round, side: $side, switches: $switches, rate: .requests_per_s,
        idle: .machine.core_idle, generator_busy: .machine.generator_busy,
        cpu_us: .machine.processes[0].cpu_us_per_request, answered: .requests.answered,
        checked: ([.invariants[]?.checked] | add // 0),
        broken: ([.invariants[]?.broken] | add // 0)}' "$stage/report.json" >>"$stage/rows"
    tail -1 "$stage/rows" | jq -r '"bench: \(.row) round \(.round) \(.side): \(.rate | round)/s, " +
        "\(.cpu_us * 100 | round / 100) us of CPU each, cores idle " +
        "\([.idle[] | . * 100 | round | tostring + " %"] | join(" "))"' >&2
}

# Bytes of one answer of the running server, its header included: what the floor shall send.
answer_bytes() { # HEADER
    local body='{"item_id":"1001","quantity":1}'
    exec 3<>"/dev/tcp/${buyers%:*}/${buyers##*:}"
    printf 'POST /v1/campaigns/1/orders HTTP/1.1\r\nHost: %s\r\n%s\r\nIdempotency-Key: size\r\n' \
        "$buyers" "$1" >&3
    printf 'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "${#body}" "$body" >&3
    { timeout 1 cat <&3 || true; } | wc -c
    exec 3>&-
}

measure() { # ROW ROUND
    local row=$1 round=$2 kind=${1%-*} connections=${1##*-} reply=0 switches header
    header="X-Buyer-Id: 99999999999"
    [ "$kind" != s3 ] || header="Authorization: Bearer $("$bin/stampede" token \
        --key-file "$stage/keys.toml" --buyer 99999999999)"
    start_server
    load "$kind" "$connections" "$seconds" --mall-api "$mall_api"
    [ "${kind%%-*}" = s4 ] || reply=$(answer_bytes "$header")
    stop_server || fail "the server ended badly"
    switches=$(grep -c 'New memtable created' "$stage/data/journal/LOG" || true)
    keep "$row" "$round" stampede "$switches"
    verify_journal
    if [ "${kind%%-*}" = s4 ]; then
        return # its measure is the S1 of the same round
    fi
    start_floor "$reply"
    load "floor-$kind" "$connections" "$seconds"
    stop_server || true # the floor has no graceful end
    keep "$row" "$round" floor 0
}

# ---- Measure -------------------------------------------------------------------------------------
disk_before=$("$bin/disk_sync" "$stage")
load_before=$(cut -d' ' -f1-3 /proc/loadavg)
for ((round = 1; round <= rounds; ++round)); do
    for row in ${rows//,/ }; do
        measure "$row" "$round"
    done
done
disk_after=$("$bin/disk_sync" "$stage")

# ---- Report --------------------------------------------------------------------------------------
jq -rs -f bench/table.jq "$stage/rows" >"$stage/table"
report() {
    local commit
    commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
    git diff --quiet HEAD 2>/dev/null || commit="$commit and changes on top"
    cat <<TEXT
# Benchmarks

Written by \`$command_line\` on $(date -u +%F); do not edit. Ratios are of runs that took turns on the
same cores, the median of $rounds rounds; a rate by itself says little on a shared machine. Floor: a
bare io_uring server that receives the same requests, parses nothing and answers a constant of the
same size. The whole server, all of its threads, is pinned to one core and the generator to the other.
S1: durable orders for one hot item, each by a buyer of its own (trusted header), idempotency key,
limits, deadline, journal, settlement and metrics on, keep-alive, no pipelining. S3: sold out, buyers
with tokens. S4: seats of groups (nine joins to each opening, groups of ten) and cuts of bargains (ten
cuts to each launch), everything else as in S1 and as a share of its rate.

- commit $commit; kernel $(uname -r); $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores
- load average before the first run $load_before: well above 0 means that others used these cores
- one run: 1 s of warming up, $seconds s measured, from an empty data directory, with $ready_memory_mib MiB
  of memory touched before the start (\`ready_memory_bytes\`)
- 4 KiB append + fdatasync on the journal's disk, 200 samples: before $(jq -r '"p50 \(.p50_us) us, p99 \(.p99_us) us"' <<<"$disk_before"); after $(jq -r '"p50 \(.p50_us) us, p99 \(.p99_us) us"' <<<"$disk_after")

TEXT
    cat "$stage/table"
}
report >"$stage/report.md"
cat "$stage/report.md"
if [ -n "$out" ]; then
    cp "$stage/report.md" "$out"
    say "written to $out"
fi
jq -es 'all(.broken == 0)' "$stage/rows" >/dev/null || fail "an invariant was broken"
