// SPDX-License-Identifier: Apache-2.0
#include "net/event_json.hpp"

#include <string>

#include "campaigns/event_codec.hpp"
#include "campaigns/event_fields.hpp"
#include "net/json_text.hpp"

namespace stampede::net {

namespace {

using namespace campaigns;

void fields_of(JsonText& json, const CampaignDrafted& event) {
    json.text("title", event.config->title);
    json.plain("play", text(event.config->play));
    json.number("starts_at_ms", event.config->starts_at.ms());
    json.number("ends_at_ms", event.config->ends_at.ms());
    json.number("items", event.config->items.size());
    json.text("actor", event.actor.view());
}
void fields_of(JsonText& json, const CampaignRevised& event) {
    json.number("version", event.version);
    json.text("title", event.config->title);
    json.number("ends_at_ms", event.config->ends_at.ms());
    json.text("actor", event.actor.view());
}
void fields_of(JsonText& json, const CampaignStateChanged& event) {
    json.plain("from", text(event.from));
    json.plain("to", text(event.to));
    json.text("actor", event.actor.view());
}
void fields_of(JsonText& json, const StockAdjusted& event) {
    json.number("item", event.item);
    json.number("delta", event.delta);
    json.text("reason", event.reason.view());
    json.text("actor", event.actor.view());
}
void fields_of(JsonText& json, const BuyersBlocked& event) {
    json.number("buyers", event.buyers.size());
    json.text("actor", event.actor.view());
}
void fields_of(JsonText& json, const StockHandedBack& event) {
    json.open_array("items");
    for (const StockHandedBack::Part& part : event.parts) {
        json.open_object();
        json.plain("item_id", part.item_id.view());
        json.number("units", part.units.units());
        json.close_object();
    }
    json.close_array();
}
void fields_of(JsonText& json, const PaymentMismatched& event) {
    json.base36("order_id", event.order);
    json.text("payment_id", event.payment_id.view());
    json.number("amount", event.amount.fen());
    if (event.expected) {
        json.number("expected", event.expected->fen());
    }
}
void fields_of(JsonText& json, const TicketIssued& event) {
    json.plain("item_id", event.item_id.view());
    json.decimal_text("buyer_id", event.buyer.raw());
    json.number("not_before_ms", event.not_before.ms());
    json.number("expires_ms", event.expires.ms());
}
void fields_of(JsonText& json, const OrderConfirmed& event) {
    json.base36("order_id", event.order);
    json.plain("play", text(event.play));
    json.decimal_text("buyer_id", event.buyer.raw());
    json.number("amount", event.amount.fen());
    json.flag("late", event.late);
    json.text("payment_id", event.payment_id.view());
    json.number("paid_at_ms", event.paid_at.ms());
    json.open_array("items");
    for (const ConfirmedLine& line : event.lines) {
        json.open_object();
        json.plain("item_id", line.item_id.view());
        json.number("quantity", line.quantity.units());
        json.number("unit_price", line.unit_price.fen());
        json.close_object();
    }
    json.close_array();
}
void fields_of(JsonText& json, const HoldExpired& event) {
    json.base36("order_id", event.order);
}
void fields_of(JsonText& json, const HoldReleased& event) {
    json.base36("order_id", event.order);
    json.plain("reason", text(event.reason));
    json.text("actor", event.actor.view());
}
void fields_of(JsonText& json, const PaymentRefundDue& event) {
    json.base36("order_id", event.order);
    json.text("payment_id", event.payment_id.view());
    json.number("amount", event.amount.fen());
    json.number("quantity", event.quantity.units());
    json.plain("reason", text(event.reason));
    json.flag("counted", event.counted);
}
void fields_of(JsonText& json, const PaymentKept& event) {
    json.base36("order_id", event.order);
    json.text("payment_id", event.payment_id.view());
    json.number("amount", event.amount.fen());
}
void fields_of(JsonText& json, const OrderRefunded& event) {
    json.base36("order_id", event.order);
    json.text("refund_id", event.refund_id.view());
    json.text("payment_id", event.payment_id.view());
    json.number("amount", event.amount.fen());
    json.number("quantity", event.quantity.units());
    json.flag("counted", event.counted);
    json.flag("wholly", event.wholly);
    json.flag("units_return", event.units_return);
    json.plain("restock", text(event.restock));
}
void fields_of(JsonText& json, const HoldsSwept& event) {
    json.number("first", event.first);
    json.number("count", event.count);
}
void fields_of(JsonText& json, const SeedCommitted& event) {
    // The seed itself is secret while the campaign runs.
    json.hex("digest", digest_of_seed(event.seed));
}
void fields_of(JsonText& json, const WaiterJoined& event) {
    json.decimal_text("buyer_id", event.buyer.raw());
    json.number("item", event.item);
    json.number("place", event.place);
}
void fields_of(JsonText& json, const WaiterLeft& event) {
    json.decimal_text("buyer_id", event.buyer.raw());
    json.number("item", event.item);
    json.plain("reason", event.reason == LeaveReason::buyer ? "buyer" : "refused");
}
void fields_of(JsonText& json, const WaiterPromoted& event) {
    json.base36("order_id", event.order);
    json.decimal_text("buyer_id", event.buyer.raw());
    json.number("pay_by_ms", event.pay_by.ms());
    json.number("item", event.item);
    json.number("unit_price", event.unit_price.fen());
}
void fields_of(JsonText& json, const StockHeld& event) {
    json.base36("order_id", event.order);
    json.decimal_text("buyer_id", event.buyer.raw());
    json.number("pay_by_ms", event.pay_by.ms());
    json.open_array("lines");
    for (const HeldLine& line : event.lines) {
        json.open_object();
        json.number("item", line.item);
        json.number("quantity", line.quantity.units());
        json.number("unit_price", line.unit_price.fen());
        json.close_object();
    }
    json.close_array();
}

/// Events of plays show themselves.
class ShownFields final : public EventFields {
  public:
    explicit ShownFields(JsonText& json) : json_(json) {}
    void id(std::string_view name, std::uint64_t id) override { json_.base36(name, OrderId{id}); }
    void buyer(std::string_view name, BuyerId buyer) override {
        json_.decimal_text(name, buyer.raw());
    }
    void number(std::string_view name, std::int64_t value) override { json_.number(name, value); }
    void text(std::string_view name, std::string_view value) override { json_.text(name, value); }
    void flag(std::string_view name, bool value) override { json_.flag(name, value); }
    void begin_list(std::string_view name) override { json_.open_array(name); }
    void begin_row() override { json_.open_object(); }
    void end_row() override { json_.close_object(); }
    void end_list() override { json_.close_array(); }

  private:
    JsonText& json_;
};
template <class Own>
    requires Plays::has_event<Own>
void fields_of(JsonText& json, const Own& event) {
    ShownFields fields(json);
    show(event, fields);
}

}  // namespace

void append_event(TextBuffer& out, const engine::DurableCommit& commit, const engine::Frame& frame,
                  const campaigns::Event& event) {
    JsonText json(out);
    json.open_object();
    json.number("commit", commit.number.raw());
    json.plain("receipt", std::to_string(frame.shard.raw()) + '.' +
                              std::to_string(commit.epoch.raw()) + '.' +
                              std::to_string(frame.sequence.raw()));
    json.number("shard", frame.shard.raw());
    json.number("sequence", frame.sequence.raw());
    json.number("at_ms", frame.at.ms());
    json.decimal_text("campaign_id", frame.scope);
    json.plain("event", campaigns::name_of(campaigns::number_of(event)));
    std::visit(
        [&](const auto& family) {
            std::visit([&](const auto& happened) { fields_of(json, happened); }, family);
        },
        event);
    json.flag("with_key", frame.request.has_value());
    json.finish();
}

}  // namespace stampede::net
