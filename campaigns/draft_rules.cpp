// SPDX-License-Identifier: Apache-2.0
// The rules of a draft that look at lists: items, slots, limits, audience. Each note's path names
// the element. See draft_rules.hpp.
#include "campaigns/draft_rules.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "engine/vocabulary/limits.hpp"

namespace stampede::campaigns {
namespace {

constexpr std::size_t weekdays_count = 7;

bool is_item_id(std::string_view text) {
    const auto allowed = [](char character) {
        return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
               (character >= '0' && character <= '9') || character == '_' || character == '-';
    };
    return !text.empty() && text.size() <= ItemId::capacity &&
           std::all_of(text.begin(), text.end(), allowed);
}

void judge_prices(const ItemDraft& draft, std::size_t at, bool zero_price, ItemConfig& item,
                  FieldNotes& errors) {
    const auto path = [at](std::string_view field) { return element_path("items", at, field); };
    std::optional<std::int64_t> price;
    if (draft.price == 0 && !zero_price) {
        errors.add(path("price"), "must be 1 or more, unless zero_price is true");
    } else {
        price = judge_number(errors, path("price"), draft.price, std::nullopt,
                             {zero_price ? 0 : 1, limits::price_fen_max});
    }
    item.price = Money{price.value_or(0)};
    if (draft.list_price) {
        const auto list_price = judge_number(errors, path("list_price"), draft.list_price,
                                             std::nullopt, {1, limits::price_fen_max});
        item.list_price = Money{list_price.value_or(0)};
        if (price && list_price && *price > *list_price) {
            errors.add(path("price"),
                       "must not be more than list_price (" + std::to_string(*list_price) + ")");
        }
    }
}

void judge_stock(const ItemDraft& draft, std::size_t at, ItemConfig& item, FieldNotes& errors) {
    const auto path = [at](std::string_view field) { return element_path("items", at, field); };
    const auto stock =
        judge_number(errors, path("stock"), draft.stock, std::nullopt, {0, limits::stock_max});
    const auto reserve =
        judge_number(errors, path("reserve"), draft.reserve, 0, {0, limits::stock_max});
    if (stock && reserve && *reserve > *stock) {
        errors.add(path("reserve"), "must not be more than stock (" + std::to_string(*stock) +
                                        "), which includes it");
        return;
    }
    item.stock = Quantity{stock.value_or(0)};
    item.reserve = Quantity{stock ? reserve.value_or(0) : 0};
    if (draft.slot_stock) {
        const auto slot_stock = judge_number(errors, path("slot_stock"), draft.slot_stock,
                                             std::nullopt, {1, limits::stock_max});
        item.slot_stock = Quantity{slot_stock.value_or(0)};
    }
}

void judge_one_slot(const SlotDraft& slot, std::size_t at, FieldNotes& errors) {
    const auto path = [at](std::string_view field) { return element_path("slots", at, field); };
    const auto from = judge_number(errors, path("from"), slot.from_s, std::nullopt,
                                   {0, draft_bounds::seconds_per_day - 1});
    const auto to = judge_number(errors, path("to"), slot.to_s, std::nullopt,
                                 {1, draft_bounds::seconds_per_day});
    if (from && to && *to <= *from) {
        errors.add(path("to"), "must be after from: a slot over midnight is written as two");
    }
    if (!slot.weekdays) {
        return;
    }
    if (slot.weekdays->empty()) {
        errors.add(path("weekdays"), "must name a day; leave it out for every day");
    }
    std::array<bool, weekdays_count + 1> seen{};
    for (std::size_t day = 0; day < slot.weekdays->size(); ++day) {
        const std::int64_t number = (*slot.weekdays)[day];
        const std::string field = element_path(path("weekdays"), day);
        if (number < 1 || number > std::int64_t{weekdays_count}) {
            errors.add(field, "must be from 1 (Monday) to 7 (Sunday)");
        } else if (std::exchange(seen[static_cast<std::size_t>(number)], true)) {
            errors.add(field, "is there twice");
        }
    }
}

bool is_on(const SlotDraft& slot, std::int64_t weekday) {
    return !slot.weekdays ||
           std::find(slot.weekdays->begin(), slot.weekdays->end(), weekday) != slot.weekdays->end();
}

bool overlap(const SlotDraft& one, const SlotDraft& other) {
    if (!one.from_s || !one.to_s || !other.from_s || !other.to_s || *one.from_s >= *other.to_s ||
        *other.from_s >= *one.to_s) {
        return false;
    }
    for (std::int64_t day = 1; day <= std::int64_t{weekdays_count}; ++day) {
        if (is_on(one, day) && is_on(other, day)) {
            return true;
        }
    }
    return false;
}

void judge_slots_together(const std::vector<SlotDraft>& slots, FieldNotes& errors) {
    for (std::size_t later = 0; later < slots.size(); ++later) {
        for (std::size_t earlier = 0; earlier < later; ++earlier) {
            if (overlap(slots[earlier], slots[later])) {
                errors.add(element_path("slots", later),
                           "overlaps " + element_path("slots", earlier));
            }
        }
    }
    for (std::int64_t day = 1; day <= std::int64_t{weekdays_count}; ++day) {
        const auto count = std::count_if(slots.begin(), slots.end(),
                                         [day](const SlotDraft& slot) { return is_on(slot, day); });
        if (count > std::int64_t{limits::slots_per_day_max}) {
            errors.add("slots", "are more than " + std::to_string(limits::slots_per_day_max) +
                                    " on one day");
            return;
        }
    }
}

void judge_windows(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    if (!draft.windows) {
        errors.add("slots", std::string{slots_not_placed});
    } else if (draft.windows->empty()) {
        errors.add("slots", "have no session between starts_at and ends_at");
    } else if (draft.windows->size() > limits::slot_windows_max) {
        errors.add("slots", "have more than " + std::to_string(limits::slot_windows_max) +
                                " sessions between starts_at and ends_at");
    } else {
        config.windows = *draft.windows;
        std::sort(
            config.windows.begin(), config.windows.end(),
            [](const SlotWindow& left, const SlotWindow& right) { return left.from < right.from; });
        const auto meet = std::adjacent_find(
            config.windows.begin(), config.windows.end(),
            [](const SlotWindow& left, const SlotWindow& right) { return left.to > right.from; });
        if (meet != config.windows.end()) {
            errors.add("slots", "overlap when the zone's clocks change");
        }
    }
}

void judge_buyers(std::string_view field, const std::optional<std::vector<std::string>>& given,
                  std::vector<BuyerId>& buyers, FieldNotes& errors) {
    if (!given) {
        return;
    }
    if (given->size() > limits::audience_list_max) {
        errors.add(std::string{field},
                   "has more than " + std::to_string(limits::audience_list_max) + " buyers");
        return;
    }
    for (std::size_t at = 0; at < given->size(); ++at) {
        const std::string& text = (*given)[at];
        std::uint64_t buyer = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), buyer);
        if (error != std::errc{} || end != text.data() + text.size() || buyer == 0 ||
            buyer > limits::buyer_id_max || text.front() == '0') {
            errors.add(element_path(field, at), "must be a buyer id: a decimal from 1 to 2^63-1");
        } else {
            buyers.push_back(BuyerId{buyer});
        }
    }
    std::sort(buyers.begin(), buyers.end());
    buyers.erase(std::unique(buyers.begin(), buyers.end()), buyers.end());
}

}  // namespace

void judge_items(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    if (!draft.items) {
        errors.add("items", "is required");
        return;
    }
    if (draft.items->empty() || draft.items->size() > limits::items_per_campaign_max) {
        errors.add("items", "must be 1 to " + std::to_string(limits::items_per_campaign_max));
        return;
    }
    std::map<std::string_view, std::size_t> first_with;
    for (std::size_t at = 0; at < draft.items->size(); ++at) {
        const ItemDraft& given = (*draft.items)[at];
        ItemConfig item;
        const std::string id_path = element_path("items", at, "item_id");
        if (!given.item_id) {
            errors.add(id_path, "is required");
        } else if (!is_item_id(*given.item_id)) {
            errors.add(id_path, "must be 1 to 32 of A-Z a-z 0-9 _ -");
        } else if (const auto [entry, is_new] = first_with.emplace(*given.item_id, at); !is_new) {
            errors.add(id_path, "is also the id of " + element_path("items", entry->second));
        } else {
            item.item_id = ItemId{*given.item_id};
        }
        judge_title(errors, element_path("items", at, "title"), given.title, item.title);
        judge_prices(given, at, config.zero_price, item, errors);
        judge_stock(given, at, item, errors);
        if (given.bargain && draft.play && *draft.play != BargainPlay::word) {
            errors.add(element_path("items", at, "bargain"), "belongs to play bargain");
        }
        config.items.push_back(std::move(item));
    }
}

void judge_slots(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    if (draft.timezone) {
        if (draft.timezone->empty() || draft.timezone->size() > draft_bounds::timezone_bytes_max) {
            errors.add("timezone", "must name a zone, as in Asia/Shanghai");
        } else {
            config.timezone = *draft.timezone;
        }
    }
    if (!draft.slots || draft.slots->empty()) {
        for (std::size_t at = 0; at < config.items.size(); ++at) {
            if (config.items[at].slot_stock > Quantity{0}) {
                errors.add(element_path("items", at, "slot_stock"), "needs slots");
            }
        }
        return;
    }
    if (draft.slots->size() > draft_bounds::slots_max) {
        errors.add("slots", "must be at most " + std::to_string(draft_bounds::slots_max));
        return;
    }
    const std::size_t mistakes_before = errors.size();
    for (std::size_t at = 0; at < draft.slots->size(); ++at) {
        judge_one_slot((*draft.slots)[at], at, errors);
    }
    judge_slots_together(*draft.slots, errors);
    // Windows are worth a word only when nothing that they are made from is wrong.
    if (errors.size() == mistakes_before && draft.starts_at && draft.ends_at &&
        *draft.starts_at < *draft.ends_at) {
        judge_windows(draft, config, errors);
        config.slots_json = draft.slots_json;
    }
}

void judge_limits(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    const LimitsDraft& given = draft.limits;
    Limits& limits = config.limits;
    constexpr Range units{1, limits::stock_max};
    const auto per_buyer =
        judge_number(errors, "limits.per_buyer", given.per_buyer, limits.per_buyer, units);
    const auto order_min = judge_number(errors, "limits.per_order_min", given.per_order_min,
                                        limits.per_order_min, units);
    const auto order_max = judge_number(errors, "limits.per_order_max", given.per_order_max,
                                        limits.per_order_max, units);
    const auto holds = judge_number(errors, "limits.holds_per_buyer", given.holds_per_buyer,
                                    limits.holds_per_buyer, {1, draft_bounds::holds_per_buyer_max});
    if (order_min && order_max && *order_min > *order_max) {
        errors.add("limits.per_order_min",
                   "must not be more than per_order_max (" + std::to_string(*order_max) + ")");
    }
    if (order_max && per_buyer && *order_max > *per_buyer) {
        errors.add("limits.per_order_max",
                   "must not be more than per_buyer (" + std::to_string(*per_buyer) + ")");
    }
    if (given.per_buyer_per_slot) {
        limits.per_buyer_per_slot = judge_number(errors, "limits.per_buyer_per_slot",
                                                 given.per_buyer_per_slot, std::nullopt, units);
        if (limits.per_buyer_per_slot && per_buyer && *limits.per_buyer_per_slot > *per_buyer) {
            errors.add("limits.per_buyer_per_slot",
                       "must not be more than per_buyer (" + std::to_string(*per_buyer) + ")");
        }
        if (limits.per_buyer_per_slot && order_min && *limits.per_buyer_per_slot < *order_min) {
            errors.add("limits.per_buyer_per_slot", "must not be less than per_order_min (" +
                                                        std::to_string(*order_min) +
                                                        "): nobody could buy");
        }
    }
    limits.per_buyer = per_buyer.value_or(limits.per_buyer);
    limits.per_order_min = order_min.value_or(limits.per_order_min);
    limits.per_order_max = order_max.value_or(limits.per_order_max);
    limits.holds_per_buyer = holds.value_or(limits.holds_per_buyer);
}

void judge_audience(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors) {
    const AudienceDraft& given = draft.audience;
    Audience& audience = config.audience;
    audience.new_buyers_only = given.new_buyers_only.value_or(false);
    const auto segments = given.segments_any.value_or(std::vector<std::int64_t>{});
    for (std::size_t at = 0; at < segments.size(); ++at) {
        if (segments[at] < 0 || segments[at] > 63) {
            errors.add(element_path("audience.segments_any", at),
                       "must be the number of a segment bit, from 0 to 63");
        } else {
            audience.segments_any |= std::uint64_t{1} << segments[at];
        }
    }
    const auto level = judge_number(errors, "audience.level_min", given.level_min, 0, {0, 255});
    audience.level_min = static_cast<std::uint8_t>(level.value_or(0));
    judge_buyers("audience.allowlist", given.allowlist, audience.allowlist, errors);
    judge_buyers("audience.blocklist", given.blocklist, audience.blocklist, errors);
}

}  // namespace stampede::campaigns
