// SPDX-License-Identifier: Apache-2.0
// The event loop's third back end: connections are byte queues in memory, time is given, and each
// turn delivers as much as the simulation's chance decides, split where it pleases. The server
// behind it is the real one. Single-threaded.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "net/event_loop.hpp"
#include "tests/simulation/chance.hpp"

namespace stampede::tests {

class SimulatedLoop final : public net::EventLoop {
  public:
    explicit SimulatedLoop(Chance& chance) : chance_(chance) {}

    // The world's side
    // -----------------------------------------------------------------------------
    [[nodiscard]] net::ConnectionId connect(net::LoopHandler& handler);
    void client_sends(net::ConnectionId connection, std::string_view bytes);
    /// The client goes without a word.
    void client_vanishes(net::ConnectionId connection);
    /// Bytes that have reached the client since the last call.
    [[nodiscard]] std::string client_receives(net::ConnectionId connection);
    [[nodiscard]] bool is_open(net::ConnectionId connection) const;
    /// One turn: some of what was sent arrives, some of what was replied leaves.
    void turn(net::LoopHandler& handler, net::SteadyTime now);
    /// Whether another turn would find work.
    [[nodiscard]] bool has_work() const;
    [[nodiscard]] bool is_stopped() const { return stopped_; }

    // EventLoop
    // ------------------------------------------------------------------------------------
    [[nodiscard]] std::string_view description() const override { return "simulated"; }
    void listen(net::Listener /*listener*/) override {}
    void stop_listening() override {}
    void run(net::LoopHandler& /*handler*/) override {}
    void stop() override { stopped_ = true; }
    void wake() override { woken_ = true; }
    void send(net::ConnectionId connection, std::span<const char> bytes) override;
    void pause_reading(net::ConnectionId connection) override;
    void resume_reading(net::ConnectionId connection) override;
    void close(net::ConnectionId connection) override;
    void close_after_drain(net::ConnectionId connection) override;
    [[nodiscard]] net::SteadyTime now() const override { return now_; }
    [[nodiscard]] const net::LoopCounters& counters() const override { return counters_; }

  private:
    struct Pipe {
        std::uint32_t generation = 0;
        std::string to_server;
        std::string to_client;
        std::span<const char> in_flight;
        bool open = false;
        bool paused = false;
        bool closing = false;  // closed() follows
        bool vanished = false;
    };
    [[nodiscard]] Pipe& at(net::ConnectionId connection);
    void deliver(net::LoopHandler& handler, net::ConnectionId id);

    Chance& chance_;
    std::vector<Pipe> pipes_;
    net::SteadyTime now_;
    net::SteadyTime last_tick_;
    net::LoopCounters counters_;
    bool woken_ = false;
    bool stopped_ = false;
};

}  // namespace stampede::tests
