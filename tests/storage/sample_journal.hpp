// SPDX-License-Identifier: Apache-2.0
// A sale as it lies in a journal, made from a seed: holds, confirmations, partial and whole
// refunds, groups that succeed and fail, money that fits nothing, stock handed back, over several
// shards and commits of different size. And a feed that lets a test say how much of it is durable.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "campaigns/event.hpp"
#include "engine/commit_feed.hpp"
#include "storage/reconcile.hpp"
#include "storage/settlement.hpp"

namespace stampede::storage {

/// A directory of its own, removed at the end.
class ScratchDirectory {
  public:
    ScratchDirectory();
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    ~ScratchDirectory();
    [[nodiscard]] std::filesystem::path file(const std::string& name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

class SampleJournal {
  public:
    static constexpr std::string_view id = "7c1f0a52-93ce-4a0b-8d31-2f5f6f0d9e11";

    /// `orders` confirmed orders and what surrounds them.
    SampleJournal(std::uint64_t seed, std::size_t orders);

    [[nodiscard]] CommitNumber last() const { return CommitNumber{commits_.size()}; }
    [[nodiscard]] engine::DurableCommit commit(CommitNumber number) const;
    /// What the tables must add up to, counted while the journal was made.
    struct Totals {
        std::int64_t orders = 0;
        std::int64_t items = 0;
        std::int64_t amount = 0;
        std::int64_t refunded_amount = 0;
        std::int64_t refunded_units = 0;
        std::int64_t refunded_orders = 0;  // wholly
        std::int64_t refunds_required = 0;
        std::int64_t stock_deltas = 0;
        std::int64_t mismatches = 0;
        std::int64_t groups_succeeded = 0;
        std::int64_t groups_failed = 0;
    };
    [[nodiscard]] const Totals& totals() const { return totals_; }
    [[nodiscard]] JournalToCompare to_compare(CommitNumber first_kept = CommitNumber{1}) const;

  private:
    class Author;
    std::vector<std::vector<std::byte>> commits_;
    Totals totals_;
};

/// The records of real events, as the server makes them.
[[nodiscard]] RecordsOfFrame records_of_campaigns();

/// Gives the commits of a journal as far as they have arrived.
class ArrivingFeed final : public engine::CommitFeed {
  public:
    explicit ArrivingFeed(const SampleJournal& journal, CommitNumber durable)
        : journal_(journal), durable_(durable) {}

    void arrive(CommitNumber durable);
    /// From here on commits up to `number` are gone.
    void trim_up_to(CommitNumber number);

    [[nodiscard]] Result<std::optional<engine::DurableCommit>> next(
        CommitNumber after, std::chrono::milliseconds patience) override;
    [[nodiscard]] CommitNumber durable() const override;

  private:
    const SampleJournal& journal_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    CommitNumber durable_;
    CommitNumber trimmed_;
};

/// Waits until `condition` holds; a test fails that waits for a minute.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

}  // namespace stampede::storage
