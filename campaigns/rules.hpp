// SPDX-License-Identifier: Apache-2.0
// The verdicts of one campaign: each function reads like its rule, refuses in the answer, or
// appends events. Pure. Every decide_… returns the answer; events are empty when it refuses.
#pragma once

#include <vector>

#include "campaigns/answer.hpp"
#include "campaigns/campaign.hpp"
#include "campaigns/command.hpp"
#include "campaigns/event.hpp"
#include "campaigns/event_codec.hpp"
#include "campaigns/play_state.hpp"
#include "engine/vocabulary/decision.hpp"

namespace stampede::campaigns {

// seckill.cpp
[[nodiscard]] Answer decide_buy(const Campaign& campaign, const Buy& buy, const Context& context,
                                Events& events);
[[nodiscard]] Answer decide_ticket(const Campaign& campaign, const IssueTicket& ask,
                                   const Context& context, Events& events);
// holds.cpp
[[nodiscard]] Answer decide_cancel(const Campaign& campaign, const CancelOrder& cancel,
                                   const Context& context, Events& events);
[[nodiscard]] Answer decide_expiry(const Campaign& campaign, const ExpireHold& expire,
                                   const Context& context, Events& events);
[[nodiscard]] Answer decide_release(const Campaign& campaign, const ReleaseOrder& release,
                                    const Context& context, Events& events);
// waitlist_rules.cpp
[[nodiscard]] Answer decide_join(const Campaign& campaign, const JoinWaitlist& join,
                                 const Context& context, Events& events);
[[nodiscard]] Answer decide_leave(const Campaign& campaign, const LeaveWaitlist& leave,
                                  const Context& context, Events& events);
/// Where a buyer stands: WAITLISTED with his place, or OK with place 0 and his open order.
[[nodiscard]] Answer place_in_line(const Campaign& campaign, BuyerId buyer, const ItemId& item_id,
                                   Instant now);
/// The last event returns units: those in line get them.
void serve_returned(const Campaign& campaign, const Context& context, Events& events);
/// Whether somebody in line can be served now; serve_line() is the next step of it.
[[nodiscard]] bool can_serve_line(const Campaign& campaign, Instant now, Selling selling);
/// Units are there for those in line, and only because selling is stopped are they not served.
[[nodiscard]] bool line_waits_for_selling(const Campaign& campaign, Instant now, Selling selling);
[[nodiscard]] Answer serve_line(const Campaign& campaign, const Context& context, Events& events);
// payments.cpp
[[nodiscard]] Answer decide_payment(const Campaign& campaign, const RecordPayment& payment,
                                    const Context& context, Events& events);
[[nodiscard]] Answer decide_resolution(const Campaign& campaign, const ResolveOrder& resolve,
                                       const Context& context, Events& events);
// refunds.cpp
[[nodiscard]] Answer decide_refund(const Campaign& campaign, const RecordRefund& refund,
                                   const Context& context, Events& events);
// lifecycle.cpp
[[nodiscard]] Answer decide_revision(const Campaign& campaign, const ReviseCampaign& revise,
                                     const Context& context, Events& events);
[[nodiscard]] Answer decide_change(const Campaign& campaign, const ChangeCampaign& change,
                                   const Context& context, Events& events);
[[nodiscard]] Answer decide_stock(const Campaign& campaign, const AdjustStock& adjust,
                                  const Context& context, Events& events);
[[nodiscard]] Answer decide_blocking(const Campaign& campaign, const BlockBuyers& block,
                                     const Context& context, Events& events);
/// The next step of what time or a kill asks for; OK without events when there is none.
[[nodiscard]] Answer decide_advance(const Campaign& campaign, const Context& context,
                                    Events& events);
[[nodiscard]] Answer decide_settled(const Campaign& campaign, const Context& context,
                                    Events& events);

// What plays share with them
// ----------------------------------------------------------------------------------

/// An order as it stands, or as the events appended make it, beside its play's record.
[[nodiscard]] Answer with_order(Answer answer, const Campaign& campaign, RecordIndex order,
                                OrderState state);
/// The payment confirms the order.
[[nodiscard]] Answer confirm_order(const Campaign& campaign, RecordIndex order,
                                   const RecordPayment& payment, Late late, const Context& context,
                                   Events& events);
/// Whether the order counts a payment that must go back: it becomes `refund_due` then.
enum class Counted : bool { no = false, yes = true };
/// The payment must go back: REFUND_REQUIRED.
[[nodiscard]] Answer refund_payment(const Campaign& campaign, RecordIndex order,
                                    const RecordPayment& payment, RefundReason reason,
                                    Counted counted, const Context& context, Events& events);

/// What a buyer wants of one item at a price, judged by refuse_wanted().
struct Wanted {
    std::uint16_t item = 0;
    Quantity quantity;
    Money unit_price;
};
using WantedLines = boost::container::static_vector<Wanted, limits::lines_per_order_max>;
/// A ticket that bought something already: its first answer again.
[[nodiscard]] std::optional<Answer> replay_of_ticket(const Campaign& campaign, const Buyer& buyer,
                                                     const TicketClaims& ticket,
                                                     const Context& context);
[[nodiscard]] std::optional<Code> refuse_ticket(const Campaign& campaign, const Buyer& buyer,
                                                const TicketClaims& ticket,
                                                std::span<const OrderLine> lines, Instant now);
[[nodiscard]] std::optional<Code> refuse_order_limits(const CampaignConfig& config, Quantity units);
[[nodiscard]] std::optional<Code> refuse_audience(const Campaign& campaign, const Buyer& buyer);
/// A limit of the buyer's, naming his open order if he has one: an app that lost its answer finds
/// it.
[[nodiscard]] Answer limit_reached(const Campaign& campaign, BuyerId id, Code code,
                                   const Context& context);
/// LIMIT_BUYER or LIMIT_SLOT, with the buyer's open order; BUSY where the campaign has room for no
/// further order.
[[nodiscard]] std::optional<Answer> refuse_quota(const Campaign& campaign, BuyerId buyer,
                                                 Quantity units, const Context& context);
/// SOLD_OUT or INSUFFICIENT.
[[nodiscard]] std::optional<Answer> refuse_stock(const Campaign& campaign, AllowPartial partial,
                                                 WantedLines& wanted, const Context& context);
/// BUSY while new holds are stopped.
[[nodiscard]] std::optional<Answer> refuse_while_stopped(const Context& context);
/// An order of nothing to pay is confirmed by the event after the one that holds its units.
[[nodiscard]] Event confirmation_of_free(const Campaign& campaign, OrderId order, BuyerId buyer,
                                         std::span<const HeldLine> lines, const Context& context);
/// What the buyer hears of an order that this very decision makes.
[[nodiscard]] Answer held_answer(const Campaign& campaign, OrderId order, BuyerId buyer,
                                 Instant pay_by, std::span<const HeldLine> lines, OrderState state,
                                 const Context& context);

// What they share
// ----------------------------------------------------------------------------------

[[nodiscard]] inline Answer answer_of(Code code, const Context& context) {
    Answer answer;
    answer.code = code;
    answer.server_time = context.now;
    return answer;
}
/// An answer that an event stands behind: its receipt is the event's.
[[nodiscard]] inline Answer receipted(Code code, const Context& context, std::size_t event = 0) {
    Answer answer = answer_of(code, context);
    answer.receipt = {.shard = context.shard,
                      .epoch = Epoch{1},
                      .sequence = Sequence{context.next_sequence.raw() + event}};
    return answer;
}
inline constexpr Duration busy_retry = Duration::milliseconds(1'000);
/// A bound of the engine is reached; `detail` says which.
[[nodiscard]] inline Answer busy(const char* detail, const Context& context) {
    Answer answer = answer_of(Code::busy, context);
    answer.retry_in = busy_retry;
    answer.detail = detail;
    return answer;
}
/// SOLD_OUT of an item: whether a unit may come back, and for how long the answer may be repeated.
[[nodiscard]] Answer sold_out(const Campaign& campaign, std::uint16_t item, const Context& context);
/// The refusal that the campaign's state and its slots give to a new hold at this moment, if any.
[[nodiscard]] std::optional<Answer> refuse_by_time(const Campaign& campaign,
                                                   const Context& context);
/// The first answer of the order's purchase again: the order as it was, and what became of it.
[[nodiscard]] Answer replay_of_order(const Campaign& campaign, RecordIndex order);
/// The answer to a remembered request about an order: as it was when the event `number`, whose
/// receipt is given, was made, and what became of the order since.
[[nodiscard]] Answer replay_of_request(const Campaign& campaign, RecordIndex order,
                                       EventNumber number, Receipt receipt);
/// Lines of an order as a confirmation carries them.
[[nodiscard]] ConfirmedLines confirmed_lines(const Campaign& campaign, const OrderRecord& order);
/// Whether units and quota of a hold that ended can be taken again, for a late payment.
[[nodiscard]] bool can_reacquire(const Campaign& campaign, const OrderRecord& order, Instant now);

/// How long SOLD_OUT may be repeated without asking when no unit can come back by itself; an
/// operator's delta is seen after that.
inline constexpr std::int64_t sold_out_cache_ms = 5'000;
inline constexpr std::uint64_t start_jitter_ms = 400;
/// How long a unit is held for who waited for it.
inline constexpr Duration waiter_hold = Duration::seconds(60);
inline constexpr Duration ticket_valid = Duration::seconds(60);
inline constexpr std::uint32_t remembered_tickets_per_buyer_max = 16;

}  // namespace stampede::campaigns
