// SPDX-License-Identifier: Apache-2.0
// A simulated world on virtual time: the real loop code, doors' byte level, engine and rules, over
// a simulated event loop and a model journal. Campaigns of all plays run in it at once, on one
// shard or on several. Buyers and the mall act by chance, replies are split, connections vanish,
// clocks are set, the disk is slow, and the process dies between any two steps; it comes up from
// the journal or from a checkpoint. Every answer that reaches a client is checked against the
// journal, and every durable event against those before it; then faults stop and all must come to
// rest.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace stampede::tests {

/// What a run did.
struct SimulationReport {
    std::uint64_t seed = 0;
    std::uint64_t commands = 0;
    std::uint64_t answers = 0;
    std::uint64_t crashes = 0;
    std::uint64_t events = 0;
    std::uint64_t confirmed = 0;
    std::map<std::string, std::uint64_t> events_by_name;
    std::map<std::string, std::uint64_t> codes;  // that buyers heard
    /// Of every answer and every durable commit, in order: two runs of a seed have the same.
    std::uint64_t trace = 0;
    /// What broke, in a sentence; empty for a good run.
    std::optional<std::string> broken;
};

/// Runs `seed` for at least `commands` commands of buyers and mall.
[[nodiscard]] SimulationReport simulate(std::uint64_t seed, std::uint64_t commands);

}  // namespace stampede::tests
