// SPDX-License-Identifier: Apache-2.0
// A loop that runs on a thread of its own for one test, and a blocking client to talk to it with.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "net/event_loop.hpp"

namespace stampede::net {

/// One connection to a loopback port; every call blocks, for at most a minute. A ring of
/// an earlier test that is being torn down may interrupt calls with EINTR.
class TestClient {
  public:
    explicit TestClient(const Endpoint& server, int receive_buffer_bytes = 0)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (receive_buffer_bytes > 0) {
            setsockopt(socket_.number(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                       sizeof receive_buffer_bytes);
        }
        const timeval patience{60, 0};
        setsockopt(socket_.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(socket_.number(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server.port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        while (connect(socket_.number(), reinterpret_cast<sockaddr*>(&address), sizeof address) !=
                   0 &&
               errno != EISCONN) {
            if (errno != EINTR && errno != EALREADY) {
                throw std::runtime_error(std::string{"connect: "} + std::strerror(errno));
            }
        }
    }
    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count =
                ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count <= 0) {
                throw std::runtime_error(std::string{"send: "} + std::strerror(errno));
            }
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
    }
    /// As many bytes as the socket takes without waiting.
    [[nodiscard]] std::size_t send_some(std::string_view bytes) const {
        const ssize_t count =
            ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    void finish_sending() const { shutdown(socket_.number(), SHUT_WR); }
    /// Exactly `count` bytes, or what came before the end.
    [[nodiscard]] std::string receive(std::size_t count) const {
        std::string bytes(count, '\0');
        std::size_t have = 0;
        while (have < count) {
            const ssize_t got = recv(socket_.number(), bytes.data() + have, count - have, 0);
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got <= 0) {
                break;
            }
            have += static_cast<std::size_t>(got);
        }
        bytes.resize(have);
        return bytes;
    }
    /// Everything up to the end of the connection, which must come.
    [[nodiscard]] std::string receive_all() const {
        std::string all;
        for (;;) {
            char piece[4096];
            const ssize_t got = recv(socket_.number(), piece, sizeof piece, 0);
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got <= 0) {
                ended_by_reset_ = got < 0 && errno == ECONNRESET;
                EXPECT_FALSE(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
                    << "the server does not close";
                return all;
            }
            all.append(piece, static_cast<std::size_t>(got));
        }
    }
    [[nodiscard]] bool ended_by_reset() const { return ended_by_reset_; }
    void close() { socket_.close(); }

  private:
    Descriptor socket_;
    mutable bool ended_by_reset_ = false;
};

/// Listens on a free loopback port and runs the loop until destroyed.
class LoopThread {
  public:
    LoopThread(const EventLoopOptions& options, LoopHandler& handler, EventLoop*& loop_of_handler)
        : loop_(*make_event_loop(options)) {
        auto listener = Listener::open(*Endpoint::parse("127.0.0.1:0"));
        if (!listener.has_value()) {
            throw std::runtime_error(listener.error().message);
        }
        endpoint_ = listener->endpoint();
        loop_->listen(std::move(*listener));
        loop_of_handler = loop_.get();
        thread_ = std::thread{[this, &handler] { loop_->run(handler); }};
    }
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;
    ~LoopThread() { stop(); }
    void stop() {
        if (thread_.joinable()) {
            loop_->stop();
            thread_.join();
        }
    }
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] EventLoop& loop() { return *loop_; }

  private:
    std::unique_ptr<EventLoop> loop_;
    Endpoint endpoint_;
    std::thread thread_;
};

}  // namespace stampede::net
