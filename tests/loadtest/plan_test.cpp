// SPDX-License-Identifier: Apache-2.0
// Plans are the same for the same seed, have the rates they promise, and stay within their bounds.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "loadtest/arrival_plan.hpp"
#include "loadtest/crowd_plan.hpp"
#include "loadtest/zipf.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Arrivals shaped(ArrivalShape shape, double per_second) {
    Arrivals arrivals;
    arrivals.shape = shape;
    arrivals.per_second = per_second;
    arrivals.length = seconds{10};
    return arrivals;
}

std::size_t arrivals_between(const std::vector<nanoseconds>& plan, nanoseconds from,
                             nanoseconds to) {
    return static_cast<std::size_t>(std::count_if(
        plan.begin(), plan.end(), [&](nanoseconds at) { return at >= from && at < to; }));
}

TEST(ArrivalPlan, is_the_same_for_the_same_seed_and_another_for_another) {
    for (const ArrivalShape shape : {ArrivalShape::herd, ArrivalShape::poisson}) {
        const Arrivals arrivals = shaped(shape, 500);
        const auto plan = plan_arrivals(arrivals, 2000, 7);
        EXPECT_EQ(plan, plan_arrivals(arrivals, 2000, 7));
        EXPECT_NE(plan, plan_arrivals(arrivals, 2000, 8));
        EXPECT_TRUE(std::is_sorted(plan.begin(), plan.end()));
    }
}

TEST(ArrivalPlan, keeps_the_whole_herd_inside_its_window) {
    Arrivals arrivals;
    arrivals.window = milliseconds{500};
    const auto plan = plan_arrivals(arrivals, 20'000, 1);
    ASSERT_EQ(plan.size(), 20'000u);
    EXPECT_GE(plan.front(), nanoseconds{0});
    EXPECT_LT(plan.back(), milliseconds{500});
    // Log-normal: half of them within the first fifth of the window.
    EXPECT_NEAR(static_cast<double>(arrivals_between(plan, nanoseconds{0}, milliseconds{100})),
                10'000, 500);
}

TEST(ArrivalPlan, gives_a_herd_without_a_window_at_one_instant) {
    Arrivals arrivals;
    arrivals.window = nanoseconds{0};
    const auto plan = plan_arrivals(arrivals, 100, 1);
    ASSERT_EQ(plan.size(), 100u);
    EXPECT_EQ(plan.back(), nanoseconds{0});
}

TEST(ArrivalPlan, has_the_poisson_rate_and_the_spread_of_chance) {
    const auto plan = plan_arrivals(shaped(ArrivalShape::poisson, 1000), 0, 3);
    EXPECT_NEAR(static_cast<double>(plan.size()), 10'000, 400);
    double squares = 0;
    for (int second = 0; second < 10; ++second) {
        const auto count =
            static_cast<double>(arrivals_between(plan, seconds{second}, seconds{second + 1}));
        squares += (count - 1000) * (count - 1000);
    }
    // Variance equals the mean for chance, and is 0 for an even stream.
    EXPECT_GT(squares / 10, 100);
    EXPECT_LT(squares / 10, 6000);
}

TEST(ArrivalPlan, spaces_a_constant_stream_evenly) {
    const auto plan = plan_arrivals(shaped(ArrivalShape::constant, 200), 0, 3);
    ASSERT_EQ(plan.size(), 2000u);
    for (std::size_t at = 1; at < plan.size(); ++at) {
        EXPECT_NEAR(static_cast<double>((plan[at] - plan[at - 1]).count()), 5e6, 2);
    }
}

TEST(ArrivalPlan, ramps_from_one_rate_to_another_both_ways) {
    Arrivals up = shaped(ArrivalShape::ramp, 100);
    up.to_per_second = 900;
    const auto rising = plan_arrivals(up, 0, 3);
    EXPECT_EQ(rising.size(), 5000u);
    EXPECT_NEAR(static_cast<double>(arrivals_between(rising, seconds{0}, seconds{1})), 140, 3);
    EXPECT_NEAR(static_cast<double>(arrivals_between(rising, seconds{9}, seconds{10})), 860, 3);
    Arrivals down = shaped(ArrivalShape::ramp, 900);
    down.to_per_second = 100;
    const auto falling = plan_arrivals(down, 0, 3);
    EXPECT_NEAR(static_cast<double>(arrivals_between(falling, seconds{0}, seconds{1})), 860, 3);
    EXPECT_TRUE(std::is_sorted(falling.begin(), falling.end()));
}

TEST(ArrivalPlan, sends_bursts_at_one_instant_each) {
    Arrivals arrivals = shaped(ArrivalShape::burst, 100);
    arrivals.burst_size = 50;
    const auto plan = plan_arrivals(arrivals, 0, 3);
    EXPECT_EQ(plan.size(), 1000u);
    const std::set<nanoseconds> instants{plan.begin(), plan.end()};
    EXPECT_EQ(instants.size(), 20u);
}

TEST(Zipf, chooses_each_item_by_its_share) {
    const Zipf zipf{10, 1.0};
    SeededRandom random{5};
    std::vector<int> counts(10);
    for (int draw = 0; draw < 100'000; ++draw) {
        counts[zipf.choose(random)] += 1;
    }
    for (std::size_t item = 0; item < 10; ++item) {
        EXPECT_NEAR(counts[item], zipf.share(item) * 100'000, 700);
    }
    EXPECT_NEAR(zipf.share(0) / zipf.share(9), 10.0, 1e-9);
}

TEST(Zipf, is_uniform_with_exponent_zero_and_single_with_one_item) {
    const Zipf uniform{4, 0};
    EXPECT_NEAR(uniform.share(0), 0.25, 1e-12);
    EXPECT_NEAR(uniform.share(3), 0.25, 1e-12);
    SeededRandom random{1};
    EXPECT_EQ((Zipf{1, 1.0}.choose(random)), 0u);
}

Scenario crowd_of(std::string_view fields) {
    const auto scenario = read_scenario(std::string{R"(
[sale]
campaign_id = "1"
[[sale.items]]
item_id = "a"
[[sale.items]]
item_id = "b"
[arrivals]
window_ms = 100
[crowd]
buyers = 10000
)"} + std::string{fields},
                                        "test");
    check(scenario.has_value(), scenario.has_value() ? "" : scenario.error().message.c_str());
    return *scenario;
}

TEST(CrowdPlan, repeats_for_the_same_seed) {
    const Scenario scenario = crowd_of("same_key_again = 0.2\nother_key_again = 0.1\n");
    const CrowdPlan one = plan_crowd(scenario);
    const CrowdPlan other = plan_crowd(scenario);
    ASSERT_EQ(one.acts.size(), other.acts.size());
    for (std::size_t at = 0; at < one.acts.size(); ++at) {
        EXPECT_EQ(one.acts[at].at, other.acts[at].at);
        EXPECT_EQ(one.acts[at].key, other.acts[at].key);
    }
}

TEST(CrowdPlan, repeats_the_stated_shares_of_clicks) {
    const CrowdPlan plan = plan_crowd(
        crowd_of("same_key_again = 0.2\nother_key_again = 0.1\ndrops_connection = 0.05\n"));
    std::map<std::pair<BuyerId, KeyNumber>, int> clicks;
    std::map<BuyerId, std::set<KeyNumber>> keys;
    int dropped = 0;
    for (const PlannedAct& act : plan.acts) {
        clicks[{act.buyer, act.key}] += 1;
        keys[act.buyer].insert(act.key);
        dropped += act.after == AfterAsking::drops_connection ? 1 : 0;
        EXPECT_LT(act.key, plan.first_free_key);
    }
    EXPECT_EQ(keys.size(), 10'000u);
    const auto twice = std::count_if(clicks.begin(), clicks.end(),
                                     [](const auto& one) { return one.second == 2; });
    const auto two_keys = std::count_if(keys.begin(), keys.end(),
                                        [](const auto& one) { return one.second.size() == 2; });
    EXPECT_NEAR(static_cast<double>(twice), 2000, 150);
    EXPECT_NEAR(static_cast<double>(two_keys), 1000, 120);
    EXPECT_NEAR(dropped, 500, 90);
}

TEST(CrowdPlan, decides_what_becomes_of_a_hold_by_key_alone) {
    const Scenario scenario = crowd_of("[payments]\npays = 0.7\nlate = 0.1\ncancels = 0.1\n");
    std::map<HoldFate, int> fates;
    for (std::uint64_t key = 0; key < 10'000; ++key) {
        const HoldFate fate = fate_of(scenario, KeyNumber{key});
        EXPECT_EQ(fate, fate_of(scenario, KeyNumber{key}));
        fates[fate] += 1;
    }
    EXPECT_NEAR(fates[HoldFate::pays], 7000, 200);
    EXPECT_NEAR(fates[HoldFate::pays_late], 1000, 120);
    EXPECT_NEAR(fates[HoldFate::cancels], 1000, 120);
    EXPECT_NEAR(fates[HoldFate::walks_away], 1000, 120);
}

}  // namespace
}  // namespace stampede::loadtest
