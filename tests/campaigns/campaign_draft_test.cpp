// SPDX-License-Identifier: Apache-2.0
// The judgement over a draft: every parameter wrong at least once, each mistake named by its field,
// all of them at once; what is unwise is said and allowed; what is live hardly changes.
#include "campaigns/campaign_draft.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "engine/vocabulary/limits.hpp"

namespace stampede::campaigns {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant now{1'795'000'000'000};
constexpr Instant opening{1'795'262'400'000};

CampaignDraft good_draft() {
    CampaignDraft draft;
    draft.play = "seckill";
    draft.title = "Opening night";
    draft.starts_at = opening;
    draft.ends_at = opening + Duration::seconds(7200);
    ItemDraft kettle;
    kettle.item_id = "1001";
    kettle.title = "Kettle";
    kettle.price = 9900;
    kettle.list_price = 19900;
    kettle.stock = 1000;
    draft.items = {kettle};
    return draft;
}

// 20:00 to 20:10 and 21:00 to 21:30 on the one evening of good_draft().
CampaignDraft draft_with_slots() {
    CampaignDraft draft = good_draft();
    draft.slots = std::vector<SlotDraft>{{.from_s = 72000, .to_s = 72600, .weekdays = {}},
                                         {.from_s = 75600, .to_s = 77400, .weekdays = {}}};
    draft.windows = {{opening + Duration::seconds(3600), opening + Duration::seconds(5400)},
                     {opening, opening + Duration::seconds(600)}};
    draft.slots_json = "[canonical]";
    return draft;
}

std::string told(const std::vector<FieldNote>& notes) {
    std::string text;
    for (const FieldNote& note : notes) {
        text += note.field + " " + note.message + "\n";
    }
    return text;
}

TEST(Draft, becomes_a_configuration_with_the_defaults_of_the_table) {
    const DraftVerdict verdict = judge(good_draft(), now);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    EXPECT_THAT(verdict.errors, IsEmpty());
    EXPECT_THAT(verdict.warnings, IsEmpty()) << told(verdict.warnings);
    const CampaignConfig& config = *verdict.config;
    EXPECT_EQ(config.play, Play::seckill);
    EXPECT_EQ(config.title, "Opening night");
    EXPECT_EQ(config.items[0].price, Money{9900});
    EXPECT_EQ(config.items[0].reserve, Quantity{0});
    EXPECT_EQ(config.timezone, "Asia/Shanghai");
    EXPECT_EQ(config.limits.per_buyer, 1);
    EXPECT_FALSE(config.limits.per_buyer_per_slot.has_value());
    EXPECT_EQ(config.limits.per_order_min, 1);
    EXPECT_EQ(config.limits.per_order_max, 1);
    EXPECT_EQ(config.limits.holds_per_buyer, 5);
    EXPECT_EQ(config.hold, Duration::seconds(300));
    EXPECT_EQ(config.min_pay, Duration::seconds(60));
    EXPECT_EQ(config.warmup, Duration::seconds(300));
    EXPECT_EQ(config.stock_source, StockSource::carved_out);
    EXPECT_EQ(config.late_payment, LatePayment::reacquire_or_refund);
    EXPECT_EQ(config.restock, Restock::to_activity);
    EXPECT_EQ(config.quota_on_refund, QuotaOnRefund::give_back);
    EXPECT_EQ(config.ticket, Ticket::off);
    EXPECT_FALSE(config.resell_after_end);
    EXPECT_TRUE(config.show_available);
    EXPECT_FALSE(config.zero_price);
    EXPECT_EQ(find_item(config, "1001"), 0);
}

TEST(Draft, keeps_every_parameter_that_was_given) {
    CampaignDraft draft = draft_with_slots();
    draft.items->at(0).reserve = 10;
    draft.items->at(0).price = 0;
    draft.zero_price = true;
    draft.timezone = "Asia/Urumqi";
    draft.limits = {.per_buyer = 4,
                    .per_buyer_per_slot = 3,
                    .per_order_min = 2,
                    .per_order_max = 3,
                    .holds_per_buyer = 7};
    draft.hold_seconds = 30;
    draft.warmup_seconds = 0;
    draft.audience = {.new_buyers_only = true,
                      .segments_any = {{0, 63}},
                      .level_min = 255,
                      .allowlist = {{"7", "3", "7"}},
                      .blocklist = {{"9223372036854775807"}}};
    draft.stock_source = "mirrored";
    draft.late_payment = "refund";
    draft.restock = "none";
    draft.quota_on_refund = "keep";
    draft.ticket = "required";
    draft.resell_after_end = true;
    draft.show_available = false;
    const DraftVerdict verdict = judge(draft, now);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    const CampaignConfig& config = *verdict.config;
    EXPECT_EQ(config.items[0].reserve, Quantity{10});
    ASSERT_EQ(config.windows.size(), 2U);
    EXPECT_EQ(config.windows[0].from, opening) << "sorted";
    EXPECT_EQ(config.slots_json, "[canonical]");
    EXPECT_EQ(config.limits.per_buyer_per_slot, 3);
    EXPECT_EQ(config.limits.holds_per_buyer, 7);
    EXPECT_EQ(config.min_pay, Duration::seconds(30)) << "default: the smaller of 60 and the hold";
    EXPECT_EQ(config.warmup, Duration::seconds(0));
    EXPECT_EQ(config.audience.segments_any, 0x8000000000000001ULL);
    EXPECT_EQ(config.audience.level_min, 255);
    EXPECT_EQ(config.audience.allowlist, (std::vector{BuyerId{3}, BuyerId{7}}));
    EXPECT_EQ(config.audience.blocklist, std::vector{BuyerId{limits::buyer_id_max}});
    EXPECT_EQ(config.late_payment, LatePayment::refund);
    EXPECT_EQ(config.restock, Restock::none);
    const auto again = decode_config(encode(config));
    ASSERT_TRUE(again.has_value()) << "what is judged good can be journaled and read";
    EXPECT_EQ(encode(*again), encode(config));
}

struct Mistake {
    std::string field;
    std::string message;  // a part of it
    std::function<void(CampaignDraft&)> make;
};

ItemDraft& item(CampaignDraft& draft) {
    return draft.items->at(0);
}

std::vector<Mistake> mistakes_of_the_campaign() {
    return {
        {"play", "required", [](auto& d) { d.play.reset(); }},
        {"group", "required", [](auto& d) { d.play = "group_buy"; }},
        {"bargain", "required for play", [](auto& d) { d.play = "bargain"; }},
        {"play", "one of seckill", [](auto& d) { d.play = "lottery"; }},
        {"group", "play group_buy", [](auto& d) { d.template of<GroupBuy>().emplace(); }},
        {"bargain", "play bargain", [](auto& d) { d.template of<BargainPlay>().emplace(); }},
        {"waitlist", "per_order_min 1",
         [](auto& d) {
             d.waitlist = true;
             d.limits.per_buyer = d.limits.per_order_max = d.limits.per_order_min = 2;
         }},
        {"title", "required", [](auto& d) { d.title.reset(); }},
        {"title", "1 to 120", [](auto& d) { d.title = ""; }},
        {"title", "spaces", [](auto& d) { d.title = "   "; }},
        {"title", "1 to 120", [](auto& d) { d.title = std::string(121, 'x'); }},
        {"title", "control", [](auto& d) { d.title = "a\nb"; }},
        {"starts_at", "required", [](auto& d) { d.starts_at.reset(); }},
        {"starts_at", "between", [](auto& d) { d.starts_at = Instant{-1}; }},
        {"ends_at", "required", [](auto& d) { d.ends_at.reset(); }},
        {"ends_at", "after starts_at", [](auto& d) { d.ends_at = d.starts_at; }},
        {"ends_at", "between", [](auto& d) { d.ends_at = draft_bounds::latest_end; }},
        {"hold_seconds", "10 to 7200", [](auto& d) { d.hold_seconds = 9; }},
        {"hold_seconds", "10 to 7200", [](auto& d) { d.hold_seconds = 7201; }},
        {"min_pay_seconds", "more than hold_seconds",
         [](auto& d) {
             d.hold_seconds = 60;
             d.min_pay_seconds = 61;
         }},
        {"min_pay_seconds", "0 to", [](auto& d) { d.min_pay_seconds = -1; }},
        {"warmup_seconds", "0 to", [](auto& d) { d.warmup_seconds = -1; }},
        {"warmup_seconds", "0 to", [](auto& d) { d.warmup_seconds = 604801; }},
        {"timezone", "zone", [](auto& d) { d.timezone = ""; }},
        {"stock_source", "carved_out, mirrored", [](auto& d) { d.stock_source = "both"; }},
        {"late_payment", "hold_for_operator", [](auto& d) { d.late_payment = ""; }},
        {"restock", "to_mall", [](auto& d) { d.restock = "to_activty"; }},
        {"quota_on_refund", "keep", [](auto& d) { d.quota_on_refund = "KEEP"; }},
        {"ticket", "required", [](auto& d) { d.ticket = "on"; }},
    };
}

std::vector<Mistake> mistakes_of_items() {
    return {
        {"items", "required", [](auto& d) { d.items.reset(); }},
        {"items", "1 to 1000", [](auto& d) { d.items->clear(); }},
        {"items", "1 to 1000", [](auto& d) { d.items->resize(1001); }},
        {"items[0].item_id", "required", [](auto& d) { item(d).item_id.reset(); }},
        {"items[0].item_id", "A-Z", [](auto& d) { item(d).item_id = "a b"; }},
        {"items[0].item_id", "A-Z", [](auto& d) { item(d).item_id = ""; }},
        {"items[0].item_id", "A-Z", [](auto& d) { item(d).item_id = std::string(33, 'a'); }},
        {"items[1].item_id", "items[0]", [](auto& d) { d.items->push_back(item(d)); }},
        {"items[0].title", "required", [](auto& d) { item(d).title.reset(); }},
        {"items[0].title", "1 to 120", [](auto& d) { item(d).title = ""; }},
        {"items[0].price", "required", [](auto& d) { item(d).price.reset(); }},
        {"items[0].price", "zero_price", [](auto& d) { item(d).price = 0; }},
        {"items[0].price", "1 to", [](auto& d) { item(d).price = -1; }},
        {"items[0].price", "1 to",
         [](auto& d) {
             item(d).list_price.reset();
             item(d).price = limits::price_fen_max + 1;
         }},
        {"items[0].price", "list_price", [](auto& d) { item(d).price = 19901; }},
        {"items[0].price", "more money",
         [](auto& d) {
             item(d).list_price.reset();
             item(d).price = limits::price_fen_max;
             d.limits.per_order_max = d.limits.per_buyer = limits::stock_max;
         }},
        {"items[0].list_price", "1 to", [](auto& d) { item(d).list_price = 0; }},
        {"items[0].stock", "required", [](auto& d) { item(d).stock.reset(); }},
        {"items[0].stock", "0 to 2147483647", [](auto& d) { item(d).stock = -1; }},
        {"items[0].stock", "0 to 2147483647", [](auto& d) { item(d).stock = 2147483648; }},
        {"items[0].stock", "more money",
         [](auto& d) {
             item(d).list_price.reset();
             item(d).price = limits::price_fen_max;
             item(d).stock = limits::stock_max;
         }},
        {"items[0].reserve", "more than stock (1000)", [](auto& d) { item(d).reserve = 1001; }},
        {"items[0].reserve", "0 to", [](auto& d) { item(d).reserve = -1; }},
        {"items[0].bargain", "play bargain", [](auto& d) { item(d).bargain.emplace(); }},
        {"items[0].slot_stock", "needs slots", [](auto& d) { item(d).slot_stock = 5; }},
        {"items[0].slot_stock", "1 to 2147483647", [](auto& d) { item(d).slot_stock = 0; }},
    };
}

std::vector<Mistake> mistakes_of_limits_and_audience() {
    return {
        {"limits.per_buyer", "1 to", [](auto& d) { d.limits.per_buyer = 0; }},
        {"limits.per_order_min", "1 to", [](auto& d) { d.limits.per_order_min = 0; }},
        {"limits.per_order_min", "per_order_max (1)", [](auto& d) { d.limits.per_order_min = 2; }},
        {"limits.per_order_max", "1 to", [](auto& d) { d.limits.per_order_max = 0; }},
        {"limits.per_order_max", "per_buyer (1)", [](auto& d) { d.limits.per_order_max = 2; }},
        {"limits.per_buyer_per_slot", "per_buyer (1)",
         [](auto& d) { d.limits.per_buyer_per_slot = 2; }},
        {"limits.per_buyer_per_slot", "1 to", [](auto& d) { d.limits.per_buyer_per_slot = 0; }},
        {"limits.per_buyer_per_slot", "nobody could buy",
         [](auto& d) {
             d.limits = {.per_buyer = 3,
                         .per_buyer_per_slot = 1,
                         .per_order_min = 2,
                         .per_order_max = 2,
                         .holds_per_buyer = {}};
         }},
        {"limits.holds_per_buyer", "1 to 1000", [](auto& d) { d.limits.holds_per_buyer = 0; }},
        {"audience.segments_any[1]", "0 to 63",
         [](auto& d) { d.audience.segments_any = {{1, 64}}; }},
        {"audience.level_min", "0 to 255", [](auto& d) { d.audience.level_min = 256; }},
        {"audience.allowlist[1]", "buyer id", [](auto& d) { d.audience.allowlist = {{"1", "x"}}; }},
        {"audience.allowlist[0]", "buyer id", [](auto& d) { d.audience.allowlist = {{"0"}}; }},
        {"audience.allowlist[0]", "buyer id", [](auto& d) { d.audience.allowlist = {{"012"}}; }},
        {"audience.blocklist[0]", "buyer id",
         [](auto& d) { d.audience.blocklist = {{"9223372036854775808"}}; }},
        {"audience.blocklist[0]", "buyer id", [](auto& d) { d.audience.blocklist = {{""}}; }},
        {"audience.blocklist", "4096",
         [](auto& d) { d.audience.blocklist = std::vector<std::string>(4097, "1"); }},
    };
}

std::vector<Mistake> mistakes_of_slots() {
    return {
        {"slots[0].from", "required", [](auto& d) { d.slots->at(0).from_s.reset(); }},
        {"slots[0].to", "required", [](auto& d) { d.slots->at(0).to_s.reset(); }},
        {"slots[0].to", "midnight", [](auto& d) { d.slots->at(0).to_s = 3600; }},
        {"slots[0].to", "1 to 86400", [](auto& d) { d.slots->at(0).to_s = 86401; }},
        {"slots[1]", "overlaps slots[0]", [](auto& d) { d.slots->at(1).from_s = 72599; }},
        {"slots[0].weekdays", "every day",
         [](auto& d) { d.slots->at(0).weekdays = std::vector<std::int64_t>{}; }},
        {"slots[0].weekdays[1]", "Monday",
         [](auto& d) { d.slots->at(0).weekdays = std::vector<std::int64_t>{1, 8}; }},
        {"slots[0].weekdays[1]", "twice",
         [](auto& d) { d.slots->at(0).weekdays = std::vector<std::int64_t>{2, 2}; }},
        {"slots", "cannot be placed", [](auto& d) { d.windows.reset(); }},
        {"slots", "no session", [](auto& d) { d.windows->clear(); }},
        {"slots", "more than 4096 sessions", [](auto& d) { d.windows->resize(4097); }},
        {"slots", "clocks change", [](auto& d) { d.windows->push_back(d.windows->at(0)); }},
        {"slots", "24 on one day",
         [](auto& d) {
             d.slots->clear();
             for (std::int64_t at = 0; at < 25; ++at) {
                 d.slots->push_back({.from_s = at * 60, .to_s = at * 60 + 60, .weekdays = {}});
             }
         }},
        {"slots", "at most 168", [](auto& d) { d.slots->resize(169); }},
    };
}

void expect_each_is_named(const CampaignDraft& base, const std::vector<Mistake>& mistakes) {
    ASSERT_NE(judge(base, now).config, nullptr) << told(judge(base, now).errors);
    for (const Mistake& mistake : mistakes) {
        CampaignDraft draft = base;
        mistake.make(draft);
        const DraftVerdict verdict = judge(draft, now);
        EXPECT_EQ(verdict.config, nullptr) << mistake.field << ": " << mistake.message;
        EXPECT_THAT(verdict.errors, Contains(testing::AllOf(
                                        Field(&FieldNote::field, mistake.field),
                                        Field(&FieldNote::message, HasSubstr(mistake.message)))))
            << told(verdict.errors);
    }
}

TEST(Draft, names_each_mistake_of_the_campaign) {
    expect_each_is_named(good_draft(), mistakes_of_the_campaign());
}
TEST(Draft, names_each_mistake_of_an_item) {
    expect_each_is_named(good_draft(), mistakes_of_items());
}
TEST(Draft, names_each_mistake_of_limits_and_audience) {
    expect_each_is_named(good_draft(), mistakes_of_limits_and_audience());
}
TEST(Draft, names_each_mistake_of_a_slot) {
    expect_each_is_named(draft_with_slots(), mistakes_of_slots());
}

TEST(Draft, with_ten_mistakes_gets_ten_messages) {
    CampaignDraft draft = good_draft();
    draft.title = "";
    draft.ends_at = draft.starts_at;
    item(draft).item_id = "a b";
    item(draft).price = -5;
    item(draft).stock = -5;
    draft.hold_seconds = 1;
    draft.limits.per_buyer = 0;
    draft.audience.level_min = 300;
    draft.ticket = "maybe";
    item(draft).slot_stock = -1;
    const DraftVerdict verdict = judge(draft, now);
    EXPECT_EQ(verdict.errors.size(), 10U) << told(verdict.errors);
    EXPECT_EQ(verdict.config, nullptr);
    EXPECT_THAT(verdict.warnings, IsEmpty()) << "no advice about what cannot run";
}

TEST(Draft, larger_than_an_event_is_refused_as_a_whole) {
    CampaignDraft draft = good_draft();
    const ItemDraft pattern = item(draft);
    draft.items->clear();
    for (std::size_t at = 0; at < limits::items_per_campaign_max; ++at) {
        ItemDraft one = pattern;
        one.item_id = "sku-" + std::to_string(at) + std::string(20, 'x');
        one.title = std::string(limits::title_bytes_max, 't');
        draft.items->push_back(one);
    }
    std::vector<std::string> buyers;
    for (std::size_t at = 1; at <= limits::audience_list_max; ++at) {
        buyers.push_back(std::to_string(at));
    }
    draft.audience.allowlist = buyers;
    const DraftVerdict verdict = judge(draft, now);
    ASSERT_EQ(verdict.errors.size(), 1U);
    EXPECT_THAT(verdict.errors[0].message, HasSubstr("at most 196544 fit"));
    draft.audience.allowlist.reset();
    EXPECT_NE(judge(draft, now).config, nullptr) << told(judge(draft, now).errors);
}

TEST(Draft, bounds_the_number_of_its_messages) {
    CampaignDraft draft = good_draft();
    draft.items->assign(limits::items_per_campaign_max, ItemDraft{});
    EXPECT_EQ(judge(draft, now).errors.size(), FieldNotes::notes_max);
}

TEST(Draft, warns_of_what_is_allowed_but_unwise) {
    const std::vector<Mistake> unwise{
        {"starts_at", "has passed", [](auto& d) { d.starts_at = now - Duration::seconds(1); }},
        {"ends_at", "has passed",
         [](auto& d) {
             d.starts_at = now - Duration::seconds(9000);
             d.ends_at = now;
         }},
        {"ends_at", "30 days",
         [](auto& d) { d.ends_at = *d.starts_at + Duration::seconds(31 * 86400); }},
        {"hold_seconds", "longer than the sale",
         [](auto& d) {
             d.hold_seconds = 7200;
             d.ends_at = *d.starts_at + Duration::seconds(7199);
         }},
        {"items[0].price", "is 0",
         [](auto& d) {
             d.zero_price = true;
             item(d).price = 0;
         }},
        {"zero_price", "no price is 0", [](auto& d) { d.zero_price = true; }},
        {"items[0].list_price", "not given", [](auto& d) { item(d).list_price.reset(); }},
        {"items[0].reserve", "all of the stock", [](auto& d) { item(d).reserve = 1000; }},
        {"items[0].stock", "is 0", [](auto& d) { item(d).stock = 0; }},
        {"items[0].stock", "per_order_min",
         [](auto& d) {
             d.limits.per_buyer = d.limits.per_order_max = d.limits.per_order_min = 6;
             item(d).stock = 5;
         }},
        {"limits.per_buyer", "whole stock (1000)", [](auto& d) { d.limits.per_buyer = 1001; }},
        {"limits.per_buyer", "holds_per_buyer times per_order_max (5)",
         [](auto& d) { d.limits.per_buyer = 6; }},
        {"items[0].slot_stock", "can never be sold",
         [](auto& d) {
             d = draft_with_slots();
             item(d).slot_stock = 1;
         }},
        {"items[0].slot_stock", "limits nothing",
         [](auto& d) {
             d = draft_with_slots();
             item(d).slot_stock = item(d).stock;
         }},
        {"limits.per_buyer_per_slot", "without slots",
         [](auto& d) { d.limits.per_buyer_per_slot = 1; }},
        {"audience.blocklist", "1 of the allowlist",
         [](auto& d) {
             d.audience.allowlist = {{"1", "2"}};
             d.audience.blocklist = {{"2", "3"}};
         }},
    };
    for (const Mistake& mistake : unwise) {
        CampaignDraft draft = good_draft();
        mistake.make(draft);
        const DraftVerdict verdict = judge(draft, now);
        EXPECT_NE(verdict.config, nullptr) << mistake.field << "\n" << told(verdict.errors);
        EXPECT_THAT(verdict.warnings, Contains(testing::AllOf(
                                          Field(&FieldNote::field, mistake.field),
                                          Field(&FieldNote::message, HasSubstr(mistake.message)))))
            << told(verdict.warnings);
    }
}

// Revisions --------------------------------------------------------------------------------------

TEST(Revision, allows_a_later_end_reserves_the_blocklist_and_higher_limits) {
    const auto current = judge(good_draft(), now).config;
    CampaignDraft draft = good_draft();
    draft.ends_at = *draft.ends_at + Duration::seconds(600);
    item(draft).stock.reset();
    item(draft).reserve = 200;
    draft.audience.blocklist = {{"666"}};
    draft.limits.per_buyer = 5;
    draft.limits.per_order_max = 2;
    draft.limits.holds_per_buyer = 9;
    const DraftVerdict verdict = judge_revision(*current, draft);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    EXPECT_EQ(verdict.config->items[0].stock, Quantity{1000}) << "as it was";
    EXPECT_EQ(verdict.config->items[0].reserve, Quantity{200});
    EXPECT_EQ(verdict.config->limits.per_buyer, 5);
    EXPECT_EQ(verdict.config->ends_at, current->ends_at + Duration::seconds(600));
    EXPECT_THAT(verdict.warnings, IsEmpty()) << told(verdict.warnings);
}

TEST(Revision, names_every_field_that_cannot_change) {
    CampaignDraft base = good_draft();
    base.limits.per_buyer = 5;
    base.limits.per_order_max = 3;
    base.limits.per_buyer_per_slot = 4;
    const auto current = judge(base, now).config;
    ASSERT_NE(current, nullptr);
    const std::vector<Mistake> changes{
        {"title", "live", [](auto& d) { d.title = "Other"; }},
        {"starts_at", "live", [](auto& d) { d.starts_at = *d.starts_at + Duration::seconds(1); }},
        {"ends_at", "later", [](auto& d) { d.ends_at = *d.ends_at - Duration::seconds(1); }},
        {"items", "there are 1",
         [](auto& d) {
             d.items->push_back(item(d));
             d.items->back().item_id = "1002";
         }},
        {"items[0].item_id", "change places", [](auto& d) { item(d).item_id = "1002"; }},
        {"items[0].title", "live", [](auto& d) { item(d).title = "Pot"; }},
        {"items[0].price", "live", [](auto& d) { item(d).price = 9800; }},
        {"items[0].list_price", "live", [](auto& d) { item(d).list_price = 19800; }},
        {"items[0].stock", "delta", [](auto& d) { item(d).stock = 2000; }},
        {"items[0].reserve", "more than stock", [](auto& d) { item(d).reserve = 1001; }},
        {"timezone", "live", [](auto& d) { d.timezone = "UTC"; }},
        {"limits.per_buyer", "rise", [](auto& d) { d.limits.per_buyer = 4; }},
        {"limits.per_buyer_per_slot", "rise", [](auto& d) { d.limits.per_buyer_per_slot = 3; }},
        {"limits.per_order_max", "rise", [](auto& d) { d.limits.per_order_max = 2; }},
        {"limits.per_order_min", "live", [](auto& d) { d.limits.per_order_min = 2; }},
        {"limits.holds_per_buyer", "rise", [](auto& d) { d.limits.holds_per_buyer = 4; }},
        {"hold_seconds", "live", [](auto& d) { d.hold_seconds = 301; }},
        {"min_pay_seconds", "live", [](auto& d) { d.min_pay_seconds = 61; }},
        {"warmup_seconds", "live", [](auto& d) { d.warmup_seconds = 301; }},
        {"audience.new_buyers_only", "live", [](auto& d) { d.audience.new_buyers_only = true; }},
        {"audience.segments_any", "live", [](auto& d) { d.audience.segments_any = {{3}}; }},
        {"audience.level_min", "live", [](auto& d) { d.audience.level_min = 1; }},
        {"audience.allowlist", "live", [](auto& d) { d.audience.allowlist = {{"1"}}; }},
        {"stock_source", "live", [](auto& d) { d.stock_source = "mirrored"; }},
        {"late_payment", "live", [](auto& d) { d.late_payment = "refund"; }},
        {"restock", "live", [](auto& d) { d.restock = "none"; }},
        {"quota_on_refund", "live", [](auto& d) { d.quota_on_refund = "keep"; }},
        {"ticket", "live", [](auto& d) { d.ticket = "required"; }},
        {"resell_after_end", "live", [](auto& d) { d.resell_after_end = true; }},
        {"show_available", "live", [](auto& d) { d.show_available = false; }},
        {"zero_price", "live", [](auto& d) { d.zero_price = true; }},
        {"waitlist", "live", [](auto& d) { d.waitlist = true; }},
    };
    for (const Mistake& change : changes) {
        CampaignDraft draft = base;
        change.make(draft);
        if (change.field == "items[0].item_id") {
            EXPECT_NE(judge(draft, now).config, nullptr);
        }
        const DraftVerdict verdict = judge_revision(*current, draft);
        EXPECT_EQ(verdict.config, nullptr) << change.field;
        EXPECT_THAT(verdict.errors,
                    Contains(testing::AllOf(Field(&FieldNote::field, change.field),
                                            Field(&FieldNote::message, HasSubstr(change.message)))))
            << change.field << "\n"
            << told(verdict.errors);
    }
}

TEST(Revision, keeps_the_stock_of_a_slot) {
    CampaignDraft draft = draft_with_slots();
    item(draft).slot_stock = 5;
    const auto current = judge(draft, now).config;
    ASSERT_NE(current, nullptr);
    EXPECT_EQ(current->items[0].slot_stock, Quantity{5});
    EXPECT_NE(judge_revision(*current, draft).config, nullptr);
    item(draft).slot_stock = 6;
    EXPECT_THAT(judge_revision(*current, draft).errors,
                Contains(Field(&FieldNote::field, "items[0].slot_stock")));
}

TEST(Revision, may_lift_the_limit_per_slot) {
    CampaignDraft draft = draft_with_slots();
    draft.limits.per_buyer_per_slot = 1;
    const auto current = judge(draft, now).config;
    draft.limits.per_buyer_per_slot.reset();
    EXPECT_NE(judge_revision(*current, draft).config, nullptr);
    const auto lifted = judge_revision(*current, draft).config;
    draft.limits.per_buyer_per_slot = 1;
    EXPECT_EQ(judge_revision(*lifted, draft).config, nullptr) << "and not bring it back";
}

TEST(Revision, keeps_announced_sessions_and_adds_those_of_the_later_end) {
    CampaignDraft draft = draft_with_slots();
    // The sale ends inside the second session.
    draft.ends_at = opening + Duration::seconds(4000);
    draft.windows = {{opening, opening + Duration::seconds(600)},
                     {opening + Duration::seconds(3600), opening + Duration::seconds(4000)}};
    const auto current = judge(draft, now).config;
    ASSERT_NE(current, nullptr);
    // A day longer; meanwhile the zone's tables moved by an hour, which the first session ignores.
    draft.ends_at = opening + Duration::seconds(90000);
    draft.windows = {{opening + Duration::seconds(1800), opening + Duration::seconds(2400)},
                     {opening + Duration::seconds(3600), opening + Duration::seconds(5400)},
                     {opening + Duration::seconds(86400), opening + Duration::seconds(87000)}};
    const auto revised = judge_revision(*current, draft).config;
    ASSERT_NE(revised, nullptr);
    ASSERT_EQ(revised->windows.size(), 3U);
    EXPECT_EQ(revised->windows[0].from, opening);
    EXPECT_EQ(revised->windows[0].to, opening + Duration::seconds(600));
    EXPECT_EQ(revised->windows[1].from, opening + Duration::seconds(3600));
    EXPECT_EQ(revised->windows[1].to, opening + Duration::seconds(5400)) << "no longer cut short";
    EXPECT_EQ(revised->windows[2].from, opening + Duration::seconds(86400));
    EXPECT_TRUE(decode_config(encode(*revised)).has_value());
}

TEST(Revision, refuses_other_slots) {
    CampaignDraft draft = draft_with_slots();
    const auto current = judge(draft, now).config;
    draft.slots_json = "[other]";
    const DraftVerdict verdict = judge_revision(*current, draft);
    EXPECT_THAT(verdict.errors, Contains(Field(&FieldNote::field, "slots")));
}

}  // namespace
}  // namespace stampede::campaigns
