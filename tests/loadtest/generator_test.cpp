// SPDX-License-Identifier: Apache-2.0
// The generator against a real socket server: every request arrives once and whole, every answer
// finds its question, on both back ends.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "loadtest/crowd_run.hpp"
#include "loadtest/saturate_run.hpp"
#include "tests/loadtest/small_server.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;

Scenario read(std::string_view text) {
    const Result<Scenario> scenario = read_scenario(text, "test");
    check(scenario.has_value(), scenario.has_value() ? "" : scenario.error().message.c_str());
    return *scenario;
}

Endpoint endpoint_of(const SmallServer& server) {
    return *resolve_endpoint(server.address());
}

OrderRequests requests_of(const Scenario& scenario) {
    return {scenario, "test", {}};
}

constexpr std::string_view sale = R"(
[sale]
campaign_id = "7"
[[sale.items]]
item_id = "1001"
price = 9900
stock = 1000000
)";

// Gives every buyer one order, as a sale without end would.
class OrderTaker {
  public:
    std::string operator()(const SmallRequest& request) {
        const std::lock_guard lock{mutex_};
        const std::string name =
            request.header("X-Buyer-Id") + ' ' + request.header("Idempotency-Key");
        const auto [entry, fresh] = answers_.try_emplace(name, answers_.size() + 1);
        const std::string number = std::to_string(entry->second);
        bodies_.insert(request.body);
        lines_.insert(request.first_line());
        return http_answer(R"({"code":"HELD","order_id":")" + Base36{entry->second}.str() +
                           R"(","state":"held","item_id":"1001","quantity":1,"amount":9900,)"
                           R"("pay_by_ms":99,"server_ms":5,"receipt":"0.1.)" +
                           number + '"' + (fresh ? "" : R"(,"replayed":true)") + "}");
    }
    std::size_t orders() {
        const std::lock_guard lock{mutex_};
        return answers_.size();
    }
    std::set<std::string> bodies() { return bodies_; }
    std::set<std::string> lines() { return lines_; }

  private:
    std::mutex mutex_;
    std::map<std::string, std::uint64_t> answers_;
    std::set<std::string> bodies_;
    std::set<std::string> lines_;
};

class EveryWire : public testing::TestWithParam<WireKind> {
  protected:
    Scenario scenario_of(std::string_view text) const {
        Scenario scenario = read(std::string{text} + std::string{sale});
        scenario.wire = GetParam();
        return scenario;
    }
};

TEST_P(EveryWire, saturates_a_server_with_requests_that_arrive_whole_and_once) {
    OrderTaker taker;
    SmallServer server{std::ref(taker)};
    const Scenario scenario = scenario_of(R"(
[saturate]
connections = 8
pipeline_depth = 4
warm_up_seconds = 0
seconds = 1
)");
    const auto result =
        run_saturation(scenario, endpoint_of(server), requests_of(scenario), {}, [](auto) {});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_GT(result->numbers.answered, 100u);
    EXPECT_EQ(result->numbers.sent, server.requests());
    EXPECT_EQ(result->answers.size(), result->numbers.sent);
    EXPECT_EQ(result->orders_taken, taker.orders());
    EXPECT_EQ(result->left_open, 0u);
    EXPECT_EQ(taker.lines(), std::set<std::string>{"POST /v1/campaigns/7/orders HTTP/1.1"});
    EXPECT_EQ(taker.bodies(), std::set<std::string>{R"({"item_id":"1001","quantity":1})"});
    std::set<std::uint64_t> orders;
    for (const Answer& answer : result->answers) {
        EXPECT_EQ(answer.code, AnswerCode::held);
        EXPECT_EQ(answer.amount, Money{9900});
        EXPECT_TRUE(orders.insert(answer.order.raw()).second);
    }
}

TEST_P(EveryWire, carries_out_every_act_of_the_plan) {
    OrderTaker taker;
    SmallServer server{std::ref(taker)};
    const Scenario scenario = scenario_of(R"(
[crowd]
buyers = 400
connections = 20
pipeline_depth = 4
same_key_again = 0.5
[arrivals]
shape = "herd"
window_ms = 100
)");
    const auto result = run_crowd(scenario, endpoint_of(server), requests_of(scenario),
                                  std::chrono::steady_clock::now() + milliseconds{50},
                                  {nullptr, nullptr, {}, [](auto) {}});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    const CrowdPlan plan = plan_crowd(scenario);
    EXPECT_EQ(result->numbers.planned, plan.acts.size());
    EXPECT_EQ(result->answers.size(), plan.acts.size());
    EXPECT_EQ(result->numbers.accepted.count(), plan.acts.size());
    EXPECT_GT(result->numbers.busiest_second(), 0u);
    EXPECT_LE(result->numbers.busiest_second(), plan.acts.size());
    EXPECT_EQ(taker.orders(), 400u);
    EXPECT_TRUE(result->unknown.empty());
}

TEST_P(EveryWire, asks_again_with_the_same_key_after_a_dropped_connection) {
    OrderTaker taker;
    SmallServer server{std::ref(taker)};
    const Scenario scenario = scenario_of(R"(
[crowd]
buyers = 200
connections = 50
drops_connection = 0.3
[arrivals]
window_ms = 200
)");
    const auto result = run_crowd(scenario, endpoint_of(server), requests_of(scenario),
                                  std::chrono::steady_clock::now() + milliseconds{50},
                                  {nullptr, nullptr, {}, [](auto) {}});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_GT(result->numbers.lost, 20u);
    EXPECT_TRUE(result->unknown.empty());
    EXPECT_EQ(result->answers.size(), 200u);
    EXPECT_EQ(taker.orders(), 200u);
    EXPECT_GT(server.accepted(), 50u);
}

TEST_P(EveryWire, counts_an_act_as_unknown_when_every_try_was_lost) {
    SmallServer server{[](const SmallRequest&) { return std::string{}; }};
    const Scenario scenario = scenario_of(R"(
[crowd]
buyers = 5
connections = 5
retries = 1
[arrivals]
window_ms = 10
)");
    const auto result =
        run_crowd(scenario, endpoint_of(server), requests_of(scenario),
                  std::chrono::steady_clock::now(), {nullptr, nullptr, {}, [](auto) {}});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(result->unknown.size(), 5u);
    EXPECT_EQ(result->numbers.lost, 10u);
    EXPECT_EQ(server.requests(), 10u);
}

TEST_P(EveryWire, comes_back_for_returned_units_once) {
    std::atomic<int> count{0};
    SmallServer server{[&](const SmallRequest&) {
        ++count;
        return http_answer(R"({"code":"SOLD_OUT","may_return":true,"server_ms":1})");
    }};
    const Scenario scenario = scenario_of(R"(
[crowd]
buyers = 10
connections = 2
comes_back = 1
comes_back_after_ms = 20
[arrivals]
window_ms = 10
)");
    const auto result =
        run_crowd(scenario, endpoint_of(server), requests_of(scenario),
                  std::chrono::steady_clock::now(), {nullptr, nullptr, {}, [](auto) {}});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(count.load(), 20);
    EXPECT_EQ(result->numbers.refused.count(), 20u);
    EXPECT_GT(result->numbers.sold_out_after.count(), 0);
}

TEST_P(EveryWire, drops_a_connection_that_answers_what_nobody_asked) {
    SmallServer server{[](const SmallRequest&) {
        return http_answer(R"({"code":"HELD"})") + http_answer(R"({"code":"HELD"})");
    }};
    Scenario scenario = scenario_of(R"(
[crowd]
buyers = 1
connections = 1
[arrivals]
window_ms = 1
)");
    const auto result =
        run_crowd(scenario, endpoint_of(server), requests_of(scenario),
                  std::chrono::steady_clock::now(), {nullptr, nullptr, {}, [](auto) {}});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(result->numbers.answered, 1u);
}

INSTANTIATE_TEST_SUITE_P(Both, EveryWire, testing::Values(WireKind::io_uring, WireKind::epoll),
                         [](const auto& kind) {
                             return kind.param == WireKind::epoll ? "epoll" : "io_uring";
                         });

TEST(RunNumbers, count_answers_by_the_second_after_the_start) {
    RunNumbers numbers;
    EXPECT_EQ(numbers.busiest_second(), 0u);
    numbers.count_second(milliseconds{-1});  // before it: counted with the first
    numbers.count_second(milliseconds{999});
    numbers.count_second(milliseconds{1000});
    EXPECT_EQ(numbers.busiest_second(), 2u);
    for (int answer = 0; answer < 4; ++answer) {
        numbers.count_second(std::chrono::seconds{59});
    }
    EXPECT_EQ(numbers.busiest_second(), 4u);
    for (int answer = 0; answer < 9; ++answer) {
        numbers.count_second(std::chrono::minutes{answer + 1});
    }
    EXPECT_EQ(numbers.busiest_second(), 4u) << "all later ones are no second";
    EXPECT_EQ(numbers.answered_in_second.back(), 9u);
}

TEST(Generator, says_when_no_connection_can_be_opened) {
    std::string address;
    {
        SmallServer gone{[](const SmallRequest&) { return std::string{}; }};
        address = gone.address();
    }
    Scenario scenario = read(std::string{R"(
[saturate]
connections = 2
warm_up_seconds = 0.05
seconds = 0.1
)"} + std::string{sale});
    const auto result = run_saturation(scenario, *resolve_endpoint(address), requests_of(scenario),
                                       {}, [](auto) {});
    EXPECT_FALSE(result.has_value());
}

TEST(Generator, drives_any_http_target_and_counts_unexpected_statuses) {
    std::atomic<int> count{0};
    SmallServer server{[&](const SmallRequest& request) {
        return http_answer(request.body, ++count % 2 == 0 ? 200 : 404);
    }};
    const Scenario scenario = read(R"(
[request]
method = "PUT"
path = "/buy/{buyer}"
headers = ["X-Key: {key}"]
body = '{"buyer":{buyer}}'
[saturate]
connections = 2
warm_up_seconds = 0
seconds = 1
)");
    const auto result =
        run_saturation(scenario, endpoint_of(server), requests_of(scenario), {}, [](auto) {});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_GT(result->numbers.unexpected, 0u);
    EXPECT_LT(result->numbers.unexpected, result->numbers.sent);
}

}  // namespace
}  // namespace stampede::loadtest
