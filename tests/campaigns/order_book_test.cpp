// SPDX-License-Identifier: Apache-2.0
// The order book: everything is found again, the signature follows every change, and a checkpoint
// of thousands of records is the same book.
#include "campaigns/order_book.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace stampede::campaigns {
namespace {

struct Chunk {
    std::uint8_t part;
    std::vector<std::byte> bytes;
};

std::vector<Chunk> saved(const OrderBook& book) {
    std::vector<Chunk> chunks;
    book.save([&](std::uint8_t part, std::span<const std::byte> bytes) {
        chunks.push_back({part, {bytes.begin(), bytes.end()}});
    });
    return chunks;
}

bool load(OrderBook& book, const std::vector<Chunk>& chunks) {
    for (const Chunk& chunk : chunks) {
        ByteReader reader(chunk.bytes);
        if (!book.load(chunk.part, reader)) {
            return false;
        }
    }
    return true;
}

OrderRecord order_of(std::uint64_t id, BuyerId buyer, RecordIndex previous) {
    OrderRecord order;
    order.id = OrderId{id};
    order.buyer = buyer;
    order.created_at = Instant{static_cast<std::int64_t>(id)};
    order.pay_by = Instant{static_cast<std::int64_t>(id) + 300'000};
    order.receipt = Sequence{id};
    order.amount = Money{9900};
    order.previous_of_buyer = previous;
    return order;
}

/// A book as evolve would make it: `orders` orders of a third as many buyers.
void fill(OrderBook& book, std::uint64_t orders) {
    std::mt19937_64 random(7);
    for (std::uint64_t at = 1; at <= orders; ++at) {
        const BuyerId buyer{1 + at % (orders / 3 + 1)};
        const BuyerRecord* known = book.find_buyer(buyer);
        std::vector<LineRecord> lines(1 + at % 3);
        for (LineRecord& line : lines) {
            line = {Money{100}, 1 + static_cast<std::uint32_t>(random() % 5), 0,
                    static_cast<std::uint16_t>(random() % 1000)};
        }
        const RecordIndex previous = known == nullptr ? no_record : known->last_order;
        const RecordIndex order = book.add_order(order_of(at * 4096, buyer, previous), lines);
        book.change_buyer(buyer, [&](BuyerRecord& record) {
            ++record.units;
            record.last_order = order;
        });
        if (at % 2 == 0) {
            PaymentRecord payment;
            payment.payment_id = PaymentId{"p" + std::to_string(at)};
            payment.order = order;
            payment.amount = Money{9900};
            payment.status = at % 8 == 0 ? PaymentStatus::kept : PaymentStatus::counts;
            const RecordIndex paid = book.add_payment(payment);
            book.change_order(order, [&](OrderRecord& record) {
                record.state = at % 8 == 0 ? OrderState::expired : OrderState::confirmed;
                record.last_payment = paid;
                ++record.payments;
            });
        }
        if (at % 5 == 0) {
            RefundRecord refund;
            refund.refund_id = RefundId{"r" + std::to_string(at)};
            refund.order = order;
            book.add_refund(refund);
            book.change_line(order, 0, [](LineRecord& line) { line.refunded = 1; });
        }
        if (at % 7 == 0) {
            book.add_mismatch(OrderId{at}, PaymentId{"m"}, Money{1});
            book.add_ticket(at, {.item_id = ItemId{"1001"}, .not_before = {}, .expires = {}});
            book.use_ticket(at, order);
        }
    }
}

TEST(OrderBook, finds_what_was_put_in_and_nothing_else) {
    OrderBook book(64);
    fill(book, 3000);
    for (std::uint64_t at = 1; at <= 3000; ++at) {
        const RecordIndex order = book.find_order(OrderId{at * 4096});
        ASSERT_EQ(order, at - 1);
        EXPECT_EQ(book.find_order(OrderId{at * 4096 + 1}), no_record);
        const RecordIndex payment = book.find_payment(PaymentId{"p" + std::to_string(at)});
        EXPECT_EQ(payment == no_record, at % 2 == 1);
        EXPECT_EQ(book.find_refund(RefundId{"r" + std::to_string(at)}) == no_record, at % 5 != 0);
        EXPECT_EQ(book.knows_mismatch(OrderId{at}, PaymentId{"m"}, Money{1}), at % 7 == 0);
        EXPECT_FALSE(book.knows_mismatch(OrderId{at}, PaymentId{"m"}, Money{2}));
        EXPECT_EQ(book.order_of_ticket(at), at % 7 == 0 ? order : no_record);
        EXPECT_EQ(book.find_ticket(at) != nullptr, at % 7 == 0);
    }
    EXPECT_EQ(book.find_order(OrderId{0}), no_record);
    EXPECT_EQ(book.find_buyer(BuyerId{99'999}), nullptr);
    EXPECT_EQ(book.open_holds(), 1500U);
    EXPECT_EQ(book.kept_payments(), 375U);
}

TEST(OrderBook, names_the_newest_open_order_of_a_buyer) {
    OrderBook book(64);
    const LineRecord line;
    const RecordIndex first = book.add_order(order_of(10, BuyerId{1}, no_record), {&line, 1});
    const RecordIndex second = book.add_order(order_of(11, BuyerId{1}, first), {&line, 1});
    book.change_buyer(BuyerId{1}, [&](BuyerRecord& record) { record.last_order = second; });
    EXPECT_EQ(book.open_order_of(*book.find_buyer(BuyerId{1})), OrderId{11});
    book.change_order(second, [](OrderRecord& record) { record.state = OrderState::expired; });
    EXPECT_EQ(book.open_order_of(*book.find_buyer(BuyerId{1})), OrderId{10});
    book.change_order(first, [](OrderRecord& record) { record.state = OrderState::confirmed; });
    EXPECT_EQ(book.open_order_of(*book.find_buyer(BuyerId{1})), std::nullopt);
}

TEST(OrderBook, signs_every_field_that_changes) {
    OrderBook book(64);
    fill(book, 20);
    const Signature before = book.signature();
    const auto differs = [&](const auto& change, const auto& back) {
        change();
        EXPECT_NE(book.signature(), before);
        back();
        EXPECT_EQ(book.signature(), before);
    };
    differs([&] { book.change_order(3, [](OrderRecord& order) { order.was_cancelled = true; }); },
            [&] { book.change_order(3, [](OrderRecord& order) { order.was_cancelled = false; }); });
    differs([&] { book.change_line(3, 0, [](LineRecord& line) { line.refunded += 1; }); },
            [&] { book.change_line(3, 0, [](LineRecord& line) { line.refunded -= 1; }); });
    differs([&] { book.change_buyer(BuyerId{2}, [](BuyerRecord& buyer) { ++buyer.units; }); },
            [&] { book.change_buyer(BuyerId{2}, [](BuyerRecord& buyer) { --buyer.units; }); });
    differs(
        [&] {
            book.change_payment(0, [](PaymentRecord& one) { one.refunded_units += Quantity{1}; });
        },
        [&] {
            book.change_payment(0, [](PaymentRecord& one) { one.refunded_units -= Quantity{1}; });
        });
}

TEST(OrderBook, is_the_same_after_a_checkpoint_of_thousands_of_records) {
    OrderBook book(64);
    fill(book, 5000);
    OrderBook again(64);
    ASSERT_TRUE(load(again, saved(book)));
    EXPECT_EQ(again.signature(), book.signature());
    EXPECT_EQ(again.order_count(), book.order_count());
    EXPECT_EQ(again.open_holds(), book.open_holds());
    EXPECT_EQ(again.kept_payments(), book.kept_payments());
    EXPECT_EQ(again.first_id(), book.first_id());
    EXPECT_EQ(again.last_id(), book.last_id());
    EXPECT_EQ(again.order_of_ticket(4900), book.order_of_ticket(4900));
    for (RecordIndex at = 0; at < book.order_count(); ++at) {
        EXPECT_EQ(again.quantity_of(again.order(at)), book.quantity_of(book.order(at)));
        EXPECT_EQ(again.find_order(book.order(at).id), at);
    }
    // And it can go on: the same change makes the same signature.
    fill(book, 0);
    book.change_order(17, [](OrderRecord& order) { order.state = OrderState::refunded; });
    again.change_order(17, [](OrderRecord& order) { order.state = OrderState::refunded; });
    EXPECT_EQ(again.signature(), book.signature());
}

TEST(OrderBook, refuses_a_chunk_that_is_cut_short_or_of_no_part) {
    OrderBook book(64);
    fill(book, 300);
    for (const Chunk& chunk : saved(book)) {
        OrderBook empty(64);
        ByteReader cut(std::span{chunk.bytes}.first(chunk.bytes.size() - 1));
        EXPECT_FALSE(empty.load(chunk.part, cut)) << "part " << int{chunk.part};
        OrderBook another(64);
        ByteReader whole(chunk.bytes);
        EXPECT_FALSE(another.load(99, whole));
    }
}

TEST(OrderBook, knows_when_one_more_would_be_over_its_limit) {
    OrderBook book(64, 2, 1);
    for (const std::uint64_t id : {std::uint64_t{10}, std::uint64_t{11}}) {
        EXPECT_FALSE(book.is_full());
        OrderRecord order;
        order.id = OrderId{id};
        order.buyer = BuyerId{42};
        const LineRecord line{.unit_price = Money{100}, .quantity = 1, .refunded = 0, .item = 0};
        book.add_order(order, {&line, 1});
    }
    EXPECT_TRUE(book.is_full());
    EXPECT_FALSE(book.is_full_of_mismatches());
    book.add_mismatch(OrderId{10}, PaymentId{"p"}, Money{1});
    EXPECT_TRUE(book.is_full_of_mismatches());
}

TEST(OrderBook, counts_the_orders_whose_money_must_go_back) {
    OrderBook book(64);
    OrderRecord order;
    order.id = OrderId{10};
    order.buyer = BuyerId{42};
    const LineRecord line{.unit_price = Money{100}, .quantity = 1, .refunded = 0, .item = 0};
    const RecordIndex index = book.add_order(order, {&line, 1});
    EXPECT_EQ(book.refunds_due(), 0U);
    book.change_order(index, [](OrderRecord& record) { record.state = OrderState::refund_due; });
    EXPECT_EQ(book.refunds_due(), 1U);
    book.change_order(index, [](OrderRecord& record) { record.state = OrderState::refunded; });
    EXPECT_EQ(book.refunds_due(), 0U);
}

}  // namespace
}  // namespace stampede::campaigns
