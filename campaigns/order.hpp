// SPDX-License-Identifier: Apache-2.0
// An order (订单) and its states, shared by all plays:
//
//   held -> confirmed                      payment (seckill, bargain)
//   held -> expired | cancelled            its time to pay ends | buyer, operator or kill lets go
//   expired | cancelled -> confirmed       one late payment, reacquired
//                       -> refund_due      one late payment that cannot be
//   confirmed -> refunded                  wholly refunded (a part keeps `confirmed`)
//   refund_due -> refunded
//   held -> paid -> confirmed              paid for, and waiting for others (a group's seat)
//           paid -> refund_due | refunded  the others did not come | taken out by a refund
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

enum class OrderState : std::uint8_t {
    held = 1,
    paid = 2,
    confirmed = 3,
    expired = 4,
    cancelled = 5,
    refund_due = 6,
    refunded = 7,
};
[[nodiscard]] std::string_view text(OrderState state);

/// Why a hold ended without a payment.
enum class ReleaseReason : std::uint8_t { buyer = 1, op = 2, killed = 3, not_new = 4 };

/// Why money goes back; the text is in the REFUND_REQUIRED event.
enum class RefundReason : std::uint8_t {
    late_payment = 1,    // policy `refund`, or stock or quota are gone
    second_payment = 2,  // another payment already counts
    campaign_killed = 3,
    operator_decision = 4,
    order_refunded = 5,  // money arrived after everything had been refunded
    group_failed = 6,
    lottery_lost = 7,
    price_difference = 8,  // a ladder reached a lower price
    buyer_not_new = 9,     // the mall says so with the payment
};
[[nodiscard]] std::string_view text(RefundReason reason);
/// Who or what let a hold go.
[[nodiscard]] std::string_view text(ReleaseReason reason);

/// Position of a record in its campaign's arena; orders, lines and payments are never moved.
using RecordIndex = std::uint32_t;
inline constexpr RecordIndex no_record = std::numeric_limits<RecordIndex>::max();

}  // namespace stampede::campaigns
