// SPDX-License-Identifier: Apache-2.0
// The codes that an answer may carry, as the rules list them: written from the documents and not
// shared with the server, so that a code which the server misspells is noticed here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stampede::loadtest {

enum class AnswerCode : std::uint8_t {
    none,     // no code in the body (a raw target, or a broken answer)
    unknown,  // a word that the rules do not list
    ok,
    held,
    confirmed,
    cancelled,
    cut,
    rerouted,
    waitlisted,
    already_done,
    late_confirmed,
    late_held,
    refund_required,
    amount_mismatch,
    payment_reused,
    not_started,
    ended,
    paused,
    killed,
    sold_out,
    insufficient,
    limit_order,
    limit_buyer,
    limit_slot,
    not_eligible,
    new_buyers_only,
    bad_ticket,
    blocked,
    rate,
    busy,
    campaign_unknown,
    item_unknown,
    order_unknown,
    order_closed,
    group_full,
    group_ended,
    group_unknown,
    already_in_group,
    open_group_exists,
    help_self,
    help_repeat,
    help_limit,
    help_mutual,
    launch_exists,
    launch_limit,
    floor_not_reached,
    bargain_ended,
    bargain_unknown,
};
inline constexpr std::size_t answer_code_count = 48;

[[nodiscard]] AnswerCode answer_code_from(std::string_view word);
[[nodiscard]] std::string_view name_of(AnswerCode code);

/// How the latencies are told apart.
enum class Outcome : std::uint8_t {
    accepted,  // the act was done (or had been done before)
    refused,   // the rules said no, or the request was judged wrong
    shed,      // RATE, BUSY, or the connection closed before an answer
};
[[nodiscard]] Outcome outcome_of(AnswerCode code, int status);

}  // namespace stampede::loadtest
