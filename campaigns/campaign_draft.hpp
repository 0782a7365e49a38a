// SPDX-License-Identifier: Apache-2.0
// A campaign as an operator sent it, and the judgement over it: either a configuration that can
// run, or every mistake at once, each with its field. Pure: the zone's offsets come in as expanded
// windows, the present as an argument. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaigns/campaign_config.hpp"
#include "campaigns/field_notes.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

/// Bounds that only a draft meets; those of the engine stand in engine/vocabulary/limits.hpp.
namespace draft_bounds {
inline constexpr std::int64_t hold_seconds_min = 10;
inline constexpr std::int64_t hold_seconds_max = 7200;
inline constexpr std::int64_t warmup_seconds_max = 7 * 86400;
inline constexpr std::int64_t holds_per_buyer_max = 1000;
inline constexpr std::size_t slots_max = 7 * limits::slots_per_day_max;
inline constexpr std::size_t timezone_bytes_max = 64;
inline constexpr std::int64_t seconds_per_day = 86400;
/// Order ids count 41 bits of milliseconds from 2025-01-01: no sale may outlive them.
inline constexpr Instant latest_end{3'913'056'000'000};  // 2094-01-01T00:00:00Z
inline constexpr std::int64_t unwise_days_min = 30;      // a longer campaign gets a warning
}  // namespace draft_bounds

// What was not sent is empty. `…_given` marks parameters of which only the presence counts yet.

struct ItemDraft {
    std::optional<std::string> item_id;
    std::optional<std::string> title;
    std::optional<std::int64_t> price;
    std::optional<std::int64_t> list_price;
    std::optional<std::int64_t> stock;
    std::optional<std::int64_t> reserve;
    std::optional<std::int64_t> slot_stock;
    std::optional<BargainItemDraft> bargain;  // the item's own words for a 砍价
};

/// One daily 场次 in local time, [from, to).
struct SlotDraft {
    std::optional<std::int64_t> from_s;  // seconds since local midnight, 0..86400
    std::optional<std::int64_t> to_s;
    std::optional<std::vector<std::int64_t>> weekdays;  // 1 = Monday .. 7; absent = every day
};

struct LimitsDraft {
    std::optional<std::int64_t> per_buyer;
    std::optional<std::int64_t> per_buyer_per_slot;
    std::optional<std::int64_t> per_order_min;
    std::optional<std::int64_t> per_order_max;
    std::optional<std::int64_t> holds_per_buyer;
};

struct AudienceDraft {
    std::optional<bool> new_buyers_only;
    std::optional<std::vector<std::int64_t>> segments_any;  // numbers of bits, 0..63
    std::optional<std::int64_t> level_min;
    std::optional<std::vector<std::string>> allowlist;  // decimal buyer ids
    std::optional<std::vector<std::string>> blocklist;
};

struct CampaignDraft {
    std::optional<std::string> play;
    std::optional<std::string> title;
    std::optional<Instant> starts_at;
    std::optional<Instant> ends_at;
    std::optional<std::vector<ItemDraft>> items;
    std::optional<std::vector<SlotDraft>> slots;
    /// The slots in absolute time, clipped to [starts_at, ends_at), in any order; absent when
    /// whoever expands them could not. At most slot_windows_max + 1: one too many says "too many".
    std::optional<std::vector<SlotWindow>> windows;
    std::string slots_json;  // the slots in one canonical spelling, for the reader
    std::optional<std::string> timezone;
    LimitsDraft limits;
    std::optional<std::int64_t> hold_seconds;
    std::optional<std::int64_t> min_pay_seconds;
    std::optional<std::int64_t> warmup_seconds;
    AudienceDraft audience;
    std::optional<std::string> stock_source;
    std::optional<std::string> late_payment;
    std::optional<std::string> restock;
    std::optional<std::string> quota_on_refund;
    std::optional<std::string> ticket;
    std::optional<bool> resell_after_end;
    std::optional<bool> show_available;
    std::optional<bool> zero_price;
    std::optional<bool> waitlist;
    /// Each play's own parameters, under the play's own key.
    Plays::Drafts plays;
    template <class OnePlay>
    [[nodiscard]] std::optional<typename OnePlay::Draft>& of() {
        return std::get<std::optional<typename OnePlay::Draft>>(plays);
    }
    template <class OnePlay>
    [[nodiscard]] const std::optional<typename OnePlay::Draft>& of() const {
        return std::get<std::optional<typename OnePlay::Draft>>(plays);
    }
};

/// The message on `slots` when windows are absent; whoever could not expand them knows why.
inline constexpr std::string_view slots_not_placed = "cannot be placed in time";

struct DraftVerdict {
    std::shared_ptr<const CampaignConfig> config;  // empty exactly when there are errors
    std::vector<FieldNote> errors;
    std::vector<FieldNote> warnings;  // the linter's; only of a draft without errors
};

/// A new campaign, or an edit before the sale is live. `now` counts for warnings alone.
[[nodiscard]] DraftVerdict judge(const CampaignDraft& draft, Instant now);

/// An edit while the campaign is live or paused: only a later end, reserves, the blocklist and
/// limits upward may differ. An item's stock may be absent; given, it must be as it was, since
/// stock moves by signed deltas alone. Sessions that were announced keep their times, whatever
/// became of the zone's tables since.
[[nodiscard]] DraftVerdict judge_revision(const CampaignConfig& current,
                                          const CampaignDraft& draft);

/// What is allowed but unwise.
[[nodiscard]] std::vector<FieldNote> lint(const CampaignConfig& config);

}  // namespace stampede::campaigns
