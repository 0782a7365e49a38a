// SPDX-License-Identifier: Apache-2.0
// The life of a campaign: what operators may do with it, and what time does. Mass work (a kill's
// sweep, handing stock back) is done a bounded step at a time by decide_advance().
#include <algorithm>

#include "campaigns/rules.hpp"

namespace stampede::campaigns {

namespace {

Answer refused(Code code, const char* detail, const Campaign& campaign, const Context& context) {
    Answer answer = answer_of(code, context);
    answer.detail = detail;
    answer.campaign = campaign.id();
    answer.campaign_state = campaign.state();
    answer.version = campaign.version();
    return answer;
}

Answer changed(const Campaign& campaign, CampaignState state, const Context& context) {
    Answer answer = receipted(Code::ok, context);
    answer.campaign = campaign.id();
    answer.campaign_state = state;
    answer.version = campaign.version();
    return answer;
}

Answer enter(const Campaign& campaign, CampaignState to, const Actor& actor, const Context& context,
             Events& events) {
    events.emplace_back(
        CampaignEvent{CampaignStateChanged{.from = campaign.state(), .to = to, .actor = actor}});
    return changed(campaign, to, context);
}

bool is_running(CampaignState state) {
    return state == CampaignState::scheduled || state == CampaignState::warming ||
           state == CampaignState::live || state == CampaignState::paused ||
           state == CampaignState::ending;
}

/// Where a published campaign stands at `now`, by its times alone.
CampaignState state_by_time(const CampaignConfig& config, Instant now) {
    if (now >= config.ends_at) {
        return CampaignState::ending;
    }
    if (now >= config.starts_at) {
        return CampaignState::live;
    }
    return now >= config.starts_at - config.warmup ? CampaignState::warming
                                                   : CampaignState::scheduled;
}

/// While live only these may differ: a later end, reserves, the blocklist, limits upward, the
/// title.
const char* refuse_live_edit(const CampaignConfig& now, const CampaignConfig& next) {
    if (next.ends_at < now.ends_at) {
        return "ends_at: while the campaign is live its end can only move later";
    }
    const Limits& was = now.limits;
    const Limits& will = next.limits;
    if (will.per_buyer < was.per_buyer || will.per_order_max < was.per_order_max ||
        will.holds_per_buyer < was.holds_per_buyer || will.per_order_min != was.per_order_min ||
        (will.per_buyer_per_slot &&
         (!was.per_buyer_per_slot || *will.per_buyer_per_slot < *was.per_buyer_per_slot))) {
        return "limits: while the campaign is live limits can only rise";
    }
    if (next.items.size() != now.items.size()) {
        return "items: they cannot be added or removed while the campaign is live";
    }
    for (std::size_t at = 0; at < now.items.size(); ++at) {
        const ItemConfig& a = now.items[at];
        const ItemConfig& b = next.items[at];
        if (a.item_id != b.item_id || a.price != b.price || a.list_price != b.list_price ||
            a.slot_stock != b.slot_stock) {
            return "items: ids, prices and slot_stock cannot change while the campaign is live";
        }
    }
    const bool same_slots = next.slots_json == now.slots_json && next.timezone == now.timezone;
    if (next.play != now.play || next.terms != now.terms || next.starts_at != now.starts_at ||
        !same_slots || next.hold != now.hold || next.min_pay != now.min_pay ||
        next.warmup != now.warmup || next.stock_source != now.stock_source ||
        next.late_payment != now.late_payment || next.restock != now.restock ||
        next.quota_on_refund != now.quota_on_refund || next.ticket != now.ticket ||
        next.resell_after_end != now.resell_after_end || next.zero_price != now.zero_price ||
        next.waitlist != now.waitlist ||
        next.audience.new_buyers_only != now.audience.new_buyers_only ||
        next.audience.segments_any != now.audience.segments_any ||
        next.audience.level_min != now.audience.level_min ||
        next.audience.allowlist != now.audience.allowlist) {
        return "while the campaign is live only ends_at, reserve, blocklist and limits can change";
    }
    return nullptr;
}

/// Reserves that available cannot bear, or more of them at once than one event may touch.
const char* refuse_reserves(const Campaign& campaign, const CampaignConfig& next) {
    std::size_t touched = 0;
    for (std::uint16_t item = 0; item < campaign.item_count(); ++item) {
        const StockCell& cell = campaign.cell(item);
        const Quantity reserve = next.items[item].reserve;
        if (reserve == cell.reserve()) {
            continue;
        }
        if (++touched > limits::records_per_event_max) {
            return "items: too many reserves change at once; at most 512 in one edit";
        }
        if (reserve - cell.reserve() > cell.available()) {
            return "items: a reserve is larger than what is still available";
        }
    }
    return nullptr;
}

/// The next items' stock back to the mall, and the end of the campaign with the last of them.
Answer hand_back(const Campaign& campaign, const Context& context, Events& events) {
    StockHandedBack back;
    const std::size_t first = campaign.handback_next();
    const std::size_t past = std::min(campaign.item_count(), first + limits::records_per_event_max);
    for (std::size_t at = first; at < past; ++at) {
        const auto item = static_cast<std::uint16_t>(at);
        const StockCell& cell = campaign.cell(item);
        back.parts.push_back({.item = item,
                              .item_id = campaign.config().items[item].item_id,
                              .units = cell.available() + cell.reserve()});
    }
    if (!back.parts.empty()) {
        events.emplace_back(CampaignEvent{back});
    }
    return receipted(Code::ok, context);
}

bool gives_back(const Campaign& campaign) {
    return campaign.config().stock_source == StockSource::carved_out &&
           campaign.handback_next() < campaign.item_count();
}

}  // namespace

Answer decide_revision(const Campaign& campaign, const ReviseCampaign& revise,
                       const Context& context, Events& events) {
    if (revise.version != campaign.version()) {
        return refused(Code::stale_version, "somebody changed this campaign since you read it",
                       campaign, context);
    }
    const bool is_early = campaign.has_not_begun() && (campaign.state() == CampaignState::draft ||
                                                       context.now < campaign.config().starts_at);
    if (!is_early) {
        if (campaign.state() != CampaignState::live && campaign.state() != CampaignState::paused) {
            return refused(Code::wrong_state, "a campaign that is over cannot be edited", campaign,
                           context);
        }
        if (const char* why = refuse_live_edit(campaign.config(), *revise.config)) {
            return refused(Code::draft_invalid, why, campaign, context);
        }
        if (const char* why = refuse_reserves(campaign, *revise.config)) {
            return refused(Code::draft_invalid, why, campaign, context);
        }
        if (campaign.blocked_count() - campaign.config().audience.blocklist.size() +
                revise.config->audience.blocklist.size() >
            limits::blocklist_max) {
            return refused(Code::draft_invalid, "audience.blocklist: too many buyers", campaign,
                           context);
        }
    }
    if (campaign.state() != CampaignState::draft && revise.config->play != campaign.config().play) {
        return refused(Code::draft_invalid, "play: it cannot change once it is published", campaign,
                       context);
    }
    events.emplace_back(CampaignEvent{CampaignRevised{
        .version = campaign.version() + 1, .config = revise.config, .actor = revise.actor}});
    const bool warms_up_again = campaign.state() == CampaignState::warming;
    Answer answer =
        changed(campaign, warms_up_again ? CampaignState::scheduled : campaign.state(), context);
    answer.version = campaign.version() + 1;
    return answer;
}

Answer decide_change(const Campaign& campaign, const ChangeCampaign& change, const Context& context,
                     Events& events) {
    const CampaignState state = campaign.state();
    const auto wrong = [&](const char* detail) {
        return refused(Code::wrong_state, detail, campaign, context);
    };
    const auto go = [&](CampaignState to) {
        return enter(campaign, to, change.actor, context, events);
    };
    switch (change.verb) {
        case Verb::publish: {
            if (state != CampaignState::draft) {
                return wrong("only a draft can be published");
            }
            if (change.four_eyes == FourEyes::on && change.actor == campaign.editor()) {
                return wrong("four_eyes: whoever edited it last cannot publish it");
            }
            if (context.now >= campaign.config().ends_at) {
                return wrong("ends_at has passed; edit the draft first");
            }
            const bool needs_seed = campaign.play() != nullptr && campaign.seed() == nullptr;
            if (needs_seed && change.fresh_seed == SeedBytes{}) {
                return wrong("no random bytes came with it for the seed of its draws");
            }
            Answer answer = go(state_by_time(campaign.config(), context.now));
            if (needs_seed) {
                events.emplace_back(CampaignEvent{SeedCommitted{.seed = change.fresh_seed}});
            }
            return answer;
        }
        case Verb::pause:
            if (state == CampaignState::paused) {
                return wrong("it is paused already");
            }
            return is_running(state) && state != CampaignState::ending
                       ? go(CampaignState::paused)
                       : wrong("only a running campaign can be paused");
        case Verb::resume:
            return state == CampaignState::paused
                       ? go(state_by_time(campaign.config(), context.now))
                       : wrong("only a paused campaign can be resumed");
        case Verb::end:
            return is_running(state) && state != CampaignState::ending
                       ? go(CampaignState::ending)
                       : wrong("only a running campaign can be ended");
        case Verb::kill:
            return is_running(state) ? go(CampaignState::killed)
                                     : wrong("only a running campaign can be killed");
        case Verb::archive:
            if (state != CampaignState::settled) {
                return wrong("only a settled campaign can be archived");
            }
            if (context.now < *campaign.ended_at() + archive_wait) {
                return wrong("it ended less than 48 h ago; late payments may still come");
            }
            if (campaign.book().kept_payments() > 0) {
                return wrong("a late payment waits for a decision; resolve its order first");
            }
            if (campaign.book().refunds_due() > 0) {
                return wrong("an order is still refund_due; report its refund first");
            }
            return go(CampaignState::archived);
    }
    unreachable();
}

Answer decide_stock(const Campaign& campaign, const AdjustStock& adjust, const Context& context,
                    Events& events) {
    const auto item = find_item(campaign.config(), adjust.item_id.view());
    if (!item) {
        return answer_of(Code::item_unknown, context);
    }
    if (!is_running(campaign.state())) {
        return refused(Code::wrong_state,
                       campaign.state() == CampaignState::draft
                           ? "edit the draft's stock instead"
                           : "the stock of a campaign that is over cannot change",
                       campaign, context);
    }
    if (campaign.handback_next() > 0) {
        return refused(Code::wrong_state, "the sale is over; its stock goes back to the mall",
                       campaign, context);
    }
    const StockCell& cell = campaign.cell(*item);
    if (cell.available().units() + adjust.delta < 0) {
        Answer answer = refused(Code::stock_cut_too_large,
                                "fewer units are available than the cut takes", campaign, context);
        answer.left = cell.available();
        return answer;
    }
    if (adjust.delta > limits::stock_max - cell.total().units()) {
        return refused(Code::stock_cut_too_large, "more stock than an item can have", campaign,
                       context);
    }
    events.emplace_back(CampaignEvent{StockAdjusted{
        .item = *item, .delta = adjust.delta, .reason = adjust.reason, .actor = adjust.actor}});
    Answer answer = changed(campaign, campaign.state(), context);
    answer.version += campaign.is_before_start(context.now) ? 1U : 0U;
    return answer;
}

Answer decide_blocking(const Campaign& campaign, const BlockBuyers& block, const Context& context,
                       Events& events) {
    if (campaign.blocked_count() + block.buyers.size() > limits::blocklist_max) {
        return refused(Code::draft_invalid, "buyers: the blocklist is full", campaign, context);
    }
    events.emplace_back(CampaignEvent{BuyersBlocked{.buyers = block.buyers, .actor = block.actor}});
    return changed(campaign, campaign.state(), context);
}

Answer decide_advance(const Campaign& campaign, const Context& context, Events& events) {
    const CampaignState state = campaign.state();
    const PlayState* const play = campaign.play();
    switch (state) {
        case CampaignState::scheduled:
        case CampaignState::warming:
        case CampaignState::live: {
            const CampaignState to = state_by_time(campaign.config(), context.now);
            if (to != state && to != CampaignState::scheduled) {
                return enter(campaign, to, Actor{}, context, events);
            }
            return can_serve_line(campaign, context.now, context.selling)
                       ? serve_line(campaign, context, events)
                       : answer_of(Code::ok, context);
        }
        case CampaignState::paused:
            return context.now >= campaign.config().ends_at
                       ? enter(campaign, CampaignState::ending, Actor{}, context, events)
                       : answer_of(Code::ok, context);
        case CampaignState::ending:
            if (can_serve_line(campaign, context.now, context.selling)) {
                return serve_line(campaign, context, events);
            }
            if (line_waits_for_selling(campaign, context.now, context.selling)) {
                return answer_of(Code::ok, context);
            }
            if (play != nullptr && play->has_chore(campaign)) {
                play->decide_chore(campaign, context, events);
                return receipted(Code::ok, context);
            }
            if (campaign.book().open_holds() > 0 || (play != nullptr && play->has_open_records())) {
                return answer_of(Code::ok, context);
            }
            return gives_back(campaign)
                       ? hand_back(campaign, context, events)
                       : enter(campaign, CampaignState::ended, Actor{}, context, events);
        case CampaignState::killed:
            if (play != nullptr && play->has_chore(campaign)) {
                play->decide_chore(campaign, context, events);
                return receipted(Code::ok, context);
            }
            if (campaign.sweep_next() < campaign.book().order_count()) {
                const RecordIndex left = campaign.book().order_count() - campaign.sweep_next();
                events.emplace_back(OrderEvent{HoldsSwept{
                    .first = campaign.sweep_next(),
                    .count = std::min<RecordIndex>(left, limits::records_per_event_max)}});
                return receipted(Code::ok, context);
            }
            return gives_back(campaign) ? hand_back(campaign, context, events)
                                        : answer_of(Code::ok, context);
        case CampaignState::draft:
        case CampaignState::ended:
        case CampaignState::settled:
        case CampaignState::archived:
            return answer_of(Code::ok, context);
    }
    unreachable();
}

Answer decide_settled(const Campaign& campaign, const Context& context, Events& events) {
    const bool is_over = campaign.state() == CampaignState::ended ||
                         (campaign.state() == CampaignState::killed && !campaign.has_mass_work());
    return is_over ? enter(campaign, CampaignState::settled, Actor{}, context, events)
                   : answer_of(Code::ok, context);
}

}  // namespace stampede::campaigns
