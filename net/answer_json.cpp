// SPDX-License-Identifier: Apache-2.0
// Field by field, in the order of the contract's examples: code first, server_ms and receipt last.
#include "net/answer_json.hpp"

#include "net/record_json.hpp"

namespace stampede::net {

namespace {

using campaigns::Answer;
using campaigns::Code;
using campaigns::OrderState;
using campaigns::OrderView;

void append_lines(JsonText& json, const OrderView& order) {
    if (order.lines.size() == 1) {
        const auto& line = order.lines.front();
        json.plain("item_id", line.item_id.view());
        json.number("quantity", line.quantity.units());
        if (line.refunded > Quantity{0}) {
            json.number("refunded_quantity", line.refunded.units());
        }
        return;
    }
    json.open_array("items");
    for (const auto& line : order.lines) {
        json.open_object();
        json.plain("item_id", line.item_id.view());
        json.number("quantity", line.quantity.units());
        json.number("unit_price", line.unit_price.fen());
        if (line.refunded > Quantity{0}) {
            json.number("refunded_quantity", line.refunded.units());
        }
        json.close_object();
    }
    json.close_array();
}

void append_waiting(JsonText& json, const Answer::Waiting& waiting) {
    json.plain("item_id", waiting.item_id.view());
    json.number("place", waiting.place);
}

/// What a refusal says beyond its code.
void append_refusal_terms(JsonText& json, const Answer& answer) {
    if (answer.left.has_value()) {
        json.number("left", answer.left->units());
    }
    if (answer.code == Code::sold_out) {
        json.flag("may_return", answer.may_return);
        if (!answer.may_return) {
            json.number("cache_ms", answer.cache_ms);
        }
    }
    if (answer.starts_in.has_value()) {
        json.number("starts_in_ms", answer.starts_in->ms());
    }
    if (answer.retry_in.has_value()) {
        json.number("retry_ms", answer.retry_in->ms());
    }
    if (answer.detail != nullptr) {
        json.text("detail", answer.detail);
    }
}

void append_refund(JsonText& json, const Answer& answer) {
    if (!answer.refund_amount.has_value() && !answer.refund_reason.has_value()) {
        if (answer.order.has_value()) {
            append_order_refund(json, *answer.order);
        }
        return;
    }
    json.open_object("refund");
    if (answer.refund_amount.has_value()) {
        json.number("amount", answer.refund_amount->fen());
    }
    if (answer.refund_reason.has_value()) {
        json.plain("reason", text(*answer.refund_reason));
    }
    json.close_object();
}

void append_ticket(JsonText& json, const Answer::TicketTerms& terms, std::string_view ticket) {
    json.text("ticket", ticket);
    json.plain("item_id", terms.item_id.view());
    json.number("not_before_ms", terms.not_before.ms());
    json.number("expires_ms", terms.expires.ms());
}

/// The order behind the answer: whole, or only its id where nothing more is known.
void append_order_or_id(JsonText& json, const Answer& answer, const AnswerContext& context) {
    if (answer.order.has_value()) {
        append_order_fields(json, *answer.order, context.door);
    } else if (answer.open_order.has_value()) {
        json.base36("order_id", *answer.open_order);
    } else if (context.asked_order.has_value()) {
        json.base36("order_id", *context.asked_order);
    }
}

/// What became of a campaign by an operator's act.
void append_campaign_outcome(JsonText& json, const Answer& answer) {
    if (answer.order.has_value()) {
        return;  // an order names its campaign and has a state of its own
    }
    if (answer.campaign.has_value()) {
        json.decimal_text("id", answer.campaign->raw());
    }
    if (answer.campaign_state.has_value()) {
        json.plain("state", text(*answer.campaign_state));
    }
    if (answer.version != 0) {
        json.number("version", answer.version);
    }
}

void append_receipt(JsonText& json, const campaigns::Receipt& receipt) {
    if (receipt.sequence == Sequence{}) {
        return;
    }
    TextBuffer& out = json.out();
    out.append(R"("receipt":")");
    out.append_number(receipt.shard.raw());
    out.append('.');
    out.append_number(receipt.epoch.raw());
    out.append('.');
    out.append_number(receipt.sequence.raw());
    out.append("\",");
}

}  // namespace

void append_order_fields(JsonText& json, const OrderView& order, Door door) {
    json.base36("order_id", order.order_id);
    json.plain("state", text(order.state));
    if (door == Door::mall) {
        json.decimal_text("campaign_id", order.campaign.raw());
        json.decimal_text("buyer_id", order.buyer.raw());
    }
    append_lines(json, order);
    json.number("amount", order.amount.fen());
    if (order.refunded_amount > Money{0}) {
        json.number("refunded_amount", order.refunded_amount.fen());
    }
    if (order.record_id != 0) {
        json.plain(record_key(order.play), Base36{order.record_id}.view());
    }
    if (order.waits_for_operator) {
        json.flag("waits_for_operator", true);
    }
    if (order.state == OrderState::held) {
        json.number("pay_by_ms", order.pay_by.ms());
    }
}

void append_order_refund(JsonText& json, const OrderView& order) {
    if (!order.refund_reason.has_value()) {
        return;
    }
    json.open_object("refund");
    json.number("amount", order.amount.fen());
    json.plain("reason", text(*order.refund_reason));
    json.close_object();
}

void append_answer_fields(JsonText& json, const Answer& answer, const AnswerContext& context) {
    json.plain("code", text(answer.code));
    append_order_or_id(json, answer, context);
    if (context.door == Door::mall) {
        append_campaign_outcome(json, answer);
    }
    if (answer.ticket.has_value()) {
        append_ticket(json, *answer.ticket, context.ticket);
    }
    if (answer.waiting.has_value()) {
        append_waiting(json, *answer.waiting);
    }
    append_record(json, answer.record, {context.door, context.members_max});
    append_refusal_terms(json, answer);
    append_refund(json, answer);
    if (answer.replayed) {
        json.flag("replayed", true);
    }
    if (answer.state_now.has_value()) {
        json.plain("state_now", text(*answer.state_now));
    }
    json.number("server_ms", answer.server_time.ms());
    append_receipt(json, answer.receipt);
}

void append_answer(TextBuffer& out, const Answer& answer, const AnswerContext& context) {
    JsonText json(out);
    json.open_object();
    append_answer_fields(json, answer, context);
    json.finish();
}

void append_orders(TextBuffer& out, std::span<const OrderView> orders, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.open_array("orders");
    for (const auto& order : orders) {
        json.open_object();
        append_order_fields(json, order, Door::buyers);
        append_order_refund(json, order);
        json.number("created_at_ms", order.created_at.ms());
        json.close_object();
    }
    json.close_array();
    json.number("server_ms", server_time.ms());
    json.finish();
}

void append_public_campaign(TextBuffer& out, const PublicCampaign& campaign) {
    const auto& config = *campaign.config;
    check(campaign.available.size() == config.items.size(), "one stock cell for each item");
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.decimal_text("campaign_id", campaign.id.raw());
    json.plain("play", text(config.play));
    json.text("title", config.title);
    json.plain("state", text(campaign.state));
    json.number("starts_at_ms", config.starts_at.ms());
    json.number("ends_at_ms", config.ends_at.ms());
    json.open_array("items");
    for (std::size_t at = 0; at < config.items.size(); ++at) {
        const auto& item = config.items[at];
        json.open_object();
        json.plain("item_id", item.item_id.view());
        json.text("title", item.title);
        json.number("price", item.price.fen());
        json.number("list_price", item.list_price.fen());
        json.flag("sold_out", campaign.available[at] == Quantity{0});
        if (config.show_available) {
            json.number("available", campaign.available[at].units());
        }
        append_public_item_terms(json, config, at);
        json.close_object();
    }
    json.close_array();
    append_public_terms(json, config);
    if (campaign.seed != nullptr) {
        json.hex("seed_digest", campaigns::digest_of_seed(campaign.seed->bytes()));
        if (campaign.seed_is_public) {
            json.hex("seed", campaign.seed->bytes());
        }
    }
    json.number("server_ms", campaign.server_time.ms());
    json.finish();
}

void append_time(TextBuffer& out, Instant server_time) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.number("server_ms", server_time.ms());
    json.finish();
}

}  // namespace stampede::net
