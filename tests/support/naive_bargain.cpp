// SPDX-License-Identifier: Apache-2.0
#include "tests/support/naive_bargain.hpp"

#include <algorithm>

namespace stampede::tests {

using campaigns::CampaignState;
using campaigns::StockAt;
using campaigns::Verb;

// Counting ---------------------------------------------------------------------------------------

bool NaiveBargain::runs(State state) {
    return state == State::open || state == State::reached || state == State::ordered;
}

std::int64_t NaiveBargain::price(const Bargain& bargain) const {
    std::int64_t price = rules_.start_price - rules_.first_cut;
    for (const Cut& cut : bargain.cuts) {
        price -= cut.amount;
    }
    return price;
}

bool NaiveBargain::keeps_unit(const Bargain& bargain) const {
    const State of = bargain.state == State::ordered ? bargain.back_to : bargain.state;
    if (rules_.stock_at == StockAt::launch) {
        return runs(bargain.state);
    }
    return rules_.stock_at == StockAt::floor && of == State::reached;
}

std::int64_t NaiveBargain::until_ms(const Bargain& bargain) const {
    const State of = bargain.state == State::ordered ? bargain.back_to : bargain.state;
    if (of == State::open || bargain.pay_until_ms == 0) {
        return bargain.deadline_ms;
    }
    return bargain.pay_until_ms;
}

std::int64_t NaiveBargain::held() const {
    const auto kept = std::ranges::count_if(
        bargains_, [this](const Bargain& bargain) { return keeps_unit(bargain); });
    const auto taken = std::ranges::count_if(orders_, [](const Order& order) {
        return order.state == Of::held && order.takes_own_unit;
    });
    return kept + taken;
}

std::int64_t NaiveBargain::sold() const {
    return std::ranges::count(orders_, Of::confirmed, &Order::state);
}

std::int64_t NaiveBargain::available() const {
    return rules_.stock - held() - sold() - removed_;
}

std::int64_t NaiveBargain::units_of(std::uint64_t buyer) const {
    return std::ranges::count_if(orders_, [&](const Order& order) {
        return bargains_[order.bargain].starter == buyer &&
               (order.state == Of::held || order.state == Of::confirmed);
    });
}

std::int64_t NaiveBargain::marks_of(std::uint64_t buyer) const {
    return std::ranges::count_if(orders_, [&](const Order& order) {
        return bargains_[order.bargain].starter == buyer &&
               (order.state == Of::held || order.let_go);
    });
}

bool NaiveBargain::is_at_quota(std::uint64_t buyer) const {
    return units_of(buyer) + 1 > rules_.per_buyer || marks_of(buyer) >= rules_.holds_per_buyer;
}

std::int64_t NaiveBargain::day() const {
    return (now_ms_ + 8 * 3'600'000) / 86'400'000;
}

// Time -------------------------------------------------------------------------------------------

bool NaiveBargain::is_over(const Bargain& bargain, State state) const {
    if (state == State::open) {
        return now_ms_ >= bargain.deadline_ms ||
               (rules_.closes_with_campaign && state_ == CampaignState::ending);
    }
    return state == State::reached && now_ms_ >= bargain.pay_until_ms;
}

std::optional<std::int64_t> NaiveBargain::next_due_ms() const {
    std::optional<std::int64_t> next;
    const auto at = [&](std::int64_t due) {
        if (due > now_ms_ && (!next || due < *next)) {
            next = due;
        }
    };
    at(rules_.starts_ms);
    at(rules_.ends_ms);
    for (const Bargain& bargain : bargains_) {
        if (runs(bargain.state)) {
            at(until_ms(bargain));
        }
    }
    for (const Order& order : orders_) {
        if (order.state == Of::held) {
            at(order.pay_by_ms);
        }
    }
    return next;
}

void NaiveBargain::end_hold(Order& order, Of state, bool let_go) {
    order.state = state;
    order.let_go = let_go;
    Bargain& bargain = bargains_[order.bargain];
    if (bargain.state == State::ordered) {
        bargain.state = bargain.back_to;
    }
}

void NaiveBargain::close_what_is_over() {
    for (Order& order : orders_) {
        if (order.state == Of::held && killed_) {
            end_hold(order, Of::cancelled, false);
        } else if (order.state == Of::held && now_ms_ >= order.pay_by_ms) {
            end_hold(order, Of::expired, true);
        }
    }
    for (Bargain& bargain : bargains_) {
        if (killed_ && runs(bargain.state)) {
            bargain.state = State::cancelled;
        } else if (is_over(bargain, bargain.state)) {
            bargain.state = bargain.state == State::open ? State::expired : State::lapsed;
        }
    }
}

void NaiveBargain::advance_campaign() {
    const bool has_begun = state_ == CampaignState::live || state_ == CampaignState::paused;
    if (state_ == CampaignState::scheduled && now_ms_ >= rules_.starts_ms) {
        state_ = CampaignState::live;
    }
    if ((has_begun || state_ == CampaignState::live) && now_ms_ >= rules_.ends_ms) {
        state_ = CampaignState::ending;
    }
    close_what_is_over();
    const bool nothing_runs =
        std::ranges::none_of(bargains_, [](const Bargain& bargain) { return runs(bargain.state); });
    if (state_ == CampaignState::ending && nothing_runs) {
        removed_ += available();
        state_ = CampaignState::ended;
    } else if (state_ == CampaignState::killed) {
        removed_ += available();
    }
}

void NaiveBargain::move_to(std::int64_t now_ms) {
    while (const auto due = next_due_ms()) {
        if (*due > now_ms) {
            break;
        }
        now_ms_ = *due;
        advance_campaign();
    }
    now_ms_ = now_ms;
    advance_campaign();
}

// Acts -------------------------------------------------------------------------------------------

std::optional<NaiveBargain::Code> NaiveBargain::closed_to_new() const {
    if (killed_) {
        return Code::killed;
    }
    if (state_ == CampaignState::scheduled) {
        return Code::not_started;
    }
    if (state_ == CampaignState::paused) {
        return Code::paused;
    }
    return state_ == CampaignState::live ? std::nullopt : std::optional{Code::ended};
}

NaiveBargain::Code NaiveBargain::launch(std::uint64_t buyer) {
    if (const auto closed = closed_to_new()) {
        return *closed;
    }
    if (blocked_.contains(buyer)) {
        return Code::blocked;
    }
    if (is_at_quota(buyer)) {
        return Code::limit_buyer;
    }
    std::int64_t launches = 0;
    std::int64_t running = 0;
    for (const Bargain& bargain : bargains_) {
        launches += bargain.starter == buyer ? 1 : 0;
        running += bargain.starter == buyer && runs(bargain.state) ? 1 : 0;
    }
    if (running >= rules_.open_launches) {
        return Code::launch_exists;
    }
    if (launches >= rules_.launches) {
        return Code::launch_limit;
    }
    if (available() == 0) {
        return Code::sold_out;
    }
    if (!may_sell_) {
        return Code::busy;
    }
    Bargain bargain;
    bargain.starter = buyer;
    bargain.deadline_ms = now_ms_ + rules_.valid_ms;
    if (rules_.closes_with_campaign) {
        bargain.deadline_ms = std::min(bargain.deadline_ms, rules_.ends_ms);
    }
    bargains_.push_back(bargain);
    return Code::ok;
}

NaiveBargain::Code NaiveBargain::may_cut(std::uint64_t helper, std::size_t index) const {
    const Bargain& bargain = bargains_[index];
    if (killed_) {
        return Code::killed;
    }
    if (state_ == CampaignState::paused) {
        return Code::paused;
    }
    if (blocked_.contains(helper)) {
        return Code::blocked;
    }
    if (helper == bargain.starter) {
        return Code::help_self;
    }
    if (!runs(bargain.state) && bargain.state != State::paid) {
        return Code::bargain_ended;
    }
    const auto has_cut = [](const Bargain& one, std::uint64_t who) {
        return std::ranges::count(one.cuts, who, &Cut::helper) > 0;
    };
    if (has_cut(bargain, helper)) {
        return Code::help_repeat;
    }
    if (bargain.state != State::open) {
        return Code::already_done;
    }
    std::int64_t helps = 0;
    std::int64_t helps_today = 0;
    for (const Bargain& one : bargains_) {
        if (one.starter == helper && has_cut(one, bargain.starter) && !rules_.mutual_allowed) {
            return Code::help_mutual;
        }
        for (const Cut& cut : one.cuts) {
            helps += cut.helper == helper ? 1 : 0;
            helps_today += cut.helper == helper && cut.day == day() ? 1 : 0;
        }
    }
    if ((rules_.helps > 0 && helps >= rules_.helps) ||
        (rules_.helps_per_day > 0 && helps_today >= rules_.helps_per_day)) {
        return Code::help_limit;
    }
    return may_sell_ ? Code::cut : Code::busy;
}

std::optional<std::string> NaiveBargain::cut(std::uint64_t helper, std::size_t index,
                                             std::int64_t amount) {
    Bargain& bargain = bargains_[index];
    const std::int64_t rest = price(bargain) - rules_.floor_price;
    const auto done = static_cast<std::int64_t>(bargain.cuts.size());
    const std::int64_t to_come = rules_.helpers > 0 ? rules_.helpers - done - 1 : 0;
    if (amount < 1 || amount > rest - to_come ||
        (rules_.helpers > 0 && to_come == 0 && amount != rest)) {
        return "a cut of " + std::to_string(amount) + " of " + std::to_string(rest) + " with " +
               std::to_string(to_come) + " helpers to come";
    }
    const bool has_unit = available() > 0;
    bargain.cuts.push_back({helper, amount, day()});
    if (amount == rest) {
        bargain.pay_until_ms = now_ms_ + rules_.pay_ms;
        bargain.state = State::reached;
        if (rules_.stock_at == StockAt::floor && !has_unit) {
            bargain.state = State::sold_out;
            bargain.pay_until_ms = 0;
        }
    }
    return std::nullopt;
}

NaiveBargain::Code NaiveBargain::order(std::uint64_t buyer, std::size_t index) {
    Bargain& bargain = bargains_[index];
    if (bargain.starter != buyer) {
        return Code::bargain_unknown;
    }
    if (killed_) {
        return Code::killed;
    }
    if (state_ == CampaignState::paused) {
        return Code::paused;
    }
    if (blocked_.contains(buyer)) {
        return Code::blocked;
    }
    if (bargain.state == State::ordered || bargain.state == State::paid) {
        return Code::already_done;
    }
    if (!runs(bargain.state)) {
        return Code::bargain_ended;
    }
    if (bargain.state == State::open && !rules_.any_price) {
        return Code::floor_not_reached;
    }
    if (price(bargain) > 0 && until_ms(bargain) - now_ms_ < rules_.min_pay_ms) {
        return Code::bargain_ended;
    }
    if (is_at_quota(buyer)) {
        return Code::limit_buyer;
    }
    if (!keeps_unit(bargain) && available() == 0) {
        return Code::sold_out;
    }
    if (!may_sell_) {
        return Code::busy;
    }
    Order order;
    order.bargain = index;
    order.amount = price(bargain);
    order.pay_by_ms = std::min(now_ms_ + rules_.hold_ms, until_ms(bargain));
    order.takes_own_unit = !keeps_unit(bargain);
    bargain.back_to = bargain.state;
    bargain.state = State::ordered;
    bargain.order = orders_.size();
    orders_.push_back(order);
    if (order.amount == 0) {
        orders_.back().state = Of::confirmed;
        bargain.state = State::paid;
        return Code::confirmed;
    }
    return Code::held;
}

NaiveBargain::Code NaiveBargain::owe(Order& order, const std::string& payment, bool counts) {
    order.payments[payment] = true;
    if (counts) {
        order.state = Of::refund_due;
    }
    return Code::refund_required;
}

NaiveBargain::Code NaiveBargain::pay(std::size_t index, const std::string& payment) {
    Order& order = orders_[index];
    Bargain& bargain = bargains_[order.bargain];
    if (const auto known = order.payments.find(payment); known != order.payments.end()) {
        return known->second ? Code::refund_required : Code::already_done;
    }
    if (order.amount == 0) {
        return Code::already_done;
    }
    const auto confirm = [&](Code code) {
        order.payments[payment] = false;
        order.state = Of::confirmed;
        order.let_go = false;
        bargain.state = State::paid;
        bargain.order = index;
        return code;
    };
    if (order.state == Of::held) {
        return confirm(Code::confirmed);
    }
    if (order.state != Of::expired && order.state != Of::cancelled) {
        return owe(order, payment, false);
    }
    const bool can = !killed_ && !rules_.refunds_late && bargain.state == State::reached &&
                     order.amount == price(bargain) && (!order.takes_own_unit || available() > 0) &&
                     units_of(bargain.starter) + 1 <= rules_.per_buyer;
    return can ? confirm(Code::late_confirmed) : owe(order, payment, true);
}

NaiveBargain::Code NaiveBargain::cancel_order(std::size_t index) {
    Order& order = orders_[index];
    if (order.state != Of::held) {
        return Code::order_closed;
    }
    end_hold(order, Of::cancelled, true);
    return Code::cancelled;
}

NaiveBargain::Code NaiveBargain::cancel_bargain(std::size_t index) {
    Bargain& bargain = bargains_[index];
    if (!runs(bargain.state)) {
        return Code::wrong_state;
    }
    if (bargain.state == State::ordered) {
        orders_[bargain.order].state = Of::cancelled;
    }
    bargain.state = State::cancelled;
    return Code::cancelled;
}

NaiveBargain::Code NaiveBargain::change(Verb verb) {
    const bool may_end = state_ == CampaignState::scheduled || state_ == CampaignState::live ||
                         state_ == CampaignState::paused;
    if (verb == Verb::pause && may_end && state_ != CampaignState::paused) {
        state_ = CampaignState::paused;
    } else if (verb == Verb::resume && state_ == CampaignState::paused) {
        state_ = now_ms_ < rules_.starts_ms ? CampaignState::scheduled : CampaignState::live;
    } else if (verb == Verb::end && may_end) {
        state_ = CampaignState::ending;
    } else if (verb == Verb::kill && (may_end || state_ == CampaignState::ending)) {
        state_ = CampaignState::killed;
        killed_ = true;
    } else {
        return Code::wrong_state;
    }
    return Code::ok;
}

NaiveBargain::Code NaiveBargain::add_stock(std::int64_t delta) {
    const bool is_running = state_ != CampaignState::ended && state_ != CampaignState::killed;
    if (!is_running) {
        return Code::wrong_state;
    }
    if (available() + delta < 0) {
        return Code::stock_cut_too_large;
    }
    rules_.stock += delta;
    return Code::ok;
}

}  // namespace stampede::tests
