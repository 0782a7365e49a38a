// SPDX-License-Identifier: Apache-2.0
// All campaigns of one shard as the state machine that the engine runs (engine/state_machine.hpp
// names what it asks for; nothing here includes it). It finds the campaign that a command is about
// and hands over; a play's rule is in the play's own file.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "campaigns/answer.hpp"
#include "campaigns/campaign.hpp"
#include "campaigns/command.hpp"
#include "campaigns/event.hpp"
#include "campaigns/event_codec.hpp"
#include "campaigns/state_layout.hpp"
#include "engine/vocabulary/decision.hpp"

namespace stampede::campaigns {

class CampaignMachine {
  public:
    using Command = campaigns::Command;
    using Event = campaigns::Event;
    using Answer = campaigns::Answer;

    // The four verbs
    // -------------------------------------------------------------------------------
    [[nodiscard]] Answer decide(const Command& command, const Context& context,
                                std::vector<Event>& events) const;
    void evolve(const Event& event, const Stamp& stamp, Effects& effects);
    [[nodiscard]] std::optional<std::string> check_invariants() const;
    [[nodiscard]] static StateLayout state_layout() { return campaigns::state_layout; }
    [[nodiscard]] Signature signature() const { return signature_; }

    // Routing
    // ---------------------------------------------------------------------------------------
    [[nodiscard]] static Route route_of(const Command& command);
    /// The campaign a command is about, 0 for none.
    [[nodiscard]] std::uint64_t scope_of(const Command& command) const;
    [[nodiscard]] std::uint64_t scope_of_id(std::uint64_t order_id) const;
    [[nodiscard]] bool knows_scope(std::uint64_t scope) const;
    template <class Visit>
    void for_each_scope(Visit&& visit) const {
        for (const auto& [id, campaign] : campaigns_) {
            visit(id.raw());
        }
    }

    // Events as bytes
    // ---------------------------------------------------------------------------------
    [[nodiscard]] static std::size_t event_bytes_bound(const Command& command);
    [[nodiscard]] static std::uint8_t play_of(const Event& event) {
        return static_cast<std::uint8_t>(number_of(event).family);
    }
    [[nodiscard]] static std::uint8_t kind_of(const Event& event) { return number_of(event).kind; }
    [[nodiscard]] static std::uint64_t subject_of(const Event& event);
    static void encode(const Event& event, ByteWriter& out) { campaigns::encode(event, out); }
    template <class Frame>
    [[nodiscard]] static std::optional<Event> decode(const Frame& frame) {
        return decode_event(EventNumber{static_cast<Family>(frame.play), frame.kind},
                            frame.payload);
    }

    // Known requests
    // ------------------------------------------------------------------------------------
    /// False for refusals: they are judged anew, also where they wrote down that money fits no
    /// order, or that a kill had released a hold.
    [[nodiscard]] static bool is_remembered(const Answer& answer);
    [[nodiscard]] static std::size_t event_behind(const Answer& answer, const Context& context) {
        const Sequence told = answer.receipt.sequence;
        return told > context.next_sequence ? told.raw() - context.next_sequence.raw() : 0;
    }
    template <class Recollection>
    [[nodiscard]] Answer recall(std::uint64_t scope, const Recollection& known) const {
        Answer answer =
            recall(scope, EventNumber{static_cast<Family>(known.play), known.kind}, known.subject,
                   Receipt{.shard = known.shard, .epoch = Epoch{1}, .sequence = known.sequence});
        answer.server_time = known.at;
        return answer;
    }
    [[nodiscard]] static Answer key_reused();
    [[nodiscard]] std::size_t requests_expected(std::uint64_t scope) const;
    /// On the buyers' door the owner of a request is its buyer.
    void prefetch(std::uint64_t scope, std::uint64_t owner) const {
        if (const Campaign* campaign = find(CampaignId{scope})) {
            campaign->book().prefetch_buyer(BuyerId{owner});
        }
    }

    // Time and mass work
    // ----------------------------------------------------------------------------------
    [[nodiscard]] std::optional<Command> due(const Deadline& deadline) const;
    /// Of a deadline that is due: how many records go with the one that it names.
    [[nodiscard]] std::size_t records_behind(const Deadline& deadline) const;
    [[nodiscard]] std::optional<Command> chore(std::uint64_t scope, Instant now,
                                               Selling selling) const;
    void rearm(Effects& effects) const;

    // Checkpoints
    // -----------------------------------------------------------------------------------------
    template <class Sink>
    void save(Sink& sink) const {
        save_records([&](std::span<const std::byte> record) { sink.put(record); });
    }
    [[nodiscard]] bool load(std::span<const std::byte> record);

    // Reading
    // ---------------------------------------------------------------------------------------------
    [[nodiscard]] const Campaign* find(CampaignId id) const;
    /// The campaign that an order belongs to; null when the order is unknown.
    [[nodiscard]] const Campaign* find_by_order(OrderId order) const;
    /// In order of their ids.
    template <class Visit>
    void for_each_campaign(Visit&& visit) const {
        for (const auto& [id, campaign] : campaigns_) {
            visit(*campaign);
        }
    }
    [[nodiscard]] std::size_t campaign_count() const { return campaigns_.size(); }

  private:
    [[nodiscard]] Answer recall(std::uint64_t scope, EventNumber number, std::uint64_t subject,
                                Receipt receipt) const;
    [[nodiscard]] static Answer recall_act(const Campaign& campaign, EventNumber number,
                                           std::uint64_t subject);
    [[nodiscard]] Answer decide_draft(const DraftCampaign& draft, const Context& context,
                                      std::vector<Event>& events) const;
    [[nodiscard]] Answer unknown_order(const RecordPayment& payment, const Context& context,
                                       std::vector<Event>& events) const;
    void save_records(const Campaign::PutRecord& put) const;

    std::map<CampaignId, std::unique_ptr<Campaign>> campaigns_;
    /// Found for every request, so beside the ordered map there is a flat one.
    boost::unordered_flat_map<CampaignId, Campaign*, std::hash<CampaignId>> by_id_;
    /// Payments for orders that no campaign of this shard knows: told once each.
    SegmentedMap<TextDigest, bool> unknown_payments_{1024};
    Signature signature_;
};

}  // namespace stampede::campaigns
