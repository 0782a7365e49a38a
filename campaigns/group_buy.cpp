// SPDX-License-Identifier: Apache-2.0
// 拼团: the rules. open() and join(), read from top to bottom, are the rule of a seat; the order of
// their refusals is part of the contract. What a payment, a deadline or a seat given up does to a
// group stands below them. Pure.
#include <algorithm>

#include "campaigns/group_buy_state.hpp"
#include "campaigns/group_verdicts.hpp"
#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

// How many groups an overflow policy looks at before it gives up.
constexpr std::size_t reroute_walk_most = 64;
// How many orders of a buyer are looked at for a group that he leads.
constexpr std::size_t orders_walked_most = 256;

bool is_new(const Buyer& buyer) {
    return (buyer.segments & 1U) != 0;
}

Answer refused(Code code, const char* detail, const Context& context) {
    Answer answer = answer_of(code, context);
    answer.detail = detail;
    return answer;
}

/// A seat that a buyer asks for, and what is known of it by now.
struct Asked {
    const Buyer& buyer;
    Quantity quantity;
    const TicketClaims& ticket;
    std::uint16_t item = 0;
    bool rerouted = false;
};

Money price_of_leader(const CampaignConfig& config, std::uint16_t item) {
    const GroupTerms& terms = group_terms(config);
    return terms.leader_price ? *terms.leader_price : group_price(config, item, 0);
}

SeatHold seat_hold(const Campaign& campaign, const Asked& asked, Money unit_price, Instant deadline,
                   const Context& context) {
    SeatHold seat;
    seat.order = OrderId{context.next_id};
    seat.buyer = asked.buyer.id;
    seat.quantity = asked.quantity;
    seat.unit_price = unit_price;
    seat.pay_by = std::min(context.now + campaign.config().hold, deadline);
    seat.ticket_nonce =
        campaign.config().ticket == Ticket::required ? asked.ticket.nonce : std::uint64_t{0};
    seat.is_new = is_new(asked.buyer);
    seat.rerouted = asked.rerouted;
    return seat;
}

/// HELD (or REROUTED, or at price 0 OK), with the group as this seat makes it.
Answer seated(const Campaign& campaign, const SeatHold& seat, std::uint16_t item, GroupView group,
              const Context& context) {
    const bool is_free = seat.unit_price == Money{0};
    const HeldLine line{.item = item, .quantity = seat.quantity, .unit_price = seat.unit_price};
    Answer answer = held_answer(campaign, seat.order, seat.buyer, seat.pay_by, std::span{&line, 1},
                                is_free ? OrderState::paid : OrderState::held, context);
    answer.code = is_free ? Code::ok : seat.rerouted ? Code::rerouted : Code::held;
    answer.order->record_id = group.group_id.raw();
    (is_free ? group.paid : group.locked) += 1;
    group.state = group.locked + group.paid == group.size ? GroupState::full : GroupState::forming;
    group.members.push_back({.buyer = seat.buyer,
                             .leader = seat.buyer == group.leader,
                             .paid = is_free,
                             .is_new = seat.is_new});
    answer.record = std::move(group);
    return answer;
}

/// A new group with its first seat; everything has been judged.
Answer begin_group(const Campaign& campaign, const Asked& asked, Instant deadline,
                   const Context& context, Events& events) {
    const CampaignConfig& config = campaign.config();
    const GroupTerms& terms = group_terms(config);
    GroupOpened opened;
    opened.seat =
        seat_hold(campaign, asked, price_of_leader(config, asked.item), deadline, context);
    opened.item = asked.item;
    opened.size = terms.size;
    opened.deadline = deadline;
    opened.units_kept = Quantity{terms.lottery_winners};
    GroupView view;
    view.group_id = GroupId{context.next_id};
    view.item_id = config.items[asked.item].item_id;
    view.size = terms.size;
    view.leader = asked.buyer.id;
    view.opened_at = context.now;
    view.deadline = deadline;
    view.price = group_price(config, asked.item, 0);
    view.lottery_winners = terms.lottery_winners;
    Answer answer = seated(campaign, opened.seat, asked.item, std::move(view), context);
    events.emplace_back(GroupBuy::Event{std::move(opened)});
    return answer;
}

/// A seat of a group that is there; everything has been judged.
Answer take_seat(const Campaign& campaign, const GroupBuyState& state, RecordIndex group,
                 const Asked& asked, const Context& context, Events& events) {
    const GroupRecord& record = state.groups().group(group);
    SeatTaken taken;
    taken.group = record.id;
    taken.seat = seat_hold(campaign, asked, group_price(campaign.config(), record.item, 0),
                           record.deadline, context);
    Answer answer =
        seated(campaign, taken.seat, record.item, state.view_of(campaign, group), context);
    const bool is_free = taken.seat.unit_price == Money{0};
    events.emplace_back(GroupBuy::Event{taken});
    if (is_free && record.paid + 1 == record.size) {
        events.emplace_back(GroupBuy::Event{
            success_of(campaign, state, group, {.free_seat = &taken.seat}, context)});
        answer.code = Code::confirmed;
        answer.order->state = OrderState::confirmed;
        std::get<GroupView>(answer.record).state = GroupState::success;
    }
    return answer;
}

Instant deadline_of_new(const CampaignConfig& config, Instant now) {
    const GroupTerms& terms = group_terms(config);
    const Instant deadline = now + terms.valid;
    return terms.close_with_campaign ? std::min(deadline, config.ends_at) : deadline;
}

/// `at_least_new`: whether enough seats would still be free for new members when `buyer` sits.
bool leaves_room_for_new(const GroupTerms& terms, std::uint16_t taken, std::uint16_t new_seats,
                         const Buyer& buyer) {
    const int new_then = new_seats + (is_new(buyer) ? 1 : 0);
    const int free_then = terms.size - taken - 1;
    return terms.new_member_rule != NewMemberRule::at_least_new ||
           new_then + free_then >= terms.new_members_min;
}

/// What a lottery's group takes as it opens, or what the seat takes.
std::optional<Answer> refuse_units(const Campaign& campaign, const Asked& asked, bool opens,
                                   const Context& context) {
    const GroupTerms& terms = group_terms(campaign.config());
    if (terms.lottery_winners > 0 && !opens) {
        return std::nullopt;
    }
    WantedLines wanted;
    wanted.push_back(
        {.item = asked.item,
         .quantity = terms.lottery_winners > 0 ? Quantity{terms.lottery_winners} : asked.quantity,
         .unit_price = Money{0}});
    return refuse_stock(campaign, AllowPartial::no, wanted, context);
}

/// The newest open group that the buyer leads, so that an app that lost its answer finds it; looked
/// for among his last orders.
RecordIndex newest_led_by(const Campaign& campaign, const GroupBuyState& state, BuyerId id) {
    const BuyerRecord* buyer = campaign.book().find_buyer(id);
    RecordIndex at = buyer == nullptr ? no_record : buyer->last_order;
    for (std::size_t walked = 0; at != no_record && walked < orders_walked_most; ++walked) {
        const OrderRecord& order = campaign.book().order(at);
        if (order.owner != no_record) {
            const RecordIndex index = state.groups().seat(order.owner).group;
            const GroupRecord& group = state.groups().group(index);
            if (group.is_open() && group.leader == id) {
                return index;
            }
        }
        at = order.previous_of_buyer;
    }
    return no_record;
}

/// What only an opener is refused for.
std::optional<Answer> refuse_opening(const Campaign& campaign, const GroupBuyState& state,
                                     const Buyer& buyer, const Context& context) {
    const GroupTerms& terms = group_terms(campaign.config());
    const GroupBuyerRecord has = state.buyer(buyer.id);
    if (has.leads >= terms.open_groups_per_buyer) {
        Answer answer = limit_reached(campaign, buyer.id, Code::open_group_exists, context);
        if (const RecordIndex own = newest_led_by(campaign, state, buyer.id); own != no_record) {
            answer.record = state.view_of(campaign, own);
        }
        return answer;
    }
    if (terms.groups_per_buyer && has.opened >= *terms.groups_per_buyer) {
        return limit_reached(campaign, buyer.id, Code::limit_buyer, context);
    }
    return std::nullopt;
}

Answer open(const Campaign& campaign, const GroupBuyState& state, const OpenGroup& ask,
            const Context& context, Events& events) {
    const CampaignConfig& config = campaign.config();
    const Phase phase = campaign.phase(context.now);
    if (phase == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    const auto item = find_item(config, ask.item_id.view());
    if (!item) {
        return answer_of(Code::item_unknown, context);
    }
    if (phase == Phase::ending) {
        return answer_of(Code::ended, context);  // also where units may be sold again
    }
    if (auto refused = refuse_by_time(campaign, context)) {
        return *refused;
    }
    const OrderLine line{.item_id = ask.item_id, .quantity = ask.quantity};
    if (auto first_answer = replay_of_ticket(campaign, ask.buyer, ask.ticket, context)) {
        return *first_answer;
    }
    if (const auto refused =
            refuse_ticket(campaign, ask.buyer, ask.ticket, std::span{&line, 1}, context.now)) {
        return answer_of(*refused, context);
    }
    if (campaign.is_blocked(ask.buyer.id)) {
        return answer_of(Code::blocked, context);
    }
    if (const auto refused = refuse_order_limits(config, ask.quantity)) {
        return answer_of(*refused, context);
    }
    if (const auto refused = refuse_audience(campaign, ask.buyer)) {
        return answer_of(*refused, context);
    }
    if (!leaves_room_for_new(group_terms(config), 0, 0, ask.buyer)) {
        return answer_of(Code::new_buyers_only, context);
    }
    if (auto refused = refuse_opening(campaign, state, ask.buyer, context)) {
        return *refused;
    }
    if (auto refused = refuse_quota(campaign, ask.buyer.id, ask.quantity, context)) {
        return *refused;
    }
    const Asked asked{
        .buyer = ask.buyer, .quantity = ask.quantity, .ticket = ask.ticket, .item = *item};
    if (auto refused = refuse_units(campaign, asked, true, context)) {
        return *refused;
    }
    const Instant deadline = deadline_of_new(config, context.now);
    if (deadline - context.now < config.min_pay) {
        return answer_of(Code::group_ended, context);
    }
    if (auto refused = refuse_while_stopped(context)) {
        return *refused;
    }
    return begin_group(campaign, asked, deadline, context, events);
}

/// The fullest open group of the item that this buyer may sit down in.
RecordIndex fullest_for(const Campaign& campaign, const GroupBuyState& state, const Asked& asked,
                        const Context& context) {
    const GroupTerms& terms = group_terms(campaign.config());
    const GroupBuyState::Search search{
        .item = asked.item, .most = 1, .walk_most = reroute_walk_most};
    const auto found = state.to_fill(campaign, context.now, search, [&](RecordIndex at) {
        const GroupRecord& group = state.groups().group(at);
        return leaves_room_for_new(terms, group.taken(), group.new_seats, asked.buyer) &&
               !state.groups().has(at, asked.buyer.id);
    });
    return found.empty() ? no_record : found.front();
}

/// All seats of the group are taken: by the operator's policy.
Answer overflow(const Campaign& campaign, const GroupBuyState& state, Asked asked,
                const Context& context, Events& events) {
    const CampaignConfig& config = campaign.config();
    const GroupTerms& terms = group_terms(config);
    asked.rerouted = true;
    switch (terms.overflow) {
        case Overflow::reject:
            break;
        case Overflow::reroute_fullest: {
            const RecordIndex other =
                terms.public_list ? fullest_for(campaign, state, asked, context) : no_record;
            if (other == no_record) {
                break;
            }
            if (auto refused = refuse_units(campaign, asked, false, context)) {
                return *refused;
            }
            if (auto refused = refuse_while_stopped(context)) {
                return *refused;
            }
            return take_seat(campaign, state, other, asked, context, events);
        }
        case Overflow::open_new: {
            const Instant deadline = deadline_of_new(config, context.now);
            if (campaign.phase(context.now) != Phase::open || refuse_by_time(campaign, context) ||
                deadline - context.now < config.min_pay ||
                !leaves_room_for_new(terms, 0, 0, asked.buyer) ||
                refuse_opening(campaign, state, asked.buyer, context)) {
                break;
            }
            if (auto refused = refuse_units(campaign, asked, true, context)) {
                return *refused;
            }
            if (auto refused = refuse_while_stopped(context)) {
                return *refused;
            }
            return begin_group(campaign, asked, deadline, context, events);
        }
    }
    return answer_of(Code::group_full, context);
}

/// PAUSED and KILLED; a group outlives the sale, so its end and its slots do not count.
std::optional<Answer> refuse_join_by_state(const Campaign& campaign, const Context& context) {
    switch (campaign.phase(context.now)) {
        case Phase::unknown:
            return answer_of(Code::campaign_unknown, context);
        case Phase::paused:
            return answer_of(Code::paused, context);
        case Phase::killed:
            return answer_of(Code::killed, context);
        case Phase::not_started:
        case Phase::open:
        case Phase::ending:
        case Phase::ended:
            break;
    }
    return std::nullopt;
}

Answer join(const Campaign& campaign, const GroupBuyState& state, const JoinGroup& ask,
            const Context& context, Events& events) {
    const CampaignConfig& config = campaign.config();
    const GroupTerms& terms = group_terms(config);
    const RecordIndex index = state.groups().find(ask.group);
    if (index == no_record) {
        return answer_of(Code::group_unknown, context);
    }
    const GroupRecord& group = state.groups().group(index);
    if (auto refused = refuse_join_by_state(campaign, context)) {
        return *refused;
    }
    const OrderLine line{.item_id = config.items[group.item].item_id, .quantity = ask.quantity};
    if (auto first_answer = replay_of_ticket(campaign, ask.buyer, ask.ticket, context)) {
        return *first_answer;
    }
    if (const auto refused =
            refuse_ticket(campaign, ask.buyer, ask.ticket, std::span{&line, 1}, context.now)) {
        return answer_of(*refused, context);
    }
    if (campaign.is_blocked(ask.buyer.id)) {
        return answer_of(Code::blocked, context);
    }
    const bool closes = terms.close_with_campaign && campaign.phase(context.now) == Phase::ending;
    if (!group.is_open() || closes || group.deadline - context.now < config.min_pay) {
        Answer answer = answer_of(Code::group_ended, context);
        answer.record = state.view_of(campaign, index);
        return answer;
    }
    if (state.groups().has(index, ask.buyer.id)) {
        Answer answer = answer_of(Code::already_in_group, context);
        answer.record = state.view_of(campaign, index);
        return answer;
    }
    if (ask.item_id && *ask.item_id != line.item_id) {
        return answer_of(Code::item_unknown, context);
    }
    if (const auto refused = refuse_order_limits(config, ask.quantity)) {
        return answer_of(*refused, context);
    }
    if (const auto refused = refuse_audience(campaign, ask.buyer)) {
        return answer_of(*refused, context);
    }
    const bool is_full = group.state == GroupState::full;
    const bool must_be_new =
        terms.new_member_rule == NewMemberRule::joiners_new_only ||
        (!is_full && !leaves_room_for_new(terms, group.taken(), group.new_seats, ask.buyer));
    if (must_be_new && !is_new(ask.buyer)) {
        return answer_of(Code::new_buyers_only, context);
    }
    if (auto refused = refuse_quota(campaign, ask.buyer.id, ask.quantity, context)) {
        return *refused;
    }
    if (terms.joins_per_buyer && state.buyer(ask.buyer.id).joined >= *terms.joins_per_buyer) {
        return limit_reached(campaign, ask.buyer.id, Code::limit_buyer, context);
    }
    const Asked asked{
        .buyer = ask.buyer, .quantity = ask.quantity, .ticket = ask.ticket, .item = group.item};
    if (is_full) {
        return overflow(campaign, state, asked, context, events);
    }
    if (auto refused = refuse_units(campaign, asked, false, context)) {
        return *refused;
    }
    if (auto refused = refuse_while_stopped(context)) {
        return *refused;
    }
    return take_seat(campaign, state, index, asked, context, events);
}

/// The deadline of a group.
Answer expire(const Campaign& campaign, const GroupBuyState& state, const ExpireGroup& expire,
              const Context& context, Events& events) {
    const RecordIndex index = state.groups().find(expire.group);
    if (index == no_record || !state.groups().group(index).is_open() ||
        context.now < state.groups().group(index).deadline) {
        return answer_of(Code::ok, context);
    }
    events.emplace_back(campaign.was_killed()
                            ? GroupBuy::Event{failure_of(campaign, state, index,
                                                         GroupEnd::campaign_killed, no_record)}
                            : verdict_at_end(campaign, state, index, GroupEnd::deadline, context));
    return receipted(Code::ok, context);
}

Answer fail(const Campaign& campaign, const GroupBuyState& state, const FailGroup& ask,
            const Context& context, Events& events) {
    const RecordIndex index = state.groups().find(ask.group);
    if (index == no_record) {
        return answer_of(Code::group_unknown, context);
    }
    if (!state.groups().group(index).is_open()) {
        return refused(Code::wrong_state, "this group has ended already", context);
    }
    GroupFailed failed =
        failure_of(campaign, state, index,
                   campaign.was_killed() ? GroupEnd::campaign_killed : GroupEnd::op, no_record);
    failed.actor = ask.actor;
    Answer answer = receipted(Code::ok, context);
    GroupView view = state.view_of(campaign, index);
    view.state = failed.state;
    view.end = failed.end;
    view.locked = 0;
    answer.record = std::move(view);
    events.emplace_back(GroupBuy::Event{std::move(failed)});
    return answer;
}

}  // namespace

Answer GroupBuyState::decide(const Campaign& campaign, const Command& command,
                             const Context& context, Events& events) const {
    if (const auto* ask = std::get_if<OpenGroup>(&command)) {
        return open(campaign, *this, *ask, context, events);
    }
    if (const auto* ask = std::get_if<JoinGroup>(&command)) {
        return join(campaign, *this, *ask, context, events);
    }
    if (const auto* ask = std::get_if<FailGroup>(&command)) {
        return fail(campaign, *this, *ask, context, events);
    }
    return expire(campaign, *this, std::get<ExpireGroup>(command), context, events);
}

std::optional<Money> GroupBuyState::price_alone(const Campaign& campaign,
                                                std::uint16_t /*item*/) const {
    return group_terms(campaign.config()).single_price;
}

std::optional<Command> GroupBuyState::due(const Campaign& campaign,
                                          const Deadline& deadline) const {
    const GroupId id{deadline.subject};
    const RecordIndex group = groups_.find(id);
    if (group == no_record || !groups_.group(group).is_open()) {
        return std::nullopt;
    }
    return ExpireGroup{.campaign = campaign.id(), .group = id};
}

}  // namespace stampede::campaigns
