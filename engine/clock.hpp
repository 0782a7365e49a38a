// SPDX-License-Identifier: Apache-2.0
// The only reader of time. JournalClock turns the machine's two clocks into journal time; it is
// owned by the loop thread and read once per turn. Journal time never goes back, also not across
// restarts, and between two readings it moves with CLOCK_BOOTTIME alone: "last + monotonic".
//
//   start          the wall clock, or the last journal time where that is later: downtime is no
//   jump running        last + monotonic. Where the wall clock differs (a small step by NTP, a wall
//   clock
//                  that was ahead before), journal time runs up to 1 % faster or slower until they
//                  meet, so that no deadline comes early by more than that
//   paused         SIGSTOP, a suspended machine: BOOTTIME went on, so journal time did; no jump
//   wall + 1 h     frozen() until the clocks agreed for 60 s or the operator's word; meanwhile last
//   +
//                  monotonic, as if nothing had happened. Then the wall clock is taken as right and
//                  journal time leaps to it; what is overdue then fires under the turn's budget
//   wall - 1 h     frozen() in the same way, last + monotonic. After it still last + monotonic:
//   never
//                  back, only 1 % slower; ahead_of_wall() tells the operator by how much
//
// While frozen() no deadline may fire and no campaign may open: journal time is then the best
// guess, and the caller holds back what depends on it.
#pragma once

#include <cstdint>

#include "engine/vocabulary/time.hpp"

namespace stampede::engine {

/// The machine's clocks; tests and the simulation give their own.
class TimeSource {
  public:
    TimeSource() = default;
    TimeSource(const TimeSource&) = delete;
    TimeSource& operator=(const TimeSource&) = delete;
    virtual ~TimeSource() = default;
    /// Milliseconds since 1970; an operator or NTP may step it either way.
    [[nodiscard]] virtual std::int64_t realtime_ms() const = 0;
    /// Milliseconds since boot, suspension included; never goes back.
    [[nodiscard]] virtual std::int64_t boottime_ms() const = 0;
};

/// CLOCK_REALTIME and CLOCK_BOOTTIME. Any thread.
class SystemTimeSource final : public TimeSource {
  public:
    [[nodiscard]] std::int64_t realtime_ms() const override;
    [[nodiscard]] std::int64_t boottime_ms() const override;
};

/// Microseconds of CLOCK_MONOTONIC, for measuring only: nothing is decided by it. Any thread.
[[nodiscard]] std::int64_t monotonic_us();

class JournalClock {
  public:
    /// A change of REALTIME - BOOTTIME by more than this between two readings is a jump.
    static constexpr Duration jump_tolerance = Duration::seconds(2);
    /// Time without a change after which a jumped wall clock is believed.
    static constexpr Duration agreement_needed = Duration::seconds(60);
    /// What counts as "no change" meanwhile: rounding and short preemptions, not a step.
    static constexpr Duration agreement_tolerance = Duration::milliseconds(100);
    /// Journal time catches up, or waits, by one millisecond in this many.
    static constexpr std::int64_t slew_divisor = 100;

    /// `source` must outlive the clock; `last_recovered` is the journal time of the newest commit,
    /// Instant{} for an empty journal.
    JournalClock(const TimeSource& source, Instant last_recovered);

    /// Reads both clocks: journal time, never less than before. Once per turn.
    Instant now();
    /// What now() said last, without reading a clock.
    [[nodiscard]] Instant last() const { return last_; }
    /// True from a jump until agreement or thaw(): nothing expires, nothing opens, alarm.
    [[nodiscard]] bool frozen() const { return frozen_; }
    /// The operator's word: the wall clock, as read last, is right. Nothing when not frozen.
    void thaw();
    /// Jumps seen since the start.
    [[nodiscard]] std::uint64_t jumps() const { return jumps_; }
    /// Journal time minus wall time at the last reading; negative when it lags.
    [[nodiscard]] Duration ahead_of_wall() const { return offset_ - difference_; }

  private:
    struct Reading;
    [[nodiscard]] Reading read() const;
    void judge(const Reading& reading);
    void slew(Duration elapsed);

    const TimeSource& source_;
    Instant last_;
    Duration boottime_;           // at the last reading
    Duration difference_;         // REALTIME - BOOTTIME at the last reading
    Duration offset_;             // journal time - BOOTTIME
    Duration agreed_since_;       // BOOTTIME of the last change, while frozen
    Duration agreed_difference_;  // REALTIME - BOOTTIME then
    std::int64_t slew_credit_ms_ = 0;
    std::uint64_t jumps_ = 0;
    bool frozen_ = false;
};

}  // namespace stampede::engine
