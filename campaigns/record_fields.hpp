// SPDX-License-Identifier: Apache-2.0
// The fields of every record that state is made of, listed once, in an order that never changes:
// digests, checkpoints and their loading all go through these lists, so none can forget a field.
#pragma once

#include <array>
#include <span>

#include "campaigns/order_book.hpp"
#include "campaigns/stock_cell.hpp"
#include "engine/vocabulary/bytes.hpp"

namespace stampede::campaigns {

template <class Visit>
void fields(LineRecord& r, Visit&& visit) {
    visit(r.unit_price, r.quantity, r.refunded, r.item);
}
template <class Visit>
void fields(OrderRecord& r, Visit&& visit) {
    visit(r.id, r.buyer, r.created_at, r.pay_by, r.receipt, r.amount, r.refunded_amount,
          r.previous_of_buyer, r.first_line, r.counted_payment, r.last_payment, r.slot, r.payments,
          r.refunds, r.line_count, r.state, r.waits_for_operator, r.late, r.marked, r.was_cancelled,
          r.owner, r.units_with_play);
}
template <class Visit>
void fields(PaymentRecord& r, Visit&& visit) {
    visit(r.payment_id, r.order, r.previous_of_order, r.amount, r.refunded, r.refunded_units,
          r.paid_at, r.receipt, r.reason, r.status, r.was_due);
}
template <class Visit>
void fields(RefundRecord& r, Visit&& visit) {
    visit(r.refund_id, r.order, r.payment, r.amount, r.quantity, r.body_digest, r.receipt);
}
template <class Visit>
void fields(BuyerRecord& r, Visit&& visit) {
    visit(r.units, r.slot_units, r.slot, r.hold_marks, r.tickets, r.last_order);
}
template <class Visit>
void fields(TicketRecord& r, Visit&& visit) {
    visit(r.item_id, r.not_before, r.expires);
}
template <class Visit>
void fields(StockCell::Parts& r, Visit&& visit) {
    visit(r.available, r.held, r.sold, r.reserve, r.removed);
}

/// Room for any one record's fields.
inline constexpr std::size_t record_bytes_max = 256;

template <class Record>
void write_record(ByteWriter& out, const Record& record) {
    Record copy = record;  // the field lists take their record by reference, to serve reading too
    fields(copy, [&](const auto&... field) { (out.put(field), ...); });
}

inline void read_field(ByteReader& in, Money& field) {
    field = in.money();
}
inline void read_field(ByteReader& in, Quantity& field) {
    field = in.quantity();
}
inline void read_field(ByteReader& in, bool& field) {
    field = in.get<std::uint8_t>() != 0;
}
inline void read_field(ByteReader& in, Instant& field) {
    field = in.instant();
}
template <std::size_t Capacity, class Tag>
void read_field(ByteReader& in, InlineText<Capacity, Tag>& field) {
    field = in.inline_text<InlineText<Capacity, Tag>>();
}
template <class Field>
void read_field(ByteReader& in, Field& field) {
    field = in.get<Field>();
}

template <class Record>
[[nodiscard]] Record read_record(ByteReader& in) {
    Record record;
    fields(record, [&](auto&... field) { (read_field(in, field), ...); });
    return record;
}

/// Digest of a record under what names it (an id, a position).
template <class Record>
[[nodiscard]] std::uint64_t digest_of(std::uint64_t kind, std::uint64_t name,
                                      const Record& record) {
    std::array<std::byte, record_bytes_max> bytes;
    ByteWriter out(bytes);
    out.put(name);
    write_record(out, record);
    return record_digest(kind, out.written());
}

}  // namespace stampede::campaigns
