// SPDX-License-Identifier: Apache-2.0
// Every single damage to a synced journal is refused, naming the commit, and a refusal leaves every
// file as it was. The damage is done to copies of one journal, in its raw log and in its tables,
// fresh logs and recycled ones.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "storage/log_file_pool.hpp"
#include "storage/raw_log.hpp"
#include "storage/repair.hpp"
#include "tests/support/journal_rig.hpp"

namespace stampede::tests {
namespace {

using storage::RawCommit;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::uint64_t commits = 14;

std::map<std::string, std::vector<std::byte>> content_of(const fs::path& root) {
    std::map<std::string, std::vector<std::byte>> files;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
        if (entry.is_regular_file()) {
            files[fs::relative(entry.path(), root).string()] = *storage::read_whole(entry.path());
        }
    }
    return files;
}

/// "recovered up to N" or the refusal.
std::string outcome_of(const fs::path& path) {
    const auto directory = storage::DataDirectory::open(path, {});
    if (!directory.has_value()) {
        return directory.error().message;
    }
    const auto before = content_of(path);
    SumMachine state;
    const auto recovered = storage::recover(**directory, state);
    EXPECT_TRUE(content_of(path) == before) << "recovery has changed the directory";
    if (!recovered.has_value()) {
        return recovered.error().message;
    }
    const CommitNumber last = recovered->position.chain.number;
    EXPECT_EQ(state.sum(), expected_sum(last));
    return "recovered up to " + std::to_string(last.raw());
}

struct LocatedCommit {
    fs::path log;
    RawCommit raw;
};

enum class Recycled : std::uint8_t { no, yes };

/// A stopped journal of 14 commits in its logs: some share a block, some span several.
class DamagedJournal : public testing::TestWithParam<Recycled> {
  protected:
    void SetUp() override {
        auto options = small_journal();
        options.store.pool_files = GetParam() == Recycled::yes ? 2 : 0;
        options.store.write_buffer_bytes = std::uint64_t{4} << 20;
        auto rig = JournalRig::open(original_, options);
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        if (GetParam() == Recycled::yes) {
            // Until the log in use is one that was full of other commits before.
            auto* pool = (*rig)->journal().store().pool();
            while (pool->counts().recycled < 3) {
                (*rig)->commit(8, 250'000);
                ASSERT_TRUE((*rig)->journal().store().flush_tables().has_value());
                pool->wait_for_ready(1, std::chrono::seconds{10});
            }
        }
        first_ = (*rig)->last().raw() + 1;
        for (std::uint64_t at = 0; at < commits; ++at) {
            (*rig)->commit(1, at % 5 == 3 ? 70'000 : 3'000 + at);
        }
        last_ = (*rig)->last().raw();
        rig->reset();
        for (const auto& entry : fs::directory_iterator(original_ / "pool")) {
            fs::remove(entry.path());  // nothing to read there, and much to copy
        }
    }

    [[nodiscard]] fs::path fresh_copy() {
        const fs::path copy = place_.path() / ("copy" + std::to_string(++copies_));
        fs::copy(original_, copy, fs::copy_options::recursive);
        return copy;
    }
    [[nodiscard]] static LocatedCommit locate(const fs::path& root, std::uint64_t number) {
        LocatedCommit found;
        for (const auto& log : *storage::raw_logs(root / "journal")) {
            EXPECT_TRUE(storage::visit_raw_log(log, [&](const RawCommit& raw) {
                            if (raw.number == CommitNumber{number}) {
                                found = {log, raw};
                            }
                        }).has_value());
        }
        EXPECT_FALSE(found.raw.parts.empty()) << "commit " << number << " is in no log";
        return found;
    }
    [[nodiscard]] std::string refusal_naming(std::uint64_t number) const {
        return "The first bad commit is " + std::to_string(number) + ";";
    }
    void set_anchor_before_last(const fs::path& root) const {
        const auto directory = storage::DataDirectory::open(root, {});
        ASSERT_TRUE(directory.has_value());
        const auto before = decode(root, last_ - 1);
        ASSERT_TRUE(
            storage::Anchor::create((*directory)->anchor(), (*directory)->journal_id(), before)
                .has_value());
    }
    [[nodiscard]] static storage::ChainPosition decode(const fs::path& root, std::uint64_t number) {
        const auto located = locate(root, number);
        const auto stored = storage::decode_commit(CommitNumber{number}, located.raw.value);
        EXPECT_TRUE(stored.has_value());
        return {CommitNumber{number}, stored->digest};
    }

    const TemporaryDirectory place_;
    const fs::path original_ = place_.path() / "original";
    std::uint64_t first_ = 0;
    std::uint64_t last_ = 0;
    int copies_ = 0;
};

void overwrite(const fs::path& file, std::uint64_t offset, std::span<const std::byte> bytes) {
    auto opened = storage::File::open(file, O_RDWR);
    ASSERT_TRUE(opened.has_value());
    ASSERT_TRUE(opened->write_at(offset, bytes).has_value());
}

void flip(const fs::path& file, std::uint64_t offset) {
    auto opened = storage::File::open(file, O_RDWR);
    ASSERT_TRUE(opened.has_value());
    std::array<std::byte, 1> byte{};
    ASSERT_TRUE(opened->read_at(offset, byte).has_value());
    byte[0] ^= std::byte{0x10};
    ASSERT_TRUE(opened->write_at(offset, byte).has_value());
}

using Damage = std::function<void(const LocatedCommit&)>;

/// Name and deed of each way to spoil one commit of a log.
std::vector<std::pair<std::string, Damage>> damages() {
    const auto each_part = [](const LocatedCommit& commit, const auto& deed) {
        for (const RawCommit::Part& part : commit.raw.parts) {
            deed(part);
        }
    };
    return {
        {"first byte flipped",
         [](const LocatedCommit& commit) { flip(commit.log, commit.raw.parts.front().offset); }},
        {"length flipped",
         [](const LocatedCommit& commit) {
             flip(commit.log, commit.raw.parts.front().offset + 4);
         }},
        {"type flipped",
         [](const LocatedCommit& commit) {
             flip(commit.log, commit.raw.parts.front().offset + 6);
         }},
        {"a byte in the middle flipped",
         [](const LocatedCommit& commit) {
             const auto& part = commit.raw.parts[commit.raw.parts.size() / 2];
             flip(commit.log, part.offset + part.bytes / 2);
         }},
        {"last byte flipped",
         [](const LocatedCommit& commit) {
             const auto& part = commit.raw.parts.back();
             flip(commit.log, part.offset + part.bytes - 1);
         }},
        {"the whole record zeroed",
         [&](const LocatedCommit& commit) {
             each_part(commit, [&](const RawCommit::Part& part) {
                 overwrite(commit.log, part.offset, std::vector<std::byte>(part.bytes));
             });
         }},
        {"only the body zeroed",
         [&](const LocatedCommit& commit) {
             each_part(commit, [&](const RawCommit::Part& part) {
                 overwrite(commit.log, part.offset + 7, std::vector<std::byte>(part.bytes - 7));
             });
         }},
        {"the log cut before it",
         [](const LocatedCommit& commit) {
             fs::resize_file(commit.log, commit.raw.parts.front().offset);
         }},
        {"the log cut inside of it",
         [](const LocatedCommit& commit) {
             const auto& part = commit.raw.parts.back();
             fs::resize_file(commit.log, part.offset + part.bytes / 2);
         }},
        {"the log zeroed from it on",
         [](const LocatedCommit& commit) {
             const auto from = commit.raw.parts.front().offset;
             overwrite(commit.log, from, std::vector<std::byte>(fs::file_size(commit.log) - from));
         }},
    };
}

TEST_P(DamagedJournal, opens_undamaged) {
    EXPECT_EQ(outcome_of(fresh_copy()), "recovered up to " + std::to_string(last_));
}

TEST_P(DamagedJournal, is_refused_naming_the_commit_whatever_the_damage) {
    for (const auto& [name, damage] : damages()) {
        for (std::uint64_t number = first_; number <= last_; ++number) {
            SCOPED_TRACE(name + " in commit " + std::to_string(number));
            const fs::path copy = fresh_copy();
            damage(locate(copy, number));
            EXPECT_THAT(outcome_of(copy),
                        AllOf(HasSubstr("cannot be served"), HasSubstr(refusal_naming(number)),
                              HasSubstr("nothing was changed")));
            fs::remove_all(copy);
        }
    }
}

TEST_P(DamagedJournal, may_lose_the_last_commit_only_while_no_anchor_vouches_for_it) {
    for (const auto& [name, damage] : damages()) {
        SCOPED_TRACE(name);
        const fs::path copy = fresh_copy();
        set_anchor_before_last(copy);
        EXPECT_EQ(outcome_of(copy), "recovered up to " + std::to_string(last_));
        damage(locate(copy, last_));
        EXPECT_EQ(outcome_of(copy), "recovered up to " + std::to_string(last_ - 1));
        fs::remove_all(copy);
        const fs::path other = fresh_copy();
        set_anchor_before_last(other);
        damage(locate(other, last_ - 1));
        EXPECT_THAT(outcome_of(other), HasSubstr(refusal_naming(last_ - 1)));
        fs::remove_all(other);
    }
}

TEST_P(DamagedJournal, is_refused_when_its_journal_or_its_anchor_is_gone) {
    const fs::path no_logs = fresh_copy();
    for (const auto& log : *storage::raw_logs(no_logs / "journal")) {
        fs::remove(log);
    }
    EXPECT_THAT(outcome_of(no_logs), HasSubstr("cannot be served"));
    const fs::path no_journal = fresh_copy();
    fs::remove_all(no_journal / "journal");
    fs::create_directory(no_journal / "journal");
    EXPECT_THAT(outcome_of(no_journal), HasSubstr(refusal_naming(1)));
    const fs::path no_anchor = fresh_copy();
    fs::remove(no_anchor / "anchor");
    EXPECT_THAT(outcome_of(no_anchor), HasSubstr("cannot be served"));
}

TEST_P(DamagedJournal, is_refused_when_the_anchor_vouches_for_another_commit) {
    const fs::path copy = fresh_copy();
    {
        const auto directory = storage::DataDirectory::open(copy, {});
        ASSERT_TRUE(directory.has_value());
        auto wrong = decode(copy, last_ - 3);
        wrong.digest[5] ^= std::byte{1};
        ASSERT_TRUE(
            storage::Anchor::create((*directory)->anchor(), (*directory)->journal_id(), wrong)
                .has_value());
    }
    EXPECT_THAT(outcome_of(copy), AllOf(HasSubstr("not the one that the anchor vouches for"),
                                        HasSubstr(refusal_naming(last_ - 3))));
}

TEST_P(DamagedJournal, opens_again_after_a_person_accepted_the_loss) {
    const fs::path copy = fresh_copy();
    const std::uint64_t bad = last_ - 4;
    const auto located = locate(copy, bad);
    for (const RawCommit::Part& part : located.raw.parts) {
        overwrite(located.log, part.offset, std::vector<std::byte>(part.bytes));
    }
    {
        const auto directory = storage::DataDirectory::open(copy, {});
        ASSERT_TRUE(directory.has_value());
        const auto before = content_of(copy);
        std::ostringstream dump;
        const auto whole = storage::dump_raw_tail(**directory, dump);
        ASSERT_TRUE(whole.has_value()) << whole.error().message;
        EXPECT_TRUE(content_of(copy) == before);
        EXPECT_THAT(dump.str(),
                    HasSubstr("the last commit in the chain is " + std::to_string(bad - 1)));
        EXPECT_EQ(*whole, last_ - bad);
        EXPECT_THAT(dump.str(), HasSubstr('\n' + std::to_string(bad + 1) + " whole "));
        EXPECT_THAT(dump.str(), HasSubstr('\n' + std::to_string(last_) + " whole "));

        const auto too_far = storage::accept_loss_after(**directory, CommitNumber{bad});
        ASSERT_FALSE(too_far.has_value());
        EXPECT_THAT(too_far.error().message,
                    HasSubstr("good up to commit " + std::to_string(bad - 1)));
        const auto accepted = storage::accept_loss_after(**directory, CommitNumber{bad - 1});
        ASSERT_TRUE(accepted.has_value()) << accepted.error().message;
        EXPECT_EQ(accepted->end.number, CommitNumber{bad - 1});
    }
    EXPECT_EQ(outcome_of(copy), "recovered up to " + std::to_string(bad - 1));
    auto rig = JournalRig::open(copy);
    ASSERT_TRUE(rig.has_value()) << rig.error().message;
    (*rig)->commit(20, 5000);  // over the numbers that were given up
}

TEST_P(DamagedJournal, can_go_back_to_any_commit_it_still_has) {
    const fs::path copy = fresh_copy();
    {
        const auto directory = storage::DataDirectory::open(copy, {});
        ASSERT_TRUE(directory.has_value());
        ASSERT_TRUE(storage::accept_loss_after(**directory, CommitNumber{first_ + 2}).has_value());
    }
    EXPECT_EQ(outcome_of(copy), "recovered up to " + std::to_string(first_ + 2));
    {
        auto rig = JournalRig::open(copy);
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        (*rig)->commit(3, 5000);
    }
    EXPECT_EQ(outcome_of(copy), "recovered up to " + std::to_string(first_ + 5));
}

INSTANTIATE_TEST_SUITE_P(Logs, DamagedJournal, testing::Values(Recycled::no, Recycled::yes),
                         [](const auto& parameter) {
                             return parameter.param == Recycled::yes ? "recycled" : "fresh";
                         });

TEST(DamagedTables, are_refused_naming_the_first_commit_that_cannot_be_read) {
    const TemporaryDirectory place;
    const fs::path original = place.path() / "original";
    std::map<std::uint64_t, std::vector<std::byte>> frames;
    {
        auto rig = JournalRig::open(original);
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        for (std::uint64_t number = 1; number <= commits; ++number) {
            (*rig)->commit(1, 6000 + number);
            frames[number] = sum_frame(number, 6000 + number);
        }
        ASSERT_TRUE((*rig)->journal().store().flush_tables().has_value());
    }
    for (const auto& [number, bytes] : frames) {
        SCOPED_TRACE("commit " + std::to_string(number));
        const fs::path copy = place.path() / "copy";
        fs::copy(original, copy, fs::copy_options::recursive);
        int flipped = 0;
        for (const auto& entry : fs::directory_iterator(copy / "journal")) {
            if (entry.path().extension() != ".sst") {
                continue;
            }
            const auto content = *storage::read_whole(entry.path());
            const auto at = std::search(content.begin(), content.end(), bytes.begin(), bytes.end());
            if (at != content.end()) {
                flip(entry.path(),
                     static_cast<std::uint64_t>(at - content.begin()) + bytes.size() / 2);
                ++flipped;
            }
        }
        ASSERT_EQ(flipped, 1);
        EXPECT_THAT(outcome_of(copy),
                    HasSubstr("The first bad commit is " + std::to_string(number) + ";"));
        fs::remove_all(copy);
    }
}

}  // namespace
}  // namespace stampede::tests
