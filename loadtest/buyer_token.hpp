// SPDX-License-Identifier: Apache-2.0
// Buyer tokens as a mall mints them, from the contract's text:
//   1:<key id>:<buyer id>:<expires, unix s>:<level>:<segment bits, hex>.<base64url of 16 bytes>
// where the 16 bytes are the first of HMAC-SHA256(key, the text before the point). All tokens of a
// run are minted before it starts. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/result.hpp"

namespace stampede::loadtest {

struct BuyerKey {
    std::string key_id;
    std::string secret;  // raw bytes
};

/// `<key id>:<secret>` with the secret in hex (`hex:…` or 64 hex digits) or base64url.
[[nodiscard]] Result<BuyerKey> parse_buyer_key(std::string_view text);

/// From a file: one such line, or the server's key file.
[[nodiscard]] Result<BuyerKey> read_buyer_key_file(const std::string& path);

class TokenMint {
  public:
    /// `expires_s` in seconds since 1970; it has the same width in all tokens of the run.
    TokenMint(BuyerKey key, std::int64_t expires_s);
    ~TokenMint();
    TokenMint(TokenMint&&) noexcept;
    TokenMint& operator=(TokenMint&&) = delete;

    [[nodiscard]] std::string mint(BuyerId buyer) const;

  private:
    struct Keyed;  // OpenSSL's prepared key
    BuyerKey key_;
    std::int64_t expires_s_;
    std::unique_ptr<Keyed> keyed_;
};

}  // namespace stampede::loadtest
