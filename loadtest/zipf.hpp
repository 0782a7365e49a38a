// SPDX-License-Identifier: Apache-2.0
// Which of K items a buyer wants: item k (from 0) with weight 1 / (k + 1)^s. s = 0 is uniform, 1
// the usual shape of a sale with one hot item. A cumulative table and a binary search: K is at most
// a campaign's 1,000 items, and all choices are made before the run.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "engine/vocabulary/check.hpp"
#include "loadtest/seeded_random.hpp"

namespace stampede::loadtest {

class Zipf {
  public:
    Zipf(std::size_t items, double exponent) {
        check(items > 0, "a choice needs something to choose from");
        cumulative_.reserve(items);
        double sum = 0;
        for (std::size_t item = 0; item < items; ++item) {
            sum += std::pow(static_cast<double>(item + 1), -exponent);
            cumulative_.push_back(sum);
        }
    }

    [[nodiscard]] std::size_t choose(SeededRandom& random) const {
        const double wanted = random.unit() * cumulative_.back();
        const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), wanted);
        const auto index = static_cast<std::size_t>(found - cumulative_.begin());
        return std::min(index, cumulative_.size() - 1);
    }

    /// The share of all choices that falls on `item`.
    [[nodiscard]] double share(std::size_t item) const {
        const double before = item == 0 ? 0.0 : cumulative_[item - 1];
        return (cumulative_[item] - before) / cumulative_.back();
    }

  private:
    std::vector<double> cumulative_;
};

}  // namespace stampede::loadtest
