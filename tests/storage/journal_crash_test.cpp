// SPDX-License-Identifier: Apache-2.0
// Crashes of both kinds. Killed processes: a child commits as fast as it can and is killed with
// SIGKILL, again and again on one directory that is checkpointed and trimmed meanwhile. Power
// losses: the disk as it is between the writing of a commit and its sync, with the unsynced bytes
// kept, lost, torn, zeroed and garbled, over fresh and over recycled logs.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <random>
#include <set>

#include "storage/log_file_pool.hpp"
#include "storage/raw_log.hpp"
#include "tests/support/faulty_file_system.hpp"
#include "tests/support/journal_rig.hpp"

namespace stampede::tests {
namespace {

using storage::RawCommit;

constexpr const char* directory_variable = "STAMPEDE_CRASH_TEST_DIRECTORY";
constexpr std::uint64_t seed = 20250101;

/// A number in a file that two processes see.
class SharedNumber {
  public:
    explicit SharedNumber(const fs::path& path) {
        const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        EXPECT_EQ(::ftruncate(file, sizeof(std::atomic<std::uint64_t>)), 0);
        void* memory = ::mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                              MAP_SHARED, file, 0);
        ::close(file);
        EXPECT_NE(memory, MAP_FAILED);
        number_ = static_cast<std::atomic<std::uint64_t>*>(memory);
    }
    SharedNumber(const SharedNumber&) = delete;
    SharedNumber& operator=(const SharedNumber&) = delete;
    ~SharedNumber() { ::munmap(number_, sizeof(std::atomic<std::uint64_t>)); }
    std::atomic<std::uint64_t>& operator*() { return *number_; }

  private:
    std::atomic<std::uint64_t>* number_ = nullptr;
};

// What the child runs: never by itself, only when the test below starts it.
TEST(CrashingChild, DISABLED_commits_until_it_is_killed) {
    const char* place = std::getenv(directory_variable);
    ASSERT_NE(place, nullptr);
    SharedNumber acknowledged(fs::path{place} / "acknowledged");
    auto rig = JournalRig::open(fs::path{place} / "shop");
    ASSERT_TRUE(rig.has_value()) << rig.error().message;
    storage::FollowerOptions options;
    options.checkpoint_every_commits = 40;
    options.rest_us = 0;
    storage::Follower follower((*rig)->directory(), (*rig)->journal(),
                               std::make_unique<SumMachine>(), options);
    follower.start();
    for (std::uint64_t at = 0;; ++at) {
        (*rig)->submit(at % 7 == 0 ? 150'000 : 200 + (at * 911) % 9000);
        ASSERT_TRUE((*rig)->wait_until_durable());
        (*acknowledged).store((*rig)->last().raw());
    }
}

/// A copy of this program that runs the child's part.
pid_t start_child(const fs::path& place) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::setenv(directory_variable, place.c_str(), 1);
        ::execl("/proc/self/exe", "child", "--gtest_also_run_disabled_tests",
                "--gtest_filter=CrashingChild.*", "--gtest_brief=1", nullptr);
        ::_exit(127);
    }
    return child;
}

TEST(KilledJournal, never_loses_what_it_acknowledged) {
    const TemporaryDirectory place;
    SharedNumber acknowledged(place.path() / "acknowledged");
    const auto was_trimmed = [&] {
        const auto archived = storage::Archive{place.path() / "shop" / "archive", {}}.files();
        return archived.has_value() && !archived->empty();
    };
    std::mt19937_64 random{seed};
    constexpr int cycles = 15;
    for (int cycle = 0; cycle < cycles; ++cycle) {
        SCOPED_TRACE("cycle " + std::to_string(cycle));
        const std::uint64_t before = *acknowledged;
        const pid_t child = start_child(place.path());
        ASSERT_GT(child, 0);
        const std::uint64_t target = before + 1 + random() % 100;
        // The later ones die on a directory that was trimmed.
        const bool has_reached = eventually(
            [&] { return *acknowledged >= target && (cycle < cycles / 2 || was_trimmed()); });
        std::this_thread::sleep_for(std::chrono::microseconds{random() % 3000});
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(has_reached) << "the child did not get on, status " << status;
        ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
        const std::uint64_t promised = *acknowledged;

        const auto directory = storage::DataDirectory::open(place.path() / "shop", {});
        ASSERT_TRUE(directory.has_value()) << directory.error().message;
        SumMachine state;
        const auto recovered = storage::recover(**directory, state);
        ASSERT_TRUE(recovered.has_value()) << recovered.error().message;
        EXPECT_TRUE(recovered->warnings.empty()) << recovered->warnings.front();
        const std::uint64_t found = recovered->position.chain.number.raw();
        EXPECT_GE(found, promised);
        EXPECT_LE(found, promised + 1);
        EXPECT_EQ(state.sum(), expected_sum(CommitNumber{found}));
        *acknowledged = found;
    }
    EXPECT_TRUE(was_trimmed());
}

enum class Recycled : std::uint8_t { no, yes };

/// Takes the image of a journal whose last commit is written and not synced.
class PowerLoss : public testing::TestWithParam<Recycled> {
  protected:
    /// Opens the journal over `plan`, in its first log or in one that was another one before.
    void open(const std::shared_ptr<FaultPlan>& plan) {
        auto options = small_journal();
        options.store.pool_files = GetParam() == Recycled::yes ? 2 : 0;
        options.store.write_buffer_bytes = std::uint64_t{4} << 20;
        options.store.wrap_file_system = [plan](std::shared_ptr<rocksdb::FileSystem> below) {
            return std::make_shared<FaultyFileSystem>(std::move(below), plan);
        };
        auto rig = JournalRig::open(original_, options);
        ASSERT_TRUE(rig.has_value()) << rig.error().message;
        rig_ = std::move(*rig);
        auto* pool = rig_->journal().store().pool();
        while (GetParam() == Recycled::yes && pool->counts().recycled < 3) {
            rig_->commit(8, 250'000);
            ASSERT_TRUE(rig_->journal().store().flush_tables().has_value());
            pool->wait_for_ready(1, long_enough);
        }
        rig_->commit(9, 5'000);
        pool->wait_for_ready(1, long_enough);
    }
    /// All but the pool, whose thread does not stand still; an image of it is empty.
    void copy_to_image() const {
        for (const auto& entry : fs::directory_iterator(original_)) {
            if (entry.path().filename() != "pool") {
                fs::copy(entry.path(), image_ / entry.path().filename(),
                         fs::copy_options::recursive);
            }
        }
        fs::create_directory(image_ / "pool");
    }
    void take_image(std::size_t last_frame_bytes) {
        const auto plan = std::make_shared<FaultPlan>();
        std::atomic<bool> is_wanted{false};
        plan->before_log_sync = [&](const std::string&) {
            if (is_wanted) {
                fs::create_directory(image_);
                copy_to_image();
                is_wanted = false;
            }
        };
        open(plan);
        // The rest of RocksDB's and the pool's work is done: the copy sees one moment.
        is_wanted = true;
        rig_->commit(1, last_frame_bytes);
        ASSERT_FALSE(is_wanted);
        last_ = rig_->last().raw();
        rig_.reset();
        locate_unsynced();
    }
    /// The same, of the first commit in a new log; the table of the log before is not made yet.
    void take_image_at_the_switch() {
        const auto plan = std::make_shared<FaultPlan>();
        std::atomic<bool> is_wanted{false};
        std::set<std::string> known;  // the journal thread's alone
        plan->before_log_sync = [&](const std::string& log) {
            if (known.insert(log).second && is_wanted) {
                fs::create_directory(image_);
                copy_to_image();
                is_wanted = false;
                is_wanted.notify_all();
            }
        };
        plan->before_new_table = [&](const std::string&) { is_wanted.wait(true); };
        open(plan);
        is_wanted = true;
        for (int at = 0; at < 40 && is_wanted; ++at) {
            rig_->commit(1, 250'000);
        }
        const bool was_taken = !is_wanted.exchange(false);
        is_wanted.notify_all();
        ASSERT_TRUE(was_taken) << "no new log was begun";
        last_ = rig_->last().raw();
        rig_.reset();
        locate_unsynced();
    }
    void locate_unsynced() {
        for (const auto& log : *storage::raw_logs(image_ / "journal")) {
            ASSERT_TRUE(storage::visit_raw_log(log, [&](const RawCommit& raw) {
                            if (raw.number == CommitNumber{last_}) {
                                log_ = fs::relative(log, image_);
                                unsynced_ = raw;
                            }
                        }).has_value());
        }
        ASSERT_FALSE(unsynced_.parts.empty());
    }

    /// The number recovered from a copy of the image in which `change` was applied.
    template <class Change>
    [[nodiscard]] std::uint64_t recovered_after(const Change& change) {
        const fs::path copy = place_.path() / "copy";
        fs::copy(image_, copy, fs::copy_options::recursive);
        change(copy);
        std::uint64_t found = 0;
        {
            auto rig = JournalRig::open(copy);  // also opens for writing, as a server would
            EXPECT_TRUE(rig.has_value()) << rig.error().message;
            if (rig.has_value()) {
                found = (*rig)->last().raw();
                EXPECT_EQ((*rig)->state().sum(), expected_sum(CommitNumber{found}));
                (*rig)->commit(2);
            }
        }
        {
            auto again = JournalRig::open(copy);
            EXPECT_TRUE(again.has_value()) << again.error().message;
            if (again.has_value()) {
                EXPECT_EQ((*again)->last().raw(), found + 2);
            }
        }
        fs::remove_all(copy);
        return found;
    }
    /// Where the unsynced bytes begin and end in the log.
    [[nodiscard]] std::uint64_t begin() const { return unsynced_.parts.front().offset; }
    [[nodiscard]] std::uint64_t end() const {
        return unsynced_.parts.back().offset + unsynced_.parts.back().bytes;
    }
    void write(const fs::path& root, std::uint64_t offset, std::span<const std::byte> bytes) const {
        auto file = storage::File::open(root / log_, O_RDWR);
        ASSERT_TRUE(file.has_value());
        ASSERT_TRUE(file->write_at(offset, bytes).has_value());
    }
    void zero(const fs::path& root, std::uint64_t from, std::uint64_t to) const {
        write(root, from, std::vector<std::byte>(to - from));
    }

    const TemporaryDirectory place_;
    const fs::path original_ = place_.path() / "original";
    const fs::path image_ = place_.path() / "image";
    std::unique_ptr<JournalRig> rig_;
    fs::path log_;
    RawCommit unsynced_;
    std::uint64_t last_ = 0;
};

TEST_P(PowerLoss, keeps_the_unsynced_commit_whole_or_not_at_all) {
    take_image(70'000);
    EXPECT_EQ(recovered_after([](const fs::path&) {}), last_);
    EXPECT_EQ(recovered_after([&](const fs::path& copy) { zero(copy, begin(), end()); }),
              last_ - 1);
    if (GetParam() == Recycled::no) {
        EXPECT_EQ(
            recovered_after([&](const fs::path& copy) { fs::resize_file(copy / log_, begin()); }),
            last_ - 1);
    }
}

TEST_P(PowerLoss, survives_any_sectors_of_it_being_lost_or_garbled) {
    take_image(70'000);
    std::mt19937_64 random{seed};
    constexpr std::uint64_t sector = 512;
    constexpr int images = 60;
    for (int at = 0; at < images; ++at) {
        SCOPED_TRACE("image " + std::to_string(at));
        const std::uint64_t kind = random() % 3;
        const std::uint64_t found = recovered_after([&](const fs::path& copy) {
            if (kind == 0) {  // torn: a prefix arrived
                zero(copy, begin() + random() % (end() - begin()), end());
                return;
            }
            bool changed = false;
            for (std::uint64_t start = begin() / sector * sector; start < end(); start += sector) {
                if (random() % 3 != 0 && (changed || start + sector < end())) {
                    continue;  // this one arrived
                }
                changed = true;
                const std::uint64_t from = std::max(start, begin());
                const std::uint64_t to = std::min(start + sector, end());
                std::vector<std::byte> bytes(to - from);
                for (std::byte& byte : bytes) {
                    byte = kind == 1 ? std::byte{0} : static_cast<std::byte>(random());
                }
                write(copy, from, bytes);
            }
        });
        EXPECT_EQ(found, last_ - 1);
    }
}

TEST_P(PowerLoss, survives_the_unsynced_anchor_being_lost_or_torn) {
    take_image(3'000);
    for (std::uint64_t slot = 0; slot < 2; ++slot) {
        for (const bool commit_arrived : {true, false}) {
            const std::uint64_t found = recovered_after([&](const fs::path& copy) {
                auto anchor = storage::File::open(copy / "anchor", O_RDWR);
                const std::vector<std::byte> torn(2048, std::byte{0x5A});
                EXPECT_TRUE(anchor->write_at(slot * storage::Anchor::slot_bytes, torn).has_value());
                if (!commit_arrived) {
                    zero(copy, begin(), end());
                }
            });
            EXPECT_EQ(found, commit_arrived ? last_ : last_ - 1);
        }
    }
}

TEST_P(PowerLoss, at_the_switch_to_a_new_log_loses_that_log_or_nothing) {
    take_image_at_the_switch();
    EXPECT_EQ(recovered_after([](const fs::path&) {}), last_);
    EXPECT_EQ(recovered_after([&](const fs::path& copy) { zero(copy, begin(), end()); }),
              last_ - 1);
    EXPECT_EQ(recovered_after([&](const fs::path& copy) {
                  zero(copy, begin() + (end() - begin()) / 2, end());
              }),
              last_ - 1);
    // Its creation, or the rename out of the pool, had not reached the device.
    EXPECT_EQ(recovered_after([&](const fs::path& copy) { fs::remove(copy / log_); }), last_ - 1);
    EXPECT_EQ(recovered_after(
                  [&](const fs::path& copy) { fs::rename(copy / log_, copy / "pool" / "zero-7"); }),
              last_ - 1);
    if (GetParam() == Recycled::no) {
        EXPECT_EQ(recovered_after([&](const fs::path& copy) { fs::resize_file(copy / log_, 0); }),
                  last_ - 1);
    }
}

TEST_P(PowerLoss, may_bring_back_a_log_whose_removal_was_not_durable) {
    open(std::make_shared<FaultPlan>());
    const auto logs = *storage::raw_logs(original_ / "journal");
    const fs::path kept = place_.path() / "kept";
    fs::create_directory(kept);
    for (const fs::path& log : logs) {
        fs::copy(log, kept / log.filename());
    }
    ASSERT_TRUE(rig_->journal().store().flush_tables().has_value());
    ASSERT_TRUE(eventually([&] { return !fs::exists(logs.back()); }));
    rig_->commit(3, 5'000);
    last_ = rig_->last().raw();
    rig_.reset();
    fs::create_directory(image_);
    copy_to_image();
    const auto bring_back = [&](const fs::path& copy, const auto& change) {
        for (const fs::path& log : logs) {
            const fs::path back = copy / "journal" / log.filename();
            if (!fs::exists(back)) {
                fs::copy(kept / log.filename(), back);
                change(back);
            }
        }
    };
    const auto zero_from = [](const fs::path& log, std::uint64_t from) {
        auto file = storage::File::open(log, O_RDWR);
        const std::vector<std::byte> zeros(fs::file_size(log) - from);
        ASSERT_TRUE(file.has_value() && file->write_at(from, zeros).has_value());
    };
    EXPECT_EQ(recovered_after([&](const fs::path& copy) { bring_back(copy, [](const auto&) {}); }),
              last_);
    // The pool may have begun to zero it under its other name.
    EXPECT_EQ(recovered_after([&](const fs::path& copy) {
                  bring_back(copy, [&](const fs::path& log) { zero_from(log, 20'000); });
              }),
              last_);
    EXPECT_EQ(recovered_after([&](const fs::path& copy) {
                  bring_back(copy, [&](const fs::path& log) { zero_from(log, 0); });
              }),
              last_);
}

INSTANTIATE_TEST_SUITE_P(Logs, PowerLoss, testing::Values(Recycled::no, Recycled::yes),
                         [](const auto& parameter) {
                             return parameter.param == Recycled::yes ? "recycled" : "fresh";
                         });

}  // namespace
}  // namespace stampede::tests
