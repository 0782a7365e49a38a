// SPDX-License-Identifier: Apache-2.0
// Who asks, and what every play's commands are made of. Typed and judged for form by whoever
// decoded it (net/). Plain values, any thread.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

/// Who asks, from the token's claims or a trusted header, never from the body.
struct Buyer {
    BuyerId id;
    std::uint8_t level = 0;
    std::uint64_t segments = 0;  // bit 0: has never bought before
};

/// Name of an API key (or of a play's own act), for four eyes and the audit.
using Actor = InlineText<32, struct ActorTag>;
/// Why an operator did it: 1..120 bytes of UTF-8.
using Reason = InlineText<120, struct ReasonTag>;

/// The edge checks a ticket's HMAC; the rules judge what it says.
enum class TicketProof : std::uint8_t { absent, forged, genuine };

struct TicketClaims {
    TicketProof proof = TicketProof::absent;
    CampaignId campaign;
    ItemId item_id;
    BuyerId buyer;
    Instant not_before;
    Instant expires;
    std::uint64_t nonce = 0;
};

struct OrderLine {
    ItemId item_id;
    Quantity quantity;  // >= 1, judged by the decoder
};
using OrderLines = boost::container::static_vector<OrderLine, limits::lines_per_order_max>;

}  // namespace stampede::campaigns
