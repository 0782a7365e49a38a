// SPDX-License-Identifier: Apache-2.0
// What an answer says, refusals included. Numbers are stable and never reused; the text is the
// contract of docs/reference/codes.md. 0xx: done. 1xx: the campaign. 2xx: stock and limits.
// 3xx: who asks. 4xx: orders and payments. 5xx: groups. 6xx: bargains. 9xx: the engine.
#pragma once

#include <cstdint>
#include <string_view>

namespace stampede::campaigns {

enum class Code : std::uint16_t {
    ok = 1,
    held = 2,
    confirmed = 3,
    cancelled = 4,
    cut = 5,
    rerouted = 6,
    waitlisted = 7,
    already_done = 8,
    late_confirmed = 9,
    late_held = 10,
    refund_required = 11,

    not_started = 100,
    ended = 101,
    paused = 102,
    killed = 103,
    campaign_unknown = 104,
    item_unknown = 105,

    sold_out = 200,
    insufficient = 201,
    limit_order = 202,
    limit_buyer = 203,
    limit_slot = 204,

    not_eligible = 300,
    new_buyers_only = 301,
    bad_ticket = 302,
    blocked = 303,

    order_unknown = 400,
    order_closed = 401,
    amount_mismatch = 402,
    payment_reused = 403,

    group_full = 500,
    group_ended = 501,
    group_unknown = 502,
    already_in_group = 503,
    open_group_exists = 504,

    help_self = 600,
    help_repeat = 601,
    help_limit = 602,
    help_mutual = 603,
    launch_exists = 604,
    launch_limit = 605,
    floor_not_reached = 606,
    bargain_ended = 607,
    bargain_unknown = 608,

    rate = 900,
    busy = 901,

    // Not business answers: the door turns them into problem+json with the status beside them.
    key_reused = 950,           // 422: the same key with another body
    refund_exceeds_paid = 951,  // 409
    refund_reused = 952,        // 409
    stock_cut_too_large = 953,  // 409
    wrong_state = 954,          // 409
    stale_version = 955,        // 409
    draft_invalid = 956,        // 422
};

/// The text of the contract, as in "SOLD_OUT".
[[nodiscard]] std::string_view text(Code code);

}  // namespace stampede::campaigns
