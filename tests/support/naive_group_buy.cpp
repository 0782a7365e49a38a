// SPDX-License-Identifier: Apache-2.0
#include "tests/support/naive_group_buy.hpp"

#include <algorithm>

namespace stampede::tests {

using campaigns::Code;
using campaigns::GroupState;
using campaigns::LeaderExit;
using campaigns::NewMemberRule;
using campaigns::OrderState;
using campaigns::Overflow;
using campaigns::Simulate;

// Counting ---------------------------------------------------------------------------------------

bool NaiveGroupBuy::is_open(std::size_t group) const {
    return groups_[group].state == GroupState::forming || groups_[group].state == GroupState::full;
}

bool NaiveGroupBuy::sits(const Order& order) const {
    return order.state == OrderState::held || order.state == OrderState::paid;
}

std::vector<std::size_t> NaiveGroupBuy::seats(std::size_t group) const {
    std::vector<std::size_t> found;
    for (std::size_t at = 0; at < orders_.size(); ++at) {
        const Order& order = orders_[at];
        const bool still = groups_[group].state == GroupState::success
                               ? order.state == OrderState::confirmed
                               : sits(order);
        if (order.group == group && still) {
            found.push_back(at);
        }
    }
    std::ranges::sort(found, {}, [&](std::size_t at) { return orders_[at].sat_down; });
    return found;
}

std::size_t NaiveGroupBuy::paid(std::size_t group) const {
    std::size_t count = 0;
    for (const std::size_t at : seats(group)) {
        count += orders_[at].state != OrderState::held ? 1U : 0U;
    }
    return count;
}

std::int64_t NaiveGroupBuy::held() const {
    std::int64_t units = 0;
    for (const Order& order : orders_) {
        units += sits(order) ? order.quantity : 0;
    }
    return units;
}

std::int64_t NaiveGroupBuy::sold() const {
    std::int64_t units = 0;
    for (const Order& order : orders_) {
        units += order.state == OrderState::confirmed ? order.quantity : 0;
    }
    return units;
}

std::int64_t NaiveGroupBuy::available() const {
    return config_.items[0].stock.units() - held() - sold();
}

std::int64_t NaiveGroupBuy::units_of(std::uint64_t buyer) const {
    std::int64_t units = 0;
    for (const Order& order : orders_) {
        const bool counts = sits(order) || order.state == OrderState::confirmed;
        units += order.buyer == buyer && counts ? order.quantity : 0;
    }
    return units;
}

std::int64_t NaiveGroupBuy::marks_of(std::uint64_t buyer) const {
    return std::ranges::count_if(
        orders_, [&](const Order& order) { return order.buyer == buyer && order.marked; });
}

std::int64_t NaiveGroupBuy::led_by(std::uint64_t buyer) const {
    std::int64_t count = 0;
    for (std::size_t at = 0; at < groups_.size(); ++at) {
        count += is_open(at) && groups_[at].leader == buyer ? 1 : 0;
    }
    return count;
}

std::int64_t NaiveGroupBuy::standing_seats(std::uint64_t buyer, bool opened) const {
    return std::ranges::count_if(orders_, [&](const Order& order) {
        return order.buyer == buyer && order.opened == opened &&
               (sits(order) || order.state == OrderState::confirmed);
    });
}

bool NaiveGroupBuy::breaks_new_rule(const Order& order) const {
    return config_.audience.new_buyers_only ||
           (terms().new_member_rule == NewMemberRule::joiners_new_only && !order.opened) ||
           (terms().new_member_rule == NewMemberRule::at_least_new && order.is_new);
}

bool NaiveGroupBuy::leaves_room_for_new(std::optional<std::size_t> group, bool is_new) const {
    if (terms().new_member_rule != NewMemberRule::at_least_new) {
        return true;
    }
    int new_then = is_new ? 1 : 0;
    int taken = 1;
    for (const std::size_t at : group ? seats(*group) : std::vector<std::size_t>{}) {
        new_then += orders_[at].is_new ? 1 : 0;
        ++taken;
    }
    return new_then + terms().size - taken >= terms().new_members_min;
}

// Refusals ---------------------------------------------------------------------------------------

std::optional<Code> NaiveGroupBuy::refuse_quota(std::uint64_t buyer, std::int64_t quantity) const {
    const bool is_over = units_of(buyer) + quantity > config_.limits.per_buyer ||
                         marks_of(buyer) >= config_.limits.holds_per_buyer;
    return is_over ? std::optional{Code::limit_buyer} : std::nullopt;
}

std::optional<Code> NaiveGroupBuy::refuse_stock(std::int64_t quantity) const {
    if (available() == 0) {
        return Code::sold_out;
    }
    return available() < quantity ? std::optional{Code::insufficient} : std::nullopt;
}

std::optional<Code> NaiveGroupBuy::refuse_opening(std::uint64_t buyer) const {
    if (led_by(buyer) >= terms().open_groups_per_buyer) {
        return Code::open_group_exists;
    }
    if (terms().groups_per_buyer && standing_seats(buyer, true) >= *terms().groups_per_buyer) {
        return Code::limit_buyer;
    }
    return std::nullopt;
}

// Seats ------------------------------------------------------------------------------------------

void NaiveGroupBuy::note_levels() {
    for (std::size_t at = 0; at < groups_.size(); ++at) {
        if (!is_open(at)) {
            continue;
        }
        const std::size_t level = seats(at).size();
        if (level != groups_[at].level) {
            groups_[at].level = level;
            groups_[at].level_since = ++clock_;
        }
        groups_[at].state = level == terms().size ? GroupState::full : GroupState::forming;
    }
}

void NaiveGroupBuy::sit(std::size_t group, std::uint64_t buyer, bool is_new, std::int64_t quantity,
                        std::int64_t price, bool opens) {
    Order order;
    order.buyer = buyer;
    order.group = group;
    order.quantity = quantity;
    order.price = price;
    order.pay_by = std::min(now + config_.hold, groups_[group].deadline);
    order.is_new = is_new;
    order.opened = opens;
    order.sat_down = ++clock_;
    order.armed = ++clock_;
    orders_.push_back(order);
}

std::int64_t NaiveGroupBuy::price_of_member() const {
    return terms().tiers.empty() ? config_.items[0].price.fen() : terms().tiers[0].price.fen();
}

Instant NaiveGroupBuy::deadline_of_new() const {
    const Instant deadline = now + terms().valid;
    return terms().close_with_campaign ? std::min(deadline, config_.ends_at) : deadline;
}

void NaiveGroupBuy::begin(std::uint64_t buyer, bool is_new, std::int64_t quantity) {
    Group group;
    group.opener = orders_.size();
    group.leader = buyer;
    group.deadline = deadline_of_new();
    group.price = price_of_member();
    group.armed = ++clock_;
    groups_.push_back(group);
    const std::int64_t price =
        terms().leader_price ? terms().leader_price->fen() : price_of_member();
    sit(groups_.size() - 1, buyer, is_new, quantity, price, true);
    note_levels();
}

Code NaiveGroupBuy::open(std::uint64_t buyer, bool is_new, std::int64_t quantity) {
    if (is_ending()) {
        return Code::ended;
    }
    if (paused) {
        return Code::paused;
    }
    if (quantity > config_.limits.per_order_max) {
        return Code::limit_order;
    }
    if ((!is_new && config_.audience.new_buyers_only) ||
        !leaves_room_for_new(std::nullopt, is_new)) {
        return Code::new_buyers_only;
    }
    if (const auto refused = refuse_opening(buyer)) {
        return *refused;
    }
    if (const auto refused = refuse_quota(buyer, quantity)) {
        return *refused;
    }
    if (const auto refused = refuse_stock(quantity)) {
        return *refused;
    }
    if (deadline_of_new() - now < config_.min_pay) {
        return Code::group_ended;
    }
    begin(buyer, is_new, quantity);
    return Code::held;
}

std::optional<std::size_t> NaiveGroupBuy::fullest_for(std::uint64_t buyer, bool is_new) const {
    std::optional<std::size_t> best;
    for (std::size_t at = 0; at < groups_.size(); ++at) {
        const auto sitting = seats(at);
        const bool sits_there = std::ranges::any_of(
            sitting, [&](std::size_t seat) { return orders_[seat].buyer == buyer; });
        if (groups_[at].state != GroupState::forming || sits_there ||
            groups_[at].deadline - now < config_.min_pay || !leaves_room_for_new(at, is_new)) {
            continue;
        }
        const bool is_better = !best || sitting.size() > groups_[*best].level ||
                               (sitting.size() == groups_[*best].level &&
                                groups_[at].level_since < groups_[*best].level_since);
        best = is_better ? at : best;
    }
    return best;
}

Code NaiveGroupBuy::join(std::size_t group, std::uint64_t buyer, bool is_new,
                         std::int64_t quantity) {
    if (paused && !is_ending()) {
        return Code::paused;
    }
    const bool closes = terms().close_with_campaign && is_ending();
    if (!is_open(group) || closes || groups_[group].deadline - now < config_.min_pay) {
        return Code::group_ended;
    }
    for (const std::size_t at : seats(group)) {
        if (orders_[at].buyer == buyer) {
            return Code::already_in_group;
        }
    }
    if (quantity > config_.limits.per_order_max) {
        return Code::limit_order;
    }
    const bool is_full = groups_[group].state == GroupState::full;
    if (!is_new && (config_.audience.new_buyers_only ||
                    terms().new_member_rule == NewMemberRule::joiners_new_only ||
                    (!is_full && !leaves_room_for_new(group, is_new)))) {
        return Code::new_buyers_only;
    }
    if (const auto refused = refuse_quota(buyer, quantity)) {
        return *refused;
    }
    if (terms().joins_per_buyer && standing_seats(buyer, false) >= *terms().joins_per_buyer) {
        return Code::limit_buyer;
    }
    const std::int64_t price = price_of_member();
    if (!is_full) {
        if (const auto refused = refuse_stock(quantity)) {
            return *refused;
        }
        sit(group, buyer, is_new, quantity, price, false);
        note_levels();
        return Code::held;
    }
    if (terms().overflow == Overflow::reroute_fullest) {
        const auto other = fullest_for(buyer, is_new);
        if (!other) {
            return Code::group_full;
        }
        if (const auto refused = refuse_stock(quantity)) {
            return *refused;
        }
        sit(*other, buyer, is_new, quantity, price, false);
        note_levels();
        return Code::rerouted;
    }
    if (terms().overflow == Overflow::open_new && !is_ending() &&
        deadline_of_new() - now >= config_.min_pay && leaves_room_for_new(std::nullopt, is_new) &&
        !refuse_opening(buyer)) {
        if (const auto refused = refuse_stock(quantity)) {
            return *refused;
        }
        begin(buyer, is_new, quantity);
        return Code::rerouted;
    }
    return Code::group_full;
}

void NaiveGroupBuy::seat_given_up(std::size_t group, std::uint64_t buyer) {
    if (!is_open(group)) {
        return;
    }
    const auto left = seats(group);
    if (left.empty()) {
        end(group, GroupState::dissolved, OrderState::cancelled);
    } else if (groups_[group].leader == buyer) {
        if (terms().leader_exit == LeaderExit::dissolve) {
            end(group, GroupState::dissolved, OrderState::cancelled);
        } else {
            const auto next = std::ranges::min_element(left, {}, [&](std::size_t at) {
                return orders_[at].paid.value_or(1'000'000'000 + orders_[at].sat_down);
            });
            groups_[group].leader = orders_[*next].buyer;
        }
    }
    note_levels();
}

void NaiveGroupBuy::succeed(std::size_t group, int virtual_seats) {
    for (const campaigns::GroupTier& tier : terms().tiers) {
        groups_[group].price = paid(group) >= tier.size ? tier.price.fen() : groups_[group].price;
    }
    for (const std::size_t at : seats(group)) {
        Order& order = orders_[at];
        order.state = order.state == OrderState::paid ? OrderState::confirmed : OrderState::expired;
    }
    groups_[group].state = GroupState::success;
    groups_[group].virtual_seats = virtual_seats;
}

void NaiveGroupBuy::end(std::size_t group, GroupState state, OrderState unpaid) {
    for (const std::size_t at : seats(group)) {
        Order& order = orders_[at];
        if (order.state == OrderState::paid) {
            order.state = OrderState::refund_due;
        } else {
            order.state = unpaid;
            order.marked = unpaid == OrderState::expired;
        }
    }
    groups_[group].state = state;
}

// Payments ---------------------------------------------------------------------------------------

Code NaiveGroupBuy::seat_paid(std::size_t at, const std::string& payment) {
    Order& order = orders_[at];
    order.state = OrderState::paid;
    order.marked = false;
    order.paid = ++clock_;
    order.counted = payment;
    order.payments[payment] = false;
    if (paid(*order.group) == terms().size) {
        succeed(*order.group, 0);
        return Code::confirmed;
    }
    note_levels();
    return Code::ok;
}

Code NaiveGroupBuy::pay_late(std::size_t at, const std::string& payment,
                             std::optional<bool> buyer_is_new) {
    Order& order = orders_[at];
    const auto sitting = seats(*order.group);
    const bool sits_there = std::ranges::any_of(
        sitting, [&](std::size_t seat) { return orders_[seat].buyer == order.buyer; });
    const bool has_seat = groups_[*order.group].state == GroupState::forming &&
                          now < groups_[*order.group].deadline && !sits_there &&
                          leaves_room_for_new(order.group, order.is_new);
    const bool has_units = available() >= order.quantity &&
                           units_of(order.buyer) + order.quantity <= config_.limits.per_buyer;
    const auto limit = order.opened ? terms().groups_per_buyer : terms().joins_per_buyer;
    const bool is_within = !limit || standing_seats(order.buyer, order.opened) < *limit;
    if (!has_seat || !has_units || !is_within ||
        (buyer_is_new == false && breaks_new_rule(order))) {
        order.state = OrderState::refund_due;
        order.counted = payment;
        order.payments[payment] = true;
        return Code::refund_required;
    }
    order.sat_down = ++clock_;
    return seat_paid(at, payment);
}

Code NaiveGroupBuy::pay(std::size_t at, const std::string& payment,
                        std::optional<bool> buyer_is_new) {
    Order& order = orders_[at];
    for (std::size_t other = 0; other < orders_.size(); ++other) {
        if (other != at && orders_[other].payments.contains(payment)) {
            return Code::payment_reused;
        }
    }
    if (const auto known = order.payments.find(payment); known != order.payments.end()) {
        return known->second ? Code::refund_required : Code::already_done;
    }
    switch (order.state) {
        case OrderState::held: {
            if (buyer_is_new != false || !breaks_new_rule(order)) {
                return seat_paid(at, payment);
            }
            order.state = OrderState::refund_due;
            order.marked = false;
            order.counted = payment;
            order.payments[payment] = true;
            seat_given_up(*order.group, order.buyer);
            return Code::refund_required;
        }
        case OrderState::expired:
        case OrderState::cancelled:
            return pay_late(at, payment, buyer_is_new);
        case OrderState::paid:
        case OrderState::confirmed:
        case OrderState::refund_due:
        case OrderState::refunded:
            order.payments[payment] = true;
            return Code::refund_required;
    }
    return Code::busy;
}

Code NaiveGroupBuy::cancel(std::size_t at) {
    if (orders_[at].state != OrderState::held) {
        return Code::order_closed;
    }
    orders_[at].state = OrderState::cancelled;
    seat_given_up(*orders_[at].group, orders_[at].buyer);
    return Code::cancelled;
}

Code NaiveGroupBuy::refund(std::size_t at) {
    Order& order = orders_[at];
    if (!order.counted) {
        return Code::wrong_state;
    }
    if (order.state == OrderState::refunded) {
        return Code::refund_exceeds_paid;
    }
    const bool sat = order.state == OrderState::paid;
    order.state = OrderState::refunded;
    if (sat) {
        seat_given_up(*order.group, order.buyer);
    }
    return Code::ok;
}

Code NaiveGroupBuy::fail(std::size_t group) {
    if (!is_open(group)) {
        return Code::wrong_state;
    }
    end(group, GroupState::failed, OrderState::cancelled);
    return Code::ok;
}

// Time -------------------------------------------------------------------------------------------

void NaiveGroupBuy::expire_order(std::size_t at) {
    orders_[at].state = OrderState::expired;
    seat_given_up(*orders_[at].group, orders_[at].buyer);
}

void NaiveGroupBuy::judge(std::size_t group, OrderState unpaid) {
    int new_paid = 0;
    for (const std::size_t at : seats(group)) {
        new_paid += orders_[at].state == OrderState::paid && orders_[at].is_new ? 1 : 0;
    }
    const auto count = static_cast<int>(paid(group));
    const bool has_new = terms().new_member_rule != NewMemberRule::at_least_new ||
                         new_paid >= terms().new_members_min;
    const bool simulates = terms().simulate == Simulate::at_expiry ||
                           (terms().simulate == Simulate::threshold_bp &&
                            count * 10'000 >= terms().size * terms().simulate_bp);
    const bool reaches_a_tier = !terms().tiers.empty() && count >= terms().tiers[0].size;
    if (count > 0 && has_new && (simulates || reaches_a_tier)) {
        succeed(group, reaches_a_tier ? 0 : terms().size - count);
    } else {
        end(group, GroupState::failed, unpaid);
    }
}

void NaiveGroupBuy::end_early() {
    ended_early = true;
    paused = false;
    for (std::size_t at = 0; terms().close_with_campaign && at < groups_.size(); ++at) {
        if (is_open(at)) {
            judge(at, OrderState::cancelled);
        }
    }
}

void NaiveGroupBuy::move_to(Instant then) {
    while (true) {
        std::optional<std::pair<Instant, int>> first;
        std::optional<std::size_t> order;
        std::optional<std::size_t> group;
        for (std::size_t at = 0; at < orders_.size(); ++at) {
            const std::pair<Instant, int> key{orders_[at].pay_by, orders_[at].armed};
            if (orders_[at].state == OrderState::held && key.first <= then &&
                (!first || key < *first)) {
                first = key;
                order = at;
            }
        }
        for (std::size_t at = 0; at < groups_.size(); ++at) {
            const std::pair<Instant, int> key{groups_[at].deadline, groups_[at].armed};
            if (is_open(at) && key.first <= then && (!first || key < *first)) {
                first = key;
                group = at;
            }
        }
        if (!first) {
            break;
        }
        now = std::max(now, first->first);
        if (group) {
            judge(*group, OrderState::expired);
        } else {
            expire_order(*order);
        }
    }
    now = then;
}

void NaiveGroupBuy::restart() {
    for (Group& group : groups_) {
        group.armed = ++clock_;
    }
    for (Order& order : orders_) {
        order.armed = ++clock_;
    }
}

}  // namespace stampede::tests
