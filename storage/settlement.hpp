// SPDX-License-Identifier: Apache-2.0
// Settlement: durable commits become rows in the mall's database, each exactly once, in the order
// of the journal, however often either side dies. It has a thread of its own (owner of the database
// connection and of the feed); everything public but start() and stop() may be called from any.
//
//   feed -> records of whole commits -> one transaction with the cursor -> on_settled
//
// The database's cursor is the only truth about what is settled; nothing is remembered elsewhere.
// After any trouble the connection is made anew, the cursor read, and the batch in hand is either
// found applied or applied again. What only a person can cure (a cursor of another journal, a row
// that should not be there, a damaged commit) stops settlement with a text; sales then go on up to
// the backlog's bound.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/commit_feed.hpp"
#include "engine/frame.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/settlement_record.hpp"
#include "storage/mall_database.hpp"

namespace stampede::storage {

/// Appends what the mall must learn from one frame. False: not an event that this program knows.
using RecordsOfFrame = std::function<bool(const engine::Frame&, const engine::DurableCommit&,
                                          std::vector<SettlementRecord>&)>;

struct SettlementOptions {
    /// A transaction is closed when it has this many records (a commit is never split).
    std::size_t batch_records_max = 4096;
    /// ... or covers this many commits.
    std::size_t batch_commits_max = 65'536;
    /// ... or this long after its first record.
    std::chrono::milliseconds gather{20};
    /// Commits without records: the cursor follows them at most this often.
    std::chrono::milliseconds lone_cursor{500};
    /// Waiting between attempts doubles from the first to the second.
    std::chrono::milliseconds retry_first{50};
    std::chrono::milliseconds retry_max{5'000};
    /// Past either, over_bound() is true and new holds are answered BUSY.
    std::uint64_t backlog_commits_max = limits::settlement_backlog_commits_max;
    std::uint64_t backlog_bytes_max = limits::settlement_backlog_bytes_max;
};

enum class SettlementState : std::uint8_t {
    settling,  // the database answers
    retrying,  // it does not; the backlog grows
    refused,   // stopped until a person acts and the server is started again
    stopped,
};
[[nodiscard]] std::string_view text(SettlementState state);

struct SettlementStatus {
    SettlementState state = SettlementState::stopped;
    /// Every commit up to it is settled. Absent until the database has answered once.
    std::optional<CommitNumber> cursor;
    CommitNumber durable;
    std::uint64_t backlog_commits = 0;
    std::uint64_t backlog_orders = 0;  // of the backlog as far as it was read
    std::uint64_t backlog_bytes = 0;   // likewise
    bool over_bound = false;
    std::string last_error;  // empty: none since the start
    std::optional<Instant> last_error_at;
    std::optional<Instant> last_success_at;
    // Since the start:
    std::uint64_t orders_settled = 0;
    std::uint64_t events_settled = 0;
    std::uint64_t transactions = 0;
    std::uint64_t retries = 0;
};

class Settlement {
  public:
    using OnSettled = std::function<void(CommitNumber)>;

    /// `database` and `feed` must outlive this and are used by its thread alone. `on_settled` is
    /// called on that thread whenever the cursor has moved, and with a cursor that was found, which
    /// may be within start().
    Settlement(MallDatabase& database, engine::CommitFeed& feed, RecordsOfFrame records_of,
               std::string journal_id, const SettlementOptions& options = {},
               OnSettled on_settled = {});
    Settlement(const Settlement&) = delete;
    Settlement& operator=(const Settlement&) = delete;
    /// Stops without draining when stop() was not called.
    ~Settlement();

    /// Once. A fault when the database must not be used (another journal's, ahead of ours, not
    /// possible): the server must not start. A database that merely does not answer is no fault.
    [[nodiscard]] Result<> start();

    enum class Drained : bool { no = false, yes = true };
    /// Settles what is durable, for at most `bound`, and ends the thread.
    Drained stop(std::chrono::milliseconds bound);

    // Any thread ----------------------------------------------------------------------------------

    [[nodiscard]] SettlementStatus status() const;
    /// Every commit up to it is settled, so the journal need not keep it for settlement. 0 until
    /// the database has answered once.
    [[nodiscard]] CommitNumber settled() const;
    [[nodiscard]] std::uint64_t backlog_commits() const;
    [[nodiscard]] std::uint64_t backlog_bytes() const;
    /// Wait-free: new holds are to be refused as BUSY. Payments, cancels, refunds go on.
    [[nodiscard]] bool over_bound() const;

  private:
    struct Volume {
        std::uint64_t bytes = 0;
        std::uint64_t orders = 0;
        std::uint64_t events = 0;
        Volume& operator+=(const Volume& other);
    };
    [[nodiscard]] static Volume volume_of(std::span<const SettlementRecord> records);
    /// Whole commits after the cursor, in the order of the journal.
    struct Batch {
        CommitNumber to;
        std::size_t commits = 0;
        std::vector<SettlementRecord> records;
        Volume volume;
        std::int64_t first_record_us = 0;
        bool is_closed = false;  // the next commit cannot be read
    };
    enum class Progress { some, none };

    void run();
    /// One step of gathering: reads at most one commit into the batch.
    [[nodiscard]] Progress gather();
    void nap() const;
    [[nodiscard]] bool is_due(std::int64_t now_us) const;
    void apply_batch();
    void batch_is_settled();
    [[nodiscard]] MallResult<> connect();
    [[nodiscard]] MallResult<> take_cursor(const std::optional<MallCursor>& found);
    /// For so long, reads commits only to know how large the backlog is. What cannot be read is
    /// left for gather() to judge.
    void count_backlog_for(std::int64_t wait_us);
    [[nodiscard]] Progress count_backlog();
    void end_at_unreadable(const Fault& unreadable);
    [[nodiscard]] Result<std::optional<engine::DurableCommit>> read_after(CommitNumber after);
    [[nodiscard]] Result<> append_records(const engine::DurableCommit& commit,
                                          std::vector<SettlementRecord>& records) const;
    void see(CommitNumber number, const Volume& volume);
    void note(const MallFault& fault);
    void refuse(std::string message);
    void set_state(SettlementState state);
    void trouble_is_over();
    [[nodiscard]] bool is_stopping() const { return stop_by_us_.load() != never_us; }

    static constexpr std::int64_t never_us = INT64_MAX;

    MallDatabase& database_;
    engine::CommitFeed& feed_;
    RecordsOfFrame records_of_;
    std::string journal_id_;
    SettlementOptions options_;
    OnSettled on_settled_;
    std::thread thread_;

    // The thread's own.
    bool connected_ = false;
    bool is_cursor_known_ = false;
    bool is_refused_ = false;
    CommitNumber cursor_;
    Batch batch_;
    std::vector<SettlementRecord> counting_;  // room for count_backlog()
    CommitNumber seen_;                       // the backlog is counted up to here
    Volume seen_volume_;
    Volume settled_volume_;
    std::int64_t last_moved_us_ = 0;
    std::int64_t retry_wait_us_ = 0;

    // Published. Each stands for itself: readers need no order between them, hence relaxed.
    std::atomic<std::uint64_t> published_cursor_{0};   // 0 also while it is not known
    std::atomic<std::uint64_t> backlog_starts_at_{0};  // the cursor, or a lower bound of it
    std::atomic<std::uint64_t> backlog_bytes_{0};
    std::atomic<std::uint64_t> backlog_orders_{0};
    std::atomic<std::int64_t> stop_by_us_{never_us};
    std::atomic<bool> drained_{false};
    mutable std::mutex status_lock_;
    SettlementStatus status_;  // guarded by status_lock_
};

}  // namespace stampede::storage
