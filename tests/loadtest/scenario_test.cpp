// SPDX-License-Identifier: Apache-2.0
// Every mistake in a scenario is named, with the nearest key that exists.
#include "loadtest/scenario.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loadtest/field_reader.hpp"
#include "loadtest/sale_setup.hpp"

namespace stampede::loadtest {
namespace {

using testing::HasSubstr;

std::string mistakes_of(std::string_view text) {
    const auto scenario = read_scenario(text, "test");
    return scenario.has_value() ? std::string{} : scenario.error().message;
}

constexpr std::string_view good = R"(
[sale]
campaign_id = "1"
[[sale.items]]
item_id = "a"
price = 5
stock = 7
[arrivals]
shape = "poisson"
per_second = 10
)";

TEST(Scenario, reads_the_built_in_ones) {
    for (const char* name : {"t0-herd", "sold-out-storm", "saturate"}) {
        const auto scenario = load_scenario(name);
        ASSERT_TRUE(scenario.has_value()) << name << ": " << scenario.error().message;
        EXPECT_TRUE(scenario->draft_json.has_value());
        EXPECT_EQ(scenario->sale.items.front().item_id, "1001");
    }
    EXPECT_EQ(describe_builtin_scenarios().size(), 5u);
}

TEST(Scenario, reads_the_rules_of_a_group_buy_and_how_its_links_are_shared) {
    const auto scenario = load_scenario("group-crowd");
    ASSERT_TRUE(scenario.has_value()) << scenario.error().message;
    EXPECT_EQ(scenario->sale.play, Play::group_buy);
    EXPECT_EQ(scenario->sale.group.size, 3u);
    EXPECT_EQ(scenario->sale.group.leader_price, Money{4900});
    EXPECT_FALSE(scenario->sale.group.dissolves);
    ASSERT_TRUE(scenario->sharing.has_value());
    EXPECT_EQ(scenario->sharing->starters, 400u);
    EXPECT_EQ(scenario->sharing->leader_refunds, 0.10);
}

TEST(Scenario, reads_the_rules_of_a_bargain_and_those_of_one_item) {
    const auto scenario = load_scenario("bargain-crowd");
    ASSERT_TRUE(scenario.has_value()) << scenario.error().message;
    EXPECT_EQ(scenario->sale.play, Play::bargain);
    EXPECT_EQ(scenario->sale.items[0].bargain.start, Money{9900});
    EXPECT_EQ(scenario->sale.items[0].bargain.floor, Money{1900});
    EXPECT_EQ(scenario->sale.items[0].bargain.helpers, 7u);
    EXPECT_EQ(scenario->sale.bargain.helps_per_buyer, 5u);
    EXPECT_TRUE(scenario->sale.bargain.blocks_mutual);
    const auto own = read_scenario(R"(
[sale]
campaign_id = "1"
play = "bargain"
bargain = { start_price = 100, floor_price = 10, helpers = 4, stock_at = "launch" }
[[sale.items]]
item_id = "a"
price = 100
stock = 7
[[sale.items]]
item_id = "b"
price = 50
stock = 7
bargain = { start_price = 50, floor_price = 5 }
[saturate]
seconds = 1
)",
                                   "test");
    ASSERT_TRUE(own.has_value()) << own.error().message;
    EXPECT_EQ(own->sale.items[0].bargain.start, Money{100});
    EXPECT_EQ(own->sale.items[1].bargain.start, Money{50});
    EXPECT_EQ(own->sale.items[1].bargain.helpers, 4u);
    EXPECT_EQ(own->sale.items[1].bargain.stock_at, StockAt::launch);
}

TEST(Scenario, refuses_plays_and_crowds_that_do_not_fit) {
    const std::string sale = R"(
[sale]
campaign_id = "1"
play = "group_buy"
group = { size = 3 }
[[sale.items]]
item_id = "a"
price = 100
stock = 7
[arrivals]
window_ms = 10
)";
    EXPECT_THAT(mistakes_of(sale), HasSubstr("needs [sharing]"));
    EXPECT_THAT(mistakes_of(sale + "[sharing]\nstarters = 1000\n"),
                HasSubstr("must leave buyers of the crowd to be friends"));
    EXPECT_THAT(mistakes_of(sale + "[sharing]\ndegree_min = 5\ndegree_max = 4\n"),
                HasSubstr("must not be below degree_min"));
    EXPECT_THAT(mistakes_of(std::string{good} + "[sharing]\nstarters = 1\n"),
                HasSubstr("a seckill has no links"));
    std::string lottery = sale;
    lottery.replace(lottery.find("size = 3"), 8, "size = 3, lottery = { winners = 1 }");
    EXPECT_THAT(mistakes_of(lottery + "[sharing]\n"),
                HasSubstr("sale.group.lottery: the oracle does not judge"));
    std::string unknown = sale;
    unknown.replace(unknown.find("group_buy"), 9, "groupbuy");
    EXPECT_THAT(mistakes_of(unknown + "[sharing]\n"), HasSubstr("did you mean 'group_buy'?"));
}

TEST(Scenario, takes_the_draft_over_as_json) {
    const auto scenario = load_scenario("t0-herd");
    ASSERT_TRUE(scenario.has_value());
    EXPECT_THAT(*scenario->draft_json, HasSubstr("\"hold_seconds\" : 10"));
    EXPECT_EQ(scenario->sale.items.front().stock, Quantity{1000});
    EXPECT_EQ(scenario->sale.items.front().price, Money{9900});
    EXPECT_EQ(scenario->sale.hold, Duration::seconds(10));
}

TEST(Scenario, names_a_mistyped_key_and_the_nearest_one) {
    EXPECT_THAT(mistakes_of(std::string{good} + "[crowd]\nbuyer = 5\n"),
                HasSubstr("crowd.buyer: unknown key; did you mean 'buyers'?"));
    EXPECT_THAT(mistakes_of(std::string{good} + "[crwd]\n"), HasSubstr("did you mean 'crowd'?"));
    EXPECT_THAT(mistakes_of(std::string{good} + "[thresholds]\naccepted_p99_ms_mx = 5\n"),
                HasSubstr("did you mean 'accepted_p99_ms_max'?"));
}

TEST(Scenario, names_all_mistakes_at_once) {
    const std::string mistakes = mistakes_of(R"(
seed = "x"
[sale]
[crowd]
buyers = 0
zipf = "steep"
identity = "badge"
[arrivals]
shape = "hurd"
[payments]
pays = 0.9
late = 0.2
batch = 5000
)");
    for (const char* part :
         {"seed: must be a whole number", "sale.campaign_id: must name", "sale.items: must list",
          "crowd.buyers: must be a whole number from 1", "crowd.zipf: must be a number",
          "crowd.identity: must be", "did you mean 'herd'?", "payments.batch",
          "together are more than all holds"}) {
        EXPECT_THAT(mistakes, HasSubstr(part));
    }
}

TEST(Scenario, asks_for_exactly_one_target_and_one_way_to_drive_it) {
    EXPECT_THAT(mistakes_of("[arrivals]\n"), HasSubstr("exactly one of [campaign]"));
    EXPECT_THAT(mistakes_of(std::string{good} + "[saturate]\n"),
                HasSubstr("exactly one of [arrivals]"));
    EXPECT_THAT(mistakes_of(std::string{good} + "[request]\n"),
                HasSubstr("exactly one of [campaign]"));
}

TEST(Scenario, names_the_line_of_a_syntax_error) {
    EXPECT_THAT(mistakes_of("seed = 1\nname = \n"), HasSubstr("line 2"));
}

TEST(Scenario, lists_the_built_in_names_when_a_file_is_missing) {
    const auto scenario = load_scenario("no-such-file.toml");
    ASSERT_FALSE(scenario.has_value());
    EXPECT_THAT(scenario.error().message, HasSubstr("t0-herd"));
}

TEST(Scenario, reads_thresholds_with_their_direction) {
    const auto scenario = read_scenario(
        std::string{good} + "[thresholds]\nrequests_per_s_min = 100\nrefused_p99_ms_max = 2.5\n",
        "test");
    ASSERT_TRUE(scenario.has_value()) << scenario.error().message;
    ASSERT_EQ(scenario->thresholds.size(), 2u);
}

TEST(NearestWord, finds_only_what_is_near) {
    EXPECT_EQ(nearest_word("byers", {"buyers", "zipf"}), "buyers");
    EXPECT_EQ(nearest_word("xyzzyxyzzy", {"buyers", "zipf"}), "");
}

TEST(RelativeTime, is_resolved_against_the_server_and_else_left_alone) {
    const Instant now{1'795'262'400'250};
    EXPECT_EQ(rfc3339(now), "2026-11-21T12:00:00.250Z");
    EXPECT_EQ(resolve_time("+2s", now), "2026-11-21T12:00:02.250Z");
    EXPECT_EQ(resolve_time("+750ms", now), "2026-11-21T12:00:01.000Z");
    EXPECT_EQ(resolve_time("+1h", now), "2026-11-21T13:00:00.250Z");
    EXPECT_EQ(resolve_time("2026-11-21T20:00:00+08:00", now), "2026-11-21T20:00:00+08:00");
    EXPECT_EQ(resolve_time("+2 fortnights", now), "+2 fortnights");
}

}  // namespace
}  // namespace stampede::loadtest
