// SPDX-License-Identifier: Apache-2.0
// What a shard runs. The engine knows no play: a state machine says what may happen (decide), what
// then is true (evolve), and how its events look as bytes. tests/support/counter_machine.hpp is one
// in a few lines.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/frame.hpp"
#include "engine/replayable.hpp"
#include "engine/vocabulary/decision.hpp"
#include "engine/vocabulary/signature.hpp"

namespace stampede::engine {

/// What the ledger keeps of an answered request: enough for the machine to say it again.
struct Recollection {
    ShardIndex shard;
    std::uint8_t play = 0;
    std::uint8_t kind = 0;
    std::uint64_t subject = 0;  // what the event was about, in the machine's own terms
    Sequence sequence;
    Instant at;
};

/// Events of one decision with the bytes that they may take at most.
template <class Event>
using Events = std::vector<Event>;

template <class Machine>
concept StateMachine =
    requires(Machine machine, const Machine constant, const typename Machine::Command& command,
             const typename Machine::Event& event, Events<typename Machine::Event>& events,
             const Context& context, const Stamp& stamp, Effects& effects, const Frame& frame,
             ByteWriter& writer, const Deadline& deadline, const Recollection& recollection,
             CheckpointSink& sink, std::span<const std::byte> record) {
        /// Pure. Appends at most limits::events_per_decision_max events, or refuses in the answer.
        { constant.decide(command, context, events) } -> std::same_as<typename Machine::Answer>;
        /// Total: it never refuses what decide() made.
        machine.evolve(event, stamp, effects);

        { Machine::route_of(command) } -> std::same_as<Route>;
        /// The scope on this shard that the command is about; 0 for none.
        { constant.scope_of(command) } -> std::same_as<std::uint64_t>;
        /// The scope that an id belongs to; 0 when the id is unknown.
        { constant.scope_of_id(std::uint64_t{}) } -> std::same_as<std::uint64_t>;
        { constant.knows_scope(std::uint64_t{}) } -> std::same_as<bool>;
        /// Upper bound of the bytes of all events that the command can make, envelopes included.
        { Machine::event_bytes_bound(command) } -> std::same_as<std::size_t>;

        { Machine::play_of(event) } -> std::same_as<std::uint8_t>;
        { Machine::kind_of(event) } -> std::same_as<std::uint8_t>;
        { Machine::subject_of(event) } -> std::same_as<std::uint64_t>;
        Machine::encode(event, writer);
        { Machine::decode(frame) } -> std::same_as<std::optional<typename Machine::Event>>;

        /// Whether a request that got this answer is remembered under its key. Refusals are not,
        /// even those that wrote something down on the way: they are judged anew.
        { Machine::is_remembered(constant.decide(command, context, events)) } -> std::same_as<bool>;
        /// Which of the decision's events, counted from 0, made that answer: the request is
        /// remembered with it.
        {
            Machine::event_behind(constant.decide(command, context, events), context)
        } -> std::same_as<std::size_t>;
        /// The answer to a request whose key is known, and to one whose key has another body.
        {
            constant.recall(std::uint64_t{}, recollection)
        } -> std::same_as<typename Machine::Answer>;
        { Machine::key_reused() } -> std::same_as<typename Machine::Answer>;

        /// A request of this owner in this scope is about to be decided or replayed: whatever of
        /// it lies far away in memory may be brought near. Changes nothing.
        constant.prefetch(std::uint64_t{}, std::uint64_t{});

        /// The command that a deadline that fired stands for; none when it has lapsed meanwhile.
        { constant.due(deadline) } -> std::same_as<std::optional<typename Machine::Command>>;
        /// How many records the deadline reads or changes beyond one: at most
        /// limits::records_per_event_max, and right to a few, for the turn's budget.
        { constant.records_behind(deadline) } -> std::same_as<std::size_t>;
        /// The next budgeted step of mass work in a scope; none when it is done, or when what is
        /// left waits for selling to go on: the engine asks again then.
        {
            constant.chore(std::uint64_t{}, Instant{}, Selling{})
        } -> std::same_as<std::optional<typename Machine::Command>>;
        /// Arms everything that the recovered state waits for.
        constant.rearm(effects);
        /// About how many requests a scope will remember, for sizing.
        { constant.requests_expected(std::uint64_t{}) } -> std::same_as<std::size_t>;

        { constant.signature() } -> std::same_as<Signature>;
        /// How the records under the signature lie: another number after any change of them.
        { Machine::state_layout() } -> std::same_as<StateLayout>;
        /// Empty when every invariant holds, else the first that does not, in words.
        { constant.check_invariants() } -> std::same_as<std::optional<std::string>>;
        constant.save(sink);
        /// One record that save() put; false when it is not one.
        { machine.load(record) } -> std::same_as<bool>;
    };

}  // namespace stampede::engine
