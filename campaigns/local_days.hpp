// SPDX-License-Identifier: Apache-2.0
// The days of a campaign's time zone, for limits per day: spans of constant offset from UTC over
// the campaign's life, written down when the draft is judged, so that a later change of time-zone
// tables cannot move a day. Plain values, any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

/// From `from` on local time is UTC plus `offset_s` seconds.
struct ZoneSpan {
    Instant from;
    std::int32_t offset_s = 0;
    friend bool operator==(const ZoneSpan&, const ZoneSpan&) = default;
};

struct LocalDays {
    /// Ascending; before the first its offset holds. None: UTC.
    std::vector<ZoneSpan> spans;

    /// Days since 1970-01-01 by the zone's calendar; 0 before it.
    [[nodiscard]] std::uint32_t day_of(Instant at) const {
        const auto after = std::ranges::upper_bound(spans, at, {}, &ZoneSpan::from);
        const std::int32_t offset_s = spans.empty()            ? 0
                                      : after == spans.begin() ? spans.front().offset_s
                                                               : std::prev(after)->offset_s;
        constexpr std::int64_t ms_per_day = 86'400'000;
        const std::int64_t local_ms = at.ms() + std::int64_t{offset_s} * 1000;
        return static_cast<std::uint32_t>(std::max<std::int64_t>(local_ms, 0) / ms_per_day);
    }
    friend bool operator==(const LocalDays&, const LocalDays&) = default;
};

}  // namespace stampede::campaigns
