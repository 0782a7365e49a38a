// SPDX-License-Identifier: Apache-2.0
// 秒杀: buy, and the purchase ticket that may stand before it. decide_buy() read from top to bottom
// is the rule; the order of its refusals is part of the contract.
#include <algorithm>

#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

/// So that those who wait for one moment do not all ask in it.
Duration start_jitter(const Context& context) {
    return Duration::milliseconds(static_cast<std::int64_t>(context.random % start_jitter_ms));
}

}  // namespace

std::optional<Code> refuse_ticket(const Campaign& campaign, const Buyer& buyer,
                                  const TicketClaims& ticket, std::span<const OrderLine> lines,
                                  Instant now) {
    if (campaign.config().ticket == Ticket::off) {
        return std::nullopt;
    }
    const bool is_for_this =
        ticket.proof == TicketProof::genuine && ticket.campaign == campaign.id() &&
        ticket.buyer == buyer.id && ticket.nonce != 0 &&
        std::ranges::any_of(lines,
                            [&](const OrderLine& line) { return line.item_id == ticket.item_id; });
    if (!is_for_this || now < ticket.not_before || now >= ticket.expires) {
        return Code::bad_ticket;
    }
    return std::nullopt;
}

std::optional<Answer> replay_of_ticket(const Campaign& campaign, const Buyer& buyer,
                                       const TicketClaims& ticket, const Context& context) {
    if (campaign.config().ticket == Ticket::off || ticket.proof != TicketProof::genuine) {
        return std::nullopt;
    }
    const RecordIndex first = campaign.book().order_of_ticket(ticket.nonce);
    if (first == no_record || campaign.book().order(first).buyer != buyer.id) {
        return std::nullopt;
    }
    Answer first_answer = replay_of_order(campaign, first);
    first_answer.receipt.shard = context.shard;
    return first_answer;
}

std::optional<Code> refuse_order_limits(const CampaignConfig& config, Quantity units) {
    if (units.units() < config.limits.per_order_min ||
        units.units() > config.limits.per_order_max) {
        return Code::limit_order;
    }
    return std::nullopt;
}

std::optional<Code> refuse_audience(const Campaign& campaign, const Buyer& buyer) {
    const Audience& audience = campaign.config().audience;
    if (!audience.allowlist.empty() && !std::ranges::binary_search(audience.allowlist, buyer.id)) {
        return Code::not_eligible;
    }
    if (buyer.level < audience.level_min) {
        return Code::not_eligible;
    }
    if (audience.segments_any != 0 && (buyer.segments & audience.segments_any) == 0) {
        return Code::not_eligible;
    }
    if (audience.new_buyers_only && (buyer.segments & 1U) == 0) {
        return Code::new_buyers_only;
    }
    return std::nullopt;
}

Answer limit_reached(const Campaign& campaign, BuyerId id, Code code, const Context& context) {
    Answer answer = answer_of(code, context);
    if (const BuyerRecord* buyer = campaign.book().find_buyer(id)) {
        answer.open_order = campaign.book().open_order_of(*buyer);
    }
    return answer;
}

std::optional<Answer> refuse_quota(const Campaign& campaign, BuyerId id, Quantity units,
                                   const Context& context) {
    const Limits& limit = campaign.config().limits;
    const BuyerRecord nothing;
    const BuyerRecord* record = campaign.book().find_buyer(id);
    const BuyerRecord& buyer = record == nullptr ? nothing : *record;
    if (buyer.units + units.units() > limit.per_buyer ||
        std::int64_t{buyer.hold_marks} >= limit.holds_per_buyer) {
        return limit_reached(campaign, id, Code::limit_buyer, context);
    }
    const std::int64_t in_slot =
        buyer.slot == campaign.slot_of_hold(context.now) ? buyer.slot_units : 0;
    if (limit.per_buyer_per_slot && in_slot + units.units() > *limit.per_buyer_per_slot) {
        return limit_reached(campaign, id, Code::limit_slot, context);
    }
    if (campaign.book().is_full()) {
        Answer answer = answer_of(Code::busy, context);
        answer.retry_in = busy_retry;
        answer.detail = "this campaign has had as many orders as it can";
        return answer;
    }
    return std::nullopt;
}

/// Where partial orders are allowed, `wanted` shrinks instead of being refused.
std::optional<Answer> refuse_stock(const Campaign& campaign, AllowPartial partial,
                                   WantedLines& wanted, const Context& context) {
    const std::uint32_t slot = campaign.slot_of_hold(context.now);
    for (const Wanted& line : wanted) {
        if (campaign.free_units(line.item, slot) == Quantity{0}) {
            return sold_out(campaign, line.item, context);
        }
    }
    for (Wanted& line : wanted) {
        const Quantity left = campaign.free_units(line.item, slot);
        if (left >= line.quantity) {
            continue;
        }
        const bool may_shrink = partial == AllowPartial::yes && wanted.size() == 1 &&
                                left.units() >= campaign.config().limits.per_order_min;
        if (!may_shrink) {
            Answer answer = answer_of(Code::insufficient, context);
            answer.left = left;
            return answer;
        }
        line.quantity = left;
    }
    return std::nullopt;
}

std::optional<Answer> refuse_while_stopped(const Context& context) {
    if (context.selling == Selling::open) {
        return std::nullopt;
    }
    Answer answer = answer_of(Code::busy, context);
    answer.retry_in = busy_retry;
    return answer;
}

Answer held_answer(const Campaign& campaign, OrderId order, BuyerId buyer, Instant pay_by,
                   std::span<const HeldLine> lines, OrderState state, const Context& context) {
    Answer answer =
        receipted(state == OrderState::confirmed ? Code::confirmed : Code::held, context);
    OrderView& view = answer.order.emplace();
    view.order_id = order;
    view.campaign = campaign.id();
    view.buyer = buyer;
    view.state = state;
    view.play = campaign.config().play;
    view.created_at = context.now;
    view.pay_by = pay_by;
    view.receipt = context.next_sequence;
    for (const HeldLine& line : lines) {
        view.amount += line.unit_price * line.quantity;
        view.lines.push_back({.item_id = campaign.config().items[line.item].item_id,
                              .quantity = line.quantity,
                              .unit_price = line.unit_price,
                              .refunded = Quantity{0}});
    }
    return answer;
}

Event confirmation_of_free(const Campaign& campaign, OrderId order, BuyerId buyer,
                           std::span<const HeldLine> lines, const Context& context) {
    const CampaignConfig& config = campaign.config();
    OrderConfirmed confirmed;
    confirmed.order = order;
    confirmed.play = config.play;
    confirmed.buyer = buyer;
    confirmed.stock_source = config.stock_source;
    confirmed.paid_at = context.now;
    for (const HeldLine& line : lines) {
        confirmed.lines.push_back({.item_id = config.items[line.item].item_id,
                                   .item = line.item,
                                   .quantity = line.quantity,
                                   .unit_price = line.unit_price});
    }
    return OrderEvent{confirmed};
}

namespace {

/// A hold, and where nothing is to be paid its confirmation with it.
Answer hold(const Campaign& campaign, const Buy& buy, const WantedLines& wanted,
            const Context& context, Events& events) {
    const CampaignConfig& config = campaign.config();
    StockHeld held;
    held.order = OrderId{context.next_id};
    held.buyer = buy.buyer.id;
    held.pay_by = std::min(context.now + config.hold, config.ends_at + config.hold);
    held.ticket_nonce = config.ticket == Ticket::required ? buy.ticket.nonce : 0;
    Money amount;
    for (const Wanted& line : wanted) {
        held.lines.push_back(
            {.item = line.item, .quantity = line.quantity, .unit_price = line.unit_price});
        amount += line.unit_price * line.quantity;
    }
    const bool is_free = amount == Money{0};
    const Answer answer = held_answer(campaign, held.order, held.buyer, held.pay_by, held.lines,
                                      is_free ? OrderState::confirmed : OrderState::held, context);
    events.emplace_back(SeckillEvent{held});
    if (is_free) {
        events.emplace_back(
            confirmation_of_free(campaign, held.order, held.buyer, held.lines, context));
    }
    return answer;
}

}  // namespace

Answer decide_buy(const Campaign& campaign, const Buy& buy, const Context& context,
                  Events& events) {
    const CampaignConfig& config = campaign.config();
    if (campaign.phase(context.now) == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    const PlayState* const play = campaign.play();
    WantedLines wanted;
    Quantity units;
    for (const OrderLine& line : buy.lines) {
        const auto item = find_item(config, line.item_id.view());
        if (!item) {
            return answer_of(Code::item_unknown, context);
        }
        const auto price = play == nullptr ? std::optional{config.items[*item].price}
                                           : play->price_alone(campaign, *item);
        if (!price) {
            Answer answer = answer_of(Code::not_eligible, context);
            answer.detail = "this campaign does not sell to a buyer alone";
            return answer;
        }
        wanted.push_back({*item, line.quantity, *price});
        units += line.quantity;
    }
    if (auto refused = refuse_by_time(campaign, context)) {
        return *refused;
    }
    if (auto first_answer = replay_of_ticket(campaign, buy.buyer, buy.ticket, context)) {
        return *first_answer;
    }
    if (const auto refused =
            refuse_ticket(campaign, buy.buyer, buy.ticket, buy.lines, context.now)) {
        return answer_of(*refused, context);
    }
    if (campaign.is_blocked(buy.buyer.id)) {
        return answer_of(Code::blocked, context);
    }
    if (const auto refused = refuse_order_limits(config, units)) {
        return answer_of(*refused, context);
    }
    if (const auto refused = refuse_audience(campaign, buy.buyer)) {
        return answer_of(*refused, context);
    }
    if (auto refused = refuse_quota(campaign, buy.buyer.id, units, context)) {
        return *refused;
    }
    if (auto refused = refuse_stock(campaign, buy.allow_partial, wanted, context)) {
        return *refused;
    }
    if (auto refused = refuse_while_stopped(context)) {
        return *refused;
    }
    return hold(campaign, buy, wanted, context, events);
}

Answer decide_ticket(const Campaign& campaign, const IssueTicket& ask, const Context& context,
                     Events& events) {
    const CampaignConfig& config = campaign.config();
    const Phase phase = campaign.phase(context.now);
    if (phase == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    if (!find_item(config, ask.item_id.view())) {
        return answer_of(Code::item_unknown, context);
    }
    Instant opening = context.now;
    if (auto refused = refuse_by_time(campaign, context)) {
        // Before the start a ticket is given from the warm-up on, and waits for the opening.
        const auto next = campaign.next_opening(context.now);
        const bool is_warm =
            refused->code == Code::not_started && next && context.now >= *next - config.warmup;
        if (!is_warm) {
            return *refused;
        }
        opening = *next;
    }
    if (campaign.is_blocked(ask.buyer.id)) {
        return answer_of(Code::blocked, context);
    }
    if (const auto refused = refuse_audience(campaign, ask.buyer)) {
        return answer_of(*refused, context);
    }
    TicketIssued issued;
    issued.item_id = ask.item_id;
    issued.buyer = ask.buyer.id;
    issued.not_before = opening;
    issued.expires = opening + ticket_valid;
    issued.nonce = context.random | 1U;  // never 0, which stands for "no ticket"

    const BuyerRecord* buyer = campaign.book().find_buyer(ask.buyer.id);
    const bool remembers = context.remembered == Remembered::yes &&
                           (buyer == nullptr || buyer->tickets < remembered_tickets_per_buyer_max);
    Answer answer = remembers ? receipted(Code::ok, context) : answer_of(Code::ok, context);
    answer.ticket = Answer::TicketTerms{.item_id = issued.item_id,
                                        .not_before = issued.not_before,
                                        .expires = issued.expires,
                                        .nonce = issued.nonce};
    if (remembers) {
        events.emplace_back(CampaignEvent{issued});
    }
    return answer;
}

Answer sold_out(const Campaign& campaign, std::uint16_t item, const Context& context) {
    Answer answer = answer_of(Code::sold_out, context);
    const StockCell& cell = campaign.cell(item);
    const bool is_kept_for_the_line = !campaign.waitlist().empty() &&
                                      cell.available() > Quantity{0} &&
                                      campaign.waitlist().waiting(item) > 0;
    answer.may_return =
        cell.held() > Quantity{0} || campaign.book().kept_payments() > 0 || is_kept_for_the_line;
    if (!answer.may_return) {
        answer.cache_ms = sold_out_cache_ms;
    }
    const auto next = campaign.next_opening(context.now);
    const bool is_for_later_slots =
        campaign.config().items[item].slot_stock > Quantity{0} && cell.available() > Quantity{0};
    if (is_for_later_slots && next) {
        answer.starts_in = *next - context.now;
        answer.retry_in = *answer.starts_in + start_jitter(context);
        answer.cache_ms = std::min(answer.cache_ms, answer.starts_in->ms());
    }
    return answer;
}

std::optional<Answer> refuse_by_time(const Campaign& campaign, const Context& context) {
    const auto not_started = [&]() -> Answer {
        Answer answer = answer_of(Code::not_started, context);
        const auto next = campaign.next_opening(context.now);
        answer.starts_in = (next ? *next : campaign.config().starts_at) - context.now;
        answer.retry_in = *answer.starts_in + start_jitter(context);
        return answer;
    };
    switch (campaign.phase(context.now)) {
        case Phase::unknown:
            return answer_of(Code::campaign_unknown, context);
        case Phase::killed:
            return answer_of(Code::killed, context);
        case Phase::paused:
            return answer_of(Code::paused, context);
        case Phase::ended:
            return answer_of(Code::ended, context);
        case Phase::ending:
            // Units that return while the sale ends may be sold again, if the operator said so.
            if (!campaign.config().resell_after_end ||
                context.now >= campaign.config().ends_at + campaign.config().hold) {
                return answer_of(Code::ended, context);
            }
            return std::nullopt;
        case Phase::not_started:
            return not_started();
        case Phase::open:
            break;
    }
    if (campaign.slot_at(context.now)) {
        return std::nullopt;
    }
    if (campaign.next_opening(context.now)) {
        return not_started();
    }
    return answer_of(Code::ended, context);
}

}  // namespace stampede::campaigns
