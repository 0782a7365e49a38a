// SPDX-License-Identifier: Apache-2.0
// 砍价: launch, cut, order. decide_cut() read from top to bottom is the rule; the order of its
// refusals is part of the contract. A cut is decided from the price as it stands in the same step
// that changes it, so that none is lost and their sum is the way from the start price.
#include <algorithm>

#include "campaigns/bargains.hpp"
#include "campaigns/campaign.hpp"
#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

std::optional<RecordIndex> newest_running_of(const BargainBook& book, BuyerId starter) {
    // At most open_launches_per_buyer of them run, and all were launched within launches_per_buyer.
    RecordIndex at = book.starter(starter).last;
    while (at != no_record && !is_running(book.bargain(at).state)) {
        at = book.bargain(at).previous_of_starter;
    }
    return at == no_record ? std::nullopt : std::optional{at};
}

/// The bargain as it stands, told beside a refusal or a repeated act.
Answer about(const Campaign& campaign, RecordIndex bargain, Code code, const Context& context) {
    Answer answer = answer_of(code, context);
    answer.record = bargains_of(campaign).view_of(campaign, bargain);
    return answer;
}

std::optional<Answer> refuse_launches(const Campaign& campaign, BuyerId buyer,
                                      const Context& context) {
    const BargainBook& book = bargains_of(campaign).book();
    const auto& terms = std::get<BargainTerms>(campaign.config().terms);
    const StarterRecord starter = book.starter(buyer);
    if (starter.running >= terms.open_launches_per_buyer) {
        const auto running = newest_running_of(book, buyer);
        check(running.has_value(), "a starter's running bargain is not among his bargains");
        return about(campaign, *running, Code::launch_exists, context);
    }
    if (starter.launches >= terms.launches_per_buyer) {
        return answer_of(Code::launch_limit, context);
    }
    return std::nullopt;
}

BargainView launched_view(const Campaign& campaign, const BargainLaunched& event, Instant now) {
    const ItemConfig& item = campaign.config().items[event.item];
    const CutRules& cuts = terms_of(campaign, event.item).cuts;
    BargainView view;
    view.bargain_id = event.bargain;
    view.item_id = item.item_id;
    view.starter = event.starter;
    view.start_price = cuts.start_price;
    view.floor_price = cuts.floor_price;
    view.current_price = cuts.start_price - event.first_cut;
    view.helpers_needed = cuts.helpers;
    view.deadline = event.deadline;
    if (event.first_cut > Money{0}) {
        view.cuts.push_back({.amount = event.first_cut, .at = now, .first = true});
    }
    return view;
}

/// What becomes of a bargain by the cut that leaves `rest` above its floor.
BargainState state_after_cut(const Campaign& campaign, const BargainRecord& bargain, Money rest) {
    if (rest > Money{0}) {
        return BargainState::open;
    }
    const bool takes_unit = terms_of(campaign, bargain.item).stock_at == StockAt::floor;
    return takes_unit && campaign.cell(bargain.item).available() == Quantity{0}
               ? BargainState::sold_out
               : BargainState::reached;
}

}  // namespace

Answer decide_launch(const Campaign& campaign, const LaunchBargain& launch, const Context& context,
                     Events& events) {
    const CampaignConfig& config = campaign.config();
    const Phase phase = campaign.phase(context.now);
    if (phase == Phase::unknown) {
        return answer_of(Code::campaign_unknown, context);
    }
    const auto item = find_item(config, launch.item_id.view());
    if (!item) {
        return answer_of(Code::item_unknown, context);
    }
    if (auto refused = refuse_by_time(campaign, context)) {
        return *refused;
    }
    if (phase == Phase::ending) {
        return answer_of(Code::ended, context);  // units that return are sold, not bargained for
    }
    if (campaign.is_blocked(launch.buyer.id)) {
        return answer_of(Code::blocked, context);
    }
    if (const auto refused = refuse_order_limits(config, Quantity{1})) {
        return answer_of(*refused, context);
    }
    if (const auto refused = refuse_audience(campaign, launch.buyer)) {
        return answer_of(*refused, context);
    }
    if (auto refused = refuse_quota(campaign, launch.buyer.id, Quantity{1}, context)) {
        return *refused;
    }
    if (auto refused = refuse_launches(campaign, launch.buyer.id, context)) {
        return *refused;
    }
    if (campaign.cell(*item).available() == Quantity{0}) {
        return sold_out(campaign, *item, context);
    }
    if (auto refused = refuse_while_stopped(context)) {
        return *refused;
    }
    if (bargains_of(campaign).book().count() >= limits::bargains_per_campaign_max) {
        return busy("this campaign has had as many bargains as it can", context);
    }
    const auto& terms = std::get<BargainTerms>(config.terms);
    const BargainItemTerms& of_item = terms.items[*item];
    const Instant deadline = context.now + of_item.valid;
    const BargainLaunched launched{
        .bargain = BargainId{context.next_id},
        .starter = launch.buyer.id,
        .item = *item,
        .deadline = terms.close_with_campaign ? std::min(deadline, config.ends_at) : deadline,
        .first_cut = of_item.cuts.first_cut};
    events.emplace_back(BargainPlay::Event{launched});
    Answer answer = receipted(Code::ok, context);
    answer.record = launched_view(campaign, launched, context.now);
    return answer;
}

namespace {

/// In the contract's order; nothing of it uses the helper's quota.
std::optional<Answer> refuse_cut(const Campaign& campaign, RecordIndex index, const CutBargain& cut,
                                 std::uint32_t day, const Context& context) {
    const BargainBook& book = bargains_of(campaign).book();
    const auto& terms = std::get<BargainTerms>(campaign.config().terms);
    const BuyerId helper = cut.buyer.id;
    const Phase phase = campaign.phase(context.now);
    if (phase == Phase::paused || phase == Phase::killed) {
        return answer_of(phase == Phase::paused ? Code::paused : Code::killed, context);
    }
    if (campaign.is_blocked(helper)) {
        return answer_of(Code::blocked, context);
    }
    const BargainRecord& bargain = book.bargain(index);
    if (helper == bargain.starter) {
        return about(campaign, index, Code::help_self, context);
    }
    const bool is_over = ended_by_time(campaign, bargain, bargain.state, context.now).has_value();
    if (is_over || (!is_running(bargain.state) && bargain.state != BargainState::paid)) {
        return about(campaign, index, Code::bargain_ended, context);
    }
    if (book.helpers().find_help(index, helper) != no_record) {
        return about(campaign, index, Code::help_repeat, context);
    }
    if (bargain.state != BargainState::open) {
        return about(campaign, index, Code::already_done, context);
    }
    if (terms.mutual_help == MutualHelp::block &&
        book.helpers().has_helped(bargain.starter, helper)) {
        return about(campaign, index, Code::help_mutual, context);
    }
    if (book.helpers().is_at_limit(helper, day, terms.helps)) {
        return about(campaign, index, Code::help_limit, context);
    }
    if (auto refused = refuse_while_stopped(context)) {
        return refused;
    }
    if (book.helpers().help_count() >= limits::helps_per_campaign_max) {
        return busy("this campaign has had as many cuts as it can", context);
    }
    return std::nullopt;
}

/// The amount, and what the bargain is after it.
BargainCut next_cut(const Campaign& campaign, RecordIndex index, const CutBargain& cut,
                    std::uint32_t day, Instant now) {
    const BargainBook& book = bargains_of(campaign).book();
    const BargainRecord& bargain = book.bargain(index);
    const BargainItemTerms& terms = terms_of(campaign, bargain.item);
    const Money rest = bargain.current - terms.cuts.floor_price;
    const std::uint32_t ordinal = book.helpers().tally(index).helps + 1;
    BargainCut next;
    next.bargain = bargain.id;
    next.helper = cut.buyer.id;
    next.day = day;
    next.new_helper = (cut.buyer.segments & 1U) != 0;
    const HelperNovelty novelty = next.new_helper ? HelperNovelty::new_buyer : HelperNovelty::known;
    next.amount = cut_amount(terms.cuts, {.rest = rest, .ordinal = ordinal, .novelty = novelty},
                             bits_of_cut(*campaign.seed(), bargain.id.raw(), ordinal));
    next.then = state_after_cut(campaign, bargain, rest - next.amount);
    if (next.then == BargainState::reached) {
        next.pay_until = now + terms.pay;
    }
    return next;
}

}  // namespace

Answer decide_cut(const Campaign& campaign, const CutBargain& cut, const Context& context,
                  Events& events) {
    const Bargains& bargains = bargains_of(campaign);
    const RecordIndex index = bargains.book().find(cut.bargain);
    if (index == no_record) {
        return answer_of(Code::bargain_unknown, context);
    }
    const auto& terms = std::get<BargainTerms>(campaign.config().terms);
    const std::uint32_t day = terms.days.day_of(context.now);
    if (auto refused = refuse_cut(campaign, index, cut, day, context)) {
        return *refused;
    }
    const BargainCut happened = next_cut(campaign, index, cut, day, context.now);
    events.emplace_back(BargainPlay::Event{happened});

    Answer answer = receipted(Code::cut, context);
    BargainView view = bargains.view_of(campaign, index);
    view.cut =
        CutView{.amount = happened.amount, .at = context.now, .new_helper = happened.new_helper};
    view.cuts.push_back(*view.cut);
    view.current_price -= happened.amount;
    view.state = happened.then;
    if (happened.then == BargainState::reached) {
        view.deadline = happened.pay_until;
    }
    if (view.helpers_needed) {
        --*view.helpers_needed;
    }
    answer.record = std::move(view);
    return answer;
}

namespace {

/// The price is 0: nothing is to be paid, and the order is confirmed with its hold.
Event confirmed_free(const Campaign& campaign, const BargainOrdered& ordered,
                     const BargainRecord& bargain, const HeldLine& line, const Context& context) {
    Event event =
        confirmation_of_free(campaign, ordered.order, bargain.starter, {&line, 1}, context);
    std::get<OrderConfirmed>(std::get<OrderEvent>(event)).record_id = bargain.id.raw();
    return event;
}

/// Whose bargain it is, and whether it can be bought in the state it is in.
std::optional<Answer> refuse_bargain_order(const Campaign& campaign, RecordIndex index,
                                           const Context& context) {
    const BargainRecord& bargain = bargains_of(campaign).book().bargain(index);
    const bool is_bought =
        bargain.state == BargainState::ordered || bargain.state == BargainState::paid;
    if (is_bought) {
        Answer answer = with_order(answer_of(Code::already_done, context), campaign, bargain.order,
                                   campaign.book().order(bargain.order).state);
        return answer;
    }
    if (!is_running(bargain.state) ||
        ended_by_time(campaign, bargain, bargain.state, context.now)) {
        return about(campaign, index, Code::bargain_ended, context);
    }
    if (bargain.state == BargainState::open &&
        terms_of(campaign, bargain.item).buy_at == BuyAt::floor) {
        return about(campaign, index, Code::floor_not_reached, context);
    }
    // Where nothing is to be paid no time to pay is needed.
    if (bargain.current > Money{0} && end_of(bargain) - context.now < campaign.config().min_pay) {
        return about(campaign, index, Code::bargain_ended, context);
    }
    return std::nullopt;
}

}  // namespace

Answer decide_bargain_order(const Campaign& campaign, const OrderBargain& wanted,
                            const Context& context, Events& events) {
    const CampaignConfig& config = campaign.config();
    const Bargains& bargains = bargains_of(campaign);
    const RecordIndex index = bargains.book().find(wanted.bargain);
    if (index == no_record || bargains.book().bargain(index).starter != wanted.buyer.id) {
        return answer_of(Code::bargain_unknown, context);
    }
    const Phase phase = campaign.phase(context.now);
    if (phase == Phase::paused || phase == Phase::killed) {
        return answer_of(phase == Phase::paused ? Code::paused : Code::killed, context);
    }
    if (campaign.is_blocked(wanted.buyer.id)) {
        return answer_of(Code::blocked, context);
    }
    if (auto refused = refuse_bargain_order(campaign, index, context)) {
        return *refused;
    }
    if (const auto refused = refuse_audience(campaign, wanted.buyer)) {
        return answer_of(*refused, context);
    }
    if (auto refused = refuse_quota(campaign, wanted.buyer.id, Quantity{1}, context)) {
        return *refused;
    }
    const BargainRecord& bargain = bargains.book().bargain(index);
    if (!bargain.keeps_unit && campaign.cell(bargain.item).available() == Quantity{0}) {
        return sold_out(campaign, bargain.item, context);
    }
    if (auto refused = refuse_while_stopped(context)) {
        return *refused;
    }
    const BargainOrdered ordered{.bargain = bargain.id,
                                 .order = OrderId{context.next_id},
                                 .price = bargain.current,
                                 .pay_by = std::min(context.now + config.hold, end_of(bargain))};
    const bool is_free = ordered.price == Money{0};
    const HeldLine line{.item = bargain.item, .quantity = Quantity{1}, .unit_price = ordered.price};
    Answer answer =
        held_answer(campaign, ordered.order, bargain.starter, ordered.pay_by, {&line, 1},
                    is_free ? OrderState::confirmed : OrderState::held, context);
    answer.order->record_id = bargain.id.raw();
    BargainView view = bargains.view_of(campaign, index);
    view.state = is_free ? BargainState::paid : BargainState::ordered;
    answer.record = std::move(view);
    events.emplace_back(BargainPlay::Event{ordered});
    if (is_free) {
        events.push_back(confirmed_free(campaign, ordered, bargain, line, context));
    }
    return answer;
}

Answer decide_bargain_cancel(const Campaign& campaign, const CancelBargain& cancel,
                             const Context& context, Events& events) {
    const Bargains& bargains = bargains_of(campaign);
    const RecordIndex index = bargains.book().find(cancel.bargain);
    if (index == no_record) {
        return answer_of(Code::bargain_unknown, context);
    }
    const BargainRecord& bargain = bargains.book().bargain(index);
    if (!is_running(state_of(campaign, bargain))) {
        Answer answer = about(campaign, index, Code::wrong_state, context);
        answer.detail = "only a bargain that is open, reached or ordered can be cancelled";
        return answer;
    }
    events.emplace_back(BargainPlay::Event{BargainClosed{
        .bargain = bargain.id, .as = BargainState::cancelled, .actor = cancel.actor}});
    if (bargain.state == BargainState::ordered) {
        events.emplace_back(
            OrderEvent{HoldReleased{.order = campaign.book().order(bargain.order).id,
                                    .reason = ReleaseReason::op,
                                    .actor = cancel.actor}});
    }
    Answer answer = receipted(Code::cancelled, context);
    BargainView view = bargains.view_of(campaign, index);
    view.state = BargainState::cancelled;
    answer.record = std::move(view);
    return answer;
}

Answer decide_bargain_expiry(const Campaign& campaign, const ExpireBargain& expire,
                             const Context& context, Events& events) {
    const BargainBook& book = bargains_of(campaign).book();
    const RecordIndex index = book.find(expire.bargain);
    if (index == no_record || campaign.was_killed()) {
        return answer_of(Code::ok, context);
    }
    const BargainRecord& bargain = book.bargain(index);
    const auto ended = ended_by_time(campaign, bargain, bargain.state, context.now);
    if (!ended) {
        return answer_of(Code::ok, context);
    }
    events.emplace_back(
        BargainPlay::Event{BargainClosed{.bargain = bargain.id, .as = *ended, .actor = Actor{}}});
    return receipted(Code::ok, context);
}

}  // namespace stampede::campaigns
