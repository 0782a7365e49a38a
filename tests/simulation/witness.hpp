// SPDX-License-Identifier: Apache-2.0
// What the journal alone says, read event by event as commits become durable: how far each shard
// has come, and how many units were available after each event. Small and obvious on purpose; it
// shares nothing with the rules but the events' bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "campaigns/campaign_machine.hpp"
#include "engine/frame.hpp"
#include "engine/journal.hpp"

namespace stampede::tests {

class JournalWitness {
  public:
    /// A commit has become durable. Empty, or what is wrong with it.
    [[nodiscard]] std::optional<std::string> see(const engine::Commit& commit);

    [[nodiscard]] CommitNumber durable() const { return durable_; }
    [[nodiscard]] bool has(ShardIndex shard, Sequence sequence) const {
        const auto found = sequences_.find(shard);
        return found != sequences_.end() && sequence <= found->second;
    }
    /// Whether some instant from `since` (the newest durable commit then) on had no unit available.
    [[nodiscard]] bool was_sold_out_since(CommitNumber since, std::uint16_t item) const;
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::uint64_t confirmed_orders() const { return confirmed_; }

  private:
    struct Sample {
        CommitNumber commit;
        std::int64_t available = 0;
    };
    void count(const campaigns::Event& event);
    void move(std::uint16_t item, std::int64_t units) { available_[item] += units; }

    CommitNumber durable_;
    std::map<ShardIndex, Sequence> sequences_;
    std::map<std::uint16_t, std::int64_t> available_;
    std::map<std::uint16_t, std::vector<Sample>> history_;
    std::map<OrderId, std::vector<campaigns::HeldLine>> lines_;
    std::uint64_t events_ = 0;
    std::uint64_t confirmed_ = 0;
};

}  // namespace stampede::tests
