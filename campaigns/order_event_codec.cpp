// SPDX-License-Identifier: Apache-2.0
// Events of orders as bytes, little-endian; `id` is one length byte and ASCII, `flag` one byte, 0
// or 1; other numbers are eight bytes unless their width stands in brackets.
//
//   OrderConfirmed (1)    order | play (1) | buyer | amount | stock_source (1) | late flag |
//                         payment_id id | paid_at | lines: count (1), each: item_id id, item (2),
//                         quantity (4), unit_price
//   HoldExpired (2)       order
//   HoldReleased (3)      order | reason (1) | actor id
//   PaymentRefundDue (4)  order | payment_id id | amount | quantity | reason (1) | counted flag |
//                         paid_at
//   PaymentKept (5)       order | payment_id id | amount | paid_at
//   OrderRefunded (6)     order | refund_id id | payment_id id | counted flag | amount | quantity |
//                         body_digest | parts: count (1), each: line (1), item (2), item_id id,
//                         quantity (4); units_return flag | wholly flag | restock (1) |
//                         stock_source (1) | quota (1)
//   HoldsSwept (7)        first (4) | count (4), 1..512
#include "campaigns/order_event_codec.hpp"

namespace stampede::campaigns {

template <>
struct EventLayout<OrderConfirmed> {
    static constexpr std::string_view name = "OrderConfirmed";
    static void put(const OrderConfirmed& event, ByteWriter& out) {
        check(!event.lines.empty(), "an order of nothing");
        out.put(event.order);
        out.put(event.play);
        out.put(event.buyer);
        out.put(event.amount);
        out.put(event.stock_source);
        out.put(static_cast<std::uint8_t>(event.late));
        out.put(event.payment_id);
        out.put(event.paid_at);
        out.put(static_cast<std::uint8_t>(event.lines.size()));
        for (const ConfirmedLine& line : event.lines) {
            out.put(line.item_id);
            out.put(line.item);
            put_line_quantity(out, line.quantity);
            out.put(line.unit_price);
        }
        if (event.play != Play::seckill) {
            out.put(event.record_id);
        }
    }
    static void get(FieldReader& in, OrderConfirmed& event) {
        event.order = in.get<OrderId>();
        event.play = in.get<Play>();
        in.must(is_known(event.play));
        event.buyer = in.get<BuyerId>();
        event.amount = in.money();
        event.stock_source = in.one_of(StockSource::carved_out, StockSource::mirrored);
        event.late = in.flag();
        event.payment_id = in.inline_text<PaymentId>();
        event.paid_at = in.instant();
        const std::size_t count = in.count<std::uint8_t>(1, limits::lines_per_order_max);
        for (std::size_t at = 0; at < count && in.ok(); ++at) {
            ConfirmedLine line;
            line.item_id = in.inline_text<ItemId>();
            line.item = in.item_position();
            line.quantity = in.line_quantity();
            line.unit_price = in.price();
            event.lines.push_back(line);
        }
        if (event.play != Play::seckill) {
            event.record_id = in.get<std::uint64_t>();
        }
    }
};

template <>
struct EventLayout<HoldExpired> {
    static constexpr std::string_view name = "HoldExpired";
    static void put(const HoldExpired& event, ByteWriter& out) { out.put(event.order); }
    static void get(FieldReader& in, HoldExpired& event) { event.order = in.get<OrderId>(); }
};

template <>
struct EventLayout<HoldReleased> {
    static constexpr std::string_view name = "HoldReleased";
    static void put(const HoldReleased& event, ByteWriter& out) {
        out.put(event.order);
        out.put(event.reason);
        out.put(event.actor);
    }
    static void get(FieldReader& in, HoldReleased& event) {
        event.order = in.get<OrderId>();
        event.reason = in.one_of(ReleaseReason::buyer, ReleaseReason::not_new);
        event.actor = in.inline_text<Actor>();
    }
};

template <>
struct EventLayout<PaymentRefundDue> {
    static constexpr std::string_view name = "PaymentRefundDue";
    static void put(const PaymentRefundDue& event, ByteWriter& out) {
        out.put(event.order);
        out.put(event.payment_id);
        out.put(event.amount);
        out.put(event.quantity);
        out.put(event.reason);
        out.put(static_cast<std::uint8_t>(event.counted));
        out.put(event.paid_at);
    }
    static void get(FieldReader& in, PaymentRefundDue& event) {
        event.order = in.get<OrderId>();
        event.payment_id = in.inline_text<PaymentId>();
        event.amount = in.money();
        event.quantity = in.quantity();
        event.reason = in.one_of(RefundReason::late_payment, RefundReason::buyer_not_new);
        event.counted = in.flag();
        event.paid_at = in.instant();
    }
};

template <>
struct EventLayout<PaymentKept> {
    static constexpr std::string_view name = "PaymentKept";
    static void put(const PaymentKept& event, ByteWriter& out) {
        out.put(event.order);
        out.put(event.payment_id);
        out.put(event.amount);
        out.put(event.paid_at);
    }
    static void get(FieldReader& in, PaymentKept& event) {
        event.order = in.get<OrderId>();
        event.payment_id = in.inline_text<PaymentId>();
        event.amount = in.money();
        event.paid_at = in.instant();
    }
};

template <>
struct EventLayout<OrderRefunded> {
    static constexpr std::string_view name = "OrderRefunded";
    static void put(const OrderRefunded& event, ByteWriter& out) {
        out.put(event.order);
        out.put(event.refund_id);
        out.put(event.payment_id);
        out.put(static_cast<std::uint8_t>(event.counted));
        out.put(event.amount);
        out.put(event.quantity);
        out.put(event.body_digest);
        out.put(static_cast<std::uint8_t>(event.parts.size()));
        for (const OrderRefunded::Part& part : event.parts) {
            out.put(part.line);
            out.put(part.item);
            out.put(part.item_id);
            put_line_quantity(out, part.quantity);
        }
        out.put(static_cast<std::uint8_t>(event.units_return));
        out.put(static_cast<std::uint8_t>(event.wholly));
        out.put(event.restock);
        out.put(event.stock_source);
        out.put(event.quota);
    }
    static void get(FieldReader& in, OrderRefunded& event) {
        event.order = in.get<OrderId>();
        event.refund_id = in.inline_text<RefundId>();
        event.payment_id = in.inline_text<PaymentId>();
        event.counted = in.flag();
        event.amount = in.money();
        event.quantity = in.quantity();
        event.body_digest = in.get<std::uint64_t>();
        const std::size_t count = in.count<std::uint8_t>(0, limits::lines_per_order_max);
        for (std::size_t at = 0; at < count && in.ok(); ++at) {
            OrderRefunded::Part part;
            part.line = in.get<std::uint8_t>();
            in.must(part.line < limits::lines_per_order_max);
            part.item = in.item_position();
            part.item_id = in.inline_text<ItemId>();
            part.quantity = in.line_quantity();
            event.parts.push_back(part);
        }
        event.units_return = in.flag();
        event.wholly = in.flag();
        event.restock = in.one_of(Restock::to_activity, Restock::none);
        event.stock_source = in.one_of(StockSource::carved_out, StockSource::mirrored);
        event.quota = in.one_of(QuotaOnRefund::give_back, QuotaOnRefund::keep);
    }
};

template <>
struct EventLayout<HoldsSwept> {
    static constexpr std::string_view name = "HoldsSwept";
    static void put(const HoldsSwept& event, ByteWriter& out) {
        check(event.count >= 1 && event.count <= limits::records_per_event_max, "a sweep's length");
        out.put(event.first);
        out.put(event.count);
    }
    static void get(FieldReader& in, HoldsSwept& event) {
        event.first = in.get<RecordIndex>();
        event.count = in.get<std::uint32_t>();
        in.must(event.count >= 1 && event.count <= limits::records_per_event_max);
        in.must(event.first <= no_record - event.count);
    }
};

EventFamily order_events() {
    return family_of<OrderEvent>(Family::order);
}

}  // namespace stampede::campaigns
