// SPDX-License-Identifier: Apache-2.0
#include "campaigns/order_book.hpp"

#include "campaigns/record_fields.hpp"

namespace stampede::campaigns {

namespace {

// What a record's digest is salted with, so that equal bytes of two kinds do not cancel out.
enum DigestKind : std::uint64_t {
    order_digest = 0x4f52,
    line_digest = 0x4c49,
    buyer_digest = 0x4255,
    payment_digest = 0x5041,
    refund_digest = 0x5245,
    mismatch_kind = 0x4d49,
    ticket_digest = 0x5449,
    used_ticket_digest = 0x5554,
};

constexpr std::size_t open_order_walk_max = 64;

}  // namespace

RecordIndex OrderBook::find_order(OrderId id) const {
    if (id < first_id_ || id > last_id_) {
        return no_record;
    }
    return find_by_id(orders_, id);
}

Quantity OrderBook::quantity_of(const OrderRecord& order) const {
    Quantity sum;
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        sum += Quantity{line(order, at).quantity};
    }
    return sum;
}

Quantity OrderBook::refunded_quantity_of(const OrderRecord& order) const {
    Quantity sum;
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        sum += Quantity{line(order, at).refunded};
    }
    return sum;
}

std::optional<OrderId> OrderBook::open_order_of(const BuyerRecord& buyer) const {
    RecordIndex at = buyer.last_order;
    for (std::size_t step = 0; at != no_record && step < open_order_walk_max; ++step) {
        const OrderRecord& record = orders_[at];
        if (record.state == OrderState::held) {
            return record.id;
        }
        at = record.previous_of_buyer;
    }
    return std::nullopt;
}

RecordIndex OrderBook::add_order(OrderRecord order, std::span<const LineRecord> lines) {
    order.first_line = lines_.size();
    order.line_count = static_cast<std::uint8_t>(lines.size());
    for (std::uint8_t at = 0; at < order.line_count; ++at) {
        lines_.append(lines[at]);
        signature_.put_in(digest(order.id, at, lines[at]));
    }
    check(order.id > last_id_, "an order's id is not above those before it");
    const RecordIndex index = orders_.append(order);
    signature_.put_in(digest(order));
    open_holds_ += order.state == OrderState::held ? 1U : 0U;
    if (first_id_.raw() == 0) {
        first_id_ = order.id;
    }
    last_id_ = order.id;
    return index;
}

RecordIndex OrderBook::add_payment(const PaymentRecord& payment) {
    const RecordIndex index = payments_.append(payment);
    payment_index_.insert(TextDigest::of(payment.payment_id.view()), index);
    signature_.put_in(digest(payment));
    kept_payments_ += payment.status == PaymentStatus::kept ? 1U : 0U;
    return index;
}

RecordIndex OrderBook::add_refund(const RefundRecord& refund) {
    const RecordIndex index = refunds_.append(refund);
    refund_index_.insert(TextDigest::of(refund.refund_id.view()), index);
    signature_.put_in(digest(refund));
    return index;
}

void OrderBook::add_mismatch(OrderId order, const PaymentId& payment, Money amount) {
    const TextDigest key = mismatch_digest(order, payment, amount);
    if (mismatches_.insert(key, true).second) {
        signature_.put_in(key.high);
    }
}

void OrderBook::add_ticket(std::uint64_t nonce, const TicketRecord& ticket) {
    if (tickets_.insert(nonce, ticket).second) {
        signature_.put_in(digest_of(ticket_digest, nonce, ticket));
    }
}

void OrderBook::use_ticket(std::uint64_t nonce, RecordIndex order) {
    if (used_tickets_.insert(nonce, order).second) {
        const std::uint64_t words[] = {nonce, order};
        signature_.put_in(record_digest(used_ticket_digest, std::as_bytes(std::span{words})));
    }
}

TextDigest OrderBook::mismatch_digest(OrderId order, const PaymentId& payment, Money amount) {
    const std::uint64_t words[] = {order.raw(), static_cast<std::uint64_t>(amount.fen())};
    return TextDigest::of(payment.view(),
                          record_digest(mismatch_kind, std::as_bytes(std::span{words})));
}

std::uint64_t OrderBook::digest(const OrderRecord& order) {
    return digest_of(order_digest, order.id.raw(), order);
}
std::uint64_t OrderBook::digest(OrderId order, std::uint8_t at, const LineRecord& line) {
    return digest_of(line_digest, order.raw() ^ (std::uint64_t{at} << 56), line);
}
std::uint64_t OrderBook::digest(BuyerId buyer, const BuyerRecord& record) {
    return digest_of(buyer_digest, buyer.raw(), record);
}
std::uint64_t OrderBook::digest(const PaymentRecord& payment) {
    return digest_of(payment_digest, payment.order, payment);
}
std::uint64_t OrderBook::digest(const RefundRecord& refund) {
    return digest_of(refund_digest, refund.order, refund);
}

}  // namespace stampede::campaigns
