// SPDX-License-Identifier: Apache-2.0
// How a group comes to its end, as the events that say so: what a payment, a deadline, a leader who
// goes and a kill share. Pure.
#pragma once

#include <optional>

#include "campaigns/campaign.hpp"
#include "campaigns/command.hpp"
#include "campaigns/group_buy.hpp"
#include "campaigns/group_buy_state.hpp"

namespace stampede::campaigns {

/// What a member pays for a unit; of a ladder the price of a tier.
[[nodiscard]] inline Money group_price(const CampaignConfig& config, std::uint16_t item,
                                       std::uint8_t tier) {
    const GroupTerms& terms = group_terms(config);
    return terms.tiers.empty() ? config.items[item].price : terms.tiers[tier].price;
}

/// What completes a group beyond the seats that are paid for already.
struct Completion {
    const RecordPayment* payment = nullptr;  // the last one, of the order `payer`
    RecordIndex payer = no_record;
    Late late = Late::no;
    const SeatHold* free_seat = nullptr;  // a seat without a price, taken by the event before
    std::uint16_t virtual_seats = 0;
};
/// All orders confirmed together, or drawn; locks that are left end.
[[nodiscard]] GroupSucceeded success_of(const Campaign& campaign, const GroupBuyState& state,
                                        RecordIndex group, const Completion& completion,
                                        const Context& context);
/// A refund for each paid seat, and each lock released, but for `leaving`, which an event before
/// has let go.
[[nodiscard]] GroupFailed failure_of(const Campaign& campaign, const GroupBuyState& state,
                                     RecordIndex group, GroupEnd end, RecordIndex leaving);
/// What becomes of a group whose time is over: a ladder's tier, virtual seats, or failure.
[[nodiscard]] GroupBuy::Event verdict_at_end(const Campaign& campaign, const GroupBuyState& state,
                                             RecordIndex group, GroupEnd without_success,
                                             const Context& context);

}  // namespace stampede::campaigns
