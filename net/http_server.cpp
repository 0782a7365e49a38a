// SPDX-License-Identifier: Apache-2.0
// Bytes to requests, replies to bytes. Nothing here is per connection and turn: only connections
// with news are looked at, only those with a commit to wait for are looked at when one is durable.
#include "net/http_server.hpp"

#include <sys/mman.h>

#include <utility>

#include "engine/vocabulary/check.hpp"

namespace stampede::net {
namespace {

constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

/// Virtual memory: a page becomes real when a slow sender's request first needs it.
std::span<char> reserve(std::size_t bytes) {
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check(memory != MAP_FAILED, "no address space for the connections' input");
    return {static_cast<char*>(memory), bytes};
}

}  // namespace

void Responder::reply(std::string_view response, CommitNumber rests_on) {
    check(!replied_, "a request was answered twice");
    replied_ = true;
    connection_.replies.park(response, rests_on);
}

HttpServer::HttpServer(EventLoop& loop, RequestHandler& handler, const HttpServerOptions& options)
    : loop_(loop),
      handler_(handler),
      options_(options),
      body_room_(options.limits.body_bytes_max + input_padding_bytes),
      carry_memory_(reserve(options.connections_max * HttpConnection::carry_bytes(options.limits))),
      deadlines_(options.connections_max, SteadyTime::never()) {
    const std::size_t carry_bytes = HttpConnection::carry_bytes(options.limits);
    connections_.reserve(options.connections_max);
    for (std::size_t slot = 0; slot < options.connections_max; ++slot) {
        connections_.emplace_back(carry_memory_.subspan(slot * carry_bytes, carry_bytes),
                                  body_room_, options_.limits);
    }
}

HttpServer::~HttpServer() {
    munmap(carry_memory_.data(), carry_memory_.size());
}

HttpConnection& HttpServer::at(ConnectionId id) {
    check(id.slot < connections_.size(), "the loop has more connections than the server");
    return connections_[id.slot];
}

// What the loop tells ----------------------------------------------------------------------------

void HttpServer::opened(ConnectionId id, const Endpoint& peer) {
    HttpConnection& connection = at(id);
    connection.open(id, peer);
    slots_used_ = std::max<std::size_t>(slots_used_, id.slot + 1);
    counters_.opened.add(1);
    if (!admit_peer(peer)) {
        counters_.over_peer_limit.add(1);
        connection.stage = Stage::leaving;
        loop_.close(id);
        return;
    }
    connection.watch_input(loop_.now(), options_.deadlines);
    note_deadline(connection);
}

bool HttpServer::admit_peer(const Endpoint& peer) {
    if (options_.connections_per_peer_max == 0) {
        return true;
    }
    return ++per_peer_[peer.address()] <= options_.connections_per_peer_max;
}

void HttpServer::received(ConnectionId id, std::span<char> bytes) {
    HttpConnection& connection = at(id);
    if (connection.stage == Stage::serving) {
        serve(connection, connection.join(bytes));
    }
}

void HttpServer::sent(ConnectionId id, std::size_t count) {
    HttpConnection& connection = at(id);
    connection.replies.sent(count);
    connection.sending = false;
    connection.send_ended();
    counters_.replied_bytes.add(count);
    look_at(connection);
    resume_when_drained(connection);
}

void HttpServer::peer_finished(ConnectionId id) {
    HttpConnection& connection = at(id);
    if (connection.stage == Stage::serving) {
        connection.stage = Stage::finishing;  // a request cut off can never become whole
        connection.drop_input();
        connection.watch_input(loop_.now(), options_.deadlines);
        look_at(connection);
    }
}

void HttpServer::closed(ConnectionId id, CloseReason /*reason*/) {
    HttpConnection& connection = at(id);
    if (options_.connections_per_peer_max != 0) {
        const auto peer = per_peer_.find(connection.peer.address());
        if (peer != per_peer_.end() && --peer->second == 0) {
            per_peer_.erase(peer);
        }
    }
    connection.close();  // a list that still names it will find nobody of that id
    note_deadline(connection);
    counters_.closed.add(1);
}

void HttpServer::ticked(SteadyTime now) {
    for (std::size_t slot = 0; slot < slots_used_; ++slot) {
        if (deadlines_[slot] <= now) {
            HttpConnection& connection = connections_[slot];
            give_up(connection, connection.overdue(now));
        }
    }
    handler_.ticked(now);
}

void HttpServer::turn_ended() {
    flush(handler_.turn_ended());
    if (stopping_ && stopped_ && counters_.opened.get() == counters_.closed.get()) {
        std::exchange(stopped_, nullptr)();
    }
}

// Requests ---------------------------------------------------------------------------------------

void HttpServer::serve(HttpConnection& connection, std::span<char> bytes) {
    const std::size_t used = serve_whole_requests(connection, bytes);
    if (connection.stage == Stage::serving) {
        connection.keep_behind(bytes, used);
    } else {
        connection.drop_input();  // behind the last request that counts
    }
    pause_when_full(connection);
    connection.watch_input(loop_.now(), options_.deadlines);
    note_deadline(connection);
}

std::size_t HttpServer::serve_whole_requests(HttpConnection& connection, std::span<char> bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && connection.stage == Stage::serving) {
        if (connection.replies.parked_bytes() > options_.parked_bytes_high) {
            break;
        }
        switch (connection.parser.parse(bytes.subspan(used))) {
            case ParseOutcome::need_more:
                say_continue(connection);
                return used;
            case ParseOutcome::refused:
                refuse(connection, connection.parser.refusal());
                return used;
            case ParseOutcome::complete:
                used += connection.parser.consumed();
                handle_one(connection);
                break;
        }
    }
    return used;
}

void HttpServer::handle_one(HttpConnection& connection) {
    const HttpRequest& request = connection.parser.request();
    const bool keep_alive = request.keep_alive && !stopping_;
    counters_.requests.add(1);
    Responder responder{connection, keep_alive};
    handler_.handle(request, responder);
    check(responder.replied(), "a request was not answered");
    connection.request_done();
    connection.continue_said = false;
    if (!keep_alive) {
        connection.stage = Stage::finishing;
    }
    look_at(connection);
}

void HttpServer::refuse(HttpConnection& connection, const HttpRefusal& refusal) {
    if (refusal.status == 408) {
        counters_.late.add(1);
    } else if (refusal.status == 413 || refusal.status == 414 || refusal.status == 431) {
        counters_.too_large.add(1);
    } else {
        counters_.malformed.add(1);
    }
    Responder responder{connection, /*keep_alive=*/false};
    handler_.refuse(refusal, responder);
    check(responder.replied(), "a refusal was not answered");
    connection.stage = Stage::finishing;
    look_at(connection);
}

void HttpServer::say_continue(HttpConnection& connection) {
    if (connection.parser.awaits_body() && connection.parser.expects_continue() &&
        !connection.continue_said) {
        connection.continue_said = true;
        connection.replies.park(continue_response, CommitNumber{0});
        look_at(connection);
    }
}

void HttpServer::pause_when_full(HttpConnection& connection) {
    if (!connection.paused && connection.stage == Stage::serving &&
        connection.replies.parked_bytes() > options_.parked_bytes_high) {
        connection.paused = true;
        counters_.paused.add(1);
        loop_.pause_reading(connection.id);
    }
}

void HttpServer::resume_when_drained(HttpConnection& connection) {
    if (!connection.paused || connection.stage != Stage::serving ||
        connection.replies.parked_bytes() > options_.parked_bytes_low) {
        return;
    }
    // What came with the request that filled the queue goes first, and may fill it again.
    const std::size_t used = serve_whole_requests(connection, connection.kept());
    if (connection.stage != Stage::serving) {
        connection.drop_input();
        return;
    }
    connection.keep_behind(connection.kept(), used);
    if (connection.replies.parked_bytes() <= options_.parked_bytes_high) {
        connection.paused = false;
        loop_.resume_reading(connection.id);
    }
    connection.watch_input(loop_.now(), options_.deadlines);
    note_deadline(connection);
}

// Replies ----------------------------------------------------------------------------------------

void HttpServer::look_at(HttpConnection& connection) {
    // One already waiting for a commit has nothing to gain from being looked at before.
    if (!connection.in_a_list) {
        connection.in_a_list = true;
        to_look_at_.push_back(connection.id);
    }
}

void HttpServer::flush(CommitNumber durable) {
    if (durable > durable_) {
        durable_ = durable;
        releasing_.swap(waiting_);
        for (const ConnectionId id : releasing_) {
            release(id, durable);
        }
        releasing_.clear();
    }
    for (const ConnectionId id : to_look_at_) {
        release(id, durable);
    }
    to_look_at_.clear();
}

void HttpServer::release(ConnectionId id, CommitNumber durable) {
    HttpConnection& connection = at(id);
    if (connection.id != id || connection.stage == Stage::unused) {
        return;  // closed since it was put into the list
    }
    connection.in_a_list = false;
    if (connection.stage == Stage::leaving || connection.sending) {
        return;  // sent() comes back here
    }
    const std::span<const char> bytes = connection.replies.releasable(durable);
    if (!bytes.empty()) {
        connection.sending = true;
        connection.send_started(loop_.now(), options_.deadlines);
        loop_.send(id, bytes);
    } else if (!connection.replies.empty()) {
        connection.in_a_list = true;
        waiting_.push_back(id);
    } else if (connection.stage == Stage::finishing) {
        leave(connection);
    } else {
        connection.watch_input(loop_.now(), options_.deadlines);
    }
    note_deadline(connection);
}

void HttpServer::leave(HttpConnection& connection) {
    connection.stage = Stage::leaving;
    connection.drop_input();
    loop_.close_after_drain(connection.id);
}

void HttpServer::give_up(HttpConnection& connection, Overdue overdue) {
    switch (overdue) {
        case Overdue::nothing:
            break;
        case Overdue::header:
            refuse(connection, {408, "TIMEOUT", "the request's header did not arrive in time"});
            connection.drop_input();
            break;
        case Overdue::body:
            refuse(connection, {408, "TIMEOUT", "the request's body did not arrive in time"});
            connection.drop_input();
            break;
        case Overdue::idle:
            counters_.idle.add(1);
            leave(connection);
            break;
        case Overdue::write:
            counters_.stalled.add(1);
            connection.stage = Stage::leaving;
            connection.send_ended();
            loop_.close(connection.id);
            break;
    }
    connection.watch_input(loop_.now(), options_.deadlines);
    note_deadline(connection);
}

void HttpServer::note_deadline(const HttpConnection& connection) {
    const auto slot = static_cast<std::size_t>(&connection - connections_.data());
    deadlines_[slot] = connection.deadline();
}

void HttpServer::stop_gracefully(std::function<void()> done) {
    stopping_ = true;
    stopped_ = std::move(done);
    loop_.stop_listening();
    for (std::size_t slot = 0; slot < slots_used_; ++slot) {
        HttpConnection& connection = connections_[slot];
        if (connection.stage == Stage::serving) {
            connection.stage = Stage::finishing;
            connection.drop_input();
            look_at(connection);
        }
    }
}

HttpCounts HttpServer::counters() const {
    HttpCounts counts;
    counts.requests = counters_.requests.get();
    counts.replied_bytes = counters_.replied_bytes.get();
    counts.connections_opened = counters_.opened.get();
    counts.connections_open = counts.connections_opened - counters_.closed.get();
    counts.connections_over_peer_limit = counters_.over_peer_limit.get();
    counts.refused_malformed = counters_.malformed.get();
    counts.refused_too_large = counters_.too_large.get();
    counts.late_requests = counters_.late.get();
    counts.idle_closed = counters_.idle.get();
    counts.stalled_closed = counters_.stalled.get();
    counts.paused = counters_.paused.get();
    return counts;
}

}  // namespace stampede::net
