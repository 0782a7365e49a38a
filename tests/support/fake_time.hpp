// SPDX-License-Identifier: Apache-2.0
// Clocks that a test moves by hand: time that passes, wall clocks that are set, and processes that
// are stopped at the worst place.
#pragma once

#include <cstdint>

#include "engine/clock.hpp"

namespace stampede::engine {

class FakeTime final : public TimeSource {
  public:
    /// 2025-11-11T00:00:00Z, on a machine that booted an hour before.
    static constexpr std::int64_t start_ms = 1'762'819'200'000;

    [[nodiscard]] std::int64_t realtime_ms() const override {
        const std::int64_t reading = realtime_ms_;
        ++readings_;
        if (stop_after_reading_ == readings_) {
            boottime_ms_ += stopped_ms_;
            realtime_ms_ += stopped_ms_;
        }
        return reading;
    }
    [[nodiscard]] std::int64_t boottime_ms() const override { return boottime_ms_; }

    /// Both clocks go on.
    void pass(Duration duration) {
        realtime_ms_ += duration.ms();
        boottime_ms_ += duration.ms();
    }
    /// Somebody sets the wall clock.
    void step_wall(Duration by) { realtime_ms_ += by.ms(); }
    [[nodiscard]] Instant wall() const { return Instant{realtime_ms_}; }

    /// The process is stopped between the next reading of the wall clock and that of the other.
    void stop_in_next_reading(Duration duration) {
        stop_after_reading_ = readings_ + 1;
        stopped_ms_ = duration.ms();
    }

  private:
    mutable std::int64_t realtime_ms_ = start_ms;
    mutable std::int64_t boottime_ms_ = 3'600'000;
    mutable std::uint64_t readings_ = 0;
    std::uint64_t stop_after_reading_ = 0;
    std::int64_t stopped_ms_ = 0;
};

}  // namespace stampede::engine
