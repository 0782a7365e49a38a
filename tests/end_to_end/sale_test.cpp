// SPDX-License-Identifier: Apache-2.0
// One sale from the draft to the mall's database, through the real program over real sockets, on
// both event loops.
#include "tests/end_to_end/sale.hpp"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <thread>

namespace stampede::tests {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class SaleFromOutside : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, SaleFromOutside, both_loops(), loop_name);

/// The six parts of a stock cell, in the order of the contract.
std::vector<std::int64_t> parts(const HttpAnswer& line) {
    std::vector<std::int64_t> parts;
    for (const char* part : {"total", "available", "held", "sold", "reserve", "removed"}) {
        parts.push_back(line.number(part));
    }
    return parts;
}
using Parts = std::vector<std::int64_t>;

TEST_P(SaleFromOutside, sells_a_unit_from_the_draft_to_the_malls_database) {
    Sale sale(flags());
    const HttpAnswer drafted = sale.mall().post("/v1/campaigns", Draft{}.text());
    ASSERT_EQ(drafted.status, 201) << drafted.body;
    const std::string id = drafted.text("id");
    EXPECT_EQ(drafted.text("state"), "draft");
    Caller buyer = sale.buyer(42);
    EXPECT_EQ(buyer.get("/v1/campaigns/" + id).code(), "CAMPAIGN_UNKNOWN");
    EXPECT_EQ(buyer.post(orders_path(id), order_of(1)).code(), "CAMPAIGN_UNKNOWN");
    const HttpAnswer published = sale.mall().post("/v1/campaigns/" + id + "/publish");
    EXPECT_EQ(published.status, 200);
    EXPECT_EQ(published.text("state"), "live");

    const HttpAnswer held = buyer.post(orders_path(id), order_of(1), "first click");
    EXPECT_EQ(held.status, 400) << "a key has no spaces: " << held.body;
    const HttpAnswer bought = buyer.post(orders_path(id), order_of(1), "first-click");
    ASSERT_EQ(bought.code(), "HELD") << bought.body;
    EXPECT_EQ(bought.number("amount"), 9900);
    EXPECT_EQ(parts(sale.ledger_line(id)), (Parts{10, 9, 1, 0, 0, 0}));
    const std::string order = bought.text("order_id");

    const HttpAnswer paid = sale.pay(order, "pay-1", 9900);
    EXPECT_EQ(paid.code(), "CONFIRMED");
    EXPECT_EQ(paid.text("order_id"), order);
    EXPECT_EQ(paid.text("state"), "confirmed");
    EXPECT_EQ(parts(sale.ledger_line(id)), (Parts{10, 9, 0, 1, 0, 0}));
    EXPECT_EQ(sale.pay(order, "pay-1", 9900).code(), "ALREADY_DONE");
    EXPECT_EQ(buyer.get(orders_path(id) + "/" + order).text("state"), "confirmed");

    sale.wait_until_settled();
    const Rows orders = query(sale.database(),
                              "SELECT order_id, campaign_id, play, buyer_id, amount, "
                              "refunded_amount, state, group_id, bargain_id, payment_id, "
                              "paid_at_ms, receipt FROM stampede_order");
    EXPECT_EQ(orders, (Rows{{order, id, "seckill", "42", "9900", "0", "confirmed", "", "", "pay-1",
                             "1795262400000", paid.text("receipt")}}));
    EXPECT_EQ(query(sale.database(), "SELECT * FROM stampede_order_item"),
              (Rows{{order, "0", "1001", "1", "9900", "0"}}));
    EXPECT_EQ(query(sale.database(), "SELECT count(*) FROM stampede_event"), (Rows{{"0"}}));
    sale.stop_and_verify();
}

TEST_P(SaleFromOutside, answers_the_same_click_again_without_taking_another_unit) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.more = R"(,"limits":{"per_buyer":5})"});
    Caller buyer = sale.buyer(7);
    const HttpAnswer first = buyer.post(orders_path(id), order_of(1), "k");
    ASSERT_EQ(first.code(), "HELD") << first.body;
    EXPECT_FALSE(first.has("replayed"));
    Caller other_device = sale.buyer(7);
    HttpAnswer again = other_device.post(orders_path(id), order_of(1), "k");
    EXPECT_TRUE(again.flag("replayed"));
    // The order part is as it was: all that the first answer said, but the time of day.
    for (const auto& [field, value] : first.json) {
        if (field != "server_ms") {
            ASSERT_TRUE(again.has(field)) << field << " is missing in " << again.body;
            EXPECT_EQ(again.json.at(field), value) << field;
        }
    }
    const HttpAnswer other_body =
        buyer.post(orders_path(id), order_of(1, R"(,"allow_partial":true)"), "k");
    EXPECT_EQ(other_body.status, 422);
    EXPECT_EQ(other_body.code(), "KEY_REUSED");
    EXPECT_EQ(parts(sale.ledger_line(id)), (Parts{10, 9, 1, 0, 0, 0}));
    // White space and the order of fields make no other request of it.
    EXPECT_TRUE(buyer.post(orders_path(id), R"({ "quantity": 1, "item_id": "1001" })", "k")
                    .flag("replayed"));
    // Somebody else's key is another key.
    EXPECT_EQ(sale.buyer(8).post(orders_path(id), order_of(1), "k").code(), "HELD");
    EXPECT_EQ(sale.pay(first.text("order_id"), "p", 9900).code(), "CONFIRMED");
    again = buyer.post(orders_path(id), order_of(1), "k");
    EXPECT_EQ(again.code(), "HELD") << "the answer as it was: " << again.body;
    EXPECT_EQ(again.text("state_now"), "confirmed");
    EXPECT_EQ(parts(sale.ledger_line(id)), (Parts{10, 8, 1, 1, 0, 0}));
    sale.stop_and_verify();

    sale.start_again();  // after a restart too, and after a pause
    Caller later = sale.buyer(7);
    sale.mall().post("/v1/campaigns/" + id + "/pause");
    again = later.post(orders_path(id), order_of(1), "k");
    EXPECT_TRUE(again.flag("replayed"));
    EXPECT_EQ(again.text("order_id"), first.text("order_id"));
    EXPECT_EQ(again.text("receipt"), first.text("receipt"));
    EXPECT_EQ(later.post(orders_path(id), order_of(1), "new").code(), "PAUSED");
}

TEST_P(SaleFromOutside, gives_the_unit_of_a_cancelled_order_back) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.stock = 1});
    Caller buyer = sale.buyer(1);
    const std::string order = buyer.post(orders_path(id), order_of(1)).text("order_id");
    Caller other = sale.buyer(2);
    const HttpAnswer sold_out = other.post(orders_path(id), order_of(1));
    EXPECT_EQ(sold_out.code(), "SOLD_OUT");
    EXPECT_TRUE(sold_out.flag("may_return"));
    EXPECT_EQ(other.post(orders_path(id) + "/" + order + "/cancel").code(), "ORDER_UNKNOWN");
    const HttpAnswer cancelled = buyer.post(orders_path(id) + "/" + order + "/cancel", "{}");
    EXPECT_EQ(cancelled.code(), "CANCELLED");
    EXPECT_EQ(cancelled.text("state"), "cancelled");
    EXPECT_TRUE(cancelled.has("receipt"));
    const HttpAnswer closed = buyer.post(orders_path(id) + "/" + order + "/cancel");
    EXPECT_EQ(closed.code(), "ORDER_CLOSED");
    EXPECT_EQ(closed.text("state"), "cancelled");
    EXPECT_EQ(other.post(orders_path(id), order_of(1)).code(), "HELD");
    sale.stop_and_verify();
}

/// A campaign with one unit whose hold nobody pays in time.
struct Lapse {
    std::string id;
    std::string order;
    std::int64_t pay_by_ms = 0;
};

Lapse hold_the_only_unit(Sale& sale, std::uint64_t buyer_id, const std::string& late_payment) {
    Lapse lapse;
    lapse.id = sale.publish(
        Draft{.stock = 1, .more = R"(,"hold_seconds":10,"late_payment":")" + late_payment + '"'});
    const HttpAnswer held = sale.buyer(buyer_id).post(orders_path(lapse.id), order_of(1));
    EXPECT_EQ(held.code(), "HELD") << held.body;
    lapse.order = held.text("order_id");
    lapse.pay_by_ms = held.number("pay_by_ms");
    EXPECT_EQ(sale.buyer(99).post(orders_path(lapse.id), order_of(1)).code(), "SOLD_OUT");
    return lapse;
}

/// Looks until the order has expired; the server's clock in each answer tells whether it was early.
void wait_for_expiry(Sale& sale, std::uint64_t buyer_id, const Lapse& lapse) {
    Caller buyer = sale.buyer(buyer_id);
    for (;;) {
        const HttpAnswer order = buyer.get(orders_path(lapse.id) + "/" + lapse.order);
        ASSERT_EQ(order.code(), "OK") << order.body;
        const std::string state = order.text("state");
        if (state == "expired") {
            EXPECT_GE(order.number("server_ms"), lapse.pay_by_ms) << "expired before its time";
            return;
        }
        ASSERT_EQ(state, "held");
        ASSERT_LT(order.number("server_ms"), lapse.pay_by_ms + 30'000) << "it never expires";
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

// The shortest hold there is lasts ten seconds, so that everything about lapsed holds waits at
// once.
TEST_P(SaleFromOutside, releases_holds_that_nobody_pays_and_judges_late_payments) {
    Sale sale(flags());
    const Lapse retaken = hold_the_only_unit(sale, 1, "reacquire_or_refund");
    const Lapse resold = hold_the_only_unit(sale, 2, "reacquire_or_refund");
    const Lapse refunded = hold_the_only_unit(sale, 3, "refund");
    const Lapse kept = hold_the_only_unit(sale, 4, "hold_for_operator");
    wait_for_expiry(sale, 1, retaken);
    wait_for_expiry(sale, 2, resold);
    wait_for_expiry(sale, 3, refunded);
    wait_for_expiry(sale, 4, kept);

    EXPECT_EQ(sale.buyer(5).post(orders_path(resold.id), order_of(1)).code(), "HELD")
        << "the sold-out answer ends when a unit comes back";
    const HttpAnswer late = sale.pay(retaken.order, "late-1", 9900);
    EXPECT_EQ(late.code(), "LATE_CONFIRMED");
    EXPECT_EQ(late.text("state"), "confirmed");
    const HttpAnswer too_late = sale.pay(resold.order, "late-2", 9900);
    EXPECT_EQ(too_late.code(), "REFUND_REQUIRED");
    EXPECT_EQ(too_late.text("state"), "refund_due");
    ASSERT_TRUE(too_late.has("refund")) << too_late.body;
    EXPECT_EQ(too_late.json.at("refund").as_object().at("amount"), 9900);
    EXPECT_EQ(too_late.json.at("refund").as_object().at("reason"), "late_payment");
    const HttpAnswer told_again = sale.pay(resold.order, "late-2", 9900);
    EXPECT_EQ(told_again.code(), "REFUND_REQUIRED");
    EXPECT_TRUE(told_again.flag("replayed"));
    EXPECT_EQ(sale.pay(refunded.order, "late-3", 9900).code(), "REFUND_REQUIRED");
    const HttpAnswer waits = sale.pay(kept.order, "late-4", 9900);
    EXPECT_EQ(waits.code(), "LATE_HELD");
    EXPECT_TRUE(waits.flag("waits_for_operator"));
    const HttpAnswer resolved = sale.mall().post("/v1/orders/" + kept.order + "/resolve",
                                                 R"({"decision":"confirm"})", "resolve-4");
    EXPECT_EQ(resolved.code(), "LATE_CONFIRMED") << resolved.body;

    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(),
                    "SELECT order_id, kind, json_extract(payload, '$.payment_id'), "
                    "json_extract(payload, '$.amount'), json_extract(payload, '$.reason') FROM "
                    "stampede_event ORDER BY rowid"),
              (Rows{{resold.order, "REFUND_REQUIRED", "late-2", "9900", "late_payment"},
                    {refunded.order, "REFUND_REQUIRED", "late-3", "9900", "late_payment"}}));
    EXPECT_EQ(query(sale.database(), "SELECT order_id FROM stampede_order ORDER BY order_id"),
              (Rows{{retaken.order}, {kept.order}}));
    const HttpAnswer done = sale.mall().post(
        "/v1/refunds",
        R"({"order_id":")" + resold.order +
            R"(","refund_id":"r-2","payment_id":"late-2","quantity":1,"amount":9900})");
    EXPECT_EQ(done.code(), "OK") << done.body;
    EXPECT_EQ(done.text("state"), "refunded");
    sale.stop_and_verify();
}

TEST_P(SaleFromOutside, answers_sixty_four_pipelined_requests_in_their_order) {
    Sale sale(flags());
    const std::string id = sale.publish(
        Draft{.stock = 100, .more = R"(,"limits":{"per_buyer":100,"holds_per_buyer":100})"});
    Caller buyer = sale.buyer(3);
    std::string all;
    // Every third is a purchase, whose answer waits for the disk; what follows must not overtake.
    for (int at = 0; at < 64; ++at) {
        const std::string number = std::to_string(at);
        if (at % 3 == 0) {
            all += buyer.question("POST", orders_path(id), order_of(1), "k" + number).text();
        } else if (at % 3 == 1) {
            all += buyer.question("GET", orders_path(id), {}, {}).text();
        } else {
            all += buyer.question("GET", "/v1/nowhere/" + number, {}, {}).text();
        }
    }
    ASSERT_TRUE(buyer.client().send(all));
    std::size_t bought = 0;
    for (int at = 0; at < 64; ++at) {
        const HttpAnswer answer = buyer.client().read();
        if (at % 3 == 0) {
            ASSERT_EQ(answer.code(), "HELD") << "answer " << at << ": " << answer.body;
            ++bought;
        } else if (at % 3 == 1) {
            ASSERT_EQ(answer.list("orders").size(), bought) << "answer " << at;
        } else {
            ASSERT_EQ(answer.status, 404) << "answer " << at << ": " << answer.body;
        }
    }
    EXPECT_EQ(sale.ledger_line(id).number("held"), 22);
}

TEST_P(SaleFromOutside, sells_no_unit_twice_to_a_crowd_of_connections) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.stock = 50});
    constexpr std::uint64_t crowd = 200;
    std::vector<Caller> buyers;
    for (std::uint64_t buyer = 1; buyer <= crowd; ++buyer) {
        buyers.push_back(sale.buyer(buyer));
    }
    for (Caller& buyer : buyers) {  // all have asked before the first answer is read
        const auto question = buyer.question("POST", orders_path(id), order_of(1), "k").text();
        ASSERT_TRUE(buyer.client().send(question + question));
    }
    std::size_t held = 0;
    for (Caller& buyer : buyers) {
        const HttpAnswer first = buyer.client().read();
        const HttpAnswer second = buyer.client().read();
        ASSERT_THAT(first.code(), testing::AnyOf("HELD", "SOLD_OUT"));
        if (first.code() == "HELD") {
            ++held;
            EXPECT_TRUE(second.flag("replayed"));
            EXPECT_EQ(second.text("order_id"), first.text("order_id"));
        }
    }
    EXPECT_EQ(held, 50U);
    EXPECT_EQ(parts(sale.ledger_line(id)), (Parts{50, 0, 50, 0, 0, 0}));
    sale.stop_and_verify();
}

TEST_P(SaleFromOutside, hands_what_is_left_back_to_the_mall_when_the_sale_ends) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.stock = 7});
    const std::string order = sale.buyer(1).post(orders_path(id), order_of(1)).text("order_id");
    EXPECT_EQ(sale.pay(order, "p", 9900).code(), "CONFIRMED");
    const HttpAnswer ended = sale.mall().post("/v1/campaigns/" + id + "/end");
    EXPECT_EQ(ended.status, 200) << ended.body;
    EXPECT_EQ(sale.buyer(2).post(orders_path(id), order_of(1)).code(), "ENDED");
    const auto events_of = [&] { return sale.mall().get("/v1/events").list("events"); };
    auto events = events_of();
    for (int tries = 0; events.empty() && tries < 1000; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
        events = events_of();
    }
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].at("kind"), "STOCK_DELTA");
    EXPECT_EQ(events[0].at("payload").as_object().at("units"), 6);
    EXPECT_EQ(events[0].at("payload").as_object().at("reason"), "sale_over");
    EXPECT_EQ(parts(sale.ledger_line(id)), (Parts{7, 0, 0, 1, 0, 6}));
    sale.wait_until_settled();
    const Rows rows = query(sale.database(), "SELECT event_id, payload FROM stampede_event");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0][0], events[0].at("event_id").as_string().c_str());
    EXPECT_EQ(rows[0][1], boost::json::serialize(events[0].at("payload")));
    sale.stop_and_verify();
}

}  // namespace
}  // namespace stampede::tests
