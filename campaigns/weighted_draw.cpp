// SPDX-License-Identifier: Apache-2.0
#include "campaigns/weighted_draw.hpp"

#include <bit>

#include "engine/vocabulary/check.hpp"

namespace stampede::campaigns {

namespace {

constexpr std::size_t lowest_bit(std::size_t node) {
    return node & (~node + 1);
}

}  // namespace

WeightedDraw::WeightedDraw(std::span<const std::uint32_t> weights)
    : weights_(weights.begin(), weights.end()), sums_(weights.size() + 1) {
    for (std::size_t node = 1; node < sums_.size(); ++node) {
        total_ += weights_[node - 1];
        sums_[node] += weights_[node - 1];
        const std::size_t parent = node + lowest_bit(node);
        if (parent < sums_.size()) {
            sums_[parent] += sums_[node];
        }
    }
}

void WeightedDraw::set_weight(std::size_t entry, std::uint32_t weight) {
    check(entry < weights_.size(), "no such entry in the draw");
    const std::uint64_t was = weights_[entry];
    weights_[entry] = weight;
    total_ = total_ - was + weight;
    for (std::size_t node = entry + 1; node < sums_.size(); node += lowest_bit(node)) {
        sums_[node] = sums_[node] - was + weight;
    }
}

std::optional<std::size_t> WeightedDraw::draw(std::uint64_t bits) const {
    if (total_ == 0) {
        return std::nullopt;
    }
    // The last node whose sum of all weights before it is not above the number: its successor owns
    // the number.
    std::uint64_t number = number_below(bits, total_);
    std::size_t node = 0;
    for (std::size_t step = std::bit_floor(weights_.size()); step > 0; step /= 2) {
        if (node + step < sums_.size() && sums_[node + step] <= number) {
            node += step;
            number -= sums_[node];
        }
    }
    check(node < weights_.size(), "a number below the total belongs to no entry");
    return node;
}

}  // namespace stampede::campaigns
