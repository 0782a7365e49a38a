// SPDX-License-Identifier: Apache-2.0
// What an operator decided about a campaign, already judged (campaigns/campaign_draft.hpp): the
// parameters of every play and their defaults. A configuration is immutable; an edit makes a new
// version. It lies whole in the events that create and edit a campaign.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "campaigns/plays.hpp"
#include "campaigns/policy.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

struct ItemConfig {
    ItemId item_id;
    std::string title;
    Money price;
    Money list_price;
    Quantity stock;    // includes the reserve
    Quantity reserve;  // frozen by the operator
    /// Units of one slot; what it leaves unsold is in the next one's reach. 0: no bound.
    Quantity slot_stock{};
};

/// One 场次 in absolute time: [from, to). Expanded from the daily slots when the draft is judged,
/// so that a later change of time-zone tables cannot move a sale.
struct SlotWindow {
    Instant from;
    Instant to;
};

struct Limits {
    std::int64_t per_buyer = 1;
    std::optional<std::int64_t> per_buyer_per_slot;
    std::int64_t per_order_min = 1;
    std::int64_t per_order_max = 1;
    std::int64_t holds_per_buyer = 5;
};

struct Audience {
    bool new_buyers_only = false;
    std::uint64_t segments_any = 0;  // a bit each; 0 = no condition
    std::uint8_t level_min = 0;
    std::vector<BuyerId> allowlist;  // sorted; empty = everybody
    std::vector<BuyerId> blocklist;  // sorted
};

struct CampaignConfig {
    Play play = Play::seckill;
    std::string title;
    Instant starts_at;
    Instant ends_at;
    std::vector<ItemConfig> items;    // 1..limits::items_per_campaign_max
    std::vector<SlotWindow> windows;  // sorted, disjoint; empty = open from start to end
    std::string slots_json;           // the slots as the operator wrote them, for the reader
    std::string timezone = "Asia/Shanghai";
    Limits limits;
    Duration hold = Duration::seconds(300);
    Duration min_pay = Duration::seconds(60);
    Duration warmup = Duration::seconds(300);
    Audience audience;
    StockSource stock_source = StockSource::carved_out;
    LatePayment late_payment = LatePayment::reacquire_or_refund;
    Restock restock = Restock::to_activity;
    QuotaOnRefund quota_on_refund = QuotaOnRefund::give_back;
    Ticket ticket = Ticket::off;
    bool resell_after_end = false;
    bool show_available = true;
    bool zero_price = false;
    bool waitlist = false;
    /// The parameters of the play itself; none for seckill.
    Plays::Terms terms;
    /// Positions in `items` in order of item_id, for find_item(); made by index_items(). It follows
    /// from `items` and does not lie in the journal.
    std::vector<std::uint16_t> items_by_id;
};

/// Position of an item in its campaign, or none. At most ten comparisons once indexed; a
/// configuration without index (or of few items) is read through.
[[nodiscard]] std::optional<std::uint16_t> find_item(const CampaignConfig& config,
                                                     std::string_view item_id);
/// Whoever makes or changes `items` calls it last.
void index_items(CampaignConfig& config);

/// Room that the events of a configuration need beside it: version, actor.
inline constexpr std::size_t config_bytes_max = limits::event_bytes_max - 64;

/// Bytes of a configuration in the journal; see campaign_config.cpp for the layout.
[[nodiscard]] std::vector<std::byte> encode(const CampaignConfig& config);
/// Empty when the bytes are not exactly one configuration.
[[nodiscard]] std::optional<CampaignConfig> decode_config(std::span<const std::byte> bytes);

}  // namespace stampede::campaigns
