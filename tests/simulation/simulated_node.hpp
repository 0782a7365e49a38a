// SPDX-License-Identifier: Apache-2.0
// The simulated server process: everything that a crash takes away. It comes up as the real one
// does, from the whole journal or from a checkpoint and what came after it.
#pragma once

#include <optional>
#include <vector>

#include "net/http_server.hpp"
#include "net/sale_loop.hpp"
#include "tests/simulation/simulated_loop.hpp"
#include "tests/support/checkpoint_in_memory.hpp"
#include "tests/support/model_journal.hpp"

namespace stampede::tests {

inline constexpr Duration restart_grace = Duration::seconds(5);

/// The state as some durable commit left it.
struct Checkpoint {
    CommitNumber number;
    CheckpointInMemory records;
};

struct SimulatedNode {
    /// `checkpoint`: null to replay everything.
    SimulatedNode(Checkpoint* checkpoint, const std::vector<ModelJournal::Kept>& recovered,
                  const engine::TimeSource& time, Chance& chance)
        : loop(chance) {
        if (checkpoint != nullptr) {
            checkpoint->records.rewind();
            check(shards.load(checkpoint->records).has_value(), "recovery refuses a checkpoint");
        }
        for (const auto& kept : recovered) {
            if (checkpoint == nullptr || kept.number > checkpoint->number) {
                check(shards.apply(kept.commit()).has_value(), "recovery refuses what was durable");
            }
        }
        journal.start_after(recovered);
        clock.emplace(time, shards.last_time());
        gateway.emplace([this] { loop.wake(); }, [] {});
        net::SaleLoopOptions options;
        options.trust = net::TrustHeaders::from_everybody;
        options.recovery_grace = restart_grace;
        options.random_seed = chance.bits() | 1U;
        sale.emplace(shards, journal, *clock, loop, *gateway, counters, recorder, options);
        net::HttpServerOptions door_options;
        door_options.connections_max = 64;
        door.emplace(loop, *sale, door_options);
        sale->serve_through(*door);
        started_at = clock->last();
        last_look_at = started_at;
    }

    ModelJournal journal;
    net::Shards shards;
    std::optional<engine::JournalClock> clock;
    SimulatedLoop loop;
    std::optional<net::LoopGateway> gateway;
    net::ServerCounters counters;
    engine::FlightRecorder recorder{1024};
    std::optional<net::SaleLoop> sale;
    std::optional<net::HttpServer> door;
    Instant started_at;
    Instant last_look_at;  // for what its time has forgotten
};

}  // namespace stampede::tests
