// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/witness.hpp"

#include <algorithm>

namespace stampede::tests {

using namespace campaigns;

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};

}  // namespace

bool SimulatedCampaign::has_begun() const {
    return state != CampaignState::draft && state != CampaignState::scheduled &&
           state != CampaignState::warming;
}
bool SimulatedCampaign::is_over() const {
    return state == CampaignState::ended || state == CampaignState::settled ||
           state == CampaignState::killed;
}

SimulatedCampaign* JournalWitness::find(std::uint64_t scope) {
    const auto found = std::ranges::find_if(
        campaigns_, [&](const auto& campaign) { return campaign->id.raw() == scope; });
    return found == campaigns_.end() ? nullptr : found->get();
}

std::optional<std::string> JournalWitness::see(const engine::Commit& commit) {
    const std::string where = " at commit " + std::to_string(commit.number.raw());
    if (commit.number != durable_.next()) {
        return "a commit that does not follow " + std::to_string(durable_.raw()) + where;
    }
    durable_ = commit.number;
    engine::FrameReader frames(commit.frames);
    while (const auto frame = frames.next()) {
        Sequence& sequence = sequences_[frame->shard];
        if (frame->sequence != sequence.next()) {
            return "shard " + std::to_string(frame->shard.raw()) + " has a gap before sequence " +
                   std::to_string(frame->sequence.raw());
        }
        sequence = frame->sequence;
        const auto event = CampaignMachine::decode(*frame);
        if (!event) {
            return std::string{"an event that cannot be decoded"} + where;
        }
        ++events_;
        ++by_name_[name_of(number_of(*event))];
        if (auto refused = mall_.settle(*event, *frame)) {
            return *refused + where;
        }
        if (SimulatedCampaign* campaign = find(frame->scope)) {
            const Seen seen{.commit = commit.number, .at = frame->at};
            take(*campaign, *event, seen);
            campaign->orders.event_seen(seen);
        }
    }
    for (const auto& campaign : campaigns_) {
        campaign->play->commit_seen({.commit = commit.number, .at = commit.journal_time});
        if (const auto& complaint = campaign->orders.complaint()) {
            return "campaign " + std::to_string(campaign->id.raw()) + ": " + *complaint + where;
        }
    }
    return std::nullopt;
}

void JournalWitness::take(SimulatedCampaign& campaign, const Event& event, const Seen& seen) {
    if (const auto* of_campaign = std::get_if<CampaignEvent>(&event)) {
        take_campaign_event(campaign, *of_campaign, seen);
    } else if (const auto* of_order = std::get_if<OrderEvent>(&event)) {
        take_order_event(campaign, *of_order, seen);
    } else if (const auto* of_seckill = std::get_if<SeckillEvent>(&event)) {
        // Also of other plays: who buys alone.
        const auto& held = std::get<StockHeld>(*of_seckill);
        campaign.orders.hold({.id = held.order,
                              .buyer = held.buyer,
                              .pay_by = held.pay_by,
                              .lines = {held.lines.begin(), held.lines.end()}});
    } else {
        campaign.play->see(event, seen);
    }
}

void JournalWitness::take_campaign_event(SimulatedCampaign& campaign, const CampaignEvent& event,
                                         const Seen& seen) {
    std::visit(Overloaded{
                   [&](const CampaignDrafted& drafted) {
                       campaign.orders.configure(drafted.config, false);
                       campaign.states.note(seen.commit, CampaignState::draft);
                   },
                   [&](const CampaignRevised& revised) {
                       campaign.orders.configure(revised.config, campaign.has_begun());
                       campaign.version = revised.version;
                   },
                   [&](const CampaignStateChanged& changed) {
                       campaign.state = changed.to;
                       campaign.states.note(seen.commit, changed.to);
                       campaign.play->campaign_changed(changed.to);
                   },
                   [&](const StockAdjusted& adjusted) {
                       campaign.orders.move(adjusted.item, adjusted.delta);
                   },
                   [&](const StockHandedBack& back) {
                       for (const StockHandedBack::Part& part : back.parts) {
                           campaign.orders.require(
                               part.units.units() == campaign.orders.available(part.item),
                               "other units are handed back than were available");
                           campaign.orders.hand_back(part.item);
                       }
                   },
                   [](const auto&) {},
               },
               event);
}

void JournalWitness::take_order_event(SimulatedCampaign& campaign, const OrderEvent& event,
                                      const Seen& seen) {
    JournalOrders& orders = campaign.orders;
    const auto end_hold = [&](OrderId order) {
        orders.end_hold(order);
        campaign.play->hold_ended(order, seen);
    };
    std::visit(Overloaded{
                   [&](const OrderConfirmed& confirmed) {
                       orders.sell(confirmed.order, confirmed.late);
                       campaign.play->order_confirmed(confirmed.order, seen);
                   },
                   [&](const HoldExpired& expired) {
                       const auto* order = orders.find(expired.order);
                       orders.require(order != nullptr && seen.at >= order->pay_by,
                                      "a hold expires before its time");
                       end_hold(expired.order);
                   },
                   [&](const HoldReleased& released) { end_hold(released.order); },
                   [&](const PaymentRefundDue& due) {
                       if (due.counted) {
                           orders.owe_ended(due.order);
                       }
                   },
                   [&](const PaymentKept&) {},
                   [&](const OrderRefunded& refunded) {
                       const auto before = orders.find(refunded.order)->standing;
                       orders.refund(refunded);
                       const bool leaves = before == JournalOrders::Standing::paid ||
                                           before == JournalOrders::Standing::confirmed;
                       if (refunded.wholly && leaves) {
                           campaign.play->order_refunded(refunded.order, seen);
                       }
                   },
                   [&](const HoldsSwept& swept) {
                       for (RecordIndex at = swept.first; at < swept.first + swept.count; ++at) {
                           const auto& order = orders.all().at(at);
                           if (order.standing == JournalOrders::Standing::held) {
                               end_hold(order.id);
                           }
                       }
                   },
               },
               event);
}

std::optional<std::string> JournalWitness::difference(const SimulatedCampaign& seen,
                                                      const Campaign& is) {
    for (std::uint16_t item = 0; item < is.item_count(); ++item) {
        const std::int64_t available = is.cell(item).available().units();
        const std::int64_t sold = is.cell(item).sold().units();
        if (available != seen.orders.available(item) || sold != seen.orders.sold(item)) {
            return "campaign " + std::to_string(seen.id.raw()) + " item " + std::to_string(item) +
                   ": the engine has " + std::to_string(available) + " available and " +
                   std::to_string(sold) + " sold, the journal says " +
                   std::to_string(seen.orders.available(item)) + " and " +
                   std::to_string(seen.orders.sold(item));
        }
    }
    return is.state() == seen.state ? std::nullopt
                                    : std::optional{std::string{"a campaign in another state"}};
}

}  // namespace stampede::tests
