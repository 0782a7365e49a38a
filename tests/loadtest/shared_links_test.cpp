// SPDX-License-Identifier: Apache-2.0
// Links are planned from the seed, and followed over real sockets only once they exist.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>

#include "loadtest/crowd_run.hpp"
#include "loadtest/saturate_run.hpp"
#include "tests/loadtest/small_server.hpp"

namespace stampede::loadtest {
namespace {

Scenario read(const std::string& text) {
    const Result<Scenario> scenario = read_scenario(text, "test");
    check(scenario.has_value(), scenario.has_value() ? "" : scenario.error().message.c_str());
    return *scenario;
}

const std::string group_sale = R"(
[sale]
campaign_id = "7"
play = "group_buy"
group = { size = 3 }
[[sale.items]]
item_id = "1001"
price = 500
stock = 1000
)";
const std::string bargain_sale = R"(
[sale]
campaign_id = "7"
play = "bargain"
bargain = { start_price = 500, floor_price = 100, helpers = 4 }
[[sale.items]]
item_id = "1001"
price = 500
stock = 1000
)";
const std::string crowd = R"(
[crowd]
buyers = 400
connections = 10
other_key_again = 0.1
[sharing]
starters = 40
degree_min = 2
degree_max = 12
click_after_ms = 40
rush = 0.3
passes_on = 0.1
clicks_own = 0.2
friend_starts = 0.2
clicks_back = 0.5
[arrivals]
window_ms = 100
)";

TEST(SharingPlan, is_the_same_for_the_same_seed_and_another_for_another) {
    Scenario scenario = read(crowd + group_sale);
    const auto plan_of = [](const Scenario& of) {
        std::vector<std::tuple<std::int64_t, std::uint64_t, std::uint32_t, ActKind>> plan;
        for (const PlannedAct& act : plan_crowd(of).acts) {
            plan.emplace_back(act.at.count(), act.buyer.raw(), act.link.raw(), act.kind);
        }
        return plan;
    };
    const auto plan = plan_of(scenario);
    EXPECT_EQ(plan, plan_of(scenario));
    scenario.seed += 1;
    EXPECT_NE(plan, plan_of(scenario));
}

TEST(SharingPlan, starts_each_link_once_before_it_is_followed_and_keeps_to_its_degrees) {
    Scenario scenario = read(crowd + group_sale);
    scenario.crowd.other_key_again = 0;
    scenario.sharing->passes_on = 0;
    scenario.sharing->clicks_own = 0;
    scenario.sharing->clicks_back = 0;
    std::map<std::uint32_t, std::chrono::nanoseconds> started;
    std::map<std::uint32_t, std::size_t> followed;
    for (const PlannedAct& act : plan_crowd(scenario).acts) {
        if (act.kind == ActKind::open_group) {
            EXPECT_EQ(act.buyer.raw(), scenario.crowd.first_buyer.raw() + act.link.raw());
            EXPECT_TRUE(started.emplace(act.link.raw(), act.at).second);
        } else {
            ASSERT_EQ(act.kind, ActKind::join_group);
            ASSERT_TRUE(started.contains(act.link.raw()));
            EXPECT_GE(act.at, started[act.link.raw()]);
            EXPECT_NE(act.buyer.raw(), scenario.crowd.first_buyer.raw() + act.link.raw());
            followed[act.link.raw()] += 1;
        }
    }
    EXPECT_EQ(started.size(), 40u);
    EXPECT_EQ(followed.size(), 40u);
    for (const auto& [link, friends] : followed) {
        EXPECT_GE(friends, 2u);
        EXPECT_LE(friends, 12u);
    }
}

TEST(SharingPlan, lets_all_friends_of_a_rush_click_at_one_instant) {
    Scenario scenario = read(crowd + bargain_sale);
    scenario.crowd.other_key_again = 0;
    scenario.sharing->rush = 1;
    scenario.sharing->passes_on = 0;
    scenario.sharing->clicks_own = 0;
    scenario.sharing->clicks_back = 0;
    std::map<std::uint32_t, std::set<std::int64_t>> instants;
    for (const PlannedAct& act : plan_crowd(scenario).acts) {
        if (act.kind == ActKind::cut) {
            instants[act.link.raw()].insert(act.at.count());
        }
    }
    EXPECT_EQ(instants.size(), 40u);
    for (const auto& [link, at] : instants) {
        EXPECT_EQ(at.size(), 1u);
    }
}

// One campaign of groups of three or of bargains with four helpers. Nothing is paid.
class Records {
  public:
    std::string operator()(const SmallRequest& request) {
        const std::lock_guard lock{mutex_};
        const std::string line = request.first_line();
        const std::string buyer = request.header("X-Buyer-Id");
        if (line.starts_with("POST /v1/campaigns/7/groups HTTP")) {
            members[fresh()] = {buyer};
            return http_answer(held(next_, R"("group":)" + group(next_)));
        } else if (line.starts_with("POST /v1/campaigns/7/bargains HTTP")) {
            starters[fresh()] = buyer;
            return http_answer(R"({"code":"OK",)" + receipt() + R"(,"bargain":)" +
                               bargain(next_, "open") + "}");
        }
        const std::uint64_t record = record_of(line);
        if (line.find("/members ") != std::string::npos && members.contains(record)) {
            return http_answer(join(record, buyer));
        } else if (line.find("/cuts ") != std::string::npos && starters.contains(record)) {
            return http_answer(cut(record, buyer));
        } else if (line.find("/orders ") != std::string::npos && starters.contains(record)) {
            ordered[record] += buyer == starters[record] ? 1 : 100;
            return http_answer(held(record, R"("bargain":)" + bargain(record, "ordered")));
        }
        unknown += 1;
        return http_answer(R"({"code":"GROUP_UNKNOWN"})");
    }

    std::map<std::uint64_t, std::set<std::string>> members;
    std::map<std::uint64_t, std::string> starters;
    std::map<std::uint64_t, std::set<std::string>> helpers;
    std::map<std::uint64_t, int> ordered;
    int unknown = 0;

  private:
    std::uint64_t fresh() { return next_ += 1; }
    std::string receipt() { return R"("receipt":"0.1.)" + std::to_string(++sequence_) + '"'; }
    std::string held(std::uint64_t record, const std::string& nested) {
        return R"({"code":"HELD","order_id":")" + Base36{record * 100 + ++orders_}.str() +
               R"(","quantity":1,"amount":500,"pay_by_ms":99999999999999,)" + receipt() + "," +
               nested + "}";
    }
    std::string group(std::uint64_t id) {
        return R"({"group_id":")" + Base36{id}.str() + R"(","state":"forming","size":3,"locked":)" +
               std::to_string(members[id].size()) + R"(,"paid":0})";
    }
    std::string bargain(std::uint64_t id, const std::string& state) {
        return R"({"bargain_id":")" + Base36{id}.str() + R"(","state":")" + state +
               R"(","start_price":500,"floor_price":100,"current_price":500,"cuts":[]})";
    }
    std::string join(std::uint64_t record, const std::string& buyer) {
        if (members[record].size() == 3) {
            return R"({"code":"GROUP_FULL","group":)" + group(record) + "}";
        }
        if (!members[record].insert(buyer).second) {
            return R"({"code":"ALREADY_IN_GROUP"})";
        }
        return held(record, R"("group":)" + group(record));
    }
    std::string cut(std::uint64_t record, const std::string& buyer) {
        if (buyer == starters[record]) {
            return R"({"code":"HELP_SELF"})";
        } else if (helpers[record].contains(buyer)) {
            return R"({"code":"HELP_REPEAT"})";
        } else if (helpers[record].size() == 4) {
            return R"({"code":"ALREADY_DONE"})";
        }
        helpers[record].insert(buyer);
        return R"({"code":"CUT","cut":{"amount":100,"at_ms":5},)" + receipt() + R"(,"bargain":)" +
               bargain(record, helpers[record].size() == 4 ? "reached" : "open") + "}";
    }
    static std::uint64_t record_of(const std::string& line) {
        const std::size_t end = line.rfind('/', line.find(" HTTP"));
        const std::size_t begin = line.rfind('/', end - 1) + 1;
        return Base36::parse(line.substr(begin, end - begin)).value_or(0);
    }

    std::mutex mutex_;
    std::uint64_t next_ = 5'000'000'000;
    std::uint64_t orders_ = 0;
    int sequence_ = 0;
};

CrowdResult run(const Scenario& scenario, Records& records) {
    SmallServer server{std::ref(records)};
    const auto t0 = std::chrono::steady_clock::now() + std::chrono::milliseconds{50};
    const auto result = run_crowd(scenario, *resolve_endpoint(server.address()),
                                  {scenario, "test", {}}, t0, {nullptr, nullptr, {}, [](auto) {}});
    check(result.has_value(), "the small server answers");
    return *result;
}

TEST(SharedLinks, are_joined_only_once_their_group_exists_and_every_friend_gets_his_answer) {
    Records records;
    const Scenario scenario = read(crowd + group_sale);
    const CrowdResult result = run(scenario, records);
    EXPECT_EQ(records.unknown, 0);
    EXPECT_GE(records.members.size(), 40u);  // a second device opens another
    EXPECT_EQ(result.answers.size(), plan_crowd(scenario).acts.size());
    EXPECT_EQ(result.numbers.unknown, 0u);
    std::map<std::uint64_t, std::size_t> seats;
    for (const Answer& answer : result.answers) {
        ASSERT_TRUE(records.members.contains(answer.record.raw())) << answer.record.raw();
        seats[answer.record.raw()] += took_an_order(answer) ? 1u : 0u;
    }
    for (const auto& [group, members] : records.members) {
        EXPECT_EQ(seats[group], members.size());
    }
    EXPECT_EQ(result.groups.size(),
              result.numbers.codes[static_cast<std::size_t>(AnswerCode::held)] +
                  result.numbers.codes[static_cast<std::size_t>(AnswerCode::group_full)]);
}

TEST(SharedLinks, are_cut_and_each_bargain_at_its_floor_is_ordered_by_its_starter_once) {
    Records records;
    const CrowdResult result = run(read(crowd + bargain_sale), records);
    EXPECT_EQ(records.unknown, 0);
    std::size_t reached = 0;
    for (const auto& [bargain, helpers] : records.helpers) {
        reached += helpers.size() == 4 ? 1u : 0u;
        EXPECT_EQ(records.ordered[bargain], helpers.size() == 4 ? 1 : 0);
    }
    EXPECT_GT(reached, 5u);
    EXPECT_GT(result.numbers.codes[static_cast<std::size_t>(AnswerCode::help_self)], 0u);
    EXPECT_GT(result.numbers.codes[static_cast<std::size_t>(AnswerCode::help_repeat)], 0u);
    for (const Answer& answer : result.answers) {
        EXPECT_TRUE(answer.code != AnswerCode::cut || answer.amount == Money{100});
    }
}

TEST(SharedLinks, are_filled_one_after_the_other_under_saturation) {
    for (const std::string& sale : {group_sale, bargain_sale}) {
        Records records;
        SmallServer server{std::ref(records)};
        const Scenario scenario = read(
            "[saturate]\nconnections = 5\npipeline_depth = 4\nwarm_up_seconds = 0\nseconds = "
            "1\n" +
            sale);
        const auto result = run_saturation(scenario, *resolve_endpoint(server.address()),
                                           {scenario, "test", {}}, {}, [](auto) {});
        ASSERT_TRUE(result.has_value()) << result.error().message;
        EXPECT_EQ(records.unknown, 0);
        EXPECT_EQ(result->numbers.refused.count(), 0u) << "no seat and no cut too many";
        EXPECT_GT(result->orders_taken, 20u);
        const bool groups = scenario.sale.play == Play::group_buy;
        const std::size_t made = groups ? records.members.size() : records.starters.size();
        std::size_t whole = 0;
        for (const auto& [record, who] : groups ? records.members : records.helpers) {
            whole += who.size() == (groups ? 3u : 4u) ? 1u : 0u;
        }
        EXPECT_GE(whole + 5, made) << "each connection fills one before it starts another";
        EXPECT_EQ(result->left_open, 0u);
    }
}

}  // namespace
}  // namespace stampede::loadtest
