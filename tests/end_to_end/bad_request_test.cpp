// SPDX-License-Identifier: Apache-2.0
// What the two doors say to requests that are wrong: the status, the code, what is wrong and where;
// and that the connection of a broken framing ends while that of a broken body goes on.
#include <gmock/gmock.h>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;

class BadRequest : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, BadRequest, both_loops(), loop_name);

void expect_problem(const HttpAnswer& answer, int status, const std::string& says) {
    EXPECT_EQ(answer.status, status) << answer.head << answer.body;
    EXPECT_THAT(answer.header("Content-Type"), testing::StartsWith("application/problem+json"));
    EXPECT_EQ(answer.number("status"), status);
    EXPECT_THAT(answer.text("code"), testing::MatchesRegex("[A-Z_]+"));
    EXPECT_THAT(answer.text("detail"), HasSubstr(says)) << answer.body;
    EXPECT_TRUE(answer.has("title"));
}

TEST_P(BadRequest, says_which_field_of_a_body_is_wrong_and_keeps_the_connection) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{});
    Caller buyer = sale.buyer(1);
    const std::vector<std::pair<std::string, std::string>> bodies{
        {R"({"item_id":"1001","quantity":1,"colour":"red"})", "colour"},
        {R"({"item_id":"1001","item_id":"1001","quantity":1})", "item_id"},
        {R"({"item_id":"1001"})", "quantity"},
        {R"({"quantity":1})", "item_id"},
        {R"({"item_id":1001,"quantity":1})", "item_id"},
        {R"({"item_id":"1001","quantity":"1"})", "quantity"},
        {R"({"item_id":"1001","quantity":1.5})", "quantity"},
        {R"({"item_id":"1001","quantity":0})", "quantity"},
        {R"({"item_id":"1001","quantity":-1})", "quantity"},
        {R"({"item_id":"1001","quantity":99999999999999999999})", "quantity"},
        {R"({"item_id":"10 01","quantity":1})", "item_id"},
        {R"({"item_id":"1001","quantity":1)", "body"},
        {R"({"item_id":"1001","quantity":1}{})", "body"},
        {R"([])", "body"},
        {"nonsense", "body"},
        {R"({"items":[{"item_id":"1001","quantity":1},{"item_id":"1001","quantity":0}]})",
         "items[1].quantity"},
        {R"({"items":[]})", "items"},
        {R"({"items":[{"item_id":"1001","quantity":1}],"quantity":1})", "items"},
        {"{\"item_id\":\"10\xff\",\"quantity\":1}", ""},
    };
    for (const auto& [body, says] : bodies) {
        SCOPED_TRACE(body);
        expect_problem(buyer.post(orders_path(id), body), 400, says);
    }
    expect_problem(buyer.post(orders_path(id), ""), 400, "body");
    expect_problem(buyer.post("/v1/campaigns/0/orders", order_of(1)), 400, "campaign_id");
    expect_problem(buyer.post("/v1/campaigns/x/orders", order_of(1)), 400, "campaign_id");
    expect_problem(buyer.get(orders_path(id) + "/WRONG!"), 400, "order_id");
    expect_problem(buyer.post(orders_path(id), order_of(1), std::string(65, 'k')), 400,
                   "Idempotency-Key");
    EXPECT_EQ(sale.ledger_line(id).number("available"), 10) << "nothing was taken";
    EXPECT_EQ(buyer.post(orders_path(id), order_of(1)).code(), "HELD") << "the same connection";
}

TEST_P(BadRequest, knows_paths_methods_and_who_may_ask) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{});
    Caller buyer = sale.buyer(1);
    expect_problem(buyer.get("/"), 404, "path");
    expect_problem(buyer.get("/v1/campaigns/" + id + "/groups/1/x"), 404, "path");
    expect_problem(buyer.put(orders_path(id), order_of(1)), 405, "");
    EXPECT_EQ(buyer.put(orders_path(id), order_of(1)).header("Allow"), "GET, POST");
    expect_problem(buyer.post("/v1/time"), 405, "");
    Caller nobody{sale.server().buyers_port(), {}};
    expect_problem(nobody.post(orders_path(id), order_of(1)), 401, "");
    EXPECT_EQ(nobody.get(orders_path(id)).header("WWW-Authenticate"), "Bearer");
    for (const char* wrong : {"0", "-1", "9223372036854775808", "abc", "1 2"}) {
        Caller odd{sale.server().buyers_port(), {"X-Buyer-Id: " + std::string{wrong}}};
        expect_problem(odd.get(orders_path(id)), 400, "X-Buyer-Id");
    }
    Caller liar{sale.server().buyers_port(), {"Authorization: Bearer 1:k1:42:9999999999:0:0.AAAA"}};
    expect_problem(liar.get(orders_path(id)), 401, "");
}

/// Raw bytes that no server may take; each on a connection of its own, which must end.
void expect_refused_and_closed(std::uint16_t port, const std::string& bytes, int status) {
    SCOPED_TRACE(bytes.substr(0, 200));
    HttpClient client(port);
    client.send(bytes);
    const HttpAnswer answer = client.read();
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server());
}

TEST_P(BadRequest, refuses_broken_framings_and_closes) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{});
    const std::string post =
        "POST " + orders_path(id) + " HTTP/1.1\r\nHost: a\r\nX-Buyer-Id: 1\r\n";
    const std::string type = "Content-Type: application/json\r\n";
    const std::string body = order_of(1);
    const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    const std::vector<std::pair<std::string, int>> requests{
        {"GET /v1/time HTTP/1.1\r\n\r\n", 400},  // no Host
        {"GET /v1/time HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET /v1/time HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
        {"GET /v1/time HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET /v1/time HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"NONSENSE\r\n\r\n", 400},
        {post + type + length + length + "\r\n" + body, 400},
        {post + type + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {post + type + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
        {post + type + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {post + type + "Content-Length: +5\r\n\r\nhello", 400},
        {post + type + "Content-Length: 5, 5\r\n\r\nhello", 400},
        {post + type + length + "X-Buyer-Id: 2\r\n\r\n" + body, 400},
        {post + type + length + "Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n" + body, 400},
        {post + "Authorization: a\r\nAuthorization: b\r\n" + length + "\r\n" + body, 400},
        {"GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"GET /v1/time HTTP/1.1\r\nHost: a\r\nX-Big: " + std::string(9000, 'a') + "\r\n\r\n", 431},
        {post + type + "Content-Length: 4097\r\n\r\n" + std::string(4097, ' '), 413},
    };
    for (const auto& [bytes, status] : requests) {
        expect_refused_and_closed(sale.server().buyers_port(), bytes, status);
    }
    EXPECT_EQ(sale.ledger_line(id).number("available"), 10) << "nothing was taken";
}

TEST_P(BadRequest, takes_what_is_unusual_and_right) {
    Sale sale(flags());
    const std::string id =
        sale.publish(Draft{.more = R"(,"limits":{"per_buyer":9,"per_order_max":1})"});
    HttpClient client(sale.server().buyers_port());
    const std::string post =
        "POST " + orders_path(id) + " HTTP/1.1\r\nHost: a\r\nX-Buyer-Id: 1\r\n";
    client.send(post +
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5\r\n{\"ite\r\n1a\r\nm_id\":\"1001\",\"quantity\":1}\r\n0\r\n\r\n");
    EXPECT_EQ(client.read().code(), "HELD");
    const std::string body = order_of(1);
    const std::string request =
        post + "content-type: application/json; charset=utf-8\r\ncontent-length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    for (const char byte : request) {  // split at every byte
        client.send(std::string_view{&byte, 1});
    }
    EXPECT_EQ(client.read().code(), "HELD");
    client.send(post +
                "Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n");
    EXPECT_EQ(client.read().status, 100);
    client.send(body);
    EXPECT_EQ(client.read().code(), "HELD");
    client.send("GET /v1/time HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(client.read().header("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_server());
}

TEST_P(BadRequest, tells_the_mall_what_is_wrong_too) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{});
    Caller& mall = sale.mall();
    expect_problem(mall.post("/v1/payments", R"({"order_id":"1","payment_id":"p","amount":1})"),
                   400, "paid_at");
    expect_problem(mall.post("/v1/payments",
                             R"({"order_id":"1","payment_id":"p","amount":1,"paid_at":"today"})"),
                   400, "paid_at");
    expect_problem(mall.post("/v1/payments", R"({"colour":1})"), 400, "colour");
    expect_problem(
        mall.post("/v1/payments/batch", R"({"payments":[)" + payment_of("1", "p", 1) +
                                            R"(,{"order_id":"1","payment_id":"p","amount":"1",)"
                                            R"("paid_at":"2026-11-21T20:00:00Z"}]})"),
        400, "payments[1].amount");
    expect_problem(mall.post("/v1/campaigns/" + id + "/stock",
                             R"({"item_id":"1001","delta":1,"reason":"more"})"),
                   400, "Idempotency-Key");
    expect_problem(mall.post("/v1/campaigns/" + id + "/stock",
                             R"({"item_id":"1001","delta":0,"reason":"none"})", "k"),
                   400, "delta");
    expect_problem(mall.get("/v1/campaigns/" + id + "/orders?limit=0"), 400, "limit");
    expect_problem(mall.get("/v1/campaigns/" + id + "/orders?colour=red"), 400, "colour");
    expect_problem(mall.get("/v1/nowhere"), 404, "path");
    expect_problem(mall.post("/v1/orders/1"), 405, "");
    Caller wrong_key = sale.server().mall("wrong");
    expect_problem(wrong_key.get("/v1/settlement"), 401, "");
    Question text = mall.question("POST", "/v1/payments", {}, {});
    text.body = payment_of("1", "p", 1);
    std::string bytes = text.text();
    bytes.replace(bytes.find("application/json"), 16, "text/plain      ");
    mall.client().send(bytes);
    expect_problem(mall.client().read(), 415, "application/json");
}

TEST_P(BadRequest, gets_ten_messages_for_a_draft_with_ten_mistakes) {
    Sale sale(flags());
    const HttpAnswer answer = sale.mall().post(
        "/v1/campaigns",
        R"({"play":"lottery","title":"","starts_at":"2026-11-21T20:00:00+08:00",)"
        R"("ends_at":"2026-11-21T19:00:00+08:00","colour":"red","hold_seconds":5,)"
        R"("waitlist":"yes","limits":{"per_buyer":0},"late_payment":"never",)"
        R"("items":[{"item_id":"1 1","title":"Kettle","price":0,"stock":-1,"slot_stock":-3}]})");
    EXPECT_EQ(answer.status, 422);
    EXPECT_EQ(answer.code(), "DRAFT_INVALID");
    std::vector<std::string> fields;
    for (const auto& error : answer.list("errors")) {
        fields.emplace_back(error.at("field").as_string());
        EXPECT_FALSE(error.at("message").as_string().empty());
    }
    EXPECT_THAT(fields, testing::UnorderedElementsAre(
                            "play", "title", "ends_at", "colour", "hold_seconds", "waitlist",
                            "limits.per_buyer", "late_payment", "items[0].item_id",
                            "items[0].price", "items[0].stock", "items[0].slot_stock"))
        << answer.body;
}

}  // namespace
}  // namespace stampede::tests
