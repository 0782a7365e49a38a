// SPDX-License-Identifier: Apache-2.0
// A tiny real HTTP server for the generator's own tests: one thread, poll(2), keep-alive and
// pipelining. What it answers is the test's function of the request; an empty answer closes the
// connection. The handler runs on the server's thread.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {

struct SmallRequest {
    std::string head;
    std::string body;
    [[nodiscard]] std::string header(std::string_view name) const {
        const std::string wanted = "\r\n" + std::string{name} + ": ";
        const std::size_t at = head.find(wanted);
        return at == std::string::npos
                   ? std::string{}
                   : head.substr(at + wanted.size(),
                                 head.find("\r\n", at + wanted.size()) - at - wanted.size());
    }
    [[nodiscard]] std::string first_line() const { return head.substr(0, head.find("\r\n")); }
};

inline std::string http_answer(std::string_view body, int status = 200) {
    return "HTTP/1.1 " + std::to_string(status) +
           " Whatever\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

class SmallServer {
  public:
    using Handler = std::function<std::string(const SmallRequest&)>;

    explicit SmallServer(Handler handler) : handler_(std::move(handler)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        check(::bind(listener_, raw, sizeof address) == 0 && ::listen(listener_, 1024) == 0 &&
                  ::getsockname(listener_, raw, &size) == 0,
              "a listening socket on loopback");
        address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::thread{[this] { run(); }};
    }
    SmallServer(const SmallServer&) = delete;
    SmallServer& operator=(const SmallServer&) = delete;
    ~SmallServer() {
        stop_.store(true);
        thread_.join();
        ::close(listener_);
        for (const Peer& peer : peers_) {
            ::close(peer.fd);
        }
    }

    [[nodiscard]] const std::string& address() const { return address_; }
    [[nodiscard]] std::uint64_t requests() const { return requests_.load(); }
    [[nodiscard]] std::uint64_t accepted() const { return accepted_.load(); }

  private:
    struct Peer {
        int fd;
        std::string in;
    };

    void run() {
        while (!stop_.load()) {
            std::vector<pollfd> polled{{listener_, POLLIN, 0}};
            for (const Peer& peer : peers_) {
                polled.push_back({peer.fd, POLLIN, 0});
            }
            ::poll(polled.data(), polled.size(), 20);
            for (std::size_t at = polled.size(); at-- > 1;) {
                if (polled[at].revents != 0 && !serve(peers_[at - 1])) {
                    ::close(peers_[at - 1].fd);
                    peers_.erase(peers_.begin() + static_cast<std::ptrdiff_t>(at - 1));
                }
            }
            if (polled[0].revents != 0) {
                peers_.push_back({::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), {}});
                accepted_ += 1;
            }
        }
    }
    // False when the connection is to be closed.
    bool serve(Peer& peer) {
        std::array<char, 65536> buffer;
        const ssize_t got = ::recv(peer.fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return false;
        }
        peer.in.append(buffer.data(), static_cast<std::size_t>(got));
        std::string out;
        bool keep = true;
        while (keep) {
            const std::size_t end = peer.in.find("\r\n\r\n");
            if (end == std::string::npos) {
                break;
            }
            SmallRequest request{peer.in.substr(0, end + 2), {}};
            const std::string length = request.header("Content-Length");
            const std::size_t body = length.empty() ? 0 : std::stoul(length);
            if (peer.in.size() < end + 4 + body) {
                break;
            }
            request.body = peer.in.substr(end + 4, body);
            peer.in.erase(0, end + 4 + body);
            requests_ += 1;
            const std::string answer = handler_(request);
            keep = !answer.empty();
            out += answer;
        }
        for (std::size_t sent = 0; sent < out.size();) {
            const ssize_t step =
                ::send(peer.fd, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
            if (step <= 0) {
                return false;
            }
            sent += static_cast<std::size_t>(step);
        }
        return keep;
    }

    Handler handler_;
    int listener_ = -1;
    std::string address_;
    std::vector<Peer> peers_;
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<std::uint64_t> accepted_{0};
    std::thread thread_;
};

}  // namespace stampede::loadtest
