// SPDX-License-Identifier: Apache-2.0
// The engine against the slow model over random walks. MODEL_SEEDS, MODEL_FIRST_SEED and MODEL_ACTS
// in the environment make it run long, or one walk again:
//   MODEL_FIRST_SEED=4711 MODEL_SEEDS=1 model_test
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/support/model_length.hpp"
#include "tests/support/seckill_walk.hpp"

namespace stampede::tests {
namespace {

std::string report(std::uint64_t seed, std::size_t acts, const Walk& walk) {
    const Walk shorter = shortened(walk, [](const Walk& one) { return run_walk(one).has_value(); });
    std::string text = "again with MODEL_FIRST_SEED=" + std::to_string(seed) +
                       " MODEL_SEEDS=1 MODEL_ACTS=" + std::to_string(acts) + "\n" +
                       run_walk(shorter).value_or("it does not fail any more") + "\n";
    for (const Act& act : shorter.acts) {
        text += "  " + str(act) + "\n";
    }
    return text;
}

TEST(SeckillModel, agrees_with_the_engine_on_every_random_walk) {
    const std::uint64_t first = from_environment("MODEL_FIRST_SEED", 1);
    const std::uint64_t seeds = from_environment("MODEL_SEEDS", 1000);
    const auto acts = static_cast<std::size_t>(from_environment("MODEL_ACTS", 80));
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        const Walk walk = make_walk(seed, acts);
        if (const auto wrong = run_walk(walk)) {
            FAIL() << *wrong << "\n" << report(seed, acts, walk);
        }
    }
}

// A walk that never gets anywhere would agree with everything.
TEST(SeckillModel, walks_come_past_every_code_that_a_seckill_gives) {
    using campaigns::Code;
    const std::set<Code> all{Code::ok,
                             Code::held,
                             Code::confirmed,
                             Code::cancelled,
                             Code::already_done,
                             Code::waitlisted,
                             Code::late_held,
                             Code::refund_required,
                             Code::not_started,
                             Code::ended,
                             Code::paused,
                             Code::killed,
                             Code::campaign_unknown,
                             Code::item_unknown,
                             Code::sold_out,
                             Code::insufficient,
                             Code::limit_order,
                             Code::limit_buyer,
                             Code::limit_slot,
                             Code::not_eligible,
                             Code::new_buyers_only,
                             Code::bad_ticket,
                             Code::blocked,
                             Code::order_unknown,
                             Code::order_closed,
                             Code::payment_reused,
                             Code::busy,
                             Code::key_reused,
                             Code::wrong_state,
                             Code::refund_reused,
                             Code::stale_version,
                             Code::late_confirmed,
                             Code::draft_invalid,
                             Code::amount_mismatch,
                             Code::refund_exceeds_paid,
                             Code::stock_cut_too_large};
    std::set<Code> seen;
    for (std::uint64_t seed = 1; seed <= 1000 && seen.size() < all.size(); ++seed) {
        const auto wrong = run_walk(make_walk(seed, 80), seen);
        ASSERT_FALSE(wrong.has_value()) << *wrong;
    }
    for (const Code code : all) {
        EXPECT_TRUE(seen.contains(code)) << text(code);
    }
}

TEST(SeckillModel, failing_walks_are_cut_down_to_the_acts_that_matter) {
    const Walk walk = make_walk(1, 200);
    const auto count = [](const Walk& one, ActKind kind) {
        return std::ranges::count(one.acts, kind, &Act::kind);
    };
    const auto fails = [&](const Walk& one) {
        return count(one, ActKind::refund) >= 2 && count(one, ActKind::crash) >= 1;
    };
    ASSERT_TRUE(fails(walk));
    const Walk shorter = shortened(walk, fails);
    EXPECT_EQ(shorter.acts.size(), 3U);
    EXPECT_TRUE(fails(shorter));
}

}  // namespace
}  // namespace stampede::tests
