// SPDX-License-Identifier: Apache-2.0
// Events of 拼团 for others: what the mall learns of them, and what `journal print` shows.
#include "campaigns/event_fields.hpp"
#include "campaigns/group_buy.hpp"
#include "campaigns/settlement_writer.hpp"

namespace stampede::campaigns {

namespace {

void tell_refund(SettlementWriter& out, GroupId group, OrderId order, const PaymentId& payment_id,
                 Money amount, Quantity quantity, RefundReason reason, Instant paid_at) {
    JsonObject payload = out.about_order(order);
    payload.text("payment_id", payment_id.view())
        .integer("quantity", quantity.units())
        .integer("amount", amount.fen())
        .text("reason", text(reason))
        .integer("paid_at_ms", paid_at.ms())
        .text("group_id", SettlementWriter::id_text(group.raw()));
    out.tell("REFUND_REQUIRED", order, std::move(payload));
}

void show_seat(EventFields& out, const SeatHold& seat) {
    out.id("order_id", seat.order.raw());
    out.buyer("buyer_id", seat.buyer);
    out.units("quantity", seat.quantity);
    out.money("unit_price", seat.unit_price);
    out.time("pay_by_ms", seat.pay_by);
    out.flag("new", seat.is_new);
    out.flag("rerouted", seat.rerouted);
}

void show_released(EventFields& out, const std::vector<OrderId>& released) {
    out.begin_list("released");
    for (const OrderId order : released) {
        out.begin_row();
        out.id("order_id", order.raw());
        out.end_row();
    }
    out.end_list();
}

}  // namespace

// Settlement -------------------------------------------------------------------------------------

void settle(const GroupOpened& /*event*/, SettlementWriter& /*out*/) {}
void settle(const SeatTaken& /*event*/, SettlementWriter& /*out*/) {}
void settle(const SeatPaid& /*event*/, SettlementWriter& /*out*/) {}
void settle(const LeaderChanged& /*event*/, SettlementWriter& /*out*/) {}

void settle(const GroupSucceeded& event, SettlementWriter& out) {
    std::int64_t confirmed = 0;
    for (const GroupSucceeded::Member& member : event.members) {
        if (!member.confirmed) {
            tell_refund(out, event.group, member.order, member.payment_id,
                        member.unit_price * member.quantity, member.quantity,
                        RefundReason::lottery_lost, member.paid_at);
            continue;
        }
        ++confirmed;
        OrderRow row = out.row_of(member.order, member.buyer);
        row.play = GroupBuy::word;
        row.amount = member.unit_price * member.quantity;
        row.state = text(OrderState::confirmed);
        row.group_id = SettlementWriter::id_text(event.group.raw());
        if (!member.payment_id.empty()) {
            row.payment_id = std::string{member.payment_id.view()};
            row.paid_at = member.paid_at;
        }
        row.items.push_back({.line = 0,
                             .item_id = std::string{event.item_id.view()},
                             .quantity = member.quantity,
                             .unit_price = member.unit_price,
                             .refunded = Quantity{}});
        out.add(std::move(row));
        if (member.back > Money{0}) {
            tell_refund(out, event.group, member.order, member.payment_id, member.back, Quantity{0},
                        RefundReason::price_difference, member.paid_at);
        }
    }
    JsonObject payload = out.about_campaign();
    payload.text("group_id", SettlementWriter::id_text(event.group.raw()))
        .text("item_id", event.item_id.view())
        .integer("members", static_cast<std::int64_t>(event.members.size()))
        .integer("confirmed", confirmed)
        .integer("virtual", event.virtual_seats)
        .integer("price", event.price.fen())
        .text("leader_buyer_id", std::to_string(event.leader.raw()))
        .integer("leader_commission_bp", event.leader_commission_bp);
    out.tell("GROUP_SUCCEEDED", std::nullopt, std::move(payload));
}

void settle(const GroupFailed& event, SettlementWriter& out) {
    const RefundReason reason = event.end == GroupEnd::campaign_killed
                                    ? RefundReason::campaign_killed
                                    : RefundReason::group_failed;
    for (const GroupFailed::Refund& refund : event.refunds) {
        tell_refund(out, event.group, refund.order, refund.payment_id, refund.amount,
                    refund.quantity, reason, refund.paid_at);
    }
    JsonObject payload = out.about_campaign();
    payload.text("group_id", SettlementWriter::id_text(event.group.raw()))
        .text("state", text(event.state))
        .text("reason", text(event.end))
        .integer("refunds", static_cast<std::int64_t>(event.refunds.size()));
    out.tell("GROUP_FAILED", std::nullopt, std::move(payload));
}

// The journal printed ----------------------------------------------------------------------------

void show(const GroupOpened& event, EventFields& out) {
    show_seat(out, event.seat);
    out.number("item", event.item);
    out.number("size", event.size);
    out.time("deadline_ms", event.deadline);
    out.units("units_kept", event.units_kept);
}
void show(const SeatTaken& event, EventFields& out) {
    out.id("group_id", event.group.raw());
    show_seat(out, event.seat);
}
void show(const SeatPaid& event, EventFields& out) {
    out.id("order_id", event.order.raw());
    out.text("payment_id", event.payment_id.view());
    out.time("paid_at_ms", event.paid_at);
    out.flag("late", event.late);
}
void show(const GroupSucceeded& event, EventFields& out) {
    out.id("group_id", event.group.raw());
    if (event.order.raw() != 0) {
        out.id("order_id", event.order.raw());
    }
    out.flag("late", event.late);
    out.number("virtual", event.virtual_seats);
    out.number("tier", event.tier);
    out.money("price", event.price);
    out.buyer("leader", event.leader);
    out.number("leader_commission_bp", event.leader_commission_bp);
    out.begin_list("members");
    for (const GroupSucceeded::Member& member : event.members) {
        out.begin_row();
        out.id("order_id", member.order.raw());
        out.buyer("buyer_id", member.buyer);
        out.units("quantity", member.quantity);
        out.money("unit_price", member.unit_price);
        out.text("payment_id", member.payment_id.view());
        out.flag("confirmed", member.confirmed);
        out.money("back", member.back);
        out.end_row();
    }
    out.end_list();
    show_released(out, event.released);
}
void show(const GroupFailed& event, EventFields& out) {
    out.id("group_id", event.group.raw());
    out.text("state", text(event.state));
    out.text("reason", text(event.end));
    out.text("actor", event.actor.view());
    out.begin_list("refunds");
    for (const GroupFailed::Refund& refund : event.refunds) {
        out.begin_row();
        out.id("order_id", refund.order.raw());
        out.text("payment_id", refund.payment_id.view());
        out.money("amount", refund.amount);
        out.units("quantity", refund.quantity);
        out.end_row();
    }
    out.end_list();
    show_released(out, event.released);
}
void show(const LeaderChanged& event, EventFields& out) {
    out.id("group_id", event.group.raw());
    out.buyer("leader", event.leader);
}

}  // namespace stampede::campaigns
