// SPDX-License-Identifier: Apache-2.0
// What does a crowd of watchers cost the buyers? This is the crowd: it follows one campaign on many
// connections, reads all that comes, and makes the campaign's sold-out state change as fast as it
// may be told, by buying and cancelling the one unit of an item that nobody else wants. Run it
// beside `stampede-load`, and again without it; bench/README.md has the commands. One thread.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    std::uint16_t live_port = 8082;
    std::uint16_t buyers_port = 8080;
    std::string campaign = "1";
    std::string flip_item = "1002";
    std::size_t watchers = 10'000;
    int seconds = 10;
    int flip_ms = 100;
    bool websocket = false;
};

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // The sockets interface takes every address family through one pointer type.
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        std::perror("connect");
        std::exit(1);
    }
    return socket;
}

void send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            std::perror("send");
            std::exit(1);
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

/// Buys the unit, or lets it go again: one request at a time, as another buyer each round.
class Flipper {
  public:
    explicit Flipper(const Options& options)
        : path_("/v1/campaigns/" + options.campaign + "/orders"),
          item_(options.flip_item),
          socket_(connect_to(options.buyers_port)) {}

    void flip() {
        if (order_.empty()) {
            ++buyer_;
            const std::string body = R"({"item_id":")" + item_ + R"(","quantity":1})";
            const std::string answer = ask(path_, body);
            const auto at = answer.find(R"("order_id":")");
            if (at != std::string::npos) {
                const auto start = at + 12;
                order_ = answer.substr(start, answer.find('"', start) - start);
                ++flips;
            }
        } else {
            static_cast<void>(ask(path_ + '/' + order_ + "/cancel", "{}"));
            order_.clear();
            ++flips;
        }
    }
    std::uint64_t flips = 0;

  private:
    std::string ask(const std::string& path, const std::string& body) {
        send_all(socket_, "POST " + path + " HTTP/1.1\r\nHost: a\r\nX-Buyer-Id: " +
                              std::to_string(buyer_) + "\r\nContent-Type: application/json\r\n" +
                              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        std::array<char, 4096> answer{};  // a whole answer comes in one piece
        const auto count = ::recv(socket_, answer.data(), answer.size(), 0);
        return {answer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
    }

    const std::string path_;
    const std::string item_;
    const int socket_;
    std::uint64_t buyer_ = 9'000'000'000;
    std::string order_;
};

class Crowd {
  public:
    explicit Crowd(const Options& options) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        std::string request =
            "GET /v1/campaigns/" + options.campaign + "/live HTTP/1.1\r\nHost: a\r\n";
        if (options.websocket) {
            request +=
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        }
        request += "\r\n";
        for (std::size_t at = 0; at < options.watchers; ++at) {
            const int socket = connect_to(options.live_port);
            send_all(socket, request);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.fd = socket;
            ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
            if (at % 200 == 199) {
                read(0);
            }
        }
    }
    void read(int patience_ms) {
        std::array<epoll_event, 512> ready{};
        const int count = ::epoll_wait(epoll_, ready.data(), ready.size(), patience_ms);
        for (int at = 0; at < count; ++at) {
            const int socket = ready[static_cast<std::size_t>(at)].data.fd;
            std::array<char, 16 * 1024> bytes{};
            const auto got = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
            if (got <= 0) {
                ++ended;
                ::close(socket);
                continue;
            }
            std::string_view text{bytes.data(), static_cast<std::size_t>(got)};
            for (auto found = text.find(R"({"code":"OK")"); found != std::string_view::npos;
                 found = text.find(R"({"code":"OK")", found + 1)) {
                ++events;
            }
        }
    }
    std::uint64_t events = 0;
    std::uint64_t ended = 0;

  private:
    const int epoll_;
};

int run(const Options& options) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    Crowd crowd(options);
    std::optional<Flipper> flipper;
    if (options.flip_ms > 0) {
        flipper.emplace(options);
    }
    const auto start = Clock::now();
    while (crowd.events < options.watchers && crowd.ended == 0 &&
           Clock::now() - start < std::chrono::seconds{60}) {
        crowd.read(100);
    }
    std::printf("following watchers=%zu events=%llu ended=%llu\n", options.watchers,
                static_cast<unsigned long long>(crowd.events),
                static_cast<unsigned long long>(crowd.ended));
    std::fflush(stdout);
    const std::uint64_t before = crowd.events;
    const auto began = Clock::now();
    auto flip_at = began;
    while (Clock::now() - began < std::chrono::seconds{options.seconds}) {
        if (flipper && Clock::now() >= flip_at) {
            flip_at += std::chrono::milliseconds{options.flip_ms};
            flipper->flip();
        }
        crowd.read(10);
    }
    const std::chrono::duration<double> took = Clock::now() - began;
    std::printf("done seconds=%.1f changes=%llu events=%llu events_per_s=%.0f ended=%llu\n",
                took.count(), static_cast<unsigned long long>(flipper ? flipper->flips : 0),
                static_cast<unsigned long long>(crowd.events - before),
                static_cast<double>(crowd.events - before) / took.count(),
                static_cast<unsigned long long>(crowd.ended));
    return crowd.ended == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Follows one campaign on many connections"};
    app.add_option("--live-port", options.live_port, "of the live door, on 127.0.0.1");
    app.add_option("--buyers-port", options.buyers_port, "of the buyers' door, run with --dev");
    app.add_option("--campaign", options.campaign, "what to follow");
    app.add_option("--watchers", options.watchers, "connections");
    app.add_option("--seconds", options.seconds, "how long, once all have their first event");
    app.add_option("--flip-item", options.flip_item, "an item of one unit, bought and let go");
    app.add_option("--flip-ms", options.flip_ms, "so often; 0: never");
    app.add_flag("--websocket", options.websocket, "over WebSockets instead of lines");
    CLI11_PARSE(app, argc, argv);
    return run(options);
}
