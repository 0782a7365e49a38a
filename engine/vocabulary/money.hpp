// SPDX-License-Identifier: Apache-2.0
// Money is whole fen (分), Quantity whole units. They do not mix; every operation is checked, since
// an overflow here would be a lost or invented coin.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

#include "engine/vocabulary/check.hpp"

namespace stampede {

class Quantity {
  public:
    constexpr Quantity() = default;
    constexpr explicit Quantity(std::int64_t units) : units_(units) {}
    [[nodiscard]] constexpr std::int64_t units() const { return units_; }
    friend constexpr auto operator<=>(Quantity, Quantity) = default;
    friend constexpr Quantity operator+(Quantity left, Quantity right) {
        std::int64_t sum = 0;
        check(!__builtin_add_overflow(left.units_, right.units_, &sum), "quantity overflow");
        return Quantity{sum};
    }
    friend constexpr Quantity operator-(Quantity left, Quantity right) {
        std::int64_t difference = 0;
        check(!__builtin_sub_overflow(left.units_, right.units_, &difference), "quantity overflow");
        return Quantity{difference};
    }
    constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }
    constexpr Quantity& operator-=(Quantity other) { return *this = *this - other; }

  private:
    std::int64_t units_ = 0;
};

class Money {
  public:
    constexpr Money() = default;
    constexpr explicit Money(std::int64_t fen) : fen_(fen) {}
    [[nodiscard]] constexpr std::int64_t fen() const { return fen_; }
    friend constexpr auto operator<=>(Money, Money) = default;
    friend constexpr Money operator+(Money left, Money right) {
        std::int64_t sum = 0;
        check(!__builtin_add_overflow(left.fen_, right.fen_, &sum), "money overflow");
        return Money{sum};
    }
    friend constexpr Money operator-(Money left, Money right) {
        std::int64_t difference = 0;
        check(!__builtin_sub_overflow(left.fen_, right.fen_, &difference), "money overflow");
        return Money{difference};
    }
    friend constexpr Money operator*(Money price, Quantity quantity) {
        std::int64_t product = 0;
        check(!__builtin_mul_overflow(price.fen_, quantity.units(), &product), "money overflow");
        return Money{product};
    }
    constexpr Money& operator+=(Money other) { return *this = *this + other; }
    constexpr Money& operator-=(Money other) { return *this = *this - other; }

  private:
    std::int64_t fen_ = 0;
};

}  // namespace stampede
