// SPDX-License-Identifier: Apache-2.0
// Local times of day, as slots (场次) are written. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stampede::net {

/// Seconds since midnight of "20:00" or "20:00:30"; "24:00" is the end of the day. Empty for
/// anything else.
[[nodiscard]] std::optional<std::int64_t> parse_time_of_day(std::string_view text);
/// "20:00:00".
[[nodiscard]] std::string time_of_day_text(std::int64_t seconds);

}  // namespace stampede::net
