// SPDX-License-Identifier: Apache-2.0
// The parameters of 好友助力 in a draft: what cannot work is refused with its field, all at once;
// what is unwise is warned of; what holds survives the journal.
#include <gmock/gmock.h>

#include <functional>

#include "campaigns/campaign_draft.hpp"

namespace stampede::campaigns {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Instant now{1'795'200'000'000};

RewardTierDraft tier(std::int64_t helpers_needed, const char* item_id, std::int64_t quantity = 1) {
    return {.helpers_needed = helpers_needed, .item_id = item_id, .quantity = quantity};
}

CampaignDraft cups_draft() {
    CampaignDraft draft;
    draft.play = "friend_help";
    draft.title = "Cups for friends";
    draft.starts_at = now + Duration::seconds(3600);
    draft.ends_at = now + Duration::seconds(7 * 86'400);
    auto& items = draft.items.emplace();
    for (const char* item_id : {"cup", "kettle"}) {
        ItemDraft& item = items.emplace_back();
        item.item_id = item_id;
        item.title = item_id;
        item.price = 900;
        item.list_price = 1900;
        item.stock = 100;
    }
    auto& help = draft.of<FriendHelp>().emplace();
    help.tiers = {tier(3, "cup"), tier(10, "kettle", 2)};
    help.helps_per_buyer_per_day = 3;
    help.days = LocalDays{{{.from = Instant{0}, .offset_s = 28'800}}};
    return draft;
}

auto note(const std::string& field, const std::string& message) {
    return AllOf(Field(&FieldNote::field, field), Field(&FieldNote::message, HasSubstr(message)));
}

struct Mistake {
    const char* field;
    const char* message;
    std::function<void(CampaignDraft&, FriendHelpDraft&)> make;
};

std::vector<Mistake> mistakes() {
    return {
        {"friend_help", "required", [](auto& d, auto&) { d.template of<FriendHelp>().reset(); }},
        {"friend_help.tiers", "required", [](auto&, auto& h) { h.tiers.reset(); }},
        {"friend_help.tiers", "1 to 10 tiers", [](auto&, auto& h) { h.tiers->clear(); }},
        {"friend_help.tiers", "1 to 10 tiers",
         [](auto&, auto& h) { h.tiers->resize(11, tier(1, "cup")); }},
        {"friend_help.tiers[0].helpers_needed", "required",
         [](auto&, auto& h) { h.tiers->at(0).helpers_needed.reset(); }},
        {"friend_help.tiers[1].helpers_needed", "from 1 to 100000",
         [](auto&, auto& h) { h.tiers->at(1).helpers_needed = 100'001; }},
        {"friend_help.tiers[1].helpers_needed", "must rise",
         [](auto&, auto& h) { h.tiers->at(1).helpers_needed = 3; }},
        {"friend_help.tiers[1].item_id", "required",
         [](auto&, auto& h) { h.tiers->at(1).item_id.reset(); }},
        {"friend_help.tiers[0].item_id", "not among the campaign's items",
         [](auto&, auto& h) { h.tiers->at(0).item_id = "saucer"; }},
        {"friend_help.tiers[0].quantity", "from 1",
         [](auto&, auto& h) { h.tiers->at(0).quantity = 0; }},
        {"friend_help.tiers[1].quantity", "more than the stock",
         [](auto&, auto& h) { h.tiers->at(1).quantity = 101; }},
        {"friend_help.helps_per_buyer", "from 1", [](auto&, auto& h) { h.helps_per_buyer = 0; }},
        {"friend_help.helps_per_buyer_per_day", "from 1",
         [](auto&, auto& h) { h.helps_per_buyer_per_day = 1'000'001; }},
        {"friend_help.helps_per_buyer_per_day", "needs days",
         [](auto&, auto& h) { h.days.reset(); }},
        {"friend_help.launches_per_buyer", "from 1 to 1000",
         [](auto&, auto& h) { h.launches_per_buyer = 1'001; }},
        {"friend_help.valid_seconds", "from 10 to 2592000",
         [](auto&, auto& h) { h.valid_seconds = 9; }},
        {"limits.per_buyer", "at least 3", [](auto& d, auto&) { d.limits.per_buyer = 2; }},
        {"limits.per_buyer", "at least 6",
         [](auto& d, auto& h) {
             d.limits.per_buyer = 5;
             h.launches_per_buyer = 2;
         }},
        {"limits.per_buyer_per_slot", "left out",
         [](auto& d, auto&) { d.limits.per_buyer_per_slot = 1; }},
        {"limits.per_order_min", "must be 1",
         [](auto& d, auto&) {
             d.limits.per_buyer = 9;
             d.limits.per_order_min = 2;
             d.limits.per_order_max = 2;
         }},
        {"ticket", "must be off", [](auto& d, auto&) { d.ticket = "required"; }},
        {"items[1].slot_stock", "left out", [](auto& d, auto&) { d.items->at(1).slot_stock = 5; }},
        {"waitlist", "belongs to play seckill", [](auto& d, auto&) { d.waitlist = true; }},
        {"bargain", "belongs to play bargain",
         [](auto& d, auto&) { d.template of<BargainPlay>().emplace(); }},
        {"friend_help", "belongs to play friend_help", [](auto& d, auto&) { d.play = "seckill"; }},
    };
}

TEST(FriendHelpDraft, refuses_each_mistake_by_its_field) {
    for (const Mistake& mistake : mistakes()) {
        CampaignDraft draft = cups_draft();
        mistake.make(draft, *draft.of<FriendHelp>());
        const DraftVerdict verdict = judge(draft, now);
        EXPECT_THAT(verdict.errors, Contains(note(mistake.field, mistake.message)))
            << mistake.field;
        EXPECT_EQ(verdict.config, nullptr);
    }
}

TEST(FriendHelpDraft, tells_every_mistake_at_once) {
    CampaignDraft draft = cups_draft();
    FriendHelpDraft& help = *draft.of<FriendHelp>();
    help.tiers = {tier(0, "saucer", 0), {}};
    help.helps_per_buyer = 0;
    help.valid_seconds = 0;
    draft.ticket = "required";
    EXPECT_THAT(judge(draft, now).errors,
                ElementsAre(
                    // Not above what is before the first tier, and out of range.
                    note("friend_help.tiers[0].helpers_needed", "rise"),
                    note("friend_help.tiers[0].helpers_needed", "from 1"),
                    note("friend_help.tiers[0].quantity", "from 1"),
                    note("friend_help.tiers[0].item_id", "not among"),
                    note("friend_help.tiers[1].helpers_needed", "required"),
                    note("friend_help.tiers[1].item_id", "required"),
                    note("friend_help.helps_per_buyer", "from 1"),
                    note("friend_help.valid_seconds", "from 10"), note("ticket", "off")));
}

TEST(FriendHelpDraft, raises_a_buyers_limit_to_what_the_tiers_promise) {
    CampaignDraft draft = cups_draft();
    draft.of<FriendHelp>()->launches_per_buyer = 4;
    const DraftVerdict verdict = judge(draft, now);
    ASSERT_NE(verdict.config, nullptr);
    EXPECT_EQ(verdict.config->limits.per_buyer, 4 * 3);
    draft.limits.per_buyer = 20;
    EXPECT_EQ(judge(draft, now).config->limits.per_buyer, 20);
}

TEST(FriendHelpDraft, survives_the_journal) {
    CampaignDraft draft = cups_draft();
    draft.of<FriendHelp>()->helper_new_only = true;
    draft.of<FriendHelp>()->valid_seconds = 600;
    const DraftVerdict verdict = judge(draft, now);
    ASSERT_NE(verdict.config, nullptr);
    EXPECT_THAT(verdict.warnings, IsEmpty());
    const auto decoded = decode_config(encode(*verdict.config));
    ASSERT_TRUE(decoded.has_value());
    const auto& terms = std::get<FriendHelpTerms>(decoded->terms);
    EXPECT_EQ(terms, std::get<FriendHelpTerms>(verdict.config->terms));
    EXPECT_EQ(terms.days, std::get<FriendHelpTerms>(verdict.config->terms).days);
    EXPECT_TRUE(terms.helper_new_only);
    EXPECT_EQ(terms.helps.per_day, 3U);
    ASSERT_EQ(terms.tiers.size(), 2U);
    EXPECT_EQ(terms.tiers[1].quantity, Quantity{2});
    EXPECT_EQ(terms.valid, Duration::seconds(600));
}

TEST(FriendHelpDraft, warns_of_what_is_unwise) {
    CampaignDraft draft = cups_draft();
    draft.of<FriendHelp>()->tiers->pop_back();
    draft.of<FriendHelp>()->helps_per_buyer_per_day.reset();
    draft.of<FriendHelp>()->valid_seconds = 30 * 86'400;
    const DraftVerdict verdict = judge(draft, now);
    EXPECT_THAT(verdict.warnings,
                ElementsAre(note("items[1]", "no tier"),
                            note("friend_help.helps_per_buyer", "a few accounts"),
                            note("friend_help.valid_seconds", "longer than the sale")));
}

TEST(FriendHelpDraft, keeps_its_terms_while_live) {
    const CampaignDraft draft = cups_draft();
    const DraftVerdict verdict = judge(draft, now);
    ASSERT_NE(verdict.config, nullptr);
    CampaignDraft later = draft;
    later.ends_at = *draft.ends_at + Duration::seconds(60);
    EXPECT_NE(judge_revision(*verdict.config, later).config, nullptr);
    later.of<FriendHelp>()->tiers->at(1).quantity = 1;
    EXPECT_THAT(judge_revision(*verdict.config, later).errors,
                Contains(note("friend_help", "cannot change while the sale is live")));
}

}  // namespace
}  // namespace stampede::campaigns
