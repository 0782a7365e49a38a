// SPDX-License-Identifier: Apache-2.0
// Over Howard Hinnant's date library: the standard one of this compiler has no zones.
#include "net/time_zone.hpp"

#include <date/date.h>
#include <date/tz.h>

#include <chrono>
#include <stdexcept>
#include <vector>

#include "net/nearest_name.hpp"

namespace stampede::net {

const date::time_zone* find_time_zone(std::string_view name) {
    try {
        return date::locate_zone(name);
    } catch (const std::runtime_error&) {
        return nullptr;  // the library's way to say that there is none
    }
}

std::string nearest_time_zone(std::string_view name) {
    std::vector<std::string_view> names;
    for (const date::time_zone& zone : date::get_tzdb().zones) {
        names.emplace_back(zone.name());
    }
    return std::string{nearest_name(name, names)};
}

std::string rfc3339_in_zone(Instant instant, std::string_view zone_name) {
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    const date::sys_time<milliseconds> time{milliseconds{instant.ms()}};
    const auto whole = date::floor<seconds>(time);
    const date::time_zone* zone = find_time_zone(zone_name);
    if (zone == nullptr) {
        return date::format("%FT%TZ", time);
    }
    return whole == time ? date::format("%FT%T%Ez", date::make_zoned(zone, whole))
                         : date::format("%FT%T%Ez", date::make_zoned(zone, time));
}

}  // namespace stampede::net
