// SPDX-License-Identifier: Apache-2.0
// Commits leave the journal only for an archive that was read back: whenever the process before
// ended, whatever it left.
#include "storage/trimming.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "tests/storage/followed_journal.hpp"

namespace stampede::tests {
namespace {

using storage::Archive;
using storage::ArchiveFile;
using storage::CommitRange;
using storage::Trimmer;
using testing::HasSubstr;

storage::CommitSource commits_of(const storage::CommitStore& store) {
    return [&store](CommitRange range, const storage::CommitVisitor& visitor) {
        return store.visit(range, visitor);
    };
}

/// Twenty commits, the first twelve in a table of their own, and no follower on them.
class TrimmedJournal : public FollowedJournal {
  protected:
    void SetUp() override {
        reopen();
        commit_much(5'000);
        rig_->commit(8);
    }
    /// As after a crash: what a process remembers is gone.
    void reopen() {
        close();
        auto rig = JournalRig::open(path_);
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        rig_ = std::move(*rig);
    }
    [[nodiscard]] Archive archive() { return rig_->journal().archive(); }
    void seal(std::uint64_t first, std::uint64_t last) {
        const auto sealed = archive().seal(commits_of(rig_->journal().store()),
                                           {CommitNumber{first}, CommitNumber{last}});
        ASSERT_TRUE(sealed.has_value()) << sealed.error().message;
        ASSERT_EQ(*sealed, CommitNumber{last});
    }
    [[nodiscard]] Result<storage::Trimmed> trim_up_to(std::uint64_t number) {
        return Trimmer(rig_->journal().store(), archive()).trim(CommitNumber{number});
    }
    void expect_all_sealed_files_good() {
        for (const ArchiveFile& file : *archive().files()) {
            EXPECT_TRUE(archive().verify(file).has_value()) << file.path;
        }
    }
    [[nodiscard]] std::size_t files_set_aside() const {
        std::size_t count = 0;
        for (const auto& entry : fs::directory_iterator(path_ / "archive")) {
            const std::string name = entry.path().filename().string();
            count += name.find(".rejected") != std::string::npos ? 1U : 0U;
        }
        return count;
    }
    static void flip_a_byte(const fs::path& path) {
        auto bytes = *storage::read_whole(path);
        bytes[bytes.size() / 2] ^= std::byte{1};
        ASSERT_TRUE(storage::write_durably(path, bytes).has_value());
    }
};

TEST_F(TrimmedJournal, that_was_sealed_and_not_dropped_is_dropped_by_the_next_process) {
    seal(1, 12);
    reopen();
    const auto trimmed = trim_up_to(12);
    ASSERT_TRUE(trimmed.has_value()) << trimmed.error().message;
    EXPECT_EQ(trimmed->sealed, CommitNumber{12});
    EXPECT_EQ(archive().files()->size(), 1U) << "nothing is sealed twice";
    EXPECT_EQ(first_in_journal(), CommitNumber{13});
    reopen();
    expect_readable_from(CommitNumber{0});
}

TEST_F(TrimmedJournal, is_not_dropped_behind_an_archive_file_that_is_good_by_name_only) {
    const std::vector<std::function<void(const fs::path&)>> deaths{
        [](const fs::path& file) { flip_a_byte(file); },
        [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); },
        [](const fs::path& file) { fs::resize_file(file, 0); },
    };
    for (const auto& death : deaths) {
        seal(1, 12);
        death(archive().files()->front().path);
        reopen();
        const auto trimmed = trim_up_to(10);  // does not drop the table yet
        ASSERT_TRUE(trimmed.has_value()) << trimmed.error().message;
        expect_all_sealed_files_good();
        EXPECT_EQ(archive().files()->back().range.last, CommitNumber{10});
        for (const ArchiveFile& file : *archive().files()) {
            fs::remove(file.path);
        }
    }
    EXPECT_EQ(files_set_aside(), deaths.size());
    seal(1, 12);
    flip_a_byte(archive().files()->front().path);
    reopen();
    ASSERT_TRUE(trim_up_to(12).has_value());
    EXPECT_EQ(first_in_journal(), CommitNumber{13});
    expect_all_sealed_files_good();
    reopen();
    expect_readable_from(CommitNumber{0});
}

TEST_F(TrimmedJournal, keeps_the_only_copy_where_a_file_in_the_middle_is_set_aside) {
    seal(1, 4);
    seal(5, 8);
    seal(9, 12);
    flip_a_byte((*archive().files())[1].path);
    reopen();
    const auto trimmed = trim_up_to(12);
    ASSERT_TRUE(trimmed.has_value()) << trimmed.error().message;
    EXPECT_EQ(trimmed->sealed, CommitNumber{12});
    EXPECT_EQ(first_in_journal(), CommitNumber{13});
    EXPECT_EQ(files_set_aside(), 1U);
    expect_all_sealed_files_good();
    reopen();
    expect_readable_from(CommitNumber{0});
}

TEST_F(TrimmedJournal, is_not_dropped_behind_an_archive_of_other_commits) {
    {
        auto other = JournalRig::open(place_.path() / "other");
        ASSERT_TRUE(other.has_value()) << other.error().message;
        (*other)->commit(12, 4'000);
        // Under our journal's id: as if a repair had forgotten the archive.
        const auto sealed = archive().seal(commits_of((*other)->journal().store()),
                                           {CommitNumber{1}, CommitNumber{12}});
        ASSERT_TRUE(sealed.has_value()) << sealed.error().message;
    }
    expect_all_sealed_files_good();
    reopen();
    ASSERT_TRUE(trim_up_to(12).has_value());
    EXPECT_EQ(first_in_journal(), CommitNumber{13});
    EXPECT_EQ(files_set_aside(), 1U);
    reopen();
    expect_readable_from(CommitNumber{0});
}

TEST_F(TrimmedJournal, is_not_trimmed_while_commits_lie_in_a_bad_archive_file_alone) {
    ASSERT_TRUE(trim_up_to(16).has_value());
    ASSERT_EQ(first_in_journal(), CommitNumber{13});
    const fs::path file = archive().files()->back().path;
    flip_a_byte(file);
    commit_much(5'000);
    rig_->commit(1);
    Trimmer trimmer(rig_->journal().store(), archive());
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto refused = trimmer.trim(CommitNumber{32});
        ASSERT_FALSE(refused.has_value());
        EXPECT_THAT(refused.error().message, HasSubstr(file.string() + " is damaged"));
        EXPECT_EQ(first_in_journal(), CommitNumber{13});
    }
    flip_a_byte(file);  // restored
    ASSERT_TRUE(trimmer.trim(CommitNumber{32}).has_value());
    EXPECT_GT(first_in_journal(), CommitNumber{13});
    expect_readable_from(CommitNumber{0});
}

TEST_F(TrimmedJournal, is_trimmed_behind_checkpoints_that_a_process_left_untrimmed) {
    // Two checkpoints have their names, and the process ends before it trims behind them.
    close();
    {
        const auto directory = storage::DataDirectory::open(path_, {});
        ASSERT_TRUE(directory.has_value()) << directory.error().message;
        SumMachine state;
        const auto save = [&](const storage::StoredCommit& stored) -> Result<storage::Walk> {
            const CommitNumber number = stored.commit.number;
            if (auto applied = state.apply(stored.commit); !applied.has_value()) {
                return applied.error();
            }
            if (number == CommitNumber{13} || number == CommitNumber{14}) {
                const auto written = storage::write_checkpoint((*directory)->checkpoints(),
                                                               (*directory)->journal_id(),
                                                               {{number, stored.digest},
                                                                state.signature(),
                                                                state.layout(),
                                                                stored.commit.journal_time,
                                                                stored.writer.epoch},
                                                               state, 0);
                if (!written.has_value()) {
                    return written.error();
                }
            }
            return storage::Walk::go_on;
        };
        const auto scanned = storage::scan_journal(**directory, CommitNumber{0}, save);
        ASSERT_TRUE(scanned.has_value()) << scanned.error().message;
    }
    open();
    EXPECT_EQ(rig_->recovered().checkpoint, CommitNumber{14});
    EXPECT_EQ(first_in_journal(), CommitNumber{1});
    rig_->commit(1);
    checkpoint();
    EXPECT_EQ(first_in_journal(), CommitNumber{13});
    EXPECT_EQ(archive().files()->back().range.last, CommitNumber{14});
    open();
    expect_readable_from(CommitNumber{0});
}

TEST_F(TrimmedJournal, is_rid_of_files_that_a_death_left_unfinished) {
    const std::vector<fs::path> left{path_ / "archive" / "unfinished.commits.new",
                                     path_ / "checkpoints" / "unfinished.checkpoint.new"};
    for (const fs::path& path : left) {
        std::ofstream(path) << "half of it";
    }
    open();
    EXPECT_TRUE(follower_->wait_for(rig_->last(), patience));
    for (const fs::path& path : left) {
        EXPECT_FALSE(fs::exists(path)) << path;
    }
}

TEST_F(TrimmedJournal, keeps_no_part_of_an_archive_file_that_could_not_be_written) {
    std::vector<std::vector<std::byte>> values;
    const auto keep = [&](CommitNumber, std::span<const std::byte> value) {
        values.emplace_back(value.begin(), value.end());
        return Result<storage::Walk>{storage::Walk::go_on};
    };
    const CommitRange range{CommitNumber{1}, rig_->last()};
    ASSERT_TRUE(rig_->journal().store().visit(range, keep).has_value());
    const Archive archive = this->archive();
    close();  // its threads write too
    const storage::CommitSource source = [&](CommitRange, const storage::CommitVisitor& visitor) {
        for (std::size_t at = 0; at < values.size(); ++at) {
            if (auto seen = visitor(CommitNumber{at + 1}, values[at]); !seen.has_value()) {
                return Result<>{seen.error()};
            }
        }
        return Result<>{};
    };
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{10'000, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto sealed = archive.seal(source, range);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    static_cast<void>(std::signal(SIGXFSZ, handler));
    ASSERT_FALSE(sealed.has_value());
    EXPECT_THAT(sealed.error().message, HasSubstr("File too large"));
    EXPECT_TRUE(fs::is_empty(path_ / "archive"));
}

}  // namespace
}  // namespace stampede::tests
