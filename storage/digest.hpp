// SPDX-License-Identifier: Apache-2.0
// SHA-256 over OpenSSL's EVP, with a context that is made once and reused: hashing a commit
// allocates nothing. A Sha256 belongs to one thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

// OpenSSL's own name for its context; its headers stay in digest.cpp.
struct evp_md_ctx_st;  // NOLINT(readability-identifier-naming)

namespace stampede::storage {

using Digest = std::array<std::byte, 32>;

class Sha256 {
  public:
    Sha256();
    /// Any number of times, then finish(), after which it starts again from nothing.
    void add(std::span<const std::byte> bytes);
    [[nodiscard]] Digest finish();

    [[nodiscard]] static Digest of(std::span<const std::byte> bytes);

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    void restart();
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Lowercase, two characters a byte.
[[nodiscard]] std::string hex(std::span<const std::byte> bytes);

}  // namespace stampede::storage
