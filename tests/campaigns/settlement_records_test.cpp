// SPDX-License-Identifier: Apache-2.0
// What the mall learns from each kind of event, field by field.
#include "campaigns/settlement_records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "engine/vocabulary/limits.hpp"
#include "tests/campaigns/sample_events.hpp"

namespace stampede::campaigns {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view journal_id = "0d9f3c2a-5b1e-4c77-9a43-6f2f3a1b8c05";
constexpr CampaignId campaign{77};
constexpr OrderId order{0x1234'5678'9ABC};

EventOrigin origin() {
    return {.journal_id = journal_id,
            .epoch = Epoch{3},
            .shard = ShardIndex{12},
            .sequence = Sequence{48'213},
            .at = Instant{1'795'262'400'123}};
}

std::vector<SettlementRecord> records_of(const Event& event, CampaignId scope = campaign) {
    std::vector<SettlementRecord> records;
    append_settlement_records(event, scope, origin(), records);
    return records;
}

OrderConfirmed confirmed_order() {
    OrderConfirmed confirmed;
    confirmed.order = order;
    confirmed.play = Play::seckill;
    confirmed.buyer = BuyerId{9'000'000'000'000'000'001};
    confirmed.amount = Money{9'900 * 2 + 500};
    confirmed.payment_id = PaymentId{"4200001234"};
    confirmed.paid_at = Instant{1'795'262'399'000};
    confirmed.lines.push_back({.item_id = ItemId{"1001"},
                               .item = 0,
                               .quantity = Quantity{2},
                               .unit_price = Money{9'900}});
    confirmed.lines.push_back({.item_id = ItemId{"Red_M-2"},
                               .item = 4,
                               .quantity = Quantity{1},
                               .unit_price = Money{500}});
    return confirmed;
}

OrderRefunded refunded_order() {
    OrderRefunded refunded;
    refunded.order = order;
    refunded.refund_id = RefundId{"r-1"};
    refunded.payment_id = PaymentId{"4200001234"};
    refunded.counted = true;
    refunded.amount = Money{10'400};
    refunded.quantity = Quantity{2};
    refunded.parts.push_back(
        {.line = 0, .item = 0, .item_id = ItemId{"1001"}, .quantity = Quantity{1}});
    refunded.parts.push_back(
        {.line = 1, .item = 4, .item_id = ItemId{"Red_M-2"}, .quantity = Quantity{1}});
    refunded.units_return = true;
    return refunded;
}

TEST(SettlementRecords, insert_a_confirmed_order_with_its_items) {
    const auto records = records_of(OrderEvent{confirmed_order()});
    ASSERT_THAT(records, SizeIs(1));
    OrderRow expected;
    expected.order_id = Base36{order.raw()}.str();
    expected.campaign_id = "77";
    expected.play = "seckill";
    expected.buyer_id = "9000000000000000001";
    expected.amount = Money{20'300};
    expected.state = "confirmed";
    expected.payment_id = "4200001234";
    expected.paid_at = Instant{1'795'262'399'000};
    expected.confirmed_at = Instant{1'795'262'400'123};
    expected.receipt = "12.3.48213";
    expected.items = {{0, "1001", Quantity{2}, Money{9'900}, Quantity{0}},
                      {1, "Red_M-2", Quantity{1}, Money{500}, Quantity{0}}};
    EXPECT_EQ(std::get<OrderRow>(records[0]), expected);
}

TEST(SettlementRecords, leave_the_payment_of_a_free_order_absent) {
    OrderConfirmed free = confirmed_order();
    free.amount = Money{0};
    free.payment_id = PaymentId{};
    const auto records = records_of(OrderEvent{free});
    const auto& row = std::get<OrderRow>(records.at(0));
    EXPECT_EQ(row.payment_id, std::nullopt);
    EXPECT_EQ(row.paid_at, std::nullopt);
}

TEST(SettlementRecords, require_a_refund_once_and_mark_the_order_only_if_it_counts_the_payment) {
    PaymentRefundDue due{.order = order,
                         .payment_id = PaymentId{"p\"2\\"},
                         .amount = Money{9'900},
                         .quantity = Quantity{1},
                         .reason = RefundReason::second_payment,
                         .counted = false,
                         .paid_at = Instant{1'000}};
    auto records = records_of(OrderEvent{due});
    ASSERT_THAT(records, SizeIs(1));
    const auto event = std::get<EventRow>(records[0]);
    EXPECT_EQ(event.kind, "REFUND_REQUIRED");
    EXPECT_EQ(event.event_id, std::string{journal_id} + ".12.48213.0");
    EXPECT_EQ(event.journal_id, journal_id);
    EXPECT_EQ(event.shard, ShardIndex{12});
    EXPECT_EQ(event.sequence, Sequence{48'213});
    EXPECT_EQ(event.ordinal, 0U);
    EXPECT_EQ(event.order_id, Base36{order.raw()}.str());
    EXPECT_EQ(event.at, Instant{1'795'262'400'123});
    EXPECT_EQ(event.payload, R"({"order_id":")" + Base36{order.raw()}.str() +
                                 R"(","campaign_id":"77","payment_id":"p\"2\\","quantity":1,)"
                                 R"("amount":9900,"reason":")" +
                                 std::string{text(RefundReason::second_payment)} +
                                 R"(","paid_at_ms":1000})");

    due.counted = true;
    records = records_of(OrderEvent{due});
    ASSERT_THAT(records, SizeIs(2));
    const auto& change = std::get<OrderChange>(records[0]);
    EXPECT_EQ(change.order_id, Base36{order.raw()}.str());
    EXPECT_EQ(change.state, "refund_due");
    EXPECT_EQ(change.refunded_more, Money{0});
    EXPECT_THAT(change.parts, IsEmpty());
    EXPECT_EQ(std::get<EventRow>(records[1]), event);
}

TEST(SettlementRecords, add_a_partial_refund_and_keep_the_state) {
    const auto records = records_of(OrderEvent{refunded_order()});
    ASSERT_THAT(records, SizeIs(1));
    const auto& change = std::get<OrderChange>(records[0]);
    EXPECT_EQ(change.state, "");
    EXPECT_EQ(change.refunded_more, Money{10'400});
    ASSERT_THAT(change.parts, SizeIs(2));
    EXPECT_EQ(change.parts[0].line, 0U);
    EXPECT_EQ(change.parts[0].refunded_more, Quantity{1});
    EXPECT_EQ(change.parts[1].line, 1U);
}

TEST(SettlementRecords, close_an_order_that_is_wholly_refunded) {
    OrderRefunded refunded = refunded_order();
    refunded.wholly = true;
    const auto records = records_of(OrderEvent{refunded});
    EXPECT_EQ(std::get<OrderChange>(records.at(0)).state, "refunded");
}

TEST(SettlementRecords, give_the_units_of_a_refund_to_the_mall_only_when_they_go_there) {
    OrderRefunded refunded = refunded_order();
    refunded.restock = Restock::none;
    EXPECT_THAT(records_of(OrderEvent{refunded}), SizeIs(1));
    refunded.restock = Restock::to_mall;
    refunded.units_return = false;  // they went back before
    EXPECT_THAT(records_of(OrderEvent{refunded}), SizeIs(1));

    refunded.units_return = true;
    refunded.stock_source = StockSource::mirrored;
    const auto records = records_of(OrderEvent{refunded});
    ASSERT_THAT(records, SizeIs(3));
    const auto& first = std::get<EventRow>(records[1]);
    const auto& second = std::get<EventRow>(records[2]);
    EXPECT_EQ(first.kind, "STOCK_DELTA");
    EXPECT_EQ(first.ordinal, 0U);
    EXPECT_EQ(second.ordinal, 1U);
    EXPECT_NE(first.event_id, second.event_id);
    EXPECT_EQ(second.order_id, Base36{order.raw()}.str());
    EXPECT_EQ(second.payload,
              R"({"campaign_id":"77","item_id":"Red_M-2","units":1,"reason":"refunded",)"
              R"("stock_source":"mirrored","order_id":")" +
                  Base36{order.raw()}.str() + R"(","refund_id":"r-1"})");
}

TEST(SettlementRecords, leave_the_order_alone_when_another_payment_is_refunded) {
    OrderRefunded refunded = refunded_order();
    refunded.counted = false;
    refunded.units_return = false;
    refunded.parts.clear();
    EXPECT_THAT(records_of(OrderEvent{refunded}), IsEmpty());
}

TEST(SettlementRecords, hand_stock_back_item_by_item_without_the_sold_out_ones) {
    StockHandedBack back;
    back.parts = {{.item = 0, .item_id = ItemId{"a"}, .units = Quantity{7}},
                  {.item = 1, .item_id = ItemId{"b"}, .units = Quantity{0}},
                  {.item = 2, .item_id = ItemId{"c"}, .units = Quantity{1}}};
    const auto records = records_of(CampaignEvent{back});
    ASSERT_THAT(records, SizeIs(2));
    const auto& first = std::get<EventRow>(records[0]);
    const auto& last = std::get<EventRow>(records[1]);
    EXPECT_EQ(first.kind, "STOCK_DELTA");
    EXPECT_EQ(first.order_id, std::nullopt);
    EXPECT_EQ(first.payload, R"({"campaign_id":"77","item_id":"a","units":7,"reason":"sale_over",)"
                             R"("stock_source":"carved_out"})");
    EXPECT_EQ(last.ordinal, 1U);
    EXPECT_THAT(last.payload, ::testing::HasSubstr(R"("item_id":"c","units":1)"));
}

TEST(SettlementRecords, give_each_of_the_most_items_of_one_event_an_id_of_its_own) {
    StockHandedBack back;
    for (std::size_t item = 0; item < limits::records_per_event_max; ++item) {
        back.parts.push_back({.item = static_cast<std::uint16_t>(item),
                              .item_id = ItemId{std::to_string(item)},
                              .units = Quantity{1}});
    }
    std::set<std::string> ids;
    for (const SettlementRecord& record : records_of(CampaignEvent{back})) {
        ids.insert(std::get<EventRow>(record).event_id);
    }
    EXPECT_THAT(ids, SizeIs(limits::records_per_event_max));
}

TEST(SettlementRecords, tell_of_money_that_fits_no_order) {
    PaymentMismatched mismatched{.order = order,
                                 .payment_id = PaymentId{"p1"},
                                 .amount = Money{1},
                                 .expected = Money{9'900}};
    auto records = records_of(CampaignEvent{mismatched});
    ASSERT_THAT(records, SizeIs(1));
    EXPECT_EQ(std::get<EventRow>(records[0]).kind, "PAYMENT_MISMATCH");
    EXPECT_EQ(std::get<EventRow>(records[0]).payload,
              R"({"order_id":")" + Base36{order.raw()}.str() +
                  R"(","campaign_id":"77","payment_id":"p1","amount":1,"expected":9900,)"
                  R"("reason":"wrong_amount"})");

    mismatched.expected.reset();
    records = records_of(CampaignEvent{mismatched}, CampaignId{0});
    EXPECT_EQ(std::get<EventRow>(records.at(0)).payload,
              R"({"order_id":")" + Base36{order.raw()}.str() +
                  R"(","payment_id":"p1","amount":1,"reason":"order_unknown"})");
}

TEST(SettlementRecords, tell_of_a_reward_beside_the_order_that_it_is) {
    const RewardGranted granted{.rally = RallyId{0x1234'5678'9ABD},
                                .tier = 1,
                                .order = order,
                                .starter = BuyerId{9'000'000'000'000'000'001},
                                .item = 4,
                                .item_id = ItemId{"Cup_1"},
                                .quantity = Quantity{2},
                                .helpers = 10};
    const auto records = records_of(FriendHelp::Event{granted});
    ASSERT_THAT(records, SizeIs(1));
    const auto& row = std::get<EventRow>(records[0]);
    EXPECT_EQ(row.kind, "REWARD_GRANTED");
    EXPECT_EQ(row.order_id, Base36{order.raw()}.str());
    EXPECT_EQ(row.event_id, std::string{journal_id} + ".12.48213.0");
    EXPECT_EQ(row.payload, R"({"order_id":")" + Base36{order.raw()}.str() +
                               R"(","campaign_id":"77","rally_id":")" +
                               Base36{granted.rally.raw()}.str() +
                               R"(","buyer_id":"9000000000000000001","item_id":"Cup_1",)"
                               R"("quantity":2,"helpers":10})");
}

// The sample has one event of each kind: whoever adds one meets this list.
TEST(SettlementRecords, follow_from_these_kinds_and_no_others) {
    std::set<std::string_view> with_records;
    std::set<std::string_view> all;
    for (const Event& event : sample_events()) {
        const std::string_view name = name_of(number_of(event));
        all.insert(name);
        if (!records_of(event).empty()) {
            with_records.insert(name);
        }
    }
    EXPECT_THAT(with_records,
                ::testing::ElementsAre("GroupFailed", "GroupSucceeded", "OrderConfirmed",
                                       "OrderRefunded", "PaymentMismatched", "PaymentRefundDue",
                                       "RewardGranted", "StockHandedBack"));
    EXPECT_GE(all.size(), 16U);
}

TEST(SettlementRecords, are_the_same_from_a_frames_payload) {
    for (const Event& event : sample_events()) {
        std::vector<std::byte> room(limits::event_bytes_max);
        ByteWriter out(room);
        encode(event, out);
        std::vector<SettlementRecord> records;
        ASSERT_TRUE(append_settlement_records(number_of(event), out.written(), campaign, origin(),
                                              records));
        const auto expected = records_of(event);
        ASSERT_EQ(records.size(), expected.size());
        for (std::size_t at = 0; at < records.size(); ++at) {
            EXPECT_EQ(records[at].index(), expected[at].index());
            if (const auto* row = std::get_if<EventRow>(&records[at])) {
                EXPECT_EQ(*row, std::get<EventRow>(expected[at]));
            }
            if (const auto* row = std::get_if<OrderRow>(&records[at])) {
                EXPECT_EQ(*row, std::get<OrderRow>(expected[at]));
            }
        }
    }
}

TEST(SettlementRecords, refuse_bytes_that_are_no_event) {
    std::vector<SettlementRecord> records;
    const std::vector<std::byte> short_payload(3);
    EXPECT_FALSE(append_settlement_records({Family::order, OrderConfirmed::kind}, short_payload,
                                           campaign, origin(), records));
    EXPECT_FALSE(append_settlement_records({Family::order, 126}, {}, campaign, origin(), records));
    EXPECT_THAT(records, IsEmpty());
}

}  // namespace
}  // namespace stampede::campaigns
