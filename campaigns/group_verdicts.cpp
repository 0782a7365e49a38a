// SPDX-License-Identifier: Apache-2.0
// 拼团: what a payment, a lock that ends, a refund and a kill do to a group.
#include "campaigns/group_verdicts.hpp"

#include <algorithm>
#include <vector>

#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

/// The highest tier that so many paid seats reach.
std::uint8_t tier_of(const GroupTerms& terms, std::uint32_t paid) {
    std::uint8_t reached = 0;
    for (std::uint8_t tier = 0; tier < terms.tiers.size(); ++tier) {
        reached = paid >= terms.tiers[tier].size ? tier : reached;
    }
    return reached;
}

/// 抽奖团: who of the members wins.
void draw(const Campaign& campaign, std::uint16_t winners,
          std::vector<GroupSucceeded::Member>& members) {
    check(campaign.seed() != nullptr, "a lottery without a seed");
    std::vector<OrderId> orders;
    orders.reserve(members.size());
    for (const GroupSucceeded::Member& member : members) {
        orders.push_back(member.order);
    }
    const std::vector<bool> won = drawn_winners(*campaign.seed(), winners, orders);
    for (std::size_t at = 0; at < members.size(); ++at) {
        members[at].confirmed = won[at];
    }
}

GroupSucceeded::Member member_of(const Campaign& campaign, RecordIndex index) {
    const OrderBook& book = campaign.book();
    const OrderRecord& order = book.order(index);
    GroupSucceeded::Member member;
    member.order = order.id;
    member.buyer = order.buyer;
    member.quantity = book.quantity_of(order);
    member.unit_price = book.line(order, 0).unit_price;
    if (order.counted_payment != no_record) {
        member.payment_id = book.payment(order.counted_payment).payment_id;
        member.paid_at = book.payment(order.counted_payment).paid_at;
    }
    return member;
}

/// Whether a seat whose buyer turned out not to be new breaks the rule it was taken under.
bool breaks_new_rule(const CampaignConfig& config, const SeatRecord& seat) {
    if (config.audience.new_buyers_only) {
        return true;
    }
    switch (group_terms(config).new_member_rule) {
        case NewMemberRule::none:
            return false;
        case NewMemberRule::joiners_new_only:
            return !seat.opener;
        case NewMemberRule::at_least_new:
            return seat.is_new;
    }
    unreachable();
}

}  // namespace

GroupSucceeded success_of(const Campaign& campaign, const GroupBuyState& state, RecordIndex index,
                          const Completion& completion, const Context& context) {
    const CampaignConfig& config = campaign.config();
    const GroupTerms& terms = group_terms(config);
    const GroupRecord& group = state.groups().group(index);
    GroupSucceeded success;
    success.group = group.id;
    success.late = completion.late == Late::yes;
    success.item_id = config.items[group.item].item_id;
    success.virtual_seats = completion.virtual_seats;
    success.leader = group.leader;
    success.leader_commission_bp = terms.leader_commission_bp;
    success.stock_source = config.stock_source;
    const auto add_payer = [&] {
        GroupSucceeded::Member member = member_of(campaign, completion.payer);
        member.payment_id = completion.payment->payment_id;
        member.paid_at = completion.payment->paid_at;
        success.order = member.order;
        success.members.push_back(member);
    };
    state.groups().for_each_seat(index, [&](RecordIndex, const SeatRecord& seat) {
        if (seat.order == completion.payer) {
            add_payer();
        } else if (seat.paid_at != Sequence{}) {
            success.members.push_back(member_of(campaign, seat.order));
        } else {
            success.released.push_back(campaign.book().order(seat.order).id);
        }
    });
    if (completion.late == Late::yes) {
        add_payer();  // his seat was left, and is taken again as the last
    }
    if (completion.free_seat != nullptr) {
        const SeatHold& seat = *completion.free_seat;
        success.members.push_back({.order = seat.order,
                                   .buyer = seat.buyer,
                                   .quantity = seat.quantity,
                                   .unit_price = seat.unit_price,
                                   .payment_id = PaymentId{},
                                   .paid_at = context.now,
                                   .confirmed = true,
                                   .back = Money{0}});
    }
    // A leader whose lock ends at this very deadline has not paid: the earliest member leads.
    const bool leader_has_paid = std::ranges::any_of(
        success.members,
        [&](const GroupSucceeded::Member& member) { return member.buyer == group.leader; });
    if (!leader_has_paid && !success.members.empty()) {
        success.leader = success.members.front().buyer;
    }
    success.tier = tier_of(terms, static_cast<std::uint32_t>(success.members.size()));
    success.price = group_price(config, group.item, success.tier);
    for (GroupSucceeded::Member& member : success.members) {
        if (!terms.tiers.empty() && member.unit_price > success.price) {
            member.back = (member.unit_price - success.price) * member.quantity;
        }
    }
    if (terms.lottery_winners > 0) {
        draw(campaign, terms.lottery_winners, success.members);
    }
    return success;
}

GroupFailed failure_of(const Campaign& campaign, const GroupBuyState& state, RecordIndex index,
                       GroupEnd end, RecordIndex leaving) {
    const OrderBook& book = campaign.book();
    GroupFailed failed;
    failed.group = state.groups().group(index).id;
    failed.end = end;
    failed.state = end == GroupEnd::leader_left || end == GroupEnd::nobody_left
                       ? GroupState::dissolved
                       : GroupState::failed;
    state.groups().for_each_seat(index, [&](RecordIndex, const SeatRecord& seat) {
        if (seat.order == leaving) {
            return;
        }
        const OrderRecord& order = book.order(seat.order);
        if (order.state == OrderState::paid && order.counted_payment != no_record) {
            const PaymentRecord& payment = book.payment(order.counted_payment);
            failed.refunds.push_back({.order = order.id,
                                      .payment_id = payment.payment_id,
                                      .amount = payment.amount,
                                      .quantity = book.quantity_of(order),
                                      .paid_at = payment.paid_at});
        } else {
            failed.released.push_back(order.id);
        }
    });
    return failed;
}

namespace {

/// Whether the group is a success as it stands at its end, and with how many virtual seats.
std::optional<std::uint16_t> completes_at_deadline(const Campaign& campaign,
                                                   const GroupBuyState& state, RecordIndex index) {
    const GroupTerms& terms = group_terms(campaign.config());
    const GroupRecord& group = state.groups().group(index);
    int paid_by_new = 0;
    state.groups().for_each_seat(index, [&](RecordIndex, const SeatRecord& seat) {
        paid_by_new += seat.is_new && seat.paid_at != Sequence{} ? 1 : 0;
    });
    const bool has_new = terms.new_member_rule != NewMemberRule::at_least_new ||
                         paid_by_new >= terms.new_members_min;
    if (group.paid == 0 || !has_new) {
        return std::nullopt;
    }
    if (!terms.tiers.empty()) {
        return group.paid >= terms.tiers.front().size ? std::optional<std::uint16_t>{0}
                                                      : std::nullopt;
    }
    const bool completes =
        terms.simulate == Simulate::at_expiry ||
        (terms.simulate == Simulate::threshold_bp &&
         std::uint32_t{group.paid} * 10'000 >= std::uint32_t{group.size} * terms.simulate_bp);
    return completes ? std::optional{static_cast<std::uint16_t>(group.size - group.paid)}
                     : std::nullopt;
}

}  // namespace

GroupBuy::Event verdict_at_end(const Campaign& campaign, const GroupBuyState& state,
                               RecordIndex group, GroupEnd without_success,
                               const Context& context) {
    if (const auto virtual_seats = completes_at_deadline(campaign, state, group)) {
        return success_of(campaign, state, group, {.virtual_seats = *virtual_seats}, context);
    }
    const bool is_empty = state.groups().group(group).taken() == 0;
    return failure_of(campaign, state, group, is_empty ? GroupEnd::nobody_left : without_success,
                      no_record);
}

// Payments ---------------------------------------------------------------------------------------

std::optional<RefundReason> GroupBuyState::refuse_payment(const Campaign& campaign,
                                                          RecordIndex order,
                                                          const RecordPayment& payment) const {
    const CampaignConfig& config = campaign.config();
    const RecordIndex seat = campaign.book().order(order).owner;
    const bool is_refused = payment.buyer_is_new == false &&
                            (seat == no_record ? config.audience.new_buyers_only  // he buys alone
                                               : breaks_new_rule(config, groups_.seat(seat)));
    return is_refused ? std::optional{RefundReason::buyer_not_new} : std::nullopt;
}

Answer GroupBuyState::decide_payment(const Campaign& campaign, RecordIndex index,
                                     const RecordPayment& payment, Late late,
                                     const Context& context, Events& events) const {
    const OrderRecord& order = campaign.book().order(index);
    const SeatRecord& seat = groups_.seat(order.owner);
    const GroupRecord& group = groups_.group(seat.group);
    if (group.paid + 1 < group.size) {
        events.emplace_back(GroupBuy::Event{SeatPaid{.order = order.id,
                                                     .payment_id = payment.payment_id,
                                                     .paid_at = payment.paid_at,
                                                     .late = late == Late::yes}});
        Answer answer = with_order(receipted(Code::ok, context), campaign, index, OrderState::paid);
        auto& view = std::get<GroupView>(answer.record);
        ++view.paid;
        if (late == Late::no) {
            --view.locked;
        } else {
            view.members.push_back({.buyer = seat.buyer, .is_new = seat.is_new});
            view.state = view.paid + view.locked == view.size ? GroupState::full : view.state;
        }
        for (GroupView::Member& member : view.members) {
            member.paid = member.paid || member.buyer == seat.buyer;
        }
        return answer;
    }
    GroupSucceeded success = success_of(
        campaign, *this, seat.group, {.payment = &payment, .payer = index, .late = late}, context);
    const auto own = std::find_if(success.members.begin(), success.members.end(),
                                  [&](const auto& member) { return member.order == order.id; });
    Answer answer =
        with_order(receipted(own->confirmed ? Code::confirmed : Code::ok, context), campaign, index,
                   own->confirmed ? OrderState::confirmed : OrderState::refund_due);
    if (!own->confirmed) {
        answer.refund_amount = payment.amount;
        answer.refund_reason = RefundReason::lottery_lost;
    }
    auto& view = std::get<GroupView>(answer.record);
    view.state = GroupState::success;
    view.paid = view.size;
    view.locked = 0;
    view.price = success.price;
    if (late == Late::yes) {
        view.members.push_back({.buyer = seat.buyer, .is_new = seat.is_new});
    }
    for (GroupView::Member& member : view.members) {
        member.paid = true;
    }
    events.emplace_back(GroupBuy::Event{std::move(success)});
    return answer;
}

bool GroupBuyState::can_reacquire(const Campaign& campaign, RecordIndex order,
                                  const Context& context) const {
    const SeatRecord& seat = groups_.seat(campaign.book().order(order).owner);
    const GroupRecord& group = groups_.group(seat.group);
    const GroupTerms& terms = group_terms(campaign.config());
    const int free_then = group.size - group.taken() - 1;
    const bool leaves_room =
        terms.new_member_rule != NewMemberRule::at_least_new ||
        group.new_seats + (seat.is_new ? 1 : 0) + free_then >= terms.new_members_min;
    const GroupBuyerRecord has = buyer(seat.buyer);
    const bool within_limits = seat.opener
                                   ? !terms.groups_per_buyer || has.opened < *terms.groups_per_buyer
                                   : !terms.joins_per_buyer || has.joined < *terms.joins_per_buyer;
    return group.state == GroupState::forming && context.now < group.deadline && leaves_room &&
           within_limits && !groups_.has(seat.group, seat.buyer);
}

// A seat is given up -----------------------------------------------------------------------------

namespace {

/// Whether more follows when this seat is given up: somebody else must lead, or the group ends.
/// Only then are the group's seats walked through.
bool has_follow_up(const Campaign& campaign, const GroupRecord& group, const SeatRecord& seat) {
    return group.is_open() &&
           (campaign.was_killed() || group.leader == seat.buyer || group.taken() <= 1);
}

/// Who leads now, or the end of a group that the last one, or its leader for good, has left.
void follow_up(const Campaign& campaign, const GroupBuyState& state, RecordIndex order,
               Events& events) {
    const RecordIndex seat = campaign.book().order(order).owner;
    const RecordIndex index = state.groups().seat(seat).group;
    const GroupRecord& group = state.groups().group(index);
    if (!has_follow_up(campaign, group, state.groups().seat(seat))) {
        return;
    }
    if (campaign.was_killed()) {  // the sweep has not come by: this act does its work
        events.emplace_back(
            GroupBuy::Event{failure_of(campaign, state, index, GroupEnd::campaign_killed, order)});
        return;
    }
    const auto next = state.groups().next_leader(index, seat);
    if (!next) {
        events.emplace_back(
            GroupBuy::Event{failure_of(campaign, state, index, GroupEnd::nobody_left, order)});
    } else if (group_terms(campaign.config()).leader_exit == LeaderExit::dissolve) {
        events.emplace_back(
            GroupBuy::Event{failure_of(campaign, state, index, GroupEnd::leader_left, order)});
    } else {
        events.emplace_back(GroupBuy::Event{LeaderChanged{.group = group.id, .leader = *next}});
    }
}

}  // namespace

void GroupBuyState::after_hold_ends(const Campaign& campaign, RecordIndex order,
                                    const Context& /*context*/, Events& events) const {
    follow_up(campaign, *this, order, events);
}

void GroupBuyState::after_refund(const Campaign& campaign, RecordIndex order,
                                 const Context& /*context*/, Events& events) const {
    follow_up(campaign, *this, order, events);
}

std::size_t GroupBuyState::records_behind(const Deadline& deadline) const {
    const RecordIndex group = groups_.find(GroupId{deadline.subject});
    return group == no_record ? 0 : groups_.group(group).taken();
}

std::size_t GroupBuyState::records_behind_hold(const Campaign& campaign, RecordIndex order) const {
    const SeatRecord& seat = groups_.seat(campaign.book().order(order).owner);
    const GroupRecord& group = groups_.group(seat.group);
    return has_follow_up(campaign, group, seat) ? group.taken() : 0;
}

void GroupBuyState::sweep_record(const Campaign& campaign, RecordIndex order,
                                 Events& events) const {
    const RecordIndex group = groups_.seat(campaign.book().order(order).owner).group;
    events.emplace_back(
        GroupBuy::Event{failure_of(campaign, *this, group, GroupEnd::campaign_killed, no_record)});
}

// Mass work --------------------------------------------------------------------------------------

bool GroupBuyState::is_closed_early(const Campaign& campaign, RecordIndex group) const {
    return campaign.state() == CampaignState::ending &&
           group_terms(campaign.config()).close_with_campaign &&
           groups_.group(group).deadline > campaign.ending_since();
}

bool GroupBuyState::has_chore(const Campaign& campaign) const {
    const RecordIndex newest = groups_.newest_open();
    return newest != no_record && (campaign.was_killed() || is_closed_early(campaign, newest));
}

void GroupBuyState::decide_chore(const Campaign& campaign, const Context& context,
                                 Events& events) const {
    std::size_t seats = 0;
    groups_.for_each_open_newest([&](RecordIndex at) {
        seats += groups_.group(at).taken();
        const bool is_killed = campaign.was_killed();
        if (seats > limits::records_per_event_max ||
            (!is_killed && !is_closed_early(campaign, at))) {
            return false;
        }
        events.emplace_back(
            is_killed ? GroupBuy::Event{failure_of(campaign, *this, at, GroupEnd::campaign_killed,
                                                   no_record)}
                      : verdict_at_end(campaign, *this, at, GroupEnd::campaign_ended, context));
        return events.size() < limits::events_per_decision_max;
    });
}

}  // namespace stampede::campaigns
