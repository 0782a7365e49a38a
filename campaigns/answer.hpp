// SPDX-License-Identifier: Apache-2.0
// What decide() answers, typed and self-contained: the doors write it as JSON, on any thread. Which
// fields count follows from `code` and the flags; the rest keeps its default.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <optional>

#include "campaigns/campaign_state.hpp"
#include "campaigns/code.hpp"
#include "campaigns/order.hpp"
#include "campaigns/plays.hpp"
#include "campaigns/policy.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

/// shard.epoch.sequence of the event behind an answer.
struct Receipt {
    ShardIndex shard;
    Epoch epoch{1};
    Sequence sequence;  // 0: nothing changed, the answer has no receipt
};

struct LineView {
    ItemId item_id;
    Quantity quantity;
    Money unit_price;
    Quantity refunded;
};

struct OrderView {
    OrderId order_id;
    CampaignId campaign;
    BuyerId buyer;
    OrderState state = OrderState::held;
    Play play = Play::seckill;
    /// The group or the bargain that it belongs to, by the campaign's play; 0: none.
    std::uint64_t record_id = 0;
    bool waits_for_operator = false;  // a late payment is kept (LATE_HELD)
    /// Why money goes back, of an order that is refund_due or was refunded after being it.
    std::optional<RefundReason> refund_reason;
    Money amount;
    Money refunded_amount;
    Instant created_at;
    Instant pay_by;
    Sequence receipt;  // of the event that made it
    boost::container::static_vector<LineView, limits::lines_per_order_max> lines;
};

struct Answer {
    Code code = Code::ok;
    bool replayed = false;
    Instant server_time;
    Receipt receipt;

    std::optional<OrderView> order;
    std::optional<OrderState> state_now;  // of a replayed answer: what became of the order since

    /// The record of the campaign's play that the answer is about.
    Plays::View record;
    template <class View>
    [[nodiscard]] const View* about() const {
        return std::get_if<View>(&record);
    }

    /// Where the buyer stands in line for an item; place 0: he does not.
    struct Waiting {
        ItemId item_id;
        std::uint32_t place = 0;
    };
    std::optional<Waiting> waiting;

    // Refusals.
    std::optional<OrderId> open_order;  // LIMIT_BUYER: the buyer's own open order, if any
    std::optional<Quantity> left;       // INSUFFICIENT
    bool may_return = false;            // SOLD_OUT
    std::int64_t cache_ms = 0;          // SOLD_OUT with may_return false
    std::optional<Duration> starts_in;  // NOT_STARTED; SOLD_OUT until the next slot
    std::optional<Duration> retry_in;   // NOT_STARTED, SOLD_OUT until the next slot, BUSY

    // Payments: REFUND_REQUIRED.
    std::optional<Money> refund_amount;
    std::optional<RefundReason> refund_reason;

    // Tickets.
    struct TicketTerms {
        ItemId item_id;
        Instant not_before;
        Instant expires;
        std::uint64_t nonce = 0;
    };
    std::optional<TicketTerms> ticket;

    // Operators.
    std::optional<CampaignId> campaign;
    std::optional<CampaignState> campaign_state;
    std::uint32_t version = 0;
    const char* detail = nullptr;  // one sentence beside WRONG_STATE and the like; a literal
};

}  // namespace stampede::campaigns
