// SPDX-License-Identifier: Apache-2.0
// A draw among entries of integer weights: every number below the total belongs to exactly one
// entry, so a draw never comes out empty while any weight is left, and no rounding favours anyone.
// Weights change as prizes run out or winners leave. Pure state without a thread; it allocates when
// it is made and never again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace stampede::campaigns {

/// A number in [0, bound) out of 64 even bits. No bits are thrown away, so it always ends; one
/// number is likelier than another by at most bound / 2^64. `bound` >= 1.
[[nodiscard]] constexpr std::uint64_t number_below(std::uint64_t bits, std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((Wide{bits} * bound) >> 64);
}

class WeightedDraw {
  public:
    explicit WeightedDraw(std::span<const std::uint32_t> weights);

    [[nodiscard]] std::size_t size() const { return weights_.size(); }
    [[nodiscard]] std::uint64_t total() const { return total_; }
    [[nodiscard]] std::uint32_t weight(std::size_t entry) const { return weights_[entry]; }
    /// In about log2(size) steps.
    void set_weight(std::size_t entry, std::uint32_t weight);
    /// The entry that the bits choose, each in proportion to its weight; empty only when no entry
    /// has any weight. In about log2(size) steps.
    [[nodiscard]] std::optional<std::size_t> draw(std::uint64_t bits) const;

  private:
    std::vector<std::uint32_t> weights_;
    /// A binary indexed tree: node k (from 1) has the sum of the `k & -k` weights that end at k.
    std::vector<std::uint64_t> sums_;
    std::uint64_t total_ = 0;
};

}  // namespace stampede::campaigns
