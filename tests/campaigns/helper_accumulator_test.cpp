// SPDX-License-Identifier: Apache-2.0
// The helper accumulator: who helped whom is found again, limits count per campaign and per day,
// and a checkpoint of thousands of helps is the same accumulator with the same signature.
#include "campaigns/helper_accumulator.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace stampede::campaigns {
namespace {

HelperAccumulator::Help help_of(RecordIndex tally, std::uint64_t helper, std::uint32_t day = 1) {
    return {.tally = tally,
            .helper = BuyerId{helper},
            .worth = 10,
            .day = day,
            .at = Instant{1000},
            .receipt = Sequence{5},
            .new_helper = false};
}

TEST(HelperAccumulator, counts_distinct_helpers_and_what_they_are_worth) {
    HelperAccumulator helpers(16);
    const RecordIndex tally = helpers.open_tally(BuyerId{1});
    const RecordIndex other = helpers.open_tally(BuyerId{2});
    helpers.add_help(help_of(tally, 7));
    const RecordIndex second = helpers.add_help(help_of(tally, 8));
    helpers.add_help(help_of(other, 7));
    EXPECT_EQ(helpers.tally(tally).helps, 2U);
    EXPECT_EQ(helpers.tally(tally).worth, 20);
    EXPECT_EQ(helpers.tally(tally).last_help, second);
    EXPECT_EQ(helpers.help(second).ordinal, 2U);
    EXPECT_EQ(helpers.find_help(tally, BuyerId{8}), second);
    EXPECT_EQ(helpers.find_help(other, BuyerId{8}), no_record);
    EXPECT_EQ(helpers.help_count(), 3U);
    EXPECT_EQ(helpers.check_invariants(), std::nullopt);
}

TEST(HelperAccumulator, knows_who_helped_whom_in_which_direction) {
    HelperAccumulator helpers(16);
    const RecordIndex of_1 = helpers.open_tally(BuyerId{1});
    helpers.add_help(help_of(of_1, 7));
    EXPECT_TRUE(helpers.has_helped(BuyerId{7}, BuyerId{1}));
    EXPECT_FALSE(helpers.has_helped(BuyerId{1}, BuyerId{7}));
    EXPECT_FALSE(helpers.has_helped(BuyerId{7}, BuyerId{2}));
}

TEST(HelperAccumulator, limits_a_helper_per_campaign_and_per_day) {
    HelperAccumulator helpers(16);
    const HelperLimits limits{.per_campaign = 3, .per_day = 2};
    const BuyerId helper{7};
    const auto help = [&](std::uint32_t day) {
        EXPECT_FALSE(helpers.is_at_limit(helper, day, limits));
        helpers.add_help(help_of(helpers.open_tally(BuyerId{1}), 7, day));
    };
    help(20'000);
    help(20'000);
    EXPECT_TRUE(helpers.is_at_limit(helper, 20'000, limits));
    EXPECT_FALSE(helpers.is_at_limit(helper, 20'001, limits)) << "a new day";
    help(20'001);
    EXPECT_TRUE(helpers.is_at_limit(helper, 20'002, limits)) << "three in the campaign";
    EXPECT_FALSE(helpers.is_at_limit(helper, 20'002, {}));
    EXPECT_FALSE(helpers.is_at_limit(BuyerId{8}, 20'001, limits));
    EXPECT_TRUE(helpers.is_at_limit(BuyerId{8}, 20'001, {.per_campaign = 0, .per_day = {}}));
}

struct Chunk {
    std::uint8_t part;
    std::vector<std::byte> bytes;
};

std::vector<Chunk> saved(const HelperAccumulator& helpers) {
    std::vector<Chunk> chunks;
    helpers.save(40, [&](std::uint8_t part, std::span<const std::byte> bytes) {
        chunks.push_back({static_cast<std::uint8_t>(part - 40), {bytes.begin(), bytes.end()}});
    });
    return chunks;
}

bool load(HelperAccumulator& helpers, const std::vector<Chunk>& chunks) {
    for (const Chunk& chunk : chunks) {
        ByteReader reader(chunk.bytes);
        if (!helpers.load(chunk.part, reader)) {
            return false;
        }
    }
    return true;
}

void fill(HelperAccumulator& helpers) {
    std::mt19937_64 random(11);
    for (std::uint64_t starter = 1; starter <= 300; ++starter) {
        helpers.open_tally(BuyerId{starter});
    }
    for (int step = 0; step < 5000; ++step) {
        const auto tally = static_cast<RecordIndex>(random() % 300);
        const std::uint64_t helper = 400 + random() % 100;
        if (helpers.find_help(tally, BuyerId{helper}) == no_record) {
            HelperAccumulator::Help help =
                help_of(tally, helper, static_cast<std::uint32_t>(step / 100));
            help.worth = static_cast<std::int64_t>(random() % 1000);
            help.new_helper = random() % 2 == 0;
            helpers.add_help(help);
        }
    }
}

TEST(HelperAccumulator, is_the_same_out_of_a_checkpoint) {
    HelperAccumulator helpers(64);
    fill(helpers);
    ASSERT_EQ(helpers.check_invariants(), std::nullopt);
    ASSERT_GT(helpers.help_count(), 4000U);

    HelperAccumulator loaded(64);
    ASSERT_TRUE(load(loaded, saved(helpers)));
    EXPECT_EQ(loaded.signature(), helpers.signature());
    EXPECT_EQ(loaded.check_invariants(), std::nullopt);
    for (RecordIndex at = 0; at < helpers.help_count(); ++at) {
        const HelpRecord& help = helpers.help(at);
        ASSERT_EQ(loaded.find_help(help.tally, help.helper), at);
        ASSERT_TRUE(loaded.has_helped(help.helper, helpers.tally(help.tally).starter));
    }
    // And it goes on the same way.
    helpers.add_help(help_of(0, 9999));
    EXPECT_NE(loaded.signature(), helpers.signature());
    loaded.add_help(help_of(0, 9999));
    EXPECT_EQ(loaded.signature(), helpers.signature());
}

TEST(HelperAccumulator, refuses_a_checkpoint_that_is_no_accumulator) {
    HelperAccumulator helpers(64);
    fill(helpers);
    std::vector<Chunk> chunks = saved(helpers);
    std::vector<Chunk> twice = chunks;
    twice.push_back(chunks[2]);  // the first helps again
    HelperAccumulator other(64);
    EXPECT_FALSE(load(other, twice));
    chunks.front().bytes.pop_back();
    HelperAccumulator cut(64);
    EXPECT_FALSE(load(cut, chunks));
    ByteReader nothing(std::span<const std::byte>{});
    EXPECT_FALSE(cut.load(HelperAccumulator::parts, nothing));
}

TEST(HelperAccumulator, signs_every_field_of_a_help) {
    const auto signature_of = [](auto&& change) {
        HelperAccumulator helpers(16);
        helpers.open_tally(BuyerId{1});
        HelperAccumulator::Help help = help_of(0, 7);
        change(help);
        helpers.add_help(help);
        return helpers.signature();
    };
    const Signature plain = signature_of([](auto&) {});
    EXPECT_EQ(plain, signature_of([](auto&) {}));
    EXPECT_NE(plain, signature_of([](auto& help) { help.worth = 11; }));
    EXPECT_NE(plain, signature_of([](auto& help) { help.helper = BuyerId{8}; }));
    EXPECT_NE(plain, signature_of([](auto& help) { help.day = 2; }));
    EXPECT_NE(plain, signature_of([](auto& help) { help.at = Instant{1001}; }));
    EXPECT_NE(plain, signature_of([](auto& help) { help.receipt = Sequence{6}; }));
    EXPECT_NE(plain, signature_of([](auto& help) { help.new_helper = true; }));
}

}  // namespace
}  // namespace stampede::campaigns
