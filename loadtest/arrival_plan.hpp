// SPDX-License-Identifier: Apache-2.0
// When the crowd clicks. All arrivals are planned from a seed before the first request is sent, and
// latency counts from the planned time, so a slow server cannot slow the crowd down and so hide its
// own delay. Pure: same shape and seed, same plan.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace stampede::loadtest {

enum class ArrivalShape : std::uint8_t {
    herd,      // everyone around T0: clock skew and network jitter, log-normal, within a window
    poisson,   // independent buyers at a mean rate
    constant,  // evenly spaced
    ramp,      // the rate rises (or falls) evenly from one to another
    burst,     // groups of arrivals at the same instant, evenly spaced
};

struct Arrivals {
    ArrivalShape shape = ArrivalShape::herd;
    /// herd: nearly all arrive within this time after T0; none later than it, none before T0.
    std::chrono::nanoseconds window = std::chrono::milliseconds{500};
    /// poisson, constant, burst: arrivals per second. ramp: the rate at the start.
    double per_second = 0;
    /// ramp: the rate at the end of `length`.
    double to_per_second = 0;
    /// poisson, constant, ramp, burst: how long arrivals go on.
    std::chrono::nanoseconds length = std::chrono::seconds{10};
    /// burst: arrivals at each instant.
    std::uint32_t burst_size = 100;
};

/// The word of the scenario file; empty for an unknown shape number.
[[nodiscard]] std::string_view name_of(ArrivalShape shape);

/// Offsets from T0, rising. A herd has exactly `buyers` arrivals; the other shapes have as many as
/// rate and length give, and at most `buyers` when that is not 0.
[[nodiscard]] std::vector<std::chrono::nanoseconds> plan_arrivals(const Arrivals& arrivals,
                                                                  std::uint32_t buyers,
                                                                  std::uint64_t seed);

}  // namespace stampede::loadtest
