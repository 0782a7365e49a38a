// SPDX-License-Identifier: Apache-2.0
// How a consumer thread (follower, settlement, live progress) reads durable commits one after the
// other: the newest from the tail in memory, older ones through a fresh bounded iterator of the
// store, the oldest from the archive. A CommitReader belongs to one thread; the registry and its
// cursors are for any.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/commit_feed.hpp"
#include "storage/archive.hpp"
#include "storage/commit_store.hpp"
#include "storage/durable_tail.hpp"

namespace stampede::storage {

enum class Hold : std::uint8_t {
    holds_the_journal,  // nothing after its cursor is trimmed: settlement
    lets_it_go,         // continues from the archive, or from the newest state
};

/// A consumer's mark: everything up to it has been dealt with.
class ConsumerCursor {
  public:
    ConsumerCursor(std::string name, Hold hold, CommitNumber start)
        : name_(std::move(name)), hold_(hold), done_(start.raw()) {}
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Hold hold() const { return hold_; }
    [[nodiscard]] CommitNumber done() const {
        return CommitNumber{done_.load(std::memory_order_acquire)};
    }
    /// Only forwards, by the consumer alone, after its work on `number` is durable.
    void advance(CommitNumber number) { done_.store(number.raw(), std::memory_order_release); }

  private:
    std::string name_;
    Hold hold_;
    std::atomic<std::uint64_t> done_;
};

class ConsumerRegistry {
  public:
    /// The cursor lives as long as its consumer keeps it.
    [[nodiscard]] std::shared_ptr<ConsumerCursor> add(std::string name, Hold hold,
                                                      CommitNumber start);
    /// Nothing after this may be trimmed; `otherwise` when no one holds the journal.
    [[nodiscard]] CommitNumber slowest_holder(CommitNumber otherwise) const;
    [[nodiscard]] std::vector<std::shared_ptr<const ConsumerCursor>> all() const;

  private:
    mutable std::mutex mutex_;
    mutable std::vector<std::weak_ptr<ConsumerCursor>> cursors_;
};

class CommitReader final : public engine::CommitFeed {
  public:
    CommitReader(const CommitStore& store, const DurableTail& tail, Archive archive)
        : store_(store), tail_(tail), archive_(std::move(archive)) {}

    [[nodiscard]] Result<std::optional<engine::DurableCommit>> next(
        CommitNumber after, std::chrono::milliseconds patience) override;
    [[nodiscard]] CommitNumber durable() const override { return tail_.newest(); }

    /// The oldest commit that next() can still give; 1 when there is none yet.
    [[nodiscard]] Result<CommitNumber> oldest() const;
    /// The same with its place in the chain; null when none came within `patience`.
    [[nodiscard]] Result<std::shared_ptr<const SharedCommit>> next_shared(
        CommitNumber after, std::chrono::milliseconds patience);

  private:
    static constexpr std::size_t batch_commits_max = 64;
    static constexpr std::size_t batch_bytes_max = std::size_t{4} << 20;
    [[nodiscard]] Result<> fill_batch(CommitNumber first, CommitNumber newest);

    const CommitStore& store_;
    const DurableTail& tail_;
    Archive archive_;
    std::deque<std::shared_ptr<const SharedCommit>> batch_;
};

}  // namespace stampede::storage
