// SPDX-License-Identifier: Apache-2.0
// Bookkeeping between the wire and whoever asks.
#include "loadtest/swarm.hpp"

#include <bit>
#include <cerrno>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {

Swarm::Swarm(std::unique_ptr<Wire> wire, std::uint32_t connections, std::uint32_t pipeline_depth,
             SwarmListener& listener)
    : wire_(std::move(wire)),
      listener_(listener),
      pipeline_depth_(pipeline_depth),
      slots_(std::bit_ceil(pipeline_depth)),
      lines_(connections),
      asks_(std::size_t{connections} * slots_),
      now_(std::chrono::steady_clock::now()) {
    check(connections > 0 && pipeline_depth > 0, "a swarm needs connections and room on them");
}

void Swarm::connect(ConnectionIndex connection) {
    Line& line = lines_[connection.raw()];
    check(line.state == State::closed, "connect() is for closed connections");
    line.state = State::connecting;
    wire_->open(connection);
}

void Swarm::ask(ConnectionIndex connection, std::string_view request, const Ask& ask) {
    check(has_room(connection), "ask() needs room on the connection");
    Line& line = lines_[connection.raw()];
    if (line.handed) {
        line.out.clear();
        line.handed = false;
    }
    line.out.append(request);
    slot(connection, line.tail++) = ask;
    ++under_way_;
    if (!line.listed) {
        line.listed = true;
        pending_.push_back(connection);
    }
}

void Swarm::flush() {
    for (const ConnectionIndex connection : pending_) {
        Line& line = lines_[connection.raw()];
        line.listed = false;
        if (line.state == State::open && !line.handed && !line.out.empty()) {
            line.handed = true;
            wire_->send(connection, line.out);
        }
    }
    pending_.clear();
}

void Swarm::drop(ConnectionIndex connection) {
    Line& line = lines_[connection.raw()];
    if (line.state == State::closed) {
        return;
    }
    if (line.state == State::open && line.listed && !line.handed && !line.out.empty()) {
        line.handed = true;
        wire_->send(connection, line.out);  // close() submits it first
    }
    wire_->close(connection);
    forget(connection);
}

// The questions are taken off before anyone is told, since the listener may ask again at once.
void Swarm::forget(ConnectionIndex connection) {
    Line& line = lines_[connection.raw()];
    if (line.state == State::open) {
        --open_;
    }
    line.state = State::closed;
    line.out.clear();
    line.handed = false;
    line.in.clear();
    const std::uint32_t first = line.head;
    const std::uint32_t last = line.tail;
    line.head = last;
    under_way_ -= last - first;
    for (std::uint32_t position = first; position != last; ++position) {
        const Ask ask = slot(connection, position);
        listener_.lost(connection, ask);
    }
}

// One clock read per round, when its first event comes: all its answers were there by then.
void Swarm::tick() {
    if (!ticked_) {
        ticked_ = true;
        now_ = std::chrono::steady_clock::now();
    }
}

void Swarm::opened(ConnectionIndex connection) {
    tick();
    lines_[connection.raw()].state = State::open;
    ++open_;
    listener_.connected(connection);
}

void Swarm::received(ConnectionIndex connection, std::string_view bytes) {
    tick();
    Line& line = lines_[connection.raw()];
    bool expected = true;
    const bool understood = line.in.feed(bytes, [&](const ScannedResponse& response) {
        if (line.head == line.tail) {
            expected = false;
            return false;
        }
        const Ask ask = slot(connection, line.head++);
        --under_way_;
        listener_.answered(connection, ask, response);
        return line.state == State::open;
    });
    if ((!understood || !expected) && line.state == State::open) {
        wire_->close(connection);
        forget(connection);
        listener_.disconnected(connection, EPROTO);
    }
}

void Swarm::closed(ConnectionIndex connection, int error) {
    tick();
    forget(connection);
    listener_.disconnected(connection, error);
}

void Swarm::turn(unsigned at_least, std::chrono::nanoseconds at_most) {
    flush();
    ticked_ = false;
    wire_->wait(*this, at_least, at_most);
    tick();
}

}  // namespace stampede::loadtest
