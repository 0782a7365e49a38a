// SPDX-License-Identifier: Apache-2.0
// One connection of a quiet door:
//
//   idle -> header -> body -> answering -> writing -> idle
//     any error, deadline or refusal: (writing ->) draining -> closed
//
// A session is an object of the pool that owns it, never freed by a handler: `operations_` counts
// the asynchronous operations that will still call back, and only a closed session without any, and
// without an answer that the desk still owes, goes back. Quiet doors' thread alone.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/reply_queue.hpp"
#include "net/http_desk.hpp"
#include "net/http_request_parser.hpp"
#include "net/quiet_doors.hpp"
#include "net/steady_time.hpp"

namespace stampede::net {

class QuietSession;

/// What a session needs of the thread that it lives on.
struct SessionHome {
    SessionHome() = default;
    SessionHome(const SessionHome&) = delete;
    SessionHome& operator=(const SessionHome&) = delete;
    virtual ~SessionHome() = default;

    [[nodiscard]] virtual CommitNumber durable() const = 0;
    [[nodiscard]] virtual bool stopping() const = 0;
    [[nodiscard]] virtual const QuietDeadlines& deadlines() const = 0;
    /// A writer whose Date is right.
    [[nodiscard]] virtual const ResponseWriter& writer() = 0;
    /// Replies wait for a commit: flush() me when it is durable. What became durable before this
    /// call returns is seen by a durable() after it.
    virtual void has_parked(QuietSession& session) = 0;
    virtual void request_read() = 0;
    /// Whether one more session may hold a large body; true must be given back.
    [[nodiscard]] virtual bool take_large_body_permit() = 0;
    virtual void give_large_body_permit_back() = 0;
    /// It has been answered and waits for its next request.
    virtual void became_idle(QuietSession& session) = 0;
    /// Nothing will call back any more.
    virtual void ended(QuietSession& session) = 0;
};

class QuietSession final : public Exchange {
  public:
    /// `body_room`: where chunked bodies are decoded, shared by all sessions of the thread.
    QuietSession(boost::asio::io_context& context, SessionHome& home, std::span<char> body_room,
                 const HttpLimits& limits);

    void begin(boost::asio::ip::tcp::socket socket, HttpDesk& desk);
    /// Writes what the barrier lets go.
    void flush();
    /// Now, without a word.
    void close();

    [[nodiscard]] bool is_idle() const { return phase_ == Phase::idle; }
    [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }
    /// Closed, and nothing will call back: it may be begun anew.
    [[nodiscard]] bool has_ended() const { return desk_ == nullptr; }
    [[nodiscard]] SteadyTime idle_since() const { return idle_since_; }
    /// At least one request has come on this connection.
    [[nodiscard]] bool has_asked() const { return has_asked_; }
    bool in_parked_list = false;  // the home's own mark

    // Exchange
    [[nodiscard]] const HttpRequest& request() const override { return parser_.request(); }
    [[nodiscard]] KeepAlive keep_alive() const override;
    void respond(std::string_view response, CommitNumber rests_on) override;
    [[nodiscard]] const Endpoint& peer() const override { return peer_; }
    [[nodiscard]] bool can_be_taken() const override {
        return used_ == parser_.consumed() && !writes_ && replies_.empty();
    }
    [[nodiscard]] std::optional<int> take_connection() override;

  private:
    enum class Phase : std::uint8_t {
        closed,
        idle,
        header,
        body,
        answering,
        writing,
        draining,
    };

    void enter(Phase phase, Duration time_allowed);
    void expect_request();
    [[nodiscard]] bool make_room();
    void give_up_large_input();
    void read_more();
    void on_read(const boost::system::error_code& error, std::size_t count);
    void try_parse();
    void need_more();
    void refuse(const HttpRefusal& refusal);
    void write_out(std::string_view bytes, CommitNumber rests_on);
    void on_written(const boost::system::error_code& error, std::size_t count);
    void response_left();
    void drain();
    void on_deadline(const boost::system::error_code& error, std::uint64_t serial);
    void end_if_silent();

    SessionHome& home_;
    HttpDesk* desk_ = nullptr;
    boost::asio::ip::tcp::socket socket_;
    boost::asio::steady_timer deadline_;
    SteadyTime idle_since_;
    Endpoint peer_;
    const std::span<char> body_room_;
    const HttpLimits limits_;
    HttpRequestParser parser_;
    std::vector<char> input_;  // used_ bytes, then room, then padding
    std::size_t used_ = 0;
    engine::ReplyQueue replies_;
    Phase phase_ = Phase::closed;
    std::uint64_t serial_ = 0;    // of the phase: a deadline of an earlier one means nothing
    std::size_t operations_ = 0;  // that will call back
    bool reads_ = false;          // one of them is a read
    bool writes_ = false;         // one of them is a write
    bool with_desk_ = false;      // respond() is still to come
    bool keeps_alive_ = true;     // after the answer under way
    bool has_asked_ = false;
    bool told_to_continue_ = false;
    bool holds_large_permit_ = false;
};

}  // namespace stampede::net
