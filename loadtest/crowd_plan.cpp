// SPDX-License-Identifier: Apache-2.0
// One stream of random numbers per purpose, so that changing one share leaves the others' choices.
#include "loadtest/crowd_plan.hpp"

#include <algorithm>
#include <tuple>

#include "engine/vocabulary/check.hpp"
#include "loadtest/seeded_random.hpp"
#include "loadtest/zipf.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t item_purpose = 2;
constexpr std::uint64_t again_purpose = 3;
constexpr std::uint64_t drop_purpose = 4;
constexpr std::uint64_t fate_purpose = 5;

// A second click follows the first by a tenth of a second or two.
nanoseconds second_click(SeededRandom& random) {
    return std::chrono::milliseconds{20} +
           nanoseconds{static_cast<std::int64_t>(random.exponential(120e6))};
}

// Buyers who each click once, by themselves.
std::vector<PlannedAct> plan_clicks(const Scenario& scenario) {
    const Crowd& crowd = scenario.crowd;
    const bool herd = scenario.arrivals->shape == ArrivalShape::herd;
    const std::vector<nanoseconds> arrivals =
        plan_arrivals(*scenario.arrivals, herd ? crowd.buyers : 0, scenario.seed);
    auto items = SeededRandom::for_purpose(scenario.seed, item_purpose);
    const std::size_t item_count = scenario.raw ? 1 : scenario.sale.items.size();
    const Zipf choice{item_count, crowd.zipf};
    std::vector<PlannedAct> clicks;
    clicks.reserve(arrivals.size());
    for (std::size_t number = 0; number < arrivals.size(); ++number) {
        PlannedAct act;
        act.at = arrivals[number];
        act.buyer = BuyerId{crowd.first_buyer.raw() + number % crowd.buyers};
        act.item = ItemIndex{static_cast<std::uint32_t>(choice.choose(items))};
        clicks.push_back(act);
    }
    return clicks;
}

}  // namespace

CrowdPlan plan_crowd(const Scenario& scenario) {
    const Crowd& crowd = scenario.crowd;
    check(scenario.arrivals.has_value(), "only a scenario with arrivals has a plan");
    const std::vector<PlannedAct> clicks =
        scenario.sharing ? plan_sharing(scenario) : plan_clicks(scenario);
    auto again = SeededRandom::for_purpose(scenario.seed, again_purpose);
    auto drops = SeededRandom::for_purpose(scenario.seed, drop_purpose);

    CrowdPlan plan;
    plan.acts.reserve(clicks.size() + clicks.size() / 4);
    std::uint64_t next_key = 1;
    for (const PlannedAct& click : clicks) {
        PlannedAct act = click;
        act.key = KeyNumber{next_key++};
        act.after = drops.happens(crowd.drops_connection) ? AfterAsking::drops_connection
                                                          : AfterAsking::waits;
        plan.acts.push_back(act);
        const bool same = again.happens(crowd.same_key_again);
        const bool other = again.happens(crowd.other_key_again);
        act.after = AfterAsking::waits;
        if (same) {
            act.at = click.at + second_click(again);
            plan.acts.push_back(act);
        }
        if (other) {
            act.at = click.at + second_click(again);
            act.key = KeyNumber{next_key++};
            plan.acts.push_back(act);
        }
    }
    // A total order, so that the plan does not depend on the sort.
    std::sort(plan.acts.begin(), plan.acts.end(),
              [](const PlannedAct& left, const PlannedAct& right) {
                  return std::tie(left.at, left.key, left.after) <
                         std::tie(right.at, right.key, right.after);
              });
    plan.first_free_key = KeyNumber{next_key};
    return plan;
}

HoldFate fate_of(const Scenario& scenario, KeyNumber key) {
    if (!scenario.payments.wanted) {
        return HoldFate::walks_away;
    }
    auto random = SeededRandom::for_purpose(scenario.seed ^ key.raw() << 20, fate_purpose);
    double left = random.unit();
    left -= scenario.payments.pays;
    if (left < 0) {
        return HoldFate::pays;
    }
    left -= scenario.payments.late;
    if (left < 0) {
        return HoldFate::pays_late;
    }
    left -= scenario.payments.cancels;
    return left < 0 ? HoldFate::cancels : HoldFate::walks_away;
}

}  // namespace stampede::loadtest
