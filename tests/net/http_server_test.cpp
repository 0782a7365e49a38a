// SPDX-License-Identifier: Apache-2.0
// The server over real sockets on every back end, and, for deadlines and the order of releases,
// over a loop made of nothing but lists, whose clock the test moves.
#include "net/http_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "tests/net/loop_thread.hpp"

namespace stampede::net {
namespace {

std::string response(int status, std::string_view body, bool keep_alive) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\nContent-Length: " + std::to_string(body.size()) +
           (keep_alive ? "" : "\r\nConnection: close") + "\r\n\r\n" + std::string{body};
}

std::string get(std::string_view path) {
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n\r\n";
}
std::string post(std::string_view path, std::string_view body) {
    return "POST " + std::string{path} +
           " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string{body};
}

/// Answers with the path and body; `/wait/N` rests on commit N, `/big/N` is N bytes long.
class Answerer : public RequestHandler {
  public:
    std::atomic<std::uint64_t> durable{0};
    std::atomic<int> handled{0};
    std::function<void()> on_wake;
    std::atomic<bool> stop_asked{false};

    void handle(const HttpRequest& request, Responder& responder) override {
        ++handled;
        std::string body{request.path};
        body.append(request.body.begin(), request.body.end());
        CommitNumber rests_on{0};
        if (request.path.starts_with("/wait/")) {
            rests_on = CommitNumber{std::stoull(std::string{request.path.substr(6)})};
        } else if (request.path.starts_with("/big/")) {
            body = std::string(std::stoull(std::string{request.path.substr(5)}), 'b');
        }
        responder.reply(response(200, body, responder.keep_alive()), rests_on);
    }
    void refuse(const HttpRefusal& refusal, Responder& responder) override {
        EXPECT_FALSE(responder.keep_alive());
        responder.reply(response(refusal.status, refusal.detail, responder.keep_alive()),
                        CommitNumber{0});
    }
    void woken() override {
        if (stop_asked.exchange(false)) {
            on_wake();
        }
    }
    void ticked(SteadyTime) override {}
    CommitNumber turn_ended() override { return CommitNumber{durable.load()}; }
};

// Over real sockets ------------------------------------------------------------------------------

class HttpServerSuite : public testing::TestWithParam<EventLoopKind> {
  protected:
    void start(HttpServerOptions options = {}) {
        options.connections_max = 200;
        EventLoopOptions loop_options;
        loop_options.kind = GetParam();
        loop_options.connections_max = options.connections_max;
        loop_ = *make_event_loop(loop_options);
        auto listener = Listener::open(*Endpoint::parse("127.0.0.1:0"));
        endpoint_ = listener->endpoint();
        loop_->listen(std::move(*listener));
        server_ = std::make_unique<HttpServer>(*loop_, answerer_, options);
        thread_ = std::thread{[this] { loop_->run(*server_); }};
    }
    ~HttpServerSuite() override {
        if (thread_.joinable()) {
            loop_->stop();
            thread_.join();
        }
    }
    [[nodiscard]] TestClient connect() const { return TestClient{endpoint_}; }
    void make_durable(std::uint64_t commit) {
        answerer_.durable = commit;
        loop_->wake();
    }
    template <class Condition>
    static void eventually(Condition condition) {
        while (!condition()) {
            usleep(1000);
        }
    }
    static void expect_reply(const TestClient& client, int status, std::string_view body) {
        const std::string expected = response(status, body, true);
        EXPECT_EQ(client.receive(expected.size()), expected);
    }

    Answerer answerer_;
    std::unique_ptr<EventLoop> loop_;
    Endpoint endpoint_;
    std::unique_ptr<HttpServer> server_;
    std::thread thread_;
};

TEST_P(HttpServerSuite, answers_requests_on_one_connection) {
    start();
    const TestClient client = connect();
    for (int number = 0; number < 50; ++number) {
        const std::string path = "/" + std::to_string(number);
        client.send(post(path, "{}"));
        expect_reply(client, 200, path + "{}");
    }
    EXPECT_EQ(server_->counters().requests, 50u);
    EXPECT_EQ(server_->counters().connections_open, 1u);
}

TEST_P(HttpServerSuite, answers_pipelined_requests_in_order) {
    start();
    const TestClient client = connect();
    std::string requests;
    std::string expected;
    for (int number = 0; number < 1000; ++number) {
        const std::string path = "/" + std::to_string(number);
        requests += number % 2 == 0 ? get(path) : post(path, std::string(200, 'x'));
        expected += response(200, number % 2 == 0 ? path : path + std::string(200, 'x'), true);
    }
    std::thread sender{[&] { client.send(requests); }};
    EXPECT_TRUE(client.receive(expected.size()) == expected);
    sender.join();
}

TEST_P(HttpServerSuite, answers_requests_cut_at_every_byte) {
    start();
    const TestClient client = connect();
    const std::string request = post("/cut", "{\"a\":1}");
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
        client.send(request.substr(0, cut));
        client.send(request.substr(cut));
        expect_reply(client, 200, "/cut{\"a\":1}");
    }
    for (const char byte : request) {
        client.send({&byte, 1});
    }
    expect_reply(client, 200, "/cut{\"a\":1}");
}

TEST_P(HttpServerSuite, lets_no_reply_leave_before_its_commit_is_durable) {
    start();
    const TestClient client = connect();
    const TestClient other = connect();
    client.send(get("/wait/1") + get("/after"));
    eventually([&] { return answerer_.handled == 2; });
    other.send(get("/other"));
    expect_reply(other, 200, "/other");
    const std::uint64_t bytes = response(200, "/other", true).size();
    eventually([&] { return server_->counters().replied_bytes >= bytes; });
    EXPECT_EQ(server_->counters().replied_bytes, bytes)
        << "a reply overtook its commit, or one that it stands behind";
    make_durable(1);
    expect_reply(client, 200, "/wait/1");
    expect_reply(client, 200, "/after");
}

TEST_P(HttpServerSuite, releases_each_connection_at_its_own_commit) {
    start();
    std::vector<TestClient> clients;
    for (int number = 0; number < 100; ++number) {
        clients.push_back(connect());
        clients.back().send(get("/wait/" + std::to_string(number)));
    }
    eventually([&] { return answerer_.handled == 100; });
    for (int number = 0; number < 100; ++number) {
        make_durable(static_cast<std::uint64_t>(number));
        expect_reply(clients[static_cast<std::size_t>(number)], 200,
                     "/wait/" + std::to_string(number));
    }
}

TEST_P(HttpServerSuite, closes_after_the_reply_when_asked_to) {
    start();
    const TestClient client = connect();
    client.send("GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get("/never"));
    EXPECT_EQ(client.receive_all(), response(200, "/last", false));
    EXPECT_FALSE(client.ended_by_reset());
    EXPECT_EQ(answerer_.handled, 1);
}

TEST_P(HttpServerSuite, answers_a_peer_that_half_closed) {
    start();
    const TestClient client = connect();
    client.send(get("/wait/1") + get("/two") + "GET /unfini");
    client.finish_sending();
    eventually([&] { return answerer_.handled == 2; });
    make_durable(1);
    EXPECT_EQ(client.receive_all(), response(200, "/wait/1", true) + response(200, "/two", true));
    EXPECT_FALSE(client.ended_by_reset());
}

TEST_P(HttpServerSuite, answers_a_refusal_before_it_closes) {
    start();
    const std::string too_long = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n";
    const std::string header = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x');
    for (const auto& [status, request] : std::map<int, std::string>{
             {413, too_long}, {431, header}, {400, "GET / HTTP/1.1\r\n\r\n"}}) {
        const TestClient client = connect();
        client.send(request);
        // What still comes must not turn the answer into a reset.
        client.send(std::string(20'000, 'y'));
        const std::string answer = client.receive_all();
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status))) << answer;
        EXPECT_FALSE(client.ended_by_reset()) << status;
    }
    EXPECT_EQ(answerer_.handled, 0);
    EXPECT_EQ(server_->counters().refused_too_large, 2u);
    EXPECT_EQ(server_->counters().refused_malformed, 1u);
}

TEST_P(HttpServerSuite, answers_what_came_before_a_refusal) {
    start();
    const TestClient client = connect();
    client.send(get("/good") + "BAD\r\n\r\n" + get("/never"));
    const std::string answer = client.receive_all();
    EXPECT_TRUE(answer.starts_with(response(200, "/good", true) + "HTTP/1.1 400 ")) << answer;
    EXPECT_EQ(answerer_.handled, 1);
}

TEST_P(HttpServerSuite, asks_for_the_body_that_a_client_holds_back) {
    start();
    const TestClient client = connect();
    client.send("POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(client.receive(25), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body");
    expect_reply(client, 200, "/ebody");
}

TEST_P(HttpServerSuite, stops_reading_from_who_does_not_read) {
    start();
    const TestClient client{endpoint_, 4096};
    constexpr int requests = 5000;  // 50 MB of replies, far more than sockets hold
    std::thread sender{[&] {
        for (int number = 0; number < requests; ++number) {
            client.send(get("/big/10000"));
        }
    }};
    eventually([&] { return server_->counters().paused >= 1; });
    usleep(100'000);
    // 64 KiB parked on the server, what the sockets hold, and nowhere near all of it.
    EXPECT_LT(answerer_.handled, requests / 2);
    const std::string one = response(200, std::string(10'000, 'b'), true);
    for (int number = 0; number < requests; ++number) {
        ASSERT_TRUE(client.receive(one.size()) == one) << number;
    }
    EXPECT_EQ(answerer_.handled, requests);
    sender.join();
}

TEST_P(HttpServerSuite, refuses_the_connections_of_a_peer_that_has_too_many) {
    HttpServerOptions options;
    options.connections_per_peer_max = 2;
    start(options);
    const TestClient first = connect();
    const TestClient second = connect();
    first.send(get("/1"));
    expect_reply(first, 200, "/1");
    second.send(get("/2"));
    expect_reply(second, 200, "/2");
    EXPECT_EQ(connect().receive_all(), "");
    eventually([&] { return server_->counters().connections_open == 2; });
    EXPECT_EQ(server_->counters().connections_over_peer_limit, 1u);
    first.send(get("/3"));
    expect_reply(first, 200, "/3");
}

TEST_P(HttpServerSuite, stops_gracefully) {
    start();
    const TestClient idle = connect();
    const TestClient waiting = connect();
    idle.send(get("/idle"));
    expect_reply(idle, 200, "/idle");
    waiting.send(get("/wait/5"));
    eventually([&] { return answerer_.handled == 2; });

    std::atomic<bool> stopped{false};
    // It belongs to the loop's thread, so the handler does it when woken.
    answerer_.on_wake = [&] { server_->stop_gracefully([&] { stopped = true; }); };
    answerer_.stop_asked = true;
    loop_->wake();
    EXPECT_EQ(idle.receive_all(), "");
    EXPECT_FALSE(stopped) << "a reply is still parked";
    make_durable(5);
    EXPECT_EQ(waiting.receive_all(), response(200, "/wait/5", true));
    eventually([&] { return stopped.load(); });
    EXPECT_THROW(connect(), std::runtime_error) << "nobody listens any more";
}

INSTANTIATE_TEST_SUITE_P(Backends, HttpServerSuite,
                         testing::Values(EventLoopKind::io_uring, EventLoopKind::epoll),
                         [](const auto& kind) {
                             return kind.param == EventLoopKind::epoll ? "epoll" : "io_uring";
                         });

// Over a loop of lists ---------------------------------------------------------------------------

/// Remembers what the server asked for; nothing happens that the test does not say.
class ListLoop : public EventLoop {
  public:
    std::map<ConnectionId, std::string> sending;
    std::map<ConnectionId, std::string> told;  // "close", "drain", "pause", "resume"
    SteadyTime time{1'000'000};

    [[nodiscard]] std::string_view description() const override { return "lists"; }
    void listen(Listener) override {}
    void stop_listening() override {}
    void run(LoopHandler&) override {}
    void stop() override {}
    void wake() override {}
    void send(ConnectionId id, std::span<const char> bytes) override {
        EXPECT_EQ(sending.count(id), 0u) << "one span at a time";
        sending[id].assign(bytes.begin(), bytes.end());
    }
    void pause_reading(ConnectionId id) override { told[id] += "pause "; }
    void resume_reading(ConnectionId id) override { told[id] += "resume "; }
    void close(ConnectionId id) override { told[id] += "close "; }
    void close_after_drain(ConnectionId id) override { told[id] += "drain "; }
    [[nodiscard]] SteadyTime now() const override { return time; }
    [[nodiscard]] const LoopCounters& counters() const override { return counters_; }

  private:
    LoopCounters counters_;
};

class HttpServerOnLists : public testing::Test {
  protected:
    static HttpServerOptions options() {
        HttpServerOptions options;
        options.connections_max = 8;
        return options;
    }
    ConnectionId open(std::uint32_t slot) {
        const ConnectionId id{slot, 1};
        server_.opened(id, *Endpoint::parse("127.0.0.1:40000"));
        server_.turn_ended();
        return id;
    }
    void receive(ConnectionId id, std::string_view text) {
        std::vector<char> bytes(text.begin(), text.end());
        bytes.resize(text.size() + input_padding_bytes);
        server_.received(id, std::span{bytes}.first(text.size()));
        server_.turn_ended();
    }
    /// The peer took everything that was sent.
    std::string take(ConnectionId id) {
        const std::string bytes = std::exchange(loop_.sending[id], {});
        loop_.sending.erase(id);
        if (!bytes.empty()) {
            server_.sent(id, bytes.size());
        }
        server_.turn_ended();
        return bytes;
    }
    void pass(Duration duration) {
        loop_.time = loop_.time + duration;
        server_.ticked(loop_.time);
        server_.turn_ended();
    }
    std::string told(ConnectionId id) { return std::exchange(loop_.told[id], {}); }

    ListLoop loop_;
    Answerer answerer_;
    HttpServer server_{loop_, answerer_, options()};
};

constexpr Duration one_ms = Duration::milliseconds(1);

TEST_F(HttpServerOnLists, gives_a_header_five_seconds_from_its_first_byte) {
    const ConnectionId id = open(0);
    receive(id, "GET / HT");
    for (int drop = 0; drop < 4; ++drop) {
        pass(Duration::milliseconds(1200));
        receive(id, "T");  // a drop now and then renews nothing
    }
    pass(Duration::milliseconds(199));
    EXPECT_TRUE(loop_.sending.empty());
    pass(one_ms);
    EXPECT_TRUE(take(id).starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(told(id), "drain ");
    EXPECT_EQ(server_.counters().late_requests, 1u);
}

TEST_F(HttpServerOnLists, gives_a_body_five_seconds_from_the_end_of_its_header) {
    const ConnectionId id = open(0);
    receive(id, "POST / HTTP/1.1\r\nHost: a\r\n");
    pass(Duration::seconds(4));
    receive(id, "Content-Length: 3\r\n\r\na");
    pass(Duration::seconds(4));
    receive(id, "b");
    pass(Duration::milliseconds(999));
    EXPECT_TRUE(loop_.sending.empty());
    pass(one_ms);
    EXPECT_TRUE(take(id).starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(told(id), "drain ");
}

TEST_F(HttpServerOnLists, gives_every_pipelined_request_its_own_time) {
    const ConnectionId id = open(0);
    receive(id, "GET /1 HT");
    pass(Duration::seconds(4));
    receive(id, "TP/1.1\r\nHost: a\r\n\r\nGET /2");
    EXPECT_EQ(take(id), response(200, "/1", true));
    pass(Duration::seconds(4));
    EXPECT_EQ(told(id), "");
    receive(id, " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(take(id), response(200, "/2", true));
}

TEST_F(HttpServerOnLists, closes_the_idle_after_a_minute_without_a_word) {
    const ConnectionId id = open(0);
    pass(Duration::seconds(59));
    receive(id, get("/1"));
    EXPECT_EQ(take(id), response(200, "/1", true));
    pass(Duration::milliseconds(59'999));
    EXPECT_EQ(told(id), "");
    pass(one_ms);
    EXPECT_EQ(told(id), "drain ");
    EXPECT_TRUE(loop_.sending.empty());
    EXPECT_EQ(server_.counters().idle_closed, 1u);
}

TEST_F(HttpServerOnLists, does_not_call_idle_who_waits_for_a_commit) {
    const ConnectionId id = open(0);
    receive(id, get("/wait/1"));
    pass(Duration::seconds(600));
    EXPECT_EQ(told(id), "");
    answerer_.durable = 1;
    server_.turn_ended();
    EXPECT_EQ(take(id), response(200, "/wait/1", true));
    pass(Duration::seconds(60));
    EXPECT_EQ(told(id), "drain ");
}

TEST_F(HttpServerOnLists, resets_who_takes_nothing_for_ten_seconds) {
    const ConnectionId id = open(0);
    receive(id, get("/1"));
    pass(Duration::milliseconds(9'999));
    EXPECT_EQ(told(id), "");
    pass(one_ms);
    EXPECT_EQ(told(id), "close ");
    EXPECT_EQ(server_.counters().stalled_closed, 1u);
}

TEST_F(HttpServerOnLists, sends_the_rest_after_a_short_send) {
    const ConnectionId id = open(0);
    receive(id, get("/1"));
    const std::string whole = loop_.sending.at(id);
    loop_.sending.clear();
    server_.sent(id, 10);
    server_.turn_ended();
    EXPECT_EQ(take(id), whole.substr(10));
}

TEST_F(HttpServerOnLists, pauses_above_the_bound_and_resumes_below) {
    const ConnectionId id = open(0);
    receive(id, get("/big/70000") + get("/kept") + "GET /half");
    EXPECT_EQ(answerer_.handled, 1) << "what is over the bound waits unserved";
    EXPECT_EQ(told(id), "pause ");
    pass(Duration::seconds(9));
    EXPECT_EQ(told(id), "") << "half a request is not late while we do not read";
    EXPECT_EQ(take(id), response(200, std::string(70'000, 'b'), true));
    EXPECT_EQ(told(id), "resume ");
    EXPECT_EQ(take(id), response(200, "/kept", true));
    receive(id, " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(take(id), response(200, "/half", true));
}

TEST_F(HttpServerOnLists, stays_paused_while_kept_requests_fill_the_queue_again) {
    const ConnectionId id = open(0);
    receive(id, get("/big/70000") + get("/big/70001") + get("/end"));
    EXPECT_EQ(told(id), "pause ");
    EXPECT_EQ(take(id), response(200, std::string(70'000, 'b'), true));
    EXPECT_EQ(told(id), "");
    EXPECT_EQ(take(id), response(200, std::string(70'001, 'b'), true));
    EXPECT_EQ(told(id), "resume ");
    EXPECT_EQ(take(id), response(200, "/end", true));
}

TEST_F(HttpServerOnLists, forgets_a_connection_that_closed_while_it_waited) {
    const ConnectionId id = open(0);
    receive(id, get("/wait/1"));
    server_.closed(id, CloseReason::peer_closed);
    const ConnectionId heir{0, 2};
    server_.opened(heir, *Endpoint::parse("127.0.0.1:40001"));
    receive(heir, get("/wait/2"));
    answerer_.durable = 1;
    server_.turn_ended();
    EXPECT_TRUE(loop_.sending.empty()) << "the stranger's reply must not reach the heir";
    answerer_.durable = 2;
    server_.turn_ended();
    EXPECT_EQ(take(heir), response(200, "/wait/2", true));
}

TEST_F(HttpServerOnLists, is_done_stopping_when_the_last_reply_has_left) {
    const ConnectionId idle = open(0);
    const ConnectionId waiting = open(1);
    const ConnectionId half = open(2);
    receive(waiting, get("/wait/1"));
    receive(half, "GET /half");
    bool done = false;
    server_.stop_gracefully([&] { done = true; });
    server_.turn_ended();
    EXPECT_EQ(told(idle), "drain ");
    EXPECT_EQ(told(half), "drain ");
    EXPECT_EQ(told(waiting), "");
    answerer_.durable = 1;
    server_.turn_ended();
    EXPECT_EQ(take(waiting), response(200, "/wait/1", true));
    EXPECT_EQ(told(waiting), "drain ");
    for (const ConnectionId id : {idle, waiting, half}) {
        EXPECT_FALSE(done);
        server_.closed(id, CloseReason::closed_by_us);
        server_.turn_ended();
    }
    EXPECT_TRUE(done);
}

TEST_F(HttpServerOnLists, looks_only_at_connections_with_news) {
    // A commit's release must cost by those who wait for it, not by those who are open.
    std::vector<ConnectionId> ids;
    for (std::uint32_t slot = 0; slot < 8; ++slot) {
        ids.push_back(open(slot));
    }
    receive(ids[3], get("/wait/1"));
    receive(ids[5], get("/wait/2"));
    answerer_.durable = 1;
    server_.turn_ended();
    EXPECT_EQ(loop_.sending.size(), 1u);
    EXPECT_EQ(take(ids[3]), response(200, "/wait/1", true));
    answerer_.durable = 2;
    server_.turn_ended();
    EXPECT_EQ(take(ids[5]), response(200, "/wait/2", true));
}

}  // namespace
}  // namespace stampede::net
