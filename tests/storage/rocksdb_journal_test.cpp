// SPDX-License-Identifier: Apache-2.0
// The journal's promise, from outside: durable means recovered, and nothing is durable before its
// sync.
#include "storage/rocksdb_journal.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/support/journal_rig.hpp"

namespace stampede::tests {
namespace {

TEST(Journal, gives_back_what_was_durable) {
    const TemporaryDirectory place;
    {
        auto rig = JournalRig::open(place.path() / "shop");
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        (*rig)->commit(100, 200);
        EXPECT_EQ((*rig)->journal().durable(), CommitNumber{100});
    }
    auto again = JournalRig::open(place.path() / "shop");
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ((*again)->recovered().position.chain.number, CommitNumber{100});
    EXPECT_EQ((*again)->recovered().commits_applied, 100U);
    EXPECT_EQ((*again)->state().sum(), expected_sum(CommitNumber{100}));
    (*again)->commit(1);
    EXPECT_EQ((*again)->journal().durable(), CommitNumber{101});
}

TEST(Journal, goes_on_over_many_restarts_and_log_switches) {
    const TemporaryDirectory place;
    constexpr std::size_t rounds = 5;
    constexpr std::size_t commits = 60;
    for (std::size_t round = 0; round < rounds; ++round) {
        auto rig = JournalRig::open(place.path() / "shop");
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        EXPECT_EQ((*rig)->state().additions(), round * commits);
        (*rig)->commit(commits, 100'000);  // some six logs a round
    }
    auto rig = JournalRig::open(place.path() / "shop");
    ASSERT_TRUE(rig.has_value()) << rig.error().message;
    EXPECT_EQ((*rig)->state().sum(), expected_sum(CommitNumber{rounds * commits}));
}

TEST(Journal, is_not_durable_before_the_disk_says_so) {
    const TemporaryDirectory place;
    std::promise<void> disk;
    const auto released = disk.get_future().share();
    std::atomic<bool> is_held{false};
    std::atomic<int> wakes{0};
    auto options = small_journal();
    options.before_sync = [&](CommitNumber number) {
        if (number == CommitNumber{2}) {
            is_held = true;
            released.wait();
        }
    };
    options.wake = [&] { ++wakes; };
    auto rig = JournalRig::open(place.path() / "shop", options);
    ASSERT_TRUE(rig.has_value()) << rig.error().message;
    // Goes before the rig: however the test ends, the journal's thread gets on.
    std::promise<void> disk_is_free = std::move(disk);
    (*rig)->commit(1);
    ASSERT_TRUE(eventually([&] { return wakes.load() == 1; }));
    (*rig)->submit();
    ASSERT_TRUE(eventually([&] { return is_held.load(); }));
    // Appended, in RocksDB's memory and visible to its iterators, but not synced.
    const auto reader = (*rig)->journal().reader();
    for (int look = 0; look < 100; ++look) {
        EXPECT_EQ((*rig)->journal().durable(), CommitNumber{1});
        EXPECT_EQ((*rig)->journal().tail().newest(), CommitNumber{1});
        const auto next = reader->next(CommitNumber{1}, std::chrono::milliseconds{1});
        ASSERT_TRUE(next.has_value());
        EXPECT_FALSE(next->has_value());
    }
    EXPECT_EQ(wakes.load(), 1);
    disk_is_free.set_value();
    EXPECT_TRUE((*rig)->wait_until_durable());
}

TEST(Journal, stops_selling_at_the_reserve_and_gives_back_the_ballast_when_full) {
    const TemporaryDirectory place;
    std::atomic<std::uint64_t> room{std::uint64_t{1} << 40};
    auto options = small_journal();
    options.ballast_bytes = std::uint64_t{1} << 20;
    options.reserve_bytes = std::uint64_t{100} << 20;
    options.free_bytes = [&](const fs::path&) { return Result<std::uint64_t>{room.load()}; };
    auto rig = JournalRig::open(place.path() / "shop", options);
    ASSERT_TRUE(rig.has_value()) << rig.error().message;
    const fs::path ballast = (*rig)->directory().ballast();
    EXPECT_TRUE((*rig)->journal().has_room_to_sell());
    EXPECT_EQ(fs::file_size(ballast), options.ballast_bytes);

    room = std::uint64_t{99} << 20;
    EXPECT_TRUE(eventually([&] { return !(*rig)->journal().has_room_to_sell(); }));
    EXPECT_TRUE(fs::exists(ballast));
    (*rig)->commit(1);  // payments go on

    room = 1000;
    EXPECT_TRUE(eventually([&] { return !fs::exists(ballast); }));
    (*rig)->commit(1);

    room = std::uint64_t{1} << 40;
    EXPECT_TRUE(eventually([&] { return (*rig)->journal().has_room_to_sell(); }));
}

TEST(Journal, with_a_strict_anchor_has_anchored_what_it_calls_durable) {
    const TemporaryDirectory place;
    auto options = small_journal();
    options.anchor = storage::AnchorMode::strict;
    auto rig = JournalRig::open(place.path() / "shop", options);
    ASSERT_TRUE(rig.has_value()) << rig.error().message;
    for (int round = 0; round < 50; ++round) {
        (*rig)->commit(1);
        const auto anchor =
            storage::Anchor::read((*rig)->directory().anchor(), (*rig)->directory().journal_id());
        ASSERT_TRUE(anchor.has_value());
        EXPECT_EQ(anchor->position.number, (*rig)->last());
    }
}

TEST(Journal, anchors_its_last_commit_soon_after_it_fell_idle) {
    const TemporaryDirectory place;
    auto rig = JournalRig::open(place.path() / "shop");
    ASSERT_TRUE(rig.has_value()) << rig.error().message;
    (*rig)->commit(3);
    EXPECT_TRUE(eventually([&] {
        const auto anchor =
            storage::Anchor::read((*rig)->directory().anchor(), (*rig)->directory().journal_id());
        return anchor.has_value() && anchor->position.number == CommitNumber{3};
    }));
}

}  // namespace
}  // namespace stampede::tests
