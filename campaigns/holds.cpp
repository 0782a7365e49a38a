// SPDX-License-Identifier: Apache-2.0
// How a hold ends without a payment: the buyer lets go, its time is over, or an operator releases
// it.
#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

/// The order as it stands, told as a refusal: ORDER_CLOSED with its state.
Answer closed(const Campaign& campaign, RecordIndex index, const Context& context) {
    Answer answer = answer_of(Code::order_closed, context);
    answer.order = campaign.view(index);
    return answer;
}

Answer release(const Campaign& campaign, RecordIndex index, ReleaseReason reason,
               const Actor& actor, const Context& context, Events& events) {
    events.emplace_back(OrderEvent{
        HoldReleased{.order = campaign.book().order(index).id, .reason = reason, .actor = actor}});
    Answer answer = receipted(Code::cancelled, context);
    answer.order = campaign.view(index);
    answer.order->state = OrderState::cancelled;
    if (const PlayState* play = campaign.play_owning(index)) {
        play->after_hold_ends(campaign, index, context, events);
    }
    serve_returned(campaign, context, events);
    return answer;
}

/// The kill released it already; its sweep had not come by yet.
Answer released_by_kill(const Campaign& campaign, RecordIndex index, const Context& context,
                        Events& events) {
    Answer answer = release(campaign, index, ReleaseReason::killed, Actor{}, context, events);
    answer.code = Code::order_closed;
    return answer;
}

}  // namespace

Answer decide_cancel(const Campaign& campaign, const CancelOrder& cancel, const Context& context,
                     Events& events) {
    const Phase phase = campaign.phase(context.now);
    if (phase == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    const RecordIndex index = campaign.book().find_order(cancel.order);
    if (index == no_record || campaign.book().order(index).buyer != cancel.buyer) {
        return answer_of(Code::order_unknown, context);
    }
    if (campaign.book().order(index).state != OrderState::held) {
        return closed(campaign, index, context);
    }
    if (phase == Phase::killed) {
        return released_by_kill(campaign, index, context, events);
    }
    return release(campaign, index, ReleaseReason::buyer, Actor{}, context, events);
}

Answer decide_expiry(const Campaign& campaign, const ExpireHold& expire, const Context& context,
                     Events& events) {
    const RecordIndex index = campaign.book().find_order(expire.order);
    if (index == no_record || campaign.book().order(index).state != OrderState::held ||
        context.now < campaign.book().order(index).pay_by) {
        return answer_of(Code::ok, context);
    }
    if (campaign.was_killed()) {
        return release(campaign, index, ReleaseReason::killed, Actor{}, context, events);
    }
    events.emplace_back(OrderEvent{HoldExpired{.order = expire.order}});
    if (const PlayState* play = campaign.play_owning(index)) {
        play->after_hold_ends(campaign, index, context, events);
    }
    serve_returned(campaign, context, events);
    return receipted(Code::ok, context);
}

Answer decide_release(const Campaign& campaign, const ReleaseOrder& asked, const Context& context,
                      Events& events) {
    const RecordIndex index = campaign.book().find_order(asked.order);
    if (index == no_record) {
        return answer_of(Code::order_unknown, context);
    }
    if (campaign.book().order(index).state != OrderState::held) {
        return closed(campaign, index, context);
    }
    if (campaign.was_killed()) {
        return released_by_kill(campaign, index, context, events);
    }
    return release(campaign, index, ReleaseReason::op, asked.actor, context, events);
}

}  // namespace stampede::campaigns
