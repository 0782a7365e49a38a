// SPDX-License-Identifier: Apache-2.0
// See the header. The order of the fields is that of the contract's table.
#include "net/config_json.hpp"

#include "net/bargain_draft_decoder.hpp"
#include "net/friend_help_draft_decoder.hpp"
#include "net/group_draft_decoder.hpp"
#include "net/time_zone.hpp"

namespace stampede::net {
namespace {

using campaigns::Audience;
using campaigns::CampaignConfig;
using campaigns::ItemConfig;
using campaigns::Limits;

void append_items(JsonText& json, const CampaignConfig& config) {
    const auto* const bargain = std::get_if<campaigns::BargainTerms>(&config.terms);
    json.open_array("items");
    for (std::size_t at = 0; at < config.items.size(); ++at) {
        const ItemConfig& item = config.items[at];
        json.open_object();
        json.plain("item_id", item.item_id.view());
        json.text("title", item.title);
        json.number("price", item.price.fen());
        if (item.list_price != Money{0}) {
            json.number("list_price", item.list_price.fen());
        }
        json.number("stock", item.stock.units());
        json.number("reserve", item.reserve.units());
        if (bargain != nullptr && config.items.size() > 1) {
            json.open_object("bargain");
            append_item_bargain(json, bargain->items[at]);
            json.close_object();
        }
        if (item.slot_stock > Quantity{0}) {
            json.number("slot_stock", item.slot_stock.units());
        }
        json.close_object();
    }
    json.close_array();
}

void append_limits(JsonText& json, const Limits& limits) {
    json.open_object("limits");
    json.number("per_buyer", limits.per_buyer);
    if (limits.per_buyer_per_slot) {
        json.number("per_buyer_per_slot", *limits.per_buyer_per_slot);
    }
    json.number("per_order_min", limits.per_order_min);
    json.number("per_order_max", limits.per_order_max);
    json.number("holds_per_buyer", limits.holds_per_buyer);
    json.close_object();
}

void append_buyers(JsonText& json, std::string_view name, const std::vector<BuyerId>& buyers) {
    json.open_array(name);
    for (const BuyerId buyer : buyers) {
        json.out().append('"');
        json.out().append_number(buyer.raw());
        json.out().append("\",");
    }
    json.close_array();
}

void append_audience(JsonText& json, const Audience& audience) {
    json.open_object("audience");
    json.flag("new_buyers_only", audience.new_buyers_only);
    json.open_array("segments_any");
    for (unsigned bit = 0; bit < 64; ++bit) {
        if ((audience.segments_any >> bit & 1U) != 0) {
            json.out().append_number(bit);
            json.out().append(',');
        }
    }
    json.close_array();
    json.number("level_min", unsigned{audience.level_min});
    append_buyers(json, "allowlist", audience.allowlist);
    append_buyers(json, "blocklist", audience.blocklist);
    json.close_object();
}

}  // namespace

void append_config_fields(JsonText& json, const CampaignConfig& config) {
    json.plain("play", text(config.play));
    json.text("title", config.title);
    append_items(json, config);
    json.plain("starts_at", rfc3339_in_zone(config.starts_at, config.timezone));
    json.number("starts_at_ms", config.starts_at.ms());
    json.plain("ends_at", rfc3339_in_zone(config.ends_at, config.timezone));
    json.number("ends_at_ms", config.ends_at.ms());
    if (!config.slots_json.empty()) {
        json.raw("slots", config.slots_json);
    }
    json.text("timezone", config.timezone);
    append_limits(json, config.limits);
    json.number("hold_seconds", config.hold.ms() / 1000);
    json.number("min_pay_seconds", config.min_pay.ms() / 1000);
    append_audience(json, config.audience);
    json.plain("stock_source", text(config.stock_source));
    json.plain("ticket", text(config.ticket));
    json.flag("resell_after_end", config.resell_after_end);
    json.flag("show_available", config.show_available);
    json.number("warmup_seconds", config.warmup.ms() / 1000);
    json.plain("late_payment", text(config.late_payment));
    json.plain("restock", text(config.restock));
    json.plain("quota_on_refund", text(config.quota_on_refund));
    json.flag("zero_price", config.zero_price);
    if (const auto* group = std::get_if<campaigns::GroupTerms>(&config.terms)) {
        append_group(json, *group);
    }
    if (const auto* bargain = std::get_if<campaigns::BargainTerms>(&config.terms)) {
        append_bargain(json, *bargain);
    }
    append_friend_help(json, config);
    json.flag("waitlist", config.waitlist);
}

}  // namespace stampede::net
