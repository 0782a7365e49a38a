// SPDX-License-Identifier: Apache-2.0
// Many client connections behind one wait(): bytes in, bytes out. Two makers: io_uring, which costs
// the least per request, and epoll where the kernel or a container refuses io_uring. No completion
// entry or buffer id shows through. Made and used by one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/result.hpp"
#include "loadtest/endpoint.hpp"

namespace stampede::loadtest {

using ConnectionIndex = StrongId<struct ConnectionTag, std::uint32_t>;

/// What happened during wait(). The handlers may call open, send and close.
class WireEvents {
  public:
    virtual ~WireEvents() = default;
    virtual void opened(ConnectionIndex connection) = 0;
    /// `bytes` are valid until the handler returns.
    virtual void received(ConnectionIndex connection, std::string_view bytes) = 0;
    /// The peer closed, or `error` (an errno, 0 at end of stream) ended it. The connection is free
    /// to be opened again. Not told for close() by ourselves.
    virtual void closed(ConnectionIndex connection, int error) = 0;
};

class Wire {
  public:
    virtual ~Wire() = default;
    /// Begins to connect; opened or closed follows.
    virtual void open(ConnectionIndex connection) = 0;
    /// At most one send per connection between two waits. `bytes` must stay unchanged until the
    /// next wait() calls its first handler or returns; by then the kernel has copied them. What is
    /// unanswered on one connection must fit into its send buffer (about 200 KiB), else the
    /// connection is closed.
    virtual void send(ConnectionIndex connection, std::string_view bytes) = 0;
    virtual void close(ConnectionIndex connection) = 0;
    /// Sends what is pending, then waits until about `at_least` events came or `at_most` has
    /// passed.
    virtual void wait(WireEvents& events, unsigned at_least, std::chrono::nanoseconds at_most) = 0;
    [[nodiscard]] virtual std::string_view name() const = 0;
};

enum class WireKind : std::uint8_t { automatic, io_uring, epoll };

struct WireOptions {
    Endpoint target;
    std::uint32_t connections = 1;
    /// Answers that may be under way on one connection; sizes the receive buffers.
    std::uint32_t pipeline_depth = 1;
};

/// `automatic` takes io_uring where the kernel allows it. Raises the limit of open files when it
/// can; a fault when `connections` do not fit it.
[[nodiscard]] Result<std::unique_ptr<Wire>> make_wire(const WireOptions& options, WireKind kind);

// The two makers, for make_wire and the tests.
[[nodiscard]] Result<std::unique_ptr<Wire>> make_uring_wire(const WireOptions& options);
[[nodiscard]] Result<std::unique_ptr<Wire>> make_epoll_wire(const WireOptions& options);

/// A socket of ours on its way to the target: no Nagle, a send buffer that holds all unanswered
/// requests, and for loopback targets a source address by `connection`. -1 with errno on failure.
[[nodiscard]] int make_client_socket(const Endpoint& target, ConnectionIndex connection);

}  // namespace stampede::loadtest
