// SPDX-License-Identifier: Apache-2.0
// Refunds are made by the mall and reported here. What goes back with the money follows from where
// the order stands: units and quota of a confirmed order return in the same event; on refund_due
// they went back before.
#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

Answer refused(Code code, const char* detail, const Context& context) {
    Answer answer = answer_of(code, context);
    answer.detail = detail;
    return answer;
}

/// Digest of the report's body, to tell a repetition from another report under the same id.
std::uint64_t body_digest(const RecordRefund& refund) {
    std::array<std::byte, 256> bytes;
    ByteWriter out(bytes);
    out.put(refund.order);
    out.put(refund.payment_id.value_or(PaymentId{}));
    out.put(refund.quantity);
    out.put(refund.amount);
    out.put(refund.item_id.value_or(ItemId{}));
    return record_digest(0x5246, out.written());
}

/// Where the units of a confirmed order go: into the sale while it runs, to the mall afterwards.
Restock restock_now(const Campaign& campaign) {
    const Restock policy = campaign.config().restock;
    const CampaignState state = campaign.state();
    const bool is_over = state == CampaignState::ended || state == CampaignState::settled ||
                         state == CampaignState::killed || campaign.handback_next() > 0;
    return policy == Restock::to_activity && is_over ? Restock::to_mall : policy;
}

using Parts = decltype(OrderRefunded::parts);

/// Which units return, by line. Empty when the report does not say which of several items it means,
/// or names more units than are left.
std::optional<Parts> parts_of(const Campaign& campaign, const OrderRecord& order,
                              const RecordRefund& refund) {
    const OrderBook& book = campaign.book();
    Parts parts;
    if (refund.quantity == Quantity{0}) {
        return parts;
    }
    const auto add = [&](std::uint8_t at, Quantity units) {
        const std::uint16_t item = book.line(order, at).item;
        parts.push_back({.line = at,
                         .item = item,
                         .item_id = campaign.config().items[item].item_id,
                         .quantity = units});
    };
    const Quantity left = book.quantity_of(order) - book.refunded_quantity_of(order);
    if (!refund.item_id && refund.quantity == left) {
        for (std::uint8_t at = 0; at < order.line_count; ++at) {
            const LineRecord& line = book.line(order, at);
            if (line.quantity > line.refunded) {
                add(at, Quantity{line.quantity - line.refunded});
            }
        }
        return parts;
    }
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        const LineRecord& line = book.line(order, at);
        const bool is_meant = refund.item_id
                                  ? campaign.config().items[line.item].item_id == *refund.item_id
                                  : order.line_count == 1;
        if (is_meant) {
            if (refund.quantity > Quantity{line.quantity - line.refunded}) {
                return std::nullopt;
            }
            add(at, refund.quantity);
            return parts;
        }
    }
    return std::nullopt;
}

Answer done(const Campaign& campaign, RecordIndex index, OrderRefunded event,
            const Context& context, Events& events) {
    Answer answer = receipted(Code::ok, context, events.size());
    answer.order = campaign.view(index);
    for (const OrderRefunded::Part& part : event.parts) {
        answer.order->lines[part.line].refunded += part.quantity;
    }
    if (event.counted) {
        answer.order->refunded_amount += event.amount;
    }
    if (event.wholly) {
        answer.order->state = OrderState::refunded;
    }
    const OrderState before = campaign.book().order(index).state;
    const bool leaves_its_record =
        event.wholly && (before == OrderState::confirmed || before == OrderState::paid);
    events.emplace_back(OrderEvent{std::move(event)});
    if (const PlayState* play = campaign.play_owning(index); play != nullptr && leaves_its_record) {
        play->after_refund(campaign, index, context, events);
    }
    serve_returned(campaign, context, events);
    return answer;
}

/// A refund of the payment that a confirmed or a paid order counts (or of a free order).
Answer refund_confirmed(const Campaign& campaign, RecordIndex index, OrderRefunded event,
                        const RecordRefund& refund, const Context& context, Events& events) {
    const OrderBook& book = campaign.book();
    const OrderRecord& order = book.order(index);
    auto parts = parts_of(campaign, order, refund);
    if (!parts) {
        return refused(Code::refund_exceeds_paid,
                       "more units than are left on this order, or item_id does not name one",
                       context);
    }
    event.parts = std::move(*parts);
    event.units_return = !event.parts.empty();
    event.restock = restock_now(campaign);
    if (order.state == OrderState::paid && campaign.was_killed()) {
        // The kill has ended the seat: its unit went back before the mall reported, as those of
        // all other seats do, whatever becomes of goods that were sold.
        event.restock = Restock::to_mall;
    }
    // A seat that was never sold took nothing off the mall's own row, and a lottery's units stay
    // with the group: there is nothing to tell the mall of.
    const bool has_nothing_to_return =
        order.units_with_play || campaign.config().stock_source == StockSource::mirrored;
    if (order.state == OrderState::paid && event.restock == Restock::to_mall &&
        has_nothing_to_return) {
        event.restock = Restock::none;
    }
    event.wholly = order.refunded_amount + refund.amount == order.amount &&
                   book.refunded_quantity_of(order) + refund.quantity == book.quantity_of(order);
    if (order.state == OrderState::paid && !event.wholly) {
        return refused(Code::wrong_state,
                       "a paid order that waits for others can only be refunded wholly", context);
    }
    return done(campaign, index, std::move(event), context, events);
}

/// A refund of a seat that a kill has judged due, before its sweep came by: what was paid goes
/// back, whichever units the mall names. The whole of it leaves no obligation to tell of; a part is
/// one of the obligation, so the sweep's work on the group comes first.
Answer refund_killed(const Campaign& campaign, RecordIndex index, OrderRefunded event,
                     const RecordRefund& refund, const Context& context, Events& events) {
    const OrderBook& book = campaign.book();
    const OrderRecord& order = book.order(index);
    if (order.refunded_amount + refund.amount == order.amount) {
        RecordRefund whole = refund;
        whole.quantity = book.quantity_of(order) - book.refunded_quantity_of(order);
        whole.item_id.reset();
        return refund_confirmed(campaign, index, std::move(event), whole, context, events);
    }
    campaign.play_owning(index)->sweep_record(campaign, index, events);
    return done(campaign, index, std::move(event), context, events);
}

}  // namespace

Answer decide_refund(const Campaign& campaign, const RecordRefund& refund, const Context& context,
                     Events& events) {
    const OrderBook& book = campaign.book();
    const RecordIndex index = book.find_order(refund.order);
    check(index != no_record, "the machine routes refunds to the campaign of their order");
    const OrderRecord& order = book.order(index);
    const std::uint64_t digest = body_digest(refund);
    if (const RecordIndex known = book.find_refund(refund.refund_id); known != no_record) {
        if (book.refund(known).body_digest != digest) {
            return refused(Code::refund_reused, "this refund_id was reported with another body",
                           context);
        }
        Answer answer = answer_of(Code::already_done, context);
        answer.order = campaign.view(index);
        return answer;
    }
    if (order.refunds >= limits::refunds_per_order_max) {
        return refused(Code::busy, "this order has had too many refunds already", context);
    }
    const RecordIndex target =
        refund.payment_id ? book.find_payment(*refund.payment_id) : order.counted_payment;
    const bool is_free = !refund.payment_id && order.amount == Money{0};
    if (target == no_record && !is_free) {
        return refused(Code::wrong_state, "no such payment of this order has been reported",
                       context);
    }
    if (target != no_record && book.payment(target).order != index) {
        return refused(Code::wrong_state, "this payment belongs to another order", context);
    }
    if (target != no_record && book.payment(target).status == PaymentStatus::kept) {
        return refused(Code::wrong_state,
                       "this late payment waits for a decision; resolve the order first", context);
    }
    const Money paid =
        is_free ? Money{0} : book.payment(target).amount - book.payment(target).refunded;
    if (refund.amount > paid) {
        return refused(Code::refund_exceeds_paid, "more than is left of this payment", context);
    }
    const Quantity units_back = is_free ? Quantity{0} : book.payment(target).refunded_units;
    if (units_back + refund.quantity > book.quantity_of(order)) {
        return refused(Code::refund_exceeds_paid, "more units than were bought", context);
    }
    OrderRefunded event;
    event.order = order.id;
    event.refund_id = refund.refund_id;
    event.payment_id = is_free ? PaymentId{} : book.payment(target).payment_id;
    event.counted = is_free || target == order.counted_payment;
    event.amount = refund.amount;
    event.quantity = refund.quantity;
    event.body_digest = digest;
    event.stock_source = campaign.config().stock_source;
    event.quota = campaign.config().quota_on_refund;
    if (!event.counted) {
        return done(campaign, index, std::move(event), context, events);
    }
    const OrderState state = campaign.judged_state(index);
    if (state == OrderState::confirmed || state == OrderState::paid) {
        return refund_confirmed(campaign, index, std::move(event), refund, context, events);
    }
    if (state != OrderState::refund_due) {
        return refused(Code::refund_exceeds_paid, "this order has been refunded wholly", context);
    }
    if (order.state == OrderState::paid) {
        return refund_killed(campaign, index, std::move(event), refund, context, events);
    }
    event.wholly = refund.amount == paid;
    return done(campaign, index, std::move(event), context, events);
}

}  // namespace stampede::campaigns
