// SPDX-License-Identifier: Apache-2.0
// The map that grows without a pause, against a plain one; and that its segments stay small.
#include "engine/vocabulary/segmented_map.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <unordered_map>

#include "engine/vocabulary/ids.hpp"

namespace stampede {
namespace {

template <class Key, class Value, class Hash>
void expect_same(const SegmentedMap<Key, Value, Hash>& map,
                 const std::unordered_map<Key, Value>& model) {
    ASSERT_EQ(map.size(), model.size());
    std::size_t visited = 0;
    map.for_each([&](const Key& key, const Value& value) {
        ++visited;
        const auto found = model.find(key);
        ASSERT_NE(found, model.end());
        ASSERT_EQ(found->second, value);
    });
    ASSERT_EQ(visited, model.size());
    for (const auto& [key, value] : model) {
        const Value* const found = map.find(key);
        ASSERT_NE(found, nullptr);
        ASSERT_EQ(*found, value);
    }
}

TEST(SegmentedMap, agrees_with_a_plain_map_over_random_streams) {
    std::mt19937_64 random(2718);
    for (const std::size_t expected : {0U, 1U, 4096U, 5000U, 200'000U}) {
        SegmentedMap<std::uint64_t, std::uint64_t> map(expected);
        std::unordered_map<std::uint64_t, std::uint64_t> model;
        for (std::uint64_t step = 0; step < 60'000; ++step) {
            const std::uint64_t key = random() % 20'000;
            if (random() % 3 == 0) {
                ASSERT_EQ(map.erase(key), model.erase(key) == 1);
            } else {
                const auto [value, is_new] = map.insert(key, step);
                const auto [place, model_is_new] = model.emplace(key, step);
                ASSERT_EQ(is_new, model_is_new);
                ASSERT_EQ(*value, place->second);
            }
            const std::uint64_t other = random() % 20'000;
            ASSERT_EQ(map.contains(other), model.contains(other));
        }
        expect_same(map, model);
    }
}

TEST(SegmentedMap, leaves_a_value_that_stands_alone) {
    SegmentedMap<std::uint64_t, std::string> map;
    EXPECT_TRUE(map.insert(1, "first").second);
    const auto [value, is_new] = map.insert(1, "second");
    EXPECT_FALSE(is_new);
    EXPECT_EQ(*value, "first");
    *map.find(1) = "changed";
    EXPECT_EQ(*map.find(1), "changed");
}

TEST(SegmentedMap, chooses_segments_by_the_number_expected) {
    const auto segments = [](std::size_t expected) {
        return SegmentedMap<std::uint64_t, int>(expected).segments();
    };
    EXPECT_EQ(segments(0), 1U);
    EXPECT_EQ(segments(1024), 1U);
    EXPECT_EQ(segments(1025), 2U);
    EXPECT_EQ(segments(10'000'000), 16384U);
    EXPECT_EQ(segments(std::size_t{1} << 40), 16384U);
}

// What one insert may move is bounded: no segment holds much more than its share, also under a hash
// that is the number itself, with keys in a row, in the high bits, or a multiple apart.
TEST(SegmentedMap, spreads_every_kind_of_key_over_its_segments) {
    struct Identity {
        std::uint64_t operator()(std::uint64_t key) const { return key; }
    };
    constexpr std::uint64_t keys = 400'000;
    for (const std::uint64_t stride :
         {std::uint64_t{1}, std::uint64_t{1} << 12, std::uint64_t{1} << 22, std::uint64_t{1} << 45,
          std::uint64_t{1'000'003}}) {
        SegmentedMap<std::uint64_t, std::uint64_t, Identity> map(keys);
        for (std::uint64_t number = 0; number < keys; ++number) {
            ASSERT_TRUE(map.insert(number * stride, std::uint64_t{number}).second);
        }
        EXPECT_EQ(map.segments(), 512U);
        EXPECT_EQ(map.size(), keys);
        EXPECT_LT(map.fullest_segment(), keys / 512 * 5 / 4) << "stride " << stride;
    }
}

TEST(SegmentedMap, spreads_ids_by_their_own_hash) {
    constexpr std::uint64_t keys = 400'000;
    for (const unsigned shift : {0U, 12U, 22U, 40U}) {
        SegmentedMap<OrderId, std::uint64_t> map(keys);
        for (std::uint64_t number = 0; number < keys; ++number) {
            ASSERT_TRUE(map.insert(OrderId{number << shift}, std::uint64_t{number}).second);
        }
        EXPECT_LT(map.fullest_segment(), keys / 512 * 5 / 4) << "shift " << shift;
    }
}

TEST(SegmentedMap, takes_more_than_was_expected) {
    SegmentedMap<std::uint64_t, std::uint64_t> map(10);
    for (std::uint64_t key = 0; key < 50'000; ++key) {
        ASSERT_TRUE(map.insert(key, std::uint64_t{key}).second);
    }
    for (std::uint64_t key = 0; key < 50'000; ++key) {
        ASSERT_EQ(*map.find(key), key);
    }
}

TEST(SegmentedMap, holds_keys_of_our_own_types) {
    SegmentedMap<OrderId, int> by_id(1000);
    EXPECT_TRUE(by_id.insert(OrderId{5}, 50).second);
    EXPECT_EQ(*by_id.find(OrderId{5}), 50);
    EXPECT_EQ(by_id.find(OrderId{6}), nullptr);
    SegmentedMap<std::string, int> by_text(1000);
    EXPECT_TRUE(by_text.insert("sku", 7).second);
    EXPECT_EQ(*by_text.find("sku"), 7);
}

TEST(SegmentedMap, holds_values_that_only_move) {
    SegmentedMap<int, std::unique_ptr<int>> map;
    EXPECT_TRUE(map.insert(1, std::make_unique<int>(11)).second);
    EXPECT_EQ(**map.find(1), 11);
    SegmentedMap<int, std::unique_ptr<int>> moved = std::move(map);
    EXPECT_EQ(**moved.find(1), 11);
    EXPECT_TRUE(moved.erase(1));
    EXPECT_FALSE(moved.erase(1));
}

TEST(SegmentedMap, changes_values_through_for_each) {
    SegmentedMap<int, int> map(10'000);
    for (int key = 0; key < 10'000; ++key) {
        map.insert(key, 1);
    }
    map.for_each([](const int& key, int& value) { value += key; });
    EXPECT_EQ(*map.find(9999), 10'000);
}

TEST(SegmentedMap, is_empty_and_usable_after_clear) {
    SegmentedMap<int, int> map(10'000);
    for (int key = 0; key < 10'000; ++key) {
        map.insert(key, key);
    }
    map.clear();
    EXPECT_TRUE(map.empty());
    EXPECT_EQ(map.find(5), nullptr);
    EXPECT_EQ(map.fullest_segment(), 0U);
    EXPECT_TRUE(map.insert(5, 6).second);
    EXPECT_EQ(map.size(), 1U);
}

}  // namespace
}  // namespace stampede
