// SPDX-License-Identifier: Apache-2.0
// The ring between two threads: order, bound, ownership, and a long stream through a small ring.
#include "engine/mailbox.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace stampede::engine {
namespace {

TEST(Mailbox, delivers_in_the_order_of_sending) {
    Mailbox<std::string> mailbox(4);
    EXPECT_TRUE(mailbox.try_push("first"));
    EXPECT_TRUE(mailbox.try_push("second"));
    EXPECT_EQ(mailbox.try_pop(), "first");
    EXPECT_EQ(mailbox.try_pop(), "second");
    EXPECT_EQ(mailbox.try_pop(), std::nullopt);
}

TEST(Mailbox, refuses_when_full_and_leaves_the_value_with_the_sender) {
    Mailbox<std::unique_ptr<int>> mailbox(2);
    EXPECT_TRUE(mailbox.try_push(std::make_unique<int>(1)));
    EXPECT_TRUE(mailbox.try_push(std::make_unique<int>(2)));
    auto third = std::make_unique<int>(3);
    EXPECT_FALSE(mailbox.try_push(std::move(third)));
    ASSERT_NE(third, nullptr);
    EXPECT_EQ(*mailbox.try_pop().value(), 1);
    EXPECT_TRUE(mailbox.try_push(std::move(third)));
    EXPECT_EQ(*mailbox.try_pop().value(), 2);
    EXPECT_EQ(*mailbox.try_pop().value(), 3);
}

TEST(Mailbox, goes_round_many_times_at_every_fill) {
    for (std::size_t fill = 1; fill <= 8; ++fill) {
        Mailbox<std::uint64_t> mailbox(8);
        std::uint64_t sent = 0;
        std::uint64_t received = 0;
        for (int round = 0; round < 100; ++round) {
            for (std::size_t count = 0; count < fill; ++count) {
                ASSERT_TRUE(mailbox.try_push(std::uint64_t{sent++}));
            }
            ASSERT_EQ(mailbox.approximate_size(), fill);
            for (std::size_t count = 0; count < fill; ++count) {
                ASSERT_EQ(mailbox.try_pop(), received++);
            }
            ASSERT_EQ(mailbox.try_pop(), std::nullopt);
        }
    }
}

TEST(Mailbox, destroys_each_value_once) {
    const auto witness = std::make_shared<int>(0);
    {
        Mailbox<std::shared_ptr<int>> mailbox(4);
        for (int count = 0; count < 4; ++count) {
            EXPECT_TRUE(mailbox.try_push(std::shared_ptr<int>{witness}));
        }
        EXPECT_EQ(witness.use_count(), 5);
        static_cast<void>(mailbox.try_pop());
        EXPECT_EQ(witness.use_count(), 4) << "a slot keeps nothing of what left it";
    }
    EXPECT_EQ(witness.use_count(), 1);
}

TEST(MailboxDeathTest, takes_only_a_power_of_two) {
    EXPECT_DEATH(Mailbox<int>(3), "power of two");
    EXPECT_DEATH(Mailbox<int>(0), "power of two");
}

// Two threads, a ring much smaller than the stream, values that own memory: each arrives once, in
// order, whole. ThreadSanitizer runs this as well.
TEST(Mailbox, loses_and_doubles_nothing_between_two_threads) {
    constexpr std::uint64_t messages = 300'000;
    Mailbox<std::unique_ptr<std::uint64_t>> mailbox(64);
    std::uint64_t refused = 0;
    std::thread sender([&] {
        for (std::uint64_t number = 0; number < messages; ++number) {
            auto message = std::make_unique<std::uint64_t>(number);
            while (!mailbox.try_push(std::move(message))) {
                ++refused;
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t expected = 0;
    bool in_order = true;
    while (expected < messages) {
        EXPECT_LE(mailbox.approximate_size(), mailbox.capacity());
        if (const auto message = mailbox.try_pop()) {
            in_order = in_order && **message == expected;
            ++expected;
        } else {
            std::this_thread::yield();
        }
    }
    sender.join();
    EXPECT_TRUE(in_order);
    EXPECT_EQ(mailbox.try_pop(), std::nullopt);
    RecordProperty("refused_when_full", static_cast<int>(refused % 1'000'000'000));
}

}  // namespace
}  // namespace stampede::engine
