// SPDX-License-Identifier: Apache-2.0
// One overload per event, so that the compiler asks for a decision when an event is added. The
// payloads are flat JSON objects; docs/reference/mall-database.md lists their fields.
#include "campaigns/settlement_records.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "campaigns/order.hpp"

namespace stampede::campaigns {
namespace {

/// Writes one flat JSON object. Keys are ours and need no escape; texts came from the mall.
class JsonObject {
  public:
    JsonObject& text(std::string_view key, std::string_view value) {
        begin(key);
        json_ += '"';
        for (const char character : value) {
            append_escaped(character);
        }
        json_ += '"';
        return *this;
    }
    JsonObject& integer(std::string_view key, std::int64_t value) {
        begin(key);
        json_ += std::to_string(value);
        return *this;
    }
    [[nodiscard]] std::string done() && {
        json_ += '}';
        return std::move(json_);
    }

  private:
    void begin(std::string_view key) {
        json_ += json_.size() == 1 ? "\"" : ",\"";
        json_ += key;
        json_ += "\":";
    }
    void append_escaped(char character) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') {
            json_ += '\\';
            json_ += character;
        } else if (byte < 0x20) {
            constexpr std::string_view digits = "0123456789abcdef";
            json_ += "\\u00";
            json_ += digits[byte >> 4];
            json_ += digits[byte & 0x0F];
        } else {
            json_ += character;
        }
    }
    std::string json_ = "{";
};

std::string decimal(std::uint64_t raw) {
    return std::to_string(raw);
}

/// The records of one event, in the order in which they are written.
class Writer {
  public:
    Writer(CampaignId campaign, const EventOrigin& origin, std::vector<SettlementRecord>& records)
        : campaign_(campaign), origin_(origin), records_(records) {}

    void operator()(const OrderConfirmed& confirmed) {
        OrderRow row;
        row.order_id = order_text(confirmed.order);
        row.campaign_id = decimal(campaign_.raw());
        row.play = campaigns::text(confirmed.play);
        row.buyer_id = decimal(confirmed.buyer.raw());
        row.amount = confirmed.amount;
        row.state = campaigns::text(OrderState::confirmed);
        if (!confirmed.payment_id.empty()) {
            row.payment_id = std::string{confirmed.payment_id.view()};
            row.paid_at = confirmed.paid_at;
        }
        row.confirmed_at = origin_.at;
        row.receipt = receipt_text(origin_);
        row.items.reserve(confirmed.lines.size());
        for (const ConfirmedLine& line : confirmed.lines) {
            row.items.push_back({.line = row.items.size(),
                                 .item_id = std::string{line.item_id.view()},
                                 .quantity = line.quantity,
                                 .unit_price = line.unit_price,
                                 .refunded = Quantity{}});
        }
        records_.emplace_back(std::move(row));
    }

    void operator()(const PaymentRefundDue& due) {
        if (due.counted) {
            records_.emplace_back(
                OrderChange{.order_id = order_text(due.order),
                            .state = std::string{campaigns::text(OrderState::refund_due)},
                            .refunded_more = Money{},
                            .parts = {}});
        }
        JsonObject payload = about_order(due.order);
        payload.text("payment_id", due.payment_id.view())
            .integer("quantity", due.quantity.units())
            .integer("amount", due.amount.fen())
            .text("reason", campaigns::text(due.reason))
            .integer("paid_at_ms", due.paid_at.ms());
        tell("REFUND_REQUIRED", due.order, std::move(payload));
    }

    void operator()(const OrderRefunded& refunded) {
        // A refund of a payment that the order does not count settles that payment alone.
        if (refunded.counted) {
            OrderChange change;
            change.order_id = order_text(refunded.order);
            if (refunded.wholly) {
                change.state = campaigns::text(OrderState::refunded);
            }
            change.refunded_more = refunded.amount;
            for (const OrderRefunded::Part& part : refunded.parts) {
                change.parts.push_back({.line = part.line, .refunded_more = part.quantity});
            }
            records_.emplace_back(std::move(change));
        }
        if (!refunded.units_return || refunded.restock != Restock::to_mall) {
            return;
        }
        for (const OrderRefunded::Part& part : refunded.parts) {
            JsonObject payload = about_stock(part.item_id, part.quantity, "refunded");
            payload.text("stock_source", campaigns::text(refunded.stock_source))
                .text("order_id", order_text(refunded.order))
                .text("refund_id", refunded.refund_id.view());
            tell("STOCK_DELTA", refunded.order, std::move(payload));
        }
    }

    void operator()(const StockHandedBack& handed_back) {
        // Only stock that was carved out of the mall's is handed back.
        for (const StockHandedBack::Part& part : handed_back.parts) {
            if (part.units.units() > 0) {
                JsonObject payload = about_stock(part.item_id, part.units, "sale_over");
                payload.text("stock_source", campaigns::text(StockSource::carved_out));
                tell("STOCK_DELTA", std::nullopt, std::move(payload));
            }
        }
    }

    void operator()(const PaymentMismatched& mismatched) {
        JsonObject payload = about_order(mismatched.order);
        payload.text("payment_id", mismatched.payment_id.view())
            .integer("amount", mismatched.amount.fen());
        if (mismatched.expected) {
            payload.integer("expected", mismatched.expected->fen()).text("reason", "wrong_amount");
        } else {
            payload.text("reason", "order_unknown");
        }
        tell("PAYMENT_MISMATCH", mismatched.order, std::move(payload));
    }

    // Of no concern to the mall's database. Named one by one, so that a new event must be judged.
    void operator()(const CampaignDrafted&) {}
    void operator()(const CampaignRevised&) {}
    void operator()(const CampaignStateChanged&) {}
    void operator()(const StockAdjusted&) {}
    void operator()(const BuyersBlocked&) {}
    void operator()(const TicketIssued&) {}
    void operator()(const HoldExpired&) {}
    void operator()(const HoldReleased&) {}
    void operator()(const PaymentKept&) {}
    void operator()(const HoldsSwept&) {}
    void operator()(const StockHeld&) {}

  private:
    static std::string order_text(OrderId order) { return Base36{order.raw()}.str(); }

    [[nodiscard]] JsonObject about_order(OrderId order) const {
        JsonObject payload;
        payload.text("order_id", order_text(order));
        if (campaign_.raw() != 0) {
            payload.text("campaign_id", decimal(campaign_.raw()));
        }
        return payload;
    }
    [[nodiscard]] JsonObject about_stock(const ItemId& item_id, Quantity units,
                                         std::string_view reason) const {
        JsonObject payload;
        payload.text("campaign_id", decimal(campaign_.raw()))
            .text("item_id", item_id.view())
            .integer("units", units.units())
            .text("reason", reason);
        return payload;
    }
    void tell(std::string_view kind, std::optional<OrderId> order, JsonObject payload) {
        EventRow row;
        row.journal_id = origin_.journal_id;
        row.shard = origin_.shard;
        row.sequence = origin_.sequence;
        row.ordinal = next_ordinal_++;
        row.event_id = row.journal_id + '.' + std::to_string(row.shard.raw()) + '.' +
                       std::to_string(row.sequence.raw()) + '.' + std::to_string(row.ordinal);
        row.kind = kind;
        if (order) {
            row.order_id = order_text(*order);
        }
        row.payload = std::move(payload).done();
        row.at = origin_.at;
        records_.emplace_back(std::move(row));
    }

    CampaignId campaign_;
    const EventOrigin& origin_;
    std::vector<SettlementRecord>& records_;
    std::uint32_t next_ordinal_ = 0;
};

}  // namespace

void append_settlement_records(const Event& event, CampaignId campaign, const EventOrigin& origin,
                               std::vector<SettlementRecord>& records) {
    Writer writer(campaign, origin, records);
    std::visit([&writer](const auto& family) { std::visit(writer, family); }, event);
}

bool append_settlement_records(EventNumber number, std::span<const std::byte> payload,
                               CampaignId campaign, const EventOrigin& origin,
                               std::vector<SettlementRecord>& records) {
    const std::optional<Event> event = decode_event(number, payload);
    if (!event) {
        return false;
    }
    append_settlement_records(*event, campaign, origin, records);
    return true;
}

}  // namespace stampede::campaigns
