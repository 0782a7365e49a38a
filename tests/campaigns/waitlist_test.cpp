// SPDX-License-Identifier: Apache-2.0
// The line: places, heads and numbers against the obvious list; the signature follows every change,
// and a checkpoint gives all of it back.
#include "campaigns/waitlist.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "engine/vocabulary/limits.hpp"

namespace stampede::campaigns {
namespace {

Waiter waiter(std::uint64_t buyer) {
    return {.buyer = BuyerId{buyer},
            .joined_at = Instant{static_cast<std::int64_t>(1000 + buyer)},
            .segments = buyer * 3,
            .level = static_cast<std::uint8_t>(buyer % 7)};
}

Waitlist loaded_again(const Waitlist& waitlist) {
    std::vector<std::vector<std::byte>> chunks;
    waitlist.save(
        [&](std::span<const std::byte> chunk) { chunks.emplace_back(chunk.begin(), chunk.end()); });
    Waitlist again;
    for (const auto& chunk : chunks) {
        ByteReader reader(chunk);
        EXPECT_TRUE(again.load(reader));
    }
    return again;
}

TEST(RankedMap, agrees_with_a_sorted_map_whatever_comes_and_goes) {
    std::mt19937_64 dice(7);
    RankedMap<std::uint32_t, std::uint32_t> ranked;
    std::map<std::uint32_t, std::uint32_t> sorted;
    for (int step = 0; step < 20'000; ++step) {
        const auto key = static_cast<std::uint32_t>(dice() % 700);
        if (dice() % 2 == 0) {
            const auto value = static_cast<std::uint32_t>(dice());
            ASSERT_EQ(ranked.insert(key, value), sorted.emplace(key, value).second);
        } else {
            ASSERT_EQ(ranked.erase(key), sorted.erase(key) > 0);
        }
        ASSERT_EQ(ranked.size(), sorted.size());
        const auto probe = static_cast<std::uint32_t>(dice() % 710);
        const auto from = sorted.lower_bound(probe);
        ASSERT_EQ(ranked.rank(probe),
                  static_cast<std::size_t>(std::distance(sorted.begin(), from)));
        const auto* found = ranked.first_from(probe);
        ASSERT_EQ(found == nullptr, from == sorted.end());
        ASSERT_TRUE(found == nullptr ||
                    (found->key == from->first && found->value == from->second));
    }
    auto at = sorted.begin();
    ranked.for_each([&](std::uint32_t key, std::uint32_t value) {
        EXPECT_EQ(key, at->first);
        EXPECT_EQ(value, (at++)->second);
    });
    ranked.clear();
    EXPECT_TRUE(ranked.empty());
    EXPECT_EQ(ranked.rank(1000), 0U);
}

TEST(Waitlist, serves_in_the_order_of_joining_item_by_item) {
    Waitlist waitlist;
    waitlist.join(3, waiter(10));
    waitlist.join(1, waiter(10));
    waitlist.join(3, waiter(11));
    waitlist.join(3, waiter(12));
    EXPECT_EQ(waitlist.place_of(BuyerId{10}, 3), 1U);
    EXPECT_EQ(waitlist.place_of(BuyerId{12}, 3), 3U);
    EXPECT_EQ(waitlist.place_of(BuyerId{10}, 1), 1U);
    EXPECT_FALSE(waitlist.place_of(BuyerId{11}, 1).has_value());
    EXPECT_EQ(waitlist.waiting(3), 3U);
    EXPECT_EQ(waitlist.waiting(2), 0U);
    EXPECT_EQ(waitlist.next_item(0), 1);
    EXPECT_EQ(waitlist.next_item(2), 3);
    EXPECT_FALSE(waitlist.next_item(4).has_value());
    ASSERT_NE(waitlist.from(3), nullptr);
    EXPECT_EQ(waitlist.from(3)->value.buyer, BuyerId{10});
    EXPECT_EQ(waitlist.from(3, waitlist.from(3)->key.number + 1)->value.buyer, BuyerId{11});
    EXPECT_EQ(waitlist.from(2), nullptr);

    waitlist.leave(BuyerId{10}, 3);
    EXPECT_EQ(waitlist.place_of(BuyerId{12}, 3), 2U);
    waitlist.join(3, waiter(10));
    EXPECT_EQ(waitlist.place_of(BuyerId{10}, 3), 3U) << "who comes back stands at the end";
    EXPECT_EQ(waitlist.broken(), nullptr);
}

TEST(Waitlist, has_the_signature_of_what_it_holds) {
    Waitlist one;
    const Signature empty = one.signature();
    one.join(3, waiter(10));
    one.join(3, waiter(11));
    const Signature both = one.signature();
    one.leave(BuyerId{11}, 3);
    EXPECT_NE(one.signature(), both);
    EXPECT_NE(one.signature(), empty);
    EXPECT_EQ(one.broken(), nullptr);
    one.clear();
    EXPECT_TRUE(one.empty());
    EXPECT_FALSE(one.place_of(BuyerId{10}, 3).has_value());
    EXPECT_NE(one.signature(), empty) << "the next number is part of the state";
    EXPECT_EQ(one.broken(), nullptr);
}

TEST(Waitlist, comes_back_out_of_a_checkpoint) {
    Waitlist waitlist;
    EXPECT_EQ(loaded_again(waitlist).signature(), waitlist.signature());
    for (std::uint64_t buyer = 1; buyer <= 2'500; ++buyer) {
        waitlist.join(static_cast<std::uint16_t>(buyer % 3), waiter(buyer));
    }
    for (std::uint64_t buyer = 1; buyer <= 2'500; buyer += 5) {
        waitlist.leave(BuyerId{buyer}, static_cast<std::uint16_t>(buyer % 3));
    }
    Waitlist again = loaded_again(waitlist);
    EXPECT_EQ(again.signature(), waitlist.signature());
    EXPECT_EQ(again.size(), 2'000U);
    EXPECT_EQ(again.broken(), nullptr);
    EXPECT_EQ(again.place_of(BuyerId{2'500}, 1), waitlist.place_of(BuyerId{2'500}, 1));
    again.join(1, waiter(9'999));
    waitlist.join(1, waiter(9'999));
    EXPECT_EQ(again.signature(), waitlist.signature());
    waitlist.clear();
    EXPECT_EQ(loaded_again(waitlist).signature(), waitlist.signature());
}

TEST(Waitlist, in_a_damaged_checkpoint_is_refused) {
    Waitlist waitlist;
    waitlist.join(1, waiter(10));
    std::vector<std::byte> chunk;
    waitlist.save([&](std::span<const std::byte> bytes) { chunk = {bytes.begin(), bytes.end()}; });
    const auto loads = [](std::vector<std::byte> bytes) {
        Waitlist again;
        ByteReader reader(bytes);
        return again.load(reader);
    };
    EXPECT_TRUE(loads(chunk));
    for (std::size_t length = 0; length < chunk.size(); ++length) {
        EXPECT_FALSE(loads({chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(length)}));
    }
    auto longer = chunk;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(loads(longer));
    auto never_given = chunk;
    never_given[0] = std::byte{1};
    EXPECT_FALSE(loads(never_given)) << "the number in line was never given";
}

}  // namespace
}  // namespace stampede::campaigns
