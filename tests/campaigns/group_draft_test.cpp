// SPDX-License-Identifier: Apache-2.0
// The parameters of 拼团 in a draft: each mistake named by its field and all of them at once, what
// cannot work refused with its reason, and every parameter kept through a configuration's bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "campaigns/campaign_draft.hpp"

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
    draft.play = "group_buy";
    draft.title = "Together";
    draft.starts_at = opening;
    draft.ends_at = opening + Duration::seconds(7200);
    ItemDraft kettle;
    kettle.item_id = "1001";
    kettle.title = "Kettle";
    kettle.price = 9900;
    kettle.list_price = 19900;
    kettle.stock = 1000;
    draft.items = {kettle};
    draft.of<GroupBuy>().emplace().size = 3;
    return draft;
}

GroupDraft& group(CampaignDraft& draft) {
    return *draft.of<GroupBuy>();
}

std::string told(const std::vector<FieldNote>& notes) {
    std::string text;
    for (const FieldNote& note : notes) {
        text += note.field + " " + note.message + "\n";
    }
    return text;
}

const GroupTerms& terms_of(const DraftVerdict& verdict) {
    return std::get<GroupTerms>(verdict.config->terms);
}

GroupDraft ladder(std::vector<std::pair<std::int64_t, std::int64_t>> steps) {
    GroupDraft draft;
    draft.tiers.emplace();
    for (const auto& [size, price] : steps) {
        draft.tiers->push_back({.size = size, .price = price});
    }
    return draft;
}

TEST(GroupDraft, becomes_terms_with_the_defaults_of_the_rules) {
    const DraftVerdict verdict = judge(good_draft(), now);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    EXPECT_EQ(verdict.config->play, Play::group_buy);
    GroupTerms expected;
    expected.size = 3;
    expected.valid = Duration::seconds(86400);
    EXPECT_EQ(terms_of(verdict), expected);
    EXPECT_THAT(verdict.warnings, IsEmpty());
}

CampaignDraft full_draft() {
    CampaignDraft draft = good_draft();
    GroupDraft& full = group(draft);
    full.valid_seconds = 3600;
    full.leader_price = 8800;
    full.open_groups_per_buyer = 2;
    full.groups_per_buyer = 5;
    full.joins_per_buyer = 6;
    full.single_price = 12000;
    full.public_list = false;
    full.new_member_rule = "at_least_new";
    full.at_least_new = 2;
    full.simulate = "threshold_bp";
    full.threshold_bp = 6000;
    full.lottery.emplace().winners = 2;
    full.overflow = "reroute_fullest";
    full.leader_exit = "dissolve";
    full.leader_commission_bp = 500;
    full.close_with_campaign = true;
    return draft;
}

TEST(GroupDraft, keeps_every_parameter_through_its_bytes) {
    const DraftVerdict verdict = judge(full_draft(), now);
    ASSERT_NE(verdict.config, nullptr) << told(verdict.errors);
    const GroupTerms& terms = terms_of(verdict);
    EXPECT_EQ(terms.leader_price, Money{8800});
    EXPECT_EQ(terms.new_members_min, 2);
    EXPECT_EQ(terms.simulate_bp, 6000);
    EXPECT_EQ(terms.lottery_winners, 2);
    const auto again = decode_config(encode(*verdict.config));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(std::get<GroupTerms>(again->terms), terms);

    CampaignDraft tiered = good_draft();
    group(tiered) = ladder({{2, 9000}, {5, 8000}, {500, 1}});
    const DraftVerdict steps = judge(tiered, now);
    ASSERT_NE(steps.config, nullptr) << told(steps.errors);
    EXPECT_EQ(terms_of(steps).size, 500);
    EXPECT_EQ(std::get<GroupTerms>(decode_config(encode(*steps.config))->terms), terms_of(steps));
}

TEST(GroupDraft, of_cut_bytes_is_no_configuration) {
    const DraftVerdict verdict = judge(full_draft(), now);
    ASSERT_NE(verdict.config, nullptr);
    const std::vector<std::byte> bytes = encode(*verdict.config);
    for (std::size_t count = 0; count < bytes.size(); ++count) {
        EXPECT_FALSE(decode_config(std::span{bytes}.first(count)).has_value()) << count;
    }
}

struct Mistake {
    std::string field;
    std::string message;  // a part of it
    std::function<void(CampaignDraft&)> make;
};

std::vector<Mistake> mistakes_of_one_parameter() {
    return {
        {"group", "is required", [](auto& d) { d.template of<GroupBuy>().reset(); }},
        {"group.size", "is required", [](auto& d) { group(d).size.reset(); }},
        {"group.size", "from 2 to 500", [](auto& d) { group(d).size = 1; }},
        {"group.size", "from 2 to 500", [](auto& d) { group(d).size = 501; }},
        {"group.valid_seconds", "from 10 to 2592000", [](auto& d) { group(d).valid_seconds = 9; }},
        {"group.valid_seconds", "from 10 to 2592000",
         [](auto& d) { group(d).valid_seconds = 2'592'001; }},
        {"group.leader_price", "from 1 to", [](auto& d) { group(d).leader_price = 0; }},
        {"group.single_price", "from 1 to", [](auto& d) { group(d).single_price = -1; }},
        {"group.open_groups_per_buyer", "from 1 to",
         [](auto& d) { group(d).open_groups_per_buyer = 0; }},
        {"group.groups_per_buyer", "from 1 to", [](auto& d) { group(d).groups_per_buyer = 0; }},
        {"group.joins_per_buyer", "from 1 to", [](auto& d) { group(d).joins_per_buyer = 0; }},
        {"group.new_member_rule", "one of none, joiners_new_only, at_least_new",
         [](auto& d) { group(d).new_member_rule = "old"; }},
        {"group.new_member_rule.at_least_new", "is required",
         [](auto& d) { group(d).new_member_rule = "at_least_new"; }},
        {"group.new_member_rule.at_least_new", "from 1 to 3",
         [](auto& d) {
             group(d).new_member_rule = "at_least_new";
             group(d).at_least_new = 4;
         }},
        {"group.simulate", "one of off, at_expiry, threshold_bp",
         [](auto& d) { group(d).simulate = "always"; }},
        {"group.simulate.threshold_bp", "from 1 to 10000",
         [](auto& d) {
             group(d).simulate = "threshold_bp";
             group(d).threshold_bp = 10'001;
         }},
        {"group.lottery.winners", "is required", [](auto& d) { group(d).lottery.emplace(); }},
        {"group.overflow", "one of reject, reroute_fullest, open_new",
         [](auto& d) { group(d).overflow = "queue"; }},
        {"group.leader_exit", "one of promote_next, dissolve",
         [](auto& d) { group(d).leader_exit = "stay"; }},
        {"group.leader_commission_bp", "from 0 to 10000",
         [](auto& d) { group(d).leader_commission_bp = 10'001; }},
    };
}

// Numbers that are each allowed and cannot work together.
std::vector<Mistake> mistakes_that_meet_in_the_night() {
    return {
        {"group.valid_seconds", "not be less than hold_seconds (300)",
         [](auto& d) { group(d).valid_seconds = 299; }},
        {"group.leader_price", "not be more than what members pay (9900)",
         [](auto& d) { group(d).leader_price = 9901; }},
        {"group.single_price", "not be less than what members pay (9900)",
         [](auto& d) { group(d).single_price = 9899; }},
        {"group.lottery.winners", "less than size (3)",
         [](auto& d) { group(d).lottery.emplace().winners = 3; }},
        {"limits.per_order_max", "must be 1 with a lottery",
         [](auto& d) {
             group(d).lottery.emplace().winners = 1;
             d.limits.per_buyer = 2;
             d.limits.per_order_max = 2;
         }},
        {"group.tiers", "2 to 10", [](auto& d) { group(d) = ladder({{2, 9000}}); }},
        {"group.tiers[1].price", "less than that of the tier before",
         [](auto& d) { group(d) = ladder({{2, 9000}, {3, 9000}}); }},
        {"group.tiers[1].size", "more than that of the tier before",
         [](auto& d) { group(d) = ladder({{3, 9000}, {3, 8000}}); }},
        {"group.tiers[0].price", "not be more than the item's",
         [](auto& d) { group(d) = ladder({{2, 9901}, {3, 8000}}); }},
        {"group.tiers[1].price", "is required",
         [](auto& d) {
             group(d) = ladder({{2, 9000}, {3, 8000}});
             (*group(d).tiers)[1].price.reset();
         }},
        {"group.size", "must be the last tier's (3)",
         [](auto& d) {
             group(d) = ladder({{2, 9000}, {3, 8000}});
             group(d).size = 4;
         }},
        {"group.simulate", "cannot be combined with tiers",
         [](auto& d) {
             group(d) = ladder({{2, 9000}, {3, 8000}});
             group(d).simulate = "at_expiry";
         }},
        {"group.lottery", "cannot be combined with tiers",
         [](auto& d) {
             group(d) = ladder({{2, 9000}, {3, 8000}});
             group(d).lottery.emplace().winners = 1;
         }},
        {"group.leader_price", "needs a campaign of one item",
         [](auto& d) {
             d.items->push_back(d.items->front());
             d.items->back().item_id = "1002";
             group(d).leader_price = 9000;
         }},
        {"group", "belongs to play group_buy", [](auto& d) { d.play = "seckill"; }},
    };
}

void expect_each_is_named(const std::vector<Mistake>& mistakes) {
    for (const Mistake& mistake : mistakes) {
        CampaignDraft draft = good_draft();
        mistake.make(draft);
        const DraftVerdict verdict = judge(draft, now);
        EXPECT_EQ(verdict.config, nullptr) << mistake.field << ": " << mistake.message;
        EXPECT_THAT(verdict.errors, Contains(testing::AllOf(
                                        Field(&FieldNote::field, mistake.field),
                                        Field(&FieldNote::message, HasSubstr(mistake.message)))))
            << told(verdict.errors);
    }
}

TEST(GroupDraft, names_each_mistake_of_one_parameter) {
    expect_each_is_named(mistakes_of_one_parameter());
}

TEST(GroupDraft, refuses_numbers_that_cannot_work_together) {
    expect_each_is_named(mistakes_that_meet_in_the_night());
}

TEST(GroupDraft, hears_of_all_its_mistakes_at_once) {
    CampaignDraft draft = good_draft();
    draft.title.reset();
    group(draft).size = 1;
    group(draft).overflow = "queue";
    group(draft).leader_commission_bp = -1;
    EXPECT_EQ(judge(draft, now).errors.size(), 4U);
}

TEST(GroupDraft, is_warned_of_what_is_unwise) {
    const auto warned = [](const std::function<void(CampaignDraft&)>& make, const char* field) {
        CampaignDraft draft = good_draft();
        make(draft);
        const DraftVerdict verdict = judge(draft, now);
        EXPECT_THAT(verdict.warnings, Contains(Field(&FieldNote::field, field)))
            << field << told(verdict.errors);
    };
    warned([](auto& d) { group(d).simulate = "at_expiry"; }, "group.simulate");
    warned([](auto& d) { d.items->front().stock = 2; }, "items[0].stock");
    warned([](auto& d) { group(d).close_with_campaign = true; }, "group.valid_seconds");
}

TEST(GroupDraft, cannot_change_while_live) {
    const DraftVerdict was = judge(good_draft(), now);
    CampaignDraft wanted = good_draft();
    group(wanted).overflow = "open_new";
    const DraftVerdict verdict = judge_revision(*was.config, wanted);
    EXPECT_THAT(verdict.errors, Contains(Field(&FieldNote::field, "group")));
    CampaignDraft same = good_draft();
    same.ends_at = opening + Duration::seconds(9000);
    EXPECT_NE(judge_revision(*was.config, same).config, nullptr);
}

}  // namespace
}  // namespace stampede::campaigns
