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
#include "campaigns/settlement_writer.hpp"

namespace stampede::campaigns {
namespace {

/// The common events, one overload each.
class Told : public SettlementWriter {
  public:
    using SettlementWriter::SettlementWriter;

    void operator()(const OrderConfirmed& confirmed) {
        OrderRow row = row_of(confirmed.order, confirmed.buyer);
        row.play = campaigns::text(confirmed.play);
        row.amount = confirmed.amount;
        row.state = campaigns::text(OrderState::confirmed);
        if (!confirmed.payment_id.empty()) {
            row.payment_id = std::string{confirmed.payment_id.view()};
            row.paid_at = confirmed.paid_at;
        }
        if (confirmed.record_id != 0) {
            // Of the plays whose orders are confirmed one by one, bargains alone name it.
            row.bargain_id = id_text(confirmed.record_id);
        }
        row.items.reserve(confirmed.lines.size());
        for (const ConfirmedLine& line : confirmed.lines) {
            row.items.push_back({.line = row.items.size(),
                                 .item_id = std::string{line.item_id.view()},
                                 .quantity = line.quantity,
                                 .unit_price = line.unit_price,
                                 .refunded = Quantity{}});
        }
        add(std::move(row));
    }

    void operator()(const PaymentRefundDue& due) {
        if (due.counted) {
            add(OrderChange{.order_id = id_text(due.order.raw()),
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
            change.order_id = id_text(refunded.order.raw());
            if (refunded.wholly) {
                change.state = campaigns::text(OrderState::refunded);
            }
            change.refunded_more = refunded.amount;
            for (const OrderRefunded::Part& part : refunded.parts) {
                change.parts.push_back({.line = part.line, .refunded_more = part.quantity});
            }
            add(std::move(change));
        }
        if (!refunded.units_return || refunded.restock != Restock::to_mall) {
            return;
        }
        for (const OrderRefunded::Part& part : refunded.parts) {
            JsonObject payload = about_stock(part.item_id, part.quantity, "refunded");
            payload.text("stock_source", campaigns::text(refunded.stock_source))
                .text("order_id", id_text(refunded.order.raw()))
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
    void operator()(const SeedCommitted&) {}
    void operator()(const StockHeld&) {}
    void operator()(const WaiterJoined&) {}
    void operator()(const WaiterLeft&) {}
    void operator()(const WaiterPromoted&) {}

    /// A play's own.
    template <class Own>
        requires Plays::has_event<Own>
    void operator()(const Own& event) {
        settle(event, *this);
    }
};

}  // namespace

void append_settlement_records(const Event& event, CampaignId campaign, const EventOrigin& origin,
                               std::vector<SettlementRecord>& records) {
    Told writer(campaign, origin, records);
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
