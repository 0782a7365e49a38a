// SPDX-License-Identifier: Apache-2.0
// What a request to the live door must be, whatever it wants to follow, and how a stream begins.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "net/http_desk.hpp"
#include "net/problem.hpp"

namespace stampede::net {

[[nodiscard]] inline bool wants_websocket(const HttpRequest& request) {
    return request.upgrade.has_value();
}
/// One that a WebSocket, or a chunked response, can follow.
[[nodiscard]] Judged<> judge_live_request(const Exchange& exchange);
/// The head of a response of lines. `extra_headers`: whole lines, each with its CRLF.
[[nodiscard]] std::string line_stream_head(std::string_view extra_headers);

}  // namespace stampede::net
