// SPDX-License-Identifier: Apache-2.0
// The weighted draw: every number below the total matches exactly one entry. A mall's draw took a
// number from 0 to the total inclusive, so that one outcome in total + 1 matched no prize.
#include "campaigns/weighted_draw.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace stampede::campaigns {
namespace {

/// The lowest bits that number_below() maps to `number`.
std::uint64_t bits_for(std::uint64_t number, std::uint64_t total) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>(((Wide{number} << 64) + total - 1) / total);
}

/// The obvious way.
std::size_t walked(const std::vector<std::uint32_t>& weights, std::uint64_t number) {
    std::size_t entry = 0;
    while (number >= weights[entry]) {
        number -= weights[entry++];
    }
    return entry;
}

TEST(WeightedDraw, maps_all_bits_below_the_bound) {
    constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    EXPECT_EQ(number_below(0, 7), 0U);
    EXPECT_EQ(number_below(all, 7), 6U);
    EXPECT_EQ(number_below(all, 1), 0U);
    EXPECT_EQ(number_below(all, all), all - 1);
    for (std::uint64_t number = 0; number < 1000; ++number) {
        ASSERT_EQ(number_below(bits_for(number, 1000), 1000), number);
    }
}

// D12: the draw that matches no prize.
TEST(WeightedDraw, never_misses_at_the_total) {
    const std::vector<std::uint32_t> weights{1, 0, 98, 1};
    const WeightedDraw draw(weights);
    EXPECT_EQ(draw.total(), 100U);
    EXPECT_EQ(draw.draw(0), 0U);
    EXPECT_EQ(draw.draw(std::numeric_limits<std::uint64_t>::max()), 3U);
    std::vector<std::size_t> counted(weights.size());
    for (std::uint64_t number = 0; number < draw.total(); ++number) {
        const auto entry = draw.draw(bits_for(number, draw.total()));
        ASSERT_TRUE(entry);
        ++counted[*entry];
    }
    EXPECT_TRUE(std::ranges::equal(counted, weights));
}

TEST(WeightedDraw, finds_what_a_walk_along_the_weights_finds_while_weights_change) {
    std::mt19937_64 random(20261122);
    for (std::size_t size = 1; size <= 70; ++size) {
        std::vector<std::uint32_t> weights(size);
        for (std::uint32_t& weight : weights) {
            weight = random() % 3 == 0 ? 0 : static_cast<std::uint32_t>(random() % 50);
        }
        WeightedDraw draw(weights);
        for (int step = 0; step < 200; ++step) {
            std::uint64_t total = 0;
            for (const std::uint32_t weight : weights) {
                total += weight;
            }
            ASSERT_EQ(draw.total(), total);
            const std::uint64_t bits = random();
            const auto entry = draw.draw(bits);
            ASSERT_EQ(entry.has_value(), total > 0);
            if (entry) {
                ASSERT_EQ(*entry, walked(weights, number_below(bits, total)));
                weights[*entry] -= 1;  // one prize is gone
                draw.set_weight(*entry, weights[*entry]);
            }
            if (step % 20 == 0) {
                const std::size_t other = random() % size;
                weights[other] = static_cast<std::uint32_t>(random() % 9);
                draw.set_weight(other, weights[other]);
            }
        }
    }
}

TEST(WeightedDraw, hands_out_every_prize_exactly_once_and_then_none) {
    const std::vector<std::uint32_t> prizes{3, 1, 0, 12};
    WeightedDraw draw(prizes);
    std::vector<std::uint32_t> given(prizes.size());
    std::mt19937_64 random(5);
    for (int taken = 0; taken < 16; ++taken) {
        const auto prize = draw.draw(random());
        ASSERT_TRUE(prize);
        ++given[*prize];
        draw.set_weight(*prize, draw.weight(*prize) - 1);
    }
    EXPECT_EQ(given, prizes);
    EXPECT_EQ(draw.draw(random()), std::nullopt);
    EXPECT_EQ(WeightedDraw({}).draw(1), std::nullopt);
}

TEST(WeightedDraw, holds_the_largest_weights) {
    const std::vector<std::uint32_t> weights(1000, std::numeric_limits<std::uint32_t>::max());
    const WeightedDraw draw(weights);
    EXPECT_EQ(draw.draw(std::numeric_limits<std::uint64_t>::max()), 999U);
    EXPECT_EQ(draw.draw(std::uint64_t{1} << 63), 500U);
}

}  // namespace
}  // namespace stampede::campaigns
