// SPDX-License-Identifier: Apache-2.0
// One campaign of 好友助力, slow and obvious: written from the rules as they are told to operators,
// not from the code. It keeps lists and counts everything anew each time; a mistake must be made
// twice to go unseen.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "campaigns/campaign_state.hpp"
#include "campaigns/code.hpp"
#include "campaigns/command.hpp"
#include "campaigns/friend_help.hpp"

namespace stampede::tests {

struct NaiveFriendHelpRules {
    struct Tier {
        std::size_t helpers = 0;
        std::size_t item = 0;
        std::int64_t units = 1;
    };
    std::int64_t starts_ms = 0;
    std::int64_t ends_ms = 0;
    std::vector<std::int64_t> stock;  // of each item
    std::vector<Tier> tiers;
    std::int64_t valid_ms = 0;
    std::int64_t launches = 1;
    std::int64_t helps = 0;          // 0: no limit
    std::int64_t helps_per_day = 0;  // 0: no limit
    bool new_only = false;
};

class NaiveFriendHelp {
  public:
    using Code = campaigns::Code;
    using State = campaigns::RallyState;
    using Reward = campaigns::RewardState;

    struct Help {
        std::uint64_t helper = 0;
        std::int64_t day = 0;
    };
    struct Rally {
        std::uint64_t starter = 0;
        std::int64_t deadline_ms = 0;
        std::vector<Help> helps;
        std::map<std::size_t, Reward> rewards;  // of tiers that were reached
        State state = State::open;
    };
    /// A reward that the starter has, or that the mall took back.
    struct Order {
        std::size_t rally = 0;
        std::size_t tier = 0;
        bool was_refunded = false;
    };

    explicit NaiveFriendHelp(const NaiveFriendHelpRules& rules)
        : rules_(rules), removed_(rules.stock.size()) {}

    /// Everything that is due until `now_ms`, each at its own time.
    void move_to(std::int64_t now_ms);

    Code launch(std::uint64_t buyer);
    Code help(std::uint64_t helper, bool is_new, std::size_t rally);
    Code refund(std::size_t order);
    Code change(campaigns::Verb verb);
    Code add_stock(std::size_t item, std::int64_t delta);
    void block(std::uint64_t buyer) { blocked_.insert(buyer); }
    void set_may_sell(bool may_sell) { may_sell_ = may_sell; }

    [[nodiscard]] const std::vector<Rally>& rallies() const { return rallies_; }
    [[nodiscard]] const std::vector<Order>& orders() const { return orders_; }
    [[nodiscard]] campaigns::CampaignState state() const { return state_; }
    [[nodiscard]] std::int64_t sold(std::size_t item) const;
    [[nodiscard]] std::int64_t removed(std::size_t item) const { return removed_[item]; }
    [[nodiscard]] std::int64_t available(std::size_t item) const;

  private:
    [[nodiscard]] std::int64_t helps_of(std::uint64_t helper,
                                        std::optional<std::int64_t> day) const;
    [[nodiscard]] std::int64_t day() const { return (now_ms_ + 8 * 3'600'000) / 86'400'000; }
    void advance();

    NaiveFriendHelpRules rules_;
    std::int64_t now_ms_ = 0;
    campaigns::CampaignState state_ = campaigns::CampaignState::scheduled;
    bool may_sell_ = true;
    std::set<std::uint64_t> blocked_;
    std::vector<Rally> rallies_;
    std::vector<Order> orders_;
    std::vector<std::int64_t> removed_;
};

}  // namespace stampede::tests
