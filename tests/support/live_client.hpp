// SPDX-License-Identifier: Apache-2.0
// A watcher at the live door, over a WebSocket or a chunked response, with the same words for both.
// Blocking, one thread. A server that says nothing for `hang_ms` fails the test.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/http_client.hpp"

namespace stampede::tests {

enum class Framing : std::uint8_t { websocket, lines };
[[nodiscard]] std::string text(Framing framing);

struct LiveNews {
    HttpAnswer event;        // its JSON, as of any answer; empty when the server ended it instead
    std::string end;         // the reason that the server gave, if it did
    int close_code = 0;      // of a WebSocket
    bool is_broken = false;  // ended without a word
};

/// What a watcher's kernel takes for him while he does not read, about twice over: who is sent much
/// more is stuck in it.
inline constexpr int live_receive_buffer_bytes = 64 * 1024;

class LiveClient {
  public:
    LiveClient() = default;
    LiveClient(const LiveClient&) = delete;
    LiveClient& operator=(const LiveClient&) = delete;
    virtual ~LiveClient() = default;

    /// What the server said to the request: 101 or 200, or another status with its answer.
    [[nodiscard]] virtual const HttpAnswer& greeting() = 0;
    [[nodiscard]] virtual LiveNews read() = 0;
    /// True when something can be read within `patience_ms`.
    [[nodiscard]] virtual bool has_input(int patience_ms) = 0;
    /// Bytes that the server did not ask for.
    virtual void chatter(const std::string& bytes) = 0;
};

/// Connects and asks; greeting() waits for the answer.
[[nodiscard]] std::unique_ptr<LiveClient> follow(std::uint16_t port, Framing framing,
                                                 const std::string& path,
                                                 const std::vector<std::string>& headers = {});

}  // namespace stampede::tests
