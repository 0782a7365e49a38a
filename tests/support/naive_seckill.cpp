// SPDX-License-Identifier: Apache-2.0
// The life of the campaign, and buying. Payments and refunds are in naive_payments.cpp.
#include "tests/support/naive_seckill.hpp"

#include <algorithm>

namespace stampede::tests {

using campaigns::CampaignState;
using campaigns::Code;
using campaigns::OrderState;

NaiveSeckill::NaiveSeckill(NaiveRules rules, std::string editor)
    : rules_(std::move(rules)), editor_(std::move(editor)) {
    for (const NaiveItem& item : rules_.items) {
        total_.push_back(item.stock);
        reserve_.push_back(item.reserve);
        removed_.push_back(0);
    }
}

// Counting ---------------------------------------------------------------------------------------

std::int64_t NaiveSeckill::held(std::size_t item) const {
    std::int64_t units = 0;
    for (const Order& order : orders_) {
        for (std::size_t line = 0; line < order.items.size(); ++line) {
            const bool counts = order.state == OrderState::held && order.items[line] == item;
            units += counts ? order.units[line] : 0;
        }
    }
    return units;
}

std::int64_t NaiveSeckill::sold(std::size_t item) const {
    std::int64_t units = 0;
    for (const Order& order : orders_) {
        for (std::size_t line = 0; line < order.items.size(); ++line) {
            const bool counts = order.sold && order.items[line] == item;
            units += counts ? order.units[line] - order.refunded[line] : 0;
        }
    }
    return units;
}

std::int64_t NaiveSeckill::available(std::size_t item) const {
    return total_[item] - reserve_[item] - removed_[item] - held(item) - sold(item);
}

/// Units of an order that count against its buyer's limits.
std::int64_t NaiveSeckill::counting(const Order& order) const {
    std::int64_t units = 0;
    for (std::size_t line = 0; line < order.units.size(); ++line) {
        if (order.state == OrderState::held) {
            units += order.units[line];
        } else if (order.sold) {
            units += order.units[line] - (rules_.keep_quota ? 0 : order.refunded[line]);
        }
    }
    return units;
}

std::int64_t NaiveSeckill::units_of(std::uint64_t buyer) const {
    std::int64_t units = 0;
    for (const Order& order : orders_) {
        units += order.buyer == buyer ? counting(order) : 0;
    }
    return units;
}

std::int64_t NaiveSeckill::units_in_slot(std::uint64_t buyer, std::size_t slot) const {
    std::int64_t units = 0;
    for (const Order& order : orders_) {
        units += order.buyer == buyer && order.slot == slot ? counting(order) : 0;
    }
    return units;
}

std::int64_t NaiveSeckill::holds_of(std::uint64_t buyer) const {
    return std::ranges::count_if(orders_, [&](const Order& order) {
        return order.buyer == buyer && (order.state == OrderState::held || order.let_go);
    });
}

bool NaiveSeckill::may_return(std::size_t item) const {
    return held(item) > 0 ||
           std::ranges::any_of(orders_, [](const Order& order) { return order.waits; });
}

std::optional<std::size_t> NaiveSeckill::item_of(const std::string& id) const {
    for (std::size_t item = 0; item < rules_.items.size(); ++item) {
        if (rules_.items[item].id == id) {
            return item;
        }
    }
    return std::nullopt;
}

// Keys -------------------------------------------------------------------------------------------

std::optional<NaiveAnswer> NaiveSeckill::known(const NaiveRequest& request) const {
    const auto found = requests_.find(request.scope);
    if (request.scope.empty() || found == requests_.end()) {
        return std::nullopt;
    }
    if (found->second.body != request.body) {
        NaiveAnswer answer;
        answer.code = Code::key_reused;
        return answer;
    }
    NaiveAnswer answer = found->second.answer;
    answer.replayed = true;
    if (answer.order) {
        answer.state_now = orders_[*answer.order].state;
    }
    return answer;
}

NaiveAnswer NaiveSeckill::remember(const NaiveRequest& request, const NaiveAnswer& answer) {
    if (!request.scope.empty()) {
        requests_[request.scope] = {request.body, answer};
    }
    return answer;
}

NaiveAnswer NaiveSeckill::about(Code code, std::size_t order) const {
    const Order& one = orders_[order];
    NaiveAnswer answer;
    answer.code = code;
    answer.order = order;
    answer.state = one.state;
    answer.amount = one.amount;
    answer.units = 0;
    for (std::size_t line = 0; line < one.units.size(); ++line) {
        *answer.units += one.units[line];
        answer.refunded_units += one.refunded[line];
    }
    answer.refunded_amount = one.refunded_amount;
    answer.waits = one.waits;
    answer.pay_by_ms = one.pay_by_ms;
    return answer;
}

NaiveAnswer NaiveSeckill::about_campaign(Code code) const {
    NaiveAnswer answer;
    answer.code = code;
    answer.campaign = state_;
    answer.version = version_;
    return answer;
}

// Buying -----------------------------------------------------------------------------------------

std::optional<std::int64_t> NaiveSeckill::next_opening_ms(std::int64_t now_ms) const {
    if (rules_.slots.empty()) {
        return now_ms < rules_.starts_ms ? std::optional{rules_.starts_ms} : std::nullopt;
    }
    for (const auto& [from, to] : rules_.slots) {
        if (from > now_ms) {
            return from;
        }
    }
    return std::nullopt;
}

std::size_t NaiveSeckill::slot_of(std::int64_t now_ms) const {
    std::size_t slot = 0;
    for (std::size_t at = 0; at < rules_.slots.size(); ++at) {
        slot = rules_.slots[at].first <= now_ms ? at : slot;
    }
    return slot;
}

std::optional<NaiveAnswer> NaiveSeckill::closed_by_time(std::int64_t now_ms) const {
    NaiveAnswer answer;
    const auto refuse = [&](Code code) {
        answer.code = code;
        return std::optional{answer};
    };
    if (killed_) {
        return refuse(Code::killed);
    }
    if (state_ == CampaignState::ended || state_ == CampaignState::settled) {
        return refuse(Code::ended);
    }
    if (state_ == CampaignState::ending || now_ms >= rules_.ends_ms) {
        const bool sells = rules_.resell_after_end && now_ms < rules_.ends_ms + rules_.hold_ms;
        return sells ? std::nullopt : refuse(Code::ended);
    }
    if (state_ == CampaignState::paused) {
        return refuse(Code::paused);
    }
    bool is_open = now_ms >= rules_.starts_ms && rules_.slots.empty();
    for (const auto& [from, to] : rules_.slots) {
        is_open = is_open || (now_ms >= rules_.starts_ms && from <= now_ms && now_ms < to);
    }
    if (is_open) {
        return std::nullopt;
    }
    const auto next = next_opening_ms(now_ms);
    if (!next) {
        return refuse(Code::ended);
    }
    answer.starts_in_ms = *next - now_ms;
    return refuse(Code::not_started);
}

std::optional<Code> NaiveSeckill::not_for(std::uint8_t level, bool is_new) const {
    if (level < rules_.level_min) {
        return Code::not_eligible;
    }
    return rules_.new_buyers_only && !is_new ? std::optional{Code::new_buyers_only} : std::nullopt;
}

/// Everything between the state and the stock.
std::optional<NaiveAnswer> NaiveSeckill::no_buy(std::int64_t now_ms, std::uint64_t buyer,
                                                std::uint8_t level, bool is_new, std::int64_t units,
                                                std::optional<std::size_t> ticket,
                                                const Lines& lines) const {
    NaiveAnswer answer;
    const auto refuse = [&](Code code) {
        answer.code = code;
        return std::optional{answer};
    };
    if (rules_.ticket) {
        if (!ticket) {
            return refuse(Code::bad_ticket);
        }
        const Ticket& one = tickets_[*ticket];
        const bool is_for_an_item =
            std::ranges::any_of(lines, [&](const auto& line) { return line.first == one.item; });
        if (one.buyer != buyer || !is_for_an_item || now_ms < one.not_before_ms ||
            now_ms >= one.expires_ms) {
            return refuse(Code::bad_ticket);
        }
    }
    if (rules_.blocklist.contains(buyer) || blocked_by_hand_.contains(buyer)) {
        return refuse(Code::blocked);
    }
    if (units < rules_.per_order_min || units > rules_.per_order_max) {
        return refuse(Code::limit_order);
    }
    if (const auto code = not_for(level, is_new)) {
        return refuse(*code);
    }
    for (std::size_t order = 0; order < orders_.size(); ++order) {
        if (orders_[order].buyer == buyer && orders_[order].state == OrderState::held) {
            answer.open_order = order;  // the newest
        }
    }
    if (units_of(buyer) + units > rules_.per_buyer || holds_of(buyer) >= rules_.holds_per_buyer) {
        return refuse(Code::limit_buyer);
    }
    if (rules_.per_buyer_per_slot > 0 &&
        units_in_slot(buyer, slot_of(now_ms)) + units > rules_.per_buyer_per_slot) {
        return refuse(Code::limit_slot);
    }
    return std::nullopt;
}

NaiveAnswer NaiveSeckill::buy(std::int64_t now_ms, std::uint64_t buyer, std::uint8_t level,
                              bool is_new, const Lines& lines, bool partial,
                              std::optional<std::size_t> ticket, const NaiveRequest& request) {
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
    Order order;
    order.buyer = buyer;
    std::int64_t asked = 0;
    for (const auto& [id, units] : lines) {
        const auto item = item_of(id);
        if (!item) {
            return refuse(Code::item_unknown);
        }
        order.items.push_back(*item);
        order.units.push_back(units);
        order.refunded.push_back(0);
        asked += units;
    }
    if (const auto closed = closed_by_time(now_ms)) {
        return *closed;
    }
    // Single use: a replay returns the first answer.
    if (rules_.ticket && ticket && tickets_[*ticket].buyer == buyer && tickets_[*ticket].order) {
        const std::size_t first = *tickets_[*ticket].order;
        answer = about(orders_[first].amount == 0 ? Code::confirmed : Code::held, first);
        answer.state = orders_[first].amount == 0 ? OrderState::confirmed : OrderState::held;
        answer.state_now = orders_[first].state;
        answer.refunded_units = answer.refunded_amount = 0;
        answer.waits = false;
        answer.replayed = true;
        return answer;
    }
    if (const auto no = no_buy(now_ms, buyer, level, is_new, asked, ticket, lines)) {
        return *no;
    }
    for (const std::size_t item : order.items) {
        if (free_units(now_ms, item) == 0) {
            return sold_out(now_ms, item);
        }
    }
    for (std::size_t line = 0; line < order.items.size(); ++line) {
        const std::int64_t left = free_units(now_ms, order.items[line]);
        if (left >= order.units[line]) {
            continue;
        }
        if (!partial || order.items.size() > 1 || left < rules_.per_order_min) {
            answer.left = left;
            return refuse(Code::insufficient);
        }
        order.units[line] = left;
    }
    if (!may_sell_) {
        return refuse(Code::busy);
    }
    for (std::size_t line = 0; line < order.items.size(); ++line) {
        order.amount += order.units[line] * rules_.items[order.items[line]].price;
    }
    order.pay_by_ms = std::min(now_ms, rules_.ends_ms) + rules_.hold_ms;
    order.slot = slot_of(now_ms);
    orders_.push_back(order);
    const std::size_t made = orders_.size() - 1;
    if (rules_.ticket) {
        tickets_[*ticket].order = made;
    }
    if (order.amount > 0) {
        return remember(request, about(Code::held, made));
    }
    confirm(made);
    return remember(request, about(Code::confirmed, made));
}

NaiveAnswer NaiveSeckill::take_ticket(std::int64_t now_ms, std::uint64_t buyer, std::uint8_t level,
                                      bool is_new, const std::string& item,
                                      const NaiveRequest& request) {
    constexpr int remembered_most = 16;
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
    if (!item_of(item)) {
        return refuse(Code::item_unknown);
    }
    std::int64_t from_ms = now_ms;
    if (const auto closed = closed_by_time(now_ms)) {
        const auto opening = next_opening_ms(now_ms);
        if (closed->code != Code::not_started || now_ms < *opening - rules_.warmup_ms) {
            return *closed;
        }
        from_ms = *opening;
    }
    if (rules_.blocklist.contains(buyer) || blocked_by_hand_.contains(buyer)) {
        return refuse(Code::blocked);
    }
    if (const auto code = not_for(level, is_new)) {
        return refuse(*code);
    }
    tickets_.push_back({.buyer = buyer,
                        .item = item,
                        .not_before_ms = from_ms,
                        .expires_ms = from_ms + 60'000,
                        .order = std::nullopt});
    answer.ticket_ms = {from_ms, from_ms + 60'000};
    if (request.scope.empty() || tickets_of_[buyer] >= remembered_most) {
        return answer;
    }
    ++tickets_of_[buyer];
    return remember(request, answer);
}

// The campaign's life ----------------------------------------------------------------------------

bool NaiveSeckill::has_begun() const {
    return state_ != CampaignState::draft && state_ != CampaignState::scheduled &&
           state_ != CampaignState::warming;
}

CampaignState NaiveSeckill::state_at(std::int64_t now_ms) const {
    if (now_ms >= rules_.ends_ms) {
        return CampaignState::ending;
    }
    if (now_ms >= rules_.starts_ms) {
        return CampaignState::live;
    }
    return now_ms >= rules_.starts_ms - rules_.warmup_ms ? CampaignState::warming
                                                         : CampaignState::scheduled;
}

void NaiveSeckill::turn(std::int64_t now_ms) {
    for (std::size_t at = 0; at < orders_.size(); ++at) {  // serving makes more of them
        Order& order = orders_[at];
        if (order.state == OrderState::held && now_ms >= order.pay_by_ms &&
            now_ms >= order.not_before_ms) {
            order.state = OrderState::expired;
            order.let_go = true;
            serve_after(now_ms, Order{order});
        }
    }
    was_swept_ = was_swept_ || killed_;
    const bool waits_for_time = state_ == CampaignState::scheduled ||
                                state_ == CampaignState::warming || state_ == CampaignState::live;
    if (waits_for_time && state_at(now_ms) != CampaignState::scheduled) {
        state_ = state_at(now_ms);
    }
    if (state_ == CampaignState::paused && now_ms >= rules_.ends_ms) {
        state_ = CampaignState::ending;
    }
    if (state_ == CampaignState::ending && !rules_.resell_after_end) {
        waiting_.clear();
    }
    for (std::size_t item = 0; item < total_.size(); ++item) {
        serve(now_ms, item, 0);
    }
    const bool has_holds = std::ranges::any_of(
        orders_, [](const Order& order) { return order.state == OrderState::held; });
    const bool is_over =
        (state_ == CampaignState::ending && !has_holds) || state_ == CampaignState::killed;
    if (!is_over) {
        return;
    }
    waiting_.clear();
    if (!rules_.mirrored && !handed_back_) {
        for (std::size_t item = 0; item < total_.size(); ++item) {
            const std::int64_t units = available(item) + reserve_[item];
            if (units > 0) {
                told_.push_back("STOCK_DELTA item " + rules_.items[item].id + " units " +
                                std::to_string(units) + " reason sale_over");
            }
            reserve_[item] = 0;
            removed_[item] += units;
        }
        handed_back_ = true;
    }
    if (state_ == CampaignState::ending) {
        state_ = CampaignState::ended;
        ended_ms_ = now_ms;
    }
}

std::optional<std::int64_t> NaiveSeckill::next_wake_ms(std::int64_t now_ms) const {
    std::optional<std::int64_t> next;
    const auto consider = [&](std::int64_t at_ms) {
        if (at_ms > now_ms && (!next || at_ms < *next)) {
            next = at_ms;
        }
    };
    consider(rules_.starts_ms - rules_.warmup_ms);
    consider(rules_.starts_ms);
    consider(rules_.ends_ms);
    if (rules_.waitlist) {
        for (const auto& [from, to] : rules_.slots) {
            consider(from);
        }
    }
    for (const Order& order : orders_) {
        consider(std::max(order.pay_by_ms, order.not_before_ms));
    }
    return next;
}

void NaiveSeckill::restarted(std::int64_t grace_over_ms) {
    for (Order& order : orders_) {
        order.not_before_ms = grace_over_ms;
    }
}

void NaiveSeckill::settle() {
    if (state_ == CampaignState::ended ||
        (state_ == CampaignState::killed && (was_swept_ || (rules_.mirrored && orders_.empty())))) {
        state_ = CampaignState::settled;
    }
}

NaiveAnswer NaiveSeckill::change(std::int64_t now_ms, campaigns::Verb verb,
                                 const std::string& actor, bool four_eyes,
                                 const NaiveRequest& request) {
    if (state_ == CampaignState::archived) {
        NaiveAnswer gone;
        gone.code = Code::campaign_unknown;
        return gone;
    }
    if (const auto again = known(request)) {
        return *again;
    }
    const bool runs = state_ == CampaignState::scheduled || state_ == CampaignState::warming ||
                      state_ == CampaignState::live || state_ == CampaignState::paused;
    bool may = false;
    CampaignState to = state_;
    switch (verb) {
        case campaigns::Verb::publish:
            may = state_ == CampaignState::draft && now_ms < rules_.ends_ms &&
                  !(four_eyes && actor == editor_);
            to = state_at(now_ms);
            break;
        case campaigns::Verb::pause:
            may = runs && state_ != CampaignState::paused;
            to = CampaignState::paused;
            break;
        case campaigns::Verb::resume:
            may = state_ == CampaignState::paused;
            to = state_at(now_ms);
            break;
        case campaigns::Verb::end:
            may = runs;
            to = CampaignState::ending;
            break;
        case campaigns::Verb::kill:
            may = runs || state_ == CampaignState::ending;
            to = CampaignState::killed;
            break;
        case campaigns::Verb::archive:
            may = state_ == CampaignState::settled && now_ms >= ended_ms_ + 48 * 3'600'000 &&
                  std::ranges::none_of(orders_, [](const Order& order) {
                      return order.waits || order.state == OrderState::refund_due;
                  });
            to = CampaignState::archived;
            break;
    }
    if (!may) {
        return about_campaign(Code::wrong_state);
    }
    state_ = to;
    if (verb == campaigns::Verb::kill) {
        killed_ = true;
        ended_ms_ = now_ms;
        for (Order& order : orders_) {
            order.state = order.state == OrderState::held ? OrderState::cancelled : order.state;
        }
    }
    return remember(request, about_campaign(Code::ok));
}

NaiveAnswer NaiveSeckill::revise(std::int64_t now_ms, std::uint32_t version,
                                 const NaiveRules& rules, const std::string& actor,
                                 const NaiveRequest& request) {
    if (state_ == CampaignState::archived) {
        NaiveAnswer gone;
        gone.code = Code::campaign_unknown;
        return gone;
    }
    if (const auto again = known(request)) {
        return *again;
    }
    if (version != version_) {
        return about_campaign(Code::stale_version);
    }
    const bool is_early =
        state_ == CampaignState::draft || (!has_begun() && now_ms < rules_.starts_ms);
    if (is_early) {
        rules_ = rules;
        for (std::size_t item = 0; item < rules.items.size(); ++item) {
            total_[item] = rules.items[item].stock;
            reserve_[item] = rules.items[item].reserve;
        }
        if (state_ == CampaignState::warming) {
            state_ = CampaignState::scheduled;
        }
    } else {
        if (state_ != CampaignState::live && state_ != CampaignState::paused) {
            return about_campaign(Code::wrong_state);
        }
        if (rules.ends_ms < rules_.ends_ms || rules.per_buyer < rules_.per_buyer) {
            return about_campaign(Code::draft_invalid);
        }
        for (std::size_t item = 0; item < rules.items.size(); ++item) {
            if (rules.items[item].reserve - reserve_[item] > available(item)) {
                return about_campaign(Code::draft_invalid);
            }
        }
        rules_ = rules;
        for (std::size_t item = 0; item < rules.items.size(); ++item) {
            reserve_[item] = rules.items[item].reserve;
        }
    }
    ++version_;
    editor_ = actor;
    return remember(request, about_campaign(Code::ok));
}

NaiveAnswer NaiveSeckill::stock(const std::string& id, std::int64_t delta,
                                const NaiveRequest& request) {
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
    const auto item = item_of(id);
    if (!item) {
        return refuse(Code::item_unknown);
    }
    const bool runs = state_ == CampaignState::scheduled || state_ == CampaignState::warming ||
                      state_ == CampaignState::live || state_ == CampaignState::paused ||
                      state_ == CampaignState::ending;
    if (!runs || handed_back_) {
        return about_campaign(Code::wrong_state);
    }
    if (available(*item) + delta < 0) {
        answer = about_campaign(Code::stock_cut_too_large);
        answer.left = available(*item);
        return answer;
    }
    total_[*item] += delta;
    if (!has_begun()) {
        rules_.items[*item].stock += delta;
        ++version_;
    }
    return remember(request, about_campaign(Code::ok));
}

NaiveAnswer NaiveSeckill::block(std::uint64_t buyer, const NaiveRequest& request) {
    if (state_ == CampaignState::archived) {
        NaiveAnswer gone;
        gone.code = Code::campaign_unknown;
        return gone;
    }
    if (const auto again = known(request)) {
        return *again;
    }
    blocked_by_hand_.insert(buyer);
    return remember(request, about_campaign(Code::ok));
}

}  // namespace stampede::tests
