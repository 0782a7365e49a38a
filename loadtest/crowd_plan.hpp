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

/// Which starter's link, by position among the starters.
using LinkIndex = StrongId<struct LinkTag, std::uint32_t>;

struct PlannedAct : Question {
    std::chrono::nanoseconds at{0};  // from T0
    /// Of acts that make or follow a link. Followers wait for it, and then count as clicking when
    /// it came: nobody can click a link that does not exist yet.
    LinkIndex link;
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

/// The first clicks of a crowd that shares links, without keys, in any order (sharing_plan.cpp).
[[nodiscard]] std::vector<PlannedAct> plan_sharing(const Scenario& scenario);

/// How a buyer deals with a hold, decided by the seed and his key, whatever else happens.
enum class HoldFate : std::uint8_t { pays, pays_late, cancels, walks_away };
[[nodiscard]] HoldFate fate_of(const Scenario& scenario, KeyNumber key);

}  // namespace stampede::loadtest
