// SPDX-License-Identifier: Apache-2.0
// The thread of the quiet doors: pipelining, bodies in pieces, wrong framing, bounds and stopping.
#include <gmock/gmock.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

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
    const auto answer = slow.front()->read();
    ASSERT_TRUE(answer.has_value()) << "closed in the middle of its body";
    EXPECT_EQ(answer->status, 400) << "a body of spaces is no batch";
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

/// Keeps each request until it is told to answer one, and notes how many sessions are open whenever
/// another request comes: each newcomer is counted before he is heard.
class SlowDesk final : public HttpDesk {
  public:
    explicit SlowDesk(QuietDoors& doors) : doors_(doors) {}
    void handle(Exchange& exchange) override {
        const std::lock_guard lock(mutex_);
        most_open_ = std::max(most_open_, doors_.sessions_open());
        kept_.push_back(&exchange);
        ++heard_;
        changed_.notify_all();
        if (to_answer_ > 0) {
            doors_.wake();
        }
    }
    void woken() override {
        std::vector<Exchange*> answered;
        {
            const std::lock_guard lock(mutex_);
            for (; to_answer_ > 0 && !kept_.empty(); --to_answer_) {
                answered.push_back(kept_.front());
                kept_.pop_front();
            }
        }
        for (Exchange* exchange : answered) {
            exchange->respond("HTTP/1.1 204 No Content\r\n\r\n", CommitNumber{});
        }
    }
    /// False when so many did not come.
    [[nodiscard]] bool wait_until_heard(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return heard_ >= count; });
    }
    /// So many more, those that are still to come included.
    void answer(std::size_t count) {
        {
            const std::lock_guard lock(mutex_);
            to_answer_ += count;
        }
        doors_.wake();
    }
    [[nodiscard]] std::size_t most_open() {
        const std::lock_guard lock(mutex_);
        return most_open_;
    }
    [[nodiscard]] std::size_t heard() {
        const std::lock_guard lock(mutex_);
        return heard_;
    }

  private:
    QuietDoors& doors_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Exchange*> kept_;
    std::size_t to_answer_ = 0;
    std::size_t heard_ = 0;
    std::size_t most_open_ = 0;
};

class CrowdedDoors : public testing::Test {
  protected:
    static constexpr std::size_t most = 8;
    CrowdedDoors() {
        const auto anywhere = Endpoint::parse("127.0.0.1:0");
        one_port_ = doors_.open(*anywhere, one_)->port();
        other_port_ = doors_.open(*anywhere, other_)->port();
        doors_.start();
    }
    ~CrowdedDoors() override { doors_.stop(Duration::seconds(5)); }
    static std::unique_ptr<PlainClient> asks(std::uint16_t port) {
        auto client = std::make_unique<PlainClient>(port);
        client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        return client;
    }

    HandMovedJournal journal_;
    QuietDoors doors_{journal_, QuietDoorsOptions{.sessions_max = most}};
    SlowDesk one_{doors_};
    SlowDesk other_{doors_};
    std::uint16_t one_port_ = 0;
    std::uint16_t other_port_ = 0;
};

TEST_F(CrowdedDoors, keep_their_bound_and_serve_everybody) {
    // All places are taken by requests that are not answered, so nobody can be sent away.
    std::deque<std::unique_ptr<PlainClient>> first;
    for (std::size_t at = 0; at < most; ++at) {
        first.push_back(asks(one_port_));
    }
    ASSERT_TRUE(one_.wait_until_heard(most));
    constexpr std::size_t crowd = 20;
    std::vector<std::unique_ptr<PlainClient>> of_one;
    std::vector<std::unique_ptr<PlainClient>> of_other;
    for (std::size_t at = 0; at < crowd; ++at) {
        of_one.push_back(asks(one_port_));
        of_other.push_back(asks(other_port_));
    }
    // Whoever is answered makes room for one of the crowd, at one door or the other.
    for (auto& client : first) {
        one_.answer(1);
        const auto response = client->read();
        ASSERT_TRUE(response.has_value());
        EXPECT_EQ(response->status, 204);
    }
    one_.answer(2 * crowd);
    other_.answer(2 * crowd);
    for (const auto& clients : {std::cref(of_one), std::cref(of_other)}) {
        for (const auto& client : clients.get()) {
            const auto response = client->read();
            ASSERT_TRUE(response.has_value()) << "sent away unheard";
            EXPECT_EQ(response->status, 204);
        }
    }
    EXPECT_EQ(one_.heard() + other_.heard(), most + 2 * crowd);
    EXPECT_LE(std::max(one_.most_open(), other_.most_open()), most);
}

TEST_F(CrowdedDoors, leave_idle_clients_alone_until_somebody_needs_their_place) {
    std::vector<std::unique_ptr<PlainClient>> idle;
    for (std::size_t at = 0; at < most; ++at) {
        idle.push_back(asks(one_port_));
        one_.answer(1);
        ASSERT_TRUE(idle.back()->read().has_value());
    }
    for (auto& client : idle) {
        client->send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        one_.answer(1);
        ASSERT_TRUE(client->read().has_value()) << "closed although there was room for all";
    }
    const auto newcomer = asks(other_port_);
    other_.answer(1);
    EXPECT_TRUE(newcomer->read().has_value());
    EXPECT_TRUE(idle.front()->is_closed_by_server()) << "it had been idle longest";
}

}  // namespace
}  // namespace stampede::net
