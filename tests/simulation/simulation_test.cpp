// SPDX-License-Identifier: Apache-2.0
// A short sample of what `./dev simulate` runs for long.
#include "tests/simulation/simulation.hpp"

#include <gtest/gtest.h>

namespace stampede::tests {
namespace {

TEST(Simulation, a_sample_of_seeds_keeps_every_promise) {
    std::uint64_t crashes = 0;
    std::uint64_t confirmed = 0;
    std::map<std::string, std::uint64_t> events;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const SimulationReport report = simulate(seed, 1000);
        ASSERT_FALSE(report.broken)
            << *report.broken << "\nrepeat: simulate --seed " << seed << " --commands 1000";
        crashes += report.crashes;
        confirmed += report.confirmed;
        for (const auto& [name, count] : report.events_by_name) {
            events[name] += count;
        }
    }
    EXPECT_GT(crashes, 100U) << "the simulation must crash to mean anything";
    EXPECT_GT(confirmed, 200U) << "and sell";
    for (const char* name :
         {"WaiterPromoted", "GroupSucceeded", "GroupFailed", "LeaderChanged", "BargainCut",
          "BargainOrdered", "BargainClosed", "RallyHelped", "RewardGranted", "RewardRanOut",
          "OrderRefunded", "PaymentRefundDue"}) {
        EXPECT_GT(events[name], 10U) << name << ": every play must have been played";
    }
}

TEST(Simulation, a_seed_repeats_itself) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        EXPECT_EQ(simulate(seed, 500).trace, simulate(seed, 500).trace);
    }
}

}  // namespace
}  // namespace stampede::tests
