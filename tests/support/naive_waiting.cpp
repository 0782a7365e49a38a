// SPDX-License-Identifier: Apache-2.0
// Those in line of the slow model, and what of an item a slot has: a list, walked from its front.
#include <algorithm>

#include "tests/support/naive_seckill.hpp"

namespace stampede::tests {

using campaigns::CampaignState;
using campaigns::Code;
using campaigns::OrderState;

std::int64_t NaiveSeckill::in_reach(std::int64_t now_ms, std::size_t item) const {
    const std::int64_t share = rules_.items[item].slot_stock;
    if (share == 0) {
        return available(item);
    }
    // This slot's share and those of all before it, less what has gone of them.
    const auto slots = static_cast<std::int64_t>(slot_of(now_ms)) + 1;
    const std::int64_t left = share * slots - held(item) - sold(item);
    return std::clamp<std::int64_t>(left, 0, available(item));
}

std::int64_t NaiveSeckill::free_units(std::int64_t now_ms, std::size_t item) const {
    const auto line = std::ranges::count(waiting_, item, &Waiter::item);
    return std::max<std::int64_t>(in_reach(now_ms, item) - line, 0);
}

NaiveAnswer NaiveSeckill::sold_out(std::int64_t now_ms, std::size_t item) const {
    NaiveAnswer answer;
    answer.code = Code::sold_out;
    const bool is_for_the_line =
        available(item) > 0 && std::ranges::count(waiting_, item, &Waiter::item) > 0;
    answer.may_return = may_return(item) || is_for_the_line;
    const auto next = next_opening_ms(now_ms);
    if (rules_.items[item].slot_stock > 0 && available(item) > 0 && next) {
        answer.starts_in_ms = *next - now_ms;
    }
    return answer;
}

std::int64_t NaiveSeckill::place_of(std::uint64_t buyer, std::size_t item) const {
    std::int64_t place = 0;
    for (const Waiter& waiter : waiting_) {
        place += waiter.item == item ? 1 : 0;
        if (waiter.item == item && waiter.buyer == buyer) {
            return place;
        }
    }
    return 0;
}

void NaiveSeckill::serve(std::int64_t now_ms, std::size_t item, std::uint64_t spared) {
    if (!may_sell_ || closed_by_time(now_ms)) {
        return;
    }
    while (in_reach(now_ms, item) > 0) {
        const auto head = std::ranges::find(waiting_, item, &Waiter::item);
        if (head == waiting_.end() || head->buyer == spared) {
            return;
        }
        const Waiter waiter = *head;
        waiting_.erase(head);
        const bool refused =
            rules_.blocklist.contains(waiter.buyer) || blocked_by_hand_.contains(waiter.buyer) ||
            not_for(waiter.level, waiter.is_new) || units_of(waiter.buyer) + 1 > rules_.per_buyer ||
            holds_of(waiter.buyer) >= rules_.holds_per_buyer ||
            (rules_.per_buyer_per_slot > 0 &&
             units_in_slot(waiter.buyer, slot_of(now_ms)) + 1 > rules_.per_buyer_per_slot);
        if (refused) {
            continue;
        }
        Order order;
        order.buyer = waiter.buyer;
        order.items = {item};
        order.units = {1};
        order.refunded = {0};
        order.amount = rules_.items[item].price;
        order.pay_by_ms = std::min(now_ms + 60'000, rules_.ends_ms + rules_.hold_ms);
        order.slot = slot_of(now_ms);
        orders_.push_back(order);
        if (order.amount == 0) {
            confirm(orders_.size() - 1);
        }
    }
}

void NaiveSeckill::serve_after(std::int64_t now_ms, const Order& order) {
    for (const std::size_t item : order.items) {
        serve(now_ms, item, order.buyer);
    }
}

NaiveAnswer NaiveSeckill::wait(std::int64_t now_ms, std::uint64_t buyer, std::uint8_t level,
                               bool is_new, const std::string& id, const NaiveRequest& request) {
    NaiveAnswer answer;
    const auto refuse = [&](Code code) {
        answer.code = code;
        return answer;
    };
    if (state_ == CampaignState::archived) {
        return refuse(Code::campaign_unknown);
    }
    if (const auto again = known(request)) {
        return *again;
    }
    if (state_ == CampaignState::draft) {
        return refuse(Code::campaign_unknown);
    }
    const auto item = item_of(id);
    if (!item) {
        return refuse(Code::item_unknown);
    }
    if (!rules_.waitlist) {
        return refuse(Code::not_eligible);
    }
    if (const auto closed = closed_by_time(now_ms)) {
        return *closed;
    }
    if (rules_.blocklist.contains(buyer) || blocked_by_hand_.contains(buyer)) {
        return refuse(Code::blocked);
    }
    if (const auto code = not_for(level, is_new)) {
        return refuse(*code);
    }
    if (const std::int64_t place = place_of(buyer, *item); place > 0) {
        answer.place = place;
        return refuse(Code::waitlisted);
    }
    const bool is_at_limit =
        units_of(buyer) + 1 > rules_.per_buyer || holds_of(buyer) >= rules_.holds_per_buyer;
    if (is_at_limit) {
        for (std::size_t order = 0; order < orders_.size(); ++order) {
            if (orders_[order].buyer == buyer && orders_[order].state == OrderState::held) {
                answer.open_order = order;
            }
        }
        return refuse(Code::limit_buyer);
    }
    if (rules_.per_buyer_per_slot > 0 &&
        units_in_slot(buyer, slot_of(now_ms)) + 1 > rules_.per_buyer_per_slot) {
        return refuse(Code::limit_slot);
    }
    if (free_units(now_ms, *item) > 0) {
        return buy(now_ms, buyer, level, is_new, {{id, 1}}, false, std::nullopt, request);
    }
    if (!may_sell_) {
        return refuse(Code::busy);
    }
    waiting_.push_back({.buyer = buyer, .item = *item, .level = level, .is_new = is_new});
    answer.code = Code::waitlisted;
    answer.place = place_of(buyer, *item);
    return remember(request, answer);
}

NaiveAnswer NaiveSeckill::leave(std::uint64_t buyer, const std::string& id,
                                const NaiveRequest& request) {
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
    const auto item = item_of(id);
    if (!item) {
        answer.code = Code::item_unknown;
        return answer;
    }
    answer.code = Code::ok;
    answer.place = 0;
    const auto gone = std::erase_if(waiting_, [&](const Waiter& waiter) {
        return waiter.buyer == buyer && waiter.item == *item;
    });
    return gone > 0 ? remember(request, answer) : answer;
}

}  // namespace stampede::tests
