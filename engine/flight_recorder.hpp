// SPDX-License-Identifier: Apache-2.0
// A ring with one record per turn of the loop, of the last minutes: the way to explain one bad
// second of a sale. The loop thread alone records; any other thread may read or dump meanwhile,
// without disturbing it. Nothing is allocated after construction, so a dump also works on the way
// out of a failing process. When to dump (on exit, on a signal, on demand) is the caller's affair.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::engine {

/// One turn. The commit is the one that the turn found durable; commit 0 when it found none.
/// Microseconds are those of monotonic_us().
struct TurnRecord {
    Instant at;
    std::uint64_t arrivals = 0;  // commands decided in the turn
    std::uint64_t replies = 0;   // replies released in the turn
    CommitNumber commit;
    std::uint64_t commit_bytes = 0;
    std::int64_t submitted_us = 0;  // when the loop handed the commit to the journal
    std::int64_t durable_us = 0;    // when the loop learned that it is durable
    std::int64_t sync_us = 0;       // what the journal thread spent in the sync
    friend bool operator==(const TurnRecord&, const TurnRecord&) = default;
};

class FlightRecorder {
  public:
    /// 64 Ki turns, 4.5 MiB: minutes at the commit rate of a sale, when idle turns are left out.
    static constexpr std::size_t turns_kept_default = std::size_t{1} << 16;

    /// Keeps the last `turns_kept` records; a power of two.
    explicit FlightRecorder(std::size_t turns_kept = turns_kept_default);

    /// Loop thread.
    void record(const TurnRecord& turn);

    /// Records made since the start. Any thread.
    [[nodiscard]] std::uint64_t recorded() const {
        return recorded_.load(std::memory_order_acquire);
    }
    /// The record with that number (the first is 0); empty when it was overwritten, is being
    /// overwritten, or was never made. Any thread.
    [[nodiscard]] std::optional<TurnRecord> read(std::uint64_t number) const;

    /// Writes the ring as lines of text, oldest first, under a header that names the columns. Any
    /// thread; records that are overwritten during the dump are left out.
    [[nodiscard]] Result<> dump(int file_descriptor) const;

  private:
    static constexpr std::size_t words = 8;
    // A seqlock per slot. `state` is 2n+1 while record n is written and 2n+2 once it is whole. The
    // words are atomics so that the race of a reader with the writer is defined.
    struct Slot {
        std::atomic<std::uint64_t> state{0};
        std::array<std::atomic<std::uint64_t>, words> word{};
    };
    std::size_t mask_;
    std::unique_ptr<Slot[]> slots_;
    std::atomic<std::uint64_t> recorded_{0};
};

}  // namespace stampede::engine
