// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/simulated_loop.hpp"

#include <algorithm>
#include <array>

#include "engine/vocabulary/check.hpp"

namespace stampede::tests {

SimulatedLoop::Pipe& SimulatedLoop::at(net::ConnectionId connection) {
    check(connection.slot < pipes_.size(), "no such connection");
    Pipe& pipe = pipes_[connection.slot];
    check(pipe.generation == connection.generation, "a connection id kept too long");
    return pipe;
}

net::ConnectionId SimulatedLoop::connect(net::LoopHandler& handler) {
    std::uint32_t slot = 0;
    while (slot < pipes_.size() && pipes_[slot].open) {
        ++slot;
    }
    if (slot == pipes_.size()) {
        pipes_.emplace_back();
    }
    const std::uint32_t generation = pipes_[slot].generation + 1;
    pipes_[slot] = Pipe{};
    pipes_[slot].generation = generation;
    pipes_[slot].open = true;
    const net::ConnectionId id{slot, generation};
    handler.opened(id, *net::Endpoint::parse("127.0.0.1:4000"));
    return id;
}

void SimulatedLoop::client_sends(net::ConnectionId connection, std::string_view bytes) {
    at(connection).to_server += bytes;
}

void SimulatedLoop::client_vanishes(net::ConnectionId connection) {
    at(connection).vanished = true;
}

std::string SimulatedLoop::client_receives(net::ConnectionId connection) {
    if (connection.slot >= pipes_.size() ||
        pipes_[connection.slot].generation != connection.generation) {
        return {};
    }
    return std::exchange(pipes_[connection.slot].to_client, {});
}

bool SimulatedLoop::is_open(net::ConnectionId connection) const {
    return connection.slot < pipes_.size() &&
           pipes_[connection.slot].generation == connection.generation &&
           pipes_[connection.slot].open;
}

void SimulatedLoop::deliver(net::LoopHandler& handler, net::ConnectionId id) {
    Pipe& pipe = pipes_[id.slot];
    if (!pipe.in_flight.empty()) {
        const auto count = static_cast<std::size_t>(
            chance_.between(1, static_cast<std::int64_t>(pipe.in_flight.size())));
        pipe.to_client.append(pipe.in_flight.data(), count);
        pipe.in_flight = {};
        handler.sent(id, count);
    }
    if (pipe.closing || pipe.vanished) {
        pipe.in_flight = {};
        pipe.open = false;
        handler.closed(
            id, pipe.closing ? net::CloseReason::closed_by_us : net::CloseReason::connection_lost);
        return;
    }
    if (!pipe.to_server.empty() && !pipe.paused && chance_.percent(80)) {
        std::array<char, net::receive_bytes_max + net::input_padding_bytes> bytes;
        const std::size_t most = std::min(pipe.to_server.size(), net::receive_bytes_max);
        const auto count =
            chance_.percent(30)
                ? static_cast<std::size_t>(chance_.between(1, static_cast<std::int64_t>(most)))
                : most;
        std::copy_n(pipe.to_server.begin(), count, bytes.begin());
        pipe.to_server.erase(0, count);
        handler.received(id, std::span{bytes}.first(count));
    }
}

void SimulatedLoop::turn(net::LoopHandler& handler, net::SteadyTime now) {
    now_ = now;
    for (std::uint32_t slot = 0; slot < pipes_.size(); ++slot) {
        if (pipes_[slot].open) {
            deliver(handler, {slot, pipes_[slot].generation});
        }
    }
    if (std::exchange(woken_, false)) {
        handler.woken();
    }
    if (now_ - last_tick_ >= net::tick_period) {
        last_tick_ = now_;
        handler.ticked(now_);
    }
    handler.turn_ended();
}

bool SimulatedLoop::has_work() const {
    return woken_ || std::ranges::any_of(pipes_, [](const Pipe& pipe) {
               return pipe.open && (!pipe.in_flight.empty() || pipe.closing || pipe.vanished ||
                                    (!pipe.to_server.empty() && !pipe.paused));
           });
}

void SimulatedLoop::send(net::ConnectionId connection, std::span<const char> bytes) {
    Pipe& pipe = at(connection);
    check(pipe.in_flight.empty(), "one span at a time and connection");
    check(!bytes.empty(), "an empty send");
    pipe.in_flight = bytes;
}
void SimulatedLoop::pause_reading(net::ConnectionId connection) {
    at(connection).paused = true;
}
void SimulatedLoop::resume_reading(net::ConnectionId connection) {
    at(connection).paused = false;
}
void SimulatedLoop::close(net::ConnectionId connection) {
    at(connection).closing = true;
}
void SimulatedLoop::close_after_drain(net::ConnectionId connection) {
    at(connection).closing = true;
}

}  // namespace stampede::tests
