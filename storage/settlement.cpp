// SPDX-License-Identifier: Apache-2.0
// The loop of the settlement thread. Read run() first: connect, gather whole commits, apply them
// with the cursor, and while the database is away only count what waits for it.
#include "storage/settlement.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "engine/clock.hpp"
#include "engine/thread_name.hpp"
#include "engine/vocabulary/check.hpp"

namespace stampede::storage {
namespace {

/// The thread looks at the feed this often and never waits on it: a waiter would be woken by every
/// single commit of a sale, at the expense of the thread that makes them durable. It is also how
/// long the thread may be deaf to stop().
constexpr std::int64_t nap_us = 20'000;
constexpr std::int64_t shortest_nap_us = 1'000;

std::int64_t in_us(std::chrono::milliseconds duration) {
    return duration.count() * 1000;
}

Instant wall_clock() {
    return Instant{engine::SystemTimeSource{}.realtime_ms()};
}

}  // namespace

std::string_view text(SettlementState state) {
    switch (state) {
        case SettlementState::settling:
            return "settling";
        case SettlementState::retrying:
            return "retrying";
        case SettlementState::refused:
            return "refused";
        case SettlementState::stopped:
            return "stopped";
    }
    unreachable("a settlement state without a name");
}

Settlement::Volume& Settlement::Volume::operator+=(const Volume& other) {
    bytes += other.bytes;
    orders += other.orders;
    events += other.events;
    return *this;
}

Settlement::Volume Settlement::volume_of(std::span<const SettlementRecord> records) {
    Volume volume;
    for (const SettlementRecord& record : records) {
        volume.orders += std::holds_alternative<OrderRow>(record) ? 1U : 0U;
        volume.events += std::holds_alternative<EventRow>(record) ? 1U : 0U;
    }
    return volume;
}

Settlement::Settlement(MallDatabase& database, engine::CommitFeed& feed, RecordsOfFrame records_of,
                       std::string journal_id, const SettlementOptions& options,
                       OnSettled on_settled)
    : database_(database),
      feed_(feed),
      records_of_(std::move(records_of)),
      journal_id_(std::move(journal_id)),
      options_(options),
      on_settled_(std::move(on_settled)) {}

Settlement::~Settlement() {
    static_cast<void>(stop(std::chrono::milliseconds{0}));
}

Result<> Settlement::start() {
    check(!thread_.joinable(), "settlement is started once");
    // Until the database says where it stands, count from here: a lower bound of the backlog.
    seen_ = feed_.durable();
    backlog_starts_at_.store(seen_.raw(), std::memory_order_relaxed);
    if (auto connected = connect(); !connected.has_value()) {
        if (connected.error().kind == MallFault::Kind::refused) {
            return fault(connected.error().message);
        }
        note(connected.error());
    }
    thread_ = std::thread([this] {
        engine::name_this_thread(engine::settlement_thread);
        run();
    });
    return {};
}

Settlement::Drained Settlement::stop(std::chrono::milliseconds bound) {
    if (thread_.joinable()) {
        stop_by_us_.store(engine::monotonic_us() + in_us(bound));
        thread_.join();
    }
    return drained_.load() ? Drained::yes : Drained::no;
}

void Settlement::run() {
    // The loop and the journal come first wherever cores are scarce; 0 means this thread alone.
    static_cast<void>(setpriority(PRIO_PROCESS, 0, 10));
    for (;;) {
        const std::int64_t now_us = engine::monotonic_us();
        if (now_us >= stop_by_us_.load()) {
            break;
        }
        if (is_refused_) {
            if (is_stopping()) {
                break;
            }
            count_backlog_for(nap_us);
        } else if (!connected_) {
            count_backlog_for(retry_wait_us_);
            if (auto connected = connect(); !connected.has_value()) {
                note(connected.error());
            }
        } else if (is_due(now_us)) {
            apply_batch();
        } else if (gather() == Progress::none) {
            if (is_stopping() && cursor_ == feed_.durable()) {
                drained_.store(true);
                break;
            }
            nap();
        }
    }
    if (!is_refused_) {
        set_state(SettlementState::stopped);
    }
}

// Gathering --------------------------------------------------------------------------------------

bool Settlement::is_due(std::int64_t now_us) const {
    if (batch_.commits == 0) {
        return false;
    }
    if (batch_.is_closed || batch_.records.size() >= options_.batch_records_max ||
        batch_.commits >= options_.batch_commits_max) {
        return true;
    }
    if (is_stopping() && batch_.to == feed_.durable()) {
        return true;
    }
    return batch_.records.empty() ? now_us - last_moved_us_ >= in_us(options_.lone_cursor)
                                  : now_us - batch_.first_record_us >= in_us(options_.gather);
}

void Settlement::nap() const {
    const std::int64_t now_us = engine::monotonic_us();
    std::int64_t until_due_us = nap_us;
    if (is_stopping()) {
        until_due_us = shortest_nap_us;
    } else if (!batch_.records.empty()) {
        until_due_us = batch_.first_record_us + in_us(options_.gather) - now_us;
    } else if (batch_.commits > 0) {
        until_due_us = last_moved_us_ + in_us(options_.lone_cursor) - now_us;
    }
    std::this_thread::sleep_for(
        std::chrono::microseconds{std::clamp(until_due_us, shortest_nap_us, nap_us)});
}

Settlement::Progress Settlement::gather() {
    const auto commit = read_after(batch_.to);
    if (!commit.has_value()) {
        end_at_unreadable(commit.error());
        return Progress::none;
    }
    if (!*commit) {
        return Progress::none;
    }
    const std::size_t before = batch_.records.size();
    if (auto appended = append_records(**commit, batch_.records); !appended.has_value()) {
        batch_.records.resize(before);
        end_at_unreadable(appended.error());
        return Progress::none;
    }
    Volume volume = volume_of(std::span{batch_.records}.subspan(before));
    volume.bytes = (*commit)->frames.size();
    if (before == 0 && !batch_.records.empty()) {
        batch_.first_record_us = engine::monotonic_us();
    }
    batch_.to = (*commit)->number;
    ++batch_.commits;
    batch_.volume += volume;
    see((*commit)->number, volume);
    return Progress::some;
}

void Settlement::end_at_unreadable(const Fault& unreadable) {
    if (batch_.commits > 0) {
        batch_.is_closed = true;  // what lies before it is settled first
        return;
    }
    refuse("settlement stops: " + unreadable.message);
}

Result<std::optional<engine::DurableCommit>> Settlement::read_after(CommitNumber after) {
    auto read = feed_.next(after, std::chrono::milliseconds{0});
    if (read.has_value() && *read && (*read)->number != after.next()) {
        return fault("commit " + std::to_string(after.next().raw()) +
                     " is needed, but what is kept continues at commit " +
                     std::to_string((*read)->number.raw()) +
                     "; put the removed archive files back");
    }
    return read;
}

Result<> Settlement::append_records(const engine::DurableCommit& commit,
                                    std::vector<SettlementRecord>& records) const {
    engine::FrameReader frames(commit.frames);
    while (const std::optional<engine::Frame> frame = frames.next()) {
        if (!records_of_(*frame, commit, records)) {
            return fault("commit " + std::to_string(commit.number.raw()) + ": event " +
                         std::to_string(frame->shard.raw()) + '.' +
                         std::to_string(frame->sequence.raw()) +
                         " cannot be read by this version; settle with the version that wrote it");
        }
    }
    if (frames.broken()) {
        return fault("commit " + std::to_string(commit.number.raw()) + " has a damaged frame");
    }
    return {};
}

void Settlement::see(CommitNumber number, const Volume& volume) {
    if (number > seen_) {
        seen_ = number;
        seen_volume_ += volume;
    }
    backlog_bytes_.store(seen_volume_.bytes - settled_volume_.bytes, std::memory_order_relaxed);
    backlog_orders_.store(seen_volume_.orders - settled_volume_.orders, std::memory_order_relaxed);
}

void Settlement::count_backlog_for(std::int64_t wait_us) {
    const std::int64_t since_us = engine::monotonic_us();
    for (;;) {
        const std::int64_t now_us = engine::monotonic_us();
        // Who is asked to stop tries again soon: the database may be back.
        const std::int64_t enough_us =
            is_stopping() ? std::min(wait_us, in_us(options_.retry_first)) : wait_us;
        const std::int64_t left_us = std::min(since_us + enough_us, stop_by_us_.load()) - now_us;
        if (left_us <= 0) {
            return;
        }
        if (count_backlog() == Progress::none) {
            std::this_thread::sleep_for(std::chrono::microseconds{std::min(left_us, nap_us)});
        }
    }
}

Settlement::Progress Settlement::count_backlog() {
    const auto read = feed_.next(seen_, std::chrono::milliseconds{0});
    if (!read.has_value() || !*read || (*read)->number != seen_.next()) {
        return Progress::none;
    }
    const engine::DurableCommit& commit = **read;
    Volume volume{.bytes = commit.frames.size()};
    engine::FrameReader frames(commit.frames);
    while (const std::optional<engine::Frame> frame = frames.next()) {
        counting_.clear();
        if (records_of_(*frame, commit, counting_)) {
            volume += volume_of(counting_);
        }
    }
    see(commit.number, volume);
    return Progress::some;
}

// The database -----------------------------------------------------------------------------------

MallResult<> Settlement::connect() {
    if (auto connected = database_.connect(); !connected.has_value()) {
        return connected;
    }
    const auto found = database_.read_cursor();
    if (!found.has_value()) {
        return found.error();
    }
    if (auto taken = take_cursor(*found); !taken.has_value()) {
        return taken;
    }
    connected_ = true;
    if (batch_.commits == 0) {
        trouble_is_over();  // else the batch in hand has yet to get through
    }
    return {};
}

MallResult<> Settlement::take_cursor(const std::optional<MallCursor>& found) {
    const std::string name = database_.name();
    if (auto judged = judge_cursor(found, journal_id_, feed_.durable(), name);
        !judged.has_value()) {
        return judged;
    }
    if (is_cursor_known_) {
        if (found && found->commit == cursor_) {
            return {};  // what was in hand was not applied, and still is in hand
        }
        if (found && batch_.commits > 0 && found->commit == batch_.to) {
            batch_is_settled();  // it was applied; only the answer was lost
            return {};
        }
        return refused(name +
                       (found ? " has its cursor at commit " + std::to_string(found->commit.raw())
                              : " has no cursor") +
                       ", but settlement had brought it to commit " +
                       std::to_string(cursor_.raw()) +
                       "; was the database replaced, or does a second server settle into it?");
    }
    if (!found) {
        if (auto claimed = database_.claim(journal_id_); !claimed.has_value()) {
            return claimed;
        }
    }
    is_cursor_known_ = true;
    cursor_ = found ? found->commit : CommitNumber{0};
    batch_ = Batch{};
    batch_.to = cursor_;
    // From here on the backlog is counted from the cursor itself.
    seen_ = cursor_;
    seen_volume_ = settled_volume_ = Volume{};
    see(cursor_, Volume{});
    last_moved_us_ = engine::monotonic_us();
    published_cursor_.store(cursor_.raw(), std::memory_order_relaxed);
    backlog_starts_at_.store(cursor_.raw(), std::memory_order_relaxed);
    {
        const std::lock_guard guard(status_lock_);
        status_.cursor = cursor_;
    }
    if (on_settled_ && cursor_.raw() > 0) {
        on_settled_(cursor_);
    }
    return {};
}

void Settlement::apply_batch() {
    const MallCursor cursor{.journal_id = journal_id_, .commit = cursor_};
    const auto applied = database_.apply(batch_.records, cursor, batch_.to);
    if (!applied.has_value()) {
        note(applied.error());
        return;
    }
    batch_is_settled();
}

void Settlement::batch_is_settled() {
    cursor_ = batch_.to;
    settled_volume_ += batch_.volume;
    published_cursor_.store(cursor_.raw(), std::memory_order_relaxed);
    backlog_starts_at_.store(cursor_.raw(), std::memory_order_relaxed);
    see(cursor_, Volume{});
    last_moved_us_ = engine::monotonic_us();
    {
        const std::lock_guard guard(status_lock_);
        status_.cursor = cursor_;
        status_.last_success_at = wall_clock();
        status_.orders_settled += batch_.volume.orders;
        status_.events_settled += batch_.volume.events;
        ++status_.transactions;
    }
    trouble_is_over();
    // Cleared, not replaced: the room for records is used again.
    batch_.records.clear();
    batch_.commits = 0;
    batch_.volume = Volume{};
    batch_.is_closed = false;
    if (on_settled_) {
        on_settled_(cursor_);
    }
}

// Trouble ----------------------------------------------------------------------------------------

void Settlement::note(const MallFault& fault) {
    connected_ = false;
    if (fault.kind == MallFault::Kind::refused) {
        refuse(fault.message);
        return;
    }
    retry_wait_us_ =
        std::clamp(retry_wait_us_ * 2, in_us(options_.retry_first), in_us(options_.retry_max));
    if (is_stopping()) {
        retry_wait_us_ = in_us(options_.retry_first);
    }
    const std::lock_guard guard(status_lock_);
    status_.state = SettlementState::retrying;
    status_.last_error = fault.message;
    status_.last_error_at = wall_clock();
    ++status_.retries;
}

void Settlement::refuse(std::string message) {
    is_refused_ = true;
    const std::lock_guard guard(status_lock_);
    status_.state = SettlementState::refused;
    status_.last_error = std::move(message);
    status_.last_error_at = wall_clock();
}

void Settlement::set_state(SettlementState state) {
    const std::lock_guard guard(status_lock_);
    status_.state = state;
}

void Settlement::trouble_is_over() {
    retry_wait_us_ = 0;
    set_state(SettlementState::settling);
}

// Any thread -------------------------------------------------------------------------------------

SettlementStatus Settlement::status() const {
    SettlementStatus status;
    {
        const std::lock_guard guard(status_lock_);
        status = status_;
    }
    status.durable = feed_.durable();
    status.backlog_commits = backlog_commits();
    status.backlog_orders = backlog_orders_.load(std::memory_order_relaxed);
    status.backlog_bytes = backlog_bytes();
    status.over_bound = over_bound();
    return status;
}

CommitNumber Settlement::settled() const {
    return CommitNumber{published_cursor_.load(std::memory_order_relaxed)};
}

std::uint64_t Settlement::backlog_commits() const {
    // The cursor is read first: it can only be older than the mark it is compared with.
    const std::uint64_t starts_at = backlog_starts_at_.load(std::memory_order_acquire);
    const std::uint64_t durable = feed_.durable().raw();
    return durable > starts_at ? durable - starts_at : 0;
}

std::uint64_t Settlement::backlog_bytes() const {
    return backlog_bytes_.load(std::memory_order_relaxed);
}

bool Settlement::over_bound() const {
    return backlog_commits() > options_.backlog_commits_max ||
           backlog_bytes() > options_.backlog_bytes_max;
}

}  // namespace stampede::storage
