// SPDX-License-Identifier: Apache-2.0
// The smallest state machine that the engine runs: counters that go up to a limit. Each scope is a
// counter; adding past the limit is refused, and a counter forgets itself by a deadline.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/state_machine.hpp"

namespace stampede::tests {

struct CounterMachine {
    static constexpr std::int64_t limit = 10;
    static constexpr Duration lifetime = Duration::seconds(60);

    struct Command {
        std::uint64_t counter = 0;
        std::int64_t add = 0;
        bool forget = false;
    };
    struct Event {
        std::int64_t add = 0;
        bool forgotten = false;
    };
    struct Answer {
        std::int64_t value = -1;  // -1: refused
        bool replayed = false;
        bool key_reused = false;
    };

    [[nodiscard]] Answer decide(const Command& command, const Context& /*context*/,
                                std::vector<Event>& events) const {
        const std::int64_t now = value_of(command.counter);
        if (command.forget) {
            events.push_back({.add = 0, .forgotten = true});
            return {.value = 0};
        }
        if (now + command.add > limit) {
            return {};
        }
        events.push_back({.add = command.add});
        return {.value = now + command.add};
    }
    void evolve(const Event& event, const Stamp& stamp, Effects& effects) {
        signature_sum.take_out(digest(stamp.scope));
        if (event.forgotten) {
            counters.erase(stamp.scope);
            effects.scope_closed(stamp.scope);
            return;
        }
        if (!counters.contains(stamp.scope)) {
            effects.arm(Deadline{.at = stamp.at + lifetime, .scope = stamp.scope}, lifetime,
                        Grace::after_restart);
        }
        counters[stamp.scope] += event.add;
        if (counters[stamp.scope] < 0) {
            effects.needs_chores(stamp.scope);
        }
        signature_sum.put_in(digest(stamp.scope));
    }

    static Route route_of(const Command& command) {
        return {Route::By::new_scope, command.counter};
    }
    [[nodiscard]] std::uint64_t scope_of(const Command& command) const { return command.counter; }
    [[nodiscard]] std::uint64_t scope_of_id(std::uint64_t id) const { return id; }
    [[nodiscard]] bool knows_scope(std::uint64_t scope) const { return counters.contains(scope); }
    template <class Visit>
    void for_each_scope(Visit&& visit) const {
        for (const auto& [scope, value] : counters) {
            visit(scope);
        }
    }
    static std::size_t event_bytes_bound(const Command& /*command*/) { return 128; }
    static std::uint8_t play_of(const Event& /*event*/) { return 1; }
    static std::uint8_t kind_of(const Event& event) { return event.forgotten ? 2 : 1; }
    static std::uint64_t subject_of(const Event& event) {
        return static_cast<std::uint64_t>(event.add);
    }
    static void encode(const Event& event, ByteWriter& out) { out.put(event.add); }
    static std::optional<Event> decode(const engine::Frame& frame) {
        ByteReader in(frame.payload);
        const Event event{.add = in.get<std::int64_t>(), .forgotten = frame.kind == 2};
        return in.failed() || in.left() > 0 || frame.kind > 2 ? std::nullopt : std::optional{event};
    }
    [[nodiscard]] Answer recall(std::uint64_t /*scope*/, const engine::Recollection& known) const {
        return {.value = static_cast<std::int64_t>(known.subject), .replayed = true};
    }
    static bool is_remembered(const Answer& answer) { return answer.value != -1; }
    static std::size_t event_behind(const Answer& /*answer*/, const Context& /*context*/) {
        return 0;
    }
    static Answer key_reused() { return {.key_reused = true}; }
    [[nodiscard]] std::optional<Command> due(const Deadline& deadline) const {
        return Command{.counter = deadline.scope, .forget = true};
    }
    [[nodiscard]] std::size_t records_behind(const Deadline& /*deadline*/) const { return 0; }
    /// Mass work: a counter below 0 is brought back up, one at a time.
    [[nodiscard]] std::optional<Command> chore(std::uint64_t scope, Instant /*now*/,
                                               Selling /*selling*/) const {
        return value_of(scope) < 0 ? std::optional{Command{.counter = scope, .add = 1}}
                                   : std::nullopt;
    }
    void rearm(Effects& effects) const {
        for (const auto& [scope, value] : counters) {
            effects.arm(Deadline{.at = Instant{0}, .scope = scope}, lifetime, Grace::after_restart);
        }
    }
    void prefetch(std::uint64_t /*scope*/, std::uint64_t /*owner*/) const {}
    [[nodiscard]] std::size_t requests_expected(std::uint64_t /*scope*/) const { return 64; }
    [[nodiscard]] static StateLayout state_layout() { return StateLayout{3}; }
    [[nodiscard]] Signature signature() const { return signature_sum; }
    [[nodiscard]] std::optional<std::string> check_invariants() const {
        for (const auto& [scope, value] : counters) {
            if (value > limit) {
                return "counter " + std::to_string(scope) + " is above its limit";
            }
        }
        return std::nullopt;
    }
    void save(engine::CheckpointSink& sink) const {
        for (const auto& [scope, value] : counters) {
            std::array<std::byte, 16> bytes;
            ByteWriter out(bytes);
            out.put(scope);
            out.put(value);
            sink.put(out.written());
        }
    }
    bool load(std::span<const std::byte> record) {
        ByteReader in(record);
        const auto scope = in.get<std::uint64_t>();
        counters[scope] = in.get<std::int64_t>();
        signature_sum.put_in(digest(scope));
        return !in.failed();
    }

    [[nodiscard]] std::int64_t value_of(std::uint64_t scope) const {
        const auto found = counters.find(scope);
        return found == counters.end() ? 0 : found->second;
    }
    [[nodiscard]] std::uint64_t digest(std::uint64_t scope) const {
        if (!counters.contains(scope)) {
            return 0;
        }
        const std::uint64_t words[] = {scope, static_cast<std::uint64_t>(value_of(scope))};
        return record_digest(1, std::as_bytes(std::span{words}));
    }

    std::map<std::uint64_t, std::int64_t> counters;
    Signature signature_sum;
};
static_assert(engine::StateMachine<CounterMachine>);

}  // namespace stampede::tests
