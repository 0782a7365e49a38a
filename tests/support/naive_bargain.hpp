// SPDX-License-Identifier: Apache-2.0
// One campaign of 砍价 with one item, slow and obvious: written from the rules as they are told to
// operators, not from the code. It keeps lists and counts everything anew each time. How much a cut
// takes it does not know; it is told, and judges that: 1 fen or more, 1 for each helper to come,
// all of the rest for the last. A mistake must be made twice to go unseen.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "campaigns/bargain.hpp"
#include "campaigns/campaign_state.hpp"
#include "campaigns/code.hpp"
#include "campaigns/command.hpp"
#include "campaigns/order.hpp"

namespace stampede::tests {

struct NaiveBargainRules {
    std::int64_t starts_ms = 0;
    std::int64_t ends_ms = 0;
    std::int64_t stock = 0;
    std::int64_t hold_ms = 0;
    std::int64_t min_pay_ms = 0;
    std::int64_t start_price = 0;
    std::int64_t floor_price = 0;
    std::int64_t helpers = 0;  // 0: undisclosed
    std::int64_t first_cut = 0;
    std::int64_t valid_ms = 0;
    std::int64_t pay_ms = 0;
    std::int64_t per_buyer = 1;
    std::int64_t holds_per_buyer = 5;
    std::int64_t launches = 1;
    std::int64_t open_launches = 1;
    std::int64_t helps = 0;          // 0: no limit
    std::int64_t helps_per_day = 0;  // 0: no limit
    bool mutual_allowed = false;
    bool any_price = false;
    bool closes_with_campaign = false;
    bool refunds_late = false;  // late_payment: refund
    campaigns::StockAt stock_at = campaigns::StockAt::floor;
};

class NaiveBargain {
  public:
    using Code = campaigns::Code;
    using State = campaigns::BargainState;
    using Of = campaigns::OrderState;

    struct Cut {
        std::uint64_t helper = 0;
        std::int64_t amount = 0;
        std::int64_t day = 0;
    };
    struct Bargain {
        std::uint64_t starter = 0;
        std::int64_t deadline_ms = 0;
        std::int64_t pay_until_ms = 0;
        std::vector<Cut> cuts;
        State state = State::open;
        State back_to = State::open;
        std::size_t order = 0;
    };
    struct Order {
        std::size_t bargain = 0;
        std::int64_t amount = 0;
        std::int64_t pay_by_ms = 0;
        bool takes_own_unit = false;  // not the one that its bargain keeps
        Of state = Of::held;
        bool let_go = false;                   // lapsed or cancelled by its buyer, never paid
        std::map<std::string, bool> payments;  // whether it was answered REFUND_REQUIRED
    };

    explicit NaiveBargain(const NaiveBargainRules& rules) : rules_(rules) {}

    /// Everything that is due until `now_ms`, each at its own time.
    void move_to(std::int64_t now_ms);

    Code launch(std::uint64_t buyer);
    /// The code of a cut, before its amount is known.
    [[nodiscard]] Code may_cut(std::uint64_t helper, std::size_t bargain) const;
    /// What is wrong with the amount, or empty.
    std::optional<std::string> cut(std::uint64_t helper, std::size_t bargain, std::int64_t amount);
    Code order(std::uint64_t buyer, std::size_t bargain);
    Code pay(std::size_t order, const std::string& payment);
    Code cancel_order(std::size_t order);
    Code cancel_bargain(std::size_t bargain);
    Code change(campaigns::Verb verb);
    Code add_stock(std::int64_t delta);
    void block(std::uint64_t buyer) { blocked_.insert(buyer); }
    void set_may_sell(bool may_sell) { may_sell_ = may_sell; }

    [[nodiscard]] const std::vector<Bargain>& bargains() const { return bargains_; }
    [[nodiscard]] const std::vector<Order>& orders() const { return orders_; }
    [[nodiscard]] std::int64_t price(const Bargain& bargain) const;
    [[nodiscard]] std::int64_t until_ms(const Bargain& bargain) const;
    [[nodiscard]] campaigns::CampaignState state() const { return state_; }
    [[nodiscard]] std::int64_t held() const;
    [[nodiscard]] std::int64_t sold() const;
    [[nodiscard]] std::int64_t removed() const { return removed_; }
    [[nodiscard]] std::int64_t available() const;

  private:
    [[nodiscard]] static bool runs(State state);
    [[nodiscard]] bool keeps_unit(const Bargain& bargain) const;
    [[nodiscard]] bool is_over(const Bargain& bargain, State state) const;
    [[nodiscard]] std::optional<std::int64_t> next_due_ms() const;
    [[nodiscard]] std::optional<Code> closed_to_new() const;
    [[nodiscard]] std::int64_t units_of(std::uint64_t buyer) const;
    [[nodiscard]] std::int64_t marks_of(std::uint64_t buyer) const;
    [[nodiscard]] bool is_at_quota(std::uint64_t buyer) const;
    [[nodiscard]] std::int64_t day() const;
    void close_what_is_over();
    void end_hold(Order& order, Of state, bool let_go);
    void advance_campaign();
    Code owe(Order& order, const std::string& payment, bool counts);

    NaiveBargainRules rules_;
    std::int64_t now_ms_ = 0;
    campaigns::CampaignState state_ = campaigns::CampaignState::scheduled;
    bool killed_ = false;
    bool may_sell_ = true;
    std::set<std::uint64_t> blocked_;
    std::vector<Bargain> bargains_;
    std::vector<Order> orders_;
    std::int64_t removed_ = 0;
};

}  // namespace stampede::tests
