// SPDX-License-Identifier: Apache-2.0
// 候补: joining a line, leaving it, and being served. A unit that returns becomes a hold of whoever
// stands first, in the very decision that returns it; where it cannot (the sale is paused, or
// between its slots, or no new hold may start) it waits for him, and nobody behind him gets it
// meanwhile.
#include <algorithm>

#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

Answer waitlisted(Answer answer, const ItemId& item_id, std::uint32_t place) {
    answer.waiting = Answer::Waiting{.item_id = item_id, .place = place};
    return answer;
}

/// His own order too, where he has one open: the unit that he waited for.
Answer not_waiting(const Campaign& campaign, BuyerId id, const ItemId& item_id, Answer answer) {
    if (const BuyerRecord* buyer = campaign.book().find_buyer(id)) {
        answer.open_order = campaign.book().open_order_of(*buyer);
    }
    return waitlisted(std::move(answer), item_id, 0);
}

/// What one decision gives to those in line.
class Server {
  public:
    /// `spared`: a buyer whose own hold ends in this decision; what he has is only known after it.
    Server(const Campaign& campaign, BuyerId spared, const Context& context, Events& events)
        : campaign_(campaign), context_(context), events_(events), next_id_(context.next_id) {
        served_.push_back(spared);
    }

    /// As far as the units and the decision's room go; what is left over is a chore.
    void serve(std::uint16_t item, Quantity units) {
        const Waitlist& waitlist = campaign_.waitlist();
        const auto* entry = waitlist.from(item);
        while (entry != nullptr && units > Quantity{0} && has_room() &&
               !campaign_.book().is_full()) {
            const Waiter& waiter = entry->value;
            if (std::ranges::find(served_, waiter.buyer) != served_.end()) {
                return;
            }
            if (is_refused(waiter)) {
                events_.emplace_back(WaitlistEvent{WaiterLeft{
                    .buyer = waiter.buyer, .item = item, .reason = LeaveReason::refused}});
            } else {
                promote(waiter.buyer, item);
                units -= Quantity{1};
            }
            entry = waitlist.from(item, entry->key.number + 1);
        }
    }

  private:
    /// A promotion is two events where nothing is to be paid.
    [[nodiscard]] bool has_room() const {
        return events_.size() + 2 <= limits::events_per_decision_max;
    }
    [[nodiscard]] bool is_refused(const Waiter& waiter) const {
        return campaign_.is_blocked(waiter.buyer) ||
               refuse_audience(
                   campaign_,
                   Buyer{.id = waiter.buyer, .level = waiter.level, .segments = waiter.segments}) ||
               refuse_quota(campaign_, waiter.buyer, Quantity{1}, context_);
    }
    void promote(BuyerId buyer, std::uint16_t item) {
        const CampaignConfig& config = campaign_.config();
        const Money price = config.items[item].price;
        const OrderId order{next_id_};
        next_id_ = context_.id_after(next_id_);
        served_.push_back(buyer);
        events_.emplace_back(WaitlistEvent{WaiterPromoted{
            .order = order,
            .buyer = buyer,
            .pay_by = std::min(context_.now + waiter_hold, config.ends_at + config.hold),
            .item = item,
            .unit_price = price}});
        if (price == Money{0}) {
            const HeldLine line{.item = item, .quantity = Quantity{1}, .unit_price = price};
            events_.emplace_back(
                confirmation_of_free(campaign_, order, buyer, {&line, 1}, context_));
        }
    }

    const Campaign& campaign_;
    const Context& context_;
    Events& events_;
    std::uint64_t next_id_;
    boost::container::static_vector<BuyerId, limits::events_per_decision_max + 1> served_;
};

}  // namespace

Answer decide_join(const Campaign& campaign, const JoinWaitlist& join, const Context& context,
                   Events& events) {
    if (campaign.phase(context.now) == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    const auto item = find_item(campaign.config(), join.item_id.view());
    if (!item) {
        return answer_of(Code::item_unknown, context);
    }
    if (!campaign.config().waitlist) {
        Answer answer = answer_of(Code::not_eligible, context);
        answer.detail = "this campaign keeps no waitlist";
        return answer;
    }
    if (auto refused = refuse_by_time(campaign, context)) {
        return *refused;
    }
    if (campaign.is_blocked(join.buyer.id)) {
        return answer_of(Code::blocked, context);
    }
    if (const auto refused = refuse_audience(campaign, join.buyer)) {
        return answer_of(*refused, context);
    }
    if (const auto place = campaign.waitlist().place_of(join.buyer.id, *item)) {
        return waitlisted(answer_of(Code::waitlisted, context), join.item_id, *place);
    }
    if (auto refused = refuse_quota(campaign, join.buyer.id, Quantity{1}, context)) {
        return *refused;
    }
    if (campaign.free_units(*item, campaign.slot_of_hold(context.now)) > Quantity{0}) {
        // There is nothing to wait for: it is a purchase of one unit, with all of its conditions.
        Buy buy;
        buy.campaign = join.campaign;
        buy.buyer = join.buyer;
        buy.lines.push_back({join.item_id, Quantity{1}});
        return decide_buy(campaign, buy, context, events);
    }
    if (auto refused = refuse_while_stopped(context)) {
        return *refused;
    }
    if (campaign.waitlist().size() >= limits::waiters_per_campaign_max) {
        Answer answer = sold_out(campaign, *item, context);
        answer.detail = "the waitlist is full";
        return answer;
    }
    const auto place = static_cast<std::uint32_t>(campaign.waitlist().waiting(*item) + 1);
    events.emplace_back(WaitlistEvent{WaiterJoined{.buyer = join.buyer.id,
                                                   .item = *item,
                                                   .place = place,
                                                   .segments = join.buyer.segments,
                                                   .level = join.buyer.level}});
    return waitlisted(receipted(Code::waitlisted, context), join.item_id, place);
}

Answer decide_leave(const Campaign& campaign, const LeaveWaitlist& leave, const Context& context,
                    Events& events) {
    if (campaign.phase(context.now) == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    const auto item = find_item(campaign.config(), leave.item_id.view());
    if (!item) {
        return answer_of(Code::item_unknown, context);
    }
    if (!campaign.waitlist().place_of(leave.buyer, *item)) {
        return not_waiting(campaign, leave.buyer, leave.item_id, answer_of(Code::ok, context));
    }
    events.emplace_back(WaitlistEvent{
        WaiterLeft{.buyer = leave.buyer, .item = *item, .reason = LeaveReason::buyer}});
    return not_waiting(campaign, leave.buyer, leave.item_id, receipted(Code::ok, context));
}

Answer place_in_line(const Campaign& campaign, BuyerId buyer, const ItemId& item_id, Instant now) {
    Context context;
    context.now = now;
    if (campaign.phase(now) == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    const auto item = find_item(campaign.config(), item_id.view());
    if (!item) {
        return answer_of(Code::item_unknown, context);
    }
    const auto place = campaign.waitlist().place_of(buyer, *item);
    return place ? waitlisted(answer_of(Code::waitlisted, context), item_id, *place)
                 : not_waiting(campaign, buyer, item_id, answer_of(Code::ok, context));
}

void serve_returned(const Campaign& campaign, const Context& context, Events& events) {
    if (campaign.waitlist().empty() || refuse_by_time(campaign, context) ||
        refuse_while_stopped(context)) {
        return;
    }
    const auto* returned = std::get_if<OrderEvent>(&events.back());
    if (returned == nullptr) {
        return;
    }
    const std::uint32_t slot = campaign.slot_of_hold(context.now);
    const OrderBook& book = campaign.book();
    const auto serve = [&](OrderId id, auto&& each_line) {
        const OrderRecord& order = book.order(book.find_order(id));
        Server server(campaign, order.buyer, context, events);
        each_line(order, [&](std::uint16_t item, Quantity units) {
            server.serve(item, campaign.in_reach(item, slot) + units);
        });
    };
    const auto whole_order = [&](const OrderRecord& order, auto&& give) {
        for (std::uint8_t at = 0; at < order.line_count; ++at) {
            give(book.line(order, at).item, Quantity{book.line(order, at).quantity});
        }
    };
    if (const auto* expired = std::get_if<HoldExpired>(returned)) {
        serve(expired->order, whole_order);
    } else if (const auto* released = std::get_if<HoldReleased>(returned)) {
        serve(released->order, whole_order);
    } else if (const auto* refunded = std::get_if<OrderRefunded>(returned);
               refunded != nullptr && refunded->units_return &&
               refunded->restock == Restock::to_activity) {
        const auto parts = refunded->parts;  // the events grow below
        serve(refunded->order, [&](const OrderRecord&, auto&& give) {
            for (const OrderRefunded::Part& part : parts) {
                give(part.item, part.quantity);
            }
        });
    }
}

bool line_waits_for_selling(const Campaign& campaign, Instant now, Selling selling) {
    return selling == Selling::stopped && can_serve_line(campaign, now, Selling::open);
}

bool can_serve_line(const Campaign& campaign, Instant now, Selling selling) {
    Context context;
    context.now = now;
    if (campaign.waitlist().empty() || campaign.book().is_full() || selling == Selling::stopped ||
        refuse_by_time(campaign, context)) {
        return false;
    }
    const std::uint32_t slot = campaign.slot_of_hold(now);
    for (auto item = campaign.waitlist().next_item(0); item;
         item = campaign.waitlist().next_item(static_cast<std::uint16_t>(*item + 1))) {
        if (campaign.in_reach(*item, slot) > Quantity{0}) {
            return true;
        }
    }
    return false;
}

Answer serve_line(const Campaign& campaign, const Context& context, Events& events) {
    const std::uint32_t slot = campaign.slot_of_hold(context.now);
    Server server(campaign, BuyerId{}, context, events);
    for (auto item = campaign.waitlist().next_item(0); item;
         item = campaign.waitlist().next_item(static_cast<std::uint16_t>(*item + 1))) {
        server.serve(*item, campaign.in_reach(*item, slot));
    }
    return receipted(Code::ok, context);
}

}  // namespace stampede::campaigns
