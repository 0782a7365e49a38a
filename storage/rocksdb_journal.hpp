// SPDX-License-Identifier: Apache-2.0
// The journal on RocksDB. submit() hands a commit over by a futex; the journal thread encodes it,
// appends it as one value, syncs the log, and only then is it durable, shown to consumers, and the
// loop woken. Any error calls `fatal`, which ends the process: no commit becomes durable after it.
//
// Threads: submit from the loop thread alone; durable, has_room_to_sell, tail, reader and consumers
// from any; everything else before the first submit or after stop().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "engine/journal.hpp"
#include "storage/anchor.hpp"
#include "storage/commit_reader.hpp"
#include "storage/commit_store.hpp"
#include "storage/data_directory.hpp"
#include "storage/doorbell.hpp"
#include "storage/durable_tail.hpp"
#include "storage/recovery.hpp"

namespace stampede::storage {

enum class AnchorMode : std::uint8_t {
    trailing,  // anchor n-1 is under the sync of commit n; anchor n follows after 1 ms of idleness
    strict,    // anchor n is synced before commit n counts as durable
};

/// Ends the process; it returns only in tests.
using Fatal = std::function<void(std::string_view why)>;
/// One line to stderr, then _exit(70): no destructor may make a half-written journal look closed.
void end_process(std::string_view why);

struct RocksdbJournalOptions {
    AnchorMode anchor = AnchorMode::trailing;
    CommitStoreOptions store;
    std::size_t tail_bytes = std::size_t{64} << 20;
    /// Below this much free space has_room_to_sell() is false.
    std::uint64_t reserve_bytes = std::uint64_t{256} << 20;
    /// A file that is given back when less than half its size is free; 0 for none.
    std::uint64_t ballast_bytes = std::uint64_t{64} << 20;
    FreeBytes free_bytes = free_bytes_of;
    /// Called by the journal thread after each durable commit; must not block.
    std::function<void()> wake;
    /// Called by the journal thread between append and sync: a test's way to hold the disk.
    std::function<void(CommitNumber)> before_sync;
    Fatal fatal = end_process;
};

class RocksdbJournal final : public engine::Journal {
  public:
    /// Opens for writing behind a successful recover(); checks that RocksDB shows the same end.
    [[nodiscard]] static Result<std::unique_ptr<RocksdbJournal>> open(
        const DataDirectory& directory, const Recovered& recovered, RocksdbJournalOptions options);
    ~RocksdbJournal() override;

    void submit(const engine::Commit& commit) override;
    [[nodiscard]] CommitNumber durable() const override {
        return CommitNumber{durable_.load(std::memory_order_acquire)};
    }
    [[nodiscard]] bool has_room_to_sell() const override {
        // relaxed: a hint that nothing else is read through
        return has_room_.load(std::memory_order_relaxed);
    }

    /// Finishes the commit in flight, syncs the anchor, ends the thread. Idempotent.
    void stop();
    /// Replaces options.wake; before the first submit.
    void wake_with(std::function<void()> wake) { options_.wake = std::move(wake); }

    [[nodiscard]] const JournalId& journal_id() const { return directory_.journal_id(); }
    [[nodiscard]] const DurableTail& tail() const { return tail_; }
    [[nodiscard]] ConsumerRegistry& consumers() { return consumers_; }
    [[nodiscard]] CommitStore& store() { return *store_; }
    [[nodiscard]] Archive archive() const;
    /// A reader of its own for each consumer thread; the journal must outlive it.
    [[nodiscard]] std::unique_ptr<CommitReader> reader() const;
    [[nodiscard]] const Fatal& fatal() const { return options_.fatal; }

  private:
    RocksdbJournal(const DataDirectory& directory, const Recovered& recovered,
                   RocksdbJournalOptions options, std::unique_ptr<Anchor> anchor);
    [[nodiscard]] Result<> open_store(const Recovered& recovered);
    void run();
    [[nodiscard]] Result<> make_durable(const engine::Commit& commit);
    void look_for_room();
    void make_ballast() const;
    void fail(std::string_view why);

    const DataDirectory& directory_;
    RocksdbJournalOptions options_;
    // Before store_, because RocksDB's threads fail the journal too. Under this lock a commit
    // becomes durable, unless the journal has failed: whoever hears of the end has seen the last.
    std::mutex ending_;
    std::atomic<bool> has_failed_{false};
    ConsumerRegistry consumers_;
    DurableTail tail_;

    // Journal thread.
    JournalWriter writer_;
    CommitEncoder encoder_;
    std::unique_ptr<Anchor> anchor_;
    std::unique_ptr<CommitStore> store_;
    ChainPosition position_;

    // Between loop and journal thread: in_flight_ is written before submitted_ is released, and
    // read after it was acquired; the next write waits for durable_.
    engine::Commit in_flight_;
    std::atomic<std::uint64_t> submitted_{0};
    std::atomic<std::uint64_t> durable_{0};
    std::atomic<bool> has_room_{true};
    std::atomic<bool> stops_{false};
    Doorbell doorbell_;
    std::thread thread_;
};

}  // namespace stampede::storage
