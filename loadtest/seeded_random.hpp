// SPDX-License-Identifier: Apache-2.0
// Random numbers that are the same on every machine for the same seed: SplitMix64 (public domain,
// Sebastiano Vigna), and our own shaping, since the standard library's distributions differ between
// implementations. A plan made from a seed can therefore be repeated anywhere.
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {

class SeededRandom {
  public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

    /// A stream of its own for one purpose, so that more draws for one do not shift another.
    [[nodiscard]] static SeededRandom for_purpose(std::uint64_t seed, std::uint64_t purpose) {
        SeededRandom mixer{seed ^ (purpose * 0xD1B54A32D192ED03ULL)};
        return SeededRandom{mixer.bits()};
    }

    [[nodiscard]] std::uint64_t bits() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
        return mixed ^ (mixed >> 31);
    }
    /// Uniform in [0, 1), all 53 bits of a double.
    [[nodiscard]] double unit() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
    /// Uniform in [0, below); the bias of the multiply-shift is under 2^-32 for our ranges.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) {
        check(bound > 0 && bound <= (std::uint64_t{1} << 32), "bound outside its range");
        return ((bits() >> 32) * bound) >> 32;
    }
    [[nodiscard]] bool happens(double probability) { return unit() < probability; }
    /// Exponential with the given mean: the gap between two arrivals of a Poisson stream.
    [[nodiscard]] double exponential(double mean) { return -mean * std::log1p(-unit()); }
    /// Standard normal, by Box and Muller.
    [[nodiscard]] double normal() {
        const double radius = std::sqrt(-2.0 * std::log1p(-unit()));
        return radius * std::cos(6.283185307179586 * unit());
    }

  private:
    std::uint64_t state_;
};

}  // namespace stampede::loadtest
