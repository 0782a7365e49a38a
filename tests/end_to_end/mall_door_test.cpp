// SPDX-License-Identifier: Apache-2.0
// The mall's door of the real server: operators' acts, payments and refunds, and everything that
// can be read there. The quiet doors have one event loop of their own, so these tests run once.
#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refund_of(const std::string& order, const std::string& refund, std::int64_t quantity,
                      std::int64_t amount, const std::string& more = {}) {
    return R"({"order_id":")" + order + R"(","refund_id":")" + refund + R"(","quantity":)" +
           std::to_string(quantity) + R"(,"amount":)" + std::to_string(amount) + more + "}";
}

TEST(MallsDoor, takes_campaigns_through_their_life) {
    Sale sale;
    Caller& mall = sale.mall();
    const HttpAnswer drafted =
        mall.post("/v1/campaigns", Draft{.starts_in_s = 600, .more = R"(,"id":"77")"}.text());
    ASSERT_EQ(drafted.status, 201) << drafted.body;
    EXPECT_EQ(drafted.text("id"), "77");
    EXPECT_TRUE(drafted.json.at("warnings").is_array());
    const HttpAnswer taken = mall.post("/v1/campaigns", Draft{.more = R"(,"id":"77")"}.text());
    EXPECT_EQ(taken.status, 409);
    EXPECT_EQ(taken.code(), "WRONG_STATE");
    const HttpAnswer read = mall.get("/v1/campaigns/77");
    EXPECT_EQ(read.text("state"), "draft");
    const std::int64_t version = read.number("version");

    const auto edit = [&](std::int64_t of_version, std::int64_t stock) {
        return mall.put("/v1/campaigns/77",
                        Draft{.stock = stock,
                              .starts_in_s = 600,
                              .more = R"(,"version":)" + std::to_string(of_version)}
                            .text());
    };
    const HttpAnswer edited = edit(version, 20);
    EXPECT_EQ(edited.status, 200) << edited.body;
    const HttpAnswer stale = edit(version, 30);
    EXPECT_EQ(stale.status, 409);
    EXPECT_EQ(stale.code(), "STALE_VERSION");
    EXPECT_EQ(mall.post("/v1/campaigns/77/pause").code(), "WRONG_STATE");
    EXPECT_EQ(mall.post("/v1/campaigns/77/publish").text("state"), "scheduled");
    EXPECT_EQ(sale.ledger_line("77").number("total"), 20);
    const HttpAnswer copy = mall.post("/v1/campaigns/77/clone", R"({"id":"78"})");
    EXPECT_EQ(copy.status, 201) << copy.body;
    EXPECT_EQ(mall.get("/v1/campaigns/78").text("state"), "draft");
    EXPECT_EQ(mall.post("/v1/campaigns/77/archive").code(), "WRONG_STATE");
    EXPECT_EQ(mall.post("/v1/campaigns/77/kill").text("state"), "killed");
    EXPECT_EQ(mall.post("/v1/campaigns/79/publish").code(), "CAMPAIGN_UNKNOWN");

    const auto drafts = mall.get("/v1/campaigns?state=draft").list("campaigns");
    ASSERT_EQ(drafts.size(), 1U);
    EXPECT_EQ(drafts[0].at("id"), "78");
    const HttpAnswer first = mall.get("/v1/campaigns?limit=1");
    ASSERT_EQ(first.list("campaigns").size(), 1U);
    const HttpAnswer rest = mall.get("/v1/campaigns?limit=1&after=" + first.text("next"));
    ASSERT_EQ(rest.list("campaigns").size(), 1U);
    EXPECT_NE(rest.list("campaigns")[0].at("id"), first.list("campaigns")[0].at("id"));
    EXPECT_FALSE(rest.has("next"));
}

TEST(MallsDoor, changes_stock_once_for_each_key) {
    Sale sale;
    const std::string id = sale.publish(Draft{.stock = 5});
    const std::string path = "/v1/campaigns/" + id + "/stock";
    const std::string more = R"({"item_id":"1001","delta":3,"reason":"found a box"})";
    const HttpAnswer added = sale.mall().post(path, more, "delta-1");
    EXPECT_EQ(added.code(), "OK") << added.body;
    const HttpAnswer retried = sale.mall().post(path, more, "delta-1");
    EXPECT_TRUE(retried.flag("replayed")) << retried.body;
    EXPECT_EQ(sale.ledger_line(id).number("total"), 8);
    const HttpAnswer other =
        sale.mall().post(path, R"({"item_id":"1001","delta":4,"reason":"x"})", "delta-1");
    EXPECT_EQ(other.status, 422);
    sale.buyer(1).post(orders_path(id), order_of(1));
    const HttpAnswer cut =
        sale.mall().post(path, R"({"item_id":"1001","delta":-8,"reason":"broken"})", "delta-2");
    EXPECT_EQ(cut.status, 409);
    EXPECT_EQ(cut.code(), "STOCK_CUT_TOO_LARGE");
    const HttpAnswer borne =
        sale.mall().post(path, R"({"item_id":"1001","delta":-7,"reason":"broken"})", "delta-2");
    EXPECT_EQ(borne.code(), "OK") << "a refusal is not stored: " << borne.body;
    const HttpAnswer line = sale.ledger_line(id);
    EXPECT_EQ(line.number("total"), 1);
    EXPECT_EQ(line.number("available"), 0);
    EXPECT_EQ(line.number("held"), 1);
    EXPECT_EQ(sale.mall().post(path, R"({"item_id":"2","delta":1,"reason":"x"})", "delta-3").code(),
              "ITEM_UNKNOWN");
    sale.stop_and_verify();
}

TEST(MallsDoor, judges_payments_in_the_order_of_the_table) {
    Sale sale;
    const std::string id = sale.publish(Draft{});
    const std::string one = sale.buyer(1).post(orders_path(id), order_of(1)).text("order_id");
    const std::string two = sale.buyer(2).post(orders_path(id), order_of(1)).text("order_id");
    const HttpAnswer unknown = sale.pay("1c8k2mz41q7ta", "p0", 9900);
    EXPECT_EQ(unknown.code(), "ORDER_UNKNOWN");
    EXPECT_EQ(unknown.text("order_id"), "1c8k2mz41q7ta");
    const HttpAnswer wrong = sale.pay(one, "p1", 9901);
    EXPECT_EQ(wrong.code(), "AMOUNT_MISMATCH");
    EXPECT_EQ(wrong.text("state"), "held");
    EXPECT_EQ(sale.pay(one, "p1", 9901).code(), "AMOUNT_MISMATCH") << "told again, one event";
    EXPECT_EQ(sale.pay(one, "p1", 9900).code(), "CONFIRMED") << "the payment id was not consumed";
    EXPECT_EQ(sale.pay(two, "p1", 9900).code(), "PAYMENT_REUSED");
    const HttpAnswer second = sale.pay(one, "p2", 9900);
    EXPECT_EQ(second.code(), "REFUND_REQUIRED");
    EXPECT_EQ(second.text("state"), "confirmed") << "the order stays";
    EXPECT_EQ(second.json.at("refund").as_object().at("reason"), "second_payment");
    EXPECT_TRUE(sale.pay(one, "p2", 9900).flag("replayed"));

    sale.wait_until_settled();
    const Rows events = query(sale.database(),
                              "SELECT kind, coalesce(json_extract(payload, '$.payment_id'), ''), "
                              "json_extract(payload, '$.reason') FROM stampede_event "
                              "ORDER BY rowid");
    EXPECT_EQ(events, (Rows{{"PAYMENT_MISMATCH", "p0", "order_unknown"},
                            {"PAYMENT_MISMATCH", "p1", "wrong_amount"},
                            {"REFUND_REQUIRED", "p2", "second_payment"}}));
    sale.stop_and_verify();
}

TEST(MallsDoor, takes_a_batch_of_payments_each_with_its_own_answer) {
    Sale sale;
    const std::string id = sale.publish(Draft{.stock = 300});
    std::string body = R"({"payments":[)" + payment_of("1c8k2mz41q7ta", "none", 1);
    std::vector<std::string> orders;
    for (std::uint64_t buyer = 1; buyer <= 100; ++buyer) {
        orders.push_back(sale.buyer(buyer).post(orders_path(id), order_of(1)).text("order_id"));
        body += "," + payment_of(orders.back(), "p" + std::to_string(buyer), 9900);
    }
    body += "," + payment_of(orders[0], "p1", 9900) + "]}";
    const HttpAnswer batch = sale.mall().post("/v1/payments/batch", body, "night-1");
    EXPECT_EQ(batch.status, 200);
    const auto results = batch.list("results");
    ASSERT_EQ(results.size(), 102U);
    EXPECT_EQ(results[0].at("code"), "ORDER_UNKNOWN");
    EXPECT_EQ(results[0].at("order_id"), "1c8k2mz41q7ta");
    for (std::size_t at = 0; at < orders.size(); ++at) {
        ASSERT_EQ(results[at + 1].at("code"), "CONFIRMED") << at;
        ASSERT_EQ(results[at + 1].at("order_id"), orders[at].c_str()) << at;
        ASSERT_EQ(results[at + 1].at("state"), "confirmed") << at;
    }
    EXPECT_EQ(results[101].at("code"), "ALREADY_DONE");
    EXPECT_EQ(sale.ledger_line(id).number("sold"), 100);
    const HttpAnswer again = sale.mall().post("/v1/payments/batch", body, "night-1");
    EXPECT_EQ(again.list("results").size(), 102U);
    EXPECT_EQ(sale.ledger_line(id).number("sold"), 100);
    const HttpAnswer too_many = sale.mall().post("/v1/payments/batch", [&] {
        std::string many = R"({"payments":[)";
        for (int at = 0; at < 1001; ++at) {
            many += (at == 0 ? "" : ",") + payment_of(orders[0], "p1", 9900);
        }
        return many + "]}";
    }());
    EXPECT_EQ(too_many.status, 400);
    sale.stop_and_verify();
}

TEST(MallsDoor, bounds_refunds_by_what_was_paid_and_bought) {
    Sale sale;
    const std::string id =
        sale.publish(Draft{.more = R"(,"limits":{"per_buyer":3,"per_order_max":3})"});
    const std::string order = sale.buyer(1).post(orders_path(id), order_of(3)).text("order_id");
    Caller& mall = sale.mall();
    const auto refund = [&](const std::string& body) { return mall.post("/v1/refunds", body); };
    EXPECT_EQ(sale.pay(order, "p", 3 * 9900).code(), "CONFIRMED");
    const HttpAnswer part = refund(refund_of(order, "r1", 1, 9900));
    EXPECT_EQ(part.code(), "OK");
    EXPECT_EQ(part.text("state"), "confirmed");
    EXPECT_EQ(part.number("refunded_amount"), 9900);
    EXPECT_EQ(part.number("refunded_quantity"), 1);
    EXPECT_EQ(sale.ledger_line(id).number("sold"), 2);
    EXPECT_EQ(sale.ledger_line(id).number("available"), 8);
    EXPECT_EQ(refund(refund_of(order, "r1", 1, 9900)).code(), "ALREADY_DONE");
    const HttpAnswer reused = refund(refund_of(order, "r1", 1, 9000));
    EXPECT_EQ(reused.status, 409);
    EXPECT_EQ(reused.code(), "REFUND_REUSED");
    const HttpAnswer too_much = refund(refund_of(order, "r2", 0, 2 * 9900 + 1));
    EXPECT_EQ(too_much.status, 409);
    EXPECT_EQ(too_much.code(), "REFUND_EXCEEDS_PAID");
    EXPECT_EQ(refund(refund_of(order, "r2", 3, 1)).code(), "REFUND_EXCEEDS_PAID");
    EXPECT_EQ(refund(refund_of(order, "r3", 0, 100)).code(), "OK") << "money only";
    const HttpAnswer rest = refund(refund_of(order, "r4", 2, 2 * 9900 - 100));
    EXPECT_EQ(rest.text("state"), "refunded") << rest.body;
    EXPECT_EQ(sale.pay(order, "p9", 3 * 9900).code(), "REFUND_REQUIRED");
    EXPECT_EQ(refund(refund_of("1c8k2mz41q7ta", "r5", 0, 1)).code(), "ORDER_UNKNOWN");
    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(), "SELECT state, amount, refunded_amount FROM stampede_order"),
              (Rows{{"refunded", "29700", "29700"}}));
    EXPECT_EQ(query(sale.database(), "SELECT quantity, refunded_quantity FROM stampede_order_item"),
              (Rows{{"3", "3"}}));
    sale.stop_and_verify();
}

TEST(MallsDoor, lists_orders_page_by_page_and_by_state) {
    Sale sale;
    const std::string id = sale.publish(Draft{.stock = 30});
    std::set<std::string> all;
    for (std::uint64_t buyer = 1; buyer <= 25; ++buyer) {
        all.insert(sale.buyer(buyer).post(orders_path(id), order_of(1)).text("order_id"));
    }
    EXPECT_EQ(sale.pay(*all.begin(), "p", 9900).code(), "CONFIRMED");
    std::set<std::string> seen;
    std::string after;
    for (int page = 0; page < 10; ++page) {
        const HttpAnswer answer = sale.mall().get(orders_path(id) + "?limit=10" + after);
        for (const auto& order : answer.list("orders")) {
            EXPECT_TRUE(seen.emplace(order.at("order_id").as_string()).second) << "shown twice";
            EXPECT_TRUE(order.contains("buyer_id"));
        }
        if (!answer.has("next")) {
            break;
        }
        after = "&after=" + answer.text("next");
    }
    EXPECT_EQ(seen, all);
    const auto confirmed = sale.mall().get(orders_path(id) + "?state=confirmed").list("orders");
    ASSERT_EQ(confirmed.size(), 1U);
    EXPECT_EQ(confirmed[0].at("order_id"), all.begin()->c_str());
    EXPECT_EQ(sale.mall().get("/v1/orders/" + *all.begin()).text("state"), "confirmed");
    EXPECT_EQ(sale.mall().get("/v1/orders/1c8k2mz41q7ta").code(), "ORDER_UNKNOWN");
    EXPECT_EQ(sale.mall().post("/v1/orders/" + *all.rbegin() + "/release").text("state"),
              "cancelled");
}

TEST(MallsDoor, feeds_events_once_each_in_order_from_any_point) {
    Sale sale;
    sale.publish(Draft{});
    for (int at = 0; at < 12; ++at) {
        EXPECT_EQ(sale.pay("1c8k2mz41q7ta", "p" + std::to_string(at), 100 + at).code(),
                  "ORDER_UNKNOWN");
    }
    std::vector<std::string> payments;
    std::string after;
    for (int page = 0; page < 20 && payments.size() < 12; ++page) {
        const HttpAnswer answer =
            sale.mall().get("/v1/events?limit=5" + (after.empty() ? "" : "&after=" + after));
        for (const auto& event : answer.list("events")) {
            EXPECT_EQ(event.at("kind"), "PAYMENT_MISMATCH");
            payments.emplace_back(event.at("payload").as_object().at("payment_id").as_string());
        }
        after = answer.text("next");
    }
    std::vector<std::string> expected;
    for (int at = 0; at < 12; ++at) {
        expected.push_back("p" + std::to_string(at));
    }
    EXPECT_EQ(payments, expected);
    EXPECT_TRUE(sale.mall().get("/v1/events?after=" + after).list("events").empty());
    EXPECT_EQ(sale.mall().get("/v1/events?after=nonsense").status, 400);
    sale.wait_until_settled();
    const HttpAnswer all = sale.mall().get("/v1/events");
    const Rows rows = query(sale.database(), "SELECT event_id FROM stampede_event ORDER BY rowid");
    ASSERT_EQ(rows.size(), 12U);
    for (std::size_t at = 0; at < rows.size(); ++at) {
        EXPECT_EQ(all.list("events")[at].at("event_id"), rows[at][0].c_str());
    }
}

TEST(MallsDoor, tells_machines_how_it_is) {
    Sale sale;
    const std::string id = sale.publish(Draft{.stock = 1});
    sale.buyer(1).post(orders_path(id), order_of(1));
    sale.buyer(2).post(orders_path(id), order_of(1));
    sale.wait_until_settled();
    Caller anybody{sale.server().mall_port(), {}};
    EXPECT_EQ(anybody.get("/healthz").code(), "OK");
    EXPECT_TRUE(anybody.get("/readyz").flag("ready"));
    const HttpAnswer metrics = anybody.get("/metrics");
    EXPECT_EQ(metrics.status, 200);
    EXPECT_THAT(metrics.header("Content-Type"), testing::StartsWith("text/plain"));
    EXPECT_THAT(metrics.body, HasSubstr("\nstampede_requests_total 2"));
    EXPECT_THAT(metrics.body, HasSubstr("stampede_answers_total{outcome=\"accepted\"} 1"));
    EXPECT_THAT(metrics.body, HasSubstr("stampede_answers_total{outcome=\"refused\"} 1"));
    EXPECT_THAT(metrics.body, HasSubstr("stampede_ready 1"));
    EXPECT_THAT(metrics.body, HasSubstr("stampede_journal_sync_seconds_bucket"));
    // Counted by a thread that looks ten times a second.
    const auto becomes = [&](const std::string& line) {
        for (int tries = 0; tries < 1000; ++tries) {
            if (anybody.get("/metrics").body.find(line) != std::string::npos) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return false;
    };
    EXPECT_TRUE(becomes("\nstampede_connections_total 2"));
    EXPECT_TRUE(becomes("\nstampede_connections_open 0"));
    EXPECT_THAT(anybody.get("/metrics").body,
                testing::Not(HasSubstr("\nstampede_disk_free_bytes 0\n")));
    EXPECT_THAT(anybody.get("/openapi.yaml").body, testing::StartsWith("openapi: 3.1"));
    const HttpAnswer settlement = sale.mall().get("/v1/settlement");
    EXPECT_EQ(settlement.number("backlog"), 0);
    EXPECT_TRUE(settlement.json.at("last_error").is_null());
    Caller live{sale.server().live_port(), {}};
    EXPECT_EQ(live.get("/").status, 404);
}

TEST(MallsDoor, names_the_metrics_that_the_documents_name) {
    Sale sale;
    Caller anybody{sale.server().mall_port(), {}};
    const std::string metrics = anybody.get("/metrics").body;
    const std::string document = read_file(STAMPEDE_DOCUMENTS "/reference/metrics.md");
    std::size_t found = 0;
    for (std::size_t at = document.find("\n| `stampede_"); at != std::string::npos;
         at = document.find("\n| `stampede_", at + 1)) {
        const std::size_t from = at + 4;
        const std::string name = document.substr(from, document.find('`', from) - from);
        if (name.find(' ') == std::string::npos) {  // the alarms stand in a table of their own
            EXPECT_THAT(metrics, HasSubstr("# TYPE " + name + " "));
            ++found;
        }
    }
    EXPECT_GT(found, 20U);
}

}  // namespace
}  // namespace stampede::tests
