// SPDX-License-Identifier: Apache-2.0
// The watch that I/O deadlines are kept with: milliseconds of CLOCK_MONOTONIC, read once a turn by
// the event loop and handed in everywhere else, so that a test can hand in its own. It never enters
// an event; journal time comes from engine/clock.hpp.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "engine/vocabulary/time.hpp"

namespace stampede::net {

class SteadyTime {
  public:
    constexpr SteadyTime() = default;
    constexpr explicit SteadyTime(std::int64_t ms_since_boot) : ms_(ms_since_boot) {}
    /// Later than every deadline.
    [[nodiscard]] static constexpr SteadyTime never() {
        return SteadyTime{std::numeric_limits<std::int64_t>::max()};
    }
    [[nodiscard]] constexpr std::int64_t ms() const { return ms_; }
    friend constexpr auto operator<=>(SteadyTime, SteadyTime) = default;
    friend constexpr SteadyTime operator+(SteadyTime time, Duration duration) {
        return SteadyTime{time.ms_ + duration.ms()};
    }
    friend constexpr Duration operator-(SteadyTime left, SteadyTime right) {
        return Duration::milliseconds(left.ms_ - right.ms_);
    }

  private:
    std::int64_t ms_ = 0;
};

/// Reads the clock; only event loops do.
[[nodiscard]] SteadyTime read_steady_clock();

}  // namespace stampede::net
