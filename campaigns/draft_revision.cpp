// SPDX-License-Identifier: Apache-2.0
// judge_revision(): what may change under the feet of buyers who are already in the sale.
// Everything else is compared field by field and named when it differs.
#include <algorithm>
#include <string>
#include <utility>

#include "campaigns/campaign_draft.hpp"

namespace stampede::campaigns {
namespace {

constexpr const char* frozen = "cannot change while the sale is live";

// An absent stock means "as it was"; so does the stock of an item that is not there any more.
CampaignDraft with_current_stock(const CampaignConfig& current, CampaignDraft draft) {
    if (draft.items) {
        for (ItemDraft& item : *draft.items) {
            const auto position = find_item(current, item.item_id.value_or(std::string{}));
            if (!item.stock && position) {
                item.stock = current.items[*position].stock.units();
            }
        }
    }
    return draft;
}

void compare_items(const CampaignConfig& current, const CampaignConfig& wanted,
                   FieldNotes& errors) {
    if (current.items.size() != wanted.items.size()) {
        errors.add("items",
                   std::string{frozen} + ": there are " + std::to_string(current.items.size()));
        return;
    }
    for (std::size_t at = 0; at < current.items.size(); ++at) {
        const ItemConfig& was = current.items[at];
        const ItemConfig& is = wanted.items[at];
        const auto must_stay = [&](bool stays, std::string_view field, const char* message) {
            if (!stays) {
                errors.add(element_path("items", at, field), message);
            }
        };
        if (was.item_id != is.item_id) {
            must_stay(false, "item_id", "cannot change or change places while the sale is live");
            continue;
        }
        must_stay(was.title == is.title, "title", frozen);
        must_stay(was.price == is.price, "price", frozen);
        must_stay(was.slot_stock == is.slot_stock, "slot_stock", frozen);
        must_stay(was.list_price == is.list_price, "list_price", frozen);
        must_stay(was.stock == is.stock, "stock",
                  "cannot change here while the sale is live: send a delta to /stock");
    }
}

void compare_limits(const Limits& was, const Limits& is, FieldNotes& errors) {
    const auto must_not_fall = [&](std::int64_t before, std::int64_t after, const char* field) {
        if (after < before) {
            errors.add(field,
                       "can only rise while the sale is live; it is " + std::to_string(before));
        }
    };
    must_not_fall(was.per_buyer, is.per_buyer, "limits.per_buyer");
    must_not_fall(was.per_order_max, is.per_order_max, "limits.per_order_max");
    must_not_fall(was.holds_per_buyer, is.holds_per_buyer, "limits.holds_per_buyer");
    // No limit is the highest one.
    constexpr std::int64_t none = limits::stock_max;
    must_not_fall(was.per_buyer_per_slot.value_or(none), is.per_buyer_per_slot.value_or(none),
                  "limits.per_buyer_per_slot");
    if (was.per_order_min != is.per_order_min) {
        errors.add("limits.per_order_min", frozen);
    }
}

void compare_rest(const CampaignConfig& was, const CampaignConfig& is, FieldNotes& errors) {
    const auto must_stay = [&](bool stays, const char* field) {
        if (!stays) {
            errors.add(field, frozen);
        }
    };
    must_stay(was.play == is.play, "play");
    Plays::for_each([&]<class Each>() {
        if (was.play == Each::play && is.play == Each::play) {
            must_stay(was.terms == is.terms, Each::key.data());
        }
    });
    must_stay(was.title == is.title, "title");
    must_stay(was.starts_at == is.starts_at, "starts_at");
    if (is.ends_at < was.ends_at) {
        errors.add("ends_at", "can only be later while the sale is live");
    }
    must_stay(was.slots_json == is.slots_json, "slots");
    must_stay(was.timezone == is.timezone, "timezone");
    must_stay(was.hold == is.hold, "hold_seconds");
    must_stay(was.min_pay == is.min_pay, "min_pay_seconds");
    must_stay(was.warmup == is.warmup, "warmup_seconds");
    must_stay(was.audience.new_buyers_only == is.audience.new_buyers_only,
              "audience.new_buyers_only");
    must_stay(was.audience.segments_any == is.audience.segments_any, "audience.segments_any");
    must_stay(was.audience.level_min == is.audience.level_min, "audience.level_min");
    must_stay(was.audience.allowlist == is.audience.allowlist, "audience.allowlist");
    must_stay(was.stock_source == is.stock_source, "stock_source");
    must_stay(was.late_payment == is.late_payment, "late_payment");
    must_stay(was.restock == is.restock, "restock");
    must_stay(was.quota_on_refund == is.quota_on_refund, "quota_on_refund");
    must_stay(was.ticket == is.ticket, "ticket");
    must_stay(was.resell_after_end == is.resell_after_end, "resell_after_end");
    must_stay(was.show_available == is.show_available, "show_available");
    must_stay(was.zero_price == is.zero_price, "zero_price");
    must_stay(was.waitlist == is.waitlist, "waitlist");
}

// Announced sessions stay; the last one may have been cut short by the old end; later ones follow.
std::vector<SlotWindow> extended(const CampaignConfig& was, const std::vector<SlotWindow>& wanted) {
    std::vector<SlotWindow> windows = was.windows;
    for (const SlotWindow& window : wanted) {
        if (windows.empty() || window.from >= was.ends_at) {
            windows.push_back(window);
        } else if (windows.back().to == was.ends_at && window.from < was.ends_at &&
                   window.to > was.ends_at) {
            windows.back().to = window.to;
        }
    }
    return windows;
}

}  // namespace

DraftVerdict judge_revision(const CampaignConfig& current, const CampaignDraft& draft) {
    // The start of a live sale has passed, which is no news.
    DraftVerdict verdict = judge(with_current_stock(current, draft), Instant{-1});
    if (!verdict.errors.empty()) {
        return verdict;
    }
    FieldNotes errors;
    compare_rest(current, *verdict.config, errors);
    compare_items(current, *verdict.config, errors);
    compare_limits(current.limits, verdict.config->limits, errors);
    if (!errors.empty()) {
        return {.config = nullptr, .errors = errors.take(), .warnings = {}};
    }
    CampaignConfig config = *verdict.config;
    config.windows = extended(current, config.windows);
    if (config.windows.size() > limits::slot_windows_max ||
        encode(config).size() > config_bytes_max) {
        errors.add("ends_at", "is too late: more sessions than a campaign may have");
        return {.config = nullptr, .errors = errors.take(), .warnings = {}};
    }
    verdict.config = std::make_shared<const CampaignConfig>(std::move(config));
    return verdict;
}

}  // namespace stampede::campaigns
