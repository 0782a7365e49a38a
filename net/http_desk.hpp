// SPDX-License-Identifier: Apache-2.0
// What stands behind a quiet door: a desk that is handed one request after the other and answers
// each exactly once, at once or later. All of it happens on the quiet doors' thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/time.hpp"
#include "net/endpoint.hpp"
#include "net/http_request.hpp"
#include "net/http_response.hpp"

namespace boost::asio {
class io_context;
}

namespace stampede::net {

/// One request that waits for its answer. Lives until respond().
class Exchange {
  public:
    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;

    /// Its views are valid until respond(); the body's only until handle() returns.
    [[nodiscard]] virtual const HttpRequest& request() const = 0;
    /// What the response's head must say.
    [[nodiscard]] virtual KeepAlive keep_alive() const = 0;
    /// A whole response, which leaves when `rests_on` is durable. Once.
    virtual void respond(std::string_view response, CommitNumber rests_on) = 0;

    [[nodiscard]] virtual const Endpoint& peer() const = 0;
    /// The request was all that came and nothing is on its way out: take_connection() is possible.
    [[nodiscard]] virtual bool can_be_taken() const = 0;
    /// Instead of respond(), once: the connection is the caller's, a socket descriptor that he
    /// closes. Empty when the peer has gone meanwhile.
    [[nodiscard]] virtual std::optional<int> take_connection() = 0;
};

/// What a desk may ask of the thread that it sits on.
class DeskServices {
  public:
    DeskServices() = default;
    DeskServices(const DeskServices&) = delete;
    DeskServices& operator=(const DeskServices&) = delete;
    virtual ~DeskServices() = default;
    [[nodiscard]] virtual Instant wall_time() const = 0;
    /// HttpDesk::ticked() follows, once, within a few milliseconds.
    virtual void tick_soon() = 0;
    /// What the thread runs, for desks that keep connections of their own.
    [[nodiscard]] virtual boost::asio::io_context& context() = 0;
    /// A connection that a desk kept has ended.
    virtual void kept_connection_ended() = 0;
};

class HttpDesk {
  public:
    HttpDesk() = default;
    HttpDesk(const HttpDesk&) = delete;
    HttpDesk& operator=(const HttpDesk&) = delete;
    virtual ~HttpDesk() = default;

    virtual void handle(Exchange& exchange) = 0;
    /// QuietDoors::wake() was called.
    virtual void woken() {}
    virtual void ticked() {}
    /// Connections that were taken and have not ended: the thread stops when there are none.
    [[nodiscard]] virtual std::size_t connections_kept() const { return 0; }
    /// The thread stops soon: kept connections are told so and end.
    virtual void stopping() {}
};

}  // namespace stampede::net
