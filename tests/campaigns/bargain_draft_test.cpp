// SPDX-License-Identifier: Apache-2.0
// The parameters of 砍价 in a draft: what cannot work is refused with its field, all at once; what
// is unwise is warned of; what holds survives the journal.
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
using testing::Not;

constexpr Instant now{1'795'200'000'000};

BargainDraft kettle_bargain() {
    BargainDraft bargain;
    bargain.every_item.start_price = 9900;
    bargain.every_item.floor_price = 1000;
    bargain.every_item.helpers = 7;
    bargain.days = LocalDays{{{.from = Instant{0}, .offset_s = 28'800}}};
    return bargain;
}

CampaignDraft kettle_draft() {
    CampaignDraft draft;
    draft.play = "bargain";
    draft.title = "Cut the kettle";
    draft.starts_at = now + Duration::seconds(3600);
    draft.ends_at = now + Duration::seconds(7200);
    ItemDraft& item = draft.items.emplace().emplace_back();
    item.item_id = "1001";
    item.title = "Kettle";
    item.price = 9900;
    item.list_price = 19900;
    item.stock = 100;
    draft.of<BargainPlay>() = kettle_bargain();
    return draft;
}

std::string told(const std::vector<FieldNote>& notes) {
    std::string text;
    for (const FieldNote& note : notes) {
        text += note.field + ": " + note.message + "\n";
    }
    return text;
}

auto note(const std::string& field, const std::string& message) {
    return AllOf(Field(&FieldNote::field, field), Field(&FieldNote::message, HasSubstr(message)));
}

struct Mistake {
    const char* field;
    const char* message;
    std::function<void(CampaignDraft&, BargainItemDraft&, BargainDraft&)> make;
};

CutsDraft uniform(std::int64_t min, std::int64_t max) {
    CutsDraft cuts;
    cuts.uniform = CutRangeDraft{.min = min, .max = max};
    return cuts;
}

CutsDraft staged(std::vector<CutStageDraft> stages) {
    CutsDraft cuts;
    cuts.staged = std::move(stages);
    return cuts;
}

std::vector<Mistake> mistakes() {
    return {
        {"bargain", "required",
         [](auto& d, auto&, auto&) { d.template of<BargainPlay>().reset(); }},
        {"bargain.floor_price", "required", [](auto&, auto& i, auto&) { i.floor_price.reset(); }},
        {"bargain.floor_price", "zero_price", [](auto&, auto& i, auto&) { i.floor_price = 0; }},
        {"bargain.floor_price", "from 0", [](auto&, auto& i, auto&) { i.floor_price = -1; }},
        {"bargain.start_price", "more than floor",
         [](auto&, auto& i, auto&) { i.start_price = 1000; }},
        {"bargain.start_price", "from 1", [](auto&, auto& i, auto&) { i.start_price = 0; }},
        {"bargain.helpers", "required", [](auto&, auto& i, auto&) { i.helpers.reset(); }},
        {"bargain.helpers", "from 1 to 500", [](auto&, auto& i, auto&) { i.helpers = 0; }},
        {"bargain.helpers", "from 1 to 500", [](auto&, auto& i, auto&) { i.helpers = 501; }},
        {"bargain.helpers", "disclosed", [](auto&, auto& i, auto&) { i.undisclosed = true; }},
        // helpers x 1 fen > start - floor
        {"bargain.helpers", "leaves 6 fen above floor_price for 7 helpers",
         [](auto&, auto& i, auto&) { i.start_price = 1006; }},
        {"bargain.first_cut", "leaves 6 fen above floor_price for 7 helpers",
         [](auto&, auto& i, auto&) { i.first_cut = 8894; }},
        {"bargain.first_cut", "from 0", [](auto&, auto& i, auto&) { i.first_cut = -1; }},
        {"bargain.new_helper_bonus_bp", "from 0",
         [](auto&, auto& i, auto&) { i.new_helper_bonus_bp = 100'001; }},
        {"bargain.cuts", "one of uniform", [](auto&, auto& i, auto&) { i.cuts = CutsDraft{}; }},
        {"bargain.cuts", "one of uniform",
         [](auto&, auto& i, auto&) {
             i.cuts = uniform(1, 2);
             i.cuts->planned = true;
         }},
        {"bargain.cuts", "need the number of helpers",
         [](auto&, auto& i, auto&) {
             i.helpers.reset();
             i.undisclosed = true;
         }},
        {"bargain.cuts.uniform.min", "not be more than max",
         [](auto&, auto& i, auto&) { i.cuts = uniform(3, 2); }},
        {"bargain.cuts.uniform.min", "from 1",
         [](auto&, auto& i, auto&) { i.cuts = uniform(0, 2); }},
        {"bargain.cuts.uniform.max", "required",
         [](auto&, auto& i, auto&) {
             i.cuts = uniform(1, 2);
             i.cuts->uniform->max.reset();
         }},
        {"bargain.cuts", "more than the 8900 fen",
         [](auto&, auto& i, auto&) { i.cuts = uniform(1272, 2000); }},
        {"bargain.cuts.proportional.low_bp", "not be more than high_bp",
         [](auto&, auto& i, auto&) {
             i.cuts.emplace().proportional = CutRangeDraft{.min = 200, .max = 100};
         }},
        {"bargain.cuts.proportional.high_bp", "from 1 to 10000",
         [](auto&, auto& i, auto&) {
             i.cuts.emplace().proportional = CutRangeDraft{.min = 200, .max = 10'001};
         }},
        {"bargain.cuts.staged", "1 to 16", [](auto&, auto& i, auto&) { i.cuts = staged({}); }},
        {"bargain.cuts.staged", "1 to 16",
         [](auto&, auto& i, auto&) {
             i.cuts = staged(std::vector<CutStageDraft>(17, {.upto = 1, .min = 1, .max = 1}));
         }},
        {"bargain.cuts.staged[1].upto", "must rise",
         [](auto&, auto& i, auto&) {
             i.cuts = staged({{.upto = 3, .min = 1, .max = 2}, {.upto = 3, .min = 1, .max = 2}});
         }},
        {"bargain.cuts.staged[0].max", "required",
         [](auto&, auto& i, auto&) { i.cuts = staged({{.upto = 3, .min = 1, .max = {}}}); }},
        {"bargain.valid_seconds", "from 10 to 2592000",
         [](auto&, auto& i, auto&) { i.valid_seconds = 9; }},
        {"bargain.valid_seconds", "less than hold_seconds",
         [](auto&, auto& i, auto&) {
             i.valid_seconds = 299;
             i.buy_at = "any_price";
         }},
        {"bargain.pay_seconds", "from 10", [](auto&, auto& i, auto&) { i.pay_seconds = 9; }},
        {"bargain.pay_seconds", "min_pay_seconds",
         [](auto&, auto& i, auto&) { i.pay_seconds = 60; }},
        {"bargain.buy_at", "one of floor, any_price",
         [](auto&, auto& i, auto&) { i.buy_at = "never"; }},
        {"bargain.stock_at", "one of floor, launch, order",
         [](auto&, auto& i, auto&) { i.stock_at = "success"; }},
        {"bargain.mutual_help", "one of block, allow",
         [](auto&, auto&, auto& b) { b.mutual_help = "maybe"; }},
        {"bargain.helps_per_buyer", "from 1", [](auto&, auto&, auto& b) { b.helps_per_buyer = 0; }},
        {"bargain.helps_per_buyer_per_day", "from 1",
         [](auto&, auto&, auto& b) { b.helps_per_buyer_per_day = 0; }},
        {"bargain.helps_per_buyer_per_day", "cannot be placed",
         [](auto&, auto&, auto& b) {
             b.helps_per_buyer_per_day = 3;
             b.days.reset();
         }},
        {"bargain.launches_per_buyer", "from 1",
         [](auto&, auto&, auto& b) { b.launches_per_buyer = 0; }},
        {"bargain.open_launches_per_buyer", "from 1 to 1000",
         [](auto&, auto&, auto& b) { b.open_launches_per_buyer = 1001; }},
        {"limits.per_order_min", "sells one unit",
         [](auto& d, auto&, auto&) {
             d.limits.per_order_min = 2;
             d.limits.per_order_max = 2;
             d.limits.per_buyer = 2;
         }},
        {"ticket", "must be off", [](auto& d, auto&, auto&) { d.ticket = "required"; }},
        {"waitlist", "seckill", [](auto& d, auto&, auto&) { d.waitlist = true; }},
        {"items[0].slot_stock", "stock_at",
         [](auto& d, auto&, auto&) { d.items->at(0).slot_stock = 5; }},
        {"items[0].bargain.helpers", "from 1 to 500",
         [](auto& d, auto&, auto&) { d.items->at(0).bargain.emplace().helpers = 501; }},
        {"items[0].bargain.start_price", "more than floor",
         [](auto& d, auto&, auto&) { d.items->at(0).bargain.emplace().start_price = 10; }},
    };
}

TEST(BargainDraft, refuses_each_number_that_cannot_work_with_its_field) {
    ASSERT_NE(judge(kettle_draft(), now).config, nullptr)
        << told(judge(kettle_draft(), now).errors);
    for (const Mistake& mistake : mistakes()) {
        CampaignDraft draft = kettle_draft();
        BargainDraft bargain = kettle_bargain();
        mistake.make(draft, bargain.every_item, bargain);
        if (draft.of<BargainPlay>()) {
            draft.of<BargainPlay>() = bargain;
        }
        const DraftVerdict verdict = judge(draft, now);
        EXPECT_EQ(verdict.config, nullptr) << mistake.field << ": " << mistake.message;
        EXPECT_THAT(verdict.errors, Contains(note(mistake.field, mistake.message)))
            << told(verdict.errors);
    }
}

TEST(BargainDraft, names_all_mistakes_at_once_and_a_common_one_once) {
    CampaignDraft draft = kettle_draft();
    for (const char* id : {"1002", "1003"}) {
        draft.items->push_back(draft.items->front());
        draft.items->back().item_id = id;
    }
    draft.items->at(1).bargain.emplace().pay_seconds = 1;
    BargainDraft& bargain = *draft.of<BargainPlay>();
    bargain.every_item.helpers = 0;
    bargain.every_item.buy_at = "never";
    bargain.launches_per_buyer = 0;
    const DraftVerdict verdict = judge(draft, now);
    std::vector<std::string> fields;
    for (const FieldNote& error : verdict.errors) {
        fields.push_back(error.field);
    }
    EXPECT_THAT(fields, ElementsAre("bargain.helpers", "bargain.buy_at", "items[1].bargain.helpers",
                                    "items[1].bargain.pay_seconds", "items[1].bargain.buy_at",
                                    "bargain.launches_per_buyer"))
        << told(verdict.errors);
}

TEST(BargainDraft, has_the_defaults_of_the_contract) {
    const DraftVerdict verdict = judge(kettle_draft(), now);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    EXPECT_THAT(verdict.warnings, IsEmpty()) << told(verdict.warnings);
    const auto& terms = std::get<BargainTerms>(verdict.config->terms);
    ASSERT_EQ(terms.items.size(), 1U);
    const BargainItemTerms& item = terms.items.front();
    EXPECT_EQ(item.cuts.mode, CutMode::planned);
    EXPECT_EQ(item.cuts.helpers, 7U);
    EXPECT_EQ(item.cuts.first_cut, Money{0});
    EXPECT_EQ(item.valid, Duration::seconds(86'400));
    EXPECT_EQ(item.pay, Duration::seconds(900));
    EXPECT_EQ(item.buy_at, BuyAt::floor);
    EXPECT_EQ(item.stock_at, StockAt::floor);
    EXPECT_EQ(terms.mutual_help, MutualHelp::block);
    EXPECT_EQ(terms.launches_per_buyer, 1U);
    EXPECT_EQ(terms.open_launches_per_buyer, 1U);
    EXPECT_FALSE(terms.helps.per_campaign);
    EXPECT_FALSE(terms.helps.per_day);
    EXPECT_FALSE(terms.close_with_campaign);
}

TEST(BargainDraft, lets_an_item_have_its_own_words_and_takes_the_rest_from_the_campaign) {
    CampaignDraft draft = kettle_draft();
    draft.items->push_back(draft.items->front());
    draft.items->back().item_id = "1002";
    BargainItemDraft& own = draft.items->back().bargain.emplace();
    own.floor_price = 500;
    own.undisclosed = true;
    own.cuts = uniform(100, 200);
    const DraftVerdict verdict = judge(draft, now);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    const auto& terms = std::get<BargainTerms>(verdict.config->terms);
    EXPECT_EQ(terms.items.at(0).cuts.floor_price, Money{1000});
    EXPECT_EQ(terms.items.at(0).cuts.helpers, 7U);
    EXPECT_EQ(terms.items.at(1).cuts.start_price, Money{9900});
    EXPECT_EQ(terms.items.at(1).cuts.floor_price, Money{500});
    EXPECT_EQ(terms.items.at(1).cuts.helpers, std::nullopt);
    EXPECT_EQ(terms.items.at(1).cuts.mode, CutMode::uniform);
}

TEST(BargainDraft, needs_no_common_words_where_each_item_has_its_own) {
    CampaignDraft draft = kettle_draft();
    draft.items->front().bargain = kettle_bargain().every_item;
    draft.items->front().bargain->start_price.reset();  // the item's price
    draft.of<BargainPlay>().reset();
    const DraftVerdict verdict = judge(draft, now);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    EXPECT_EQ(std::get<BargainTerms>(verdict.config->terms).items.at(0).cuts.start_price,
              Money{9900});
}

TEST(BargainDraft, takes_exactly_a_fen_for_each_helper) {
    CampaignDraft draft = kettle_draft();
    draft.of<BargainPlay>()->every_item.start_price = 1007;
    EXPECT_NE(judge(draft, now).config, nullptr);
    draft.zero_price = true;
    draft.of<BargainPlay>()->every_item.floor_price = 0;
    EXPECT_NE(judge(draft, now).config, nullptr) << told(judge(draft, now).errors);
}

TEST(BargainDraft, warns_of_what_is_allowed_but_unwise) {
    struct Unwise {
        const char* field;
        const char* message;
        std::function<void(BargainDraft&)> make;
    };
    const std::vector<Unwise> all{
        {"bargain.undisclosed", "platforms ban",
         [](auto& b) {
             b.every_item.helpers.reset();
             b.every_item.undisclosed = true;
             b.every_item.cuts = uniform(100, 200);
         }},
        {"bargain.cuts", "the last helper", [](auto& b) { b.every_item.cuts = uniform(100, 200); }},
        {"bargain.pay_seconds", "less than hold_seconds",
         [](auto& b) { b.every_item.pay_seconds = 200; }},
        {"bargain.stock_at", "nothing left", [](auto& b) { b.every_item.stock_at = "order"; }},
        {"bargain.mutual_help", "in pairs", [](auto& b) { b.mutual_help = "allow"; }},
        {"bargain.open_launches_per_buyer", "more than launches",
         [](auto& b) { b.open_launches_per_buyer = 2; }},
    };
    for (const Unwise& unwise : all) {
        CampaignDraft draft = kettle_draft();
        unwise.make(*draft.of<BargainPlay>());
        const DraftVerdict verdict = judge(draft, now);
        ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
        EXPECT_THAT(verdict.warnings, ElementsAre(note(unwise.field, unwise.message)))
            << told(verdict.warnings);
    }
}

TEST(BargainDraft, comes_out_of_the_journal_as_it_went_in) {
    CampaignDraft draft = kettle_draft();
    draft.items->push_back(draft.items->front());
    draft.items->back().item_id = "1002";
    draft.items->back().bargain.emplace().cuts =
        staged({{.upto = 3, .min = 100, .max = 200}, {.upto = 7, .min = 5, .max = 50}});
    BargainDraft& bargain = *draft.of<BargainPlay>();
    bargain.every_item.first_cut = 50;
    bargain.every_item.new_helper_bonus_bp = 2500;
    bargain.helps_per_buyer = 9;
    bargain.helps_per_buyer_per_day = 3;
    bargain.close_with_campaign = true;
    bargain.launches_per_buyer = 4;
    const DraftVerdict verdict = judge(draft, now);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    const std::vector<std::byte> bytes = encode(*verdict.config);
    const auto decoded = decode_config(bytes);
    ASSERT_TRUE(decoded.has_value());
    const auto& terms = std::get<BargainTerms>(decoded->terms);
    EXPECT_EQ(terms, std::get<BargainTerms>(verdict.config->terms));
    EXPECT_EQ(terms.days, *bargain.days);
    EXPECT_EQ(encode(*decoded), bytes);
    for (std::size_t count = 0; count < bytes.size(); ++count) {
        EXPECT_FALSE(decode_config(std::span{bytes}.first(count)).has_value()) << count;
    }
}

TEST(BargainDraft, stays_as_it_is_while_the_campaign_is_live) {
    const auto current = judge(kettle_draft(), now).config;
    CampaignDraft later = kettle_draft();
    later.ends_at = *later.ends_at + Duration::seconds(3600);
    EXPECT_THAT(judge_revision(*current, later).errors, IsEmpty());
    CampaignDraft cheaper = kettle_draft();
    cheaper.of<BargainPlay>()->every_item.floor_price = 900;
    EXPECT_THAT(judge_revision(*current, cheaper).errors,
                ElementsAre(note("bargain", "cannot change while the sale is live")));
}

TEST(LocalDays, count_by_the_zones_calendar_also_where_its_clock_changes) {
    const LocalDays shanghai{{{.from = Instant{0}, .offset_s = 28'800}}};
    // 2026-11-21T16:00:00Z is midnight in Shanghai.
    constexpr Instant midnight{1'795'276'800'000};
    const std::uint32_t day = shanghai.day_of(midnight);
    EXPECT_EQ(shanghai.day_of(midnight - Duration::milliseconds(1)), day - 1);
    EXPECT_EQ(shanghai.day_of(midnight + Duration::seconds(86'399)), day);
    EXPECT_EQ(LocalDays{}.day_of(midnight), day - 1) << "UTC without spans";
    // Clocks go back an hour at `midnight`: the day before has 25 hours.
    const LocalDays changing{
        {{.from = Instant{0}, .offset_s = 28'800}, {.from = midnight, .offset_s = 25'200}}};
    EXPECT_EQ(changing.day_of(midnight), day - 1);
    EXPECT_EQ(changing.day_of(midnight + Duration::seconds(3599)), day - 1);
    EXPECT_EQ(changing.day_of(midnight + Duration::seconds(3600)), day);
}

}  // namespace
}  // namespace stampede::campaigns
