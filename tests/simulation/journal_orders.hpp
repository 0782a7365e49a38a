// SPDX-License-Identifier: Apache-2.0
// What the journal alone says of one campaign's orders and stock, event by event: who holds what,
// how many units are available, sold, and each buyer's. It is told each thing that happened and
// complains about what cannot be. It shares nothing with the rules but the events.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "campaigns/event.hpp"

namespace stampede::tests {

/// Values of one thing over the commits in which it changed.
template <class Value>
class History {
  public:
    void note(CommitNumber commit, const Value& value) {
        if (samples_.empty() || samples_.back().value != value) {
            samples_.push_back({commit, value});
        }
    }
    /// Whether it was so at `since` (as that commit left it) or at any instant later.
    template <class Holds>
    [[nodiscard]] bool was(CommitNumber since, Holds&& holds) const {
        auto at = std::ranges::upper_bound(samples_, since, {}, &Sample::commit);
        if (at != samples_.begin()) {
            --at;
        }
        return std::any_of(at, samples_.end(),
                           [&](const Sample& sample) { return holds(sample.value); });
    }

  private:
    struct Sample {
        CommitNumber commit;
        Value value;
    };
    std::vector<Sample> samples_;
};

/// When a durable event happened.
struct Seen {
    CommitNumber commit;
    Instant at;
};

class JournalOrders {
  public:
    enum class Standing : std::uint8_t { held, paid, confirmed, ended, owed, refunded };
    struct Order {
        OrderId id;
        BuyerId buyer;
        Instant pay_by;
        std::vector<campaigns::HeldLine> lines;
        bool units_with_play = false;
        Standing standing = Standing::held;
        bool was_confirmed = false;
        [[nodiscard]] std::int64_t units() const;
        [[nodiscard]] Money amount() const;
    };

    // What happened -------------------------------------------------------------------------------
    /// Drafted, or edited: stock is set anew only before the start.
    void configure(std::shared_ptr<const campaigns::CampaignConfig> config, bool has_begun);
    void hold(const Order& order);
    void end_hold(OrderId order);
    /// held -> paid, or (late) from an ended hold: units and quota are taken again.
    void pay(OrderId order, bool late);
    /// paid -> confirmed
    void confirm(OrderId order);
    /// held -> confirmed, or late.
    void sell(OrderId order, bool late);
    /// paid -> owed: units and quota return.
    void owe_paid(OrderId order);
    /// ended -> owed: they had returned before.
    void owe_ended(OrderId order);
    void refund(const campaigns::OrderRefunded& refunded);
    /// Units that leave stock (or return) for a record of the play, an operator or the mall.
    void move(std::uint16_t item, std::int64_t units) { available_[item] += units; }
    void hand_back(std::uint16_t item) { available_[item] = 0; }
    void complain(const std::string& what);
    void require(bool holds, const char* what) {
        if (!holds) {
            complain(what);
        }
    }
    /// After each event: no item below zero, nobody above his limit.
    void event_seen(const Seen& seen);

    // What is known -------------------------------------------------------------------------------
    [[nodiscard]] const std::optional<std::string>& complaint() const { return complaint_; }
    [[nodiscard]] const campaigns::CampaignConfig& config() const { return *config_; }
    [[nodiscard]] const std::vector<Order>& all() const { return orders_; }
    [[nodiscard]] const Order* find(OrderId order) const;
    [[nodiscard]] std::int64_t available(std::uint16_t item) const { return available_[item]; }
    [[nodiscard]] std::int64_t sold(std::uint16_t item) const { return sold_[item]; }
    [[nodiscard]] const History<std::int64_t>& availability(std::uint16_t item) const {
        return history_[item];
    }
    [[nodiscard]] std::uint64_t confirmed() const { return confirmed_; }

  private:
    Order& at(OrderId order);
    void change(Order& order, Standing from, Standing to, const char* what);
    /// Units of stock and quota: taken by the order, or given back.
    void take(const Order& order, std::int64_t sign);

    std::shared_ptr<const campaigns::CampaignConfig> config_;
    std::vector<Order> orders_;
    std::map<OrderId, std::size_t> by_id_;
    std::map<BuyerId, std::int64_t> units_;
    std::vector<std::int64_t> available_;
    std::vector<std::int64_t> sold_;
    std::vector<History<std::int64_t>> history_;
    std::uint64_t confirmed_ = 0;
    std::optional<std::string> complaint_;
};

}  // namespace stampede::tests
