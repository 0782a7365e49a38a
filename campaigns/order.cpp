// SPDX-License-Identifier: Apache-2.0
// The texts of an order's states and of the reasons for which money goes back.
#include "campaigns/order.hpp"

#include "engine/vocabulary/check.hpp"

namespace stampede::campaigns {

std::string_view text(OrderState state) {
    switch (state) {
        case OrderState::held:
            return "held";
        case OrderState::paid:
            return "paid";
        case OrderState::confirmed:
            return "confirmed";
        case OrderState::expired:
            return "expired";
        case OrderState::cancelled:
            return "cancelled";
        case OrderState::refund_due:
            return "refund_due";
        case OrderState::refunded:
            return "refunded";
    }
    unreachable("an order state without a text");
}

std::string_view text(RefundReason reason) {
    switch (reason) {
        case RefundReason::late_payment:
            return "late_payment";
        case RefundReason::second_payment:
            return "second_payment";
        case RefundReason::campaign_killed:
            return "campaign_killed";
        case RefundReason::operator_decision:
            return "operator_decision";
        case RefundReason::order_refunded:
            return "order_refunded";
        case RefundReason::group_failed:
            return "group_failed";
        case RefundReason::lottery_lost:
            return "lottery_lost";
        case RefundReason::price_difference:
            return "price_difference";
        case RefundReason::buyer_not_new:
            return "buyer_not_new";
    }
    unreachable("a refund reason without a text");
}

std::string_view text(ReleaseReason reason) {
    switch (reason) {
        case ReleaseReason::buyer:
            return "buyer";
        case ReleaseReason::op:
            return "operator";
        case ReleaseReason::killed:
            return "killed";
        case ReleaseReason::not_new:
            return "not_new";
    }
    unreachable("a reason of a release without a text");
}

}  // namespace stampede::campaigns
