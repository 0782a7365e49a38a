// SPDX-License-Identifier: Apache-2.0
// All shards of one loop, the open commit that they share, and the deadlines and chores that move
// them forward. turn(now, requests) -> replies, commit is the whole engine; it owns no thread, so
// the event loop, the simulation and a rehearsal drive the same code. One thread at a time.
//
// The order inside a turn: deadlines that are due, then mass work under its budget, then requests,
// then the open commit goes to the journal if none is in flight.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/deadlines.hpp"
#include "engine/journal.hpp"
#include "engine/replayable.hpp"
#include "engine/shard.hpp"

namespace stampede::engine {

template <class Command>
struct Request {
    Command command;
    std::optional<RequestIdentity> identity;
};

/// Whether deadlines may fire: a frozen clock and a restart hold them back.
enum class Expiries : std::uint8_t { run, frozen };

template <StateMachine Machine>
class ShardSet final : public Replayable {
  public:
    using Command = typename Machine::Command;
    using Answer = typename Machine::Answer;

    ShardSet() {
        shards_.reserve(limits::shard_count);
        for (std::uint16_t index = 0; index < limits::shard_count; ++index) {
            shards_.push_back(std::make_unique<Shard<Machine>>(ShardIndex{index}));
        }
    }

    // Recovery ------------------------------------------------------------------------------------

    [[nodiscard]] Result<> apply(const Commit& commit) override {
        if (commit.layout > layout()) {
            return fault("a newer release wrote it: its state has layout " +
                         std::to_string(commit.layout.raw()) + ", this program's " +
                         std::to_string(layout().raw()));
        }
        FrameReader frames(commit.frames);
        ReplayEffects effects(*this);
        for (std::size_t count = 0;; ++count) {
            if (count % frames_ahead == 0) {
                prefetch(frames);
            }
            const auto frame = frames.next();
            if (!frame) {
                break;
            }
            if (frame->shard.raw() >= limits::shard_count) {
                return fault("a frame names shard " + std::to_string(frame->shard.raw()));
            }
            Shard<Machine>& shard = *shards_[frame->shard.raw()];
            remove_signature(shard);
            Result<> applied = shard.apply(*frame, commit.number, effects);
            add_signature(shard);
            if (applied.has_error()) {
                return applied;
            }
            place(frame->scope, frame->shard);
        }
        if (frames.broken()) {
            return fault("a frame's length does not fit its commit");
        }
        if (!agrees(*this, commit)) {
            return fault("the state after it differs from the state when it was written");
        }
        last_applied_ = commit.number;
        last_time_ = commit.journal_time;
        return {};
    }

    void save(CheckpointSink& sink) const override {
        std::vector<std::byte> bytes(64);
        ByteWriter writer(bytes);
        writer.put(set_record);
        writer.put(last_applied_);
        writer.put(last_time_);
        sink.put(writer.written());
        for (const auto& shard : shards_) {
            if (!shard->untouched()) {
                shard->save(sink);
            }
        }
    }

    [[nodiscard]] Result<> load(CheckpointSource& source) override {
        while (const auto record = source.next()) {
            ByteReader reader(*record);
            const auto index = reader.get<std::uint16_t>();
            if (index == set_record) {
                last_applied_ = reader.get<CommitNumber>();
                last_time_ = reader.instant();
                if (reader.failed()) {
                    return fault("the checkpoint's first record is cut short");
                }
                continue;
            }
            if (index >= limits::shard_count || !shards_[index]->load(record->subspan(2))) {
                return fault("a record of the checkpoint cannot be read (shard " +
                             std::to_string(index) + ")");
            }
        }
        for (const auto& shard : shards_) {
            add_signature(*shard);
            shard->machine().for_each_scope(
                [&](std::uint64_t scope) { place(scope, shard->index()); });
        }
        return {};
    }

    [[nodiscard]] Signature signature() const override { return signature_; }
    [[nodiscard]] StateLayout layout() const override { return Machine::state_layout(); }
    [[nodiscard]] CommitNumber last_applied() const { return last_applied_; }
    /// Journal time of the newest event, live or replayed.
    [[nodiscard]] Instant last_time() const { return last_time_; }

    // Serving -------------------------------------------------------------------------------------

    /// After recovery: arms what the state waits for and opens the first commit. Deadlines that
    /// were armed before the restart wait until `grace_over`.
    void start(Journal& journal, Instant grace_over) {
        journal_ = &journal;
        commit_.emplace(last_applied_);
        submitted_ = last_applied_;
        grace_over_ = grace_over;
        RecoveredEffects effects(*this);
        for (const auto& shard : shards_) {
            if (!shard->untouched()) {
                shard->machine().rearm(effects);
            }
        }
    }

    /// Fires what is due and does the next steps of mass work, within their budgets.
    void begin_turn(const Moment& moment, Expiries expiries) {
        if (!grace_released_ && moment.now >= grace_over_) {
            deadlines_.release_recovered();
            grace_released_ = true;
        }
        if (moment.selling == Selling::open && !waiting_for_sale_.empty()) {
            sale_goes_on();
        }
        if (expiries == Expiries::run) {
            fire_deadlines(moment);
        }
        do_chores(moment);
    }

    /// False when the open commit could not take the command's largest events: call end_turn() and
    /// try again when the journal's commit in flight is durable.
    [[nodiscard]] bool has_room(const Command& command) const {
        return commit_->room() >= Machine::event_bytes_bound(command);
    }

    /// Decides one command. has_room() was true.
    [[nodiscard]] Outcome<Answer> execute(const Command& command,
                                          const std::optional<RequestIdentity>& request,
                                          const Moment& moment) {
        const Route route = Machine::route_of(command);
        Shard<Machine>& shard = *shards_[shard_of(route).raw()];
        auto outcome = execute_on(shard, command, request, moment);
        if (is_nowhere(route)) {
            outcome.rests_on = std::max(outcome.rests_on, newest());
        }
        return outcome;
    }

    /// Hands the open commit to the journal when it is not empty and none is in flight.
    void end_turn() {
        if (!commit_->empty() && journal_->durable() >= submitted_) {
            submitted_ = commit_->number();
            last_applied_ = submitted_;
            journal_->submit(commit_->seal(signature_, layout()));
        }
    }

    /// The whole engine in one call. `reply(position, outcome)` is called for every request taken,
    /// in order; returns how many were taken (fewer when the open commit is full).
    template <class Reply>
    std::size_t turn(const Moment& moment, Expiries expiries,
                     std::span<const Request<Command>> requests, Reply&& reply) {
        begin_turn(moment, expiries);
        std::size_t taken = 0;
        while (taken < requests.size() && has_room(requests[taken].command)) {
            reply(taken, execute(requests[taken].command, requests[taken].identity, moment));
            ++taken;
        }
        end_turn();
        return taken;
    }

    /// Reads from the hot state. What `read(machine)` says may leave when the returned commit is
    /// durable.
    template <class Read>
    CommitNumber read(const Route& route, Read&& read) const {
        const Shard<Machine>& shard = *shards_[shard_of(route).raw()];
        read(shard.machine());
        if (is_nowhere(route)) {
            return newest();
        }
        return shard.rests_on(
            route.by == Route::By::scope ? route.value : shard.machine().scope_of_id(route.value));
    }

    /// Where `route` leads; an id or a scope that no shard has leads to the first.
    [[nodiscard]] ShardIndex shard_of(const Route& route) const {
        switch (route.by) {
            case Route::By::id: {
                const ShardIndex index = IdSource::shard_of(route.value);
                return index.raw() < limits::shard_count ? index : ShardIndex{0};
            }
            case Route::By::new_scope:
            case Route::By::scope: {
                const auto placed = placement_.find(route.value);
                if (placed != placement_.end()) {
                    return placed->second;
                }
                return route.by == Route::By::new_scope ? emptiest() : ShardIndex{0};
            }
        }
        unreachable();
    }

    [[nodiscard]] const Machine& machine(ShardIndex index) const {
        return shards_[index.raw()]->machine();
    }
    template <class Visit>
    void for_each_machine(Visit&& visit) const {
        for (const auto& shard : shards_) {
            if (!shard->untouched()) {
                visit(shard->index(), shard->machine());
            }
        }
    }
    [[nodiscard]] Sequence sequence(ShardIndex index) const {
        return shards_[index.raw()]->sequence();
    }
    /// The newest commit that anything rests on, submitted or still open.
    [[nodiscard]] CommitNumber newest() const {
        return commit_ && !commit_->empty() ? commit_->number() : last_applied_;
    }
    [[nodiscard]] bool has_undurable() const {
        return !commit_->empty() || journal_->durable() < submitted_;
    }
    [[nodiscard]] bool has_open_events() const { return commit_ && !commit_->empty(); }
    /// Bytes in the open commit.
    [[nodiscard]] std::size_t open_bytes() const { return commit_->used(); }
    /// Events recorded since the start, replayed ones not counted.
    [[nodiscard]] std::uint64_t events() const { return events_; }
    /// The newest commit that the journal was given.
    [[nodiscard]] CommitNumber submitted() const { return submitted_; }
    /// When the next deadline is due, if any.
    [[nodiscard]] std::optional<Instant> next_deadline() const { return deadlines_.next_at(); }
    [[nodiscard]] bool has_chores() const { return !chores_.empty(); }
    /// Scopes that wait for mass work.
    [[nodiscard]] std::size_t chores_in_line() const { return chores_.size(); }
    [[nodiscard]] std::size_t deadlines_armed() const { return deadlines_.size(); }

    /// Empty when every invariant of every shard holds.
    [[nodiscard]] std::optional<std::string> check_invariants() const {
        Signature sum;
        for (const auto& shard : shards_) {
            if (auto broken = shard->machine().check_invariants()) {
                return "shard " + std::to_string(shard->index().raw()) + ": " + *broken;
            }
            sum.put_in(shard->signature().raw());
        }
        if (sum != signature_) {
            return std::string{"the running signature differs from the sum over the shards"};
        }
        return std::nullopt;
    }

  private:
    static constexpr std::uint16_t set_record = 0xFFFF;
    static constexpr std::size_t frames_ahead = 8;

    /// What the next frames will touch, all at once.
    void prefetch(FrameReader frames) const {
        for (std::size_t count = 0; count < frames_ahead; ++count) {
            const auto frame = frames.next();
            if (!frame || frame->shard.raw() >= limits::shard_count) {
                return;
            }
            shards_[frame->shard.raw()]->prefetch(*frame);
        }
    }

    /// What events ask for while the server runs.
    class LiveEffects final : public Effects {
      public:
        explicit LiveEffects(ShardSet& set) : set_(set) {}
        void arm(const Deadline& deadline, Duration span, Grace /*grace*/) override {
            set_.deadlines_.arm(deadline, span);
        }
        void needs_chores(std::uint64_t scope) override { set_.queue_chores(scope); }
        void id_used(std::uint64_t /*id*/) override {}
        void scope_closed(std::uint64_t scope) override { set_.placement_.erase(scope); }

      private:
        ShardSet& set_;
    };
    /// In replay nothing is armed: start() asks the finished state instead.
    class ReplayEffects final : public Effects {
      public:
        explicit ReplayEffects(ShardSet& set) : set_(set) {}
        void arm(const Deadline& /*deadline*/, Duration /*span*/, Grace /*grace*/) override {}
        void needs_chores(std::uint64_t /*scope*/) override {}
        void id_used(std::uint64_t /*id*/) override {}
        void scope_closed(std::uint64_t scope) override { set_.placement_.erase(scope); }

      private:
        ShardSet& set_;
    };
    /// What was armed before the restart waits for its grace, unless it needs none.
    class RecoveredEffects final : public Effects {
      public:
        explicit RecoveredEffects(ShardSet& set) : set_(set) {}
        void arm(const Deadline& deadline, Duration span, Grace grace) override {
            if (grace == Grace::after_restart) {
                set_.deadlines_.arm_recovered(deadline);
            } else {
                set_.deadlines_.arm(deadline, span);
            }
        }
        void needs_chores(std::uint64_t scope) override { set_.queue_chores(scope); }
        void id_used(std::uint64_t /*id*/) override {}
        void scope_closed(std::uint64_t /*scope*/) override {}

      private:
        ShardSet& set_;
    };

    Outcome<Answer> execute_on(Shard<Machine>& shard, const Command& command,
                               const std::optional<RequestIdentity>& request,
                               const Moment& moment) {
        const Sequence before = shard.sequence();
        const Signature signature_before = shard.signature();
        LiveEffects effects(*this);
        auto outcome = shard.execute(command, request, moment, *commit_, effects);
        if (shard.sequence() != before) {
            events_ += shard.sequence().raw() - before.raw();
            signature_.take_out(signature_before.raw());
            signature_.put_in(shard.signature().raw());
            last_time_ = moment.now;
            const Route route = Machine::route_of(command);
            if (route.by == Route::By::new_scope) {
                place(route.value, shard.index());
            }
        }
        return outcome;
    }

    /// While any one deadline still fits into the turn's budget and into the commit.
    void fire_deadlines(const Moment& moment) {
        deadlines_.begin_turn(limits::deadline_records_per_turn_max);
        while (deadlines_.budget() >= limits::records_per_event_max &&
               commit_->room() >= limits::deadline_event_bytes_max) {
            const auto due = deadlines_.pop_due(moment.now);
            if (!due) {
                return;
            }
            const auto placed = placement_.find(due->scope);
            if (placed == placement_.end()) {
                continue;  // the scope has left memory
            }
            Shard<Machine>& shard = *shards_[placed->second.raw()];
            if (const auto command = shard.machine().due(*due)) {
                deadlines_.charge(shard.machine().records_behind(*due));
                static_cast<void>(execute_on(shard, *command, std::nullopt, moment));
                ask_again_when_selling(due->scope, moment);
            }
        }
    }

    /// A scope is in line once, however often it asks: each step of mass work asks for the next
    /// one, and the line must not grow faster than it is worked off.
    void queue_chores(std::uint64_t scope) {
        if (scopes_in_line_.insert(scope).second) {
            chores_.push_back(scope);
        }
    }
    /// What asked while no new hold may start may have found nothing for that reason alone.
    void ask_again_when_selling(std::uint64_t scope, const Moment& moment) {
        if (moment.selling == Selling::stopped) {
            waiting_for_sale_.insert(scope);
        }
    }
    void sale_goes_on() {
        for (const std::uint64_t scope : waiting_for_sale_) {
            queue_chores(scope);
        }
        waiting_for_sale_.clear();
    }
    void chores_found_none() {
        scopes_in_line_.erase(chores_.front());
        chores_.pop_front();
    }

    void do_chores(const Moment& moment) {
        for (std::size_t step = 0; step < limits::chore_steps_per_turn_max && !chores_.empty();
             ++step) {
            const std::uint64_t scope = chores_.front();
            const auto placed = placement_.find(scope);
            if (placed == placement_.end()) {
                chores_found_none();
                continue;
            }
            Shard<Machine>& shard = *shards_[placed->second.raw()];
            const auto command = shard.machine().chore(scope, moment.now, moment.selling);
            if (!command) {
                chores_found_none();
                ask_again_when_selling(scope, moment);
                continue;
            }
            if (!has_room(*command)) {
                return;
            }
            static_cast<void>(execute_on(shard, *command, std::nullopt, moment));
        }
    }

    /// A scope that no shard has: it may have been closed a moment ago, on any of them, so that
    /// "unknown" rests on everything.
    [[nodiscard]] bool is_nowhere(const Route& route) const {
        return route.by == Route::By::scope && !placement_.contains(route.value);
    }
    /// The shard with the fewest scopes, the first of equals.
    [[nodiscard]] ShardIndex emptiest() const {
        std::size_t best = 0;
        for (std::size_t index = 1; index < shards_.size(); ++index) {
            if (shards_[index]->scope_count() < shards_[best]->scope_count()) {
                best = index;
            }
        }
        return ShardIndex{static_cast<std::uint16_t>(best)};
    }
    void place(std::uint64_t scope, ShardIndex shard) {
        if (scope != 0 && shards_[shard.raw()]->machine().knows_scope(scope)) {
            placement_.try_emplace(scope, shard);
        }
    }
    void remove_signature(const Shard<Machine>& shard) {
        signature_.take_out(shard.signature().raw());
    }
    void add_signature(const Shard<Machine>& shard) { signature_.put_in(shard.signature().raw()); }

    std::vector<std::unique_ptr<Shard<Machine>>> shards_;
    boost::unordered_flat_map<std::uint64_t, ShardIndex> placement_;
    Signature signature_;
    CommitNumber last_applied_;
    Instant last_time_;

    Journal* journal_ = nullptr;
    std::optional<OpenCommit> commit_;
    CommitNumber submitted_;
    Deadlines deadlines_;
    std::uint64_t events_ = 0;
    std::deque<std::uint64_t> chores_;
    boost::unordered_flat_set<std::uint64_t> scopes_in_line_;
    boost::unordered_flat_set<std::uint64_t> waiting_for_sale_;
    Instant grace_over_;
    bool grace_released_ = false;
};

}  // namespace stampede::engine
