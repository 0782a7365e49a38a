// SPDX-License-Identifier: Apache-2.0
// Orders, payments, refunds and buyers of one campaign, shared by all plays: pure state with its
// indexes and its part of the signature. It judges nothing; it is written by evolve alone.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "campaigns/arena.hpp"
#include "campaigns/order.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/segmented_map.hpp"
#include "engine/vocabulary/signature.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

struct LineRecord {
    Money unit_price;
    std::uint32_t quantity = 0;
    std::uint32_t refunded = 0;
    std::uint16_t item = 0;
};

struct OrderRecord {
    OrderId id;
    BuyerId buyer;
    Instant created_at;
    Instant pay_by;
    Sequence receipt;
    Money amount;
    Money refunded_amount;  // of the payment that the order counts
    RecordIndex previous_of_buyer = no_record;
    RecordIndex first_line = no_record;
    RecordIndex counted_payment = no_record;  // confirmed by it, or due for refund because of it
    RecordIndex last_payment = no_record;     // chain of all payments, newest first
    /// The play's record that the order belongs to, in the play's own numbers (PlayState).
    RecordIndex owner = no_record;
    std::uint32_t slot = 0;  // position of the 场次 it was held in
    std::uint16_t payments = 0;
    std::uint16_t refunds = 0;
    std::uint8_t line_count = 0;
    OrderState state = OrderState::held;
    bool waits_for_operator = false;
    bool late = false;           // confirmed by a late payment
    bool marked = true;          // counts among its buyer's hold_marks
    bool was_cancelled = false;  // its hold ended by letting go, not by time
    /// Its units are held by the play's record, not by the order: they stay there when it ends.
    bool units_with_play = false;
};

enum class PaymentStatus : std::uint8_t {
    counts = 1,      // the order is confirmed by it
    kept = 2,        // late, waits for an operator
    refund_due = 3,  // must go back
    refunded = 4,    // went back wholly
};

struct PaymentRecord {
    PaymentId payment_id;
    RecordIndex order = no_record;
    RecordIndex previous_of_order = no_record;
    Money amount;
    Money refunded;
    Quantity refunded_units;  // as the mall reported them; never more than the order has
    Instant paid_at;
    Sequence receipt;
    RefundReason reason = RefundReason::late_payment;  // when due or refunded after being due
    PaymentStatus status = PaymentStatus::counts;
    bool was_due = false;  // answered REFUND_REQUIRED when it arrived
};

struct RefundRecord {
    RefundId refund_id;
    RecordIndex order = no_record;
    RecordIndex payment = no_record;
    Money amount;
    Quantity quantity;
    std::uint64_t body_digest = 0;
    Sequence receipt;
};

/// What one buyer has of a campaign (限购).
struct BuyerRecord {
    std::uint32_t units = 0;       // held + sold
    std::uint32_t slot_units = 0;  // the same, taken in `slot`
    std::uint32_t slot = 0;
    std::uint32_t hold_marks = 0;  // open holds, and holds that lapsed or were cancelled unpaid
    std::uint32_t tickets = 0;     // tickets remembered under a key
    RecordIndex last_order = no_record;
};

struct TicketRecord {
    ItemId item_id;
    Instant not_before;
    Instant expires;
};

/// 128 bits of a text that the mall chose: equal texts only.
struct TextDigest {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const TextDigest&, const TextDigest&) = default;
    friend std::size_t hash_value(const TextDigest& digest) { return digest.low; }
    [[nodiscard]] static TextDigest of(std::string_view text, std::uint64_t seed = 0) {
        const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), seed);
        return {hash.low64, hash.high64};
    }
};

class OrderBook {
  public:
    /// `orders_max` and `mismatches_max` are lower than the limits in tests alone.
    explicit OrderBook(std::size_t orders_expected,
                       std::size_t orders_max = limits::orders_per_campaign_max,
                       std::size_t mismatches_max = limits::mismatches_per_campaign_max)
        : orders_max_(orders_max),
          mismatches_max_(mismatches_max),
          buyers_(orders_expected),
          payment_index_(orders_expected),
          refund_index_(orders_expected / 16 + 1),
          mismatches_(1024),
          tickets_(1024),
          used_tickets_(orders_expected) {}

    // Reading -------------------------------------------------------------------------------------
    /// By halving: ids of a shard rise, so the orders lie in the order of their ids.
    [[nodiscard]] RecordIndex find_order(OrderId id) const;
    [[nodiscard]] const OrderRecord& order(RecordIndex index) const { return orders_[index]; }
    [[nodiscard]] RecordIndex order_count() const { return orders_.size(); }
    [[nodiscard]] const LineRecord& line(const OrderRecord& order, std::uint8_t at) const {
        return lines_[order.first_line + at];
    }
    [[nodiscard]] Quantity quantity_of(const OrderRecord& order) const;
    [[nodiscard]] Quantity refunded_quantity_of(const OrderRecord& order) const;

    [[nodiscard]] const BuyerRecord* find_buyer(BuyerId buyer) const { return buyers_.find(buyer); }
    void prefetch_buyer(BuyerId buyer) const { buyers_.prefetch(buyer); }
    /// The buyer's newest order that is still held, if any.
    [[nodiscard]] std::optional<OrderId> open_order_of(const BuyerRecord& buyer) const;

    [[nodiscard]] RecordIndex find_payment(const PaymentId& payment_id) const {
        const RecordIndex* index = payment_index_.find(TextDigest::of(payment_id.view()));
        return index == nullptr ? no_record : *index;
    }
    [[nodiscard]] const PaymentRecord& payment(RecordIndex index) const { return payments_[index]; }
    [[nodiscard]] RecordIndex payment_count() const { return payments_.size(); }
    [[nodiscard]] RecordIndex find_refund(const RefundId& refund_id) const {
        const RecordIndex* index = refund_index_.find(TextDigest::of(refund_id.view()));
        return index == nullptr ? no_record : *index;
    }
    [[nodiscard]] const RefundRecord& refund(RecordIndex index) const { return refunds_[index]; }
    [[nodiscard]] RecordIndex refund_count() const { return refunds_.size(); }
    [[nodiscard]] bool knows_mismatch(OrderId order, const PaymentId& payment, Money amount) const {
        return mismatches_.find(mismatch_digest(order, payment, amount)) != nullptr;
    }
    [[nodiscard]] const TicketRecord* find_ticket(std::uint64_t nonce) const {
        return tickets_.find(nonce);
    }
    /// The order that a ticket bought; no_record when it is unused.
    [[nodiscard]] RecordIndex order_of_ticket(std::uint64_t nonce) const {
        const RecordIndex* index = used_tickets_.find(nonce);
        return index == nullptr ? no_record : *index;
    }
    /// One order, or one mismatch, more would be over its limit.
    [[nodiscard]] bool is_full() const { return orders_.size() >= orders_max_; }
    [[nodiscard]] bool is_full_of_mismatches() const {
        return mismatches_.size() >= mismatches_max_;
    }
    [[nodiscard]] RecordIndex open_holds() const { return open_holds_; }
    /// Orders whose money must go back and has not been reported to have.
    [[nodiscard]] RecordIndex refunds_due() const { return refunds_due_; }
    [[nodiscard]] RecordIndex kept_payments() const { return kept_payments_; }
    [[nodiscard]] OrderId first_id() const { return first_id_; }
    [[nodiscard]] OrderId last_id() const { return last_id_; }
    [[nodiscard]] Signature signature() const { return signature_; }
    template <class Visit>
    void for_each_buyer(Visit&& visit) const {
        buyers_.for_each(visit);
    }

    // Writing: evolve only
    // -------------------------------------------------------------------------
    /// The order's id is above all that are here.
    RecordIndex add_order(OrderRecord order, std::span<const LineRecord> lines);
    /// change(OrderRecord&) under the signature's upkeep; counts open holds by itself.
    template <class Change>
    void change_order(RecordIndex index, Change&& change) {
        OrderRecord& record = orders_[index];
        signature_.take_out(digest(record));
        open_holds_ -= record.state == OrderState::held ? 1U : 0U;
        refunds_due_ -= record.state == OrderState::refund_due ? 1U : 0U;
        change(record);
        open_holds_ += record.state == OrderState::held ? 1U : 0U;
        refunds_due_ += record.state == OrderState::refund_due ? 1U : 0U;
        signature_.put_in(digest(record));
    }
    template <class Change>
    void change_line(RecordIndex order, std::uint8_t at, Change&& change) {
        LineRecord& record = lines_[orders_[order].first_line + at];
        signature_.take_out(digest(orders_[order].id, at, record));
        change(record);
        signature_.put_in(digest(orders_[order].id, at, record));
    }
    template <class Change>
    void change_buyer(BuyerId buyer, Change&& change) {
        const auto [record, is_new] = buyers_.insert(buyer, BuyerRecord{});
        if (!is_new) {
            signature_.take_out(digest(buyer, *record));
        }
        change(*record);
        signature_.put_in(digest(buyer, *record));
    }
    RecordIndex add_payment(const PaymentRecord& payment);
    template <class Change>
    void change_payment(RecordIndex index, Change&& change) {
        PaymentRecord& record = payments_[index];
        signature_.take_out(digest(record));
        kept_payments_ -= record.status == PaymentStatus::kept ? 1U : 0U;
        change(record);
        kept_payments_ += record.status == PaymentStatus::kept ? 1U : 0U;
        signature_.put_in(digest(record));
    }
    RecordIndex add_refund(const RefundRecord& refund);
    void add_mismatch(OrderId order, const PaymentId& payment, Money amount);
    void add_ticket(std::uint64_t nonce, const TicketRecord& ticket);
    void use_ticket(std::uint64_t nonce, RecordIndex order);

    [[nodiscard]] static TextDigest mismatch_digest(OrderId order, const PaymentId& payment,
                                                    Money amount);

    // Checkpoints (order_book_checkpoint.cpp)
    // --------------------------------------------------------
    /// Calls put(part, bytes) for every chunk; load() takes them back, in any order of parts but
    /// each part's chunks in theirs.
    void save(const PutChunk& put) const;
    [[nodiscard]] bool load(std::uint8_t part, ByteReader& reader);

  private:
    [[nodiscard]] static std::uint64_t digest(const OrderRecord& order);
    [[nodiscard]] static std::uint64_t digest(OrderId order, std::uint8_t at,
                                              const LineRecord& line);
    [[nodiscard]] static std::uint64_t digest(BuyerId buyer, const BuyerRecord& record);
    [[nodiscard]] static std::uint64_t digest(const PaymentRecord& payment);
    [[nodiscard]] static std::uint64_t digest(const RefundRecord& refund);

    std::size_t orders_max_;
    std::size_t mismatches_max_;
    Arena<OrderRecord> orders_;
    Arena<LineRecord> lines_;
    Arena<PaymentRecord> payments_;
    Arena<RefundRecord> refunds_;
    SegmentedMap<BuyerId, BuyerRecord> buyers_;
    SegmentedMap<TextDigest, RecordIndex> payment_index_;
    SegmentedMap<TextDigest, RecordIndex> refund_index_;
    SegmentedMap<TextDigest, bool> mismatches_;
    SegmentedMap<std::uint64_t, TicketRecord> tickets_;
    SegmentedMap<std::uint64_t, RecordIndex> used_tickets_;
    RecordIndex open_holds_ = 0;
    RecordIndex refunds_due_ = 0;
    RecordIndex kept_payments_ = 0;
    OrderId first_id_;
    OrderId last_id_;
    Signature signature_;
};

}  // namespace stampede::campaigns
