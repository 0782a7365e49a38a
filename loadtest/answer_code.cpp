// SPDX-License-Identifier: Apache-2.0
// Words to codes and back. A linear search over words that differ early costs less than a hash for
// the handful of codes that make up a run; the two most frequent are asked first.
#include "loadtest/answer_code.hpp"

#include <array>
#include <cstddef>

namespace stampede::loadtest {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, answer_code_count> words = {
    "(none)",
    "(unknown)",
    "OK",
    "HELD",
    "CONFIRMED",
    "CANCELLED",
    "CUT",
    "REROUTED",
    "WAITLISTED",
    "ALREADY_DONE",
    "LATE_CONFIRMED",
    "LATE_HELD",
    "REFUND_REQUIRED",
    "AMOUNT_MISMATCH",
    "PAYMENT_REUSED",
    "NOT_STARTED",
    "ENDED",
    "PAUSED",
    "KILLED",
    "SOLD_OUT",
    "INSUFFICIENT",
    "LIMIT_ORDER",
    "LIMIT_BUYER",
    "LIMIT_SLOT",
    "NOT_ELIGIBLE",
    "NEW_BUYERS_ONLY",
    "BAD_TICKET",
    "BLOCKED",
    "RATE",
    "BUSY",
    "CAMPAIGN_UNKNOWN",
    "ITEM_UNKNOWN",
    "ORDER_UNKNOWN",
    "ORDER_CLOSED",
    "GROUP_FULL",
    "GROUP_ENDED",
    "GROUP_UNKNOWN",
    "ALREADY_IN_GROUP",
    "OPEN_GROUP_EXISTS",
    "HELP_SELF",
    "HELP_REPEAT",
    "HELP_LIMIT",
    "HELP_MUTUAL",
    "LAUNCH_EXISTS",
    "LAUNCH_LIMIT",
    "FLOOR_NOT_REACHED",
    "BARGAIN_ENDED",
    "BARGAIN_UNKNOWN",
};
static_assert(words.back() == "BARGAIN_UNKNOWN" &&
              static_cast<std::size_t>(AnswerCode::bargain_unknown) + 1 == answer_code_count);

}  // namespace

AnswerCode answer_code_from(std::string_view word) {
    if (word == "HELD") {
        return AnswerCode::held;
    }
    if (word == "SOLD_OUT") {
        return AnswerCode::sold_out;
    }
    for (std::size_t at = static_cast<std::size_t>(AnswerCode::ok); at < words.size(); ++at) {
        if (words[at] == word) {
            return static_cast<AnswerCode>(at);
        }
    }
    return AnswerCode::unknown;
}

std::string_view name_of(AnswerCode code) {
    return words[static_cast<std::size_t>(code)];
}

Outcome outcome_of(AnswerCode code, int status) {
    if (status == 429 || status == 503) {
        return Outcome::shed;
    }
    if (status < 200 || status > 299) {
        return Outcome::refused;
    }
    if (code == AnswerCode::rate || code == AnswerCode::busy) {
        return Outcome::shed;
    }
    // A raw target's 200 carries no code; the accepting codes stand first in the rules' list.
    const bool accepted =
        code == AnswerCode::none || (code >= AnswerCode::ok && code <= AnswerCode::late_held);
    return accepted ? Outcome::accepted : Outcome::refused;
}

}  // namespace stampede::loadtest
