// SPDX-License-Identifier: Apache-2.0
// Base64 as the key file has it (RFC 4648 section 4, padded) and as tokens and tickets have it
// (section 5, base64url, no padding). Decoding takes only the one canonical spelling.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stampede::net {

/// Characters that base64url needs for `bytes`.
[[nodiscard]] constexpr std::size_t base64url_length(std::size_t bytes) {
    return (bytes * 4 + 2) / 3;
}
/// Writes base64url_length(bytes.size()) characters to `out`.
void encode_base64url(std::string_view bytes, std::span<char> out);
/// At most out.size() bytes; empty for any other spelling or too many bytes.
[[nodiscard]] std::optional<std::string_view> decode_base64url(std::string_view text,
                                                               std::span<char> out);
[[nodiscard]] std::string to_base64url(std::string_view bytes);
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace stampede::net
