// SPDX-License-Identifier: Apache-2.0
// The committed seed: its draws are those that a person gets with the openssl command.
#include "campaigns/committed_seed.hpp"

#include <gtest/gtest.h>

#include <set>

#include "engine/vocabulary/ids.hpp"

namespace stampede::campaigns {
namespace {

SeedBytes counting_seed() {
    SeedBytes seed{};
    for (std::size_t at = 0; at < seed.size(); ++at) {
        seed[at] = static_cast<std::uint8_t>(at);
    }
    return seed;
}

// printf 'cut:c8k2mz41q7ta:1' | openssl dgst -sha256 -mac HMAC -macopt
// hexkey:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
TEST(CommittedSeed, draws_what_the_openssl_command_computes) {
    const CommittedSeed seed(counting_seed());
    const std::uint64_t bargain = *Base36::parse("c8k2mz41q7ta");
    EXPECT_EQ(seed.bits("cut", bargain, 1), 0x991c4b6f74978d0cULL);
    EXPECT_EQ(seed.bits("cut", bargain, 500), 0x5cf5da3064aeeb8eULL);
    EXPECT_EQ(seed.bits("draw", bargain, 1), 0x949b30ed494bb5e0ULL);
}

// printf '000102…1f' | xxd -r -p | sha256sum
TEST(CommittedSeed, is_published_as_its_sha256) {
    const SeedBytes digest = digest_of_seed(counting_seed());
    EXPECT_EQ(digest[0], 0x63);
    EXPECT_EQ(digest[1], 0x0d);
    EXPECT_EQ(digest[31], 0xdd);
}

TEST(CommittedSeed, draws_the_same_in_any_order_and_apart_for_each_subject) {
    const CommittedSeed seed(counting_seed());
    const CommittedSeed again(counting_seed());
    std::set<std::uint64_t> seen;
    for (std::uint64_t subject = 1; subject <= 40; ++subject) {
        for (std::uint32_t ordinal = 40; ordinal > 0; --ordinal) {
            seen.insert(seed.bits("cut", subject, ordinal));
        }
    }
    EXPECT_EQ(seen.size(), 1600U);
    EXPECT_EQ(seed.bits("cut", 7, 3), again.bits("cut", 7, 3));
    SeedBytes other = counting_seed();
    other[31] ^= 1;
    EXPECT_NE(CommittedSeed(other).bits("cut", 7, 3), again.bits("cut", 7, 3));
}

}  // namespace
}  // namespace stampede::campaigns
