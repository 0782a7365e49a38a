// SPDX-License-Identifier: Apache-2.0
// Groups in number: a hundred thousand that expire in one second, the largest group whole, and the
// defects of other malls that only a crowd shows.
#include <gtest/gtest.h>

#include <set>

#include "campaigns/group_buy_state.hpp"
#include "tests/support/sale_rig.hpp"

namespace stampede::tests {
namespace {

using namespace campaigns;

constexpr Instant opening{1'795'262'400'000};
constexpr CampaignId campaign_id{1};

CampaignConfig config_of(std::uint16_t size, std::int64_t stock) {
    CampaignConfig config;
    config.play = GroupBuy::play;
    config.title = "Together";
    config.starts_at = opening;
    config.ends_at = opening + Duration::seconds(100'000);
    config.items.push_back({.item_id = ItemId{"1001"},
                            .title = "Kettle",
                            .price = Money{9900},
                            .list_price = Money{0},
                            .stock = Quantity{stock},
                            .reserve = Quantity{0}});
    config.hold = Duration::seconds(300);
    GroupTerms terms;
    terms.size = size;
    terms.valid = Duration::seconds(600);
    config.terms = terms;
    index_items(config);
    return config;
}

void publish(SaleRig& rig, const CampaignConfig& config) {
    DraftCampaign draft;
    draft.campaign = campaign_id;
    draft.config = std::make_shared<const CampaignConfig>(config);
    ASSERT_EQ(rig.execute(draft, std::nullopt).code, Code::ok);
    ChangeCampaign change;
    change.campaign = campaign_id;
    change.fresh_seed.fill(9);
    ASSERT_EQ(rig.execute(change, std::nullopt).code, Code::ok);
}

Answer open(SaleRig& rig, std::uint64_t buyer) {
    OpenGroup ask;
    ask.campaign = campaign_id;
    ask.buyer = {.id = BuyerId{buyer}};
    ask.item_id = ItemId{"1001"};
    return rig.execute(ask, std::nullopt);
}

Answer join(SaleRig& rig, GroupId group, std::uint64_t buyer) {
    JoinGroup ask;
    ask.campaign = campaign_id;
    ask.group = group;
    ask.buyer = {.id = BuyerId{buyer}};
    return rig.execute(ask, std::nullopt);
}

Answer pay(SaleRig& rig, OrderId order, const std::string& payment) {
    return rig.execute(RecordPayment{.order = order,
                                     .payment_id = PaymentId{payment},
                                     .amount = Money{9900},
                                     .paid_at = rig.now(),
                                     .buyer_is_new = std::nullopt},
                       std::nullopt);
}

TEST(GroupCrowd, of_a_hundred_thousand_expires_over_turns_each_at_its_own_time) {
    constexpr std::uint64_t count = 100'000;
    SaleRig rig(opening);
    publish(rig, config_of(2, 200'000));
    for (std::uint64_t buyer = 1; buyer <= count; ++buyer) {
        // A hundred in each millisecond of one second.
        if (buyer % 100 == 1 && buyer > 1) {
            rig.move_to(rig.now() + Duration::milliseconds(1));
        }
        ASSERT_EQ(open(rig, buyer).code, Code::held);
    }
    const Instant last = rig.now();
    rig.move_to_before_deadlines(last + Duration::seconds(600));
    const auto& state = *group_buy_of(*rig.find(campaign_id));
    // One turn does a bounded part of it, whatever is due.
    const std::uint32_t before = state.groups().open_count();
    rig.turn();
    const std::uint32_t done = before - state.groups().open_count();
    EXPECT_LE(done, limits::deadline_records_per_turn_max);
    rig.turn_until_quiet();
    EXPECT_EQ(state.groups().open_count(), 0U);
    EXPECT_EQ(rig.find(campaign_id)->cell(0).available().units(), 200'000);
    // None before its time: locks lapse after their 300 s, and with them their groups.
    for (RecordIndex at = 0; at < state.groups().group_count(); ++at) {
        EXPECT_EQ(state.groups().group(at).end, GroupEnd::nobody_left);
    }
    EXPECT_FALSE(rig.broken().has_value()) << *rig.broken();
}

TEST(GroupCrowd, of_paid_seats_expires_within_the_second_of_its_deadlines) {
    constexpr std::uint64_t count = 20'000;
    SaleRig rig(opening);
    publish(rig, config_of(2, 200'000));
    for (std::uint64_t buyer = 1; buyer <= count; ++buyer) {
        if (buyer % 20 == 1 && buyer > 1) {
            rig.move_to(rig.now() + Duration::milliseconds(1));
        }
        const Answer opened = open(rig, buyer);
        ASSERT_EQ(opened.code, Code::held);
        ASSERT_EQ(pay(rig, opened.order->order_id, "p" + std::to_string(buyer)).code, Code::ok);
    }
    const Instant first = opening + Duration::seconds(600);
    rig.move_to_before_deadlines(first);
    const auto& state = *group_buy_of(*rig.find(campaign_id));
    EXPECT_EQ(state.groups().open_count(), count);
    rig.move_to(first + Duration::milliseconds(499));
    EXPECT_EQ(state.groups().open_count(), count / 2);
    rig.move_to(first + Duration::milliseconds(999));
    EXPECT_EQ(state.groups().open_count(), 0U);
    std::set<std::string> due;
    for (const SettlementRecord& record : rig.take_told()) {
        if (const auto* event = std::get_if<EventRow>(&record);
            event != nullptr && event->kind == "REFUND_REQUIRED") {
            EXPECT_TRUE(due.insert(*event->order_id).second) << "two refunds of one seat";
        }
    }
    EXPECT_EQ(due.size(), count);
    EXPECT_FALSE(rig.broken().has_value()) << *rig.broken();
}

/// Groups of a hundred, all seats taken in one millisecond; of each the first `paid` are paid for.
void open_full_groups(SaleRig& rig, std::uint64_t groups, std::uint64_t paid) {
    constexpr std::uint64_t size = 100;
    for (std::uint64_t first = 1; first <= groups * size; first += size) {
        const Answer opened = open(rig, first);
        ASSERT_EQ(opened.code, Code::held);
        std::vector<OrderId> orders{opened.order->order_id};
        for (std::uint64_t buyer = first + 1; buyer < first + size; ++buyer) {
            orders.push_back(
                join(rig, GroupId{orders.front().raw()}, buyer).order.value().order_id);
        }
        for (std::uint64_t at = 0; at < paid; ++at) {
            ASSERT_EQ(pay(rig, orders[at], "p" + std::to_string(first + at)).code, Code::ok);
        }
    }
}

TEST(GroupCrowd, whose_groups_end_at_once_ends_a_bounded_number_of_seats_a_turn) {
    constexpr std::uint64_t groups = 20;
    SaleRig rig(opening);
    publish(rig, config_of(100, 2'000));
    open_full_groups(rig, groups, 99);
    rig.move_to_before_deadlines(opening + Duration::seconds(600));
    const auto& book = rig.find(campaign_id)->book();
    std::uint32_t turns = 0;
    while (book.refunds_due() < groups * 99) {
        const std::uint32_t before = book.refunds_due();
        rig.turn();
        ASSERT_GT(book.refunds_due(), before) << "a turn that ends nothing";
        EXPECT_LE(book.refunds_due() - before, limits::deadline_records_per_turn_max);
        ++turns;
    }
    EXPECT_GE(turns, groups * 99 / limits::deadline_records_per_turn_max);
    EXPECT_FALSE(rig.broken().has_value()) << *rig.broken();
}

TEST(GroupCrowd, whose_leaders_lapse_one_after_another_looks_through_a_bounded_number_of_seats) {
    SaleRig rig(opening);
    publish(rig, config_of(100, 2'000));
    open_full_groups(rig, 20, 0);
    rig.move_to_before_deadlines(opening + Duration::seconds(300));
    const auto& book = rig.find(campaign_id)->book();
    const std::uint32_t before = book.open_holds();
    rig.turn();
    // Each lapse is its group's leader's, and has the others looked through for the next one.
    EXPECT_LE(before - book.open_holds(), limits::deadline_records_per_turn_max / 50);
    rig.turn_until_quiet();
    EXPECT_EQ(book.open_holds(), 0U);
    EXPECT_FALSE(rig.broken().has_value()) << *rig.broken();
}

TEST(GroupCrowd, of_five_hundred_succeeds_in_one_event) {
    SaleRig rig(opening);
    publish(rig, config_of(500, 500));
    const Answer opened = open(rig, 1);
    const GroupId group{opened.order->order_id.raw()};
    std::vector<OrderId> orders{opened.order->order_id};
    for (std::uint64_t buyer = 2; buyer <= 500; ++buyer) {
        const Answer joined = join(rig, group, buyer);
        ASSERT_EQ(joined.code, Code::held);
        orders.push_back(joined.order->order_id);
    }
    EXPECT_EQ(join(rig, group, 501).code, Code::group_full);
    // The longest payment ids that a mall may send.
    const auto payment = [](std::size_t at) { return std::to_string(at) + std::string(60, 'x'); };
    for (std::size_t at = 0; at + 1 < orders.size(); ++at) {
        ASSERT_EQ(pay(rig, orders[at], payment(at)).code, Code::ok);
    }
    (void)rig.take_told();
    const Answer last = pay(rig, orders.back(), payment(499));
    EXPECT_EQ(last.code, Code::confirmed);
    // All rows share that event's receipt.
    std::set<std::string> receipts;
    std::size_t rows = 0;
    for (const SettlementRecord& record : rig.take_told()) {
        if (const auto* row = std::get_if<OrderRow>(&record)) {
            receipts.insert(row->receipt);
            ++rows;
        }
    }
    EXPECT_EQ(rows, 500U);
    EXPECT_EQ(receipts.size(), 1U);
    EXPECT_EQ(rig.find(campaign_id)->cell(0).sold().units(), 500);
    EXPECT_FALSE(rig.broken().has_value()) << *rig.broken();
}

// D1, D2: the seat is claimed in the payment callback; a group that filled meanwhile takes the
// money and loses the order.
TEST(GroupDefects, a_payment_never_finds_its_seat_taken_by_another) {
    SaleRig rig(opening);
    publish(rig, config_of(3, 9));
    const Answer opened = open(rig, 1);
    const GroupId group{opened.order->order_id.raw()};
    const Answer second = join(rig, group, 2);
    const Answer third = join(rig, group, 3);
    ASSERT_EQ(third.code, Code::held);
    EXPECT_EQ(join(rig, group, 4).code, Code::group_full) << "before any money moves";
    EXPECT_EQ(pay(rig, third.order->order_id, "p3").code, Code::ok);
    EXPECT_EQ(pay(rig, second.order->order_id, "p2").code, Code::ok);
    EXPECT_EQ(pay(rig, opened.order->order_id, "p1").code, Code::confirmed);
    EXPECT_FALSE(rig.broken().has_value());
}

// D3: concurrent joins each count members, then write the count: over-full or never-full groups.
TEST(GroupDefects, a_crowd_at_the_last_seats_never_overfills_a_group) {
    SaleRig rig(opening);
    publish(rig, config_of(5, 1000));
    const Answer opened = open(rig, 1);
    const GroupId group{opened.order->order_id.raw()};
    int held = 0;
    for (std::uint64_t buyer = 2; buyer <= 200; ++buyer) {
        const Answer joined = join(rig, group, buyer);
        held += joined.code == Code::held ? 1 : 0;
        EXPECT_TRUE(joined.code == Code::held || joined.code == Code::group_full);
        const GroupView view = *find_group(*rig.find(campaign_id), group);
        EXPECT_LE(view.locked + view.paid, view.size);
    }
    EXPECT_EQ(held, 4);
    EXPECT_EQ(rig.find(campaign_id)->cell(0).held().units(), 5);
}

// D15: expiry by polling every minute, or by a queue that a restart loses.
TEST(GroupDefects, a_deadline_fires_at_its_millisecond_also_after_a_restart) {
    SaleRig rig(opening);
    publish(rig, config_of(2, 9));
    const Answer opened = open(rig, 1);
    const GroupId group{opened.order->order_id.raw()};
    ASSERT_EQ(pay(rig, opened.order->order_id, "p1").code, Code::ok);
    rig.crash(Duration{});
    const auto state = [&] { return find_group(*rig.find(campaign_id), group)->state; };
    rig.move_to(opening + Duration::milliseconds(599'999));
    EXPECT_EQ(state(), GroupState::forming);
    rig.move_to(opening + Duration::milliseconds(600'000));
    EXPECT_EQ(state(), GroupState::failed);
}

}  // namespace
}  // namespace stampede::tests
