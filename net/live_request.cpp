// SPDX-License-Identifier: Apache-2.0
#include "net/live_request.hpp"

namespace stampede::net {

Judged<> judge_live_request(const Exchange& exchange) {
    const HttpRequest& request = exchange.request();
    if (!request.body.empty() || !exchange.can_be_taken()) {
        return malformed("nothing may follow the head of a request to this door");
    }
    if (!request.knows_chunks) {
        return Problem{505, "VERSION_NOT_SUPPORTED", "this door speaks HTTP/1.1"};
    }
    if (!wants_websocket(request)) {
        return {};
    }
    constexpr std::size_t key_bytes = 24;  // base64 of 16 bytes (RFC 6455, section 4.1)
    if (!request.wants_upgrade || !equals_ignoring_case(*request.upgrade, "websocket")) {
        return malformed("Upgrade: must be websocket, with Connection: Upgrade");
    }
    if (!request.websocket_key.has_value() || request.websocket_key->size() != key_bytes) {
        return malformed("Sec-WebSocket-Key: must be 24 characters of base64");
    }
    if (request.websocket_version != "13") {
        return malformed("Sec-WebSocket-Version: must be 13");
    }
    return {};
}

std::string line_stream_head(std::string_view extra_headers) {
    std::string head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n"
        // Gateways that buffer a response would hold events back until it ends.
        "X-Accel-Buffering: no\r\n";
    return head.append(extra_headers).append("\r\n");
}

}  // namespace stampede::net
