// SPDX-License-Identifier: Apache-2.0
// Apply, apply, apply; now and then save.
#include "storage/follower.hpp"

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "engine/clock.hpp"
#include "engine/thread_name.hpp"
#include "engine/vocabulary/check.hpp"
#include "storage/log_file_pool.hpp"

namespace stampede::storage {

namespace {
// Between two looks at "stop" and "a checkpoint, please".
constexpr std::chrono::milliseconds patience_per_look{50};
constexpr std::chrono::microseconds after_failed_checkpoint{60'000'000};
}  // namespace

Follower::Follower(const DataDirectory& directory, RocksdbJournal& journal,
                   std::unique_ptr<engine::Replayable> copy, const FollowerOptions& options)
    : directory_(directory),
      journal_(journal),
      copy_(std::move(copy)),
      options_(options),
      reader_(journal.reader()),
      trimmer_(journal.store(), journal.archive()) {
    check(options_.checkpoints_kept >= 2, "recovery falls back to the second newest checkpoint");
}

Follower::~Follower() {
    stop();
}

void Follower::start() {
    thread_ = std::thread{[this] { run(); }};
}

void Follower::stop() {
    stops_.store(true, std::memory_order_release);
    if (thread_.joinable()) {
        thread_.join();
    }
}

bool Follower::wait_for(CommitNumber commit, std::chrono::milliseconds patience) const {
    if (applied() >= commit) {
        return true;
    }
    std::unique_lock lock{mutex_};
    ++waiting_;
    const bool reached = progressed_.wait_for(lock, patience, [&] { return applied() >= commit; });
    --waiting_;
    return reached;
}

bool Follower::wait_for_checkpoint(CommitNumber at_least,
                                   std::chrono::milliseconds patience) const {
    std::unique_lock lock{mutex_};
    ++waiting_;
    const bool reached =
        progressed_.wait_for(lock, patience, [&] { return newest_checkpoint() >= at_least; });
    --waiting_;
    return reached;
}

void Follower::read(const std::function<void(const engine::Replayable&)>& look) const {
    const std::shared_lock lock{state_mutex_};
    look(*copy_);
}

void Follower::request_checkpoint() {
    is_requested_.store(true, std::memory_order_release);
}

/// Wakes those who wait for progress; costs nothing while no one does.
void Follower::announce() {
    // The progress was stored and waiting_ is read in one order with the waiter's count and look
    // (all seq_cst): either we see the waiter, or it sees the progress.
    if (waiting_.load(std::memory_order_seq_cst) > 0) {
        {
            const std::lock_guard lock{mutex_};
        }
        progressed_.notify_all();
    }
}

void Follower::run() {
    engine::name_this_thread(engine::follower_thread);
    // Its share of a scarce core is a fair one, but it does not begin in the middle of others'
    // work: the loop is not interrupted for every commit. 0 means this thread alone.
    const sched_param none{};
    static_cast<void>(::sched_setscheduler(0, SCHED_BATCH, &none));
    Result<> outcome = load();
    last_checkpoint_us_ = engine::monotonic_us();
    while (outcome.has_value() && !stops_.load(std::memory_order_acquire)) {
        const auto applied = apply_next(patience_per_look);
        if (!applied.has_value()) {
            outcome = applied.error();
        } else if (is_checkpoint_due()) {
            checkpoint_and_trim();
        }
    }
    if (!outcome.has_value()) {
        journal_.fatal()("the follower cannot go on: " + outcome.error().message);
    }
}

Result<> Follower::load() {
    const std::unique_lock lock{state_mutex_};
    auto loaded = load_newest_checkpoint(directory_.checkpoints(), directory_.journal_id(), *copy_);
    if (!loaded.has_value()) {
        return loaded.error();
    }
    remove_unfinished();
    position_ = loaded->position;
    applied_.store(position_.chain.number.raw(), std::memory_order_release);
    newest_checkpoint_.store(position_.chain.number.raw(), std::memory_order_release);
    return {};
}

Result<bool> Follower::apply_next(std::chrono::milliseconds patience) {
    const auto next = reader_->next_shared(position_.chain.number, patience);
    if (!next.has_value()) {
        return next.error();
    }
    if (!*next) {
        return false;
    }
    const SharedCommit& durable = **next;
    const std::string name = "commit " + std::to_string(durable.number().raw());
    if (durable.stored().previous != position_.chain.digest) {
        return fault(name + " does not follow the one before it");
    }
    {
        const std::unique_lock lock{state_mutex_};
        if (auto applied = copy_->apply(durable.commit()); !applied.has_value()) {
            return fault(name + " cannot be applied: " + applied.error().message);
        }
        if (!engine::agrees(*copy_, durable.commit())) {
            return fault(name + " gives the follower another state than the server has");
        }
        applied_.store(durable.number().raw(), std::memory_order_seq_cst);
    }
    position_ = {durable.position(), copy_->signature(), copy_->layout(),
                 durable.commit().journal_time, durable.stored().writer.epoch};
    ++commits_since_checkpoint_;
    bytes_since_checkpoint_ += durable.bytes().size();
    announce();
    return true;
}

bool Follower::is_checkpoint_due() const {
    if (commits_since_checkpoint_ == 0) {
        return false;
    }
    const auto is_reached = [](std::uint64_t limit, std::uint64_t count) {
        return limit > 0 && count >= limit;
    };
    if (is_requested_.load(std::memory_order_acquire)) {
        return true;
    }
    if (engine::monotonic_us() < put_off_until_us_) {
        return false;
    }
    return is_reached(options_.checkpoint_every_commits, commits_since_checkpoint_) ||
           is_reached(options_.checkpoint_every_bytes, bytes_since_checkpoint_) ||
           (options_.checkpoint_every.count() > 0 &&
            engine::monotonic_us() - last_checkpoint_us_ >=
                std::chrono::microseconds{options_.checkpoint_every}.count());
}

void Follower::checkpoint_and_trim() {
    is_requested_.store(false, std::memory_order_release);
    // No lock: only this thread changes the copy, and others read it meanwhile.
    const auto written = write_checkpoint(directory_.checkpoints(), directory_.journal_id(),
                                          position_, *copy_, options_.rest_us);
    if (!written.has_value()) {
        put_off_checkpoints("no checkpoint", written.error());
        return;
    }
    commits_since_checkpoint_ = 0;
    bytes_since_checkpoint_ = 0;
    last_checkpoint_us_ = engine::monotonic_us();
    const auto trimmed = trim_behind_checkpoints();
    newest_checkpoint_.store(written->number.raw(), std::memory_order_seq_cst);
    announce();
    if (!trimmed.has_value()) {
        put_off_checkpoints("a checkpoint is written, but nothing is trimmed behind it",
                            trimmed.error());
    }
}

Result<> Follower::trim_behind_checkpoints() {
    const auto all = list_checkpoints(directory_.checkpoints());
    if (!all.has_value()) {
        return all.error();
    }
    // Newest first: the good ones that stay, and everything that is older than the last of them.
    std::vector<CheckpointFile> good;
    std::vector<CheckpointFile> superseded;
    for (const CheckpointFile& checkpoint : *all) {
        if (good.size() == options_.checkpoints_kept) {
            superseded.push_back(checkpoint);
        } else if (is_good(checkpoint)) {
            good.push_back(checkpoint);
        }
    }
    if (good.size() < options_.checkpoints_kept) {
        return {};
    }
    // Before trimming: where that is refused for long, checkpoints must not pile up as well.
    for (const CheckpointFile& checkpoint : superseded) {
        journal_.store().pool()->remove_slowly(checkpoint.path);
    }
    const CommitNumber limit = journal_.consumers().slowest_holder(good.back().number);
    const auto trimmed = trimmer_.trim(limit);
    return trimmed.has_value() ? Result<>{} : Result<>{trimmed.error()};
}

/// One that a start of this program could begin with: nothing is trimmed for the others.
bool Follower::is_good(const CheckpointFile& checkpoint) const {
    const auto position = verify_checkpoint(checkpoint, directory_.journal_id());
    return position.has_value() && !why_set_aside(checkpoint, *position, *copy_);
}

/// A checkpoint shortens the next start and no more. Ending the sale for one that found no room
/// would end it again after every restart, while the journal has its reserve and its ballast.
void Follower::put_off_checkpoints(const char* what, const Fault& why) {
    remove_unfinished();
    put_off_until_us_ = engine::monotonic_us() + after_failed_checkpoint.count();
    failed_checkpoints_.fetch_add(1, std::memory_order_relaxed);
    std::fprintf(stderr, "stampede: %s, the next attempt is in a minute: %s\n", what,
                 why.message.c_str());
}

/// What an attempt that failed, or a crash in the middle of one, has left.
void Follower::remove_unfinished() const {
    for (const auto& part : {directory_.checkpoints(), directory_.archive()}) {
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(part, error)) {
            if (is_unnamed(entry.path())) {
                journal_.store().pool()->remove_slowly(entry.path());
            }
        }
    }
}

}  // namespace stampede::storage
