// SPDX-License-Identifier: Apache-2.0
// A listening socket that no other process shares. It is bound without SO_REUSEPORT, so a second
// server on the same port is refused; SO_REUSEADDR lets a port be taken again whose connections
// linger in TIME_WAIT after a server was killed. More loops later accept from this one socket.
#pragma once

#include <utility>

#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/time.hpp"
#include "net/endpoint.hpp"

namespace stampede::net {

/// Owns one file descriptor.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] bool is_open() const { return number_ >= 0; }
    void close();
    /// Hands the descriptor over to the caller.
    [[nodiscard]] int release() { return std::exchange(number_, -1); }

  private:
    int number_ = -1;
};

class Listener {
  public:
    /// Binds and listens. A port in use is tried again for `patience`, because the kernel gives a
    /// killed io_uring server's socket back after the process has gone: some milliseconds later, or
    /// seconds when the machine is busy. Until then that socket is like any other in use.
    [[nodiscard]] static Result<Listener> open(const Endpoint& endpoint,
                                               Duration patience = Duration::seconds(3));

    /// With the port that the system chose when 0 was asked for.
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] int descriptor() const { return socket_.number(); }
    /// Gives the port back at once, even while an accept is still in flight on it.
    void close();

  private:
    Listener(Descriptor socket, const Endpoint& endpoint)
        : socket_(std::move(socket)), endpoint_(endpoint) {}
    Descriptor socket_;
    Endpoint endpoint_;
};

}  // namespace stampede::net
