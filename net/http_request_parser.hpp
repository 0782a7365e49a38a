// SPDX-License-Identifier: Apache-2.0
// Bytes to requests: Beast's parser for the grammar, then a gate for what Beast 1.81 lets through
// although RFC 9112 forbids it (the table stands in tests/net/http_request_parser_test.cpp).
// Nothing is kept between calls but a hint, so a request split at any byte is judged exactly as if
// it had come whole.
//
// Owned by the thread of its connection. Allocates only for the sentence of a refusal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "net/event_loop.hpp"
#include "net/http_request.hpp"

namespace stampede::net {

struct HttpLimits {
    std::size_t header_bytes_max = 8 * 1024;  // request line and fields, with their line ends
    std::size_t target_bytes_max = 1024;
    std::size_t body_bytes_max = 4 * 1024;
    std::size_t fields_max = 100;
    /// A chunked body as it comes, with the framing: one-byte chunks cost six times their content.
    std::size_t chunked_bytes_max = 12 * 1024;
};

enum class ParseOutcome : std::uint8_t {
    need_more,  // not a whole request yet
    complete,   // request() is one, consumed() bytes long
    refused,    // refusal() says why; the connection must end
};

class HttpRequestParser {
  public:
    /// Chunked bodies are decoded into `body_room`, which all parsers of a thread may share: at
    /// least limits.body_bytes_max + input_padding_bytes, and it must outlive the parser.
    explicit HttpRequestParser(std::span<char> body_room, const HttpLimits& limits = {});

    /// `bytes` starts with the first byte of a request and is writable and padded as received()
    /// gives it. After need_more call again with the same bytes, perhaps elsewhere, and more.
    [[nodiscard]] ParseOutcome parse(std::span<char> bytes);

    /// The connection starts over: what was unfinished is forgotten.
    void reset() { bytes_needed_ = 0; }

    /// After complete; views into the bytes given and, for a chunked body, into the room.
    [[nodiscard]] const HttpRequest& request() const { return request_; }
    /// After complete: the next request starts behind so many bytes.
    [[nodiscard]] std::size_t consumed() const { return consumed_; }
    /// After refused.
    [[nodiscard]] const HttpRefusal& refusal() const { return refusal_; }
    /// After need_more: the header is whole and the body is awaited.
    [[nodiscard]] bool awaits_body() const { return bytes_needed_ != 0; }
    /// After need_more with awaits_body(): the peer waits for "100 Continue".
    [[nodiscard]] bool expects_continue() const { return expects_continue_; }

    /// Longest input that parse() may ask for before it answers.
    [[nodiscard]] static std::size_t request_bytes_max(const HttpLimits& limits) {
        return line_end_bytes + limits.header_bytes_max +
               std::max(limits.body_bytes_max, limits.chunked_bytes_max);
    }

  private:
    static constexpr std::size_t line_end_bytes = 2;  // one empty line before a request is skipped

    [[nodiscard]] ParseOutcome parse_from(std::span<char> bytes, std::size_t start);
    [[nodiscard]] ParseOutcome header_unfinished(std::span<const char> bytes);
    [[nodiscard]] ParseOutcome need_body(std::size_t bytes_needed);
    [[nodiscard]] ParseOutcome refuse(HttpRefusal refusal);

    std::span<char> body_room_;
    HttpLimits limits_;
    HttpRequest request_;
    HttpRefusal refusal_;
    std::size_t consumed_ = 0;
    std::size_t bytes_needed_ = 0;  // shorter input cannot be a whole request; 0 = not known
    bool expects_continue_ = false;
};

}  // namespace stampede::net
