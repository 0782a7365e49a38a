// SPDX-License-Identifier: Apache-2.0
// A shard runs one state machine: it owns the machine's sequence, ids and request ledgers, and it
// turns a command into an answer, events and the commit that the answer rests on. It owns no
// thread: whoever owns the shard set calls it, one call at a time.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/id_source.hpp"
#include "engine/open_commit.hpp"
#include "engine/request_ledger.hpp"
#include "engine/state_machine.hpp"

namespace stampede::engine {

template <class Answer>
struct Outcome {
    Answer answer;
    /// The answer may leave once this commit is durable: it covers all that it could have seen.
    CommitNumber rests_on;
};

/// What the caller knows about the moment of a command.
struct Moment {
    Instant now;
    std::uint64_t random = 0;
    Selling selling = Selling::open;
};

template <StateMachine Machine>
class Shard {
  public:
    using Command = typename Machine::Command;
    using Event = typename Machine::Event;
    using Answer = typename Machine::Answer;

    explicit Shard(ShardIndex index) : index_(index), ids_(index) {}

    /// Ledger, decide, evolve, append: everything that one command does. The open commit has room
    /// for Machine::event_bytes_bound(command).
    [[nodiscard]] Outcome<Answer> execute(const Command& command,
                                          const std::optional<RequestIdentity>& request,
                                          const Moment& moment, OpenCommit& commit,
                                          Effects& effects) {
        const std::uint64_t scope_id = machine_.scope_of(command);
        const Scope* scope = find_scope(scope_id);
        if (request && scope != nullptr) {
            machine_.prefetch(scope_id, request->owner);
            if (const auto* known = scope->ledger.find(*request)) {
                return {repeat(scope_id, *known, *request), scope->last_commit};
            }
        }
        const Context context{.now = moment.now,
                              .shard = index_,
                              .next_sequence = sequence_.next(),
                              .next_id = ids_.peek(moment.now),
                              .id_after = &IdSource::after,
                              .random = moment.random,
                              .selling = moment.selling,
                              .remembered = request ? Remembered::yes : Remembered::no};
        events_.clear();
        Outcome<Answer> outcome{machine_.decide(command, context, events_), last_commit_};
        check(events_.size() <= limits::events_per_decision_max, "a decision with too many events");
        if (events_.empty()) {
            // What is unknown may have been known in a commit that is not durable yet, so only a
            // scope that exists narrows what the answer rests on; scope 0 is no such.
            if (scope != nullptr && scope_id != 0) {
                outcome.rests_on = scope->last_commit;
            }
            return outcome;
        }
        const bool is_remembered = Machine::is_remembered(outcome.answer);
        const std::size_t told = Machine::event_behind(outcome.answer, context);
        check(told < events_.size(), "an answer that none of its events made");
        for (std::size_t at = 0; at < events_.size(); ++at) {
            record(events_[at], scope_id, at == told && is_remembered ? request : std::nullopt,
                   moment.now, commit, effects);
        }
        outcome.rests_on = commit.number();
        return outcome;
    }

    /// The frame is about to be replayed. In a sale nearly every request is of a buyer not seen for
    /// long, if ever, and waiting for memory would be most of a purchase.
    void prefetch(const Frame& frame) const {
        const auto found = scopes_.find(frame.scope);
        if (frame.request && found != scopes_.end()) {
            machine_.prefetch(frame.scope, frame.request->owner);
            found->second->ledger.prefetch(*frame.request);
        }
    }

    /// Replays one frame of a durable commit. The caller keeps the commit number.
    [[nodiscard]] Result<> apply(const Frame& frame, CommitNumber commit, Effects& effects) {
        if (frame.sequence != sequence_.next()) {
            return fault("shard " + std::to_string(index_.raw()) + " expects sequence " +
                         std::to_string(sequence_.next().raw()) + " but finds " +
                         std::to_string(frame.sequence.raw()));
        }
        const auto event = Machine::decode(frame);
        if (!event) {
            return fault("shard " + std::to_string(index_.raw()) + ", sequence " +
                         std::to_string(frame.sequence.raw()) + ": event " +
                         std::to_string(frame.play) + "." + std::to_string(frame.kind) +
                         " cannot be decoded");
        }
        evolve(*event, frame.scope, frame.request, frame.at, commit, effects);
        return {};
    }

    [[nodiscard]] const Machine& machine() const { return machine_; }
    [[nodiscard]] Machine& machine() { return machine_; }
    [[nodiscard]] ShardIndex index() const { return index_; }
    [[nodiscard]] Sequence sequence() const { return sequence_; }
    [[nodiscard]] Signature signature() const {
        Signature sum = machine_.signature();
        sum.put_in(ledger_signature_.raw());
        return sum;
    }
    [[nodiscard]] bool untouched() const { return sequence_.raw() == 0; }
    [[nodiscard]] std::size_t scope_count() const { return scopes_.size(); }

    /// The newest commit that anything in `scope` rests on; the whole shard's for an unknown one.
    /// Scope 0 is no such: what is looked for there may have been known a moment ago.
    [[nodiscard]] CommitNumber rests_on(std::uint64_t scope_id) const {
        const auto found = scopes_.find(scope_id);
        return found == scopes_.end() || scope_id == 0 ? last_commit_ : found->second->last_commit;
    }

    /// Drops what was remembered for a scope that has left memory.
    void close_scope(std::uint64_t scope_id) {
        const auto found = scopes_.find(scope_id);
        if (found == scopes_.end()) {
            return;
        }
        ledger_signature_.take_out(found->second->ledger.signature().raw());
        scopes_.erase(found);
    }

    void save(CheckpointSink& sink) const;
    [[nodiscard]] bool load(std::span<const std::byte> record);

  private:
    struct Scope {
        explicit Scope(std::size_t requests_expected) : ledger(requests_expected) {}
        RequestLedger ledger;
        CommitNumber last_commit;
    };

    [[nodiscard]] Scope* find_scope(std::uint64_t scope_id) {
        const auto found = scopes_.find(scope_id);
        return found == scopes_.end() ? nullptr : found->second.get();
    }
    [[nodiscard]] Scope& scope(std::uint64_t scope_id) {
        auto& slot = scopes_[scope_id];
        if (!slot) {
            slot = std::make_unique<Scope>(machine_.requests_expected(scope_id));
        }
        return *slot;
    }

    [[nodiscard]] Answer repeat(std::uint64_t scope_id, const RequestLedger::Entry& known,
                                const RequestIdentity& request) const {
        if (known.body_digest != request.body_digest) {
            return Machine::key_reused();
        }
        return machine_.recall(scope_id, Recollection{.shard = index_,
                                                      .play = known.play,
                                                      .kind = known.kind,
                                                      .subject = known.subject,
                                                      .sequence = known.sequence,
                                                      .at = known.at});
    }

    void record(const Event& event, std::uint64_t scope_id,
                const std::optional<RequestIdentity>& request, Instant now, OpenCommit& commit,
                Effects& effects) {
        const Frame envelope{.shard = index_,
                             .play = Machine::play_of(event),
                             .kind = Machine::kind_of(event),
                             .sequence = sequence_.next(),
                             .at = now,
                             .scope = scope_id,
                             .request = request,
                             .payload = {}};
        commit.append(envelope, [&](ByteWriter& out) { Machine::encode(event, out); });
        evolve(event, scope_id, request, now, commit.number(), effects);
    }

    /// One event takes hold: the same steps live and in replay.
    void evolve(const Event& event, std::uint64_t scope_id,
                const std::optional<RequestIdentity>& request, Instant at, CommitNumber commit,
                Effects& effects) {
        sequence_ = sequence_.next();
        last_commit_ = commit;
        OwnEffects own(*this, effects);
        machine_.evolve(
            event, Stamp{.shard = index_, .sequence = sequence_, .at = at, .scope = scope_id}, own);
        if (own.closed) {
            close_scope(scope_id);
            return;
        }
        Scope& owner = scope(scope_id);
        owner.last_commit = commit;
        if (request) {
            ledger_signature_.put_in(
                owner.ledger.remember(*request, Recollection{.shard = index_,
                                                             .play = Machine::play_of(event),
                                                             .kind = Machine::kind_of(event),
                                                             .subject = Machine::subject_of(event),
                                                             .sequence = sequence_,
                                                             .at = at}));
        }
    }

    /// The shard keeps what is its own (ids, scopes) and passes the rest on.
    class OwnEffects final : public Effects {
      public:
        OwnEffects(Shard& shard, Effects& outer) : shard_(shard), outer_(outer) {}
        void arm(const Deadline& deadline, Duration span, Grace grace) override {
            outer_.arm(deadline, span, grace);
        }
        void needs_chores(std::uint64_t scope) override { outer_.needs_chores(scope); }
        void id_used(std::uint64_t id) override { shard_.ids_.used(id); }
        void scope_closed(std::uint64_t scope) override {
            closed = true;
            outer_.scope_closed(scope);
        }
        bool closed = false;

      private:
        Shard& shard_;
        Effects& outer_;
    };

    ShardIndex index_;
    Machine machine_;
    Sequence sequence_;
    IdSource ids_;
    CommitNumber last_commit_;
    Signature ledger_signature_;
    boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Scope>> scopes_;
    Events<Event> events_;
};

}  // namespace stampede::engine

#include "engine/shard_checkpoint.hpp"
