// SPDX-License-Identifier: Apache-2.0
// The recovery code, running for ever: a thread with a copy of the state of its own, which applies
// every durable commit, writes checkpoints from its copy and trims the journal behind them. Nothing
// of this is on the hot path. The copy also serves reads: it holds durable state and nothing else.
//
// A commit that cannot be applied, or that gives another signature than the live state had, means
// that the live state is not what the journal says: the process ends.
//
// Threads: start and stop from the composition root, the rest from any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "engine/replayable.hpp"
#include "storage/checkpoint.hpp"
#include "storage/rocksdb_journal.hpp"
#include "storage/trimming.hpp"

namespace stampede::storage {

struct FollowerOptions {
    /// A checkpoint is due after any of these; 0 switches one off. None is written without a new
    /// commit.
    std::uint64_t checkpoint_every_commits = 0;
    std::uint64_t checkpoint_every_bytes = std::uint64_t{256} << 20;
    std::chrono::seconds checkpoint_every{600};
    /// Rest after each MiB written.
    std::uint32_t rest_us = 1000;
    /// Verified checkpoints that stay; at least 2. The journal is trimmed behind the last of them.
    std::size_t checkpoints_kept = 2;
};

class Follower {
  public:
    /// `copy` is empty; the follower loads it by itself and catches up.
    Follower(const DataDirectory& directory, RocksdbJournal& journal,
             std::unique_ptr<engine::Replayable> copy, const FollowerOptions& options);
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    ~Follower();

    void start();
    /// Ends the thread after the commit it is applying. Idempotent.
    void stop();

    /// The commit that the copy stands at.
    [[nodiscard]] CommitNumber applied() const {
        return CommitNumber{applied_.load(std::memory_order_seq_cst)};
    }
    /// False when the copy did not reach `commit` within `patience`.
    [[nodiscard]] bool wait_for(CommitNumber commit, std::chrono::milliseconds patience) const;
    /// Calls `look` with the copy, which stands still meanwhile; other readers may look too.
    void read(const std::function<void(const engine::Replayable&)>& look) const;

    /// A checkpoint as soon as possible, even if none is due.
    void request_checkpoint();
    /// The newest checkpoint that was written and read back; 0 for none yet.
    [[nodiscard]] CommitNumber newest_checkpoint() const {
        return CommitNumber{newest_checkpoint_.load(std::memory_order_seq_cst)};
    }
    /// Attempts since the start that failed: for want of room, mostly. The journal needs none of
    /// them, so the server goes on, and another attempt follows a minute later.
    [[nodiscard]] std::uint64_t failed_checkpoints() const {
        return failed_checkpoints_.load(std::memory_order_relaxed);
    }
    /// False when there was no such checkpoint within `patience`.
    [[nodiscard]] bool wait_for_checkpoint(CommitNumber at_least,
                                           std::chrono::milliseconds patience) const;

  private:
    void run();
    [[nodiscard]] Result<> load();
    [[nodiscard]] Result<bool> apply_next(std::chrono::milliseconds patience);
    [[nodiscard]] bool is_checkpoint_due() const;
    void checkpoint_and_trim();
    [[nodiscard]] Result<> trim_behind_checkpoints();
    [[nodiscard]] bool is_good(const CheckpointFile& checkpoint) const;
    void put_off_checkpoints(const char* what, const Fault& why);
    void remove_unfinished() const;
    void announce();

    const DataDirectory& directory_;
    RocksdbJournal& journal_;
    const std::unique_ptr<engine::Replayable> copy_;  // written by our thread under state_mutex_
    const FollowerOptions options_;
    const std::unique_ptr<CommitReader> reader_;
    Trimmer trimmer_;
    StatePosition position_;
    std::uint64_t commits_since_checkpoint_ = 0;
    std::uint64_t bytes_since_checkpoint_ = 0;
    std::int64_t last_checkpoint_us_ = 0;
    std::int64_t put_off_until_us_ = 0;

    mutable std::shared_mutex state_mutex_;
    mutable std::mutex mutex_;
    mutable std::condition_variable progressed_;
    std::atomic<std::uint64_t> applied_{0};
    std::atomic<std::uint64_t> newest_checkpoint_{0};
    std::atomic<std::uint64_t> failed_checkpoints_{0};
    std::atomic<bool> is_requested_{false};
    std::atomic<bool> stops_{false};
    mutable std::atomic<int> waiting_{0};
    std::thread thread_;
};

}  // namespace stampede::storage
