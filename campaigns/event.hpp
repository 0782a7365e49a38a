// SPDX-License-Identifier: Apache-2.0
// What happened, past tense: the only thing the journal stores. A family (campaign, order, one per
// play) owns its variant, its numbers and its codec; campaigns/event_codec.cpp registers them. A
// released number never changes its meaning. Events that settlement acts on are self-contained:
// they carry the texts and amounts that the mall's rows need.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "campaigns/campaign_config.hpp"
#include "campaigns/campaign_state.hpp"
#include "campaigns/command.hpp"
#include "campaigns/committed_seed.hpp"
#include "campaigns/order.hpp"
#include "campaigns/plays.hpp"

namespace stampede::campaigns {

/// The `play` byte of a frame. Families of plays have the number of their Play.
enum class Family : std::uint8_t {
    campaign,
    seckill = 1,
    group_buy = 2,
    bargain = 3,
    order = 16,
    waitlist = 17
};

// Family campaign --------------------------------------------------------------------------------

struct CampaignDrafted {
    static constexpr std::uint8_t kind = 1;
    std::shared_ptr<const CampaignConfig> config;
    Actor actor;
};
/// A new version of the configuration. While live, reserves move between available and reserve.
struct CampaignRevised {
    static constexpr std::uint8_t kind = 2;
    std::uint32_t version = 0;
    std::shared_ptr<const CampaignConfig> config;
    Actor actor;
};
struct CampaignStateChanged {
    static constexpr std::uint8_t kind = 3;
    CampaignState from = CampaignState::draft;
    CampaignState to = CampaignState::draft;
    Actor actor;  // empty: the clock
};
struct StockAdjusted {
    static constexpr std::uint8_t kind = 4;
    std::uint16_t item = 0;  // position in the configuration
    std::int64_t delta = 0;
    Reason reason;
    Actor actor;
};
struct BuyersBlocked {
    static constexpr std::uint8_t kind = 5;
    std::vector<BuyerId> buyers;  // 1..records_per_event_max
    Actor actor;
};
/// Available and reserve of a run of items moved to `removed`: the sale is over, and the mall gets
/// one STOCK_DELTA for each with units > 0.
struct StockHandedBack {
    static constexpr std::uint8_t kind = 6;
    struct Part {
        std::uint16_t item = 0;
        ItemId item_id;
        Quantity units;  // available + reserve at that moment; may be 0
    };
    std::vector<Part> parts;  // 1..records_per_event_max, ascending, without gaps
};
/// The gateway has money that fits no order: wrong amount, or an unknown order.
struct PaymentMismatched {
    static constexpr std::uint8_t kind = 7;
    OrderId order;
    PaymentId payment_id;
    Money amount;
    std::optional<Money> expected;  // absent: the order is unknown
};
struct TicketIssued {
    static constexpr std::uint8_t kind = 8;
    ItemId item_id;
    BuyerId buyer;
    Instant not_before;
    Instant expires;
    std::uint64_t nonce = 0;
};

/// The chance of all draws of a campaign, chosen as it is published: plays that draw use it. Only
/// its digest is told before the end (campaigns/committed_seed.hpp).
struct SeedCommitted {
    static constexpr std::uint8_t kind = 9;
    SeedBytes seed{};
};

// Family order -----------------------------------------------------------------------------------

struct ConfirmedLine {
    ItemId item_id;
    std::uint16_t item = 0;
    Quantity quantity;
    Money unit_price;
};
using ConfirmedLines = boost::container::static_vector<ConfirmedLine, limits::lines_per_order_max>;

/// From `held`, from `expired | cancelled` (late: stock and quota are taken again), or at once when
/// the amount is 0.
struct OrderConfirmed {
    static constexpr std::uint8_t kind = 1;
    OrderId order;
    Play play = Play::seckill;
    BuyerId buyer;
    Money amount;
    StockSource stock_source = StockSource::carved_out;
    bool late = false;
    PaymentId payment_id;  // empty when the amount is 0
    Instant paid_at;
    ConfirmedLines lines;
    std::uint64_t record_id = 0;  // the group's or the bargain's, by the play; 0: none
};
struct HoldExpired {
    static constexpr std::uint8_t kind = 2;
    OrderId order;
};
struct HoldReleased {
    static constexpr std::uint8_t kind = 3;
    OrderId order;
    ReleaseReason reason = ReleaseReason::buyer;
    Actor actor;
};
/// A payment that must go back: exactly one obligation, REFUND_REQUIRED for the mall. When it is
/// the payment that the order counts (`counted`), the order becomes `refund_due`.
struct PaymentRefundDue {
    static constexpr std::uint8_t kind = 4;
    OrderId order;
    PaymentId payment_id;
    Money amount;
    Quantity quantity;  // units that the payment was for
    RefundReason reason = RefundReason::late_payment;
    bool counted = false;
    Instant paid_at;
};
/// A late payment kept for an operator's decision.
struct PaymentKept {
    static constexpr std::uint8_t kind = 5;
    OrderId order;
    PaymentId payment_id;
    Money amount;
    Instant paid_at;
};
/// The mall made a refund.
struct OrderRefunded {
    static constexpr std::uint8_t kind = 6;
    OrderId order;
    RefundId refund_id;
    PaymentId payment_id;  // whose obligation it settles
    bool counted = false;  // it is the payment that the order counts
    Money amount;
    Quantity quantity;              // as the mall reported it; the parts say which units return
    std::uint64_t body_digest = 0;  // tells a repeated report from a different one
    struct Part {
        std::uint8_t line = 0;
        std::uint16_t item = 0;
        ItemId item_id;
        Quantity quantity;  // units refunded on this line, > 0
    };
    boost::container::static_vector<Part, limits::lines_per_order_max> parts;
    bool units_return = false;  // false on `refund_due`: they went back before
    bool wholly = false;        // the order becomes `refunded`
    Restock restock = Restock::to_activity;
    StockSource stock_source = StockSource::carved_out;
    QuotaOnRefund quota = QuotaOnRefund::give_back;
};
/// A kill reaches the holds record by record: those of the `count` orders from position `first` on
/// that are still held are released.
struct HoldsSwept {
    static constexpr std::uint8_t kind = 7;
    RecordIndex first = 0;
    std::uint32_t count = 0;  // 1..records_per_event_max
};

// Family seckill ---------------------------------------------------------------------------------

struct HeldLine {
    std::uint16_t item = 0;
    Quantity quantity;
    Money unit_price;
};
/// available -> held, quota taken, deadline armed.
struct StockHeld {
    static constexpr std::uint8_t kind = 1;
    OrderId order;
    BuyerId buyer;
    Instant pay_by;
    std::uint64_t ticket_nonce = 0;  // 0: bought without a ticket
    boost::container::static_vector<HeldLine, limits::lines_per_order_max> lines;
};

// Family waitlist --------------------------------------------------------------------------------

struct WaiterJoined {
    static constexpr std::uint8_t kind = 1;
    BuyerId buyer;
    std::uint16_t item = 0;
    std::uint32_t place = 0;  // as he was told; 1: the next to be served
    std::uint64_t segments = 0;
    std::uint8_t level = 0;
};
enum class LeaveReason : std::uint8_t {
    buyer = 1,
    refused = 2,  // when his turn came he was blocked, not eligible any more, or at his limit
};
struct WaiterLeft {
    static constexpr std::uint8_t kind = 2;
    BuyerId buyer;
    std::uint16_t item = 0;
    LeaveReason reason = LeaveReason::buyer;
};
/// His turn: one unit available -> held for him, quota taken, deadline armed; he leaves the line.
struct WaiterPromoted {
    static constexpr std::uint8_t kind = 3;
    OrderId order;
    BuyerId buyer;
    Instant pay_by;
    std::uint16_t item = 0;
    Money unit_price;
};

using CampaignEvent =
    std::variant<CampaignDrafted, CampaignRevised, CampaignStateChanged, StockAdjusted,
                 BuyersBlocked, StockHandedBack, PaymentMismatched, TicketIssued, SeedCommitted>;
using OrderEvent = std::variant<OrderConfirmed, HoldExpired, HoldReleased, PaymentRefundDue,
                                PaymentKept, OrderRefunded, HoldsSwept>;
using SeckillEvent = std::variant<StockHeld>;
using WaitlistEvent = std::variant<WaiterJoined, WaiterLeft, WaiterPromoted>;

using Event = Plays::EventAfter<CampaignEvent, OrderEvent, SeckillEvent, WaitlistEvent>;

}  // namespace stampede::campaigns
