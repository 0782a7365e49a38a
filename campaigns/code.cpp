// SPDX-License-Identifier: Apache-2.0
// The texts of the answer codes: the contract of docs/reference/codes.md. A switch without default,
// so that the compiler names a code that was forgotten.
#include "campaigns/code.hpp"

#include "engine/vocabulary/check.hpp"

namespace stampede::campaigns {

std::string_view text(Code code) {
    switch (code) {
        case Code::ok:
            return "OK";
        case Code::held:
            return "HELD";
        case Code::confirmed:
            return "CONFIRMED";
        case Code::cancelled:
            return "CANCELLED";
        case Code::cut:
            return "CUT";
        case Code::rerouted:
            return "REROUTED";
        case Code::waitlisted:
            return "WAITLISTED";
        case Code::already_done:
            return "ALREADY_DONE";
        case Code::late_confirmed:
            return "LATE_CONFIRMED";
        case Code::late_held:
            return "LATE_HELD";
        case Code::refund_required:
            return "REFUND_REQUIRED";
        case Code::not_started:
            return "NOT_STARTED";
        case Code::ended:
            return "ENDED";
        case Code::paused:
            return "PAUSED";
        case Code::killed:
            return "KILLED";
        case Code::campaign_unknown:
            return "CAMPAIGN_UNKNOWN";
        case Code::item_unknown:
            return "ITEM_UNKNOWN";
        case Code::sold_out:
            return "SOLD_OUT";
        case Code::insufficient:
            return "INSUFFICIENT";
        case Code::limit_order:
            return "LIMIT_ORDER";
        case Code::limit_buyer:
            return "LIMIT_BUYER";
        case Code::limit_slot:
            return "LIMIT_SLOT";
        case Code::not_eligible:
            return "NOT_ELIGIBLE";
        case Code::new_buyers_only:
            return "NEW_BUYERS_ONLY";
        case Code::bad_ticket:
            return "BAD_TICKET";
        case Code::blocked:
            return "BLOCKED";
        case Code::order_unknown:
            return "ORDER_UNKNOWN";
        case Code::order_closed:
            return "ORDER_CLOSED";
        case Code::amount_mismatch:
            return "AMOUNT_MISMATCH";
        case Code::payment_reused:
            return "PAYMENT_REUSED";
        case Code::group_full:
            return "GROUP_FULL";
        case Code::group_ended:
            return "GROUP_ENDED";
        case Code::group_unknown:
            return "GROUP_UNKNOWN";
        case Code::already_in_group:
            return "ALREADY_IN_GROUP";
        case Code::open_group_exists:
            return "OPEN_GROUP_EXISTS";
        case Code::help_self:
            return "HELP_SELF";
        case Code::help_repeat:
            return "HELP_REPEAT";
        case Code::help_limit:
            return "HELP_LIMIT";
        case Code::help_mutual:
            return "HELP_MUTUAL";
        case Code::launch_exists:
            return "LAUNCH_EXISTS";
        case Code::launch_limit:
            return "LAUNCH_LIMIT";
        case Code::floor_not_reached:
            return "FLOOR_NOT_REACHED";
        case Code::bargain_ended:
            return "BARGAIN_ENDED";
        case Code::bargain_unknown:
            return "BARGAIN_UNKNOWN";
        case Code::rate:
            return "RATE";
        case Code::busy:
            return "BUSY";
        case Code::key_reused:
            return "KEY_REUSED";
        case Code::refund_exceeds_paid:
            return "REFUND_EXCEEDS_PAID";
        case Code::refund_reused:
            return "REFUND_REUSED";
        case Code::stock_cut_too_large:
            return "STOCK_CUT_TOO_LARGE";
        case Code::wrong_state:
            return "WRONG_STATE";
        case Code::stale_version:
            return "STALE_VERSION";
        case Code::draft_invalid:
            return "DRAFT_INVALID";
    }
    unreachable("a code without a text");
}

}  // namespace stampede::campaigns
