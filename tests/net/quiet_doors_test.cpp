// SPDX-License-Identifier: Apache-2.0
// The thread of the quiet doors: pipelining, bodies in pieces, wrong framing, bounds and stopping.
#include <gmock/gmock.h>

#include "tests/net/mall_door_fixture.hpp"

namespace stampede::net {
namespace {

using testing::HasSubstr;
using QuietDoorsTest = MallDoorTest;

TEST_F(QuietDoorsTest, answers_pipelined_requests_in_order_on_one_connection) {
    PlainClient client(mall_port_);
    std::string many;
    for (int at = 0; at < 20; ++at) {
        many += at % 2 == 0 ? request("GET", "/healthz") : request("GET", "/nowhere");
    }
    client.send(many);
    for (int at = 0; at < 20; ++at) {
        EXPECT_EQ(client.read()->status, at % 2 == 0 ? 200 : 404);
    }
}

TEST_F(QuietDoorsTest, takes_a_body_in_pieces_and_in_chunks) {
    PlainClient client(mall_port_);
    const std::string text = request("POST", "/v1/payments", a_payment);
    for (const char byte : text) {
        client.send(std::string_view{&byte, 1});
    }
    EXPECT_EQ(client.read()->status, 200);
    client.send(
        "POST /v1/payments HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer all\r\n"
        "Transfer-Encoding: chunked\r\n\r\n");
    for (std::size_t at = 0; at < a_payment.size(); at += 16) {
        const auto piece = a_payment.substr(at, 16);
        char size[8];
        std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
        client.send(std::string{size} + std::string{piece} + "\r\n");
    }
    client.send("0\r\n\r\n");
    EXPECT_EQ(client.read()->status, 200);
}

TEST_F(QuietDoorsTest, tells_a_client_that_waits_for_it_to_go_on) {
    PlainClient client(mall_port_);
    client.send(
        "POST /v1/payments HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer all\r\n"
        "Expect: 100-continue\r\nContent-Length: " +
        std::to_string(a_payment.size()) + "\r\n\r\n");
    EXPECT_EQ(client.read()->status, 100);
    client.send(a_payment);
    EXPECT_EQ(client.read()->status, 200);
}

TEST_F(QuietDoorsTest, closes_after_what_is_no_request) {
    for (const char* text :
         {"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
          "nonsense\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
          "chunked\r\n\r\n0\r\n\r\n"}) {
        PlainClient client(mall_port_);
        client.send(text);
        const auto response = client.read();
        ASSERT_TRUE(response.has_value()) << text;
        EXPECT_EQ(response->status, 400) << text;
        EXPECT_THAT(response->head, HasSubstr("Connection: close"));
        EXPECT_TRUE(client.is_closed_by_server()) << text;
    }
    PlainClient client(mall_port_);
    client.send("POST /v1/payments HTTP/1.1\r\nHost: a\r\nContent-Length: 4194305\r\n\r\n");
    EXPECT_EQ(client.read()->status, 413);
}

TEST_F(QuietDoorsTest, bounds_the_memory_of_large_bodies) {
    const std::string head =
        "POST /v1/payments/batch HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer all\r\n"
        "Content-Length: 600000\r\n\r\n";
    const std::string part(500'000, ' ');
    std::vector<std::unique_ptr<PlainClient>> slow;
    for (std::size_t at = 0; at < QuietDoorsOptions{}.large_bodies_max; ++at) {
        slow.push_back(std::make_unique<PlainClient>(mall_port_));
        slow.back()->send(head + part);
    }
    // Once the server has read all of them, one more is refused; until then it may be let in.
    std::optional<PlainResponse> refused;
    while (!refused.has_value() || refused->status != 503) {
        PlainClient one_more(mall_port_);
        one_more.send(head + part);
        refused = one_more.has_input(100) ? one_more.read() : std::nullopt;
    }
    EXPECT_THAT(refused->body, HasSubstr(R"("code":"BUSY")"));
    slow.front()->send(std::string(600'000 - part.size(), ' '));
    EXPECT_EQ(slow.front()->read()->status, 400) << "a body of spaces is no batch";
    slow.clear();
    EXPECT_EQ(call(request("POST", "/v1/payments", a_payment)).status, 200);
}

TEST_F(QuietDoorsTest, serves_more_clients_than_it_has_sessions) {
    std::vector<std::unique_ptr<PlainClient>> idle;
    for (std::size_t at = 0; at < QuietDoorsOptions{}.sessions_max + 20; ++at) {
        idle.push_back(std::make_unique<PlainClient>(mall_port_));
        idle.back()->send(request("GET", "/healthz"));
        EXPECT_EQ(idle.back()->read()->status, 200) << at;
    }
    EXPECT_LE(doors_.sessions_open(), QuietDoorsOptions{}.sessions_max);
}

TEST_F(QuietDoorsTest, lets_an_answer_under_way_leave_when_it_stops) {
    loop_.rests_on = 2;
    PlainClient idle(mall_port_);
    PlainClient busy(mall_port_);
    idle.send(request("GET", "/healthz"));
    EXPECT_EQ(idle.read()->status, 200);
    busy.send(request("POST", "/v1/payments", a_payment));
    while (loop_.taken.load() == 0) {
        std::this_thread::yield();
    }
    std::thread stopper([this] { doors_.stop(Duration::seconds(20)); });
    EXPECT_TRUE(idle.is_closed_by_server());
    journal_.reach(CommitNumber{2});
    doors_.durable_advanced();
    EXPECT_EQ(busy.read()->status, 200);
    EXPECT_TRUE(busy.is_closed_by_server());
    stopper.join();
}

TEST_F(QuietDoorsTest, answers_404_at_the_live_door) {
    PlainClient client(live_port_);
    client.send(request("GET", "/v1/live/campaigns/7"));
    const auto response = client.read();
    EXPECT_EQ(response->status, 404);
    EXPECT_THAT(response->head, HasSubstr("application/problem+json"));
}

}  // namespace
}  // namespace stampede::net
