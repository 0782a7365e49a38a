// SPDX-License-Identifier: Apache-2.0
// The same suite over real sockets for every back end: an echo server on the loop's thread, clients
// on the test's.
#include "net/event_loop.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cstddef>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "tests/net/loop_thread.hpp"

namespace stampede::net {
namespace {

/// Sends back what it gets, and notes what it was told.
class Echo : public LoopHandler {
  public:
    EventLoop* loop = nullptr;
    std::atomic<int> open{0};
    std::atomic<int> opened_ever{0};
    std::atomic<int> woken_count{0};
    std::atomic<int> ticks{0};
    std::atomic<std::size_t> received_bytes{0};
    std::atomic<std::size_t> largest_backlog{0};
    std::atomic<std::size_t> pause_above{~std::size_t{0}};
    std::atomic<bool> closes_after_drain{false};
    std::atomic<bool> closes_at_once{false};
    std::atomic<bool> release{true};  // false: replies stay in the outbox

    void opened(ConnectionId id, const Endpoint& peer) override {
        EXPECT_TRUE(peer.is_loopback());
        EXPECT_NE(peer.port(), 0);
        EXPECT_EQ(peers_.count(id), 0u);
        peers_[id];
        ++open;
        ++opened_ever;
    }
    void received(ConnectionId id, std::span<char> bytes) override {
        ASSERT_FALSE(bytes.empty());
        ASSERT_LE(bytes.size(), receive_bytes_max);
        received_bytes += bytes.size();
        Peer& peer = peers_.at(id);
        EXPECT_FALSE(peer.paused) << "nothing is delivered while paused";
        touch_padding(bytes);
        if (closes_at_once) {
            loop->close(id);
            return;
        }
        peer.outbox.append(bytes.data(), bytes.size());
        if (peer.outbox.size() > pause_above && !peer.paused) {
            peer.paused = true;
            loop->pause_reading(id);
        }
        largest_backlog = std::max(largest_backlog.load(), peer.outbox.size());
        flush(id, peer);
    }
    void sent(ConnectionId id, std::size_t count) override {
        Peer& peer = peers_.at(id);
        peer.in_flight.erase(0, count);
        peer.sending = false;
        if (peer.in_flight.empty() && peer.outbox.empty() && peer.paused) {
            peer.paused = false;
            loop->resume_reading(id);
        }
        flush(id, peer);
    }
    void peer_finished(ConnectionId id) override {
        Peer& peer = peers_.at(id);
        peer.finished = true;
        flush(id, peer);
    }
    void closed(ConnectionId id, CloseReason reason) override {
        EXPECT_EQ(peers_.erase(id), 1u);
        last_reason = reason;
        --open;
    }
    void woken() override { ++woken_count; }
    void ticked(SteadyTime) override {
        ++ticks;
        if (release) {
            for (auto& [id, peer] : peers_) {
                flush(id, peer);
            }
        }
    }
    void turn_ended() override {}

    std::atomic<CloseReason> last_reason{};

  private:
    struct Peer {
        std::string outbox;
        std::string in_flight;
        bool sending = false;
        bool finished = false;
        bool paused = false;
        bool said_goodbye = false;
    };
    static void touch_padding(std::span<char> bytes) {
        // The promise to simdjson: readable behind the end.
        volatile char sum = 0;
        for (std::size_t at = 0; at < input_padding_bytes; ++at) {
            sum = static_cast<char>(sum ^ bytes.data()[bytes.size() + at]);
        }
    }
    void flush(ConnectionId id, Peer& peer) {
        if (peer.sending || peer.said_goodbye || !release) {
            return;
        }
        if (peer.in_flight.empty()) {
            peer.in_flight.swap(peer.outbox);
        }
        if (!peer.in_flight.empty()) {
            peer.sending = true;
            loop->send(id, peer.in_flight);
        } else if (peer.finished || closes_after_drain) {
            peer.said_goodbye = true;
            loop->close_after_drain(id);
        }
    }
    std::map<ConnectionId, Peer> peers_;
};

struct Backend {
    const char* name;
    EventLoopKind kind;
    bool plain_ring;
};

class EventLoopSuite : public testing::TestWithParam<Backend> {
  protected:
    /// Both ends of a thousand connections live in this process, where many systems begin with
    /// room for 1024 descriptors.
    static void SetUpTestSuite() {
        rlimit limit{};
        ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = limit.rlim_max;
        ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    [[nodiscard]] EventLoopOptions options() const {
        EventLoopOptions options;
        options.kind = GetParam().kind;
        options.plain_ring = GetParam().plain_ring;
        options.connections_max = 2000;
        return options;
    }
    void start(const EventLoopOptions& with) {
        server_ = std::make_unique<LoopThread>(with, echo_, echo_.loop);
    }
    void start() { start(options()); }
    [[nodiscard]] TestClient connect() const { return TestClient{server_->endpoint()}; }
    /// Waits for what must become true; the test runner's own timeout ends it if it never does.
    template <class Condition>
    static void eventually(Condition condition) {
        while (!condition()) {
            usleep(1000);
        }
    }
    Echo echo_;
    std::unique_ptr<LoopThread> server_;
};

std::string pattern(std::size_t count) {
    std::string bytes(count, '\0');
    std::uint32_t state = 1;
    for (char& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

TEST_P(EventLoopSuite, echoes_what_it_gets) {
    start();
    const TestClient client = connect();
    for (const std::size_t size : {1u, 2u, 300u, 4096u, 8128u, 8129u, 100'000u}) {
        const std::string bytes = pattern(size);
        client.send(bytes);
        EXPECT_EQ(client.receive(size), bytes) << size;
    }
}

TEST_P(EventLoopSuite, keeps_the_order_of_many_small_writes) {
    start();
    const TestClient client = connect();
    std::string expected;
    for (int number = 0; number < 2000; ++number) {
        const std::string line = std::to_string(number) + "\n";
        client.send(line);
        expected += line;
    }
    EXPECT_EQ(client.receive(expected.size()), expected);
}

TEST_P(EventLoopSuite, serves_a_thousand_connections_at_once) {
    start();
    std::vector<TestClient> clients;
    for (int number = 0; number < 1000; ++number) {
        clients.push_back(connect());
    }
    for (int round = 0; round < 3; ++round) {
        for (std::size_t at = 0; at < clients.size(); ++at) {
            clients[at].send("hello from " + std::to_string(at) + "!");
        }
        for (std::size_t at = 0; at < clients.size(); ++at) {
            const std::string expected = "hello from " + std::to_string(at) + "!";
            EXPECT_EQ(clients[at].receive(expected.size()), expected);
        }
    }
    EXPECT_EQ(echo_.open, 1000);
    clients.clear();
    eventually([this] { return echo_.open == 0; });
}

TEST_P(EventLoopSuite, reuses_the_places_of_closed_connections) {
    EventLoopOptions few = options();
    few.connections_max = 4;
    start(few);
    for (int number = 0; number < 200; ++number) {
        {
            const TestClient client = connect();
            client.send("x");
            EXPECT_EQ(client.receive(1), "x");
        }
        eventually([this] { return echo_.open == 0; });
    }
    EXPECT_EQ(echo_.opened_ever, 200);
}

TEST_P(EventLoopSuite, closes_connections_over_the_limit) {
    EventLoopOptions few = options();
    few.connections_max = 2;
    start(few);
    const TestClient first = connect();
    const TestClient second = connect();
    eventually([this] { return echo_.open == 2; });
    EXPECT_EQ(connect().receive_all(), "");
    first.send("still here");
    EXPECT_EQ(first.receive(10), "still here");
    second.send("too");
    EXPECT_EQ(second.receive(3), "too");
    EXPECT_EQ(echo_.opened_ever, 2);
}

TEST_P(EventLoopSuite, answers_a_peer_that_has_finished_sending) {
    start();
    const TestClient client = connect();
    const std::string bytes = pattern(50'000);
    client.send(bytes);
    client.finish_sending();
    EXPECT_EQ(client.receive_all(), bytes);
    EXPECT_FALSE(client.ended_by_reset());
    eventually([this] { return echo_.open == 0; });
}

TEST_P(EventLoopSuite, takes_bytes_one_at_a_time) {
    start();
    const TestClient client = connect();
    for (const char byte : std::string{"slow sender"}) {
        client.send({&byte, 1});
        EXPECT_EQ(client.receive(1), std::string(1, byte));
    }
}

TEST_P(EventLoopSuite, holds_back_a_peer_that_does_not_read) {
    echo_.pause_above = 64 * 1024;
    start();
    const TestClient client{server_->endpoint(), 4096};
    const std::string bytes = pattern(32 * 1024 * 1024);
    std::size_t taken = 0;
    // Until the socket takes nothing for a while: the loop has stopped reading.
    for (int idle = 0; idle < 50 && taken < bytes.size();) {
        const std::size_t count = client.send_some(std::string_view{bytes}.substr(taken));
        taken += count;
        idle = count > 0 ? 0 : idle + 1;
        usleep(2000);
    }
    EXPECT_LT(taken, bytes.size()) << "the loop read on for a peer that never reads";
    EXPECT_LE(echo_.largest_backlog, 64 * 1024 + receive_bytes_max);
    EXPECT_EQ(client.receive(taken), bytes.substr(0, taken));
    client.send("and on");
    EXPECT_EQ(client.receive(6), "and on");
}

TEST_P(EventLoopSuite, delivers_all_that_was_sent_while_it_was_paused) {
    echo_.pause_above = 0;  // pauses at every receive, resumes at every send
    start();
    const TestClient client = connect();
    const std::string bytes = pattern(3'000'000);
    std::thread sender{[&] {
        client.send(bytes);
        client.finish_sending();
    }};
    EXPECT_EQ(client.receive_all(), bytes);
    sender.join();
}

TEST_P(EventLoopSuite, tells_the_end_of_input_after_a_pause) {
    echo_.release = false;
    echo_.pause_above = 0;
    start();
    const TestClient client = connect();
    client.send("a");
    eventually([this] { return echo_.received_bytes == 1; });
    client.send("b");
    client.finish_sending();
    usleep(100'000);
    echo_.release = true;
    EXPECT_EQ(client.receive_all(), "ab");
}

TEST_P(EventLoopSuite, drains_before_it_closes_so_that_the_last_reply_arrives) {
    echo_.closes_after_drain = true;
    start();
    const TestClient client = connect();
    client.send("a");
    EXPECT_EQ(client.receive(1), "a");
    // Bytes that arrive after the server's end must not turn into a reset right away.
    client.send("late");
    EXPECT_EQ(client.receive_all(), "");
    EXPECT_FALSE(client.ended_by_reset());
    client.finish_sending();
    eventually([this] { return echo_.open == 0; });
    EXPECT_EQ(echo_.last_reason, CloseReason::closed_by_us);
}

TEST_P(EventLoopSuite, ends_a_drain_whose_peer_never_finishes) {
    echo_.closes_after_drain = true;
    start();
    const TestClient client = connect();
    client.send("a");
    EXPECT_EQ(client.receive_all(), "a");
    eventually([this] { return echo_.open == 0; });  // about a second later, by itself
}

TEST_P(EventLoopSuite, closes_at_once_with_a_reset) {
    echo_.closes_at_once = true;
    start();
    const TestClient client = connect();
    client.send("a");
    EXPECT_EQ(client.receive_all(), "");
    eventually([this] { return echo_.open == 0; });
    EXPECT_EQ(echo_.last_reason, CloseReason::closed_by_us);
}

TEST_P(EventLoopSuite, survives_resets) {
    start();
    for (int number = 0; number < 100; ++number) {
        TestClient client = connect();
        client.send(pattern(20'000));
        client.close();  // unread echo: the kernel answers with a reset
    }
    const TestClient client = connect();
    client.send("fine");
    EXPECT_EQ(client.receive(4), "fine");
    eventually([this] { return echo_.open == 1; });
}

TEST_P(EventLoopSuite, wakes_for_another_thread) {
    start();
    for (int number = 1; number <= 200; ++number) {
        echo_.loop->wake();
        eventually([&] { return echo_.woken_count >= number; });
        if (number % 50 == 0) {
            usleep(20'000);  // now surely asleep
        }
    }
}

TEST_P(EventLoopSuite, loses_no_wake_from_many_threads) {
    start();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([this] {
            for (int number = 0; number < 500; ++number) {
                const int before = echo_.woken_count;
                echo_.loop->wake();
                eventually([&] { return echo_.woken_count > before; });
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

TEST_P(EventLoopSuite, ticks_while_idle) {
    start();
    eventually([this] { return echo_.ticks >= 3; });
    EXPECT_GT(server_->loop().now(), SteadyTime{});
}

TEST_P(EventLoopSuite, stops_from_another_thread_with_connections_open) {
    start();
    const TestClient client = connect();
    client.send("x");
    EXPECT_EQ(client.receive(1), "x");
    server_->stop();
    EXPECT_EQ(client.receive_all(), "");
}

TEST_P(EventLoopSuite, refuses_a_port_that_a_server_is_using) {
    start();
    const auto second = Listener::open(server_->endpoint(), Duration::milliseconds(50));
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
}

TEST_P(EventLoopSuite, takes_the_port_of_a_killed_server) {
    auto probe = Listener::open(*Endpoint::parse("127.0.0.1:0"));
    ASSERT_TRUE(probe.has_value());
    const Endpoint endpoint = probe->endpoint();
    probe->close();
    const pid_t server = fork();
    if (server == 0) {
        Echo echo;
        auto loop = make_event_loop(options());
        auto listener = Listener::open(endpoint);
        if (!loop.has_value() || !listener.has_value()) {
            _exit(1);
        }
        (*loop)->listen(std::move(*listener));
        echo.loop = loop->get();
        (*loop)->run(echo);
        _exit(0);
    }
    ASSERT_GT(server, 0);
    std::unique_ptr<TestClient> client;
    eventually([&] {
        try {
            client = std::make_unique<TestClient>(endpoint);
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    });
    client->send("x");
    EXPECT_EQ(client->receive(1), "x");
    kill(server, SIGKILL);
    int status = 0;
    waitpid(server, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    const auto heir = Listener::open(endpoint, Duration::seconds(30));
    EXPECT_TRUE(heir.has_value()) << heir.error().message;
}

INSTANTIATE_TEST_SUITE_P(Backends, EventLoopSuite,
                         testing::Values(Backend{"io_uring", EventLoopKind::io_uring, false},
                                         Backend{"io_uring_plain", EventLoopKind::io_uring, true},
                                         Backend{"epoll", EventLoopKind::epoll, false}),
                         [](const auto& backend) { return std::string{backend.param.name}; });

TEST(MakeEventLoop, takes_io_uring_by_itself_where_it_is_allowed) {
    EventLoopOptions options;
    options.connections_max = 10;
    std::string why;
    options.on_fallback = [&](std::string_view reason) { why = reason; };
    const auto loop = make_event_loop(options);
    ASSERT_TRUE(loop.has_value());
    EXPECT_EQ((*loop)->description() == "epoll", !why.empty());
}

/// Refuses io_uring to this process, as a container's seccomp profile does.
bool forbid_io_uring() {
    std::array<sock_filter, 4> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{program.size(), program.data()};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(MakeEventLoop, falls_back_to_epoll_where_io_uring_is_refused_and_says_why) {
    const pid_t child = fork();
    if (child == 0) {
        if (!forbid_io_uring()) {
            _exit(2);
        }
        EventLoopOptions options;
        options.connections_max = 10;
        std::string why;
        options.on_fallback = [&](std::string_view reason) { why = reason; };
        const auto loop = make_event_loop(options);
        options.kind = EventLoopKind::io_uring;
        const bool insists = !make_event_loop(options).has_value();
        const bool fell_back = loop.has_value() && (*loop)->description() == "epoll";
        _exit(fell_back && insists && why.find("not permitted") != std::string::npos ? 0 : 1);
    }
    ASSERT_GT(child, 0);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0) << "1: no fallback; 2: no seccomp here";
}

TEST(MakeEventLoop, names_the_kinds_it_knows) {
    EXPECT_EQ(*parse_event_loop_kind("auto"), EventLoopKind::automatic);
    EXPECT_EQ(*parse_event_loop_kind("io_uring"), EventLoopKind::io_uring);
    EXPECT_EQ(*parse_event_loop_kind("epoll"), EventLoopKind::epoll);
    EXPECT_FALSE(parse_event_loop_kind("kqueue").has_value());
}

TEST(Endpoint, reads_and_spells_addresses) {
    for (const char* text : {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:8080", "[2001:db8::7]:65535"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint.has_value()) << text;
        EXPECT_EQ(endpoint->text(), text);
    }
    for (const char* text : {"", "8080", "localhost:8080", "127.0.0.1:", "127.0.0.1:65536",
                             "127.0.0.1:80x", "::1:80", "[::1]", "1.2.3:4", "127.0.0.1:-1"}) {
        EXPECT_FALSE(Endpoint::parse(text).has_value()) << text;
    }
    EXPECT_TRUE(Endpoint::parse("[::1]:1")->is_loopback());
    EXPECT_TRUE(Endpoint::parse("127.9.9.9:1")->is_loopback());
    EXPECT_FALSE(Endpoint::parse("10.0.0.1:1")->is_loopback());
}

}  // namespace
}  // namespace stampede::net
