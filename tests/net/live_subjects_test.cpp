// SPDX-License-Identifier: Apache-2.0
// What the live door says about each kind of subject, along a sale that is replayed commit by
// commit as the follower does.
#include "net/live_subjects.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "campaigns/bargains.hpp"
#include "campaigns/group_buy_state.hpp"
#include "tests/support/sale_rig.hpp"
#include "tests/support/scenario.hpp"

namespace stampede::net {
namespace {

using campaigns::Campaign;
using campaigns::Code;
using tests::ModelJournal;
using tests::SaleRig;

const CampaignId the_campaign{1};

class ShownAlongASale : public testing::Test {
  protected:
    /// Plays the table; its answers must hold.
    void play(const std::string& table) {
        const auto wrong = tests::run_scenario_text(table, "table", journal_);
        ASSERT_FALSE(wrong.has_value()) << *wrong;
    }
    /// The fields of one subject, whenever they differ from those before.
    std::vector<std::string> seen(const std::function<LiveSubject(const Campaign&)>& subject) {
        SaleRig::Set state;
        std::vector<std::string> fields;
        for (const ModelJournal::Kept& kept : journal_) {
            EXPECT_TRUE(state.apply(kept.commit()).has_value());
            const Route route{Route::By::scope, the_campaign.raw()};
            const Campaign* campaign = state.machine(state.shard_of(route)).find(the_campaign);
            if (campaign == nullptr) {
                continue;
            }
            LiveLook look;
            look.subject = subject(*campaign);
            show(campaign, look);
            last_ = std::string{look.fields.view()};
            if (look.code == Code::ok && (fields.empty() || fields.back() != last_)) {
                fields.push_back(last_);
            }
            code_ = look.code;
            buyer_ = look.buyer;
        }
        return fields;
    }

    std::vector<ModelJournal::Kept> journal_;
    std::string last_;
    Code code_ = Code::ok;
    BuyerId buyer_;
};

TEST_F(ShownAlongASale, a_campaign_says_what_is_sold_out_and_not_how_many_are_left) {
    play(R"(campaign 1
    item 1001 stock 2
    item 1002 stock 1
at 20:00:00
A = buy 42 1001 => HELD
B = buy 43 1001 => HELD
C = buy 44 1002 => HELD
cancel 43 B => CANCELLED
)");
    const auto events =
        seen([](const Campaign&) { return LiveSubject{SubjectKind::campaign, the_campaign, 0}; });
    const auto shown = [](const char* state, bool all, bool one, bool other) {
        const auto flag = [](bool is) { return std::string{is ? "true" : "false"}; };
        return R"("subject":"campaign","campaign_id":"1","state":")" + std::string{state} +
               R"(","sold_out":)" + flag(all) + R"(,"items":[{"item_id":"1001","sold_out":)" +
               flag(one) + R"(},{"item_id":"1002","sold_out":)" + flag(other) + "}],";
    };
    ASSERT_GE(events.size(), 4U);
    const std::vector<std::string> last(events.end() - 4, events.end());
    EXPECT_THAT(last, testing::ElementsAre(
                          shown("live", false, false, false), shown("live", false, true, false),
                          shown("live", true, true, true), shown("live", false, false, true)));
}

TEST_F(ShownAlongASale, an_order_is_shown_in_the_words_of_the_buyers_door) {
    play(R"(campaign 1
    item 1001 stock 2
at 20:00:00
A = buy 42 1001 => HELD
B = buy 43 1001 => HELD
pay A p1 9900 => CONFIRMED
)");
    const auto events = seen([](const Campaign& campaign) {
        const std::uint64_t first =
            campaign.book().order_count() > 0 ? campaign.book().order(0).id.raw() : 0;
        return LiveSubject{SubjectKind::order, the_campaign, first};
    });
    ASSERT_EQ(events.size(), 2U) << "the other buyer's order is no news";
    EXPECT_THAT(events[0], testing::HasSubstr(R"("state":"held","item_id":"1001","quantity":1,)"));
    EXPECT_THAT(events[0], testing::HasSubstr(R"("pay_by_ms":)"));
    EXPECT_THAT(events[1], testing::HasSubstr(R"("state":"confirmed")"));
    EXPECT_EQ(buyer_, BuyerId{42});
    seen([](const Campaign&) { return LiveSubject{SubjectKind::order, the_campaign, 36}; });
    EXPECT_EQ(code_, Code::order_unknown);
}

TEST_F(ShownAlongASale, a_bargain_says_how_many_helped_and_how_many_are_needed) {
    play(R"(campaign 1
    item 1001 stock 1
    bargain start 1000 floor 100 helpers 2
at 20:00:00
B = launch 42 1001 => OK
help 51 B => CUT needed 1
help 52 B => CUT bargain reached needed 0
A = take 42 B => HELD
pay A p1 100 => CONFIRMED
)");
    const auto events = seen([](const Campaign& campaign) {
        const auto& book = campaigns::bargains_of(campaign).book();
        return LiveSubject{SubjectKind::bargain, the_campaign,
                           book.count() > 0 ? book.bargain(0).id.raw() : 0};
    });
    ASSERT_EQ(events.size(), 5U);
    EXPECT_THAT(events[0], testing::StartsWith(R"("subject":"bargain","bargain":{"bargain_id":")"));
    EXPECT_THAT(events[0],
                testing::HasSubstr(R"("item_id":"1001","state":"open","start_price":1000,)"
                                   R"("floor_price":100,"current_price":1000,"helpers":0,)"
                                   R"("helpers_needed":2,"deadline_ms":)"));
    EXPECT_THAT(events[0],
                testing::EndsWith(R"(},"member_count":0,"room_limit":2,"target_state":0,)"));
    EXPECT_THAT(events[1],
                testing::EndsWith(R"(},"member_count":1,"room_limit":2,"target_state":0,)"));
    EXPECT_THAT(events[2], testing::HasSubstr(R"("state":"reached")"));
    EXPECT_THAT(events[2], testing::HasSubstr(R"("current_price":100,"helpers":2,)"));
    EXPECT_THAT(events[2],
                testing::EndsWith(R"(},"member_count":2,"room_limit":2,"target_state":1,)"));
    EXPECT_THAT(events[3], testing::HasSubstr(R"("state":"ordered")"));
    EXPECT_THAT(events[4], testing::HasSubstr(R"("state":"paid")"));
    seen([](const Campaign&) { return LiveSubject{SubjectKind::bargain, the_campaign, 36}; });
    EXPECT_EQ(code_, Code::bargain_unknown);
}

TEST_F(ShownAlongASale, a_group_says_how_full_it_is_and_what_a_shared_card_shows) {
    play(R"(campaign 1
    item 1001 stock 9
    group size 2
at 20:00:00
A = open 42 1001 => HELD
B = join 43 A => HELD
pay A p1 9900 => OK state paid
pay B p2 9900 => CONFIRMED
events => GROUP_SUCCEEDED group A members 2 confirmed 2 virtual 0 price 9900 leader_buyer_id 42 )"
         "leader_commission_bp 0 item 1001\n");
    const auto events = seen([](const Campaign& campaign) {
        const auto open = campaigns::groups_of(campaign, BuyerId{42}, 1);
        return LiveSubject{SubjectKind::group, the_campaign,
                           open.empty() ? 0 : open.front().group_id.raw()};
    });
    ASSERT_EQ(events.size(), 4U);
    EXPECT_THAT(events[0], testing::StartsWith(R"("subject":"group","group":{"group_id":")"));
    EXPECT_THAT(events[0], testing::HasSubstr(R"("item_id":"1001","state":"forming","size":2,)"
                                              R"("locked":1,"paid":0,"virtual":0,"deadline_ms":)"));
    EXPECT_THAT(events[0],
                testing::EndsWith(R"(},"member_count":1,"room_limit":2,"target_state":0,)"));
    EXPECT_THAT(events[1], testing::HasSubstr(R"("state":"full","size":2,"locked":2,"paid":0,)"));
    EXPECT_THAT(events[2], testing::HasSubstr(R"("state":"full","size":2,"locked":1,"paid":1,)"));
    EXPECT_THAT(events[3],
                testing::HasSubstr(R"("state":"success","size":2,"locked":0,"paid":2,)"));
    EXPECT_THAT(events[3],
                testing::EndsWith(R"(},"member_count":2,"room_limit":2,"target_state":1,)"));
    seen([](const Campaign&) { return LiveSubject{SubjectKind::group, the_campaign, 36}; });
    EXPECT_EQ(code_, Code::group_unknown);
}

TEST_F(ShownAlongASale, a_campaign_of_another_play_has_no_bargains) {
    play(R"(campaign 1
    item 1001 stock 2
at 20:00:00
A = buy 42 1001 => HELD
)");
    seen([](const Campaign&) { return LiveSubject{SubjectKind::bargain, the_campaign, 36}; });
    EXPECT_EQ(code_, Code::bargain_unknown);
    LiveLook look;
    show(nullptr, look);
    EXPECT_EQ(look.code, Code::campaign_unknown);
}

}  // namespace
}  // namespace stampede::net
