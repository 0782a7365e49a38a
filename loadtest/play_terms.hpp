// SPDX-License-Identifier: Apache-2.0
// What the oracle must know of a group-buy's and a bargain's rules, and how their crowds share.
// Read from a scenario once, then immutable.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/vocabulary/money.hpp"

namespace stampede::loadtest {

enum class Play : std::uint8_t { seckill, group_buy, bargain };
[[nodiscard]] std::string_view name_of(Play play);

/// `group` of a draft, with the rules' defaults.
struct GroupTerms {
    std::uint32_t size = 2;
    std::optional<Money> leader_price;
    /// leader_exit: dissolve, so that a whole group may end at any moment.
    bool dissolves = false;
    /// simulate: at_expiry, so that empty seats may be filled by virtual ones.
    bool simulates = false;
    std::optional<std::uint32_t> groups_per_buyer;
    std::uint32_t open_groups_per_buyer = 1;
};

enum class StockAt : std::uint8_t { floor, launch, order };

/// `bargain` of a draft, with the rules' defaults.
struct BargainTerms {
    Money start;
    Money floor;
    /// Absent: undisclosed, so that nobody knows when the floor is reached.
    std::optional<std::uint32_t> helpers;
    StockAt stock_at = StockAt::floor;
    /// buy_at: any_price.
    bool any_price = false;
    /// The starter's own cut at the launch.
    bool first_cut = false;
    /// mutual_help: block.
    bool blocks_mutual = true;
    std::optional<std::uint32_t> helps_per_buyer;
    std::uint32_t launches_per_buyer = 1;
};

/// The crowd of a group-buy or a bargain: some of the buyers start a group or a bargain and share
/// its link; friends follow links. [arrivals] are the starters'.
struct Sharing {
    /// The first ones of the crowd's buyers; all others only follow links.
    std::uint32_t starters = 100;
    // Friends that one share reaches: a power law, so that few reach many.
    std::uint32_t degree_min = 1;
    std::uint32_t degree_max = 50;
    double degree_exponent = 2.0;
    /// Mean time from the share to a friend's click, exponential.
    std::chrono::nanoseconds click_after = std::chrono::milliseconds{300};
    double rush = 0;            // of the links: all friends click at the same instant
    double passes_on = 0;       // of the friends: share the link once more
    double clicks_own = 0;      // of the starters: follow their own link
    double friend_starts = 0;   // of the clicks: by somebody who starts one of his own
    double clicks_back = 0;     // of those: the starter follows his friend's link in return
    double orders_early = 0;    // bargains; of the starters: order before the floor is reached
    double leader_refunds = 0;  // groups; of the leaders who paid: the mall refunds
};

}  // namespace stampede::loadtest
