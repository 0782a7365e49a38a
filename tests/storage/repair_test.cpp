// SPDX-License-Identifier: Apache-2.0
// A person has given up the journal's end: what is left is one whole history, in journal, archive
// and checkpoints alike, wherever the end lies, whatever cannot be read behind it, and also when
// the repair itself was interrupted.
#include "storage/repair.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/storage/followed_journal.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;

Result<storage::Repaired> repair(const fs::path& path, CommitNumber last) {
    const auto directory = storage::DataDirectory::open(path, {});
    return directory.has_value() ? storage::accept_loss_after(**directory, last)
                                 : Result<storage::Repaired>{directory.error()};
}

/// The whole of what is kept is one chain that gives the state of `last`.
void expect_one_history(const fs::path& path, CommitNumber last) {
    const auto directory = storage::DataDirectory::open(path, {});
    ASSERT_TRUE(directory.has_value()) << directory.error().message;
    SumMachine machine;
    const auto report = storage::scan_journal(
        **directory, CommitNumber{0}, [&](const storage::StoredCommit& stored) {
            EXPECT_TRUE(machine.apply(stored.commit).has_value());
            EXPECT_EQ(machine.signature(), stored.commit.signature);
            return Result<storage::Walk>{storage::Walk::go_on};
        });
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->commits, last.raw());
    EXPECT_EQ(report->reached, report->anchor);
    EXPECT_EQ(machine.sum(), expected_sum(last));
}

/// A stopped journal of 80 commits: trimmed, archived up to 60, and from 53 on in the journal.
class RepairedJournal : public FollowedJournal {
  protected:
    static constexpr CommitNumber first_kept{53};
    static constexpr CommitNumber last_archived{60};

    void SetUp() override {
        open();
        for (int round = 0; round < 4; ++round) {
            commit_much(5'000);
            rig_->commit(8, 5'000);
            checkpoint();
        }
        ASSERT_EQ(first_in_journal(), first_kept);
        ASSERT_EQ(rig_->journal().archive().files()->back().range.last, last_archived);
        close();
        remove_pool(path_);
    }
    static void remove_pool(const fs::path& path) {
        for (const auto& entry : fs::directory_iterator(path / "pool")) {
            fs::remove(entry.path());  // nothing to read there, and much to copy
        }
    }
    [[nodiscard]] fs::path fresh_copy() {
        const fs::path copy = place_.path() / ("copy" + std::to_string(++copies_));
        fs::copy(path_, copy, fs::copy_options::recursive);
        return copy;
    }
    /// Other commits than there were, until those that remained were trimmed.
    void live_on(const fs::path& path, CommitNumber from) {
        const fs::path before = std::exchange(path_, path);
        open();
        ASSERT_NE(rig_, nullptr);
        EXPECT_EQ(rig_->recovered().position.chain.number, from);
        for (int round = 0; round < 3; ++round) {
            commit_much(4'000);
            checkpoint();
        }
        EXPECT_GT(first_in_journal(), from.next());
        expect_readable_from(CommitNumber{0});
        const CommitNumber last = rig_->last();
        close();
        path_ = before;
        expect_one_history(path, last);
    }

    int copies_ = 0;
};

TEST_F(RepairedJournal, has_one_history_wherever_it_was_told_to_end) {
    for (const std::uint64_t last : {first_kept.raw() - 1, first_kept.raw(), std::uint64_t{56},
                                     last_archived.raw(), std::uint64_t{70}}) {
        SCOPED_TRACE("after " + std::to_string(last));
        const fs::path copy = fresh_copy();
        const auto repaired = repair(copy, CommitNumber{last});
        ASSERT_TRUE(repaired.has_value()) << repaired.error().message;
        expect_one_history(copy, CommitNumber{last});
        live_on(copy, CommitNumber{last});
        fs::remove_all(copy);
    }
}

TEST_F(RepairedJournal, does_not_go_back_to_what_only_the_archive_has) {
    const auto refused = repair(path_, CommitNumber{first_kept.raw() - 2});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("too old to go back to"));
    expect_one_history(path_, CommitNumber{80});
}

/// Replaces a part of one directory by that of another.
void take_part(const fs::path& from, const fs::path& to, const std::string& part,
               const std::string& as = {}) {
    const fs::path target = to / (as.empty() ? part : as);
    fs::remove_all(target);
    fs::copy(from / part, target, fs::copy_options::recursive);
}

TEST_F(RepairedJournal, is_repaired_by_the_same_command_wherever_that_was_interrupted) {
    constexpr CommitNumber last{56};
    const fs::path done = fresh_copy();
    ASSERT_TRUE(repair(done, last).has_value());
    // Each step leaves what it adds to the ones before.
    const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> steps{
        {"the checkpoints are set aside",
         [&](const fs::path& copy) { take_part(done, copy, "checkpoints"); }},
        {"the archive's part is sealed, the whole is not set aside",
         [&](const fs::path& copy) {
             fs::copy(done / "archive", copy / "archive", fs::copy_options::skip_existing);
             for (const auto& entry : fs::directory_iterator(copy / "archive")) {
                 if (entry.path().extension() == ".rejected") {
                     fs::remove(entry.path());
                 }
             }
         }},
        {"the archive is done", [&](const fs::path& copy) { take_part(done, copy, "archive"); }},
        {"the copy of the journal has begun",
         [](const fs::path& copy) {
             fs::create_directory(copy / "journal.copy");
             std::ofstream(copy / "journal.copy" / "CURRENT") << "half of";
         }},
        {"the copy has the journal's name",
         [&](const fs::path& copy) {
             take_part(done, copy, "journal.rejected", "journal.new");
             take_part(done, copy, "journal");
         }},
        {"the old journal is set aside",
         [&](const fs::path& copy) {
             fs::remove_all(copy / "journal.new");
             take_part(done, copy, "journal.rejected");
         }},
        {"the anchor is written to its temporary file",
         [&](const fs::path& copy) { take_part(done, copy, "anchor", "anchor.new"); }},
        {"it is done", [&](const fs::path& copy) { take_part(done, copy, "anchor"); }},
    };
    for (std::size_t reached = 0; reached <= steps.size(); ++reached) {
        const fs::path copy = fresh_copy();
        for (std::size_t at = 0; at < reached; ++at) {
            steps[at].second(copy);
        }
        SCOPED_TRACE(reached == 0 ? "nothing is done" : steps[reached - 1].first);
        const auto repaired = repair(copy, last);
        ASSERT_TRUE(repaired.has_value()) << repaired.error().message;
        EXPECT_EQ(repaired->end.number, last);
        expect_one_history(copy, last);
        EXPECT_TRUE(fs::exists(copy / "journal.rejected"));
        EXPECT_FALSE(fs::exists(copy / "journal.rejected-2")) << "the old journal is kept once";
        EXPECT_FALSE(fs::exists(copy / "journal.new"));
        if (reached == steps.size() / 2) {
            live_on(copy, last);
        }
        fs::remove_all(copy);
    }
}

std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory)) {
        names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
}

TEST_F(RepairedJournal, never_loses_the_old_journal_to_a_second_repair_with_another_end) {
    const fs::path done = fresh_copy();
    ASSERT_TRUE(repair(done, CommitNumber{56}).has_value());
    const fs::path copy = fresh_copy();
    for (const char* part : {"checkpoints", "archive", "journal"}) {
        take_part(done, copy, part);
    }
    take_part(done, copy, "journal.rejected", "journal.new");  // it died behind the exchange
    const auto old_journal = names_in(copy / "journal.new");
    const auto repaired = repair(copy, CommitNumber{54});
    ASSERT_TRUE(repaired.has_value()) << repaired.error().message;
    expect_one_history(copy, CommitNumber{54});
    EXPECT_EQ(names_in(copy / "journal.rejected"), old_journal);
    EXPECT_TRUE(fs::exists(copy / "journal.rejected-2")) << "the journal up to 56";
}

TEST_F(RepairedJournal, is_judged_by_itself_where_the_archive_is_rotten) {
    const auto directory = storage::DataDirectory::open(path_, {});
    ASSERT_TRUE(directory.has_value()) << directory.error().message;
    const storage::Archive archive{(*directory)->archive(), (*directory)->journal_id()};
    const fs::path oldest = archive.files()->front().path;
    auto bytes = *storage::read_whole(oldest);
    bytes[bytes.size() / 2] ^= std::byte{1};
    ASSERT_TRUE(storage::write_durably(oldest, bytes).has_value());
    const auto repaired = storage::accept_loss_after(**directory, CommitNumber{70});
    ASSERT_TRUE(repaired.has_value()) << repaired.error().message;
    EXPECT_FALSE(repaired->unreadable) << "all of the journal is there";
    const auto too_far = storage::accept_loss_after(**directory, CommitNumber{71});
    ASSERT_FALSE(too_far.has_value());
    EXPECT_THAT(too_far.error().message, HasSubstr("the chain is good up to commit 70 only"));
}

TEST_F(RepairedJournal, is_not_served_before_its_repair_is_done) {
    constexpr CommitNumber last{56};
    const fs::path done = fresh_copy();
    ASSERT_TRUE(repair(done, last).has_value());
    take_part(path_, done, "anchor");
    const auto refused = JournalRig::open(done);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("the anchor proves that commit 80 was durable"));
}

/// Damages the one table that holds `bytes`.
void damage_table_with(const fs::path& journal, const std::vector<std::byte>& bytes) {
    int damaged = 0;
    for (const auto& entry : fs::directory_iterator(journal)) {
        if (entry.path().extension() != ".sst") {
            continue;
        }
        auto content = *storage::read_whole(entry.path());
        const auto at = std::search(content.begin(), content.end(), bytes.begin(), bytes.end());
        if (at != content.end()) {
            *(at + static_cast<std::ptrdiff_t>(bytes.size() / 2)) ^= std::byte{0x10};
            auto file = storage::File::open(entry.path(), O_RDWR);
            ASSERT_TRUE(file.has_value() && file->write_at(0, content).has_value());
            ++damaged;
        }
    }
    ASSERT_EQ(damaged, 1);
}

class DamagedTable : public FollowedJournal {
  protected:
    static constexpr std::uint64_t commits = 14;
    static std::size_t frame_bytes(std::uint64_t number) { return 6000 + number; }

    void SetUp() override {
        open();
        for (std::uint64_t number = 1; number <= commits; ++number) {
            rig_->commit(1, frame_bytes(number));
            if (number == 9) {
                checkpoint();
            }
        }
        ASSERT_TRUE(rig_->journal().store().flush_tables().has_value());
        close();
    }
    void damage(std::uint64_t number) {
        damage_table_with(path_ / "journal", sum_frame(number, frame_bytes(number)));
    }
    void expect_to_go_on_after(CommitNumber last) {
        const auto repaired = repair(path_, last);
        ASSERT_TRUE(repaired.has_value()) << repaired.error().message;
        EXPECT_EQ(repaired->end.number, last);
        open();
        ASSERT_NE(rig_, nullptr);
        EXPECT_EQ(rig_->last(), last);
        rig_->commit(3, 4'000);
        ASSERT_TRUE(rig_->journal().store().flush_tables().has_value());
        open();
        EXPECT_EQ(rig_->state().sum(), expected_sum(CommitNumber{last.raw() + 3}));
    }
};

TEST_F(DamagedTable, is_given_up_from_the_commit_on_that_cannot_be_read) {
    damage(12);
    expect_to_go_on_after(CommitNumber{11});
    ASSERT_NE(rig_, nullptr);
    expect_readable_from(CommitNumber{0});
}

TEST_F(DamagedTable, is_given_up_from_its_first_commit_on) {
    damage(1);
    expect_to_go_on_after(CommitNumber{0});
    ASSERT_NE(rig_, nullptr);
    expect_readable_from(CommitNumber{0});
}

TEST_F(DamagedTable, is_given_up_whole_where_a_checkpoint_vouches_for_what_it_held) {
    damage(5);
    const auto refused = repair(path_, CommitNumber{8});
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("the chain is good up to commit 4 only"));
    expect_to_go_on_after(CommitNumber{9});
    ASSERT_NE(rig_, nullptr);
    expect_readable_from(CommitNumber{9});
}

TEST_F(DamagedTable, leaves_what_the_chain_still_proves_to_the_archive) {
    damage(5);
    const auto repaired = repair(path_, CommitNumber{9});
    ASSERT_TRUE(repaired.has_value()) << repaired.error().message;
    ASSERT_TRUE(repaired->unreadable);
    EXPECT_EQ(repaired->unreadable->first, CommitNumber{5});
    EXPECT_EQ(repaired->unreadable->last, CommitNumber{9});
    open();
    ASSERT_NE(rig_, nullptr);
    const auto files = rig_->journal().archive().files();
    ASSERT_EQ(files->size(), 1U);
    EXPECT_EQ(files->front().range.first, CommitNumber{1});
    EXPECT_EQ(files->front().range.last, CommitNumber{4});
    const auto reader = rig_->journal().reader();
    CommitNumber at{0};
    for (; at < CommitNumber{4}; at = at.next()) {
        const auto next = reader->next(at, long_enough);
        ASSERT_TRUE(next.has_value() && *next) << "settlement reads what is there";
        EXPECT_EQ((**next).number, at.next());
    }
    EXPECT_TRUE(reader->next(at, long_enough).has_error()) << "and then stops";
}

}  // namespace
}  // namespace stampede::tests
