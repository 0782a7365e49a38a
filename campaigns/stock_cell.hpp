// SPDX-License-Identifier: Apache-2.0
// Stock of one item of a campaign (库存). Conserved by construction: every verb moves units from
// one part to another, and only adjust() changes the total.
#pragma once

#include <cstdint>

#include "engine/vocabulary/check.hpp"
#include "engine/vocabulary/money.hpp"

namespace stampede::campaigns {

class StockCell {
  public:
    constexpr StockCell() = default;
    /// `stock` includes the reserve.
    constexpr StockCell(Quantity stock, Quantity reserve)
        : available_(stock - reserve), reserve_(reserve) {
        check(reserve >= Quantity{0} && available_ >= Quantity{0}, "reserve larger than stock");
    }

    [[nodiscard]] constexpr Quantity total() const {
        return available_ + held_ + sold_ + reserve_ + removed_;
    }
    [[nodiscard]] constexpr Quantity available() const { return available_; }
    [[nodiscard]] constexpr Quantity held() const { return held_; }
    [[nodiscard]] constexpr Quantity sold() const { return sold_; }
    [[nodiscard]] constexpr Quantity reserve() const { return reserve_; }
    [[nodiscard]] constexpr Quantity removed() const { return removed_; }

    constexpr void hold(Quantity units) { move(available_, held_, units); }
    constexpr void release(Quantity units) { move(held_, available_, units); }
    constexpr void confirm(Quantity units) { move(held_, sold_, units); }
    /// A late payment: stock is taken again, past the hold.
    constexpr void sell_late(Quantity units) { move(available_, sold_, units); }
    constexpr void refund_to_activity(Quantity units) { move(sold_, available_, units); }
    constexpr void refund_to_removed(Quantity units) { move(sold_, removed_, units); }
    /// Held units of a paid order go back to the mall.
    constexpr void release_to_removed(Quantity units) { move(held_, removed_, units); }
    /// The sale is over: what was never sold leaves.
    constexpr void hand_back() {
        move(reserve_, removed_, reserve_);
        move(available_, removed_, available_);
    }
    constexpr void set_reserve(Quantity reserve) {
        if (reserve > reserve_) {
            move(available_, reserve_, reserve - reserve_);
        } else {
            move(reserve_, available_, reserve_ - reserve);
        }
    }
    /// The operator's signed delta: the only thing that changes the total.
    constexpr void adjust(std::int64_t delta) {
        available_ += Quantity{delta};
        check(available_ >= Quantity{0}, "a cut that available cannot bear");
    }

    /// available, held, sold, reserve, removed; for checkpoints and digests.
    struct Parts {
        std::int64_t available, held, sold, reserve, removed;
    };
    [[nodiscard]] constexpr Parts parts() const {
        return {available_.units(), held_.units(), sold_.units(), reserve_.units(),
                removed_.units()};
    }
    [[nodiscard]] static constexpr StockCell of(const Parts& parts) {
        StockCell cell;
        cell.available_ = Quantity{parts.available};
        cell.held_ = Quantity{parts.held};
        cell.sold_ = Quantity{parts.sold};
        cell.reserve_ = Quantity{parts.reserve};
        cell.removed_ = Quantity{parts.removed};
        return cell;
    }
    [[nodiscard]] constexpr bool every_part_is_sound() const {
        const Quantity none{0};
        return available_ >= none && held_ >= none && sold_ >= none && reserve_ >= none &&
               removed_ >= none;
    }

  private:
    static constexpr void move(Quantity& from, Quantity& to, Quantity units) {
        check(units >= Quantity{0}, "a negative move of stock");
        check(from >= units, "more units moved than are there");
        from -= units;
        to += units;
    }

    Quantity available_;
    Quantity held_;
    Quantity sold_;
    Quantity reserve_;
    Quantity removed_;
};

}  // namespace stampede::campaigns
