// SPDX-License-Identifier: Apache-2.0
// OpenSSL's block coder, with the other alphabet put in and the padding taken off.
#include "net/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "engine/vocabulary/check.hpp"

namespace stampede::net {
namespace {

constexpr std::size_t short_text_max = 256;  // tokens and tickets; keys go through std::string

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());  // OpenSSL's spelling of bytes
}
unsigned char* bytes_of(char* text) {
    return reinterpret_cast<unsigned char*>(text);
}

}  // namespace

void encode_base64url(std::string_view bytes, std::span<char> out) {
    std::array<char, short_text_max + 8> padded{};
    check(bytes.size() <= short_text_max * 3 / 4 && out.size() == base64url_length(bytes.size()),
          "text of another length than it needs");
    EVP_EncodeBlock(bytes_of(padded.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
    std::transform(padded.begin(), padded.begin() + static_cast<std::ptrdiff_t>(out.size()),
                   out.begin(), [](char character) {
                       if (character == '+') {
                           return '-';
                       }
                       return character == '/' ? '_' : character;
                   });
}

std::optional<std::string_view> decode_base64url(std::string_view text, std::span<char> out) {
    std::array<char, short_text_max + 4> padded{};
    std::array<char, short_text_max> decoded{};
    if (text.size() > short_text_max || text.size() % 4 == 1) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char character = text[at];
        if (character == '+' || character == '/' || character == '=') {
            return std::nullopt;
        }
        padded[at] = character == '-' ? '+' : (character == '_' ? '/' : character);
    }
    const std::size_t padding = (4 - text.size() % 4) % 4;
    std::fill_n(padded.begin() + static_cast<std::ptrdiff_t>(text.size()), padding, '=');
    const int length = EVP_DecodeBlock(bytes_of(decoded.data()), bytes_of(padded.data()),
                                       static_cast<int>(text.size() + padding));
    if (length < 0 || static_cast<std::size_t>(length) - padding > out.size()) {
        return std::nullopt;
    }
    const std::string_view bytes{decoded.data(), static_cast<std::size_t>(length) - padding};
    // Unused low bits must be zero, and spaces, which OpenSSL skips, must not be there.
    std::array<char, short_text_max + 4> again{};
    encode_base64url(bytes, std::span{again}.first(base64url_length(bytes.size())));
    if (text != std::string_view{again.data(), base64url_length(bytes.size())}) {
        return std::nullopt;
    }
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return std::string_view{out.data(), bytes.size()};
}

std::string to_base64url(std::string_view bytes) {
    std::string text(base64url_length(bytes.size()), '\0');
    encode_base64url(bytes, text);
    return text;
}

std::string to_base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // OpenSSL ends it with a zero
    const int length =
        EVP_EncodeBlock(bytes_of(text.data()), bytes_of(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string bytes(text.size() / 4 * 3, '\0');
    const int length =
        EVP_DecodeBlock(bytes_of(bytes.data()), bytes_of(text), static_cast<int>(text.size()));
    if (length < 0) {
        return std::nullopt;
    }
    const auto padding = static_cast<std::size_t>(std::count(text.end() - 2, text.end(), '='));
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return to_base64(bytes) == text ? std::optional{bytes} : std::nullopt;
}

}  // namespace stampede::net
