// SPDX-License-Identifier: Apache-2.0
// The MAC comes from OpenSSL, with the key prepared once and the context duplicated per token.
#include "loadtest/buyer_token.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <optional>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {
namespace {

constexpr std::string_view base64url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
    std::string text;
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char byte : bytes) {
        bits = (bits << 8) | static_cast<std::uint8_t>(byte);
        for (held += 8; held >= 6; held -= 6) {
            text += base64url[(bits >> (held - 6)) & 63];
        }
    }
    if (held > 0) {
        text += base64url[(bits << (6 - held)) & 63];
    }
    return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned held = 0;
    while (!text.empty() && text.back() == '=') {
        text.remove_suffix(1);
    }
    for (char character : text) {
        character = character == '+' ? '-' : character == '/' ? '_' : character;
        const std::size_t digit = base64url.find(character);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        bits = (bits << 6) | static_cast<std::uint32_t>(digit);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes += static_cast<char>((bits >> held) & 0xFF);
        }
    }
    return bytes;
}

std::optional<std::string> from_hex(std::string_view text) {
    std::string bytes;
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < text.size(); at += 2) {
        unsigned value = 0;
        for (const char digit : text.substr(at, 2)) {
            const std::size_t nibble = std::string_view{"0123456789abcdef"}.find(
                digit >= 'A' && digit <= 'F' ? static_cast<char>(digit + 32) : digit);
            if (nibble == std::string_view::npos) {
                return std::nullopt;
            }
            value = value * 16 + static_cast<unsigned>(nibble);
        }
        bytes += static_cast<char>(value);
    }
    return bytes;
}

}  // namespace

Result<BuyerKey> parse_buyer_key(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) {
        return fault("a buyer key is written <key id>:<secret in hex or base64url>");
    }
    std::string_view secret = text.substr(colon + 1);
    std::optional<std::string> bytes;
    if (secret.starts_with("hex:")) {
        bytes = from_hex(secret.substr(4));
    } else if (secret.size() == 64) {
        bytes = from_hex(secret);
    }
    if (!bytes) {
        bytes = from_base64url(secret);
    }
    if (!bytes || bytes->size() < 16) {
        return fault("the secret of a buyer key is neither hex nor base64url of 16 bytes or more");
    }
    return BuyerKey{std::string{text.substr(0, colon)}, *bytes};
}

struct TokenMint::Keyed {
    EVP_MAC* mac = nullptr;
    EVP_MAC_CTX* prepared = nullptr;

    Keyed() = default;
    Keyed(const Keyed&) = delete;
    Keyed& operator=(const Keyed&) = delete;
    ~Keyed() {
        EVP_MAC_CTX_free(prepared);
        EVP_MAC_free(mac);
    }
};

TokenMint::TokenMint(BuyerKey key, std::int64_t expires_s)
    : key_(std::move(key)), expires_s_(expires_s), keyed_(std::make_unique<Keyed>()) {
    keyed_->mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    check(keyed_->mac != nullptr, "OpenSSL has HMAC");
    keyed_->prepared = EVP_MAC_CTX_new(keyed_->mac);
    std::array<char, 7> digest{'S', 'H', 'A', '2', '5', '6', '\0'};
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    // OpenSSL takes bytes as unsigned char.
    const auto* secret = reinterpret_cast<const unsigned char*>(key_.secret.data());
    check(EVP_MAC_init(keyed_->prepared, secret, key_.secret.size(), parameters.data()) == 1,
          "HMAC-SHA256 takes any key");
}

TokenMint::~TokenMint() = default;
TokenMint::TokenMint(TokenMint&&) noexcept = default;

std::string TokenMint::mint(BuyerId buyer) const {
    std::string text = "1:" + key_.key_id + ':' + std::to_string(buyer.raw()) + ':' +
                       std::to_string(expires_s_) + ":0:0";
    std::array<unsigned char, 32> digest{};
    std::size_t written = 0;
    EVP_MAC_CTX* context = EVP_MAC_CTX_dup(keyed_->prepared);
    const auto* input = reinterpret_cast<const unsigned char*>(text.data());  // as above
    const bool made = EVP_MAC_update(context, input, text.size()) == 1 &&
                      EVP_MAC_final(context, digest.data(), &written, digest.size()) == 1;
    EVP_MAC_CTX_free(context);
    check(made && written == digest.size(), "HMAC-SHA256 gives 32 bytes");
    const auto* first = reinterpret_cast<const char*>(digest.data());  // bytes as characters
    return text + '.' + to_base64url({first, 16});
}

}  // namespace stampede::loadtest
