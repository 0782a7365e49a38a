// SPDX-License-Identifier: Apache-2.0
// Pages end with the id to go on from: ids rise, so a page is stable while others are added.
#include "net/mall_json.hpp"

namespace stampede::net {

namespace {

using campaigns::Code;

void finish(JsonText& json, Instant server_time) {
    json.number("server_ms", server_time.ms());
    json.finish();
}

void append_stock(JsonText& json, const StockView& stock) {
    json.open_object();
    json.plain("item_id", stock.item_id.view());
    json.number("total", stock.total.units());
    json.number("available", stock.available.units());
    json.number("held", stock.held.units());
    json.number("sold", stock.sold.units());
    json.number("reserve", stock.reserve.units());
    json.number("removed", stock.removed.units());
    json.close_object();
}

void append_event(JsonText& json, const EventRow& event) {
    json.open_object();
    json.text("event_id", event.event_id);
    json.text("journal_id", event.journal_id);
    json.number("shard", event.shard.raw());
    json.number("sequence", event.sequence.raw());
    json.number("ordinal", event.ordinal);
    json.text("kind", event.kind);
    if (event.order_id.has_value()) {
        json.text("order_id", *event.order_id);
    }
    json.raw("payload", event.payload);
    json.number("at_ms", event.at.ms());
    json.close_object();
}

}  // namespace

void append_code(TextBuffer& out, Code code, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(code));
    finish(json, server_time);
}

void append_ledger(TextBuffer& out, CampaignId campaign, const LedgerView& ledger,
                   Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.decimal_text("campaign_id", campaign.raw());
    json.number("sequence", ledger.sequence.raw());
    json.open_array("items");
    for (const auto& stock : ledger.items) {
        append_stock(json, stock);
    }
    json.close_array();
    finish(json, server_time);
}

void append_mall_order(TextBuffer& out, const campaigns::OrderView& order, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    append_order_fields(json, order, Door::mall);
    append_order_refund(json, order);
    json.number("created_at_ms", order.created_at.ms());
    finish(json, server_time);
}

void append_orders_page(TextBuffer& out, const OrdersPage& page, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.open_array("orders");
    for (const auto& order : page.orders) {
        json.open_object();
        append_order_fields(json, order, Door::mall);
        append_order_refund(json, order);
        json.number("created_at_ms", order.created_at.ms());
        json.close_object();
    }
    json.close_array();
    if (page.more && !page.orders.empty()) {
        json.base36("next", page.orders.back().order_id);
    }
    finish(json, server_time);
}

void append_campaigns_page(TextBuffer& out, const CampaignsPage& page, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.open_array("campaigns");
    for (const auto& campaign : page.campaigns) {
        json.open_object();
        json.decimal_text("id", campaign.id.raw());
        json.plain("play", text(campaign.config->play));
        json.text("title", campaign.config->title);
        json.plain("state", text(campaign.state));
        json.number("version", campaign.version);
        json.number("starts_at_ms", campaign.config->starts_at.ms());
        json.number("ends_at_ms", campaign.config->ends_at.ms());
        json.number("items_count", campaign.config->items.size());
        json.close_object();
    }
    json.close_array();
    if (page.more && !page.campaigns.empty()) {
        json.decimal_text("next", page.campaigns.back().id.raw());
    }
    finish(json, server_time);
}

void append_events_page(TextBuffer& out, const EventsPage& page, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.open_array("events");
    for (const auto& event : page.events) {
        append_event(json, event);
    }
    json.close_array();
    json.text("next", page.next);
    finish(json, server_time);
}

void append_settlement(TextBuffer& out, const SettlementView& settlement, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.flag("configured", settlement.configured);
    json.number("backlog", settlement.backlog_commits);
    json.number("cursor", settlement.cursor.raw());
    json.number("durable", settlement.durable.raw());
    if (settlement.last_error.empty()) {
        json.raw("last_error", "null");
    } else {
        json.text("last_error", settlement.last_error);
    }
    if (settlement.last_success_at > Instant{}) {
        json.number("last_success_at_ms", settlement.last_success_at.ms());
    }
    json.flag("selling_held_back", settlement.selling_held_back);
    finish(json, server_time);
}

}  // namespace stampede::net
