// SPDX-License-Identifier: Apache-2.0
// The signature is judged before anything that the token says is believed; then its time.
#include "net/buyer_token.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>

#include "engine/vocabulary/check.hpp"
#include "net/base64.hpp"

namespace stampede::net {
namespace {

constexpr std::size_t mac_bytes = 16;
constexpr std::size_t mac_characters = base64url_length(mac_bytes);
constexpr std::size_t secret_bytes_min = 16;

std::uint64_t next_verifier_number() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::array<char, mac_characters> mac_text(Mac& mac, std::string_view signed_part) {
    const Mac::Digest digest = mac.of(signed_part);
    std::array<char, mac_characters> text{};
    encode_base64url({reinterpret_cast<const char*>(digest.data()), mac_bytes}, text);
    return text;
}

/// The part up to the next colon; false when there is none.
bool take_field(std::string_view& rest, std::string_view& field) {
    const auto colon = rest.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    field = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
    return true;
}

template <class Number>
bool parse_number(std::string_view text, Number& number, int base = 10) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size();
}

struct TokenParts {
    std::string_view signed_part;
    std::string_view mac;
    std::string_view key_id;
    BuyerClaims claims;
};

std::optional<TokenParts> take_apart(std::string_view token) {
    TokenParts parts;
    const auto dot = token.rfind('.');
    if (token.size() > buyer_token_bytes_max || dot == std::string_view::npos) {
        return std::nullopt;
    }
    parts.signed_part = token.substr(0, dot);
    parts.mac = token.substr(dot + 1);
    std::string_view rest = parts.signed_part;
    std::string_view version;
    std::string_view buyer;
    std::string_view expires;
    std::string_view level;
    std::uint64_t buyer_number = 0;
    std::int64_t expires_s = 0;
    if (!take_field(rest, version) || version != "1" || !take_field(rest, parts.key_id) ||
        !take_field(rest, buyer) || !parse_number(buyer, buyer_number) || buyer_number == 0 ||
        buyer_number > limits::buyer_id_max || !take_field(rest, expires) ||
        !parse_number(expires, expires_s) || expires_s < 0 || expires_s > INT64_MAX / 1000 ||
        !take_field(rest, level) || !parse_number(level, parts.claims.buyer.level) ||
        !parse_number(rest, parts.claims.buyer.segments, 16)) {
        return std::nullopt;
    }
    parts.claims.buyer.id = BuyerId{buyer_number};
    parts.claims.expires = Instant{expires_s * 1000};
    return parts;
}

}  // namespace

bool is_key_id(std::string_view text) {
    return !text.empty() && text.size() <= key_id_bytes_max &&
           std::all_of(text.begin(), text.end(), [](char character) {
               return (character >= 'a' && character <= 'z') ||
                      (character >= 'A' && character <= 'Z') ||
                      (character >= '0' && character <= '9') || character == '_' ||
                      character == '-';
           });
}

std::string_view explain(TokenVerdict verdict) {
    switch (verdict) {
        case TokenVerdict::genuine:
            return "the buyer token is genuine";
        case TokenVerdict::malformed:
            return "the buyer token is not of the form 1:key:buyer:expires:level:segments.mac";
        case TokenVerdict::unknown_key:
            return "the buyer token names a key that this server does not have";
        case TokenVerdict::forged:
            return "the buyer token's signature is wrong";
        case TokenVerdict::expired:
            return "the buyer token has expired";
    }
    unreachable();
}

BuyerTokenVerifier::BuyerTokenVerifier(const std::vector<BuyerTokenKey>& keys)
    : number_(next_verifier_number()) {
    check(keys.size() <= buyer_token_keys_max, "more buyer token keys than may live");
    for (const BuyerTokenKey& key : keys) {
        check(is_key_id(key.id) && key.secret.size() >= secret_bytes_min, "not a buyer token key");
        keys_.push_back({key.id, Mac{key.secret.reveal()}});
    }
}

VerifiedToken BuyerTokenVerifier::verify(std::string_view token, Instant now) {
    const auto parts = take_apart(token);
    if (!parts.has_value()) {
        return {TokenVerdict::malformed, {}};
    }
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& candidate) {
        return candidate.id == parts->key_id;
    });
    if (key == keys_.end()) {
        return {TokenVerdict::unknown_key, {}};
    }
    const auto expected = mac_text(key->mac, parts->signed_part);
    if (!equal_in_constant_time(parts->mac, {expected.data(), expected.size()})) {
        return {TokenVerdict::forged, {}};
    }
    if (now >= parts->claims.expires) {
        return {TokenVerdict::expired, {}};
    }
    return {TokenVerdict::genuine, parts->claims};
}

VerifiedToken BuyerTokenVerifier::verify(std::string_view token, Instant now,
                                         VerifiedTokenCache& cache) {
    // No secret is compared here: the cache holds what this very connection has sent before.
    if (cache.length_ == token.size() && cache.verifier_ == number_ && !token.empty() &&
        std::memcmp(cache.text_.data(), token.data(), token.size()) == 0) {
        if (now >= cache.claims_.expires) {
            return {TokenVerdict::expired, {}};
        }
        return {TokenVerdict::genuine, cache.claims_};
    }
    const VerifiedToken verified = verify(token, now);
    if (verified.verdict == TokenVerdict::genuine && token.size() <= cache.text_.size()) {
        std::memcpy(cache.text_.data(), token.data(), token.size());
        cache.length_ = token.size();
        cache.verifier_ = number_;
        cache.claims_ = verified.claims;
    }
    return verified;
}

std::string mint_buyer_token(const BuyerTokenKey& key, const BuyerClaims& claims) {
    std::array<char, 16> segments{};
    const auto segments_end =
        std::to_chars(segments.data(), segments.data() + segments.size(), claims.buyer.segments, 16)
            .ptr;
    std::string token = "1:" + key.id + ":" + std::to_string(claims.buyer.id.raw()) + ":" +
                        std::to_string(claims.expires.ms() / 1000) + ":" +
                        std::to_string(claims.buyer.level) + ":" +
                        std::string{segments.data(), segments_end};
    Mac mac{key.secret.reveal()};
    const auto text = mac_text(mac, token);
    token += ".";
    token.append(text.data(), text.size());
    return token;
}

std::optional<std::string_view> bearer_token(std::string_view authorization) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size()) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < scheme.size(); ++at) {
        const char character = authorization[at];
        const char lowered = character >= 'A' && character <= 'Z'
                                 ? static_cast<char>(character + ('a' - 'A'))
                                 : character;
        if (lowered != scheme[at]) {
            return std::nullopt;
        }
    }
    return authorization.substr(scheme.size());
}

}  // namespace stampede::net
