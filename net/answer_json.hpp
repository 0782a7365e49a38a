// SPDX-License-Identifier: Apache-2.0
// campaigns::Answer, orders and campaigns as the JSON of the contract
// (docs/reference/openapi.yaml), one function for both doors: the mall's adds who and which
// campaign. Pure; any thread. Appends to the caller's buffer and allocates nothing of its own,
// since every buyer's answer passes here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "campaigns/answer.hpp"
#include "campaigns/campaign_config.hpp"
#include "campaigns/committed_seed.hpp"
#include "net/json_text.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

enum class Door : std::uint8_t { buyers, mall };

/// What a door knows beside the answer.
struct AnswerContext {
    Door door = Door::buyers;
    std::string_view ticket{};             // the signed ticket, of an answer with TicketTerms
    std::optional<OrderId> asked_order{};  // named when the answer carries no order
    /// How many members of a group are shown; their number follows from its seats.
    std::size_t members_max = limits::group_size_max;
};

/// The fields of an answer, inside an object that the caller opened.
void append_answer_fields(JsonText& json, const campaigns::Answer& answer,
                          const AnswerContext& context);
/// The whole object: {"code":"HELD",…}. For codes below 950; the others are problems.
void append_answer(TextBuffer& out, const campaigns::Answer& answer, const AnswerContext& context);

/// One order flat into an open object: order_id, state, item_id, quantity, amount …
void append_order_fields(JsonText& json, const campaigns::OrderView& order, Door door);
/// `refund{amount, reason}` of an order whose money goes back, or went; else nothing.
void append_order_refund(JsonText& json, const campaigns::OrderView& order);
/// {"code":"OK","orders":[…],"server_ms":…}: a buyer's own orders.
void append_orders(TextBuffer& out, std::span<const campaigns::OrderView> orders,
                   Instant server_time);

/// What anybody may see of a campaign. `available` runs parallel to config->items.
struct PublicCampaign {
    CampaignId id;
    const campaigns::CampaignConfig* config = nullptr;
    campaigns::CampaignState state = campaigns::CampaignState::draft;
    std::span<const Quantity> available;
    Instant server_time;
    /// Of the campaign's draws: its digest is told at once, the seed itself once nothing can be
    /// drawn from it any more. Null for plays that draw nothing.
    const campaigns::CommittedSeed* seed = nullptr;
    bool seed_is_public = false;
};
/// {"code":"OK","campaign_id":…,"play":…,"items":[…],…,"server_ms":…}, with what a shopper must
/// know of the play's parameters.
void append_public_campaign(TextBuffer& out, const PublicCampaign& campaign);

/// {"code":"OK","server_ms":…}.
void append_time(TextBuffer& out, Instant server_time);

}  // namespace stampede::net
