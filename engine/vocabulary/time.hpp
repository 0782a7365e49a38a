// SPDX-License-Identifier: Apache-2.0
// Journal time: milliseconds since 1970-01-01 UTC, stamped by the engine, never going back.
// Instant - Instant = Duration; nothing else mixes. Only engine/clock.hpp reads a clock.
#pragma once

#include <compare>
#include <cstdint>

namespace stampede {

class Duration {
  public:
    constexpr Duration() = default;
    [[nodiscard]] static constexpr Duration milliseconds(std::int64_t ms) { return Duration{ms}; }
    [[nodiscard]] static constexpr Duration seconds(std::int64_t s) { return Duration{s * 1000}; }
    [[nodiscard]] constexpr std::int64_t ms() const { return ms_; }
    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration left, Duration right) {
        return Duration{left.ms_ + right.ms_};
    }
    friend constexpr Duration operator-(Duration left, Duration right) {
        return Duration{left.ms_ - right.ms_};
    }

  private:
    constexpr explicit Duration(std::int64_t ms) : ms_(ms) {}
    std::int64_t ms_ = 0;
};

class Instant {
  public:
    constexpr Instant() = default;
    constexpr explicit Instant(std::int64_t ms_since_1970) : ms_(ms_since_1970) {}
    /// Milliseconds since 1970-01-01T00:00:00Z.
    [[nodiscard]] constexpr std::int64_t ms() const { return ms_; }
    friend constexpr auto operator<=>(Instant, Instant) = default;
    friend constexpr Duration operator-(Instant left, Instant right) {
        return Duration::milliseconds(left.ms_ - right.ms_);
    }
    friend constexpr Instant operator+(Instant instant, Duration duration) {
        return Instant{instant.ms_ + duration.ms()};
    }
    friend constexpr Instant operator-(Instant instant, Duration duration) {
        return Instant{instant.ms_ - duration.ms()};
    }

  private:
    std::int64_t ms_ = 0;
};

}  // namespace stampede
