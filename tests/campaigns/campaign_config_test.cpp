// SPDX-License-Identifier: Apache-2.0
// A configuration keeps every parameter through its bytes, and finds its items fast and rightly.
#include "campaigns/campaign_config.hpp"

#include <gtest/gtest.h>

#include <string>

#include "campaigns/campaign_state.hpp"
#include "campaigns/code.hpp"
#include "campaigns/order.hpp"
#include "tests/campaigns/sample_events.hpp"

namespace stampede::campaigns {
namespace {

CampaignConfig with_items(std::size_t count) {
    CampaignConfig config = sample_config();
    config.items.clear();
    for (std::size_t at = 0; at < count; ++at) {
        ItemConfig item;
        // 7919 is prime: ids come in no order.
        item.item_id = ItemId{"sku-" + std::to_string(at * 7919 % 10007)};
        item.title = "Item";
        item.price = Money{100};
        item.stock = Quantity{1};
        config.items.push_back(item);
    }
    index_items(config);
    return config;
}

TEST(CampaignConfig, is_written_in_the_lowest_version_that_has_room_for_it) {
    CampaignConfig config = sample_config();
    EXPECT_EQ(encode(config).front(), std::byte{1}) << "as the first release wrote it";
    config.waitlist = true;
    const auto waits = decode_config(encode(config));
    ASSERT_TRUE(waits.has_value());
    EXPECT_TRUE(waits->waitlist);
    config.waitlist = false;
    config.items[1].slot_stock = Quantity{3};
    EXPECT_EQ(encode(config).front(), std::byte{2});
    const auto in_slots = decode_config(encode(config));
    ASSERT_TRUE(in_slots.has_value());
    EXPECT_FALSE(in_slots->waitlist);
    EXPECT_EQ(in_slots->items[0].slot_stock, Quantity{0});
    EXPECT_EQ(in_slots->items[1].slot_stock, Quantity{3});
}

TEST(CampaignConfig, keeps_every_parameter_through_its_bytes) {
    const CampaignConfig config = sample_config();
    const auto again = decode_config(encode(config));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(encode(*again), encode(config));
    EXPECT_EQ(again->title, config.title);
    EXPECT_EQ(again->starts_at, config.starts_at);
    EXPECT_EQ(again->ends_at, config.ends_at);
    ASSERT_EQ(again->items.size(), 2U);
    EXPECT_EQ(again->items[0].item_id, ItemId{"kettle-2"});
    EXPECT_EQ(again->items[0].list_price, Money{19900});
    EXPECT_EQ(again->items[0].reserve, Quantity{10});
    EXPECT_EQ(again->items[1].title, "杯子");
    ASSERT_EQ(again->windows.size(), 2U);
    EXPECT_EQ(again->windows[1].to, config.ends_at);
    EXPECT_EQ(again->slots_json, config.slots_json);
    EXPECT_EQ(again->timezone, "Asia/Urumqi");
    EXPECT_EQ(again->limits.per_buyer, 4);
    EXPECT_EQ(again->limits.per_buyer_per_slot, 3);
    EXPECT_EQ(again->limits.per_order_min, 2);
    EXPECT_EQ(again->limits.per_order_max, 3);
    EXPECT_EQ(again->limits.holds_per_buyer, 6);
    EXPECT_EQ(again->hold, Duration::seconds(120));
    EXPECT_EQ(again->min_pay, Duration::seconds(30));
    EXPECT_EQ(again->warmup, Duration::seconds(90));
    EXPECT_TRUE(again->audience.new_buyers_only);
    EXPECT_EQ(again->audience.segments_any, 0x8000000000000005ULL);
    EXPECT_EQ(again->audience.level_min, 3);
    EXPECT_EQ(again->audience.allowlist, config.audience.allowlist);
    EXPECT_EQ(again->audience.blocklist, config.audience.blocklist);
    EXPECT_EQ(again->stock_source, StockSource::mirrored);
    EXPECT_EQ(again->late_payment, LatePayment::hold_for_operator);
    EXPECT_EQ(again->restock, Restock::to_mall);
    EXPECT_EQ(again->quota_on_refund, QuotaOnRefund::keep);
    EXPECT_EQ(again->ticket, Ticket::required);
    EXPECT_TRUE(again->resell_after_end);
    EXPECT_FALSE(again->show_available);
    EXPECT_TRUE(again->zero_price);
    EXPECT_FALSE(again->waitlist);
    EXPECT_EQ(again->items[0].slot_stock, Quantity{0});
}

TEST(CampaignConfig, refuses_bytes_that_are_not_exactly_one) {
    auto bytes = encode(sample_config());
    for (std::size_t count = 0; count < bytes.size(); ++count) {
        EXPECT_FALSE(decode_config(std::span{bytes}.first(count)).has_value()) << count;
    }
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(decode_config(bytes).has_value());
    bytes.pop_back();
    bytes.front() = std::byte{2};
    EXPECT_FALSE(decode_config(bytes).has_value()) << "a layout that this release does not know";
}

TEST(CampaignConfig, refuses_what_no_draft_could_have_been) {
    CampaignConfig config = sample_config();
    config.windows = {{Instant{10}, Instant{20}}, {Instant{19}, Instant{30}}};
    EXPECT_FALSE(decode_config(encode(config)).has_value()) << "windows overlap";
    config = sample_config();
    config.audience.blocklist = {BuyerId{2}, BuyerId{1}};
    EXPECT_FALSE(decode_config(encode(config)).has_value()) << "list not sorted";
    config = sample_config();
    config.items[0].reserve = config.items[0].stock + Quantity{1};
    EXPECT_FALSE(decode_config(encode(config)).has_value()) << "reserve above stock";
    config = sample_config();
    config.items.clear();
    EXPECT_FALSE(decode_config(encode(config)).has_value()) << "no items";
}

TEST(CampaignConfig, finds_each_of_a_thousand_items_at_its_position) {
    const CampaignConfig config = with_items(limits::items_per_campaign_max);
    for (std::size_t at = 0; at < config.items.size(); ++at) {
        EXPECT_EQ(find_item(config, config.items[at].item_id.view()), at);
    }
    for (const char* stranger : {"", "sku", "sku-99999", "zzz", "SKU-0"}) {
        EXPECT_FALSE(find_item(config, stranger).has_value()) << stranger;
    }
}

TEST(CampaignConfig, finds_items_alike_with_and_without_index_and_after_decoding) {
    CampaignConfig config = with_items(50);
    const auto decoded = decode_config(encode(config));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->items_by_id, config.items_by_id);
    config.items_by_id.clear();
    EXPECT_EQ(find_item(config, config.items[49].item_id.view()), 49);
    EXPECT_FALSE(find_item(config, "other").has_value());
}

TEST(CampaignConfig, fits_an_event_with_a_thousand_items_of_usual_titles) {
    CampaignConfig config = with_items(limits::items_per_campaign_max);
    for (ItemConfig& item : config.items) {
        item.title = std::string(90, 't');
    }
    EXPECT_LE(encode(config).size(), config_bytes_max);
}

TEST(Texts, name_states_and_codes_as_the_contract_does) {
    EXPECT_EQ(text(Code::not_started), "NOT_STARTED");
    EXPECT_EQ(text(Code::refund_exceeds_paid), "REFUND_EXCEEDS_PAID");
    EXPECT_EQ(text(Code::draft_invalid), "DRAFT_INVALID");
    EXPECT_EQ(text(OrderState::refund_due), "refund_due");
    EXPECT_EQ(text(RefundReason::second_payment), "second_payment");
    EXPECT_EQ(text(Play::group_buy), "group_buy");
    for (std::uint8_t state = 1; state <= 10; ++state) {
        const auto campaign_state = static_cast<CampaignState>(state);
        EXPECT_EQ(parse_campaign_state(text(campaign_state)), campaign_state);
    }
    EXPECT_FALSE(parse_campaign_state("LIVE").has_value());
    EXPECT_FALSE(parse_campaign_state("").has_value());
}

}  // namespace
}  // namespace stampede::campaigns
