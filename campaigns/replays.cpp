// SPDX-License-Identifier: Apache-2.0
// What a request is told again, under its key or with its ticket: the order as the first answer
// showed it, and beside it the state that the order has now. Everything is read off the order book;
// no answer is stored. A payment or refund knows the event that made it by its receipt.
#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

/// As the order was before any money went back.
void forget_refunds(OrderView& order) {
    order.refunded_amount = Money{0};
    order.waits_for_operator = false;
    for (LineView& line : order.lines) {
        line.refunded = Quantity{0};
    }
}

/// The payment that the event at `sequence` brought.
RecordIndex payment_of(const OrderBook& book, const OrderRecord& order, Sequence sequence) {
    RecordIndex at = order.last_payment;
    while (at != no_record && book.payment(at).receipt != sequence) {
        at = book.payment(at).previous_of_order;
    }
    return at;
}

Answer replay_of_payment_due(const Campaign& campaign, RecordIndex index, Answer answer) {
    const OrderBook& book = campaign.book();
    const OrderRecord& order = book.order(index);
    const RecordIndex brought = payment_of(book, order, answer.receipt.sequence);
    // None: an operator decided about a payment that had been kept, which is the one that counts.
    const RecordIndex due = brought == no_record ? order.counted_payment : brought;
    check(due != no_record, "a remembered refund without its payment");
    answer.code = Code::refund_required;
    answer.refund_amount = book.payment(due).amount;
    answer.refund_reason = book.payment(due).reason;
    return answer;
}

}  // namespace

Answer replay_of_order(const Campaign& campaign, RecordIndex index) {
    const OrderView now = campaign.view(index);
    Answer answer;
    const bool was_free = now.amount == Money{0};
    answer.code = was_free ? Code::confirmed : Code::held;
    answer.replayed = true;
    answer.server_time = now.created_at;
    answer.order = now;
    answer.order->state = was_free ? OrderState::confirmed : OrderState::held;
    forget_refunds(*answer.order);
    answer.state_now = now.state;
    answer.receipt.sequence = now.receipt;
    if (const PlayState* play = campaign.play_owning(index)) {
        answer.record = play->view(campaign, campaign.book().order(index).owner);
        play->recall_hold(campaign, index, answer);
    }
    return answer;
}

Answer replay_of_request(const Campaign& campaign, RecordIndex index, EventNumber number,
                         Receipt receipt) {
    const OrderBook& book = campaign.book();
    const OrderRecord& order = book.order(index);
    Answer answer = replay_of_order(campaign, index);
    answer.receipt = receipt;
    if (number.family == Family::seckill) {
        return answer;
    }
    switch (number.kind) {
        case OrderConfirmed::kind:
            answer.code = order.late ? Code::late_confirmed : Code::confirmed;
            answer.order->state = OrderState::confirmed;
            break;
        case HoldReleased::kind: {
            answer.order->state = OrderState::cancelled;
            answer.code = Code::cancelled;
            // Release 0.1.0 remembered a payment which met a hold that a kill had released with the
            // release, the event before its own. No act that only releases can precede one so.
            const RecordIndex payment = payment_of(book, order, receipt.sequence.next());
            if (payment != no_record && book.payment(payment).was_due &&
                book.payment(payment).reason == RefundReason::campaign_killed) {
                answer.receipt.sequence = receipt.sequence.next();
                answer = replay_of_payment_due(campaign, index, answer);
                answer.order->state = OrderState::refund_due;
            }
            break;
        }
        case PaymentRefundDue::kind: {
            answer = replay_of_payment_due(campaign, index, answer);
            const RecordIndex payment = payment_of(book, order, receipt.sequence);
            if (payment == no_record || payment == order.counted_payment) {
                answer.order->state = OrderState::refund_due;
            } else {
                answer.order = campaign.view(index);  // another payment left it as it was
            }
            break;
        }
        case PaymentKept::kind:
            answer.code = Code::late_held;
            answer.order->state = order.was_cancelled ? OrderState::cancelled : OrderState::expired;
            answer.order->waits_for_operator = true;
            break;
        case OrderRefunded::kind:
            answer.code = Code::ok;
            answer.order = campaign.view(index);  // with all that has gone back by now
            break;
        default:
            unreachable("an event that no request can have made");
    }
    return answer;
}

}  // namespace stampede::campaigns
