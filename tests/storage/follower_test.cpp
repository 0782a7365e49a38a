// SPDX-License-Identifier: Apache-2.0
// The follower keeps up, writes checkpoints, trims behind them, and ends the process when its copy
// disagrees with the live state.
#include "storage/follower.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "storage/log_file_pool.hpp"
#include "tests/storage/followed_journal.hpp"

namespace stampede::tests {
namespace {

using storage::Follower;
using storage::Hold;
using testing::HasSubstr;

TEST_F(FollowedJournal, is_followed_to_its_end) {
    open();
    rig_->commit(200);
    ASSERT_TRUE(follower_->wait_for(CommitNumber{200}, patience));
    follower_->read([&](const engine::Replayable& copy) {
        EXPECT_EQ(copy.signature(), rig_->state().signature());
    });
    EXPECT_FALSE(follower_->wait_for(CommitNumber{201}, std::chrono::milliseconds{5}));
}

TEST_F(FollowedJournal, is_followed_from_far_behind) {
    open();
    follower_->stop();
    rig_->commit(300, 9'000);  // more than the tail holds, so from the store
    EXPECT_EQ(rig_->journal().tail().find(CommitNumber{1}), nullptr);
    follower_ = std::make_unique<Follower>(rig_->directory(), rig_->journal(),
                                           std::make_unique<SumMachine>(), on_request_only());
    follower_->start();
    EXPECT_TRUE(follower_->wait_for(CommitNumber{300}, patience));
}

TEST_F(FollowedJournal, starts_from_its_newest_checkpoint) {
    open();
    rig_->commit(30);
    checkpoint();
    rig_->commit(5);
    open();
    EXPECT_EQ(rig_->recovered().checkpoint, CommitNumber{30});
    EXPECT_EQ(rig_->recovered().commits_applied, 5U);
    EXPECT_EQ(rig_->recovered().commits_checked, 35U);
    EXPECT_EQ(rig_->state().sum(), expected_sum(CommitNumber{35}));
    EXPECT_TRUE(follower_->wait_for(CommitNumber{35}, patience));
}

TEST_F(FollowedJournal, starts_right_at_its_checkpoint) {
    open();
    rig_->commit(30);
    checkpoint();
    open();
    EXPECT_EQ(rig_->recovered().commits_applied, 0U);
    EXPECT_EQ(rig_->state().sum(), expected_sum(CommitNumber{30}));
    rig_->commit(1);
    EXPECT_TRUE(follower_->wait_for(CommitNumber{31}, patience));
}

TEST_F(FollowedJournal, passes_over_a_damaged_checkpoint_for_the_one_before) {
    open();
    rig_->commit(10);
    checkpoint();
    rig_->commit(10);
    checkpoint();
    rig_->commit(10);
    close();
    const auto found = storage::list_checkpoints(path_ / "checkpoints");
    ASSERT_EQ(found->size(), 2U);
    const auto size = fs::file_size(found->front().path);
    for (std::uint64_t at = 0; at < size; at += 7) {
        auto bytes = *storage::read_whole(found->front().path);
        bytes[at] ^= std::byte{4};
        ASSERT_TRUE(storage::write_durably(found->front().path, bytes).has_value());
        const auto directory = storage::DataDirectory::open(path_, {});
        SumMachine state;
        const auto recovered = storage::recover(**directory, state);
        ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
        EXPECT_EQ(recovered->checkpoint, CommitNumber{10});
        EXPECT_EQ(recovered->position.chain.number, CommitNumber{30});
        ASSERT_EQ(recovered->warnings.size(), 1U);
        EXPECT_THAT(recovered->warnings.front(), HasSubstr(found->front().path.string()));
        EXPECT_EQ(state.sum(), expected_sum(CommitNumber{30}));
        bytes[at] ^= std::byte{4};
        ASSERT_TRUE(storage::write_durably(found->front().path, bytes).has_value());
    }
    fs::resize_file(found->front().path, size / 2);
    open();
    EXPECT_EQ(rig_->recovered().checkpoint, CommitNumber{10});
    EXPECT_TRUE(follower_->wait_for(CommitNumber{30}, patience));
}

TEST_F(FollowedJournal, of_an_older_layout_is_replayed_and_its_checkpoint_set_aside) {
    open();
    rig_->commit(10);
    checkpoint();
    rig_->commit(10);
    open(small_journal(), StateLayout{2});
    EXPECT_EQ(rig_->recovered().checkpoint, CommitNumber{0});
    EXPECT_EQ(rig_->recovered().commits_applied, 20U);
    ASSERT_EQ(rig_->recovered().warnings.size(), 1U);
    EXPECT_THAT(rig_->recovered().warnings.front(),
                HasSubstr("is set aside: it has state layout 1, this program's is 2"));
    EXPECT_EQ(rig_->state().sum(), expected_sum(CommitNumber{20}));

    // From here on the commits and checkpoints are of the new layout, and are held to it.
    rig_->commit(5);
    checkpoint();
    EXPECT_EQ(follower_->newest_checkpoint(), CommitNumber{25});
    open(small_journal(), StateLayout{2});
    EXPECT_EQ(rig_->recovered().checkpoint, CommitNumber{25});
    EXPECT_TRUE(rig_->recovered().warnings.empty());
    EXPECT_EQ(rig_->state().sum(), expected_sum(CommitNumber{25}));
}

TEST_F(FollowedJournal, keeps_what_a_checkpoint_of_an_older_layout_was_made_from) {
    open();
    rig_->commit(1);
    checkpoint();
    open(small_journal(), StateLayout{2});
    commit_much();
    checkpoint();
    EXPECT_EQ(first_in_journal(), CommitNumber{1}) << "one good checkpoint is not enough to trim";
    for (int round = 0; round < 2; ++round) {
        commit_much();
        checkpoint();
    }
    EXPECT_TRUE(eventually([&] {
        return storage::list_checkpoints(path_ / "checkpoints")->size() == 2;
    })) << "the old one goes with the rest that is superseded";
}

TEST_F(FollowedJournal, trimmed_behind_a_checkpoint_of_another_layout_is_refused_naming_it) {
    open();
    for (int round = 0; round < 4; ++round) {
        commit_much();
        checkpoint();
    }
    ASSERT_TRUE(eventually([&] { return first_in_journal() > CommitNumber{1}; }));
    close();
    fs::rename(path_ / "archive", path_ / "elsewhere");
    fs::create_directory(path_ / "archive");
    const auto refused = JournalRig::open(path_, small_journal(), StateLayout{2});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message,
                testing::AllOf(HasSubstr("its checkpoint of commit 48 has state layout 1"),
                               HasSubstr("this program's is 2"),
                               HasSubstr("serve it with a release of state layout 1")));
    fs::remove(path_ / "archive");
    fs::rename(path_ / "elsewhere", path_ / "archive");
    open(small_journal(), StateLayout{2});
    EXPECT_EQ(rig_->state().sum(), expected_sum(CommitNumber{48}));
    EXPECT_TRUE(follower_->wait_for(CommitNumber{48}, patience));
}

TEST_F(FollowedJournal, is_trimmed_behind_the_second_newest_checkpoint_and_stays_whole) {
    open();
    for (int round = 0; round < 4; ++round) {
        commit_much();
        checkpoint();
    }
    const CommitNumber second_newest{36};
    EXPECT_TRUE(eventually([&] { return first_in_journal() > CommitNumber{1}; }));
    EXPECT_LE(first_in_journal(), second_newest.next());
    const auto sealed = rig_->journal().archive().files();
    ASSERT_TRUE(sealed.has_value());
    ASSERT_FALSE(sealed->empty());
    EXPECT_EQ(sealed->front().range.first, CommitNumber{1});
    EXPECT_EQ(sealed->back().range.last, second_newest);
    EXPECT_EQ(storage::list_checkpoints(path_ / "checkpoints")->size(), 2U);
    // Across archive, store and tail.
    for (const std::uint64_t after : {0U, 1U, 11U, 12U, 13U, 35U, 36U, 37U, 47U}) {
        expect_readable_from(CommitNumber{after});
    }
    rig_->commit(3);
    open();
    EXPECT_EQ(rig_->recovered().checkpoint, CommitNumber{48});
    EXPECT_EQ(rig_->state().sum(), expected_sum(CommitNumber{51}));
    expect_readable_from(CommitNumber{0});
}

TEST_F(FollowedJournal, tells_a_reader_where_it_begins_once_archives_were_removed) {
    open();
    EXPECT_EQ(rig_->journal().reader()->oldest().value(), CommitNumber{1}) << "empty as it is";
    for (int round = 0; round < 4; ++round) {
        commit_much();
        checkpoint();
    }
    ASSERT_TRUE(eventually([&] { return first_in_journal() > CommitNumber{1}; }));
    EXPECT_EQ(rig_->journal().reader()->oldest().value(), CommitNumber{1});
    for (const auto& file : *rig_->journal().archive().files()) {
        fs::remove(file.path);
    }
    const auto reader = rig_->journal().reader();
    const CommitNumber oldest = reader->oldest().value();
    EXPECT_EQ(oldest, first_in_journal());
    EXPECT_FALSE(reader->next(CommitNumber{0}, patience).has_value());
    const auto first = reader->next(CommitNumber{oldest.raw() - 1}, patience);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    EXPECT_EQ((*first)->number, oldest);
}

TEST_F(FollowedJournal, is_scanned_as_a_whole_after_trimming) {
    open();
    for (int round = 0; round < 4; ++round) {
        commit_much();
        checkpoint();
    }
    close();
    const auto directory = storage::DataDirectory::open(path_, {});
    ASSERT_TRUE(directory.has_value());
    SumMachine machine;
    const auto report = storage::scan_journal(
        **directory, CommitNumber{0}, [&](const storage::StoredCommit& stored) {
            EXPECT_TRUE(machine.apply(stored.commit).has_value());
            EXPECT_EQ(machine.signature(), stored.commit.signature);
            return Result<storage::Walk>{storage::Walk::go_on};
        });
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->commits, 48U);
    EXPECT_GT(report->archived_commits, 0U);
    EXPECT_EQ(report->reached, report->anchor);
    EXPECT_EQ(machine.sum(), expected_sum(CommitNumber{48}));

    fs::remove_all(path_ / "archive");
    fs::create_directory(path_ / "archive");
    const auto rest = storage::scan_journal(
        **directory, CommitNumber{0},
        [](const storage::StoredCommit&) { return Result<storage::Walk>{storage::Walk::go_on}; });
    ASSERT_TRUE(rest.has_value()) << "an operator may remove the archive: " << rest.error().message;
    EXPECT_LT(rest->commits, 48U);
}

TEST_F(FollowedJournal, is_not_trimmed_past_a_consumer_that_holds_it) {
    open();
    auto settlement =
        rig_->journal().consumers().add("settlement", Hold::holds_the_journal, CommitNumber{5});
    const auto feed = rig_->journal().consumers().add("feed", Hold::lets_it_go, CommitNumber{0});
    for (int round = 0; round < 3; ++round) {
        commit_much();
        checkpoint();
    }
    EXPECT_LE(first_in_journal(), CommitNumber{6});
    EXPECT_EQ(rig_->journal().archive().files()->back().range.last, CommitNumber{5});
    settlement->advance(CommitNumber{36});
    commit_much();
    checkpoint();
    EXPECT_TRUE(eventually([&] { return first_in_journal() > CommitNumber{12}; }));
    expect_readable_from(CommitNumber{0});
    settlement.reset();  // who has gone holds nothing
    EXPECT_EQ(rig_->journal().consumers().slowest_holder(CommitNumber{99}), CommitNumber{99});
    EXPECT_EQ(rig_->journal().consumers().all().size(), 1U);
}

TEST_F(FollowedJournal, tells_a_reader_when_a_commit_is_kept_nowhere) {
    open();
    for (int round = 0; round < 4; ++round) {
        commit_much();
        checkpoint();
    }
    ASSERT_TRUE(eventually([&] { return first_in_journal() > CommitNumber{1}; }));
    fs::remove_all(path_ / "archive");
    fs::create_directory(path_ / "archive");
    const auto next = rig_->journal().reader()->next(CommitNumber{0}, patience);
    ASSERT_FALSE(next.has_value());
    EXPECT_THAT(next.error().message, HasSubstr("commit 1 is kept neither in the journal nor"));
}

TEST_F(FollowedJournal, with_a_damaged_archive_file_is_told_to_its_reader) {
    open();
    for (int round = 0; round < 4; ++round) {
        commit_much();
        checkpoint();
    }
    ASSERT_TRUE(eventually([&] { return first_in_journal() > CommitNumber{1}; }));
    const auto file = rig_->journal().archive().files()->front();
    EXPECT_TRUE(rig_->journal().archive().verify(file).has_value());
    auto bytes = *storage::read_whole(file.path);
    bytes[bytes.size() / 2] ^= std::byte{1};
    ASSERT_TRUE(storage::write_durably(file.path, bytes).has_value());
    EXPECT_FALSE(rig_->journal().archive().verify(file).has_value());
    EXPECT_FALSE(rig_->journal().reader()->next(CommitNumber{0}, patience).has_value());
}

TEST_F(FollowedJournal, ends_the_process_when_the_live_state_is_not_what_it_says) {
    std::atomic<bool> has_ended{false};
    std::string why;
    auto options = small_journal();
    options.fatal = [&](std::string_view text) {
        why = text;
        has_ended = true;
    };
    open(options);
    rig_->commit(3);
    // A commit whose signature is of another state than its frames lead to.
    const auto frames = sum_frame(4);
    rig_->journal().submit({CommitNumber{4}, Instant{4}, Signature{1234}, StateLayout{1}, frames});
    ASSERT_TRUE(eventually([&] { return has_ended.load(); }));
    EXPECT_THAT(why, HasSubstr("commit 4 gives the follower another state"));
    EXPECT_EQ(follower_->applied(), CommitNumber{3}) << "nobody may read that state";
}

TEST_F(FollowedJournal, has_a_checkpoint_after_every_so_many_commits) {
    open();
    follower_.reset();
    auto options = on_request_only();
    options.checkpoint_every_commits = 10;
    follower_ = std::make_unique<Follower>(rig_->directory(), rig_->journal(),
                                           std::make_unique<SumMachine>(), options);
    follower_->start();
    rig_->commit(35);
    EXPECT_TRUE(follower_->wait_for_checkpoint(CommitNumber{30}, patience));
}

TEST_F(FollowedJournal, goes_on_when_a_checkpoint_finds_no_place) {
    std::atomic<bool> has_ended{false};
    auto options = small_journal();
    options.fatal = [&](std::string_view) { has_ended = true; };
    open(options);
    rig_->commit(5);
    // Until then it may still be looking for the checkpoint to start from.
    ASSERT_TRUE(follower_->wait_for(CommitNumber{5}, patience));
    fs::rename(path_ / "checkpoints", path_ / "elsewhere");
    std::ofstream{path_ / "checkpoints"} << "not a directory";
    follower_->request_checkpoint();
    ASSERT_TRUE(eventually([&] { return follower_->failed_checkpoints() == 1; }));
    rig_->commit(5);
    EXPECT_TRUE(follower_->wait_for(CommitNumber{10}, patience)) << "the sale goes on";
    EXPECT_FALSE(has_ended);

    fs::remove(path_ / "checkpoints");
    fs::rename(path_ / "elsewhere", path_ / "checkpoints");
    checkpoint();
    EXPECT_EQ(follower_->newest_checkpoint(), CommitNumber{10});
}

TEST_F(FollowedJournal, is_rid_of_what_a_crash_left_of_a_checkpoint) {
    open();
    rig_->commit(5);
    close();
    const fs::path left = path_ / "checkpoints" / "00000000000000000004.checkpoint.new";
    std::ofstream{left} << "half of a checkpoint";
    open();
    EXPECT_TRUE(eventually([&] { return !fs::exists(left); }));
    EXPECT_EQ(rig_->recovered().checkpoint, CommitNumber{0});
}

}  // namespace
}  // namespace stampede::tests
