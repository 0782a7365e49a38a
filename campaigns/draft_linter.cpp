// SPDX-License-Identifier: Apache-2.0
// lint(): what a configuration may say and yet hardly means. Operators see it beside the draft; it
// refuses nothing.
#include <algorithm>
#include <iterator>
#include <string>

#include "campaigns/campaign_draft.hpp"

namespace stampede::campaigns {
namespace {

void lint_items(const CampaignConfig& config, FieldNotes& warnings) {
    std::int64_t units = 0;
    bool any_free = false;
    for (std::size_t at = 0; at < config.items.size(); ++at) {
        const ItemConfig& item = config.items[at];
        const auto path = [at](std::string_view field) { return element_path("items", at, field); };
        units += item.stock.units();
        any_free = any_free || item.price == Money{0};
        if (item.price == Money{0}) {
            warnings.add(path("price"), "is 0: orders are confirmed at once, without a payment");
        }
        if (item.list_price == Money{0}) {
            warnings.add(path("list_price"), "is not given: buyers see no price to compare with");
        }
        if (item.stock == Quantity{0}) {
            warnings.add(path("stock"), "is 0: nothing can be sold until stock is added");
        } else if (item.reserve == item.stock) {
            warnings.add(path("reserve"), "is all of the stock: nothing can be sold");
        } else if (item.slot_stock > Quantity{0} &&
                   item.slot_stock.units() * static_cast<std::int64_t>(config.windows.size()) <
                       (item.stock - item.reserve).units()) {
            warnings.add(path("slot_stock"),
                         "times the number of slots is less than the stock: "
                         "the rest can never be sold");
        } else if (item.slot_stock >= item.stock) {
            warnings.add(path("slot_stock"), "is not less than the stock: it limits nothing");
        } else if (config.limits.per_order_min > (item.stock - item.reserve).units()) {
            warnings.add(path("stock"), "is less than limits.per_order_min: nobody can buy it");
        }
    }
    if (config.limits.per_buyer > units && units > 0) {
        warnings.add("limits.per_buyer", "is more than the whole stock (" + std::to_string(units) +
                                             "): one buyer may take it all");
    }
    const std::int64_t unpaid = config.limits.holds_per_buyer * config.limits.per_order_max;
    if (config.limits.per_buyer > unpaid) {
        warnings.add("limits.per_buyer",
                     "is more than holds_per_buyer times per_order_max (" + std::to_string(unpaid) +
                         "): a buyer gets no further without paying in between");
    }
    if (config.zero_price && !any_free) {
        warnings.add("zero_price", "is true, but no price is 0");
    }
}

void lint_times(const CampaignConfig& config, FieldNotes& warnings) {
    const Duration length = config.ends_at - config.starts_at;
    if (length > Duration::seconds(draft_bounds::unwise_days_min * draft_bounds::seconds_per_day)) {
        warnings.add("ends_at", "is more than " + std::to_string(draft_bounds::unwise_days_min) +
                                    " days after starts_at");
    }
    if (config.hold > length) {
        warnings.add("hold_seconds", "is longer than the sale: unpaid units cannot be sold again");
    }
    if (config.limits.per_buyer_per_slot && config.windows.empty()) {
        warnings.add("limits.per_buyer_per_slot", "has no effect without slots");
    }
}

void lint_audience(const Audience& audience, FieldNotes& warnings) {
    std::vector<BuyerId> both;
    std::set_intersection(audience.allowlist.begin(), audience.allowlist.end(),
                          audience.blocklist.begin(), audience.blocklist.end(),
                          std::back_inserter(both));
    if (!both.empty()) {
        warnings.add("audience.blocklist", "has " + std::to_string(both.size()) +
                                               " of the allowlist's buyers: they are blocked");
    }
}

}  // namespace

std::vector<FieldNote> lint(const CampaignConfig& config) {
    FieldNotes warnings;
    lint_items(config, warnings);
    lint_times(config, warnings);
    lint_audience(config.audience, warnings);
    Plays::for_each([&]<class Each>() {
        if (config.play == Each::play) {
            Each::lint(config, warnings);
        }
    });
    return warnings.take();
}

}  // namespace stampede::campaigns
