// SPDX-License-Identifier: Apache-2.0
// Payments and refunds of the slow model, line by line as the rules list them.
#include <algorithm>

#include "tests/support/naive_seckill.hpp"

namespace stampede::tests {

using campaigns::CampaignState;
using campaigns::Code;
using campaigns::LatePayment;
using campaigns::OrderState;
using campaigns::RefundReason;

namespace {

std::string name_of(std::size_t order) {
    return "o" + std::to_string(order);
}

}  // namespace

void NaiveSeckill::confirm(std::size_t at) {
    Order& order = orders_[at];
    order.state = OrderState::confirmed;
    order.sold = true;
    order.let_go = false;
    order.waits = false;
    told_.push_back("ROW " + name_of(at) + " amount " + std::to_string(order.amount));
}

bool NaiveSeckill::can_take_again(std::int64_t now_ms, const Order& order) const {
    std::int64_t units = 0;
    for (std::size_t line = 0; line < order.items.size(); ++line) {
        units += order.units[line];
        if (free_units(now_ms, order.items[line]) < order.units[line]) {
            return false;
        }
    }
    return units_of(order.buyer) + units <= rules_.per_buyer &&
           (rules_.per_buyer_per_slot == 0 ||
            units_in_slot(order.buyer, order.slot) + units <= rules_.per_buyer_per_slot);
}

NaiveAnswer NaiveSeckill::ask_back(std::size_t at, const std::string& id, bool counts,
                                   RefundReason reason) {
    Order& order = orders_[at];
    Payment& payment = payments_[id];
    payment.kept = false;
    payment.reason = reason;
    std::int64_t units = 0;
    for (const std::int64_t line : order.units) {
        units += line;
    }
    if (counts) {
        order.state = OrderState::refund_due;
        order.counted = id;
        order.waits = false;
    }
    told_.push_back("REFUND_REQUIRED " + name_of(at) + " payment " + id + " quantity " +
                    std::to_string(units) + " amount " + std::to_string(payment.amount) +
                    " reason " + std::string{text(reason)});
    NaiveAnswer answer = about(Code::refund_required, at);
    answer.refund_amount = payment.amount;
    answer.refund_reason = reason;
    return answer;
}

NaiveAnswer NaiveSeckill::pay_late(std::int64_t now_ms, std::size_t at, const std::string& id) {
    Order& order = orders_[at];
    const auto back = [&](RefundReason reason) {
        payments_[id].asked_back = true;
        return ask_back(at, id, true, reason);
    };
    if (killed_) {
        return back(RefundReason::campaign_killed);
    }
    if (rules_.late == LatePayment::refund) {
        return back(RefundReason::late_payment);
    }
    if (rules_.late == LatePayment::hold_for_operator) {
        order.waits = true;
        payments_[id].kept = true;
        return about(Code::late_held, at);
    }
    if (!can_take_again(now_ms, order)) {
        return back(RefundReason::late_payment);
    }
    confirm(at);
    order.counted = id;
    return about(Code::late_confirmed, at);
}

NaiveAnswer NaiveSeckill::pay(std::int64_t now_ms, std::optional<std::size_t> at,
                              const std::string& unknown_order, const std::string& id,
                              std::int64_t amount, const NaiveRequest& request) {
    if (!at || state_ == CampaignState::archived) {
        const std::string name = at ? name_of(*at) : unknown_order;
        if (mismatches_.emplace("? " + name, id, amount).second) {
            told_.push_back("PAYMENT_MISMATCH " + name + " payment " + id + " amount " +
                            std::to_string(amount) + " reason order_unknown");
        }
        NaiveAnswer answer;
        answer.code = Code::order_unknown;
        return answer;
    }
    if (const auto again = known(request)) {
        return *again;
    }
    Order& order = orders_[*at];
    const auto payment = payments_.find(id);
    if (payment != payments_.end() && payment->second.order != *at) {
        return about(Code::payment_reused, *at);
    }
    if (amount != order.amount) {
        if (mismatches_.emplace(name_of(*at), id, amount).second) {
            told_.push_back("PAYMENT_MISMATCH " + name_of(*at) + " payment " + id + " amount " +
                            std::to_string(amount) + " expected " + std::to_string(order.amount) +
                            " reason wrong_amount");
        }
        return about(Code::amount_mismatch, *at);
    }
    if (payment != payments_.end()) {
        NaiveAnswer answer =
            about(payment->second.asked_back ? Code::refund_required : Code::already_done, *at);
        if (payment->second.asked_back) {
            answer.replayed = true;
            answer.refund_amount = amount;
            answer.refund_reason = payment->second.reason;
        }
        return answer;
    }
    if (order.amount == 0) {
        return about(Code::already_done, *at);
    }
    payments_[id] = Payment{.order = *at, .amount = amount};
    if (order.state == OrderState::held) {
        confirm(*at);
        order.counted = id;
        return remember(request, about(Code::confirmed, *at));
    }
    const bool is_late = !order.waits && (order.state == OrderState::expired ||
                                          order.state == OrderState::cancelled);
    if (is_late) {
        return remember(request, pay_late(now_ms, *at, id));
    }
    payments_[id].asked_back = true;
    return remember(request,
                    ask_back(*at, id, false,
                             order.state == OrderState::refunded ? RefundReason::order_refunded
                                                                 : RefundReason::second_payment));
}

NaiveAnswer NaiveSeckill::resolve(std::int64_t now_ms, std::optional<std::size_t> at,
                                  campaigns::Decision decision, const NaiveRequest& request) {
    NaiveAnswer answer;
    answer.code = Code::order_unknown;
    if (!at || state_ == CampaignState::archived) {
        return answer;
    }
    if (const auto again = known(request)) {
        return *again;
    }
    answer.code = Code::wrong_state;
    if (!orders_[*at].waits) {
        return answer;
    }
    const auto kept = std::ranges::find_if(
        payments_, [&](const auto& one) { return one.second.order == *at && one.second.kept; });
    if (killed_) {
        return remember(request, ask_back(*at, kept->first, true, RefundReason::campaign_killed));
    }
    if (decision == campaigns::Decision::refund) {
        return remember(request, ask_back(*at, kept->first, true, RefundReason::operator_decision));
    }
    if (!can_take_again(now_ms, orders_[*at])) {
        return answer;
    }
    kept->second.kept = false;
    orders_[*at].counted = kept->first;
    confirm(*at);
    return remember(request, about(Code::late_confirmed, *at));
}

NaiveAnswer NaiveSeckill::cancel(std::int64_t now_ms, std::uint64_t buyer,
                                 std::optional<std::size_t> at, const NaiveRequest& request) {
    NaiveAnswer answer;
    answer.code = Code::campaign_unknown;
    if (state_ == CampaignState::archived) {
        return answer;
    }
    if (const auto again = known(request)) {
        return *again;
    }
    if (state_ == CampaignState::draft) {
        return answer;
    }
    answer.code = Code::order_unknown;
    if (!at || orders_[*at].buyer != buyer) {
        return answer;
    }
    Order& order = orders_[*at];
    if (order.state != OrderState::held) {
        return about(Code::order_closed, *at);
    }
    order.state = OrderState::cancelled;
    order.let_go = true;
    const NaiveAnswer done = about(Code::cancelled, *at);
    serve_after(now_ms, Order{order});
    return remember(request, done);
}

NaiveAnswer NaiveSeckill::release(std::int64_t now_ms, std::optional<std::size_t> at,
                                  const NaiveRequest& request) {
    NaiveAnswer answer;
    answer.code = Code::order_unknown;
    if (!at || state_ == CampaignState::archived) {
        return answer;
    }
    if (const auto again = known(request)) {
        return *again;
    }
    if (orders_[*at].state != OrderState::held) {
        return about(Code::order_closed, *at);
    }
    orders_[*at].state = OrderState::cancelled;
    const NaiveAnswer done = about(Code::cancelled, *at);
    serve_after(now_ms, Order{orders_[*at]});
    return remember(request, done);
}

/// A confirmed order: units go back with the money.
NaiveAnswer NaiveSeckill::refund_sold(std::size_t at, const std::string& refund_id,
                                      std::int64_t units, std::int64_t amount,
                                      const std::string& item, Payment* payment) {
    Order& order = orders_[at];
    NaiveAnswer no;
    no.code = Code::refund_exceeds_paid;
    std::vector<std::int64_t> back(order.units.size(), 0);
    std::int64_t left = 0;
    for (std::size_t line = 0; line < order.units.size(); ++line) {
        left += order.units[line] - order.refunded[line];
    }
    for (std::size_t line = 0; line < order.units.size() && units > 0; ++line) {
        const std::int64_t line_left = order.units[line] - order.refunded[line];
        if (item.empty() && units == left) {
            back[line] = line_left;  // all that is left, of every item
        } else if (rules_.items[order.items[line]].id == item ||
                   (item.empty() && order.units.size() == 1)) {
            back[line] = units;
        }
        if (back[line] > line_left) {
            return no;
        }
    }
    std::int64_t going_back = 0;
    for (const std::int64_t line : back) {
        going_back += line;
    }
    if (going_back != units) {
        return no;
    }
    const bool is_over = state_ == CampaignState::ended || state_ == CampaignState::settled ||
                         state_ == CampaignState::killed || handed_back_;
    const auto policy = rules_.restock == campaigns::Restock::to_activity && is_over
                            ? campaigns::Restock::to_mall
                            : rules_.restock;
    for (std::size_t line = 0; line < back.size(); ++line) {
        order.refunded[line] += back[line];
        if (back[line] > 0 && policy != campaigns::Restock::to_activity) {
            removed_[order.items[line]] += back[line];
        }
    }
    order.refunded_amount += amount;
    if (payment != nullptr) {
        payment->refunded += amount;
        payment->refunded_units += units;
    }
    if (order.refunded_amount == order.amount && order.refunded == order.units) {
        order.state = OrderState::refunded;
    }
    for (std::size_t line = 0; line < back.size(); ++line) {
        if (back[line] > 0 && policy == campaigns::Restock::to_mall) {
            told_.push_back("STOCK_DELTA " + name_of(at) + " item " +
                            rules_.items[order.items[line]].id + " units " +
                            std::to_string(back[line]) + " refund " + refund_id +
                            " reason refunded");
        }
    }
    return about(Code::ok, at);
}

NaiveAnswer NaiveSeckill::refund(std::int64_t now_ms, std::optional<std::size_t> at,
                                 const std::string& refund_id, const std::string& payment_id,
                                 std::int64_t units, std::int64_t amount, const std::string& item,
                                 const NaiveRequest& request) {
    NaiveAnswer no;
    const auto refuse = [&](Code code) {
        no.code = code;
        return no;
    };
    if (!at || state_ == CampaignState::archived) {
        return refuse(Code::order_unknown);
    }
    if (const auto again = known(request)) {
        return *again;
    }
    const std::string body = name_of(*at) + "/" + payment_id + "/" + std::to_string(units) + "/" +
                             std::to_string(amount) + "/" + item;
    if (const auto found = refunds_.find(refund_id); found != refunds_.end()) {
        return found->second.first == body ? about(Code::already_done, *at)
                                           : refuse(Code::refund_reused);
    }
    Order& order = orders_[*at];
    const std::string& id = payment_id.empty() ? order.counted : payment_id;
    const auto found = payments_.find(id);
    const bool is_free = payment_id.empty() && order.amount == 0;
    Payment* payment = found == payments_.end() ? nullptr : &found->second;
    if (!is_free && (payment == nullptr || payment->order != *at || payment->kept)) {
        return refuse(Code::wrong_state);
    }
    std::int64_t bought = 0;
    for (const std::int64_t line : order.units) {
        bought += line;
    }
    const std::int64_t money_left = is_free ? 0 : payment->amount - payment->refunded;
    const std::int64_t units_left = is_free ? bought : bought - payment->refunded_units;
    if (amount > money_left || units > units_left) {
        return refuse(Code::refund_exceeds_paid);
    }
    NaiveAnswer answer;
    const bool counts = is_free || id == order.counted;
    if (!counts) {
        payment->refunded += amount;
        payment->refunded_units += units;
        answer = about(Code::ok, *at);
    } else if (order.state == OrderState::confirmed) {
        answer = refund_sold(*at, refund_id, units, amount, item, payment);
        if (answer.code != Code::ok) {
            return answer;
        }
    } else if (order.state == OrderState::refund_due) {
        payment->refunded += amount;
        payment->refunded_units += units;
        order.refunded_amount += amount;
        order.state = order.refunded_amount == order.amount ? OrderState::refunded : order.state;
        answer = about(Code::ok, *at);
    } else {
        return refuse(Code::refund_exceeds_paid);
    }
    refunds_[refund_id] = {body, answer};
    serve_after(now_ms, Order{order});
    return remember(request, answer);
}

}  // namespace stampede::tests
