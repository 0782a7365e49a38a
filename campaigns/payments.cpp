// SPDX-License-Identifier: Apache-2.0
// What a payment that the mall reports does, judged by the order's current state: the journal's
// order decides what is late. decide_payment() follows the payment table line by line.
#include "campaigns/rules.hpp"

namespace stampede::campaigns {

Answer with_order(Answer answer, const Campaign& campaign, RecordIndex index, OrderState state) {
    answer.order = campaign.view(index);
    answer.order->state = state;
    const bool may_wait = state == OrderState::expired || state == OrderState::cancelled;
    answer.order->waits_for_operator = may_wait && answer.order->waits_for_operator;
    if (const PlayState* play = campaign.play_owning(index)) {
        answer.record = play->view(campaign, campaign.book().order(index).owner);
    }
    return answer;
}

namespace {

/// The gateway has money that fits no order: told once per {order, payment, amount}.
Answer mismatch(const Campaign& campaign, RecordIndex index, const RecordPayment& payment,
                const Context& context, Events& events) {
    const OrderRecord& order = campaign.book().order(index);
    Answer answer = answer_of(Code::amount_mismatch, context);
    if (!campaign.book().knows_mismatch(payment.order, payment.payment_id, payment.amount)) {
        if (campaign.book().is_full_of_mismatches()) {
            answer = answer_of(Code::busy, context);
            answer.retry_in = busy_retry;
            answer.detail = "too many payments of wrong amounts; see PAYMENT_MISMATCH";
            return with_order(answer, campaign, index, campaign.judged_state(index));
        }
        events.emplace_back(CampaignEvent{PaymentMismatched{.order = payment.order,
                                                            .payment_id = payment.payment_id,
                                                            .amount = payment.amount,
                                                            .expected = order.amount}});
        answer = receipted(Code::amount_mismatch, context);
    }
    return with_order(answer, campaign, index, campaign.judged_state(index));
}

/// The same payment reported again: the first answer where it asked for a refund, else "done".
Answer repeated(const Campaign& campaign, RecordIndex index, const PaymentRecord& payment,
                const Context& context) {
    const OrderState state = campaign.judged_state(index);
    if (payment.was_due) {
        Answer answer = answer_of(Code::refund_required, context);
        answer.replayed = true;
        answer.refund_amount = payment.amount;
        answer.refund_reason = payment.reason;
        return with_order(answer, campaign, index, state);
    }
    return with_order(answer_of(Code::already_done, context), campaign, index, state);
}

}  // namespace

Answer confirm_order(const Campaign& campaign, RecordIndex index, const RecordPayment& payment,
                     Late late, const Context& context, Events& events) {
    const OrderRecord& order = campaign.book().order(index);
    const bool is_late = late == Late::yes;
    OrderConfirmed confirmed;
    confirmed.order = order.id;
    confirmed.play = campaign.config().play;
    confirmed.buyer = order.buyer;
    confirmed.amount = order.amount;
    confirmed.stock_source = campaign.config().stock_source;
    confirmed.late = is_late;
    confirmed.payment_id = payment.payment_id;
    confirmed.paid_at = payment.paid_at;
    confirmed.lines = confirmed_lines(campaign, order);
    confirmed.record_id = order.owner == no_record ? 0 : campaign.play()->record_id(order.owner);
    events.emplace_back(OrderEvent{confirmed});
    return with_order(receipted(is_late ? Code::late_confirmed : Code::confirmed, context),
                      campaign, index, OrderState::confirmed);
}

Answer refund_payment(const Campaign& campaign, RecordIndex index, const RecordPayment& payment,
                      RefundReason reason, Counted counted, const Context& context,
                      Events& events) {
    const OrderRecord& order = campaign.book().order(index);
    Answer answer = receipted(Code::refund_required, context, events.size());
    events.emplace_back(OrderEvent{PaymentRefundDue{.order = order.id,
                                                    .payment_id = payment.payment_id,
                                                    .amount = payment.amount,
                                                    .quantity = campaign.book().quantity_of(order),
                                                    .reason = reason,
                                                    .counted = counted == Counted::yes,
                                                    .paid_at = payment.paid_at}});
    answer.refund_amount = payment.amount;
    answer.refund_reason = reason;
    return with_order(
        answer, campaign, index,
        counted == Counted::yes ? OrderState::refund_due : campaign.judged_state(index));
}

namespace {

/// Why the campaign's play sends this payment back, whoever owns its order.
std::optional<RefundReason> refused_by_play(const Campaign& campaign, RecordIndex index,
                                            const RecordPayment& payment) {
    const PlayState* play = campaign.play();
    return play == nullptr ? std::nullopt : play->refuse_payment(campaign, index, payment);
}

/// The hold ends with the payment that may not pay for it.
Answer release_and_refund(const Campaign& campaign, RecordIndex index, const RecordPayment& payment,
                          RefundReason reason, const Context& context, Events& events) {
    events.emplace_back(OrderEvent{
        HoldReleased{.order = payment.order, .reason = ReleaseReason::not_new, .actor = Actor{}}});
    Answer answer = refund_payment(campaign, index, payment, reason, Counted::yes, context, events);
    if (const PlayState* play = campaign.play_owning(index)) {
        play->after_hold_ends(campaign, index, context, events);
    }
    return answer;
}

/// By the play where it owns the order; else the payment confirms.
Answer pay(const Campaign& campaign, RecordIndex index, const RecordPayment& payment, Late late,
           const Context& context, Events& events) {
    if (const auto reason = refused_by_play(campaign, index, payment)) {
        return late == Late::no
                   ? release_and_refund(campaign, index, payment, *reason, context, events)
                   : refund_payment(campaign, index, payment, *reason, Counted::yes, context,
                                    events);
    }
    if (const PlayState* play = campaign.play_owning(index)) {
        return play->decide_payment(campaign, index, payment, late, context, events);
    }
    return confirm_order(campaign, index, payment, late, context, events);
}

bool can_pay_late(const Campaign& campaign, RecordIndex index, const Context& context) {
    if (!can_reacquire(campaign, campaign.book().order(index), context.now)) {
        return false;
    }
    const PlayState* play = campaign.play_owning(index);
    return play == nullptr || play->can_reacquire(campaign, index, context);
}

/// A payment for a hold that has ended: by the campaign's policy.
Answer late(const Campaign& campaign, RecordIndex index, const RecordPayment& payment,
            const Context& context, Events& events) {
    const auto give_back = [&](RefundReason reason) {
        return refund_payment(campaign, index, payment, reason, Counted::yes, context, events);
    };
    if (campaign.was_killed()) {
        return give_back(RefundReason::campaign_killed);
    }
    switch (campaign.config().late_payment) {
        case LatePayment::refund:
            return give_back(RefundReason::late_payment);
        case LatePayment::hold_for_operator: {
            if (const auto refused = refused_by_play(campaign, index, payment)) {
                return give_back(*refused);  // there is nothing that an operator could decide
            }
            events.emplace_back(OrderEvent{PaymentKept{.order = payment.order,
                                                       .payment_id = payment.payment_id,
                                                       .amount = payment.amount,
                                                       .paid_at = payment.paid_at}});
            Answer answer = with_order(receipted(Code::late_held, context), campaign, index,
                                       campaign.book().order(index).state);
            answer.order->waits_for_operator = true;
            return answer;
        }
        case LatePayment::reacquire_or_refund:
            break;
    }
    if (!can_pay_late(campaign, index, context)) {
        return give_back(RefundReason::late_payment);
    }
    return pay(campaign, index, payment, Late::yes, context, events);
}

}  // namespace

ConfirmedLines confirmed_lines(const Campaign& campaign, const OrderRecord& order) {
    ConfirmedLines lines;
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        const LineRecord& line = campaign.book().line(order, at);
        lines.push_back({.item_id = campaign.config().items[line.item].item_id,
                         .item = line.item,
                         .quantity = Quantity{line.quantity},
                         .unit_price = line.unit_price});
    }
    return lines;
}

namespace {

/// Units of an order that count against its buyer's limits.
std::int64_t units_that_count(const Campaign& campaign, const OrderRecord& order) {
    const OrderBook& book = campaign.book();
    const std::int64_t units = book.quantity_of(order).units();
    const std::int64_t refunded = book.refunded_quantity_of(order).units();
    const bool keeps = campaign.config().quota_on_refund == QuotaOnRefund::keep;
    switch (order.state) {
        case OrderState::held:
        case OrderState::paid:
            return units;
        case OrderState::confirmed:
        case OrderState::refunded:
            // Refunded out of refund_due: its units had gone back before and none is marked here.
            return keeps && refunded > 0                  ? units
                   : order.state == OrderState::confirmed ? units - refunded
                                                          : 0;
        case OrderState::expired:
        case OrderState::cancelled:
        case OrderState::refund_due:
            return 0;
    }
    unreachable();
}

/// What the buyer has of a slot that need not be his newest; empty when telling takes too long.
std::optional<std::int64_t> units_in_slot(const Campaign& campaign, const BuyerRecord& buyer,
                                          std::uint32_t slot) {
    if (buyer.slot == slot) {
        return buyer.slot_units;
    }
    constexpr int orders_most = 256;
    std::int64_t units = 0;
    RecordIndex at = buyer.last_order;
    for (int walked = 0; at != no_record && walked < orders_most; ++walked) {
        const OrderRecord& order = campaign.book().order(at);
        if (order.slot < slot) {
            return units;  // a buyer's orders come newest first
        }
        units += order.slot == slot ? units_that_count(campaign, order) : 0;
        at = order.previous_of_buyer;
    }
    return at == no_record ? std::optional{units} : std::nullopt;
}

}  // namespace

bool can_reacquire(const Campaign& campaign, const OrderRecord& order, Instant now) {
    const std::uint32_t slot_now = campaign.slot_of_hold(now);
    std::int64_t units = 0;
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        const LineRecord& line = campaign.book().line(order, at);
        units += line.quantity;
        if (!order.units_with_play &&
            campaign.free_units(line.item, slot_now) < Quantity{line.quantity}) {
            return false;
        }
    }
    const BuyerRecord* buyer = campaign.book().find_buyer(order.buyer);
    check(buyer != nullptr, "an order without its buyer");
    const Limits& limit = campaign.config().limits;
    if (buyer->units + units > limit.per_buyer) {
        return false;
    }
    if (!limit.per_buyer_per_slot) {
        return true;
    }
    const auto in_slot = units_in_slot(campaign, *buyer, order.slot);
    return in_slot && *in_slot + units <= *limit.per_buyer_per_slot;
}

Answer decide_payment(const Campaign& campaign, const RecordPayment& payment,
                      const Context& context, Events& events) {
    const OrderBook& book = campaign.book();
    const RecordIndex index = book.find_order(payment.order);
    check(index != no_record, "the machine routes payments to the campaign of their order");
    const OrderRecord& order = book.order(index);
    const RecordIndex known = book.find_payment(payment.payment_id);
    if (known != no_record && book.payment(known).order != index) {
        return with_order(answer_of(Code::payment_reused, context), campaign, index,
                          campaign.judged_state(index));
    }
    if (payment.amount != order.amount) {
        return mismatch(campaign, index, payment, context, events);
    }
    if (known != no_record) {
        return repeated(campaign, index, book.payment(known), context);
    }
    if (order.amount == Money{0}) {
        // Confirmed without a payment; a report of nothing is no money that could go back.
        return with_order(answer_of(Code::already_done, context), campaign, index,
                          campaign.judged_state(index));
    }
    if (order.payments >= limits::payments_per_order_max) {
        Answer answer = answer_of(Code::busy, context);
        answer.retry_in = busy_retry;
        answer.detail = "this order has had too many payments already";
        return answer;
    }
    const auto second = [&](RefundReason reason) {
        return refund_payment(campaign, index, payment, reason, Counted::no, context, events);
    };
    switch (order.state) {
        case OrderState::held:
            if (campaign.was_killed()) {
                // The kill released the hold; its sweep had not come by yet.
                events.emplace_back(OrderEvent{HoldReleased{
                    .order = order.id, .reason = ReleaseReason::killed, .actor = Actor{}}});
                Answer answer =
                    refund_payment(campaign, index, payment, RefundReason::campaign_killed,
                                   Counted::yes, context, events);
                if (const PlayState* play = campaign.play_owning(index)) {
                    play->after_hold_ends(campaign, index, context, events);
                }
                return answer;
            }
            return pay(campaign, index, payment, Late::no, context, events);
        case OrderState::expired:
        case OrderState::cancelled:
            if (order.waits_for_operator) {
                return second(RefundReason::second_payment);
            }
            return late(campaign, index, payment, context, events);
        case OrderState::paid:
        case OrderState::confirmed:
        case OrderState::refund_due:
            return second(RefundReason::second_payment);
        case OrderState::refunded:
            return second(RefundReason::order_refunded);
    }
    unreachable();
}

Answer decide_resolution(const Campaign& campaign, const ResolveOrder& resolve,
                         const Context& context, Events& events) {
    const OrderBook& book = campaign.book();
    const RecordIndex index = book.find_order(resolve.order);
    if (index == no_record) {
        return answer_of(Code::order_unknown, context);
    }
    const OrderRecord& order = book.order(index);
    RecordIndex kept = order.last_payment;
    while (kept != no_record && book.payment(kept).status != PaymentStatus::kept) {
        kept = book.payment(kept).previous_of_order;
    }
    if (!order.waits_for_operator || kept == no_record) {
        Answer answer = answer_of(Code::wrong_state, context);
        answer.detail = "no late payment of this order waits for a decision";
        return answer;
    }
    const RecordPayment payment{.order = order.id,
                                .payment_id = book.payment(kept).payment_id,
                                .amount = book.payment(kept).amount,
                                .paid_at = book.payment(kept).paid_at,
                                .buyer_is_new = std::nullopt};
    if (resolve.decision == Decision::refund || campaign.was_killed()) {
        return refund_payment(
            campaign, index, payment,
            campaign.was_killed() ? RefundReason::campaign_killed : RefundReason::operator_decision,
            Counted::yes, context, events);
    }
    if (!can_pay_late(campaign, index, context)) {
        Answer answer = answer_of(Code::wrong_state, context);
        answer.detail = "stock, the buyer's limit or its group no longer allow it; decide refund";
        return answer;
    }
    return pay(campaign, index, payment, Late::yes, context, events);
}

}  // namespace stampede::campaigns
