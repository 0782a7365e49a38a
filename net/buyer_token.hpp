// SPDX-License-Identifier: Apache-2.0
// Buyer tokens: how a mall tells us, through the shopper's own hands, who the shopper is.
//
//   1:<key id>:<buyer id>:<expires, unix s>:<level>:<segment bits, hex>.<mac>
//
// <mac> is base64url, 22 characters, of the first 16 bytes of HMAC-SHA256 over everything before
// the dot. Several keys are live at once, told apart by their id, so that a key can be replaced
// without a shopper noticing. Each thread that verifies has its own verifier.
#pragma once

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaigns/command.hpp"
#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/time.hpp"
#include "net/mac.hpp"
#include "net/secret.hpp"

namespace stampede::net {

inline constexpr std::size_t buyer_token_bytes_max = 200;
inline constexpr std::size_t buyer_token_keys_max = 8;
inline constexpr std::size_t key_id_bytes_max = 16;

/// 1..16 of A-Za-z0-9_-: a colon or a dot would change the token's meaning.
[[nodiscard]] bool is_key_id(std::string_view text);

struct BuyerTokenKey {
    std::string id;
    Secret secret;  // 16 bytes at least
};

struct BuyerClaims {
    campaigns::Buyer buyer;
    Instant expires;
};

enum class TokenVerdict : std::uint8_t { genuine, malformed, unknown_key, forged, expired };

/// One sentence for the shopper's developer.
[[nodiscard]] std::string_view explain(TokenVerdict verdict);

/// The token that a connection used last, so that its next request costs a comparison.
class VerifiedTokenCache {
  public:
    void forget() { length_ = 0; }

  private:
    friend class BuyerTokenVerifier;
    std::array<char, 128> text_{};
    std::size_t length_ = 0;
    std::uint64_t verifier_ = 0;
    BuyerClaims claims_;
};

struct VerifiedToken {
    TokenVerdict verdict = TokenVerdict::malformed;
    BuyerClaims claims;  // only when genuine
};

class BuyerTokenVerifier {
  public:
    explicit BuyerTokenVerifier(const std::vector<BuyerTokenKey>& keys);

    /// `now` is wall time. A genuine token is remembered in `cache` until another verifier, with
    /// other keys, is asked.
    [[nodiscard]] VerifiedToken verify(std::string_view token, Instant now,
                                       VerifiedTokenCache& cache);
    [[nodiscard]] VerifiedToken verify(std::string_view token, Instant now);

  private:
    struct Key {
        std::string id;
        Mac mac;
    };
    std::uint64_t number_;
    std::vector<Key> keys_;
};

/// The text of a token that `key` vouches for.
[[nodiscard]] std::string mint_buyer_token(const BuyerTokenKey& key, const BuyerClaims& claims);

/// What stands behind "Bearer "; empty when the header is something else.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

}  // namespace stampede::net
