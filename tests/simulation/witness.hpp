// SPDX-License-Identifier: Apache-2.0
// What the journal alone says, read event by event as commits become durable: how far each shard
// has come, and how many units were available after each event. Small and obvious on purpose; it
// shares nothing with the rules but the events' bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
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
    /// Units that a buyer holds or has bought and not given back.
    [[nodiscard]] std::int64_t units_of(BuyerId buyer) const {
        const auto found = units_.find(buyer);
        return found == units_.end() ? 0 : found->second;
    }
    [[nodiscard]] std::int64_t most_units_ever() const { return most_units_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::uint64_t confirmed_orders() const { return confirmed_; }

    /// Orders that came out of a waitlist, since the last call.
    [[nodiscard]] std::vector<OrderId> take_promoted() { return std::exchange(promoted_, {}); }

  private:
    struct Sample {
        CommitNumber commit;
        std::int64_t available = 0;
    };
    void count(const campaigns::Event& event);
    void move(std::uint16_t item, std::int64_t units) { available_[item] += units; }
    void take(OrderId order, std::int64_t units) {
        std::int64_t& has = units_[owner_[order]];
        has += units;
        most_units_ = std::max(most_units_, has);
    }

    CommitNumber durable_;
    std::map<ShardIndex, Sequence> sequences_;
    std::map<std::uint16_t, std::int64_t> available_;
    std::map<std::uint16_t, std::vector<Sample>> history_;
    std::map<OrderId, std::vector<campaigns::HeldLine>> lines_;
    std::map<OrderId, BuyerId> owner_;
    std::map<BuyerId, std::int64_t> units_;
    std::int64_t most_units_ = 0;
    std::uint64_t events_ = 0;
    std::uint64_t confirmed_ = 0;
    std::vector<OrderId> promoted_;
};

}  // namespace stampede::tests
