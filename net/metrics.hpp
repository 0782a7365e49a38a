// SPDX-License-Identifier: Apache-2.0
// ServerCounters under their public names, as Prometheus text. Called when /metrics is scraped, on
// the quiet doors' thread.
#pragma once

#include <cstdint>
#include <string>

#include "net/server_counters.hpp"

namespace stampede::net {

/// Numbers that only the doors know at the moment of scraping.
struct DoorNumbers {
    std::size_t mall_sessions_open = 0;
    std::uint64_t mall_requests = 0;
    std::size_t mall_calls_waiting = 0;
};

[[nodiscard]] std::string metrics_text(const ServerCounters& counters, const DoorNumbers& doors);

}  // namespace stampede::net
