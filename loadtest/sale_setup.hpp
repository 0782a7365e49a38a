// SPDX-License-Identifier: Apache-2.0
// Makes the campaign of a scenario through the mall's door: draft, publish, wait until it can
// start. One thread, at start-up.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/time.hpp"
#include "loadtest/mall_door.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

struct StartedSale {
    std::string campaign_id;
    /// T0 on this machine's steady clock.
    std::chrono::steady_clock::time_point starts;
};

/// `now` as RFC 3339 in UTC, with milliseconds.
[[nodiscard]] std::string rfc3339(Instant now);
/// "+2s", "+500ms", "+10m", "+1h" against `now`; anything else is returned as it is.
[[nodiscard]] std::string resolve_time(std::string_view text, Instant now);

/// Creates and publishes the scenario's draft. The server's own clock (`GET /v1/time` of the
/// buyers' door) decides what "+2s" means, so that T0 is the server's.
[[nodiscard]] Result<StartedSale> start_sale(const Scenario& scenario, MallDoor& mall,
                                             MallDoor& buyers);

}  // namespace stampede::loadtest
