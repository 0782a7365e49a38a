// SPDX-License-Identifier: Apache-2.0
// The published plan of a bargain's cuts: whoever has it can recompute every cut from the seed, and
// sees any that was bent. And the parameters of 砍价 as JSON, there and back.
#include "net/bargain_plan.hpp"

#include <gmock/gmock.h>

#include "net/bargain_draft_decoder.hpp"
#include "net/config_json.hpp"
#include "net/draft_decoder.hpp"

namespace stampede::net {
namespace {

using campaigns::BargainId;
using campaigns::BargainTerms;
using campaigns::CommittedSeed;
using campaigns::SeedBytes;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;

SeedBytes some_seed() {
    SeedBytes seed{};
    seed.fill(7);
    return seed;
}

BargainPlan honest_plan() {
    BargainPlan plan;
    plan.campaign = CampaignId{7};
    plan.seed = some_seed();
    plan.seed_digest = campaigns::digest_of_seed(some_seed());
    plan.seed_is_public = true;
    const CommittedSeed seed(some_seed());
    for (std::uint64_t id : {1000U, 2000U}) {
        PlannedBargain bargain;
        bargain.id = BargainId{id};
        bargain.item_id = "1001";
        bargain.terms.cuts.start_price = Money{9900};
        bargain.terms.cuts.floor_price = Money{1000};
        bargain.terms.cuts.helpers = 7;
        bargain.terms.cuts.first_cut = Money{100};
        bargain.terms.cuts.new_helper_bonus_bp = 2000;
        Money rest{8800};
        for (std::uint32_t ordinal = 1; ordinal <= 7; ++ordinal) {
            const bool is_new = ordinal % 3 == 0;
            const Money cut = cut_amount(bargain.terms.cuts,
                                         {.rest = rest,
                                          .ordinal = ordinal,
                                          .novelty = is_new ? campaigns::HelperNovelty::new_buyer
                                                            : campaigns::HelperNovelty::known},
                                         bits_of_cut(seed, id, ordinal));
            rest -= cut;
            bargain.cuts.push_back({cut, is_new});
        }
        plan.bargains.push_back(bargain);
    }
    return plan;
}

std::string published(const BargainPlan& plan) {
    TextBuffer out;
    append_plan(out, plan);
    return std::string{out.view()};
}

TEST(BargainPlan, holds_when_it_was_kept) {
    EXPECT_EQ(first_unfair(honest_plan()), std::nullopt);
    EXPECT_EQ(honest_plan().cut_count(), 14U);
}

TEST(BargainPlan, shows_every_way_to_bend_it) {
    const auto unfair = [](auto&& bend) {
        BargainPlan plan = honest_plan();
        bend(plan);
        return first_unfair(plan).value_or("nothing");
    };
    EXPECT_THAT(unfair([](auto& plan) { plan.bargains[1].cuts[3].amount += Money{1}; }),
                HasSubstr("bargain 1jk, cut 4"));
    EXPECT_THAT(
        unfair([](auto& plan) { std::swap(plan.bargains[0].cuts[0], plan.bargains[0].cuts[1]); }),
        HasSubstr("bargain rs, cut 1"));
    EXPECT_THAT(unfair([](auto& plan) { plan.bargains[0].cuts[2].new_helper = false; }),
                HasSubstr("cut 3"));
    EXPECT_THAT(unfair([](auto& plan) { plan.bargains[0].id = BargainId{1001}; }),
                HasSubstr("cut 1"));
    EXPECT_THAT(unfair([](auto& plan) { plan.bargains[0].terms.cuts.floor_price = Money{900}; }),
                HasSubstr("bargain rs"));
    EXPECT_THAT(unfair([](auto& plan) { plan.bargains[0].cuts.push_back({Money{1}, false}); }),
                HasSubstr("cut 8: after the floor"));
    EXPECT_THAT(unfair([](auto& plan) { (*plan.seed)[0] = 8; }),
                HasSubstr("not the one that was promised"));
}

TEST(BargainPlan, is_the_same_after_it_was_published) {
    const std::string text = published(honest_plan());
    const auto plan = parse_plan(text);
    ASSERT_TRUE(plan.has_value()) << plan.error().message;
    EXPECT_EQ(first_unfair(*plan), std::nullopt);
    EXPECT_EQ(plan->bargains.size(), 2U);
    EXPECT_EQ(plan->cut_count(), 14U);
    EXPECT_EQ(plan->bargains[0].terms, honest_plan().bargains[0].terms);
    BargainPlan secret = honest_plan();
    secret.seed_is_public = false;
    EXPECT_THAT(published(secret), testing::Not(HasSubstr("\"seed\":")));
    EXPECT_FALSE(parse_plan(published(secret))->seed);
}

TEST(BargainPlan, tells_its_seed_from_the_end_or_the_kill_on) {
    using campaigns::CampaignState;
    BargainPlanReader reader(CampaignId{7});
    for (const CampaignState state :
         {CampaignState::live, CampaignState::ending, CampaignState::ended, CampaignState::killed,
          CampaignState::settled, CampaignState::archived}) {
        campaigns::CampaignStateChanged changed;
        changed.to = state;
        ASSERT_TRUE(reader.read(campaigns::Event{campaigns::CampaignEvent{changed}}).has_value());
        EXPECT_EQ(reader.plan().seed_is_public,
                  state != CampaignState::live && state != CampaignState::ending)
            << text(state);
    }
}

TEST(BargainPlan, names_the_line_that_is_none) {
    const std::string text = published(honest_plan());
    const std::string first = text.substr(0, text.find('\n') + 1);
    const auto fault_of = [](const std::string& bad) { return parse_plan(bad).error().message; };
    EXPECT_THAT(fault_of(""), HasSubstr("line 1"));
    EXPECT_THAT(fault_of("{"), HasSubstr("line 1"));
    EXPECT_THAT(fault_of("{\"campaign_id\":\"7\"}\n"), HasSubstr("seed_digest"));
    EXPECT_THAT(
        fault_of("{\"campaign_id\":\"7\",\"seed_digest\":\"" + std::string(64, 'g') + "\"}"),
        HasSubstr("hexadecimal"));
    EXPECT_THAT(fault_of(first + "{\"bargain_id\":\"rs\",\"cuts\":[]}"),
                HasSubstr("line 2: terms is required"));
    EXPECT_THAT(fault_of(first + R"({"bargain_id":"RS","terms":{},"cuts":[]})"),
                HasSubstr("line 2: bargain_id"));
    EXPECT_THAT(fault_of(first + R"({"bargain_id":"rs","terms":{"floor":1},"cuts":[]})"),
                HasSubstr("line 2: terms.floor is not a field here"));
    EXPECT_THAT(
        fault_of(first +
                 R"({"bargain_id":"rs","terms":{"start_price":9,"floor_price":1,"helpers":9}})"),
        HasSubstr("line 2: terms.helpers"));
    EXPECT_THAT(fault_of(first + R"({"bargain_id":"rs","terms":{},"cuts":[{"amount":0}]})"),
                HasSubstr("line 2: cuts[0].amount"));
}

// Parameters -------------------------------------------------------------------------------------

std::string draft_with(const std::string& more) {
    return R"({"play":"bargain","title":"Cut","starts_at":"2026-11-21T20:00:00+08:00",)"
           R"("ends_at":"2026-11-22T22:00:00+08:00",)" +
           more + "}";
}
constexpr const char* kettle =
    R"("items":[{"item_id":"1001","title":"Kettle","price":9900,"stock":10}])";

campaigns::DraftVerdict judged(const std::string& json) {
    const auto draft = decode_draft(json, DraftUse::create);
    EXPECT_TRUE(draft.has_value()) << json;
    return judge_draft(*draft, Instant{0});
}

TEST(BargainParameters, are_read_as_the_contract_writes_them) {
    const auto verdict = judged(draft_with(
        std::string{kettle} +
        R"(,"bargain":{"start_price":9900,"floor_price":1000,"helpers":7,)"
        R"("cuts":{"staged":[{"upto":2,"min":500,"max":900},{"upto":7,"min":10,"max":99}]},)"
        R"("first_cut":5,"new_helper_bonus_bp":100,"helps_per_buyer":3,)"
        R"("helps_per_buyer_per_day":2,"mutual_help":"allow","launches_per_buyer":2,)"
        R"("open_launches_per_buyer":2,"valid_seconds":3600,"pay_seconds":600,)"
        R"("buy_at":"any_price","stock_at":"order","close_with_campaign":true})"));
    ASSERT_NE(verdict.config, nullptr);
    const auto& terms = std::get<BargainTerms>(verdict.config->terms);
    EXPECT_EQ(terms.helps.per_day, 2U);
    EXPECT_EQ(terms.items.at(0).cuts.stages.at(1).range.max, Money{99});
    EXPECT_TRUE(terms.close_with_campaign);
    // Midnight in Shanghai parts the days.
    const Instant midnight{1'795'276'800'000};
    EXPECT_EQ(terms.days.day_of(midnight), terms.days.day_of(midnight - Duration::seconds(1)) + 1);
}

TEST(BargainParameters, are_shown_as_they_can_be_sent_back) {
    const std::string two_items =
        R"("items":[{"item_id":"1001","title":"Kettle","price":9900,"stock":10},)"
        R"({"item_id":"1002","title":"Cup","price":900,"stock":10,"bargain":{"floor_price":100,)"
        R"("start_price":900,"undisclosed":true,)"
        R"("cuts":{"proportional":{"low_bp":100,"high_bp":200}}}}])";
    for (const std::string& items : {std::string{kettle}, two_items}) {
        const auto verdict = judged(
            draft_with(items + R"(,"bargain":{"start_price":9900,"floor_price":1000,"helpers":7,)"
                               R"("cuts":{"uniform":{"min":1,"max":50}},"helps_per_buyer":3})"));
        ASSERT_NE(verdict.config, nullptr);
        TextBuffer out;
        JsonText json(out);
        json.open_object();
        append_config_fields(json, *verdict.config);
        json.finish();
        auto again = decode_draft(out.view(), DraftUse::revise);
        ASSERT_TRUE(again.has_value());
        const auto shown = judge_draft(*again, Instant{0});
        // GET does not show the version, which PUT asks for.
        ASSERT_EQ(shown.errors.size(), 1U) << out.view();
        EXPECT_EQ(shown.errors.front().field, "version");
        campaigns::CampaignDraft back = again->draft;
        const auto config = campaigns::judge(back, Instant{0}).config;
        ASSERT_NE(config, nullptr) << out.view();
        EXPECT_EQ(std::get<BargainTerms>(config->terms),
                  std::get<BargainTerms>(verdict.config->terms))
            << out.view();
    }
}

TEST(BargainParameters, name_each_stranger_and_each_wrong_type) {
    const auto verdict = judged(
        draft_with(R"("items":[{"item_id":"1001","title":"Kettle","price":9900,"stock":10,)"
                   R"("bargain":{"helper":1}}],)"
                   R"("bargain":{"start":1,"floor_price":"1000","helpers":7,"cuts":"random",)"
                   R"("launches_per_buyer":true})"));
    const auto has = [&](const std::string& field, const std::string& message) {
        EXPECT_THAT(
            verdict.errors,
            Contains(testing::AllOf(Field(&campaigns::FieldNote::field, field),
                                    Field(&campaigns::FieldNote::message, HasSubstr(message)))));
    };
    has("items[0].bargain.helper", "did you mean helpers");
    has("bargain.start", "not a field here");
    has("bargain.floor_price", "whole number");
    has("bargain.cuts", "planned");
    has("bargain.launches_per_buyer", "whole number");
}

}  // namespace
}  // namespace stampede::net
