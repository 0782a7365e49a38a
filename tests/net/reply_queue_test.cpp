// SPDX-License-Identifier: Apache-2.0
// The reply barrier, by example and against a model that is too simple to be wrong.
#include "engine/reply_queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>

namespace stampede::engine {
namespace {

std::string text(std::span<const char> bytes) {
    return {bytes.begin(), bytes.end()};
}

TEST(ReplyQueue, releases_nothing_before_its_commit_is_durable) {
    ReplyQueue queue;
    queue.park("held", CommitNumber{7});
    EXPECT_TRUE(queue.releasable(CommitNumber{6}).empty());
    EXPECT_FALSE(queue.empty());
    EXPECT_EQ(text(queue.releasable(CommitNumber{7})), "held");
}

TEST(ReplyQueue, lets_a_reply_that_rests_on_nothing_leave_at_once) {
    ReplyQueue queue;
    queue.park("now", CommitNumber{0});
    EXPECT_EQ(text(queue.releasable(CommitNumber{0})), "now");
}

TEST(ReplyQueue, keeps_the_order_even_where_a_later_reply_could_leave_first) {
    ReplyQueue queue;
    queue.park("a", CommitNumber{5});
    queue.park("b", CommitNumber{0});
    queue.park("c", CommitNumber{3});
    EXPECT_TRUE(queue.releasable(CommitNumber{4}).empty());
    EXPECT_EQ(text(queue.releasable(CommitNumber{5})), "abc");
}

TEST(ReplyQueue, releases_up_to_the_first_reply_that_must_wait) {
    ReplyQueue queue;
    queue.park("one", CommitNumber{1});
    queue.park("two", CommitNumber{2});
    queue.park("three", CommitNumber{3});
    EXPECT_EQ(text(queue.releasable(CommitNumber{2})), "onetwo");
    queue.sent(6);
    EXPECT_TRUE(queue.releasable(CommitNumber{2}).empty());
    EXPECT_EQ(queue.parked_bytes(), 5u);
    EXPECT_EQ(text(queue.releasable(CommitNumber{9})), "three");
    queue.sent(5);
    EXPECT_TRUE(queue.empty());
}

TEST(ReplyQueue, gives_the_rest_after_a_short_send) {
    ReplyQueue queue;
    queue.park("abcdef", CommitNumber{1});
    EXPECT_EQ(text(queue.releasable(CommitNumber{1})), "abcdef");
    queue.sent(2);
    EXPECT_EQ(text(queue.releasable(CommitNumber{1})), "cdef");
    EXPECT_EQ(queue.parked_bytes(), 4u);
}

TEST(ReplyQueue, does_not_move_the_bytes_in_flight) {
    ReplyQueue queue;
    queue.park("in flight", CommitNumber{1});
    const std::span<const char> span = queue.releasable(CommitNumber{1});
    for (int number = 0; number < 10'000; ++number) {
        queue.park("more and more", CommitNumber{2});
    }
    EXPECT_EQ(queue.releasable(CommitNumber{2}).data(), span.data());
    EXPECT_EQ(text(span), "in flight");
}

TEST(ReplyQueue, forgets_everything_when_the_connection_goes) {
    ReplyQueue queue;
    queue.park("a", CommitNumber{1});
    EXPECT_EQ(queue.releasable(CommitNumber{1}).size(), 1u);
    queue.park("b", CommitNumber{2});
    queue.clear();
    EXPECT_TRUE(queue.empty());
    EXPECT_TRUE(queue.releasable(CommitNumber{9}).empty());
}

TEST(ReplyQueue, agrees_with_a_queue_that_holds_one_byte_at_a_time) {
    struct Byte {
        char value;
        CommitNumber rests_on;
    };
    std::mt19937_64 random{20261121};
    ReplyQueue queue;
    std::deque<Byte> model;
    std::uint64_t open_commit = 1;
    std::uint64_t durable = 0;
    char next = 'a';
    for (int step = 0; step < 200'000; ++step) {
        const auto choice = random() % 4;
        if (choice == 0) {
            std::string bytes(random() % 40, next);
            next = next == 'z' ? 'a' : static_cast<char>(next + 1);
            const CommitNumber rests_on{random() % 3 == 0 ? 0 : random() % (open_commit + 1)};
            queue.park(bytes, rests_on);
            for (const char value : bytes) {
                model.push_back({value, rests_on});
            }
        } else if (choice == 1) {
            open_commit += random() % 2;
            durable = std::min(open_commit, durable + random() % 2);
        } else {
            const std::span<const char> released = queue.releasable(CommitNumber{durable});
            ASSERT_LE(released.size(), model.size());
            for (std::size_t at = 0; at < released.size(); ++at) {
                ASSERT_EQ(released[at], model[at].value);
                ASSERT_LE(model[at].rests_on, CommitNumber{durable}) << "left too early";
            }
            if (released.empty() && !model.empty()) {
                ASSERT_GT(model.front().rests_on, CommitNumber{durable}) << "held back for nothing";
            }
            const std::size_t count = released.empty() ? 0 : 1 + random() % released.size();
            queue.sent(count);
            model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
        }
        ASSERT_EQ(queue.parked_bytes(), model.size());
    }
}

}  // namespace
}  // namespace stampede::engine
