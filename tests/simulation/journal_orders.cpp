// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/journal_orders.hpp"

#include "engine/vocabulary/check.hpp"

namespace stampede::tests {

using namespace campaigns;

std::int64_t JournalOrders::Order::units() const {
    std::int64_t sum = 0;
    for (const HeldLine& line : lines) {
        sum += line.quantity.units();
    }
    return sum;
}
Money JournalOrders::Order::amount() const {
    Money sum;
    for (const HeldLine& line : lines) {
        sum += line.unit_price * line.quantity;
    }
    return sum;
}

void JournalOrders::complain(const std::string& what) {
    if (!complaint_) {
        complaint_ = what;
    }
}

void JournalOrders::configure(std::shared_ptr<const CampaignConfig> config, bool has_begun) {
    config_ = std::move(config);
    const std::size_t items = config_->items.size();
    available_.resize(items);
    sold_.resize(items);
    history_.resize(items);
    for (std::size_t item = 0; item < items && !has_begun; ++item) {
        available_[item] = (config_->items[item].stock - config_->items[item].reserve).units();
    }
}

const JournalOrders::Order* JournalOrders::find(OrderId order) const {
    const auto found = by_id_.find(order);
    return found == by_id_.end() ? nullptr : &orders_[found->second];
}
JournalOrders::Order& JournalOrders::at(OrderId order) {
    const auto found = by_id_.find(order);
    check(found != by_id_.end(), "an event about an order that nothing made");
    return orders_[found->second];
}

void JournalOrders::change(Order& order, Standing from, Standing to, const char* what) {
    if (order.standing != from) {
        complain(std::string{what} + ", which was not so: order " + Base36(order.id.raw()).str());
    }
    order.standing = to;
}

void JournalOrders::take(const Order& order, std::int64_t sign) {
    for (const HeldLine& line : order.lines) {
        units_[order.buyer] += sign * line.quantity.units();
        available_[line.item] -= order.units_with_play ? 0 : sign * line.quantity.units();
    }
}

void JournalOrders::hold(const Order& order) {
    require(!by_id_.contains(order.id), "an order's id was given twice");
    by_id_[order.id] = orders_.size();
    orders_.push_back(order);
    take(order, 1);
}

void JournalOrders::end_hold(OrderId id) {
    Order& order = at(id);
    change(order, Standing::held, Standing::ended, "a hold ended");
    take(order, -1);
}

void JournalOrders::pay(OrderId id, bool late) {
    Order& order = at(id);
    change(order, late ? Standing::ended : Standing::held, Standing::paid, "a hold was paid");
    if (late) {
        take(order, 1);
    }
}

void JournalOrders::confirm(OrderId id) {
    Order& order = at(id);
    change(order, Standing::paid, Standing::confirmed, "a paid order was confirmed");
    order.was_confirmed = true;
    ++confirmed_;
    for (const HeldLine& line : order.lines) {
        sold_[line.item] += line.quantity.units();
    }
}

void JournalOrders::sell(OrderId id, bool late) {
    pay(id, late);
    confirm(id);
}

void JournalOrders::owe_paid(OrderId id) {
    Order& order = at(id);
    change(order, Standing::paid, Standing::owed, "a paid order's money is owed");
    take(order, -1);
}

void JournalOrders::owe_ended(OrderId id) {
    change(at(id), Standing::ended, Standing::owed, "money for an ended hold is owed");
}

void JournalOrders::refund(const OrderRefunded& refunded) {
    Order& order = at(refunded.order);
    const bool is_held = order.standing == Standing::paid;
    require(!refunded.units_return || is_held || order.standing == Standing::confirmed,
            "a refund returned units that had gone back before");
    for (const OrderRefunded::Part& part : refunded.parts) {
        if (!refunded.units_return) {
            continue;
        }
        const std::int64_t units = part.quantity.units();
        units_[order.buyer] -= refunded.quota == QuotaOnRefund::give_back ? units : 0;
        sold_[part.item] -= is_held ? 0 : units;
        const bool stays_with_play = is_held && order.units_with_play;
        const bool returns = refunded.restock == Restock::to_activity && !stays_with_play;
        available_[part.item] += returns ? units : 0;
    }
    if (refunded.wholly) {
        require(refunded.counted || order.amount() == Money{0},
                "refunded wholly by another payment than the order counts");
        order.standing = Standing::refunded;
    }
}

void JournalOrders::event_seen(const Seen& seen) {
    for (std::uint16_t item = 0; item < available_.size(); ++item) {
        if (available_[item] < 0 || sold_[item] < 0) {
            complain("item " + std::to_string(item) + " was oversold at commit " +
                     std::to_string(seen.commit.raw()));
        }
        history_[item].note(seen.commit, available_[item]);
    }
    for (const auto& [buyer, units] : units_) {
        if (units < 0 || units > config_->limits.per_buyer) {
            complain("buyer " + std::to_string(buyer.raw()) + " has " + std::to_string(units) +
                     " units, the limit is " + std::to_string(config_->limits.per_buyer));
        }
    }
}

}  // namespace stampede::tests
