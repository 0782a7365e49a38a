// SPDX-License-Identifier: Apache-2.0
// The event loop as the buyers' door sees it: bytes in, bytes out, wake, tick. Behind it stand
// io_uring, epoll and, in tests, a simulation; no completion entry and no buffer number shows
// through. One thread runs it and is the only one to call it; wake() and stop() are for any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "engine/vocabulary/result.hpp"
#include "net/endpoint.hpp"
#include "net/listener.hpp"
#include "net/steady_time.hpp"

namespace stampede::net {

/// A connection's place in the loop's table, and how often the place was used before: an id kept
/// too long names nobody instead of a stranger.
struct ConnectionId {
    std::uint32_t slot = 0;  // 0..connections_max-1, the lowest numbers are used first
    std::uint32_t generation = 0;
    friend constexpr auto operator<=>(ConnectionId, ConnectionId) = default;
};

/// Bytes that may be read behind every span given to received(): simdjson reads past the end.
inline constexpr std::size_t input_padding_bytes = 64;
/// Most bytes that one received() brings.
inline constexpr std::size_t receive_bytes_max = 8 * 1024 - input_padding_bytes;

enum class CloseReason : std::uint8_t {
    peer_closed,      // the other side finished or reset
    closed_by_us,     // close() or close_after_drain()
    connection_lost,  // the network failed
    input_flooded,    // it kept sending while reading was paused
};

/// What the loop tells the door. All calls come from the loop's thread, none from inside a call
/// that the door makes to the loop.
class LoopHandler {
  public:
    LoopHandler() = default;
    LoopHandler(const LoopHandler&) = delete;
    LoopHandler& operator=(const LoopHandler&) = delete;
    virtual ~LoopHandler() = default;

    virtual void opened(ConnectionId connection, const Endpoint& peer) = 0;
    /// 1..receive_bytes_max bytes; they may be changed in place and live until the call returns.
    virtual void received(ConnectionId connection, std::span<char> bytes) = 0;
    /// Of the span in flight `count` bytes have left, at least one; the span is the door's again.
    virtual void sent(ConnectionId connection, std::size_t count) = 0;
    /// The peer will send no more; it may still read.
    virtual void peer_finished(ConnectionId connection) = 0;
    /// The last word about this connection, after which nothing of it is borrowed.
    virtual void closed(ConnectionId connection, CloseReason reason) = 0;
    /// Somebody called wake() since the last turn.
    virtual void woken() = 0;
    /// About every tick_period.
    virtual void ticked(SteadyTime now) = 0;
    /// Everything that had happened was told; commits are submitted and replies released here.
    virtual void turn_ended() = 0;
};

struct LoopCounters {
    std::uint64_t turns = 0;
    std::uint64_t accepted = 0;
    std::uint64_t refused_full = 0;     // over connections_max, closed at once
    std::uint64_t accept_failures = 0;  // out of descriptors or memory
    std::uint64_t out_of_buffers = 0;   // receives that had to be armed again
    std::uint64_t input_flooded = 0;    // connections closed for sending while paused
    std::uint64_t sleeps = 0;           // turns that found nothing to do and waited
};

class EventLoop {
  public:
    EventLoop() = default;
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    virtual ~EventLoop() = default;

    /// `io_uring` or `epoll`, and what was left out where the kernel is older.
    [[nodiscard]] virtual std::string_view description() const = 0;
    /// Before run(), or from the handler. Takes the listener; several may be given.
    virtual void listen(Listener listener) = 0;
    /// Closes the listeners; connections stay.
    virtual void stop_listening() = 0;

    /// Turns until stop() was called, on the thread that it is called from; once. Connections still
    /// open are then closed without a word to the handler.
    virtual void run(LoopHandler& handler) = 0;
    /// Any thread.
    virtual void stop() = 0;
    /// Any thread, wait-free while the loop is busy: the doorbell is rung only when the loop had
    /// announced that it sleeps. What the caller wrote before is visible in woken().
    virtual void wake() = 0;

    /// Sends a non-empty span, which stays the loop's, in place and unchanged, until sent() or
    /// closed(). One span at a time and connection.
    virtual void send(ConnectionId connection, std::span<const char> bytes) = 0;
    /// Nothing is delivered until resume_reading(), and the peer soon feels it.
    virtual void pause_reading(ConnectionId connection) = 0;
    virtual void resume_reading(ConnectionId connection) = 0;
    /// Now, with a reset; only closed() follows.
    virtual void close(ConnectionId connection) = 0;
    /// Shuts the sending side (no send may be in flight), then reads and drops what still comes for
    /// at most drain_period, so that the last reply is not lost to a reset; only closed() follows.
    virtual void close_after_drain(ConnectionId connection) = 0;

    /// The time at which this turn began.
    [[nodiscard]] virtual SteadyTime now() const = 0;
    [[nodiscard]] virtual const LoopCounters& counters() const = 0;
};

inline constexpr Duration tick_period = Duration::milliseconds(50);
inline constexpr Duration drain_period = Duration::seconds(1);

enum class EventLoopKind : std::uint8_t { automatic, io_uring, epoll };

/// `auto`, `io_uring`, `epoll`.
[[nodiscard]] Result<EventLoopKind> parse_event_loop_kind(std::string_view text);

struct EventLoopOptions {
    EventLoopKind kind = EventLoopKind::automatic;
    std::size_t connections_max = 20'000;
    /// Leaves out what kernels before 6.1 lack (SINGLE_ISSUER, DEFER_TASKRUN): keeps that tested.
    bool plain_ring = false;
    /// Told why, in one sentence, when `automatic` has to fall back to epoll.
    std::function<void(std::string_view)> on_fallback;
};

/// `automatic` takes io_uring, or epoll where the kernel or a container's policy refuses it.
[[nodiscard]] Result<std::unique_ptr<EventLoop>> make_event_loop(const EventLoopOptions& options);

}  // namespace stampede::net
