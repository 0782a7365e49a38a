// SPDX-License-Identifier: Apache-2.0
// What each event of a group-buy makes true, and how its groups are read, checked and saved.
#include "campaigns/group_buy_state.hpp"

#include <algorithm>
#include <map>

#include "campaigns/record_chunks.hpp"
#include "campaigns/record_fields.hpp"
#include "campaigns/rules.hpp"

namespace stampede::campaigns {

template <class Visit>
void fields(GroupBuyerRecord& r, Visit&& visit) {
    visit(r.leads, r.opened, r.joined);
}

namespace {

constexpr std::uint64_t group_buyer_digest = 0x4742;
constexpr std::uint8_t buyers_part = SeatGroups::parts;
// How far a list goes past groups that can fill no more, or a buyer's orders.
constexpr std::size_t groups_walked_most = 1024;
constexpr std::size_t orders_walked_most = 256;

}  // namespace

GroupBuyState::GroupBuyState(const CampaignConfig& config)
    : groups_(config.items.size(), group_terms(config).size),
      buyers_(orders_expected(config)),
      units_kept_(config.items.size()) {}

std::unique_ptr<PlayState> GroupBuy::begin(const CampaignConfig& config) {
    return std::make_unique<GroupBuyState>(config);
}

const GroupBuyState* group_buy_of(const Campaign& campaign) {
    return campaign.config().play == GroupBuy::play
               ? static_cast<const GroupBuyState*>(campaign.play())
               : nullptr;
}

template <class Change>
void GroupBuyState::change_buyer(BuyerId buyer, Change&& change) {
    const auto [record, is_new] = buyers_.insert(buyer, GroupBuyerRecord{});
    if (!is_new) {
        own_signature_.take_out(digest_of(group_buyer_digest, buyer.raw(), *record));
    }
    change(*record);
    own_signature_.put_in(digest_of(group_buyer_digest, buyer.raw(), *record));
}

void GroupBuyState::count_seat(RecordIndex index, int change) {
    const SeatRecord& seat = groups_.seat(index);
    change_buyer(seat.buyer, [&](GroupBuyerRecord& buyer) {
        std::uint32_t& count = seat.opener ? buyer.opened : buyer.joined;
        check(change > 0 || count > 0, "a seat given back twice");
        count += static_cast<std::uint32_t>(change);
    });
}

// Changing ---------------------------------------------------------------------------------------

void GroupBuyState::evolve(Campaign& campaign, const Event& event, const Stamp& stamp,
                           Effects& effects) {
    std::visit([&](const auto& happened) { apply(campaign, happened, stamp, effects); },
               std::get<GroupBuy::Event>(event));
}

void GroupBuyState::sit(Campaign& campaign, RecordIndex group, const SeatHold& wanted,
                        bool is_opener, const Stamp& stamp, Effects& effects) {
    SeatRecord seat;
    seat.order = campaign.book().order_count();  // where hold() is about to put it
    seat.group = group;
    seat.buyer = wanted.buyer;
    seat.opener = is_opener;
    seat.is_new = wanted.is_new;
    seat.rerouted = wanted.rerouted;
    const RecordIndex index = groups_.take_seat(seat);
    count_seat(index, 1);
    const HeldLine line{.item = groups_.group(group).item,
                        .quantity = wanted.quantity,
                        .unit_price = wanted.unit_price};
    const bool is_lottery = group_terms(campaign.config()).lottery_winners > 0;
    const RecordIndex order = campaign.hold({.order = wanted.order,
                                             .buyer = wanted.buyer,
                                             .pay_by = wanted.pay_by,
                                             .lines = std::span{&line, 1},
                                             .ticket_nonce = wanted.ticket_nonce,
                                             .owner = index,
                                             .units_with_play = is_lottery},
                                            stamp, effects);
    if (campaign.book().order(order).amount == Money{0}) {
        // Nothing to pay for: the seat is as good as paid.
        campaign.pay_order(order, PaymentId{}, stamp.at, Late::no, stamp);
        groups_.pay_seat(index, stamp.sequence);
    }
}

void GroupBuyState::apply(Campaign& campaign, const GroupOpened& event, const Stamp& stamp,
                          Effects& effects) {
    GroupRecord record;
    record.id = GroupId{event.seat.order.raw()};
    record.leader = event.seat.buyer;
    record.opened_at = stamp.at;
    record.deadline = event.deadline;
    record.receipt = stamp.sequence;
    record.units_kept = event.units_kept;
    record.item = event.item;
    record.size = event.size;
    const RecordIndex group = groups_.open(record);
    if (event.units_kept > Quantity{0}) {
        campaign.change_cell(event.item, [&](StockCell& cell) { cell.hold(event.units_kept); });
        units_kept_[event.item] += event.units_kept.units();
    }
    change_buyer(event.seat.buyer, [](GroupBuyerRecord& buyer) { ++buyer.leads; });
    // Before the opener's own lock: where both end in the same millisecond the group's end judges
    // the lock with it, so that a ladder whose tier is paid is no group without a leader.
    effects.arm(Deadline{.at = event.deadline,
                         .scope = campaign.id().raw(),
                         .subject = record.id.raw(),
                         .kind = group_deadline},
                event.deadline - stamp.at, Grace::after_restart);
    sit(campaign, group, event.seat, true, stamp, effects);
}

void GroupBuyState::apply(Campaign& campaign, const SeatTaken& event, const Stamp& stamp,
                          Effects& effects) {
    sit(campaign, groups_.find(event.group), event.seat, false, stamp, effects);
}

void GroupBuyState::pay_seat(Campaign& campaign, OrderId order_id, const PaymentId& payment_id,
                             Instant paid_at, bool late, const Stamp& stamp) {
    const RecordIndex order = campaign.book().find_order(order_id);
    const RecordIndex seat = campaign.book().order(order).owner;
    if (late) {
        groups_.retake_seat(seat);
        count_seat(seat, 1);
    }
    campaign.pay_order(order, payment_id, paid_at, late ? Late::yes : Late::no, stamp);
    groups_.pay_seat(seat, stamp.sequence);
}

void GroupBuyState::apply(Campaign& campaign, const SeatPaid& event, const Stamp& stamp,
                          Effects& /*effects*/) {
    pay_seat(campaign, event.order, event.payment_id, event.paid_at, event.late, stamp);
}

void GroupBuyState::let_go_of_units(Campaign& campaign, RecordIndex group, Quantity sold) {
    const GroupRecord& record = groups_.group(group);
    if (record.units_kept > sold) {
        campaign.change_cell(record.item,
                             [&](StockCell& cell) { cell.release(record.units_kept - sold); });
    }
    units_kept_[record.item] -= record.units_kept.units();
}

void GroupBuyState::end_group(RecordIndex group, const SeatGroups::Ending& ending) {
    change_buyer(groups_.group(group).leader, [](GroupBuyerRecord& buyer) {
        check(buyer.leads > 0, "a group ends that nobody leads");
        --buyer.leads;
    });
    groups_.end(group, ending);
}

void GroupBuyState::apply(Campaign& campaign, const GroupSucceeded& event, const Stamp& stamp,
                          Effects& effects) {
    const RecordIndex group = groups_.find(event.group);
    Quantity sold;
    for (const GroupSucceeded::Member& member : event.members) {
        if (member.order == event.order) {
            pay_seat(campaign, member.order, member.payment_id, member.paid_at, event.late, stamp);
        }
    }
    for (const GroupSucceeded::Member& member : event.members) {
        const RecordIndex order = campaign.book().find_order(member.order);
        if (member.confirmed) {
            campaign.confirm_paid_order(order);
            sold += member.quantity;
        } else {
            campaign.owe_paid_order(order, RefundReason::lottery_lost);
        }
    }
    for (const OrderId released : event.released) {
        campaign.end_hold(campaign.book().find_order(released), OrderState::expired, HoldMark::keep,
                          stamp);
    }
    if (groups_.group(group).units_kept > Quantity{0}) {
        let_go_of_units(campaign, group, sold);
    }
    if (groups_.group(group).leader != event.leader) {
        set_leader(group, event.leader);
    }
    end_group(group, {.state = GroupState::success,
                      .by = stamp.sequence,
                      .virtual_seats = event.virtual_seats,
                      .tier = event.tier});
    campaign.ask_for_mass_work(effects);
}

void GroupBuyState::apply(Campaign& campaign, const GroupFailed& event, const Stamp& stamp,
                          Effects& effects) {
    const RecordIndex group = groups_.find(event.group);
    const bool by_time = event.end == GroupEnd::deadline;
    for (const OrderId released : event.released) {
        const RecordIndex order = campaign.book().find_order(released);
        if (campaign.book().order(order).state == OrderState::held) {
            campaign.end_hold(order, by_time ? OrderState::expired : OrderState::cancelled,
                              by_time ? HoldMark::keep : HoldMark::take_back, stamp);
        } else {
            campaign.owe_paid_order(order, RefundReason::group_failed);  // of 0: nothing is owed
            count_seat(campaign.book().order(order).owner, -1);
        }
    }
    for (const GroupFailed::Refund& refund : event.refunds) {
        const RecordIndex order = campaign.book().find_order(refund.order);
        campaign.owe_paid_order(order, event.end == GroupEnd::campaign_killed
                                           ? RefundReason::campaign_killed
                                           : RefundReason::group_failed);
        count_seat(campaign.book().order(order).owner, -1);
    }
    if (groups_.group(group).units_kept > Quantity{0}) {
        let_go_of_units(campaign, group, Quantity{0});
    }
    end_group(group, {.state = event.state, .end = event.end, .by = stamp.sequence});
    campaign.ask_for_mass_work(effects);
}

void GroupBuyState::apply(Campaign& /*campaign*/, const LeaderChanged& event,
                          const Stamp& /*stamp*/, Effects& /*effects*/) {
    set_leader(groups_.find(event.group), event.leader);
}

void GroupBuyState::set_leader(RecordIndex group, BuyerId leader) {
    change_buyer(groups_.group(group).leader, [](GroupBuyerRecord& buyer) { --buyer.leads; });
    change_buyer(leader, [](GroupBuyerRecord& buyer) { ++buyer.leads; });
    groups_.set_leader(group, leader);
}

void GroupBuyState::hold_ended(Campaign& campaign, RecordIndex order, const Stamp& /*stamp*/) {
    const RecordIndex seat = campaign.book().order(order).owner;
    groups_.leave_seat(seat);
    count_seat(seat, -1);
}

void GroupBuyState::order_refunded(Campaign& campaign, RecordIndex order, const Stamp& /*stamp*/) {
    const RecordIndex seat = campaign.book().order(order).owner;
    groups_.leave_seat(seat);
    count_seat(seat, -1);
}

void GroupBuyState::rearm(const Campaign& campaign, Effects& effects) const {
    groups_.for_each_open(group_terms(campaign.config()).size, [&](RecordIndex at) {
        const GroupRecord& group = groups_.group(at);
        effects.arm(Deadline{.at = group.deadline,
                             .scope = campaign.id().raw(),
                             .subject = group.id.raw(),
                             .kind = group_deadline},
                    group.deadline - group.opened_at, Grace::after_restart);
        return true;
    });
}

// Reading ----------------------------------------------------------------------------------------

GroupView GroupBuyState::view_of(const Campaign& campaign, RecordIndex index) const {
    const GroupTerms& terms = group_terms(campaign.config());
    const GroupRecord& group = groups_.group(index);
    GroupView view;
    view.group_id = group.id;
    view.item_id = campaign.config().items[group.item].item_id;
    view.state = group.state;
    view.end = group.end;
    if (campaign.was_killed() && group.is_open()) {
        view.state = GroupState::failed;  // the kill has judged it; its sweep comes by
        view.end = GroupEnd::campaign_killed;
    }
    view.size = group.size;
    view.locked = group.locked;
    view.paid = group.paid;
    view.virtual_seats = group.virtual_seats;
    view.leader = group.leader;
    view.opened_at = group.opened_at;
    view.deadline = group.deadline;
    view.price = terms.tiers.empty() ? campaign.config().items[group.item].price
                                     : terms.tiers[group.tier].price;
    view.lottery_winners = terms.lottery_winners;
    groups_.for_each_seat(index, [&](RecordIndex, const SeatRecord& seat) {
        view.members.push_back({.buyer = seat.buyer,
                                .leader = seat.buyer == group.leader,
                                .paid = seat.paid_at != Sequence{},
                                .is_new = seat.is_new});
    });
    return view;
}

std::optional<GroupView> find_group(const Campaign& campaign, GroupId id) {
    const GroupBuyState* play = group_buy_of(campaign);
    const RecordIndex group = play == nullptr ? no_record : play->groups().find(id);
    return group == no_record ? std::nullopt : std::optional{play->view_of(campaign, group)};
}

std::vector<GroupView> open_groups(const Campaign& campaign, Instant now, std::size_t most) {
    std::vector<GroupView> views;
    const GroupBuyState* play = group_buy_of(campaign);
    if (play == nullptr || campaign.was_killed() || most == 0 ||
        !group_terms(campaign.config()).public_list) {
        return views;
    }
    const GroupBuyState::Search search{
        .item = std::nullopt, .most = most, .walk_most = groups_walked_most};
    for (const RecordIndex at :
         play->to_fill(campaign, now, search, [](RecordIndex) { return true; })) {
        views.push_back(play->view_of(campaign, at));
    }
    return views;
}

std::vector<GroupView> groups_of(const Campaign& campaign, BuyerId buyer, std::size_t most) {
    std::vector<GroupView> views;
    const GroupBuyState* play = group_buy_of(campaign);
    const BuyerRecord* record = campaign.book().find_buyer(buyer);
    RecordIndex at = play == nullptr || record == nullptr ? no_record : record->last_order;
    std::vector<RecordIndex> seen;
    for (std::size_t walked = 0;
         at != no_record && walked < orders_walked_most && views.size() < most; ++walked) {
        const OrderRecord& order = campaign.book().order(at);
        if (order.owner != no_record) {
            const RecordIndex group = play->groups().seat(order.owner).group;
            if (std::find(seen.begin(), seen.end(), group) == seen.end()) {
                seen.push_back(group);
                views.push_back(play->view_of(campaign, group));
            }
        }
        at = order.previous_of_buyer;
    }
    return views;
}

void GroupBuyState::recall_hold(const Campaign& campaign, RecordIndex index, Answer& answer) const {
    const OrderRecord& order = campaign.book().order(index);
    const SeatRecord& seat = groups_.seat(order.owner);
    if (order.amount > Money{0}) {
        answer.code = seat.rerouted ? Code::rerouted : Code::held;
        return;
    }
    // A seat that costs nothing is paid at once, and may have been the last.
    const GroupRecord& group = groups_.group(seat.group);
    // A deadline's success may be the very next event as well; no seat was wanting then.
    const bool had_all_seats = group.virtual_seats == 0 && group.paid + group.left == group.size;
    const bool completed = group.state == GroupState::success && had_all_seats &&
                           group.ended_by == order.receipt.next();
    answer.code = completed ? Code::confirmed : Code::ok;
    answer.order->state = completed ? OrderState::confirmed : OrderState::paid;
}

Answer GroupBuyState::recall(const Campaign& campaign, EventNumber number, std::uint64_t subject,
                             Receipt receipt) const {
    Answer answer;
    if (number.kind == GroupFailed::kind) {
        answer.code = Code::ok;
        answer.record = view_of(campaign, groups_.find(GroupId{subject}));
        answer.receipt = receipt;
        answer.replayed = true;
        return answer;
    }
    const RecordIndex index = campaign.book().find_order(OrderId{subject});
    check(index != no_record, "a remembered seat that is not here");
    answer = replay_of_order(campaign, index);
    answer.receipt = receipt;
    if (number.kind == GroupOpened::kind || number.kind == SeatTaken::kind) {
        return answer;
    }
    answer.code = Code::ok;
    answer.order->state = OrderState::paid;
    if (number.kind == GroupSucceeded::kind) {
        const bool lost = answer.state_now == OrderState::refund_due ||
                          (answer.state_now == OrderState::refunded &&
                           campaign.view(index).refund_reason == RefundReason::lottery_lost);
        answer.code = lost ? Code::ok : Code::confirmed;
        answer.order->state = lost ? OrderState::refund_due : OrderState::confirmed;
        if (lost) {
            answer.refund_amount = campaign.book().order(index).amount;
            answer.refund_reason = RefundReason::lottery_lost;
        }
    }
    return answer;
}

Signature GroupBuyState::signature() const {
    Signature sum = own_signature_;
    sum.put_in(groups_.signature().raw());
    return sum;
}

// Checks -----------------------------------------------------------------------------------------

std::optional<std::string> GroupBuyState::check_invariants(const Campaign& campaign) const {
    if (auto wrong = groups_.check_invariants()) {
        return wrong;
    }
    std::map<BuyerId, GroupBuyerRecord> counted;
    std::vector<std::int64_t> kept(units_kept_.size());
    for (RecordIndex at = 0; at < groups_.group_count(); ++at) {
        const GroupRecord& group = groups_.group(at);
        const std::string name = "group " + Base36(group.id.raw()).str() + ": ";
        kept[group.item] += group.units_kept.units();
        if (group.is_open()) {
            ++counted[group.leader].leads;
        }
        const std::uint32_t seats_paid =
            std::uint32_t{group.paid} + group.left + group.virtual_seats;
        const GroupTerms& terms = group_terms(campaign.config());
        const std::uint32_t least = terms.tiers.empty() ? group.size : terms.tiers[0].size;
        if (group.state == GroupState::success && (seats_paid < least || seats_paid > group.size)) {
            return name + "a success without all of its seats paid";
        }
        if (group.state != GroupState::success && group.virtual_seats > 0) {
            return name + "virtual seats in a group that is no success";
        }
        if (!group.is_open() && group.locked > 0) {
            return name + "it has ended, and a seat of it is still locked";
        }
    }
    for (RecordIndex at = 0; at < groups_.seat_count(); ++at) {
        const SeatRecord& seat = groups_.seat(at);
        const GroupRecord& group = groups_.group(seat.group);
        const OrderState state = campaign.book().order(seat.order).state;
        const bool may_be =
            !seat.taken ||
            (group.is_open() ? state == OrderState::held || state == OrderState::paid
                             : state != OrderState::held && state != OrderState::paid);
        const bool is_half = group.state != GroupState::success && state == OrderState::confirmed;
        if (!may_be || is_half || campaign.book().order(seat.order).owner != at) {
            return "group " + Base36(group.id.raw()).str() +
                   ": a seat's order is in a state that the group's does not allow";
        }
        if (seat.taken && (group.is_open() || group.state == GroupState::success)) {
            ++(seat.opener ? counted[seat.buyer].opened : counted[seat.buyer].joined);
        }
    }
    if (kept != units_kept_) {
        return "units kept for winners are miscounted";
    }
    std::optional<std::string> wrong;
    buyers_.for_each([&](BuyerId id, const GroupBuyerRecord& buyer) {
        const GroupBuyerRecord& count = counted[id];
        if (count.leads != buyer.leads || count.opened != buyer.opened ||
            count.joined != buyer.joined) {
            wrong = "buyer " + std::to_string(id.raw()) + ": his groups are miscounted";
        }
    });
    return wrong;
}

// Checkpoints ------------------------------------------------------------------------------------

void GroupBuyState::save(const PutChunk& put) const {
    groups_.save(0, put);
    RecordChunks chunks(buyers_part, put);
    buyers_.for_each([&](BuyerId buyer, const GroupBuyerRecord& record) {
        chunks.add([&](ByteWriter& out) {
            out.put(buyer);
            write_record(out, record);
        });
    });
    chunks.finish();
}

bool GroupBuyState::load(std::uint8_t part, ByteReader& reader) {
    if (part < SeatGroups::parts) {
        const RecordIndex before = groups_.group_count();
        if (!groups_.load(part, reader)) {
            return false;
        }
        for (RecordIndex at = before; at < groups_.group_count(); ++at) {
            const GroupRecord& group = groups_.group(at);
            units_kept_[group.item] += group.units_kept.units();
        }
        return true;
    }
    const auto count = reader.get<std::uint32_t>();
    for (std::uint32_t at = 0; at < count && !reader.failed(); ++at) {
        const auto buyer = reader.get<BuyerId>();
        const auto record = read_record<GroupBuyerRecord>(reader);
        change_buyer(buyer, [&](GroupBuyerRecord& into) { into = record; });
    }
    return part == buyers_part && !reader.failed() && reader.left() == 0;
}

}  // namespace stampede::campaigns
