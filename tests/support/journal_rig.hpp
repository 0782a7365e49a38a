// SPDX-License-Identifier: Apache-2.0
// A data directory in a temporary place with a journal on it, and commits of the sum machine to
// put in. Used by the thread of the test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/follower.hpp"
#include "storage/recovery.hpp"
#include "storage/rocksdb_journal.hpp"
#include "tests/support/sum_machine.hpp"

namespace stampede::tests {

namespace fs = std::filesystem;

/// Ends a test that would hang; a sound one never waits for it, however slow the machine.
constexpr std::chrono::seconds long_enough{60};

/// Waits for `claim`: `look_again` between two looks.
template <class Claim>
[[nodiscard]] bool eventually(const Claim& claim,
                              std::chrono::microseconds look_again = std::chrono::milliseconds{1}) {
    const auto give_up_at = std::chrono::steady_clock::now() + long_enough;
    while (!claim()) {
        if (std::chrono::steady_clock::now() >= give_up_at) {
            return claim();
        }
        std::this_thread::sleep_for(look_again);
    }
    return true;
}

/// A fresh directory that goes away with the object.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string pattern = (fs::temp_directory_path() / "stampede-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            ADD_FAILURE() << "no temporary directory at " << pattern;
        }
        path_ = pattern;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code error;
        fs::remove_all(path_, error);
    }
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

/// Small enough for tests, the same in kind.
inline storage::RocksdbJournalOptions small_journal() {
    storage::RocksdbJournalOptions options;
    options.store.write_buffer_bytes = std::uint64_t{1} << 20;
    options.store.pool_files = 2;
    options.store.pool_rest_us = 0;
    options.tail_bytes = std::size_t{1} << 20;
    options.ballast_bytes = 0;
    return options;
}

inline storage::DataDirectoryOptions created_when_absent() {
    storage::DataDirectoryOptions options;
    options.when_absent = storage::WhenAbsent::create;
    options.room_to_start_bytes = 0;
    return options;
}

/// What a server is to storage: live state, the journal behind it, a loop that waits.
class JournalRig {
  public:
    [[nodiscard]] static Result<std::unique_ptr<JournalRig>> open(
        const fs::path& path, storage::RocksdbJournalOptions options = small_journal(),
        StateLayout layout = StateLayout{1}) {
        auto directory = storage::DataDirectory::open(path, created_when_absent());
        if (!directory.has_value()) {
            return directory.error();
        }
        std::unique_ptr<JournalRig> rig{new JournalRig(layout)};
        rig->directory_ = std::move(*directory);
        auto recovered = storage::recover(*rig->directory_, rig->state_);
        if (!recovered.has_value()) {
            return recovered.error();
        }
        rig->recovered_ = *recovered;
        rig->last_ = recovered->position.chain.number;
        auto journal =
            storage::RocksdbJournal::open(*rig->directory_, *recovered, std::move(options));
        if (!journal.has_value()) {
            return journal.error();
        }
        rig->journal_ = std::move(*journal);
        return rig;
    }

    /// Submits without waiting; the predecessor must be durable.
    void submit(std::size_t frame_bytes = 40) {
        last_ = last_.next();
        frames_ = sum_frame(last_.raw(), frame_bytes);
        state_.add(last_.raw());
        journal_->submit({last_, Instant{static_cast<std::int64_t>(last_.raw())},
                          state_.signature(), state_.layout(), frames_});
    }
    /// False when the last commit does not become durable.
    [[nodiscard]] bool wait_until_durable() const {
        return eventually([this] { return journal_->durable() >= last_; },
                          std::chrono::microseconds{20});
    }
    void commit(std::size_t count, std::size_t frame_bytes = 40) {
        for (std::size_t done = 0; done < count; ++done) {
            submit(frame_bytes);
            ASSERT_TRUE(wait_until_durable()) << "commit " << last_.raw();
        }
    }

    [[nodiscard]] storage::RocksdbJournal& journal() { return *journal_; }
    [[nodiscard]] const storage::DataDirectory& directory() const { return *directory_; }
    [[nodiscard]] const SumMachine& state() const { return state_; }
    [[nodiscard]] const storage::Recovered& recovered() const { return recovered_; }
    [[nodiscard]] CommitNumber last() const { return last_; }

  private:
    explicit JournalRig(StateLayout layout) : state_(layout) {}
    std::unique_ptr<storage::DataDirectory> directory_;
    SumMachine state_;
    storage::Recovered recovered_;
    CommitNumber last_;
    std::vector<std::byte> frames_;
    std::unique_ptr<storage::RocksdbJournal> journal_;
};

/// The sum that commits 1..last give.
inline std::uint64_t expected_sum(CommitNumber last) {
    SumMachine machine;
    for (std::uint64_t number = 1; number <= last.raw(); ++number) {
        machine.add(number);
    }
    return machine.sum();
}

/// Everything but the locks: what the disk would hold if the machine stopped now.
inline void copy_crash_image(const fs::path& from, const fs::path& to) {
    // A file may be renamed away while we look: a real crash sees one moment, a copy does not, so
    // the journal must stand still meanwhile.
    fs::copy(from, to, fs::copy_options::recursive);
}

}  // namespace stampede::tests
