// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 request as the doors see it: views into the bytes that were received, valid until
// the handler returns. What the gate did not let through never becomes one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stampede::net {

/// Names of fields and of most values know no letter case.
[[nodiscard]] inline bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
    if (text.size() != lower_case.size()) {
        return false;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char character = text[at];
        const char lowered = character >= 'A' && character <= 'Z'
                                 ? static_cast<char>(character + ('a' - 'A'))
                                 : character;
        if (lowered != lower_case[at]) {
            return false;
        }
    }
    return true;
}

enum class HttpMethod : std::uint8_t { get, head, post, put, delete_, options, other };

struct HttpRequest {
    HttpMethod method = HttpMethod::other;
    std::string_view method_text;
    std::string_view path;   // from the first slash, undecoded; "*" of an OPTIONS
    std::string_view query;  // behind the question mark, empty when there is none

    // Empty optionals were not sent; an empty view was sent empty.
    std::optional<std::string_view> authorization;
    std::optional<std::string_view> idempotency_key;
    std::optional<std::string_view> buyer_id;
    std::optional<std::string_view> buyer_level;
    std::optional<std::string_view> buyer_segments;
    std::optional<std::string_view> content_type;
    std::optional<std::string_view> origin;
    std::optional<std::string_view> access_control_request_method;
    std::optional<std::string_view> upgrade;
    std::optional<std::string_view> websocket_key;
    std::optional<std::string_view> websocket_version;

    /// The peer wants to send more on this connection.
    bool keep_alive = true;
    /// "Connection: upgrade": what `upgrade` names is asked for.
    bool wants_upgrade = false;
    /// HTTP/1.1, where HTTP/1.0 knows neither chunks nor upgrades.
    bool knows_chunks = true;
    /// A Content-Length or a chunked body came with it, be it of no bytes.
    bool length_given = false;
    /// At least input_padding_bytes may be read behind it; it may be changed in place.
    std::span<char> body;
};

/// Why bytes are not a request that we take. The connection ends with it.
struct HttpRefusal {
    std::uint16_t status = 400;  // 400, 408, 411, 413, 414, 417, 431, 501, 505
    std::string_view code;       // a literal, as in problem.hpp
    std::string detail;          // what and where, one sentence
};

}  // namespace stampede::net
