// SPDX-License-Identifier: Apache-2.0
// What became of each order, and what the answers to the mall's payments must satisfy.
#include <algorithm>
#include <map>
#include <set>

#include "loadtest/oracle.hpp"

namespace stampede::loadtest {
namespace {

// The order counts this payment as its own. OK: a seat is paid whose group is not full yet.
bool counted(const PaymentAnswer& answer) {
    return answer.code == AnswerCode::confirmed || answer.code == AnswerCode::late_confirmed ||
           answer.code == AnswerCode::already_done || answer.code == AnswerCode::ok;
}

std::string describe(const PaymentAnswer& answer) {
    return "payment " + answer.payment.payment_id + " of order " +
           Base36{answer.payment.order.raw()}.str() + ": " + std::string{name_of(answer.code)} +
           " state " + answer.state;
}

KnownOrder* find(std::vector<KnownOrder>& orders, OrderId wanted) {
    const auto found =
        std::lower_bound(orders.begin(), orders.end(), wanted,
                         [](const KnownOrder& order, OrderId id) { return order.order < id; });
    return found != orders.end() && found->order == wanted ? &*found : nullptr;
}

bool payment_code_allowed(const Account& account, const PaymentAnswer& answer) {
    if (answer.payment.kind == PaymentKind::wrong_amount) {
        return answer.code == AnswerCode::amount_mismatch;
    }
    if (answer.code == AnswerCode::ok) {
        return account.sale.play == Play::group_buy && answer.state == "paid";
    }
    // An order that we were told of is known, its amount is the one we were told, and no payment id
    // is used twice, so the other refusals of the table cannot be right.
    return counted(answer) || answer.code == AnswerCode::refund_required ||
           answer.code == AnswerCode::late_held;
}

Finding judge_payment_codes(const Account& account) {
    Finding finding{"payments_answered_right",
                    "each payment is answered as the payment table says"};
    for (const PaymentAnswer& answer : account.payments) {
        finding.expect(payment_code_allowed(account, answer), [&] { return describe(answer); });
    }
    return finding;
}

Finding judge_one_confirmation(const Account& account) {
    Finding finding{"one_confirmation",
                    "an order is confirmed once and counts one payment; any other is refunded"};
    struct Seen {
        std::uint64_t confirmations = 0;
        std::set<std::string> counted_payments;
    };
    std::map<OrderId, Seen> orders;
    for (const PaymentAnswer& answer : account.payments) {
        Seen& seen = orders[answer.payment.order];
        if ((answer.code == AnswerCode::confirmed || answer.code == AnswerCode::late_confirmed) &&
            !answer.replayed) {
            seen.confirmations += 1;
        }
        if (counted(answer)) {
            seen.counted_payments.insert(answer.payment.payment_id);
        }
    }
    for (const auto& [order, seen] : orders) {
        finding.expect(seen.confirmations <= 1 && seen.counted_payments.size() <= 1,
                       [id = order, &counts = seen] {
                           return "order " + Base36{id.raw()}.str() + " was confirmed " +
                                  std::to_string(counts.confirmations) + " times and counts " +
                                  std::to_string(counts.counted_payments.size()) + " payments";
                       });
    }
    return finding;
}

Finding judge_refunds(const Account& account) {
    Finding finding{"refunds_taken", "a refund of what was paid is accepted"};
    for (const RefundAnswer& answer : account.refunds) {
        finding.expect(answer.status == 200 && (answer.code == AnswerCode::ok ||
                                                answer.code == AnswerCode::already_done),
                       [&] {
                           return "refund " + answer.refund_id + ": " +
                                  std::to_string(answer.status) + ' ' +
                                  std::string{name_of(answer.code)};
                       });
    }
    return finding;
}

}  // namespace

namespace {

std::vector<KnownOrder> acknowledged(const Account& account) {
    std::vector<KnownOrder> orders;
    for (const Answer& answer : account.answers) {
        if (!took_an_order(answer)) {
            continue;
        }
        KnownOrder order;
        order.order = answer.order;
        order.buyer = answer.buyer;
        order.item = answer.item;
        order.quantity = Quantity{answer.quantity};
        order.amount = answer.amount;
        order.receipt = answer.receipt;
        order.pay_by = answer.pay_by;
        order.record = answer.record;
        order.kind = answer.kind;
        order.paid = order.confirmed = answer.code == AnswerCode::confirmed;
        order.may_have_lapsed =
            answer.pay_by <= account.ended ||
            (account.sale.play == Play::group_buy && account.sale.group.dissolves);
        orders.push_back(order);
    }
    std::sort(orders.begin(), orders.end(), [](const KnownOrder& left, const KnownOrder& right) {
        return left.order < right.order;
    });
    orders.erase(std::unique(orders.begin(), orders.end(),
                             [](const KnownOrder& left, const KnownOrder& right) {
                                 return left.order == right.order && left.buyer == right.buyer;
                             }),
                 orders.end());
    return orders;
}

void take_payments(const Account& account, std::vector<KnownOrder>& orders) {
    const bool is_group = account.sale.play == Play::group_buy;
    for (std::uint32_t at = 0; at < account.payments.size(); ++at) {
        const PaymentAnswer& answer = account.payments[at];
        KnownOrder* order = counted(answer) ? find(orders, answer.payment.order) : nullptr;
        if (order == nullptr) {
            continue;
        }
        const bool says_paid =
            is_group && (answer.code == AnswerCode::ok ||
                         (answer.code == AnswerCode::already_done && answer.state != "confirmed"));
        order->payment = at;
        order->paid = true;
        order->confirmed = order->confirmed || !says_paid;
        order->late = order->late || answer.code == AnswerCode::late_confirmed ||
                      answer.payment.kind == PaymentKind::late;
        // A late payment takes the unit again, also after a cancel.
        const bool again = answer.code == AnswerCode::late_confirmed ||
                           (is_group && answer.payment.kind == PaymentKind::late);
        order->cancelled = order->cancelled && !again;
    }
}

// Groups that succeeded, with the success's receipt where a payment's answer told of it.
std::map<RecordId, Receipt> successes(const Account& account, const Evidence& evidence,
                                      std::vector<KnownOrder>& orders) {
    std::map<RecordId, Receipt> succeeded;
    for (const KnownOrder& order : orders) {
        if (order.confirmed) {
            succeeded.try_emplace(order.record);
        }
    }
    for (const GroupView& group : evidence.groups.value_or(std::vector<GroupView>{})) {
        if (group.state == GroupState::success) {
            succeeded.try_emplace(group.id);
        }
    }
    for (const PaymentAnswer& answer : account.payments) {
        const KnownOrder* order =
            answer.code == AnswerCode::confirmed ? find(orders, answer.payment.order) : nullptr;
        if (order != nullptr) {
            succeeded[order->record] = answer.receipt;
        }
    }
    return succeeded;
}

// One seat's confirmation is that of the whole group. A seat that was refunded was part of it if
// the refund's receipt is the later one.
void confirm_groups(const Account& account, const Evidence& evidence,
                    std::vector<KnownOrder>& orders) {
    const std::map<RecordId, Receipt> succeeded = successes(account, evidence, orders);
    for (KnownOrder& order : orders) {
        const auto group = succeeded.find(order.record);
        if (!order.paid || order.confirmed || group == succeeded.end()) {
            continue;
        }
        const bool comparable = group->second.present() && order.refund_receipt.present();
        order.may_be_confirmed = order.refunded && !comparable;
        order.confirmed = !order.refunded || (comparable && group->second < order.refund_receipt);
    }
}

}  // namespace

std::vector<KnownOrder> known_orders(const Account& account, const Evidence& evidence) {
    std::vector<KnownOrder> orders = acknowledged(account);
    for (const Answer& answer : account.answers) {
        if (answer.kind == ActKind::cancel && answer.code == AnswerCode::cancelled) {
            if (KnownOrder* order = find(orders, answer.order)) {
                order->cancelled = true;
                order->cancel_receipt = answer.receipt;
            }
        }
    }
    take_payments(account, orders);
    for (const RefundAnswer& answer : account.refunds) {
        if (answer.code == AnswerCode::ok || answer.code == AnswerCode::already_done) {
            if (KnownOrder* order = find(orders, answer.order)) {
                order->refunded = order->refunded || answer.quantity == order->quantity;
                order->refund_receipt =
                    answer.code == AnswerCode::ok ? answer.receipt : order->refund_receipt;
            }
        }
    }
    if (account.sale.play == Play::group_buy) {
        confirm_groups(account, evidence, orders);
    }
    return orders;
}

Quantity most_by_receipt(const std::vector<const KnownOrder*>& orders) {
    std::vector<std::pair<Receipt, Quantity>> steps;
    for (const KnownOrder* order : orders) {
        if (order->refunded || order->late || !order->lasts()) {
            continue;
        }
        steps.emplace_back(order->receipt, order->quantity);
        if (order->cancelled) {
            steps.emplace_back(order->cancel_receipt, Quantity{0} - order->quantity);
        }
    }
    std::sort(steps.begin(), steps.end());
    Quantity now;
    Quantity most;
    for (const auto& [at, change] : steps) {
        now += change;
        most = std::max(most, now);
    }
    return most;
}

std::vector<Finding> judge_payments(const Account& account) {
    std::vector<Finding> findings;
    findings.push_back(judge_payment_codes(account));
    findings.push_back(judge_one_confirmation(account));
    findings.push_back(judge_refunds(account));
    return findings;
}

}  // namespace stampede::loadtest
