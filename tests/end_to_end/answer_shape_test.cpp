// SPDX-License-Identifier: Apache-2.0
// The answers of the buyers' door, field by field as the contract has them, and every code that a
// buyer can hear in a seckill. Nothing stands in an answer that is not named here.
#include <gmock/gmock.h>

#include <set>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using testing::MatchesRegex;

class AnswerShape : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, AnswerShape, both_loops(), loop_name);

constexpr const char* order_id_form = "[0-9a-z]{1,13}";
constexpr const char* receipt_form = "[0-9]+\\.[0-9]+\\.[0-9]+";

std::set<std::string> fields(const boost::json::object& object) {
    std::set<std::string> names;
    for (const auto& [name, value] : object) {
        names.emplace(name);
    }
    return names;
}
using Fields = std::set<std::string>;

TEST_P(AnswerShape, of_a_hold_and_of_its_order) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{});
    Caller buyer = sale.buyer(42);
    const HttpAnswer held = buyer.post(orders_path(id), order_of(1), "k1");
    EXPECT_EQ(held.status, 200);
    EXPECT_EQ(held.header("Content-Type"), "application/json");
    EXPECT_EQ(fields(held.json), (Fields{"code", "order_id", "state", "item_id", "quantity",
                                         "amount", "pay_by_ms", "server_ms", "receipt"}))
        << held.body;
    EXPECT_EQ(held.code(), "HELD");
    EXPECT_THAT(held.text("order_id"), MatchesRegex(order_id_form));
    EXPECT_EQ(held.text("state"), "held");
    EXPECT_EQ(held.text("item_id"), "1001");
    EXPECT_EQ(held.number("quantity"), 1);
    EXPECT_EQ(held.number("amount"), 9900);
    EXPECT_EQ(held.number("pay_by_ms"), held.number("server_ms") + 300'000);
    EXPECT_THAT(held.text("receipt"), MatchesRegex(receipt_form));

    const std::string path = orders_path(id) + "/" + held.text("order_id");
    const HttpAnswer order = buyer.get(path);
    EXPECT_EQ(order.code(), "OK");
    for (const char* field : {"order_id", "state", "item_id", "quantity", "amount", "pay_by_ms"}) {
        ASSERT_TRUE(order.has(field)) << order.body;
        EXPECT_EQ(order.json.at(field), held.json.at(field)) << field;
    }
    EXPECT_FALSE(order.has("buyer_id")) << "the mall's door alone says whose it is";
    const HttpAnswer mine = buyer.get(orders_path(id));
    EXPECT_EQ(mine.code(), "OK");
    ASSERT_EQ(mine.list("orders").size(), 1U);
    EXPECT_EQ(mine.list("orders")[0].at("order_id"), held.json.at("order_id"));

    Caller stranger = sale.buyer(43);
    EXPECT_EQ(stranger.get(path).code(), "ORDER_UNKNOWN");
    EXPECT_TRUE(stranger.get(orders_path(id)).list("orders").empty());
    const HttpAnswer limit = buyer.post(orders_path(id), order_of(1), "k2");
    EXPECT_EQ(limit.code(), "LIMIT_BUYER");
    EXPECT_EQ(limit.text("order_id"), held.text("order_id")) << "it names his open order";
    EXPECT_FALSE(limit.has("receipt")) << "a refusal changes nothing";

    const HttpAnswer of_mall = sale.mall().get("/v1/orders/" + held.text("order_id"));
    EXPECT_EQ(of_mall.code(), "OK");
    EXPECT_EQ(of_mall.text("buyer_id"), "42");
    EXPECT_EQ(of_mall.text("campaign_id"), id);
}

TEST_P(AnswerShape, of_an_order_of_several_items) {
    Sale sale(flags());
    Draft draft;
    const std::string both = R"([{"item_id":"1001","title":"Kettle","price":9900,"stock":10},)"
                             R"({"item_id":"cup_B-2","title":"Cup","price":150,"stock":1}])";
    const std::string body = R"({"play":"seckill","title":"Two","starts_at":")" +
                             time_from_now(-1) + R"(","ends_at":")" + time_from_now(600) +
                             R"(","items":)" + both +
                             R"(,"limits":{"per_buyer":9,"per_order_max":3}})";
    const HttpAnswer drafted = sale.mall().post("/v1/campaigns", body);
    ASSERT_EQ(drafted.status, 201) << drafted.body;
    const std::string id = drafted.text("id");
    sale.mall().post("/v1/campaigns/" + id + "/publish");
    Caller buyer = sale.buyer(1);
    const std::string two =
        R"({"items":[{"item_id":"1001","quantity":2},{"item_id":"cup_B-2","quantity":1}]})";
    const HttpAnswer held = buyer.post(orders_path(id), two);
    ASSERT_EQ(held.code(), "HELD") << held.body;
    EXPECT_EQ(held.number("amount"), 2 * 9900 + 150);
    EXPECT_FALSE(held.has("item_id"));
    const auto items = held.list("items");
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(fields(items[0]), (Fields{"item_id", "quantity", "unit_price"}));
    EXPECT_EQ(items[1].at("item_id"), "cup_B-2");
    EXPECT_EQ(items[1].at("quantity"), 1);
    EXPECT_EQ(items[1].at("unit_price"), 150);
    // All or nothing: the kettle is there, the cup is gone, so neither is taken.
    EXPECT_EQ(sale.buyer(2).post(orders_path(id), two).code(), "SOLD_OUT");
    EXPECT_EQ(sale.ledger_line(id).number("available"), 8);
}

TEST_P(AnswerShape, of_a_campaign_and_of_the_time) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.stock = 3});
    Caller anybody{sale.server().buyers_port(), {}};
    const HttpAnswer time = anybody.get("/v1/time");
    EXPECT_EQ(fields(time.json), (Fields{"code", "server_ms"}));
    EXPECT_EQ(time.code(), "OK");
    const HttpAnswer campaign = anybody.get("/v1/campaigns/" + id);
    EXPECT_EQ(campaign.code(), "OK");
    EXPECT_EQ(campaign.text("play"), "seckill");
    EXPECT_EQ(campaign.text("title"), "Opening night");
    EXPECT_EQ(campaign.text("state"), "live");
    EXPECT_EQ(campaign.number("ends_at_ms") - campaign.number("starts_at_ms"), 3'601'000);
    const auto items = campaign.list("items");
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(fields(items[0]),
              (Fields{"item_id", "title", "price", "list_price", "sold_out", "available"}));
    EXPECT_EQ(items[0].at("available"), 3);
    EXPECT_EQ(items[0].at("sold_out"), false);
    EXPECT_EQ(items[0].at("list_price"), 19900);
    EXPECT_EQ(anybody.get("/v1/campaigns/999").code(), "CAMPAIGN_UNKNOWN");

    const std::string secret = sale.publish(Draft{.more = R"(,"show_available":false)"});
    EXPECT_EQ(fields(anybody.get("/v1/campaigns/" + secret).list("items").at(0)),
              (Fields{"item_id", "title", "price", "list_price", "sold_out"}));
}

TEST_P(AnswerShape, of_every_refusal_about_stock_and_limits) {
    Sale sale(flags());
    const std::string id =
        sale.publish(Draft{.stock = 4, .more = R"(,"limits":{"per_buyer":3,"per_order_max":3})"});
    Caller buyer = sale.buyer(1);
    EXPECT_EQ(buyer.post("/v1/campaigns/12345/orders", order_of(1)).code(), "CAMPAIGN_UNKNOWN");
    EXPECT_EQ(buyer.post(orders_path(id), R"({"item_id":"2","quantity":1})").code(),
              "ITEM_UNKNOWN");
    EXPECT_EQ(buyer.post(orders_path(id), order_of(4)).code(), "LIMIT_ORDER");
    EXPECT_EQ(buyer.get(orders_path(id) + "/1c8k2mz41q7ta").code(), "ORDER_UNKNOWN");
    const HttpAnswer first = buyer.post(orders_path(id), order_of(3));
    ASSERT_EQ(first.code(), "HELD") << first.body;
    const HttpAnswer few = sale.buyer(2).post(orders_path(id), order_of(2));
    EXPECT_EQ(few.code(), "INSUFFICIENT");
    EXPECT_EQ(fields(few.json), (Fields{"code", "left", "server_ms"}));
    EXPECT_EQ(few.number("left"), 1);
    const HttpAnswer part =
        sale.buyer(2).post(orders_path(id), order_of(2, R"(,"allow_partial":true)"));
    EXPECT_EQ(part.code(), "HELD");
    EXPECT_EQ(part.number("quantity"), 1);
    EXPECT_EQ(part.number("amount"), 9900);
    const HttpAnswer gone = sale.buyer(3).post(orders_path(id), order_of(1));
    EXPECT_EQ(fields(gone.json), (Fields{"code", "may_return", "server_ms"}));
    EXPECT_TRUE(gone.flag("may_return"));
    EXPECT_EQ(sale.pay(first.text("order_id"), "p1", 3 * 9900).code(), "CONFIRMED");
    EXPECT_EQ(sale.pay(part.text("order_id"), "p2", 9900).code(), "CONFIRMED");
    const HttpAnswer final_word = sale.buyer(3).post(orders_path(id), order_of(1));
    EXPECT_EQ(fields(final_word.json), (Fields{"code", "may_return", "cache_ms", "server_ms"}));
    EXPECT_FALSE(final_word.flag("may_return"));
    EXPECT_GT(final_word.number("cache_ms"), 0);
}

TEST_P(AnswerShape, of_every_refusal_about_time_and_state) {
    Sale sale(flags());
    const std::string soon = sale.publish(Draft{.starts_in_s = 600, .ends_in_s = 1200});
    Caller buyer = sale.buyer(1);
    const HttpAnswer early = buyer.post(orders_path(soon), order_of(1));
    EXPECT_EQ(early.code(), "NOT_STARTED");
    EXPECT_EQ(fields(early.json), (Fields{"code", "starts_in_ms", "retry_ms", "server_ms"}));
    const std::int64_t starts_at_ms = buyer.get("/v1/campaigns/" + soon).number("starts_at_ms");
    EXPECT_EQ(early.number("starts_in_ms"), starts_at_ms - early.number("server_ms")) << "exact";
    EXPECT_GE(early.number("retry_ms"), early.number("starts_in_ms"));

    const std::string over = sale.publish(Draft{});
    EXPECT_EQ(sale.mall().post("/v1/campaigns/" + over + "/end").status, 200);
    EXPECT_EQ(buyer.post(orders_path(over), order_of(1)).code(), "ENDED");

    const std::string id = sale.publish(Draft{});
    const auto act = [&](const std::string& verb) {
        const HttpAnswer answer = sale.mall().post("/v1/campaigns/" + id + "/" + verb);
        EXPECT_EQ(answer.status, 200) << answer.body;
        return answer.text("state");
    };
    const HttpAnswer held = buyer.post(orders_path(id), order_of(1));
    EXPECT_EQ(act("pause"), "paused");
    EXPECT_EQ(sale.buyer(2).post(orders_path(id), order_of(1)).code(), "PAUSED");
    EXPECT_EQ(sale.pay(held.text("order_id"), "p", 9900).code(), "CONFIRMED")
        << "payments go on while a sale is paused";
    EXPECT_EQ(act("resume"), "live");
    const HttpAnswer open = sale.buyer(2).post(orders_path(id), order_of(1));
    EXPECT_EQ(open.code(), "HELD");
    EXPECT_EQ(act("kill"), "killed");
    EXPECT_EQ(sale.buyer(3).post(orders_path(id), order_of(1)).code(), "KILLED");
    const HttpAnswer refund = sale.pay(open.text("order_id"), "p2", 9900);
    EXPECT_EQ(refund.code(), "REFUND_REQUIRED");
    EXPECT_EQ(refund.json.at("refund").as_object().at("reason"), "campaign_killed");
}

TEST_P(AnswerShape, of_every_refusal_about_who_asks) {
    Sale sale(flags());
    const std::string id = sale.publish(
        Draft{.more = R"(,"audience":{"level_min":2,"blocklist":["13"],"segments_any":[3]})"});
    const auto code_of = [&](std::vector<std::string> who) {
        Caller buyer{sale.server().buyers_port(), std::move(who)};
        return buyer.post(orders_path(id), order_of(1)).code();
    };
    EXPECT_EQ(code_of({"X-Buyer-Id: 13", "X-Buyer-Level: 9", "X-Buyer-Segments: 8"}), "BLOCKED");
    EXPECT_EQ(code_of({"X-Buyer-Id: 5", "X-Buyer-Level: 1", "X-Buyer-Segments: 8"}),
              "NOT_ELIGIBLE");
    EXPECT_EQ(code_of({"X-Buyer-Id: 5", "X-Buyer-Level: 2", "X-Buyer-Segments: 4"}),
              "NOT_ELIGIBLE");
    EXPECT_EQ(code_of({"X-Buyer-Id: 5", "X-Buyer-Level: 2", "X-Buyer-Segments: 8"}), "HELD");
    const HttpAnswer blocked =
        sale.mall().post("/v1/campaigns/" + id + "/blocklist", R"({"buyers":["6","7"]})");
    EXPECT_EQ(blocked.status, 200) << blocked.body;
    EXPECT_EQ(code_of({"X-Buyer-Id: 6", "X-Buyer-Level: 2", "X-Buyer-Segments: 8"}), "BLOCKED");

    const std::string fresh =
        sale.publish(Draft{.more = R"(,"audience":{"new_buyers_only":true})"});
    Caller old_hand{sale.server().buyers_port(), {"X-Buyer-Id: 5", "X-Buyer-Segments: 2"}};
    EXPECT_EQ(old_hand.post(orders_path(fresh), order_of(1)).code(), "NEW_BUYERS_ONLY");
    Caller newcomer{sale.server().buyers_port(), {"X-Buyer-Id: 6", "X-Buyer-Segments: 1"}};
    EXPECT_EQ(newcomer.post(orders_path(fresh), order_of(1)).code(), "HELD");
}

TEST_P(AnswerShape, of_a_gift_that_needs_no_payment) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.price = 0, .more = R"(,"zero_price":true)"});
    const HttpAnswer gift = sale.buyer(1).post(orders_path(id), order_of(1), "k");
    EXPECT_EQ(gift.code(), "CONFIRMED");
    EXPECT_EQ(gift.text("state"), "confirmed");
    EXPECT_EQ(gift.number("amount"), 0);
    EXPECT_FALSE(gift.has("pay_by_ms"));
    EXPECT_TRUE(gift.has("receipt"));
    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(), "SELECT order_id, amount, payment_id FROM stampede_order"),
              (Rows{{gift.text("order_id"), "0", ""}}));
}

TEST_P(AnswerShape, of_tickets_which_belong_to_one_buyer_and_one_item) {
    Sale sale(flags());
    const std::string id = sale.publish(
        Draft{.more = R"(,"ticket":"required","limits":{"per_buyer":5,"per_order_max":1})"});
    Caller buyer = sale.buyer(1);
    const std::string tickets = "/v1/campaigns/" + id + "/tickets";
    EXPECT_EQ(buyer.post(orders_path(id), order_of(1)).code(), "BAD_TICKET");
    const HttpAnswer issued = buyer.post(tickets, R"({"item_id":"1001"})");
    EXPECT_EQ(issued.code(), "OK") << issued.body;
    EXPECT_EQ(issued.number("expires_ms"), issued.number("not_before_ms") + 60'000);
    const std::string ticket = issued.text("ticket");
    const auto buy_with = [&](Caller& who, const std::string& shown, const std::string& key) {
        return who.post(orders_path(id), order_of(1, R"(,"ticket":")" + shown + '"'), key);
    };
    Caller thief = sale.buyer(2);
    EXPECT_EQ(buy_with(thief, ticket, "k").code(), "BAD_TICKET");
    std::string forged = ticket;
    forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
    EXPECT_EQ(buy_with(buyer, forged, "k0").code(), "BAD_TICKET");
    EXPECT_EQ(buy_with(buyer, "nonsense", "k1").code(), "BAD_TICKET");
    const HttpAnswer held = buy_with(buyer, ticket, "k2");
    ASSERT_EQ(held.code(), "HELD") << held.body;
    const HttpAnswer replayed = buy_with(buyer, ticket, "k2");
    EXPECT_TRUE(replayed.flag("replayed"));
    EXPECT_EQ(replayed.text("order_id"), held.text("order_id"));
    // Single use: another key does not make another order of it.
    const HttpAnswer second = buy_with(buyer, ticket, "k3");
    EXPECT_TRUE(second.code() == "BAD_TICKET" || second.text("order_id") == held.text("order_id"))
        << second.body;
    EXPECT_EQ(sale.ledger_line(id).number("held"), 1);
    const std::string other = sale.publish(Draft{.more = R"(,"ticket":"required")"});
    EXPECT_EQ(buyer.post(orders_path(other), order_of(1, R"(,"ticket":")" + ticket + '"')).code(),
              "BAD_TICKET")
        << "a ticket of another campaign";

    const std::string cold = sale.publish(
        Draft{.starts_in_s = 3000, .ends_in_s = 4000, .more = R"(,"ticket":"required")"});
    EXPECT_EQ(buyer.post("/v1/campaigns/" + cold + "/tickets", R"({"item_id":"1001"})").code(),
              "NOT_STARTED");
    const std::string warm = sale.publish(
        Draft{.starts_in_s = 200, .ends_in_s = 4000, .more = R"(,"ticket":"required")"});
    const HttpAnswer early =
        buyer.post("/v1/campaigns/" + warm + "/tickets", R"({"item_id":"1001"})");
    EXPECT_EQ(early.code(), "OK") << early.body;
    EXPECT_EQ(early.number("not_before_ms"),
              buyer.get("/v1/campaigns/" + warm).number("starts_at_ms"));
}

}  // namespace
}  // namespace stampede::tests
