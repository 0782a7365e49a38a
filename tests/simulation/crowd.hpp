// SPDX-License-Identifier: Apache-2.0
// The buyers of a simulated sale: each has a connection at times, one request under way, and a
// memory of every key it ever sent and of the first answer to it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/simulated_node.hpp"
#include "tests/simulation/witness.hpp"

namespace stampede::tests {

struct SimulatedBuyer {
    BuyerId id;
    std::optional<net::ConnectionId> connection;
    std::string received;
    std::optional<Asked> waiting;
    std::map<std::uint64_t, Asked> known;  // by key: every request ever sent
    std::map<std::uint64_t, Told> told;    // by key: the first answer that accepted it

    void hang_up();
    /// What was said last is sent, whole, under the same key.
    void send(SimulatedNode& node, CampaignId campaign);
    /// The next whole answer, if it has come; its body.
    [[nodiscard]] std::optional<std::string> next_answer(SimulatedNode& node);
    /// Empty, or in what the answer to a key differs from the first one.
    [[nodiscard]] std::optional<std::string> differs_from_first(const Asked& asked,
                                                                const Told& now);
};

/// What every play's answers must agree with: the journal as far as it is durable.
[[nodiscard]] std::optional<std::string> common_contradiction(const JournalWitness& witness,
                                                              const SimulatedCampaign& campaign,
                                                              BuyerId buyer, const Asked& asked,
                                                              const Told& told);

}  // namespace stampede::tests
