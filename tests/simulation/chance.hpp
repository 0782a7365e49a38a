// SPDX-License-Identifier: Apache-2.0
// All chance of a simulated run, from one seed: the same seed gives the same run on any machine.
#pragma once

#include <cstdint>

namespace stampede::tests {

class Chance {
  public:
    explicit Chance(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}

    /// SplitMix64.
    std::uint64_t bits() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
        return mixed ^ (mixed >> 31);
    }
    /// 0..below-1; `below` > 0.
    std::uint64_t below(std::uint64_t below) { return bits() % below; }
    /// low..high, both possible.
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low + 1)));
    }
    bool percent(std::uint64_t likely) { return below(100) < likely; }

  private:
    std::uint64_t state_;
};

}  // namespace stampede::tests
