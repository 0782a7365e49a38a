// SPDX-License-Identifier: Apache-2.0
// Ids rise strictly and never repeat, over full counters, clocks that go back, and replays.
#include "engine/id_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace stampede::engine {
namespace {

constexpr Instant noon{1'762'862'400'000};  // 2025-11-11T12:00:00Z

std::uint64_t take(IdSource& ids, Instant now) {
    const std::uint64_t id = ids.peek(now);
    ids.used(id);
    return id;
}

TEST(IdSource, names_its_shard_and_its_time) {
    for (std::uint16_t shard = 0; shard < 256; ++shard) {
        const IdSource ids{ShardIndex{shard}};
        const std::uint64_t id = ids.peek(noon);
        EXPECT_EQ(IdSource::shard_of(id), ShardIndex{shard});
        EXPECT_EQ(IdSource::time_of(id), noon);
        EXPECT_TRUE(IdSource::names_a_shard(id));
    }
}

TEST(IdSource, has_the_bits_that_the_format_says) {
    const IdSource ids{ShardIndex{3}};
    EXPECT_EQ(ids.peek(IdSource::epoch + Duration::milliseconds(5)),
              (std::uint64_t{5} << 22) | (std::uint64_t{3} << 12));
}

TEST(IdSource, changes_nothing_by_peeking) {
    IdSource ids{ShardIndex{7}};
    EXPECT_EQ(ids.peek(noon), ids.peek(noon));
    const std::uint64_t first = take(ids, noon);
    EXPECT_EQ(ids.peek(noon), first + 1);
}

TEST(IdSource, borrows_the_next_millisecond_when_the_counter_is_full) {
    IdSource ids{ShardIndex{7}};
    std::uint64_t last = 0;
    for (int count = 0; count < 3 * 4096; ++count) {
        const std::uint64_t id = take(ids, noon);
        ASSERT_GT(id, last);
        ASSERT_EQ(IdSource::shard_of(id), ShardIndex{7});
        ASSERT_EQ(IdSource::time_of(id), noon + Duration::milliseconds(count / 4096));
        last = id;
    }
    // The millisecond that was borrowed from has come, and then a later one.
    EXPECT_GT(take(ids, noon + Duration::milliseconds(1)), last);
    EXPECT_EQ(IdSource::time_of(take(ids, noon + Duration::seconds(1))),
              noon + Duration::seconds(1));
}

TEST(IdSource, rises_when_the_clock_goes_back) {
    IdSource ids{ShardIndex{0}};
    const std::uint64_t before = take(ids, noon);
    const std::uint64_t after = take(ids, noon - Duration::seconds(3600));
    EXPECT_EQ(after, before + 1);
    EXPECT_GT(take(ids, Instant{}), after);
}

TEST(IdSource, never_makes_zero) {
    const IdSource ids{ShardIndex{0}};
    EXPECT_NE(ids.peek(Instant{}), 0U);
    EXPECT_NE(ids.peek(IdSource::epoch), 0U);
}

TEST(IdSource, continues_after_a_replay_where_it_was) {
    IdSource live{ShardIndex{9}};
    std::vector<std::uint64_t> taken;
    taken.reserve(5000);
    for (int count = 0; count < 5000; ++count) {
        taken.push_back(take(live, noon));
    }
    std::shuffle(taken.begin(), taken.end(), std::mt19937_64(1));
    IdSource replayed{ShardIndex{9}};
    for (const std::uint64_t id : taken) {
        replayed.used(id);
    }
    EXPECT_EQ(replayed.peek(noon), live.peek(noon));
    EXPECT_EQ(replayed.peek(Instant{}), live.peek(Instant{}));
}

TEST(IdSource, rises_strictly_over_random_clocks_and_restarts) {
    std::mt19937_64 random(7);
    IdSource ids{ShardIndex{42}};
    std::uint64_t last = 0;
    std::int64_t now = noon.ms();
    for (int count = 0; count < 200'000; ++count) {
        now += static_cast<std::int64_t>(random() % 3) - 1;
        const std::uint64_t id = take(ids, Instant{now});
        ASSERT_GT(id, last);
        ASSERT_EQ(IdSource::shard_of(id), ShardIndex{42});
        last = id;
        if (random() % 1000 == 0) {
            ids = IdSource{ShardIndex{42}};
            ids.used(last);
        }
    }
}

TEST(IdSource, tells_numbers_that_no_shard_made) {
    const std::uint64_t id = IdSource{ShardIndex{255}}.peek(noon);
    const std::uint64_t shard_field = std::uint64_t{0x3FF} << 12;
    EXPECT_FALSE(IdSource::names_a_shard((id & ~shard_field) | (std::uint64_t{256} << 12)));
    EXPECT_FALSE(IdSource::names_a_shard(id | shard_field));
    EXPECT_FALSE(IdSource::names_a_shard(id | (std::uint64_t{1} << 63)));
    EXPECT_FALSE(IdSource::names_a_shard(0));
}

TEST(IdSource, fits_thirteen_characters_of_base36_at_its_end) {
    const IdSource ids{ShardIndex{255}};
    const std::uint64_t id = ids.peek(IdSource::epoch + Duration::seconds(2'199'023'255));
    EXPECT_LE(Base36(id).view().size(), 13U);
    EXPECT_EQ(id >> 63, 0U);
}

TEST(IdSourceDeathTest, refuses_an_id_of_another_shard) {
    IdSource ids{ShardIndex{1}};
    EXPECT_DEATH(ids.used(IdSource{ShardIndex{2}}.peek(noon)), "another shard");
    EXPECT_DEATH(IdSource{ShardIndex{256}}, "no such shard");
}

}  // namespace
}  // namespace stampede::engine
