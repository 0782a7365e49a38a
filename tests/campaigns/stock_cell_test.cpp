// SPDX-License-Identifier: Apache-2.0
// A cell of stock: its parts move, its total stays, and what cannot be borne ends the process.
#include "campaigns/stock_cell.hpp"

#include <gtest/gtest.h>

namespace stampede::campaigns {
namespace {

constexpr Quantity units(std::int64_t count) {
    return Quantity{count};
}

TEST(StockCell, takes_the_reserve_out_of_the_stock) {
    const StockCell cell(units(10), units(3));
    EXPECT_EQ(cell.available(), units(7));
    EXPECT_EQ(cell.reserve(), units(3));
    EXPECT_EQ(cell.total(), units(10));
}

TEST(StockCell, keeps_its_total_through_every_move) {
    StockCell cell(units(10), units(2));
    cell.hold(units(5));
    cell.confirm(units(3));
    cell.release(units(1));
    cell.sell_late(units(2));
    cell.refund_to_activity(units(1));
    cell.refund_to_removed(units(1));
    cell.set_reserve(units(4));
    cell.set_reserve(units(1));
    EXPECT_EQ(cell.total(), units(10));
    EXPECT_EQ(cell.held(), units(1));
    EXPECT_EQ(cell.sold(), units(3));
    EXPECT_EQ(cell.removed(), units(1));
    EXPECT_EQ(cell.reserve(), units(1));
    EXPECT_EQ(cell.available(), units(4));
    cell.hand_back();
    EXPECT_EQ(cell.total(), units(10));
    EXPECT_EQ(cell.available(), units(0));
    EXPECT_EQ(cell.reserve(), units(0));
    EXPECT_EQ(cell.removed(), units(6));
    EXPECT_TRUE(cell.every_part_is_sound());
}

TEST(StockCell, changes_its_total_by_a_delta_alone) {
    StockCell cell(units(2), units(0));
    cell.adjust(5);
    EXPECT_EQ(cell.total(), units(7));
    cell.adjust(-7);
    EXPECT_EQ(cell.total(), units(0));
}

TEST(StockCell, comes_back_from_its_parts) {
    StockCell cell(units(9), units(1));
    cell.hold(units(4));
    cell.confirm(units(2));
    cell.refund_to_removed(units(1));
    const StockCell again = StockCell::of(cell.parts());
    EXPECT_EQ(again.available(), cell.available());
    EXPECT_EQ(again.held(), cell.held());
    EXPECT_EQ(again.sold(), cell.sold());
    EXPECT_EQ(again.reserve(), cell.reserve());
    EXPECT_EQ(again.removed(), cell.removed());
}

TEST(StockCellDeathTest, ends_the_process_before_a_part_falls_below_zero) {
    StockCell cell(units(2), units(1));
    EXPECT_DEATH(cell.hold(units(2)), "more units moved than are there");
    EXPECT_DEATH(cell.confirm(units(1)), "more units moved than are there");
    EXPECT_DEATH(cell.refund_to_activity(units(1)), "more units moved than are there");
    EXPECT_DEATH(cell.hold(units(-1)), "a negative move of stock");
    EXPECT_DEATH(cell.adjust(-2), "a cut that available cannot bear");
    EXPECT_DEATH(StockCell(units(1), units(2)), "reserve larger than stock");
}

}  // namespace
}  // namespace stampede::campaigns
