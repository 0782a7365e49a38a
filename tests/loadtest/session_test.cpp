// SPDX-License-Identifier: Apache-2.0
// Whole runs over real sockets against a small sale that keeps the rules, and against the same sale
// when it cheats in one way: the program's exit code must tell the two apart.
#include "loadtest/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <map>
#include <mutex>

#include "tests/loadtest/small_server.hpp"

namespace stampede::loadtest {
namespace {

enum class Cheat : std::uint8_t { none, oversells, forgets_an_order, charges_more, judges_anew };

// Both doors of one campaign with one item. Holds never lapse.
class SmallSale {
  public:
    explicit SmallSale(Cheat cheat) : cheat_(cheat) {}

    std::string operator()(const SmallRequest& request) {
        const std::lock_guard lock{mutex_};
        const std::string line = request.first_line();
        if (line.starts_with("GET /v1/time")) {
            return http_answer(R"({"code":"OK","server_ms":1795262400000})");
        } else if (line.starts_with("POST /v1/campaigns HTTP")) {
            return http_answer(R"({"id":"7"})", 201);
        } else if (line.find("/publish ") != std::string::npos) {
            return http_answer(R"({"code":"OK","state":"live"})");
        } else if (line.find("/ledger ") != std::string::npos) {
            return http_answer(ledger());
        } else if (line.starts_with("GET /v1/campaigns/7/orders")) {
            return http_answer(listing());
        } else if (line.starts_with("POST /v1/payments/batch")) {
            return http_answer(pay(request.body));
        } else if (line.find("/cancel ") != std::string::npos) {
            return http_answer(cancel(line));
        } else if (line.find("/orders ") != std::string::npos) {
            return http_answer(
                order(request.header("X-Buyer-Id"), request.header("Idempotency-Key")));
        }
        return http_answer("{}", 404);
    }

  private:
    struct Order {
        std::string buyer;
        std::string state = "held";
        std::string payment;
        std::string answer;
    };

    std::string order(const std::string& buyer, const std::string& key) {
        const auto known = keys_.find(buyer + key);
        if (known != keys_.end() && cheat_ != Cheat::judges_anew) {
            std::string again = known->second;
            again.insert(again.size() - 1, R"(,"replayed":true)");
            return again;
        }
        if (!buyers_.insert(buyer).second) {
            return R"({"code":"LIMIT_BUYER"})";
        }
        const std::size_t stock = cheat_ == Cheat::oversells ? 70 : 50;
        if (orders_.size() >= stock) {
            buyers_.erase(buyer);
            return R"({"code":"SOLD_OUT","may_return":false})";
        }
        const std::uint64_t number = orders_.size() + 1001;
        const int amount = cheat_ == Cheat::charges_more ? 9901 : 9900;
        Order& made = orders_[number];
        made.buyer = buyer;
        made.answer = R"({"code":"HELD","order_id":")" + Base36{number}.str() +
                      R"(","quantity":1,"amount":)" + std::to_string(amount) +
                      R"(,"pay_by_ms":99999999999999,"receipt":"0.1.)" +
                      std::to_string(++sequence_) + R"("})";
        keys_[buyer + key] = made.answer;
        return made.answer;
    }
    std::string cancel(const std::string& line) {
        const std::size_t at = line.find("/orders/") + 8;
        Order& found = orders_[*Base36::parse(line.substr(at, line.find('/', at) - at))];
        if (found.state != "held") {
            return R"({"code":"ORDER_CLOSED"})";
        }
        found.state = "cancelled";
        return R"({"code":"CANCELLED","receipt":"0.1.)" + std::to_string(++sequence_) + R"("})";
    }
    std::string pay(const std::string& body) {
        std::string results;
        const auto parsed = boost::json::parse(body);
        for (const auto& payment : parsed.at("payments").as_array()) {
            Order& found = orders_[*Base36::parse(payment.at("order_id").as_string())];
            const std::string id{payment.at("payment_id").as_string()};
            std::string code = "REFUND_REQUIRED";
            if (found.state == "held") {
                found.state = "confirmed";
                found.payment = id;
                code = "CONFIRMED";
            } else if (found.payment == id) {
                code = "ALREADY_DONE";
            }
            results += (results.empty() ? "" : ",") + std::string{R"({"code":")"} + code + R"("})";
        }
        return R"({"results":[)" + results + "]}";
    }
    std::string ledger() {
        std::map<std::string, int> states;
        for (const auto& [number, order] : orders_) {
            states[order.state] += 1;
        }
        const int held = states["held"];
        const int sold = states["confirmed"];
        return R"({"items":[{"item_id":"1001","total":50,"available":)" +
               std::to_string(50 - held - sold) + R"(,"held":)" + std::to_string(held) +
               R"(,"sold":)" + std::to_string(sold) + R"(,"reserve":0,"removed":0}]})";
    }
    std::string listing() {
        std::string rows;
        for (const auto& [number, order] : orders_) {
            if (cheat_ == Cheat::forgets_an_order && number == 1010) {
                continue;
            }
            rows += (rows.empty() ? "" : ",") + std::string{R"({"order_id":")"} +
                    Base36{number}.str() + R"(","buyer_id":")" + order.buyer +
                    R"(","item_id":"1001","state":")" + order.state +
                    R"(","quantity":1,"amount":9900})";
        }
        return R"({"orders":[)" + rows + "]}";
    }

    Cheat cheat_;
    std::mutex mutex_;
    std::map<std::uint64_t, Order> orders_;
    std::map<std::string, std::string> keys_;
    std::set<std::string> buyers_;
    int sequence_ = 100;
};

RunReport run_against(Cheat cheat) {
    SmallSale sale{cheat};
    SmallServer server{std::ref(sale)};
    const auto scenario = read_scenario(R"(
[campaign]
play = "seckill"
title = "Test"
starts_at = "+1s"
ends_at = "+1h"
[[campaign.items]]
item_id = "1001"
price = 9900
stock = 50
[crowd]
buyers = 300
connections = 30
same_key_again = 0.5
other_key_again = 0.2
drops_connection = 0.02
[arrivals]
window_ms = 150
[payments]
pays = 0.6
cancels = 0.2
delay_ms = 20
again = 0.3
second_payment = 0.2
[finish]
lag_max_ms = 60000
)",
                                        "test");
    check(scenario.has_value(), "a right scenario");
    RunOptions options;
    options.buyers_address = server.address();
    options.mall_address = server.address();
    const auto report = run_session(*scenario, options);
    check(report.has_value(), "the small sale answers");
    return *report;
}

std::vector<std::string> broken_in(const RunReport& report) {
    std::vector<std::string> broken;
    for (const Finding& finding : report.findings) {
        if (finding.broken > 0) {
            broken.push_back(finding.invariant);
        }
    }
    return broken;
}

TEST(Session, a_sale_that_keeps_the_rules_exits_with_success) {
    const RunReport report = run_against(Cheat::none);
    EXPECT_THAT(broken_in(report), testing::IsEmpty());
    EXPECT_EQ(report.exit, ExitCode::success);
    EXPECT_EQ(report.orders_taken, 50u);
    EXPECT_GT(report.confirmed_orders, 10u);
    EXPECT_GT(report.numbers.sold_out_after.count(), 0);
    EXPECT_EQ(report.numbers.unknown, 0u);
}

TEST(Session, each_cheat_exits_with_a_broken_invariant) {
    const std::vector<std::pair<Cheat, std::string>> cheats{
        {Cheat::oversells, "no_oversell"},
        {Cheat::forgets_an_order, "no_order_lost"},
        {Cheat::charges_more, "amounts_right"},
        {Cheat::judges_anew, "replays_equal"}};
    for (const auto& [cheat, invariant] : cheats) {
        const RunReport report = run_against(cheat);
        EXPECT_THAT(broken_in(report), testing::Contains(invariant));
        EXPECT_EQ(report.exit, ExitCode::invariant_broken) << invariant;
    }
}

TEST(Session, a_check_that_cannot_be_made_fails_the_run) {
    SmallSale sale{Cheat::none};
    SmallServer server{std::ref(sale)};
    const auto scenario = read_scenario(R"(
[sale]
campaign_id = "7"
[[sale.items]]
item_id = "1001"
price = 9900
stock = 50
[crowd]
buyers = 5
connections = 1
[arrivals]
window_ms = 10
[finish]
lag_max_ms = 60000
)",
                                        "test");
    ASSERT_TRUE(scenario.has_value()) << scenario.error().message;
    RunOptions options;
    options.buyers_address = server.address();
    options.mall_address = server.address();
    options.mall_database = "sqlite:/no/such/mall.db";
    const auto report = run_session(*scenario, options);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->exit, ExitCode::failed);
    ASSERT_FALSE(report->notes.empty());
    EXPECT_THAT(report->notes.front(), testing::HasSubstr("could not be made"));
}

}  // namespace
}  // namespace stampede::loadtest
