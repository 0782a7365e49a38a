// SPDX-License-Identifier: Apache-2.0
// The words that operators choose among, and the play of a campaign. Numbers lie in the journal;
// none is ever reused.
#pragma once

#include <cstdint>
#include <string_view>

namespace stampede::campaigns {

/// `common` stands for events of no play of their own. A further play (campaigns/plays.hpp) brings
/// its number and its word with it.
enum class Play : std::uint8_t { common = 0, seckill = 1, group_buy = 2, bargain = 3 };

enum class StockSource : std::uint8_t { carved_out = 0, mirrored = 1 };
enum class LatePayment : std::uint8_t {
    reacquire_or_refund = 0,
    refund = 1,
    hold_for_operator = 2,
};
/// Where a refunded unit goes.
enum class Restock : std::uint8_t { to_activity = 0, to_mall = 1, none = 2 };
enum class QuotaOnRefund : std::uint8_t { give_back = 0, keep = 1 };
enum class Ticket : std::uint8_t { off = 0, required = 1 };

/// A play that a campaign can have.
[[nodiscard]] bool is_known(Play play);
/// The words of the contract, as in "carved_out".
[[nodiscard]] std::string_view text(Play play);
[[nodiscard]] std::string_view text(StockSource source);
[[nodiscard]] std::string_view text(LatePayment policy);
[[nodiscard]] std::string_view text(Restock policy);
[[nodiscard]] std::string_view text(QuotaOnRefund policy);
[[nodiscard]] std::string_view text(Ticket ticket);

}  // namespace stampede::campaigns
