// SPDX-License-Identifier: Apache-2.0
// 好友助力 in words and bytes: its parameters judged all at once, its events in the journal, what
// the mall is told. Pure, any thread. Little-endian; ids and buyers are eight bytes, `flag` is one
// byte, 0 or 1, other widths stand in brackets (an instant of 6 as field_reader.hpp says).
//
//   configuration      tiers: count (1), each: helpers_needed (4), item (2), quantity (4) |
//                      helps per campaign, per day: flag, and if 1 number (4) each |
//                      helper_new_only flag | launches (4) | valid ms | days (helper_terms.hpp)
//   RallyLaunched (1)  rally | starter | deadline (6)
//   RallyHelped (2)    rally | helper | day (4) | new_helper flag | then (1)
//   RewardGranted (3)  rally | tier (1) | order | starter | item (2) | item_id | quantity (4) |
//                      helpers (4)
//   RewardRanOut (4)   rally | tier (1)
//   RallyLapsed (5)    rally
//   RalliesSwept (6)   first (4) | count (4), 1..512 | as (1)
#include <string>
#include <utility>

#include "campaigns/campaign_draft.hpp"
#include "campaigns/draft_rules.hpp"
#include "campaigns/event_family.hpp"
#include "campaigns/event_fields.hpp"
#include "campaigns/friend_help.hpp"
#include "campaigns/helper_terms.hpp"
#include "campaigns/settlement_writer.hpp"

namespace stampede::campaigns {

std::string_view text(RallyState state) {
    switch (state) {
        case RallyState::open:
            return "open";
        case RallyState::complete:
            return "complete";
        case RallyState::lapsed:
            return "lapsed";
        case RallyState::cancelled:
            return "cancelled";
    }
    unreachable("a rally's state without a text");
}

std::string_view text(RewardState state) {
    switch (state) {
        case RewardState::waiting:
            return "waiting";
        case RewardState::granted:
            return "granted";
        case RewardState::ran_out:
            return "ran_out";
    }
    unreachable("a reward's state without a text");
}

// Parameters -------------------------------------------------------------------------------------

namespace {

std::optional<RewardTier> judge_tier(const RewardTierDraft& draft, const std::string& place,
                                     const CampaignConfig& config, FieldNotes& errors) {
    const auto helpers =
        judge_number(errors, place + ".helpers_needed", draft.helpers_needed, std::nullopt,
                     {1, static_cast<std::int64_t>(limits::helpers_per_rally_max)});
    const auto quantity =
        judge_number(errors, place + ".quantity", draft.quantity, 1, {1, limits::stock_max});
    const auto item = find_item(config, draft.item_id.value_or(std::string{}));
    if (!draft.item_id) {
        errors.add(place + ".item_id", "is required");
    } else if (!item) {
        errors.add(place + ".item_id", "is not among the campaign's items");
    }
    if (!helpers || !quantity || !item) {
        return std::nullopt;
    }
    if (Quantity{*quantity} > config.items[*item].stock) {
        errors.add(place + ".quantity", "is more than the stock of its item: it is never granted");
    }
    return RewardTier{.helpers_needed = static_cast<std::uint32_t>(*helpers),
                      .item = *item,
                      .quantity = Quantity{*quantity}};
}

void judge_tiers(const FriendHelpDraft& draft, const CampaignConfig& config, FriendHelpTerms& terms,
                 FieldNotes& errors) {
    if (!draft.tiers) {
        errors.add("friend_help.tiers", "is required");
        return;
    }
    if (draft.tiers->empty() || draft.tiers->size() > limits::reward_tiers_max) {
        errors.add("friend_help.tiers",
                   "must have 1 to " + std::to_string(limits::reward_tiers_max) + " tiers");
        return;
    }
    std::int64_t before = 0;
    for (std::size_t at = 0; at < draft.tiers->size(); ++at) {
        const RewardTierDraft& tier = (*draft.tiers)[at];
        const std::string place = element_path("friend_help.tiers", at);
        if (tier.helpers_needed && *tier.helpers_needed <= before) {
            errors.add(place + ".helpers_needed", "must rise from tier to tier");
        }
        before = tier.helpers_needed.value_or(before);
        if (const auto judged = judge_tier(tier, place, config, errors)) {
            terms.tiers.push_back(*judged);
        }
    }
}

/// A reward is an order and counts as one: what the tiers promise a buyer must be within his limit.
void judge_quota(const CampaignDraft& campaign, const FriendHelpTerms& terms,
                 CampaignConfig& config, FieldNotes& errors) {
    std::int64_t promised = 0;
    for (const RewardTier& tier : terms.tiers) {
        promised += tier.quantity.units() * terms.launches_per_buyer;
    }
    if (!campaign.limits.per_buyer && promised <= limits::stock_max) {
        config.limits.per_buyer = std::max(config.limits.per_buyer, promised);
    } else if (promised > config.limits.per_buyer) {
        errors.add("limits.per_buyer", "must be at least " + std::to_string(promised) +
                                           ", the units of all tiers times launches_per_buyer");
    }
    if (config.limits.per_buyer_per_slot) {
        errors.add("limits.per_buyer_per_slot", "must be left out: a reward comes with its helper");
    }
    if (config.limits.per_order_min > 1) {
        errors.add("limits.per_order_min", "must be 1: rewards are granted, not ordered");
    }
}

}  // namespace

void FriendHelp::judge(const Draft* given, const CampaignDraft& campaign, CampaignConfig& config,
                       FieldNotes& errors) {
    if (given == nullptr) {
        errors.add("friend_help", "is required for play friend_help");
        return;
    }
    const Draft& draft = *given;
    FriendHelpTerms terms;
    judge_tiers(draft, config, terms, errors);
    judge_helping("friend_help", {draft.helps_per_buyer, draft.helps_per_buyer_per_day, draft.days},
                  terms.helps, terms.days, errors);
    terms.helper_new_only = draft.helper_new_only.value_or(false);
    const auto launches =
        judge_number(errors, "friend_help.launches_per_buyer", draft.launches_per_buyer, 1,
                     {1, friend_help_bounds::launches_max});
    const auto valid = judge_number(
        errors, "friend_help.valid_seconds", draft.valid_seconds, 86'400,
        {friend_help_bounds::valid_seconds_min, friend_help_bounds::valid_seconds_max});
    terms.launches_per_buyer = static_cast<std::uint32_t>(launches.value_or(1));
    terms.valid = Duration::seconds(valid.value_or(0));
    judge_quota(campaign, terms, config, errors);
    if (config.ticket == Ticket::required) {
        errors.add("ticket", "must be off: nothing is bought when a rally is launched");
    }
    for (std::size_t at = 0; at < config.items.size(); ++at) {
        if (config.items[at].slot_stock > Quantity{0}) {
            errors.add(element_path("items", at, "slot_stock"),
                       "must be left out: a reward is taken when its tier is reached");
        }
    }
    config.terms = std::move(terms);
}

void FriendHelp::lint(const CampaignConfig& config, FieldNotes& warnings) {
    const auto& terms = std::get<FriendHelpTerms>(config.terms);
    std::vector<bool> is_reward(config.items.size());
    for (const RewardTier& tier : terms.tiers) {
        is_reward[tier.item] = true;
    }
    for (std::size_t at = 0; at < is_reward.size(); ++at) {
        if (!is_reward[at]) {
            warnings.add(element_path("items", at), "is the reward of no tier");
        }
    }
    if (!terms.helper_new_only && !terms.helps.per_campaign && !terms.helps.per_day) {
        warnings.add("friend_help.helps_per_buyer",
                     "is not given: a few accounts may help everybody");
    }
    if (terms.valid > config.ends_at - config.starts_at) {
        warnings.add("friend_help.valid_seconds",
                     "is longer than the sale: rallies end with the sale");
    }
}

std::size_t FriendHelp::bytes_max(const Terms& terms) {
    return 64 + terms.tiers.size() * 10 + days_bytes(terms.days);
}

void FriendHelp::put(const Terms& terms, ByteWriter& out) {
    out.put(static_cast<std::uint8_t>(terms.tiers.size()));
    for (const RewardTier& tier : terms.tiers) {
        out.put(tier.helpers_needed);
        out.put(tier.item);
        put_line_quantity(out, tier.quantity);
    }
    put_limits(out, terms.helps);
    out.put(static_cast<std::uint8_t>(terms.helper_new_only));
    out.put(terms.launches_per_buyer);
    out.put(terms.valid);
    put_days(out, terms.days);
}

void FriendHelp::get(FieldReader& in, Terms& terms) {
    const std::size_t tiers = in.count<std::uint8_t>(1, limits::reward_tiers_max);
    std::uint32_t before = 0;
    for (std::size_t at = 0; at < tiers && in.ok(); ++at) {
        RewardTier tier;
        tier.helpers_needed = in.get<std::uint32_t>();
        in.must(tier.helpers_needed > std::exchange(before, tier.helpers_needed));
        tier.item = in.item_position();
        tier.quantity = in.line_quantity();
        terms.tiers.push_back(tier);
    }
    terms.helps = get_limits(in);
    terms.helper_new_only = in.flag();
    terms.launches_per_buyer = in.get<std::uint32_t>();
    terms.valid = in.duration();
    terms.days = get_days(in);
}

// Events -----------------------------------------------------------------------------------------

namespace {

std::uint8_t get_tier(FieldReader& in) {
    const auto tier = in.get<std::uint8_t>();
    in.must(tier < limits::reward_tiers_max);
    return tier;
}

}  // namespace

template <>
struct EventLayout<RallyLaunched> {
    static constexpr std::string_view name = "RallyLaunched";
    static void put(const RallyLaunched& event, ByteWriter& out) {
        out.put(event.rally);
        out.put(event.starter);
        put_short<short_instant_bytes>(out, event.deadline.ms());
    }
    static void get(FieldReader& in, RallyLaunched& event) {
        event.rally = in.get<RallyId>();
        event.starter = in.get<BuyerId>();
        event.deadline = Instant{in.get_short<short_instant_bytes>()};
    }
};

template <>
struct EventLayout<RallyHelped> {
    static constexpr std::string_view name = "RallyHelped";
    static void put(const RallyHelped& event, ByteWriter& out) {
        out.put(event.rally);
        out.put(event.helper);
        out.put(event.day);
        out.put(static_cast<std::uint8_t>(event.new_helper));
        out.put(event.then);
    }
    static void get(FieldReader& in, RallyHelped& event) {
        event.rally = in.get<RallyId>();
        event.helper = in.get<BuyerId>();
        event.day = in.get<std::uint32_t>();
        event.new_helper = in.flag();
        event.then = in.one_of(RallyState::open, RallyState::complete);
    }
};

template <>
struct EventLayout<RewardGranted> {
    static constexpr std::string_view name = "RewardGranted";
    static void put(const RewardGranted& event, ByteWriter& out) {
        out.put(event.rally);
        out.put(event.tier);
        out.put(event.order);
        out.put(event.starter);
        out.put(event.item);
        out.put(event.item_id);
        put_line_quantity(out, event.quantity);
        out.put(event.helpers);
    }
    static void get(FieldReader& in, RewardGranted& event) {
        event.rally = in.get<RallyId>();
        event.tier = get_tier(in);
        event.order = in.get<OrderId>();
        event.starter = in.get<BuyerId>();
        event.item = in.item_position();
        event.item_id = in.inline_text<ItemId>();
        event.quantity = in.line_quantity();
        event.helpers = in.get<std::uint32_t>();
    }
};

template <>
struct EventLayout<RewardRanOut> {
    static constexpr std::string_view name = "RewardRanOut";
    static void put(const RewardRanOut& event, ByteWriter& out) {
        out.put(event.rally);
        out.put(event.tier);
    }
    static void get(FieldReader& in, RewardRanOut& event) {
        event.rally = in.get<RallyId>();
        event.tier = get_tier(in);
    }
};

template <>
struct EventLayout<RallyLapsed> {
    static constexpr std::string_view name = "RallyLapsed";
    static void put(const RallyLapsed& event, ByteWriter& out) { out.put(event.rally); }
    static void get(FieldReader& in, RallyLapsed& event) { event.rally = in.get<RallyId>(); }
};

template <>
struct EventLayout<RalliesSwept> {
    static constexpr std::string_view name = "RalliesSwept";
    static void put(const RalliesSwept& event, ByteWriter& out) {
        out.put(event.first);
        out.put(event.count);
        out.put(event.as);
    }
    static void get(FieldReader& in, RalliesSwept& event) {
        event.first = in.get<RecordIndex>();
        event.count =
            static_cast<std::uint32_t>(in.count<std::uint32_t>(1, limits::records_per_event_max));
        event.as = in.one_of(RallyState::lapsed, RallyState::cancelled);
    }
};

EventFamily FriendHelp::events() {
    return family_of<Event>(static_cast<Family>(play));
}

// As `stampede journal print` shows them ---------------------------------------------------------

void show(const RallyLaunched& event, EventFields& fields) {
    fields.id("rally_id", event.rally.raw());
    fields.buyer("buyer_id", event.starter);
    fields.time("deadline_ms", event.deadline);
}
void show(const RallyHelped& event, EventFields& fields) {
    fields.id("rally_id", event.rally.raw());
    fields.buyer("buyer_id", event.helper);
    fields.flag("new_helper", event.new_helper);
    fields.text("state", text(event.then));
}
void show(const RewardGranted& event, EventFields& fields) {
    fields.id("rally_id", event.rally.raw());
    fields.number("tier", event.tier);
    fields.id("order_id", event.order.raw());
    fields.buyer("buyer_id", event.starter);
    fields.text("item_id", event.item_id.view());
    fields.units("quantity", event.quantity);
    fields.number("helpers", event.helpers);
}
void show(const RewardRanOut& event, EventFields& fields) {
    fields.id("rally_id", event.rally.raw());
    fields.number("tier", event.tier);
}
void show(const RallyLapsed& event, EventFields& fields) {
    fields.id("rally_id", event.rally.raw());
}
void show(const RalliesSwept& event, EventFields& fields) {
    fields.number("first", event.first);
    fields.number("count", event.count);
    fields.text("state", text(event.as));
}

// What the mall is told: of each reward, beside the order that it is -----------------------------

void settle(const RewardGranted& event, SettlementWriter& out) {
    JsonObject payload = out.about_order(event.order);
    payload.text("rally_id", SettlementWriter::id_text(event.rally.raw()))
        .text("buyer_id", std::to_string(event.starter.raw()))
        .text("item_id", event.item_id.view())
        .integer("quantity", event.quantity.units())
        .integer("helpers", event.helpers);
    out.tell("REWARD_GRANTED", event.order, std::move(payload));
}
void settle(const RallyLaunched& /*event*/, SettlementWriter& /*out*/) {}
void settle(const RallyHelped& /*event*/, SettlementWriter& /*out*/) {}
void settle(const RewardRanOut& /*event*/, SettlementWriter& /*out*/) {}
void settle(const RallyLapsed& /*event*/, SettlementWriter& /*out*/) {}
void settle(const RalliesSwept& /*event*/, SettlementWriter& /*out*/) {}

}  // namespace stampede::campaigns
