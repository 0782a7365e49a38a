// SPDX-License-Identifier: Apache-2.0
// Who is told what, without a socket and on a clock of the test's own.
#include "net/live_board.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <set>

#include "net/live_subject.hpp"
#include "tests/net/shown_subjects.hpp"

namespace stampede::net {
namespace {

using testing::HasSubstr;
constexpr Duration look_every = Duration::milliseconds(100);
constexpr std::size_t plenty = 1'000'000;

class LiveBoardTest : public testing::Test {
  protected:
    ~LiveBoardTest() override {
        for (LiveWatch& watch : watches_) {
            if (watch.topic != nullptr) {
                board_.leave(watch);
            }
        }
    }
    static LiveSubject campaign(std::uint64_t id) {
        return {SubjectKind::campaign, CampaignId{id}, 0};
    }
    LiveWatch& join(const LiveSubject& subject) {
        board_.join(watches_.emplace_back(), subject);
        return watches_.back();
    }
    std::size_t look(std::size_t budget = plenty) {
        return board_.look(state_, now_, Instant{1234}, budget);
    }
    /// Sends to everybody who has his turn, as watchers who are always ready.
    std::size_t tell(std::size_t budget = plenty) {
        std::size_t told = 0;
        board_.tell(now_, budget, [&](LiveWatch& watch) {
            watch.told = watch.topic->version();
            ++told;
        });
        return told;
    }
    void wait(Duration duration) { now_ = now_ + duration; }

    ShownSubjects state_;
    LiveBoard board_{look_every};
    SteadyTime now_{1'000'000};
    std::list<LiveWatch> watches_;
};

TEST_F(LiveBoardTest, shows_a_newcomer_the_newest_state_in_the_words_of_the_contract) {
    state_.set(campaign(7), R"("subject":"campaign","state":"live",)");
    const LiveWatch& watch = join(campaign(7));
    EXPECT_EQ(watch.topic->version(), 0U);
    EXPECT_EQ(look(), 1U);
    EXPECT_EQ(watch.topic->seen(), state_.applied());
    EXPECT_EQ(watch.topic->frame()->line(),
              R"({"code":"OK","subject":"campaign","state":"live","sequence":2,"server_ms":1234})");
    EXPECT_EQ(watch.topic->frame()->chunk,
              "50\r\n" + std::string{watch.topic->frame()->line()} + "\n\r\n");
}

TEST_F(LiveBoardTest, looks_at_a_subject_once_however_many_follow_it) {
    state_.set(campaign(7), R"("a":1,)");
    for (int at = 0; at < 1000; ++at) {
        join(campaign(7));
    }
    EXPECT_EQ(board_.topic_count(), 1U);
    EXPECT_EQ(look(), 1U);
    EXPECT_EQ(state_.looks(), 1U);
    std::set<const LiveFrame*> frames;
    board_.tell(now_, plenty, [&](LiveWatch& watch) { frames.insert(watch.topic->frame().get()); });
    EXPECT_EQ(frames.size(), 1U) << "all are sent the same bytes";
}

TEST_F(LiveBoardTest, does_not_look_again_before_its_time_nor_without_a_new_commit) {
    state_.set(campaign(7), R"("a":1,)");
    join(campaign(7));
    look();
    state_.set(campaign(7), R"("a":2,)");
    wait(Duration::milliseconds(99));
    EXPECT_EQ(look(), 0U);
    EXPECT_EQ(state_.looks(), 1U);
    wait(Duration::milliseconds(1));
    EXPECT_EQ(look(), 1U);
    wait(Duration::seconds(10));
    EXPECT_EQ(look(), 0U);
    EXPECT_EQ(state_.looks(), 2U) << "nothing was committed since";
}

TEST_F(LiveBoardTest, makes_no_news_of_a_state_that_looks_as_before) {
    state_.set(campaign(7), R"("a":1,)");
    const LiveWatch& watch = join(campaign(7));
    look();
    tell();
    state_.set(campaign(7), R"("a":1,)");
    wait(look_every);
    EXPECT_EQ(look(), 0U);
    state_.pass(5);
    wait(look_every);
    EXPECT_EQ(look(), 0U);
    EXPECT_EQ(watch.topic->version(), 1U);
    EXPECT_EQ(tell(), 0U);
}

TEST_F(LiveBoardTest, tells_a_crowd_under_the_budget_and_rests_before_the_next_round) {
    constexpr std::size_t watchers = 10'000;
    constexpr std::size_t budget = 256;
    state_.set(campaign(7), R"("a":1,)");
    for (std::size_t at = 0; at < watchers; ++at) {
        join(campaign(7));
    }
    look();
    std::size_t told = 0;
    for (std::size_t turn = 0; turn < 10; ++turn) {
        EXPECT_EQ(tell(budget), budget);
        told += budget;
    }
    // In the middle of the round there is a newer state: the rest is told that one.
    state_.set(campaign(7), R"("a":2,)");
    wait(look_every);
    EXPECT_EQ(look(), 1U);
    while (const std::size_t now_told = tell(budget)) {
        EXPECT_LE(now_told, budget);
        told += now_told;
    }
    EXPECT_EQ(told, watchers) << "a round is over when each had his turn";
    EXPECT_TRUE(board_.has_news());
    wait(Duration::milliseconds(1'999));
    EXPECT_EQ(tell(), 0U);
    wait(Duration::milliseconds(1));
    EXPECT_EQ(tell(), 10 * budget) << "who was told the older state, and nobody else";
    for (const LiveWatch& watch : watches_) {
        EXPECT_EQ(watch.told, 2U);
    }
    wait(Duration::seconds(10));
    tell();
    EXPECT_FALSE(board_.has_news());
}

TEST_F(LiveBoardTest, does_not_keep_one_waiting_behind_a_crowd) {
    state_.set(campaign(7), R"("a":1,)");
    state_.set(campaign(8), R"("a":1,)");
    for (std::size_t at = 0; at < 1'000; ++at) {
        join(campaign(7));
    }
    const LiveWatch& one = join(campaign(8));
    look();
    EXPECT_EQ(tell(2), 2U);
    EXPECT_EQ(one.told, 1U);
    while (tell(100) > 0) {}
    state_.set(campaign(7), R"("a":2,)");
    state_.set(campaign(8), R"("a":2,)");
    wait(look_every);
    look();
    tell(1);
    EXPECT_EQ(one.told, 2U) << "while the crowd's subject rests";
}

TEST_F(LiveBoardTest, lets_those_who_cannot_take_anything_pass) {
    state_.set(campaign(7), R"("a":1,)");
    LiveWatch& busy = join(campaign(7));
    LiveWatch& ready = join(campaign(7));
    look();
    board_.tell(now_, plenty, [&](LiveWatch& watch) {
        if (&watch == &ready) {
            watch.told = watch.topic->version();
        }
    });
    EXPECT_FALSE(board_.has_news()) << "nobody is asked again and again";
    EXPECT_EQ(busy.told, 0U);
    state_.set(campaign(7), R"("a":2,)");
    wait(look_every);
    look();
    EXPECT_EQ(tell(), 2U);
    EXPECT_EQ(busy.told, 2U) << "the newest, and not what it missed";
}

TEST_F(LiveBoardTest, shares_its_budget_of_looks_among_all_subjects) {
    constexpr std::uint64_t subjects = 300;
    for (std::uint64_t id = 1; id <= subjects; ++id) {
        state_.set(campaign(id), R"("a":1,)");
        join(campaign(id));
    }
    EXPECT_EQ(look(100), 100U);
    EXPECT_EQ(look(100), 100U);
    EXPECT_EQ(look(100), 100U);
    EXPECT_EQ(look(100), 0U);
    for (const LiveWatch& watch : watches_) {
        EXPECT_EQ(watch.topic->version(), 1U);
    }
}

TEST_F(LiveBoardTest, says_that_a_subject_is_unknown_and_when_it_becomes_so) {
    const LiveWatch& nothing = join(campaign(8));
    state_.set(campaign(7), R"("a":1,)");
    const LiveWatch& watch = join(campaign(7));
    look();
    EXPECT_EQ(nothing.topic->code(), campaigns::Code::campaign_unknown);
    state_.remove(campaign(7));
    wait(look_every);
    EXPECT_EQ(look(), 1U);
    EXPECT_EQ(watch.topic->code(), campaigns::Code::campaign_unknown);
    EXPECT_EQ(watch.topic->frame()->line(), R"({"code":"CAMPAIGN_UNKNOWN","server_ms":1234})");
}

TEST_F(LiveBoardTest, forgets_a_subject_that_nobody_follows_any_more) {
    state_.set(campaign(7), R"("a":1,)");
    LiveWatch& one = join(campaign(7));
    LiveWatch& other = join(campaign(7));
    look();
    board_.leave(one);
    EXPECT_EQ(board_.topic_count(), 1U);
    board_.leave(other);
    EXPECT_EQ(board_.topic_count(), 0U);
    EXPECT_FALSE(board_.has_news());
    EXPECT_EQ(look(), 0U);
}

// Paths ------------------------------------------------------------------------------------------

TEST(LiveRoute, reads_a_campaign_an_order_and_both_on_one_connection) {
    const auto campaign = route_live("GET", "/v1/campaigns/7/live", "");
    ASSERT_TRUE(campaign.has_value());
    EXPECT_FALSE(campaign->needs_buyer);
    EXPECT_THAT(campaign->subjects,
                testing::ElementsAre(LiveSubject{SubjectKind::campaign, CampaignId{7}, 0}));
    const auto order = route_live("GET", "/v1/campaigns/7/orders/10/live", "");
    ASSERT_TRUE(order.has_value());
    EXPECT_TRUE(order->needs_buyer);
    EXPECT_THAT(order->subjects,
                testing::ElementsAre(LiveSubject{SubjectKind::order, CampaignId{7}, 36}));
    const auto both = route_live("GET", "/v1/campaigns/7/live", "order_id=10&order_id=10");
    ASSERT_TRUE(both.has_value());
    EXPECT_TRUE(both->needs_buyer);
    EXPECT_EQ(both->subjects.size(), 2U) << "asked for twice, followed once";
}

TEST(LiveRoute, refuses_what_nobody_can_follow) {
    const auto status = [](std::string_view method, std::string_view path,
                           std::string_view query = {}) {
        const auto route = route_live(method, path, query);
        return route.has_error() ? route.error().status : 200;
    };
    EXPECT_EQ(status("GET", "/"), 404);
    EXPECT_EQ(status("GET", "/v1/campaigns/7"), 404);
    EXPECT_EQ(status("GET", "/v1/campaigns/7/orders/live"), 404);
    EXPECT_EQ(status("GET", "/v1/campaigns/7/ledgers/10/live"), 404);
    EXPECT_EQ(status("GET", "/v1/campaigns/7/orders/10/cancel/live"), 404);
    EXPECT_EQ(status("GET", "/v1/campaigns/x/live"), 400);
    EXPECT_EQ(status("GET", "/v1/campaigns/7/orders/A!/live"), 400);
    EXPECT_EQ(status("GET", "/v1/campaigns/7/orders/10/live", "order_id=11"), 400);
    EXPECT_EQ(status("GET", "/v1/campaigns/7/live", "order=11"), 400);
    EXPECT_EQ(status("GET", "/v1/campaigns/7/live", "order_id"), 400);
    EXPECT_EQ(status("POST", "/v1/campaigns/7/live"), 405);
}

TEST(LiveRoute, bounds_the_subjects_of_one_connection) {
    std::string query;
    for (std::size_t at = 1; at < limits::live_subjects_per_connection_max; ++at) {
        query += "order_id=" + std::to_string(at) + '&';
    }
    EXPECT_TRUE(route_live("GET", "/v1/campaigns/7/live", query).has_value());
    query += "order_id=zz";
    const auto over = route_live("GET", "/v1/campaigns/7/live", query);
    ASSERT_TRUE(over.has_error());
    EXPECT_EQ(over.error().status, 400);
    EXPECT_THAT(over.error().detail, HasSubstr("at most 16"));
}

}  // namespace
}  // namespace stampede::net
