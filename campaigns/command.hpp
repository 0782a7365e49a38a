// SPDX-License-Identifier: Apache-2.0
// Everything that can be asked of a shard's campaigns, imperative. A command is typed and judged
// for form by whoever decoded it (net/); whether it may happen is decide()'s alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "campaigns/buyer.hpp"
#include "campaigns/campaign_config.hpp"
#include "campaigns/committed_seed.hpp"
#include "campaigns/plays.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

// Buyers -----------------------------------------------------------------------------------------

enum class AllowPartial : bool { no = false, yes = true };
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

/// A place in line for a unit of a sold-out item to return.
struct JoinWaitlist {
    CampaignId campaign;
    Buyer buyer;
    ItemId item_id;
};
struct LeaveWaitlist {
    CampaignId campaign;
    BuyerId buyer;
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
    /// Fresh random bytes, for the seed of the campaign's draws where publishing needs one.
    SeedBytes fresh_seed{};
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

using CommonCommand = std::variant<Buy, CancelOrder, IssueTicket, RecordPayment, RecordRefund,
                                   DraftCampaign, ReviseCampaign, ChangeCampaign, AdjustStock,
                                   BlockBuyers, ReleaseOrder, ResolveOrder, ExpireHold,
                                   AdvanceCampaign, MarkSettled, JoinWaitlist, LeaveWaitlist>;
using Command = Plays::CommandAfter<CommonCommand>;

}  // namespace stampede::campaigns
