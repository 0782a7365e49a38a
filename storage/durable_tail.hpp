// SPDX-License-Identifier: Apache-2.0
// The newest durable commits, in memory, for the threads that follow the journal. Fed by the
// journal thread after each sync; bounded in bytes, the oldest leave first. A commit that is in
// here is durable: nothing else ever gets in.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/commit_codec.hpp"

namespace stampede::storage {

/// A durable commit with the bytes that its frames point into. Immutable, shared by its readers.
class SharedCommit {
  public:
    /// `value` must decode; `stored` is what it decodes to.
    [[nodiscard]] static std::shared_ptr<const SharedCommit> copy_of(
        const StoredCommit& stored, std::span<const std::byte> value);
    [[nodiscard]] const engine::Commit& commit() const { return stored_.commit; }
    [[nodiscard]] CommitNumber number() const { return stored_.commit.number; }
    [[nodiscard]] const StoredCommit& stored() const { return stored_; }
    [[nodiscard]] ChainPosition position() const { return {number(), stored_.digest}; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return value_; }

  private:
    StoredCommit stored_;
    std::vector<std::byte> value_;
};

class DurableTail {
  public:
    /// `newest` is the last commit recovered; it is not in the tail itself.
    DurableTail(std::size_t bytes_max, CommitNumber newest)
        : bytes_max_(bytes_max), newest_(newest.raw()) {}

    /// Journal thread. Numbers come without gaps.
    void push(std::shared_ptr<const SharedCommit> commit);
    /// Null when `number` has left the tail or is not durable yet.
    [[nodiscard]] std::shared_ptr<const SharedCommit> find(CommitNumber number) const;
    /// The last durable commit that consumers may see. Wait-free.
    [[nodiscard]] CommitNumber newest() const {
        return CommitNumber{newest_.load(std::memory_order_acquire)};
    }
    /// False when `patience` ended before a commit after `number` came.
    [[nodiscard]] bool wait_beyond(CommitNumber number, std::chrono::milliseconds patience) const;

  private:
    const std::size_t bytes_max_;
    mutable std::mutex mutex_;
    mutable std::condition_variable grew_;
    mutable std::size_t waiting_ = 0;
    std::deque<std::shared_ptr<const SharedCommit>> commits_;
    std::size_t bytes_ = 0;
    std::atomic<std::uint64_t> newest_;  // changes under mutex_ only
};

}  // namespace stampede::storage
