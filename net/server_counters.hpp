// SPDX-License-Identifier: Apache-2.0
// Plain numbers that each thread keeps about its own work and that are read only when somebody
// scrapes (net/metrics.hpp gives them their names, docs/reference/metrics.md explains them). A
// counter has one writer, so an increment is a load, an add and a store: no lock, no locked
// instruction. Readers may see numbers of slightly different moments.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace stampede::net {

/// Only rises. One writing thread.
class Counter {
  public:
    void add(std::uint64_t more = 1) {
        // Relaxed throughout: a statistic orders nothing.
        value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    /// For a number that is counted elsewhere.
    void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down. One writing thread.
class Gauge {
  public:
    void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t more) { set(value() + more); }
    [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::int64_t> value_{0};
};

/// Durations on a 1-2-5 ladder from 10 us to 10 s. One writing thread.
class DurationHistogram {
  public:
    static constexpr std::array<std::int64_t, 19> bounds_us{
        10,      20,        50,        100,       200,       500,     1'000,
        2'000,   5'000,     10'000,    20'000,    50'000,    100'000, 200'000,
        500'000, 1'000'000, 2'000'000, 5'000'000, 10'000'000};

    void observe_us(std::int64_t us) {
        std::size_t bucket = 0;
        while (bucket < bounds_us.size() && us > bounds_us[bucket]) {
            ++bucket;
        }
        buckets_[bucket].add();
        sum_us_.add(static_cast<std::uint64_t>(us < 0 ? 0 : us));
    }
    /// Of the bucket up to bounds_us[at]; the last one is all above.
    [[nodiscard]] std::uint64_t bucket(std::size_t at) const { return buckets_[at].value(); }
    [[nodiscard]] std::uint64_t sum_us() const { return sum_us_.value(); }

  private:
    std::array<Counter, bounds_us.size() + 1> buckets_;
    Counter sum_us_;
};

/// Room for the states of a play's records, which count from 1.
inline constexpr std::size_t record_states_max = 16;

/// Loop thread: the buyers' door and the shards.
struct alignas(64) ShardCounters {
    Counter requests;            // whole requests, also malformed ones
    Counter answers_accepted;    // HELD, CONFIRMED, OK …: the buyer got what he asked for
    Counter answers_refused;     // SOLD_OUT, LIMIT_BUYER …: a business refusal
    Counter answers_shed;        // BUSY, RATE
    Counter requests_malformed;  // 4xx
    Counter connections_accepted;
    Gauge connections_open;
    Counter commits;
    Counter commit_bytes;
    Counter events;
    Counter mall_calls;  // taken from the mall's door
    Gauge holds_open;
    /// Of the campaigns in memory, by the number of their state.
    std::array<Gauge, record_states_max> groups;
    std::array<Gauge, record_states_max> bargains;
    Gauge clock_frozen;  // 1 while expiries are frozen
    Counter clock_jumps;
    Gauge clock_ahead_ms;     // journal time minus wall time
    Gauge selling_held_back;  // 1 while new holds are answered BUSY
};

/// Journal thread.
struct alignas(64) JournalCounters {
    Counter durable_commit;  // number of the newest durable commit
    DurationHistogram sync;  // from submit to durable
    Gauge disk_reserve_ok;   // 0 when the disk nears its reserve
    Gauge disk_free_bytes;
};

/// Settlement thread.
struct alignas(64) SettlementCounters {
    Gauge backlog_commits;
    Gauge refused;  // 1 once it stopped until a person acts
    Counter settled_commit;
    Counter failures;
};

/// Follower thread.
struct alignas(64) FollowerCounters {
    Counter applied_commit;
    Counter checkpoint_commit;
    Counter checkpoints;
};

/// Quiet doors' thread: the live door.
struct alignas(64) LiveCounters {
    Gauge watchers;             // connections open
    Gauge subjects;             // different ones that are followed
    Counter connections;        // let in
    Counter refused;            // for want of room, or because the state did not come in time
    Counter states;             // written once each, however many are sent them
    Counter events;             // sent
    Counter coalesced;          // states that a watcher never saw, since a newer one was there
    Counter dropped_slow;       // did not take what was sent
    Counter dropped_silent;     // answered no ping
    Counter dropped_talkative;  // sent more than a watcher has to say
};

/// Whether the server takes work; /readyz says so.
enum class ServerPhase : std::uint8_t { recovering = 0, serving = 1, stopping = 2 };

struct ServerCounters {
    ShardCounters loop;
    JournalCounters journal;
    SettlementCounters settlement;
    FollowerCounters follower;
    LiveCounters live;
    std::atomic<ServerPhase> phase{ServerPhase::recovering};
};

}  // namespace stampede::net
