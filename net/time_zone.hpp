// SPDX-License-Identifier: Apache-2.0
// Time zones by name, from the system's tzdata, which the first caller reads once. The library's
// headers are heavy: they stay behind this one. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "engine/vocabulary/time.hpp"

namespace date {
class time_zone;  // NOLINT(readability-identifier-naming): the library's own name
}

namespace stampede::net {

/// Null when this machine's tzdata does not know the name. The zone lives as long as the process.
[[nodiscard]] const date::time_zone* find_time_zone(std::string_view name);
/// The zone that was most likely meant; empty when none is near.
[[nodiscard]] std::string nearest_time_zone(std::string_view name);

/// RFC 3339 with the zone's offset at that instant, in UTC when this machine does not know the
/// zone; milliseconds only when there are any.
[[nodiscard]] std::string rfc3339_in_zone(Instant instant, std::string_view zone_name);

}  // namespace stampede::net
