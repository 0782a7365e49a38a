// SPDX-License-Identifier: Apache-2.0
// One connection of the live door after its request: a WebSocket, or a chunked response of one JSON
// object a line.
//
//   opening -> open -> leaving -> parting -> closed
//     leaving: a write is still under way, and the reason follows it; parting: the reason is out,
//     and the peer is waited for
//
// It sends one thing at a time and keeps nothing to send later: whoever is told that it is ready
// looks up what is newest. A peer who does not take what was sent in time is sent the reason
// instead of more, as soon as he takes anything again, and is closed if he does not.
//
// Quiet doors' thread alone. Destroyed only after WatcherHome::ended().
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "engine/vocabulary/limits.hpp"
#include "net/endpoint.hpp"
#include "net/live_board.hpp"
#include "net/steady_time.hpp"

namespace boost::asio {
class io_context;
}

namespace stampede::net {

/// Why the server ends a connection; text() is what the peer is told.
enum class EndReason : std::uint8_t {
    gone,       // there is nothing left to follow
    slow,       // what was sent before has not been taken in time
    silent,     // no answer to our pings
    talkative,  // sends more than a watcher has to say
    stopping,   // the server stops; another one may serve in a moment
};
[[nodiscard]] std::string_view text(EndReason reason);

struct LiveDeadlines {
    Duration opening = Duration::seconds(5);     // handshake or head
    Duration heartbeat = Duration::seconds(15);  // something is sent at least so often
    Duration silence = Duration::seconds(45);    // of a WebSocket: no pong, nothing
    Duration slow_write = Duration::seconds(5);  // then it is slow
    Duration leaving = Duration::seconds(5);     // to take the rest, and the reason
    Duration parting = Duration::seconds(1);     // to say goodbye itself
};

struct WatcherHome {
    WatcherHome() = default;
    WatcherHome(const WatcherHome&) = delete;
    WatcherHome& operator=(const WatcherHome&) = delete;
    virtual ~WatcherHome() = default;

    [[nodiscard]] virtual SteadyTime now() const = 0;
    [[nodiscard]] virtual const LiveDeadlines& deadlines() const = 0;
    /// It may send the next thing.
    virtual void ready(LiveWatcher& watcher) = 0;
    /// The server ends it.
    virtual void ends(LiveWatcher& watcher, EndReason reason) = 0;
    /// Nothing will call back any more. Destroy it, but not within this call.
    virtual void ended(LiveWatcher& watcher) = 0;
};

class LiveWatcher {
  public:
    using Watches =
        boost::container::static_vector<LiveWatch, limits::live_subjects_per_connection_max>;

    LiveWatcher(WatcherHome& home, const Endpoint& peer) : home_(home), peer_(peer) {}
    LiveWatcher(const LiveWatcher&) = delete;
    LiveWatcher& operator=(const LiveWatcher&) = delete;
    virtual ~LiveWatcher() = default;

    void open();
    [[nodiscard]] bool is_ready() const { return phase_ == Phase::open && !writes_; }
    /// It is ready.
    void send(std::shared_ptr<const LiveFrame> frame);
    /// Says why as soon as it can, then closes. The first reason counts.
    void end(EndReason reason);
    /// What time asks for: a heartbeat, or an end.
    void look_at_the_time();
    [[nodiscard]] const Endpoint& peer() const { return peer_; }

    // The home's own marks.
    Watches watches;
    std::size_t next_watch = 0;                   // whose turn it is when it is ready
    std::shared_ptr<const LiveFrame> last_words;  // sent first, and then it is gone
    std::list<std::unique_ptr<LiveWatcher>>::iterator place;

  protected:
    enum class Phase : std::uint8_t { opening, open, leaving, parting, closed };

    // The kinds' part; each start_ leads to the matching on_ later, once.
    virtual void start_opening() = 0;
    virtual void start_write(const LiveFrame& frame) = 0;
    virtual void start_heartbeat() = 0;  // a write, or something that never gets in its way
    virtual void start_farewell(EndReason reason) = 0;
    virtual void close_socket() = 0;
    /// Whether silence after a heartbeat means that nobody is there.
    [[nodiscard]] virtual bool answers_heartbeats() const = 0;

    void on_opened(bool ok);
    void on_written(bool ok);
    void on_heartbeat_sent(bool ok);
    /// `bytes` more of what we do not want to hear; not ok: the peer has gone.
    void on_read(bool ok, std::size_t bytes);
    void on_farewell_said(bool ok);  // the peer is waited for from now on
    void heard() { heard_at_ = home_.now(); }
    void close();
    void end_if_silent();
    /// Around each asynchronous operation.
    void operation_begins() { ++operations_; }
    [[nodiscard]] bool operation_ended();
    [[nodiscard]] Phase phase() const { return phase_; }

  private:
    void say_why();
    void written_or_opened(bool ok);

    WatcherHome& home_;
    const Endpoint peer_;
    Phase phase_ = Phase::opening;
    bool writes_ = true;  // what is being written may not be interrupted
    EndReason reason_ = EndReason::gone;
    bool has_ended_ = false;      // and the home knows
    std::size_t operations_ = 0;  // that will call back
    std::shared_ptr<const LiveFrame> sending_;
    SteadyTime began_at_;  // the write, the leaving or the parting under way
    SteadyTime spoke_at_;
    SteadyTime heard_at_;
    SteadyTime talk_began_at_;
    std::size_t talk_bytes_ = 0;
};

/// A chunked response; `head` is its head. Takes the descriptor.
[[nodiscard]] std::unique_ptr<LiveWatcher> make_line_watcher(boost::asio::io_context& context,
                                                             int descriptor, WatcherHome& home,
                                                             const Endpoint& peer,
                                                             std::string head);
/// A WebSocket whose client sent this Sec-WebSocket-Key. Takes the descriptor.
[[nodiscard]] std::unique_ptr<LiveWatcher> make_websocket_watcher(boost::asio::io_context& context,
                                                                  int descriptor, WatcherHome& home,
                                                                  const Endpoint& peer,
                                                                  std::string_view key);

}  // namespace stampede::net
