// SPDX-License-Identifier: Apache-2.0
// Bargains from the draft to the mall's database, through the real program over real sockets: what
// each answer says, what each refusal is, what a killed server still knows.
#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;
using Names = std::set<std::string>;

class BargainFromOutside : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, BargainFromOutside, both_loops(), loop_name);

constexpr const char* three_helpers = R"("start_price":9900,"floor_price":1000,"helpers":3)";
constexpr const char* item = R"({"item_id":"1001"})";

Names fields(const boost::json::object& object) {
    Names names;
    for (const auto& [name, value] : object) {
        names.emplace(name);
    }
    return names;
}

HttpAnswer launch(Sale& sale, const std::string& id, std::uint64_t buyer,
                  const std::string& key = {}) {
    return sale.buyer(buyer).post(bargains_path(id), item, key);
}
std::string launched(Sale& sale, const std::string& id, std::uint64_t buyer) {
    return part(launch(sale, id, buyer), "bargain").text("bargain_id");
}
HttpAnswer cut(Sale& sale, const std::string& id, std::uint64_t buyer, const std::string& bargain,
               const std::string& key = {}) {
    return sale.buyer(buyer).post(bargains_path(id) + "/" + bargain + "/cuts", {}, key);
}
HttpAnswer buy(Sale& sale, const std::string& id, std::uint64_t buyer, const std::string& bargain,
               const std::string& key = {}) {
    return sale.buyer(buyer).post(bargains_path(id) + "/" + bargain + "/orders", {}, key);
}
HttpAnswer look(Sale& sale, const std::string& id, const std::string& bargain) {
    Caller anybody{sale.server().buyers_port(), {}};
    return anybody.get(bargains_path(id) + "/" + bargain);
}
std::int64_t sum_of_cuts(const HttpAnswer& bargain) {
    const auto cuts = bargain.list("cuts");
    return std::accumulate(cuts.begin(), cuts.end(), std::int64_t{0},
                           [](std::int64_t sum, const boost::json::object& one) {
                               return sum + one.at("amount").as_int64();
                           });
}

TEST_P(BargainFromOutside, a_bargain_lives_from_its_launch_to_its_payment) {
    Sale sale(flags());
    const std::string id =
        sale.publish(bargain_draft(std::string{three_helpers} + R"(,"first_cut":500)"));
    const HttpAnswer begun = launch(sale, id, 1001, "launch");
    ASSERT_EQ(begun.code(), "OK") << begun.body;
    EXPECT_EQ(fields(begun.json), (Names{"code", "bargain", "server_ms", "receipt"}));
    const HttpAnswer record = part(begun, "bargain");
    EXPECT_EQ(fields(record.json),
              (Names{"bargain_id", "item_id", "starter", "state", "start_price", "floor_price",
                     "current_price", "helpers_needed", "cuts", "deadline_ms"}));
    EXPECT_EQ(record.text("starter"), "1***1") << "masked";
    EXPECT_EQ(record.number("current_price"), 9400) << "after the starter's own cut";
    EXPECT_EQ(record.number("helpers_needed"), 3);
    const std::string bargain = record.text("bargain_id");
    EXPECT_EQ(buy(sale, id, 1001, bargain).code(), "FLOOR_NOT_REACHED");

    for (std::uint64_t helper = 1; helper <= 3; ++helper) {
        const HttpAnswer answer = cut(sale, id, 2000 + helper, bargain, "help");
        ASSERT_EQ(answer.code(), "CUT") << answer.body;
        EXPECT_GE(part(answer, "cut").number("amount"), 1);
        EXPECT_EQ(part(answer, "cut").number("at_ms"), answer.number("server_ms"));
        const HttpAnswer now = part(answer, "bargain");
        EXPECT_EQ(now.number("helpers_needed"), static_cast<std::int64_t>(3 - helper));
        EXPECT_EQ(sum_of_cuts(now), 9900 - now.number("current_price"));
        EXPECT_EQ(now.json, part(look(sale, id, bargain), "bargain").json);
    }
    const HttpAnswer reached = part(look(sale, id, bargain), "bargain");
    EXPECT_EQ(reached.text("state"), "reached");
    EXPECT_EQ(reached.number("current_price"), 1000);
    EXPECT_EQ(sale.ledger_line(id).number("held"), 1) << "the floor holds the unit";
    EXPECT_EQ(cut(sale, id, 3000, bargain).code(), "ALREADY_DONE");
    EXPECT_EQ(buy(sale, id, 3000, bargain).code(), "BARGAIN_UNKNOWN") << "its starter alone buys";

    const HttpAnswer held = buy(sale, id, 1001, bargain, "buy");
    ASSERT_EQ(held.code(), "HELD") << held.body;
    EXPECT_EQ(held.number("amount"), 1000);
    EXPECT_EQ(held.text("bargain_id"), bargain);
    EXPECT_EQ(part(held, "bargain").text("state"), "ordered");
    EXPECT_EQ(buy(sale, id, 1001, bargain).code(), "ALREADY_DONE");
    EXPECT_EQ(sale.ledger_line(id).number("held"), 1);
    const HttpAnswer paid = sale.pay(held.text("order_id"), "p1", 1000);
    EXPECT_EQ(paid.code(), "CONFIRMED") << paid.body;
    EXPECT_EQ(part(paid, "bargain").text("state"), "paid");
    EXPECT_EQ(part(paid, "bargain").text("starter"), "1001") << "not masked";
    EXPECT_EQ(part(launch(sale, id, 1001, "launch"), "bargain").text("state"), "paid")
        << "a replayed answer shows the bargain as it is";
    const auto mine = sale.buyer(1001).get(bargains_path(id) + "?mine=true").list("bargains");
    ASSERT_EQ(mine.size(), 1U);
    EXPECT_EQ(mine[0].at("bargain_id"), bargain.c_str());
    EXPECT_TRUE(sale.buyer(2001).get(bargains_path(id) + "?mine=true").list("bargains").empty());

    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(),
                    "SELECT order_id, play, buyer_id, amount, state, group_id, bargain_id, "
                    "payment_id, receipt FROM stampede_order"),
              (Rows{{held.text("order_id"), "bargain", "1001", "1000", "confirmed", "", bargain,
                     "p1", paid.text("receipt")}}));
    EXPECT_EQ(sale.mall().get("/v1/orders/" + held.text("order_id")).text("bargain_id"), bargain);
    sale.stop_and_verify();
}

TEST_P(BargainFromOutside, each_refusal_has_its_own_code_and_uses_no_quota) {
    Sale sale(flags());
    const std::string id = sale.publish(
        bargain_draft(std::string{three_helpers} + R"(,"helps_per_buyer":1,"launches_per_buyer":2)",
                      R"(,"limits":{"per_buyer":5},"audience":{"blocklist":["66"]})"));
    const std::string other = sale.publish(bargain_draft(three_helpers));
    const std::string seckill = sale.publish(Draft{});
    const std::string bargain = launched(sale, id, 1);
    EXPECT_EQ(cut(sale, id, 2, "zzzz").code(), "BARGAIN_UNKNOWN");
    EXPECT_EQ(cut(sale, other, 2, bargain).code(), "BARGAIN_UNKNOWN") << "another campaign's";
    EXPECT_EQ(cut(sale, seckill, 2, bargain).code(), "BARGAIN_UNKNOWN");
    EXPECT_EQ(look(sale, other, bargain).code(), "BARGAIN_UNKNOWN");
    EXPECT_EQ(look(sale, "987654321", bargain).code(), "CAMPAIGN_UNKNOWN");
    EXPECT_EQ(launch(sale, seckill, 2).code(), "ITEM_UNKNOWN") << "not sold that way";
    EXPECT_EQ(sale.buyer(2).post(bargains_path(id), R"({"item_id":"x"})").code(), "ITEM_UNKNOWN");
    EXPECT_EQ(launch(sale, id, 1).code(), "LAUNCH_EXISTS");
    EXPECT_EQ(launch(sale, id, 66).code(), "BLOCKED");
    EXPECT_EQ(cut(sale, id, 66, bargain).code(), "BLOCKED");
    const HttpAnswer self = cut(sale, id, 1, bargain);
    EXPECT_EQ(self.code(), "HELP_SELF");
    EXPECT_EQ(part(self, "bargain").text("bargain_id"), bargain) << "and the bargain as it is";
    ASSERT_EQ(cut(sale, id, 2, bargain).code(), "CUT");
    EXPECT_EQ(cut(sale, id, 2, bargain).code(), "HELP_REPEAT");
    const std::string second = launched(sale, id, 2);
    EXPECT_EQ(cut(sale, id, 1, second).code(), "HELP_MUTUAL") << "2 helped 1";
    EXPECT_EQ(cut(sale, id, 3, second).code(), "CUT");
    EXPECT_EQ(cut(sale, id, 3, bargain).code(), "HELP_LIMIT");

    const std::string path = bargains_path(id) + "/" + bargain;
    const HttpAnswer cancelled = sale.mall().post(path + "/cancel", {}, "stop-it");
    EXPECT_EQ(cancelled.code(), "CANCELLED") << cancelled.body;
    EXPECT_EQ(part(cancelled, "bargain").text("state"), "cancelled");
    EXPECT_TRUE(sale.mall().post(path + "/cancel", {}, "stop-it").flag("replayed"));
    EXPECT_EQ(sale.mall().post(path + "/cancel").status, 409);
    EXPECT_EQ(sale.mall().post(bargains_path(id) + "/zzzz/cancel").code(), "BARGAIN_UNKNOWN");
    EXPECT_EQ(cut(sale, id, 4, bargain).code(), "BARGAIN_ENDED");
    ASSERT_EQ(launch(sale, id, 1).code(), "OK") << "the second of two";
    const std::string third = part(launch(sale, id, 4), "bargain").text("bargain_id");
    sale.mall().post(bargains_path(id) + "/" + third + "/cancel");
    const std::string fourth = launched(sale, id, 4);
    sale.mall().post(bargains_path(id) + "/" + fourth + "/cancel");
    EXPECT_EQ(launch(sale, id, 4).code(), "LAUNCH_LIMIT");

    sale.mall().post("/v1/campaigns/" + id + "/pause");
    EXPECT_EQ(cut(sale, id, 5, second).code(), "PAUSED");
    sale.mall().post("/v1/campaigns/" + id + "/resume");
    sale.mall().post("/v1/campaigns/" + id + "/end");
    EXPECT_EQ(launch(sale, id, 7).code(), "ENDED");
    EXPECT_EQ(cut(sale, id, 5, second).code(), "CUT") << "a bargain outlives the sale";
    sale.mall().post("/v1/campaigns/" + id + "/kill");
    EXPECT_EQ(cut(sale, id, 6, second).code(), "KILLED");
    EXPECT_EQ(part(look(sale, id, second), "bargain").text("state"), "cancelled");
    sale.stop_and_verify();
}

TEST(BargainFromOutside, the_last_unit_is_told_to_be_gone) {
    Sale sale;
    Draft scarce = bargain_draft(R"("start_price":9900,"floor_price":1000,"helpers":1)");
    scarce.stock = 1;
    const std::string id = sale.publish(scarce);
    const std::string first = launched(sale, id, 1);
    const std::string second = launched(sale, id, 2);
    EXPECT_EQ(part(cut(sale, id, 3, first), "bargain").text("state"), "reached");
    EXPECT_EQ(part(cut(sale, id, 4, second), "bargain").text("state"), "sold_out");
    EXPECT_EQ(buy(sale, id, 2, second).code(), "BARGAIN_ENDED");
    EXPECT_EQ(launch(sale, id, 5).code(), "SOLD_OUT");
    EXPECT_EQ(buy(sale, id, 1, first).code(), "HELD");
    sale.stop_and_verify();
}

TEST_P(BargainFromOutside, a_killed_server_knows_its_bargains_and_their_keys_again) {
    Sale sale(flags({"--recovery-grace", "0"}));
    const std::string id = sale.publish(bargain_draft(three_helpers));
    const std::string bargain = part(launch(sale, id, 1, "launch"), "bargain").text("bargain_id");
    const HttpAnswer first = cut(sale, id, 2, bargain, "help");
    const HttpAnswer before = look(sale, id, bargain);
    sale.server().kill();
    sale.start_again();
    EXPECT_EQ(part(look(sale, id, bargain), "bargain").json, part(before, "bargain").json);
    const HttpAnswer again = cut(sale, id, 2, bargain, "help");
    EXPECT_EQ(again.code(), "CUT") << again.body;
    EXPECT_TRUE(again.flag("replayed"));
    EXPECT_EQ(part(again, "cut").json, part(first, "cut").json) << "cut once";
    EXPECT_EQ(cut(sale, id, 2, bargain, "other").code(), "HELP_REPEAT");
    EXPECT_EQ(launch(sale, id, 1).code(), "LAUNCH_EXISTS");
    EXPECT_EQ(cut(sale, id, 3, bargain).code(), "CUT");
    EXPECT_EQ(part(cut(sale, id, 4, bargain), "bargain").text("state"), "reached");
    const std::string order = buy(sale, id, 1, bargain, "buy").text("order_id");
    sale.server().kill();
    sale.start_again();
    EXPECT_EQ(buy(sale, id, 1, bargain, "buy").text("order_id"), order);
    EXPECT_EQ(sale.pay(order, "p1", 1000).code(), "CONFIRMED");
    sale.stop_and_verify();
    const CommandResult printed =
        run_stampede({"journal", "print", "--data-dir", sale.data_dir().string()});
    for (const char* event : {"BargainLaunched", "BargainCut", "BargainOrdered"}) {
        EXPECT_THAT(printed.out, HasSubstr(R"("event":")" + std::string{event} + '"'));
    }
    EXPECT_THAT(printed.out, HasSubstr(R"("bargain_id":")" + bargain + '"'));
    EXPECT_EQ(printed.out.find(R"("seed":)"), std::string::npos) << "a secret while it runs";
}

TEST(BargainFromOutside, the_plan_is_published_by_its_digest_and_told_after_the_end) {
    Sale sale;
    const std::string id = sale.publish(bargain_draft(three_helpers));
    Caller anybody{sale.server().buyers_port(), {}};
    const HttpAnswer running = anybody.get("/v1/campaigns/" + id);
    EXPECT_EQ(running.text("seed_digest").size(), 64U);
    EXPECT_FALSE(running.has("seed"));
    const auto terms = running.list("items").at(0).at("bargain").as_object();
    EXPECT_EQ(terms.at("helpers"), 3) << "platforms ban bargains that hide it";
    sale.mall().post("/v1/campaigns/" + id + "/kill");
    const HttpAnswer over = anybody.get("/v1/campaigns/" + id);
    EXPECT_EQ(over.text("seed").size(), 64U);
    EXPECT_EQ(over.text("seed_digest"), running.text("seed_digest"));
}

TEST(BargainDraft, hears_all_of_its_mistakes_at_once_each_by_its_field) {
    Sale sale;
    std::string body;
    const auto mistakes = [&](const std::string& bargain) {
        const HttpAnswer refused = sale.mall().post("/v1/campaigns", bargain_draft(bargain).text());
        EXPECT_EQ(refused.status, 422) << refused.body;
        body = refused.body;
        Names names;
        for (const auto& error : refused.list("errors")) {
            names.emplace(error.at("field").as_string());
        }
        return names;
    };
    EXPECT_EQ(mistakes(R"("start_price":1000,"helper":3,"buy_at":"dawn","valid_seconds":1)"),
              (Names{"bargain.buy_at", "bargain.floor_price", "bargain.helper", "bargain.helpers",
                     "bargain.valid_seconds"}));
    EXPECT_THAT(body, HasSubstr("did you mean helpers?"));
    EXPECT_EQ(mistakes(R"("start_price":1000,"floor_price":998,"helpers":3)"),
              (Names{"bargain.helpers"}))
        << "a fen for each helper is more than there is to cut";
}

TEST(BargainDraft, is_shown_as_it_can_be_sent_again_and_cloned) {
    Sale sale;
    const std::string all =
        std::string{three_helpers} +
        R"(,"cuts":{"uniform":{"min":1,"max":5000}},"first_cut":100,"new_helper_bonus_bp":1000,)"
        R"("valid_seconds":3600,"pay_seconds":600,"buy_at":"any_price","stock_at":"launch",)"
        R"("helps_per_buyer":4,"helps_per_buyer_per_day":3,"mutual_help":"allow",)"
        R"("launches_per_buyer":2,"open_launches_per_buyer":2,"close_with_campaign":true)";
    const HttpAnswer drafted = sale.mall().post("/v1/campaigns", bargain_draft(all).text());
    ASSERT_EQ(drafted.status, 201) << drafted.body;
    const std::string path = "/v1/campaigns/" + drafted.text("id");
    const HttpAnswer shown = sale.mall().get(path);
    EXPECT_EQ(part(shown, "bargain").json, parse_object("{" + all + "}")) << shown.body;
    EXPECT_EQ(sale.mall().put(path, shown.body).code(), "OK") << "as it was shown";
    const HttpAnswer cloned = sale.mall().post(path + "/clone");
    ASSERT_EQ(cloned.status, 201) << cloned.body;
    const HttpAnswer clone = sale.mall().get("/v1/campaigns/" + cloned.text("id"));
    EXPECT_EQ(part(clone, "bargain").json, part(shown, "bargain").json);
}

}  // namespace
}  // namespace stampede::tests
