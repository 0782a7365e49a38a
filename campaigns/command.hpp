// SPDX-License-Identifier: Apache-2.0
// Everything that can be asked of a shard's campaigns, imperative. A command is typed and judged
// for form by whoever decoded it (net/); whether it may happen is decide()'s alone.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "campaigns/campaign_config.hpp"
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

// Buyers -----------------------------------------------------------------------------------------

enum class AllowPartial : bool { no = false, yes = true };
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

struct Buy {
    CampaignId campaign;
    Buyer buyer;
    OrderLines lines;  // 1..lines_per_order_max, no item twice
    AllowPartial allow_partial = AllowPartial::no;
    TicketClaims ticket;
};
struct CancelOrder {
    CampaignId campaign;
    BuyerId buyer;
    OrderId order;
};
/// Asks for a purchase ticket; the edge signs what the answer says.
struct IssueTicket {
    CampaignId campaign;
    Buyer buyer;
    ItemId item_id;
};

// The mall ---------------------------------------------------------------------------------------

struct RecordPayment {
    OrderId order;
    PaymentId payment_id;
    Money amount;     // >= 0
    Instant paid_at;  // informs; the journal's order decides lateness
    std::optional<bool> buyer_is_new;
};
struct RecordRefund {
    OrderId order;
    RefundId refund_id;
    std::optional<PaymentId> payment_id;  // absent: the payment that the order counts
    Quantity quantity;                    // >= 0; 0 = money only
    Money amount;                         // >= 0
    std::optional<ItemId> item_id;        // needed for orders of several items with quantity > 0
};

// Operators --------------------------------------------------------------------------------------

struct DraftCampaign {
    CampaignId campaign;  // chosen by the edge, or given by the operator
    std::shared_ptr<const CampaignConfig> config;
    Actor actor;
};
struct ReviseCampaign {
    CampaignId campaign;
    std::uint32_t version = 0;  // the version that the operator saw
    std::shared_ptr<const CampaignConfig> config;
    Actor actor;
};
enum class Verb : std::uint8_t { publish, pause, resume, end, kill, archive };
enum class FourEyes : bool { off = false, on = true };
struct ChangeCampaign {
    CampaignId campaign;
    Verb verb = Verb::publish;
    Actor actor;
    FourEyes four_eyes = FourEyes::off;
};
struct AdjustStock {
    CampaignId campaign;
    ItemId item_id;
    std::int64_t delta = 0;  // units, signed, not 0
    Reason reason;
    Actor actor;
};
struct BlockBuyers {
    CampaignId campaign;
    std::vector<BuyerId> buyers;  // 1..records_per_event_max
    Actor actor;
};
/// Ends an open hold at once.
struct ReleaseOrder {
    OrderId order;
    Actor actor;
};
enum class Decision : std::uint8_t { confirm, refund };
/// What becomes of a late payment that waits for an operator (`late_payment: hold_for_operator`).
struct ResolveOrder {
    OrderId order;
    Decision decision = Decision::confirm;
    Actor actor;
};

// The engine itself: deadlines and chores are commands like any other -----------------------------

/// A hold's time to pay may be over.
struct ExpireHold {
    CampaignId campaign;
    OrderId order;
};
/// A start, an end or a sweep may be due: does the next budgeted step of it.
struct AdvanceCampaign {
    CampaignId campaign;
};
/// Everything that this campaign owes the mall has been settled.
struct MarkSettled {
    CampaignId campaign;
};

using Command =
    std::variant<Buy, CancelOrder, IssueTicket, RecordPayment, RecordRefund, DraftCampaign,
                 ReviseCampaign, ChangeCampaign, AdjustStock, BlockBuyers, ReleaseOrder,
                 ResolveOrder, ExpireHold, AdvanceCampaign, MarkSettled>;

}  // namespace stampede::campaigns
