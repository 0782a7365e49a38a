// SPDX-License-Identifier: Apache-2.0
// One seckill campaign, slow and obvious: written from the rules as they are told to operators, not
// from the code. It keeps a list of orders and counts everything anew each time. It shares nothing
// with campaigns/ but ids, enumerations and amounts. A mistake must be made twice to go unseen.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "campaigns/campaign_config.hpp"
#include "campaigns/campaign_state.hpp"
#include "campaigns/code.hpp"
#include "campaigns/command.hpp"
#include "campaigns/order.hpp"

namespace stampede::tests {

struct NaiveItem {
    std::string id;
    std::int64_t price = 0;
    std::int64_t stock = 0;
    std::int64_t reserve = 0;
    std::int64_t slot_stock = 0;  // 0: none
};

struct NaiveRules {
    std::vector<NaiveItem> items;
    std::int64_t starts_ms = 0;
    std::int64_t ends_ms = 0;
    std::int64_t warmup_ms = 0;
    std::int64_t hold_ms = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> slots;
    std::int64_t per_buyer = 1;
    std::int64_t per_buyer_per_slot = 0;  // 0: none
    std::int64_t per_order_min = 1;
    std::int64_t per_order_max = 1;
    std::int64_t holds_per_buyer = 5;
    std::uint8_t level_min = 0;
    bool new_buyers_only = false;
    std::set<std::uint64_t> blocklist;
    bool mirrored = false;
    bool ticket = false;
    bool resell_after_end = false;
    bool keep_quota = false;
    bool waitlist = false;
    campaigns::LatePayment late = campaigns::LatePayment::reacquire_or_refund;
    campaigns::Restock restock = campaigns::Restock::to_activity;
};

struct NaiveAnswer {
    campaigns::Code code = campaigns::Code::ok;
    bool replayed = false;
    std::optional<std::size_t> order;  // position among all orders ever made
    std::optional<campaigns::OrderState> state;
    std::optional<campaigns::OrderState> state_now;
    std::optional<std::int64_t> amount;
    std::optional<std::int64_t> units;
    std::int64_t refunded_units = 0;
    std::int64_t refunded_amount = 0;
    bool waits = false;
    std::optional<std::size_t> open_order;
    std::optional<std::int64_t> left;
    bool may_return = false;
    std::optional<std::int64_t> starts_in_ms;
    std::optional<std::int64_t> place;
    std::optional<std::int64_t> pay_by_ms;
    std::optional<std::int64_t> refund_amount;
    std::optional<campaigns::RefundReason> refund_reason;
    std::optional<campaigns::CampaignState> campaign;
    std::uint32_t version = 0;
    std::optional<std::pair<std::int64_t, std::int64_t>> ticket_ms;  // not before, expires
};

/// A key, and the body that came with it.
struct NaiveRequest {
    std::string scope;  // who, which path, which key; empty: no key
    std::string body;
};

class NaiveSeckill {
  public:
    using Lines = std::vector<std::pair<std::string, std::int64_t>>;
    struct Order {
        std::uint64_t buyer = 0;
        std::vector<std::size_t> items;
        std::vector<std::int64_t> units;
        std::vector<std::int64_t> refunded;
        std::int64_t amount = 0;
        std::int64_t refunded_amount = 0;
        std::int64_t pay_by_ms = 0;
        std::int64_t not_before_ms = 0;  // its deadline waits for the grace after a restart
        std::size_t slot = 0;
        campaigns::OrderState state = campaigns::OrderState::held;
        bool let_go = false;  // lapsed or cancelled by the buyer, and never paid
        bool sold = false;    // was confirmed at some time
        bool waits = false;
        std::string counted;  // the payment that it is confirmed by, or due for refund because of
    };

    NaiveSeckill(NaiveRules rules, std::string editor);

    // Time. Nothing happens between two calls.
    void turn(std::int64_t now_ms);
    [[nodiscard]] std::optional<std::int64_t> next_wake_ms(std::int64_t now_ms) const;
    void restarted(std::int64_t grace_over_ms);

    NaiveAnswer buy(std::int64_t now_ms, std::uint64_t buyer, std::uint8_t level, bool is_new,
                    const Lines& lines, bool partial, std::optional<std::size_t> ticket,
                    const NaiveRequest& request);
    NaiveAnswer take_ticket(std::int64_t now_ms, std::uint64_t buyer, std::uint8_t level,
                            bool is_new, const std::string& item, const NaiveRequest& request);
    NaiveAnswer wait(std::int64_t now_ms, std::uint64_t buyer, std::uint8_t level, bool is_new,
                     const std::string& item, const NaiveRequest& request);
    NaiveAnswer leave(std::uint64_t buyer, const std::string& item, const NaiveRequest& request);
    /// 0: he does not stand there.
    [[nodiscard]] std::int64_t place_of(std::uint64_t buyer, std::size_t item) const;
    NaiveAnswer cancel(std::int64_t now_ms, std::uint64_t buyer, std::optional<std::size_t> order,
                       const NaiveRequest& request);
    NaiveAnswer pay(std::int64_t now_ms, std::optional<std::size_t> order,
                    const std::string& unknown_order, const std::string& payment,
                    std::int64_t amount, const NaiveRequest& request);
    NaiveAnswer refund(std::int64_t now_ms, std::optional<std::size_t> order,
                       const std::string& refund_id, const std::string& payment, std::int64_t units,
                       std::int64_t amount, const std::string& item, const NaiveRequest& request);
    NaiveAnswer release(std::int64_t now_ms, std::optional<std::size_t> order,
                        const NaiveRequest& request);
    NaiveAnswer resolve(std::int64_t now_ms, std::optional<std::size_t> order,
                        campaigns::Decision decision, const NaiveRequest& request);
    NaiveAnswer change(std::int64_t now_ms, campaigns::Verb verb, const std::string& actor,
                       bool four_eyes, const NaiveRequest& request);
    NaiveAnswer revise(std::int64_t now_ms, std::uint32_t version, const NaiveRules& rules,
                       const std::string& actor, const NaiveRequest& request);
    NaiveAnswer stock(const std::string& item, std::int64_t delta, const NaiveRequest& request);
    NaiveAnswer block(std::uint64_t buyer, const NaiveRequest& request);
    void settle();

    [[nodiscard]] const std::vector<Order>& orders() const { return orders_; }
    [[nodiscard]] const NaiveRules& rules() const { return rules_; }
    [[nodiscard]] campaigns::CampaignState state() const { return state_; }
    [[nodiscard]] std::uint32_t version() const { return version_; }
    [[nodiscard]] std::size_t ticket_count() const { return tickets_.size(); }
    [[nodiscard]] bool may_sell() const { return may_sell_; }
    void set_may_sell(bool may_sell) { may_sell_ = may_sell; }
    [[nodiscard]] bool was_killed() const { return killed_; }
    [[nodiscard]] std::int64_t available(std::size_t item) const;
    [[nodiscard]] std::int64_t held(std::size_t item) const;
    [[nodiscard]] std::int64_t sold(std::size_t item) const;
    [[nodiscard]] std::int64_t reserve(std::size_t item) const { return reserve_[item]; }
    [[nodiscard]] std::int64_t removed(std::size_t item) const { return removed_[item]; }
    /// What settlement is told, since the last call.
    [[nodiscard]] std::vector<std::string> take_told() { return std::exchange(told_, {}); }

  private:
    struct Payment {
        std::size_t order = 0;
        std::int64_t amount = 0;
        std::int64_t refunded = 0;
        std::int64_t refunded_units = 0;
        bool asked_back = false;  // was answered REFUND_REQUIRED
        bool kept = false;        // waits for an operator
        campaigns::RefundReason reason = campaigns::RefundReason::late_payment;
    };
    struct Ticket {
        std::uint64_t buyer = 0;
        std::string item;
        std::int64_t not_before_ms = 0;
        std::int64_t expires_ms = 0;
        std::optional<std::size_t> order;
    };
    struct Waiter {
        std::uint64_t buyer = 0;
        std::size_t item = 0;
        std::uint8_t level = 0;
        bool is_new = false;
    };
    struct Remembered {
        std::string body;
        NaiveAnswer answer;
    };

    [[nodiscard]] std::optional<NaiveAnswer> known(const NaiveRequest& request) const;
    NaiveAnswer remember(const NaiveRequest& request, const NaiveAnswer& answer);
    [[nodiscard]] NaiveAnswer about(campaigns::Code code, std::size_t order) const;
    [[nodiscard]] NaiveAnswer about_campaign(campaigns::Code code) const;
    [[nodiscard]] std::optional<NaiveAnswer> closed_by_time(std::int64_t now_ms) const;
    [[nodiscard]] std::optional<std::int64_t> next_opening_ms(std::int64_t now_ms) const;
    [[nodiscard]] std::optional<campaigns::Code> not_for(std::uint8_t level, bool is_new) const;
    [[nodiscard]] std::size_t slot_of(std::int64_t now_ms) const;
    [[nodiscard]] std::optional<std::size_t> item_of(const std::string& id) const;
    [[nodiscard]] std::int64_t counting(const Order& order) const;
    [[nodiscard]] std::int64_t units_of(std::uint64_t buyer) const;
    [[nodiscard]] std::int64_t units_in_slot(std::uint64_t buyer, std::size_t slot) const;
    [[nodiscard]] std::int64_t holds_of(std::uint64_t buyer) const;
    [[nodiscard]] bool may_return(std::size_t item) const;
    [[nodiscard]] NaiveAnswer sold_out(std::int64_t now_ms, std::size_t item) const;
    [[nodiscard]] bool can_take_again(std::int64_t now_ms, const Order& order) const;
    /// What of an item this slot has left, and what of that nobody waits for.
    [[nodiscard]] std::int64_t in_reach(std::int64_t now_ms, std::size_t item) const;
    [[nodiscard]] std::int64_t free_units(std::int64_t now_ms, std::size_t item) const;
    /// Those in line for the item get what is there; an order of `spared` ends just now.
    void serve(std::int64_t now_ms, std::size_t item, std::uint64_t spared);
    void serve_after(std::int64_t now_ms, const Order& order);
    [[nodiscard]] bool has_begun() const;
    [[nodiscard]] campaigns::CampaignState state_at(std::int64_t now_ms) const;
    [[nodiscard]] std::optional<NaiveAnswer> no_buy(std::int64_t now_ms, std::uint64_t buyer,
                                                    std::uint8_t level, bool is_new,
                                                    std::int64_t units,
                                                    std::optional<std::size_t> ticket,
                                                    const Lines& lines) const;
    void confirm(std::size_t order);
    NaiveAnswer ask_back(std::size_t order, const std::string& payment, bool counts,
                         campaigns::RefundReason reason);
    NaiveAnswer pay_late(std::int64_t now_ms, std::size_t order, const std::string& payment);
    NaiveAnswer refund_sold(std::size_t order, const std::string& refund_id, std::int64_t units,
                            std::int64_t amount, const std::string& item, Payment* payment);

    NaiveRules rules_;
    campaigns::CampaignState state_ = campaigns::CampaignState::draft;
    std::uint32_t version_ = 1;
    std::string editor_;
    bool killed_ = false;
    bool may_sell_ = true;
    bool handed_back_ = false;
    std::int64_t ended_ms_ = 0;
    std::set<std::uint64_t> blocked_by_hand_;
    std::vector<std::int64_t> total_;
    std::vector<std::int64_t> reserve_;
    std::vector<std::int64_t> removed_;
    std::vector<Order> orders_;
    std::vector<Waiter> waiting_;
    bool was_swept_ = false;
    std::vector<Ticket> tickets_;
    std::map<std::uint64_t, int> tickets_of_;
    std::map<std::string, Payment> payments_;
    std::map<std::string, std::pair<std::string, NaiveAnswer>> refunds_;
    std::map<std::size_t, int> refund_counts_;
    std::set<std::tuple<std::string, std::string, std::int64_t>> mismatches_;
    std::map<std::string, Remembered> requests_;
    std::vector<std::string> told_;
};

}  // namespace stampede::tests
