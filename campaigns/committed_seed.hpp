// SPDX-License-Identifier: Apache-2.0
// The chance of a whole campaign, decided before its first buyer and proven after its last: 32
// bytes that an event of the publication holds. Buyers see the SHA-256 of the seed while the
// campaign runs and the seed itself once it is over, so that whoever kept the digest can draw
// everything again. Owned by its campaign's thread; OpenSSL is called for pure computation.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine/vocabulary/ids.hpp"

struct evp_mac_ctx_st;

namespace stampede::campaigns {

using SeedBytes = std::array<std::uint8_t, 32>;

/// SHA-256 of the seed's 32 bytes: what is published with the campaign.
[[nodiscard]] SeedBytes digest_of_seed(const SeedBytes& seed);

class CommittedSeed;
/// 抽奖: which of `orders` win, in their order. Each has a number from the seed, under its own id;
/// the `winners` lowest win. Anyone who has the seed can draw again.
[[nodiscard]] std::vector<bool> drawn_winners(const CommittedSeed& seed, std::size_t winners,
                                              std::span<const OrderId> orders);

class CommittedSeed {
  public:
    explicit CommittedSeed(const SeedBytes& seed);

    [[nodiscard]] const SeedBytes& bytes() const { return bytes_; }
    /// The first 8 bytes, big-endian, of HMAC-SHA256(seed, "purpose:subject:ordinal"), with the
    /// subject in base36 as the doors write ids and the ordinal in decimal. Anyone can repeat it:
    ///   printf 'cut:c8k2mz41q7ta:1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:SEED
    /// `purpose`: at most 16 characters; it keeps the draws of different things apart.
    [[nodiscard]] std::uint64_t bits(std::string_view purpose, std::uint64_t subject,
                                     std::uint32_t ordinal) const;

  private:
    struct Free {
        void operator()(evp_mac_ctx_st* context) const;
    };
    SeedBytes bytes_;
    /// The key's two blocks are hashed once, here; a draw begins anew with them.
    std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

}  // namespace stampede::campaigns
