// SPDX-License-Identifier: Apache-2.0
// What the buyers' door keeps per connection: the parser, bytes of a request that is not whole yet,
// replies that have not left, and the deadlines. It knows neither the loop nor the clock: bytes and
// times are handed in. Owned by the loop's thread, reused for one connection after another.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "engine/reply_queue.hpp"
#include "net/buyer_token.hpp"
#include "net/endpoint.hpp"
#include "net/http_request_parser.hpp"
#include "net/steady_time.hpp"

namespace stampede::net {

/// All absolute: from the first byte of a header, from the end of a header, from the last reply,
/// from the handing over of a send. A drop every few seconds renews none of them.
struct HttpDeadlines {
    Duration header = Duration::seconds(5);
    Duration body = Duration::seconds(5);
    Duration idle = Duration::seconds(60);
    Duration write = Duration::seconds(10);
};

enum class Stage : std::uint8_t {
    unused,
    serving,
    finishing,  // takes no more requests; what is parked still leaves
    leaving,    // the loop was told to close; only closed() follows
};

enum class Overdue : std::uint8_t { nothing, header, body, idle, write };

class HttpConnection {
  public:
    /// `carry` holds the bytes of an unfinished request: at least carry_bytes(limits).
    HttpConnection(std::span<char> carry, std::span<char> body_room, const HttpLimits& limits)
        : parser(body_room, limits), carry_(carry) {}

    [[nodiscard]] static std::size_t carry_bytes(const HttpLimits& limits) {
        return HttpRequestParser::request_bytes_max(limits) + receive_bytes_max +
               input_padding_bytes;
    }

    void open(ConnectionId connection, const Endpoint& from);
    void close();

    /// All input not yet used: `bytes` themselves when nothing was kept before them, so that a
    /// whole request is never copied.
    [[nodiscard]] std::span<char> join(std::span<char> bytes);
    /// Of the span that join() gave, all but the first `used` bytes are kept.
    void keep_behind(std::span<char> joined, std::size_t used);
    [[nodiscard]] std::span<char> kept() { return carry_.first(kept_); }
    void drop_input() { kept_ = 0; }

    /// Called when input was used or replies left: sets the reading deadlines anew.
    void watch_input(SteadyTime now, const HttpDeadlines& deadlines);
    /// A request was answered: the next one has its whole time.
    void request_done() { unfinished_since_ = SteadyTime::never(); }
    void send_started(SteadyTime now, const HttpDeadlines& deadlines) {
        write_deadline_ = now + deadlines.write;
    }
    void send_ended() { write_deadline_ = SteadyTime::never(); }
    [[nodiscard]] SteadyTime deadline() const { return std::min(read_deadline_, write_deadline_); }
    [[nodiscard]] Overdue overdue(SteadyTime now) const;

    // Plain state, kept by HttpServer.
    ConnectionId id;
    Endpoint peer;
    Stage stage = Stage::unused;
    bool sending = false;        // a span of `replies` is the loop's
    bool paused = false;         // reading is off until replies have left
    bool in_a_list = false;      // of connections to look at when replies may leave
    bool continue_said = false;  // "100 Continue", for the request being received
    HttpRequestParser parser;
    engine::ReplyQueue replies;
    VerifiedTokenCache verified_token;

  private:
    std::span<char> carry_;
    std::size_t kept_ = 0;
    Overdue awaited_ = Overdue::idle;  // what read_deadline_ is for
    SteadyTime unfinished_since_ = SteadyTime::never();
    SteadyTime read_deadline_ = SteadyTime::never();
    SteadyTime write_deadline_ = SteadyTime::never();
};

}  // namespace stampede::net
