// SPDX-License-Identifier: Apache-2.0
// A journal with a follower on it, as a server has them, whose checkpoints come when the test asks.
// Used by the thread of the test.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <utility>

#include "tests/support/journal_rig.hpp"

namespace stampede::tests {

inline constexpr std::chrono::milliseconds patience = long_enough;

inline storage::FollowerOptions on_request_only() {
    storage::FollowerOptions options;
    options.checkpoint_every_bytes = 0;
    options.checkpoint_every = std::chrono::seconds{0};
    options.rest_us = 0;
    return options;
}

/// A journal with a follower on it.
class FollowedJournal : public testing::Test {
  protected:
    void open(storage::RocksdbJournalOptions options = small_journal(),
              StateLayout layout = StateLayout{1}) {
        close();
        auto rig = JournalRig::open(path_, std::move(options), layout);
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        rig_ = std::move(*rig);
        follower_ = std::make_unique<storage::Follower>(rig_->directory(), rig_->journal(),
                                                        std::make_unique<SumMachine>(layout),
                                                        on_request_only());
        follower_->start();
    }
    void close() {
        follower_.reset();
        rig_.reset();
    }
    void checkpoint() {
        ASSERT_TRUE(follower_->wait_for(rig_->last(), patience));
        follower_->request_checkpoint();
        ASSERT_TRUE(follower_->wait_for_checkpoint(rig_->last(), patience));
    }
    /// Enough for several tables, so that whole files can be dropped.
    void commit_much(std::size_t frame_bytes = 200'000) {
        rig_->commit(12, frame_bytes);
        ASSERT_TRUE(rig_->journal().store().flush_tables().has_value());
    }
    [[nodiscard]] CommitNumber first_in_journal() {
        const auto kept = rig_->journal().store().kept();
        return kept.has_value() && *kept ? (*kept)->first : CommitNumber{0};
    }
    /// Reads everything after `after` through a fresh reader.
    void expect_readable_from(CommitNumber after) {
        const auto reader = rig_->journal().reader();
        SumMachine machine;
        for (std::uint64_t number = 1; number <= after.raw(); ++number) {
            machine.add(number);
        }
        CommitNumber at = after;
        while (at < rig_->last()) {
            const auto next = reader->next(at, patience);
            ASSERT_TRUE(next.has_value()) << next.error().message;
            ASSERT_TRUE(next->has_value());
            EXPECT_EQ((**next).number, at.next());
            ASSERT_TRUE(machine
                            .apply({(**next).number, (**next).journal_time, (**next).signature,
                                    machine.layout(), (**next).frames})
                            .has_value());
            EXPECT_EQ(machine.signature(), (**next).signature);
            at = at.next();
        }
        EXPECT_EQ(machine.sum(), rig_->state().sum());
    }

    const TemporaryDirectory place_;
    fs::path path_ = place_.path() / "shop";
    std::unique_ptr<JournalRig> rig_;
    std::unique_ptr<storage::Follower> follower_;
};

}  // namespace stampede::tests
