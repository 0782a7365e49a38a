// SPDX-License-Identifier: Apache-2.0
// Requests and answers over many keep-alive connections: matches each answer to its question (HTTP
// answers come in the order of the questions), batches what is sent, and tells which questions lost
// their connection. Knows nothing of campaigns. Belongs to one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loadtest/response_scanner.hpp"
#include "loadtest/wire.hpp"

namespace stampede::loadtest {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A question on its way: whose it is, and from when its latency counts.
struct Ask {
    std::uint64_t act = 0;
    SteadyTime since{};
};

class SwarmListener {
  public:
    virtual ~SwarmListener() = default;
    virtual void connected(ConnectionIndex connection) = 0;
    virtual void answered(ConnectionIndex connection, const Ask& ask,
                          const ScannedResponse& response) = 0;
    /// The connection ended before this answer came; its outcome is unknown.
    virtual void lost(ConnectionIndex connection, const Ask& ask) = 0;
    /// Told after all its questions were told lost. `error` is an errno, 0 for a plain close.
    virtual void disconnected(ConnectionIndex connection, int error) = 0;
};

class Swarm final : private WireEvents {
  public:
    Swarm(std::unique_ptr<Wire> wire, std::uint32_t connections, std::uint32_t pipeline_depth,
          SwarmListener& listener);

    void connect(ConnectionIndex connection);
    [[nodiscard]] bool is_open(ConnectionIndex connection) const {
        return lines_[connection.raw()].state == State::open;
    }
    /// Open, and fewer questions under way than the pipeline is deep.
    [[nodiscard]] bool has_room(ConnectionIndex connection) const {
        const Line& line = lines_[connection.raw()];
        return line.state == State::open && line.tail - line.head < pipeline_depth_;
    }
    /// Needs has_room(). `request` is copied; it leaves with the next turn().
    void ask(ConnectionIndex connection, std::string_view request, const Ask& ask);
    /// Sends what is pending, then closes without waiting for the answers: a shopper who lost his
    /// network. All questions under way are told lost before this returns.
    void drop(ConnectionIndex connection);
    /// One round: send, wait for about `at_least` answers or until `at_most` has passed, tell.
    void turn(unsigned at_least, std::chrono::nanoseconds at_most);

    /// The time at which the current round's answers were taken: one clock read per round.
    [[nodiscard]] SteadyTime now() const { return now_; }
    [[nodiscard]] std::uint64_t under_way() const { return under_way_; }
    [[nodiscard]] std::uint32_t open_count() const { return open_; }
    [[nodiscard]] std::string_view wire_name() const { return wire_->name(); }

  private:
    enum class State : std::uint8_t { closed, connecting, open };
    struct Line {
        State state = State::closed;
        bool listed = false;     // stands in pending_
        bool handed = false;     // `out` was given to the wire; the next ask starts it anew
        std::uint32_t head = 0;  // oldest question; positions rise for ever and wrap by the mask
        std::uint32_t tail = 0;
        std::string out;
        ResponseStream in;
    };

    void opened(ConnectionIndex connection) override;
    void received(ConnectionIndex connection, std::string_view bytes) override;
    void closed(ConnectionIndex connection, int error) override;
    void tick();
    void flush();
    void forget(ConnectionIndex connection);
    [[nodiscard]] Ask& slot(ConnectionIndex connection, std::uint32_t position) {
        return asks_[std::size_t{connection.raw()} * slots_ + (position & (slots_ - 1))];
    }

    std::unique_ptr<Wire> wire_;
    SwarmListener& listener_;
    std::uint32_t pipeline_depth_;
    std::uint32_t slots_;  // pipeline_depth_ rounded up to a power of two
    std::vector<Line> lines_;
    std::vector<Ask> asks_;
    std::vector<ConnectionIndex> pending_;
    SteadyTime now_;
    bool ticked_ = false;
    std::uint64_t under_way_ = 0;
    std::uint32_t open_ = 0;
};

}  // namespace stampede::loadtest
