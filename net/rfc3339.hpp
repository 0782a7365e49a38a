// SPDX-License-Identifier: Apache-2.0
// Instants as people and gateways write them: RFC 3339, as in 2026-11-21T20:00:00+08:00. Pure; the
// other way round is rfc3339_in_zone() in net/time_zone.hpp.
#pragma once

#include <optional>
#include <string_view>

#include "engine/vocabulary/time.hpp"

namespace stampede::net {

/// Empty for anything but a whole date-time with an offset (`Z` or ±hh:mm), of the years 1970 to
/// 9999. Fractions beyond milliseconds are cut off; a leap second counts as the second after it.
[[nodiscard]] std::optional<Instant> parse_rfc3339(std::string_view text);

}  // namespace stampede::net
