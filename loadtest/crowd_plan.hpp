// SPDX-License-Identifier: Apache-2.0
// Who clicks when on what: every act of the crowd that does not depend on an answer, planned from
// the seed before the run. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "loadtest/answer.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

/// What happens to the connection right after the request was sent.
enum class AfterAsking : std::uint8_t { waits, drops_connection };

struct PlannedAct {
    std::chrono::nanoseconds at{0};  // from T0
    BuyerId buyer;
    KeyNumber key;
    OrderId order;  // cancels only
    ItemIndex item;
    ActKind kind = ActKind::order;
    AfterAsking after = AfterAsking::waits;
    std::uint8_t tries = 0;
};

/// Keys of acts that are added during the run start above all planned ones.
struct CrowdPlan {
    std::vector<PlannedAct> acts;  // rising by time
    KeyNumber first_free_key;
};

/// Same scenario and seed, same plan.
[[nodiscard]] CrowdPlan plan_crowd(const Scenario& scenario);

/// How a buyer deals with a hold, decided by the seed and his key, whatever else happens.
enum class HoldFate : std::uint8_t { pays, pays_late, cancels, walks_away };
[[nodiscard]] HoldFate fate_of(const Scenario& scenario, KeyNumber key);

}  // namespace stampede::loadtest
