// SPDX-License-Identifier: Apache-2.0
// What the journal alone says, read event by event as commits become durable: how far each shard
// has come, what became of each campaign's orders, stock and records, and which rows the mall has.
// Small and obvious on purpose; it shares nothing with the rules but the events.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaigns/campaign_machine.hpp"
#include "engine/frame.hpp"
#include "engine/journal.hpp"
#include "tests/simulation/journal_orders.hpp"
#include "tests/simulation/mall_rows.hpp"
#include "tests/simulation/simulated_play.hpp"

namespace stampede::tests {

/// One campaign of the simulated world, and what the journal says of it.
struct SimulatedCampaign {
    SimulatedCampaign(CampaignId own_id, const PlayMaker& maker)
        : id(own_id), play_of(maker.play), play(maker.make(orders)) {}
    SimulatedCampaign(const SimulatedCampaign&) = delete;
    SimulatedCampaign& operator=(const SimulatedCampaign&) = delete;

    CampaignId id;
    campaigns::Play play_of;
    JournalOrders orders;
    std::unique_ptr<SimulatedPlay> play;
    std::uint32_t version = 1;
    campaigns::CampaignState state = campaigns::CampaignState::draft;
    History<campaigns::CampaignState> states;

    [[nodiscard]] bool has_begun() const;
    [[nodiscard]] bool is_over() const;
};

class JournalWitness {
  public:
    SimulatedCampaign& add(CampaignId id, const PlayMaker& maker) {
        return *campaigns_.emplace_back(std::make_unique<SimulatedCampaign>(id, maker));
    }
    /// A commit has become durable. Empty, or what is wrong with it.
    [[nodiscard]] std::optional<std::string> see(const engine::Commit& commit);

    [[nodiscard]] CommitNumber durable() const { return durable_; }
    [[nodiscard]] bool has(ShardIndex shard, Sequence sequence) const {
        const auto found = sequences_.find(shard);
        return found != sequences_.end() && sequence <= found->second;
    }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] const std::vector<std::unique_ptr<SimulatedCampaign>>& campaigns() const {
        return campaigns_;
    }
    [[nodiscard]] const MallRows& mall() const { return mall_; }
    /// Events by their names, as the journal's text has them.
    [[nodiscard]] const std::map<std::string_view, std::uint64_t>& events_by_name() const {
        return by_name_;
    }

    /// What differs between the engine's state and what the journal said; both at the same commit.
    [[nodiscard]] static std::optional<std::string> difference(const SimulatedCampaign& seen,
                                                               const campaigns::Campaign& is);

  private:
    void take(SimulatedCampaign& campaign, const campaigns::Event& event, const Seen& seen);
    void take_campaign_event(SimulatedCampaign& campaign, const campaigns::CampaignEvent& event,
                             const Seen& seen);
    static void take_order_event(SimulatedCampaign& campaign, const campaigns::OrderEvent& event,
                                 const Seen& seen);
    [[nodiscard]] SimulatedCampaign* find(std::uint64_t scope);

    CommitNumber durable_;
    std::map<ShardIndex, Sequence> sequences_;
    std::vector<std::unique_ptr<SimulatedCampaign>> campaigns_;
    MallRows mall_;
    std::uint64_t events_ = 0;
    std::map<std::string_view, std::uint64_t> by_name_;
};

}  // namespace stampede::tests
