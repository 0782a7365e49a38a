// SPDX-License-Identifier: Apache-2.0
// The cuts of a bargain, over wide random rules: exactly n helpers reach the floor in every mode,
// every cut is at least a fen, and the sum is exact. Malls that computed the next price from the
// last one they had read lost cuts, and their sums drifted from the price.
#include "campaigns/cut_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace stampede::campaigns {
namespace {

using Random = std::mt19937_64;

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(high - low + 1));
}

/// A size of which small and large ones are equally likely.
std::int64_t of_any_size(Random& random, std::int64_t low, std::int64_t high) {
    std::int64_t most = high;
    while (most / 4 > low && random() % 3 != 0) {
        most /= 4;
    }
    return between(random, low, std::max(low, most));
}

CutRange any_range(Random& random, std::int64_t whole) {
    const std::int64_t min = of_any_size(random, 1, whole);
    return {Money{min}, Money{between(random, min, std::max(min, whole))}};
}

CutRules any_rules(Random& random, CutMode mode) {
    constexpr auto most = static_cast<std::int64_t>(limits::helpers_per_bargain_max);
    CutRules rules;
    rules.mode = mode;
    const std::int64_t helpers = of_any_size(random, 1, most);
    if (mode == CutMode::planned || random() % 3 != 0) {
        rules.helpers = static_cast<std::uint32_t>(helpers);
    }
    rules.floor_price = Money{of_any_size(random, 0, 1'000'000)};
    const std::int64_t whole = of_any_size(random, helpers, limits::price_fen_max / 2);
    rules.start_price = rules.floor_price + Money{whole};
    const std::int64_t most_first = whole - helpers;  // which leaves a fen for each helper
    const std::int64_t first[] = {0, 0, most_first, between(random, 0, most_first)};
    rules.first_cut = Money{first[random() % 4]};
    rules.uniform = any_range(random, whole);
    rules.low_bp = static_cast<std::uint32_t>(between(random, 1, 10'000));
    rules.high_bp = static_cast<std::uint32_t>(between(random, rules.low_bp, 10'000));
    std::uint32_t upto = 0;
    for (std::size_t stage = 0; stage < 1 + random() % limits::cut_stages_max; ++stage) {
        upto += static_cast<std::uint32_t>(between(random, 1, 50));
        rules.stages.push_back({.upto = upto, .range = any_range(random, whole)});
    }
    rules.new_helper_bonus_bp = static_cast<std::uint32_t>(between(random, 0, 50'000));
    return rules;
}

/// Bits at the ends are likelier than chance would have them.
std::uint64_t any_bits(Random& random) {
    switch (random() % 8) {
        case 0:
            return 0;
        case 1:
            return std::numeric_limits<std::uint64_t>::max();
        default:
            return random();
    }
}

/// The cuts until the floor is reached.
std::vector<Money> cuts_of(const CutRules& rules, Random& random) {
    Money rest = rules.start_price - rules.floor_price - rules.first_cut;
    std::vector<Money> cuts;
    while (rest > Money{0} && cuts.size() <= limits::helpers_per_bargain_max) {
        const CutTurn turn{
            .rest = rest,
            .ordinal = static_cast<std::uint32_t>(cuts.size() + 1),
            .novelty = random() % 4 == 0 ? HelperNovelty::new_buyer : HelperNovelty::known,
        };
        cuts.push_back(cut_amount(rules, turn, any_bits(random)));
        rest -= cuts.back();
    }
    return cuts;
}

class EveryMode : public testing::TestWithParam<CutMode> {};

TEST_P(EveryMode, reaches_the_floor_with_exactly_n_cuts_of_a_fen_or_more_that_sum_exactly) {
    Random random(0x5eed + static_cast<std::uint64_t>(GetParam()));
    std::size_t disclosed = 0;
    std::size_t tight = 0;
    for (int round = 0; round < 4000; ++round) {
        const CutRules rules = any_rules(random, GetParam());
        const std::vector<Money> cuts = cuts_of(rules, random);
        Money sum = rules.first_cut;
        for (const Money cut : cuts) {
            ASSERT_GE(cut, Money{1});
            sum += cut;
        }
        ASSERT_EQ(sum, rules.start_price - rules.floor_price);
        if (rules.helpers) {
            ASSERT_EQ(cuts.size(), *rules.helpers);
            ++disclosed;
            tight += sum - rules.first_cut == Money{static_cast<std::int64_t>(cuts.size())};
        } else {
            ASSERT_LE(cuts.size(), limits::helpers_per_bargain_max);
        }
    }
    EXPECT_GT(disclosed, 2000U);
    EXPECT_GT(tight, 0U) << "no round left exactly a fen for each helper";
}

INSTANTIATE_TEST_SUITE_P(CutPlan, EveryMode,
                         testing::Values(CutMode::planned, CutMode::uniform, CutMode::proportional,
                                         CutMode::staged),
                         [](const auto& mode) { return std::string{text(mode.param)}; });

CutRules kettle() {
    CutRules rules;
    rules.start_price = Money{9900};
    rules.floor_price = Money{1000};
    rules.helpers = 7;
    return rules;
}

constexpr std::uint64_t lowest = 0;
constexpr std::uint64_t highest = std::numeric_limits<std::uint64_t>::max();

TEST(CutPlan, keeps_a_uniform_cut_within_its_range_from_end_to_end) {
    CutRules rules = kettle();
    rules.mode = CutMode::uniform;
    rules.uniform = {Money{200}, Money{300}};
    const CutTurn turn{.rest = Money{8900}, .ordinal = 1};
    EXPECT_EQ(cut_amount(rules, turn, lowest), Money{200});
    EXPECT_EQ(cut_amount(rules, turn, highest), Money{300});
}

TEST(CutPlan, takes_a_proportion_of_what_is_left_above_the_floor) {
    CutRules rules = kettle();
    rules.mode = CutMode::proportional;
    rules.low_bp = 1000;
    rules.high_bp = 2500;
    const CutTurn turn{.rest = Money{8000}, .ordinal = 2};
    EXPECT_EQ(cut_amount(rules, turn, lowest), Money{800});
    EXPECT_EQ(cut_amount(rules, turn, highest), Money{2000});
}

TEST(CutPlan, follows_the_stages_and_stays_in_the_last) {
    CutRules rules = kettle();
    rules.mode = CutMode::staged;
    rules.helpers = std::nullopt;
    rules.stages = {{.upto = 2, .range = {Money{500}, Money{600}}},
                    {.upto = 5, .range = {Money{10}, Money{20}}}};
    const auto highest_of = [&](std::uint32_t ordinal) {
        return cut_amount(rules, {.rest = Money{8900}, .ordinal = ordinal}, highest);
    };
    EXPECT_EQ(highest_of(1), Money{600});
    EXPECT_EQ(highest_of(2), Money{600});
    EXPECT_EQ(highest_of(3), Money{20});
    EXPECT_EQ(highest_of(5), Money{20});
    EXPECT_EQ(highest_of(6), Money{20});
}

TEST(CutPlan, gives_a_new_helper_more_out_of_the_later_cuts) {
    CutRules rules = kettle();
    rules.mode = CutMode::uniform;
    rules.uniform = {Money{200}, Money{200}};
    rules.new_helper_bonus_bp = 5000;
    CutTurn turn{.rest = Money{8900}, .ordinal = 1, .novelty = HelperNovelty::new_buyer};
    EXPECT_EQ(cut_amount(rules, turn, lowest), Money{300});
    turn.rest = Money{206};
    EXPECT_EQ(cut_amount(rules, turn, lowest), Money{200}) << "6 helpers to come keep a fen each";
}

TEST(CutPlan, leaves_a_fen_for_each_helper_to_come_and_the_rest_to_the_last) {
    CutRules rules = kettle();
    rules.mode = CutMode::uniform;
    rules.uniform = {Money{100'000}, Money{100'000}};
    EXPECT_EQ(cut_amount(rules, {.rest = Money{8900}, .ordinal = 1}, lowest), Money{8894});
    EXPECT_EQ(cut_amount(rules, {.rest = Money{6}, .ordinal = 2}, lowest), Money{1});
    rules.uniform = {Money{1}, Money{1}};
    EXPECT_EQ(cut_amount(rules, {.rest = Money{4711}, .ordinal = 7}, lowest), Money{4711});
    EXPECT_EQ(helpers_missing(rules, 0), 7U);
    EXPECT_EQ(helpers_missing(rules, 6), 1U);
}

TEST(CutPlan, follows_from_the_seed_alone) {
    SeedBytes bytes{};
    bytes[0] = 7;
    const CommittedSeed seed(bytes);
    const CommittedSeed same(bytes);
    const CutRules rules = kettle();
    Money rest{8900};
    for (std::uint32_t ordinal = 1; ordinal <= 7; ++ordinal) {
        const CutTurn turn{.rest = rest, .ordinal = ordinal};
        const Money cut = cut_amount(rules, turn, bits_of_cut(seed, 123456, ordinal));
        EXPECT_EQ(cut, cut_amount(rules, turn, bits_of_cut(same, 123456, ordinal)));
        rest -= cut;
    }
    EXPECT_EQ(rest, Money{0});
}

}  // namespace
}  // namespace stampede::campaigns
