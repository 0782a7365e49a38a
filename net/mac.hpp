// SPDX-License-Identifier: Apache-2.0
// HMAC-SHA256 under one prepared key: the key's two blocks are hashed once, at construction. Not
// for two threads at a time; each thread prepares its own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "net/secret.hpp"

struct evp_mac_ctx_st;

namespace stampede::net {

class Mac {
  public:
    using Digest = std::array<std::uint8_t, 32>;
    explicit Mac(std::string_view key);

    [[nodiscard]] Digest of(std::string_view text);

  private:
    struct Free {
        void operator()(evp_mac_ctx_st* context) const;
    };
    std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

/// Takes the same time wherever the first difference is; false for different lengths.
[[nodiscard]] bool equal_in_constant_time(std::string_view left, std::string_view right);

[[nodiscard]] Mac::Digest sha256(std::string_view text);

}  // namespace stampede::net
