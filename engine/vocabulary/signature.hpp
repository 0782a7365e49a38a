// SPDX-License-Identifier: Apache-2.0
// A state's signature is the sum (mod 2^64) of the digests of its records. A sum does not depend on
// order, so it is kept up per touched record: take the old record out, put the new one in.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <span>
#include <type_traits>

#include "engine/vocabulary/ids.hpp"

namespace stampede {

class Signature {
  public:
    constexpr Signature() = default;
    constexpr explicit Signature(std::uint64_t sum) : sum_(sum) {}
    [[nodiscard]] constexpr std::uint64_t raw() const { return sum_; }
    constexpr void put_in(std::uint64_t record_digest) { sum_ += record_digest; }
    constexpr void take_out(std::uint64_t record_digest) { sum_ -= record_digest; }
    friend constexpr auto operator<=>(Signature, Signature) = default;

  private:
    std::uint64_t sum_ = 0;
};

/// How the records that a signature sums up lie: two signatures compare only within one layout.
using StateLayout = StrongId<struct StateLayoutTag, std::uint16_t>;

/// Digest of bytes; `kind` keeps records of different kinds apart.
[[nodiscard]] inline std::uint64_t record_digest(std::uint64_t kind,
                                                 std::span<const std::byte> bytes) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), kind);
}

/// Digest of a record without padding (two equal records have equal bytes).
template <class Record>
    requires std::has_unique_object_representations_v<Record>
[[nodiscard]] std::uint64_t record_digest(std::uint64_t kind, const Record& record) {
    return record_digest(kind, std::as_bytes(std::span{&record, 1}));
}

}  // namespace stampede
