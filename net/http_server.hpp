// SPDX-License-Identifier: Apache-2.0
// The buyers' door without its meaning: turns the loop's bytes into requests, hands each to the
// RequestHandler, and lets its reply leave when the commit that it rests on is durable. Keeps the
// order of pipelined replies, deadlines, limits and back-pressure. Everything here runs on the
// loop's thread; counters() may be read from any.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "net/event_loop.hpp"
#include "net/http_connection.hpp"
#include "net/http_request.hpp"

namespace stampede::net {

/// Takes the one reply to one request. Lives for that call only.
class Responder {
  public:
    explicit Responder(HttpConnection& connection, bool keep_alive)
        : connection_(connection), keep_alive_(keep_alive) {}
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;

    /// A whole HTTP response, copied. It leaves once `rests_on` is durable (0: at once) and every
    /// earlier reply of the connection has left. Exactly one for each request.
    void reply(std::string_view response, CommitNumber rests_on);

    /// What the response's Connection header must say: false asks for "close".
    [[nodiscard]] bool keep_alive() const { return keep_alive_; }
    [[nodiscard]] const Endpoint& peer() const { return connection_.peer; }
    /// The token that this connection's last request was known by.
    [[nodiscard]] VerifiedTokenCache& verified_token() { return connection_.verified_token; }
    [[nodiscard]] bool replied() const { return replied_; }

  private:
    HttpConnection& connection_;
    bool keep_alive_;
    bool replied_ = false;
};

class RequestHandler {
  public:
    RequestHandler() = default;
    RequestHandler(const RequestHandler&) = delete;
    RequestHandler& operator=(const RequestHandler&) = delete;
    virtual ~RequestHandler() = default;

    /// Answers through `responder` before it returns. `request` lives as long as the call.
    virtual void handle(const HttpRequest& request, Responder& responder) = 0;
    /// Answers what is no request, likewise; the connection then ends.
    virtual void refuse(const HttpRefusal& refusal, Responder& responder) = 0;
    /// Somebody called wake() on the loop.
    virtual void woken() = 0;
    virtual void ticked(SteadyTime now) = 0;
    /// All requests of this turn were handled: submit the open commit if none is in flight. Returns
    /// the newest durable commit; replies that rest on no later one leave now.
    [[nodiscard]] virtual CommitNumber turn_ended() = 0;
};

struct HttpServerOptions {
    std::size_t connections_max = 20'000;      // the loop's, at least
    std::size_t connections_per_peer_max = 0;  // by address; 0: no limit
    HttpLimits limits;
    HttpDeadlines deadlines;
    /// Replies waiting on one connection above which it is not read, and below which it is again.
    std::size_t parked_bytes_high = 64 * 1024;
    std::size_t parked_bytes_low = 16 * 1024;
};

struct HttpCounts {
    std::uint64_t requests = 0;
    std::uint64_t replied_bytes = 0;
    std::uint64_t connections_opened = 0;
    std::uint64_t connections_open = 0;
    std::uint64_t connections_over_peer_limit = 0;
    std::uint64_t refused_malformed = 0;  // 400, 417, 501, 505
    std::uint64_t refused_too_large = 0;  // 413, 414, 431
    std::uint64_t late_requests = 0;      // 408
    std::uint64_t idle_closed = 0;
    std::uint64_t stalled_closed = 0;  // the peer did not take its replies
    std::uint64_t paused = 0;          // times that back-pressure set in
};

class HttpServer final : public LoopHandler {
  public:
    HttpServer(EventLoop& loop, RequestHandler& handler, const HttpServerOptions& options = {});
    ~HttpServer() override;

    /// Loop's thread. Stops listening, closes idle connections, lets the others' parked replies
    /// leave, and calls `done` once, from a later turn, when the last connection has gone.
    void stop_gracefully(std::function<void()> done);
    /// Any thread; each number is right, together they may be of neighbouring moments.
    [[nodiscard]] HttpCounts counters() const;

    void opened(ConnectionId id, const Endpoint& peer) override;
    void received(ConnectionId id, std::span<char> bytes) override;
    void sent(ConnectionId id, std::size_t count) override;
    void peer_finished(ConnectionId id) override;
    void closed(ConnectionId id, CloseReason reason) override;
    void woken() override { handler_.woken(); }
    void ticked(SteadyTime now) override;
    void turn_ended() override;

  private:
    /// One writer, the loop's thread: a load and a store, no locked instruction.
    struct Counter {
        std::atomic<std::uint64_t> value{0};
        void add(std::uint64_t more) {
            value.store(value.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
        }
        [[nodiscard]] std::uint64_t get() const { return value.load(std::memory_order_relaxed); }
    };
    struct Counters {
        Counter requests, replied_bytes, opened, closed, over_peer_limit, malformed, too_large,
            late, idle, stalled, paused;
    };

    [[nodiscard]] HttpConnection& at(ConnectionId id);
    void serve(HttpConnection& connection, std::span<char> bytes);
    [[nodiscard]] std::size_t serve_whole_requests(HttpConnection& connection,
                                                   std::span<char> bytes);
    void handle_one(HttpConnection& connection);
    void refuse(HttpConnection& connection, const HttpRefusal& refusal);
    void say_continue(HttpConnection& connection);
    void pause_when_full(HttpConnection& connection);
    void resume_when_drained(HttpConnection& connection);
    void look_at(HttpConnection& connection);
    void flush(CommitNumber durable);
    void release(ConnectionId id, CommitNumber durable);
    void leave(HttpConnection& connection);
    void give_up(HttpConnection& connection, Overdue overdue);
    void note_deadline(const HttpConnection& connection);
    [[nodiscard]] bool admit_peer(const Endpoint& peer);

    EventLoop& loop_;
    RequestHandler& handler_;
    HttpServerOptions options_;
    std::vector<char> body_room_;
    std::span<char> carry_memory_;
    std::vector<HttpConnection> connections_;  // by slot
    std::vector<SteadyTime> deadlines_;        // by slot, apart: a tick reads nothing else
    std::size_t slots_used_ = 0;               // no connection ever had a slot from here on
    std::vector<ConnectionId> to_look_at_;     // replies were parked or have left
    std::vector<ConnectionId> waiting_;        // the first reply rests on a commit in flight
    std::vector<ConnectionId> releasing_;
    CommitNumber durable_;
    boost::unordered_flat_map<std::array<std::uint8_t, 16>, std::uint32_t> per_peer_;
    std::function<void()> stopped_;
    bool stopping_ = false;
    Counters counters_;
};

}  // namespace stampede::net
