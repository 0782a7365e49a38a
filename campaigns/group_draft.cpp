// SPDX-License-Identifier: Apache-2.0
// The parameters of 拼团: judged in a draft, and as bytes of a configuration (little-endian; `opt`
// is a flag and, when it is 1, eight bytes):
//
//   size (2) | valid (8) | leader_price opt | tiers: count (1), each: size (2), price (8) |
//   open_groups_per_buyer (8) | groups_per_buyer opt | joins_per_buyer opt | single_price opt |
//   public_list flag | new_member_rule (1) | new_members_min (2) | simulate (1) | simulate_bp (2) |
//   lottery_winners (2) | overflow (1) | leader_exit (1) | leader_commission_bp (2) |
//   close_with_campaign flag
#include <algorithm>

#include "campaigns/draft_rules.hpp"
#include "campaigns/field_reader.hpp"
#include "campaigns/group_buy.hpp"

namespace stampede::campaigns {

std::string_view text(NewMemberRule rule) {
    switch (rule) {
        case NewMemberRule::none:
            return "none";
        case NewMemberRule::joiners_new_only:
            return "joiners_new_only";
        case NewMemberRule::at_least_new:
            return "at_least_new";
    }
    unreachable("a rule of new members without a text");
}
std::string_view text(Simulate simulate) {
    switch (simulate) {
        case Simulate::off:
            return "off";
        case Simulate::at_expiry:
            return "at_expiry";
        case Simulate::threshold_bp:
            return "threshold_bp";
    }
    unreachable("a way to simulate without a text");
}
std::string_view text(Overflow overflow) {
    switch (overflow) {
        case Overflow::reject:
            return "reject";
        case Overflow::reroute_fullest:
            return "reroute_fullest";
        case Overflow::open_new:
            return "open_new";
    }
    unreachable("an overflow policy without a text");
}
std::string_view text(LeaderExit exit) {
    switch (exit) {
        case LeaderExit::promote_next:
            return "promote_next";
        case LeaderExit::dissolve:
            return "dissolve";
    }
    unreachable("a leader's exit without a text");
}

namespace {

constexpr std::int64_t valid_seconds_min = 10;
constexpr std::int64_t valid_seconds_max = 2'592'000;
constexpr std::int64_t bp_max = 10'000;
constexpr std::int64_t counts_max = 1'000'000;

std::optional<Money> judge_price(FieldNotes& errors, std::string field,
                                 std::optional<std::int64_t> given, bool zero_price) {
    if (!given) {
        return std::nullopt;
    }
    const auto price = judge_number(errors, std::move(field), given, std::nullopt,
                                    {zero_price ? 0 : 1, limits::price_fen_max});
    return price ? std::optional{Money{*price}} : std::nullopt;
}

void judge_tiers(const GroupDraft& draft, const CampaignConfig& config, GroupTerms& terms,
                 FieldNotes& errors) {
    if (!draft.tiers) {
        return;
    }
    if (draft.tiers->size() < 2 || draft.tiers->size() > limits::group_tiers_max) {
        errors.add("group.tiers", "must be 2 to " + std::to_string(limits::group_tiers_max));
        return;
    }
    bool is_sound = true;
    for (std::size_t at = 0; at < draft.tiers->size(); ++at) {
        const auto path = [at](std::string_view field) {
            return element_path("group.tiers", at, field);
        };
        const auto& given = (*draft.tiers)[at];
        const auto size = judge_number(errors, path("size"), given.size, std::nullopt,
                                       {at == 0 ? 1 : 2, std::int64_t{limits::group_size_max}});
        const auto price = judge_number(errors, path("price"), given.price, std::nullopt,
                                        {config.zero_price ? 0 : 1, limits::price_fen_max});
        if (!size || !price) {
            is_sound = false;
            continue;
        }
        const GroupTier tier{static_cast<std::uint16_t>(*size), Money{*price}};
        if (!terms.tiers.empty() && tier.size <= terms.tiers.back().size) {
            errors.add(path("size"), "must be more than that of the tier before");
        }
        if (!terms.tiers.empty() && tier.price >= terms.tiers.back().price) {
            errors.add(path("price"), "must be less than that of the tier before");
        }
        terms.tiers.push_back(tier);
    }
    if (!is_sound) {
        return;
    }
    if (draft.size && *draft.size != terms.tiers.back().size) {
        errors.add("group.size", "must be the last tier's (" +
                                     std::to_string(terms.tiers.back().size) + "), or be left out");
    }
    terms.size = terms.tiers.back().size;
    if (config.items.size() == 1 && terms.tiers.front().price > config.items[0].price) {
        errors.add(element_path("group.tiers", 0, "price"), "must not be more than the item's");
    }
}

void judge_prices(const GroupDraft& draft, const CampaignConfig& config, GroupTerms& terms,
                  FieldNotes& errors) {
    terms.leader_price =
        judge_price(errors, "group.leader_price", draft.leader_price, config.zero_price);
    terms.single_price =
        judge_price(errors, "group.single_price", draft.single_price, config.zero_price);
    std::int64_t most = 0;
    if (terms.single_price &&
        __builtin_mul_overflow(terms.single_price->fen(), config.limits.per_order_max, &most)) {
        errors.add("group.single_price",
                   "times limits.per_order_max is more money than can be counted");
    }
    const bool has_one_item = config.items.size() <= 1;
    const auto needs_one_item = [&](bool given, const char* field) {
        if (given && !has_one_item) {
            errors.add(field, "needs a campaign of one item: prices of others differ");
        }
    };
    needs_one_item(draft.leader_price.has_value(), "group.leader_price");
    needs_one_item(draft.single_price.has_value(), "group.single_price");
    needs_one_item(draft.tiers.has_value(), "group.tiers");
    if (!has_one_item || config.items.empty()) {
        return;
    }
    const Money price = terms.tiers.empty() ? config.items[0].price : terms.tiers[0].price;
    if (terms.leader_price && *terms.leader_price > price) {
        errors.add("group.leader_price",
                   "must not be more than what members pay (" + std::to_string(price.fen()) + ")");
    }
    if (terms.single_price && *terms.single_price < price) {
        errors.add("group.single_price",
                   "must not be less than what members pay (" + std::to_string(price.fen()) + ")");
    }
}

void judge_new_members(const GroupDraft& draft, GroupTerms& terms, FieldNotes& errors) {
    terms.new_member_rule =
        judge_word(errors, "group.new_member_rule", draft.new_member_rule,
                   std::array{NewMemberRule::none, NewMemberRule::joiners_new_only,
                              NewMemberRule::at_least_new},
                   terms.new_member_rule);
    if (terms.new_member_rule == NewMemberRule::at_least_new) {
        const auto least = judge_number(errors, "group.new_member_rule.at_least_new",
                                        draft.at_least_new, std::nullopt, {1, terms.size});
        terms.new_members_min = static_cast<std::uint16_t>(least.value_or(1));
    }
}

void judge_simulation(const GroupDraft& draft, GroupTerms& terms, FieldNotes& errors) {
    terms.simulate = judge_word(
        errors, "group.simulate", draft.simulate,
        std::array{Simulate::off, Simulate::at_expiry, Simulate::threshold_bp}, terms.simulate);
    if (terms.simulate == Simulate::threshold_bp) {
        const auto least = judge_number(errors, "group.simulate.threshold_bp", draft.threshold_bp,
                                        std::nullopt, {1, bp_max});
        terms.simulate_bp = static_cast<std::uint16_t>(least.value_or(bp_max));
    }
    if (terms.simulate != Simulate::off && !terms.tiers.empty()) {
        errors.add("group.simulate", "cannot be combined with tiers");
    }
}

void judge_lottery(const GroupDraft& draft, const CampaignConfig& config, GroupTerms& terms,
                   FieldNotes& errors) {
    if (!draft.lottery) {
        return;
    }
    const auto winners = judge_number(errors, "group.lottery.winners", draft.lottery->winners,
                                      std::nullopt, {1, std::int64_t{limits::group_size_max} - 1});
    terms.lottery_winners = static_cast<std::uint16_t>(winners.value_or(0));
    if (winners && *winners >= terms.size) {
        errors.add("group.lottery.winners",
                   "must be less than size (" + std::to_string(terms.size) + ")");
    }
    if (!terms.tiers.empty()) {
        errors.add("group.lottery", "cannot be combined with tiers");
    }
    if (config.limits.per_order_max != 1) {
        errors.add("limits.per_order_max", "must be 1 with a lottery: a seat wins one unit");
    }
    const bool is_free = terms.leader_price == Money{0} ||
                         std::ranges::any_of(config.items, [](const ItemConfig& item) {
                             return item.price == Money{0};
                         });
    if (is_free) {
        errors.add("group.lottery", "needs prices above 0: who loses gets his money back");
    }
}

void judge_counts(const GroupDraft& draft, GroupTerms& terms, FieldNotes& errors) {
    const auto open = judge_number(errors, "group.open_groups_per_buyer",
                                   draft.open_groups_per_buyer, 1, {1, counts_max});
    terms.open_groups_per_buyer = open.value_or(1);
    if (draft.groups_per_buyer) {
        terms.groups_per_buyer =
            judge_number(errors, "group.groups_per_buyer", draft.groups_per_buyer, std::nullopt,
                         {1, counts_max});
    }
    if (draft.joins_per_buyer) {
        terms.joins_per_buyer = judge_number(errors, "group.joins_per_buyer", draft.joins_per_buyer,
                                             std::nullopt, {1, counts_max});
    }
}

}  // namespace

void GroupBuy::judge(const Draft* given, const CampaignDraft& campaign, CampaignConfig& config,
                     FieldNotes& errors) {
    const GroupDraft nothing;
    const GroupDraft& draft = given == nullptr ? nothing : *given;
    GroupTerms terms;
    if (given == nullptr) {
        errors.add("group", "is required");
    }
    judge_tiers(draft, config, terms, errors);
    if (given != nullptr && !draft.tiers) {
        const auto size = judge_number(errors, "group.size", draft.size, std::nullopt,
                                       {2, std::int64_t{limits::group_size_max}});
        terms.size = static_cast<std::uint16_t>(size.value_or(2));
    }
    const auto valid = judge_number(errors, "group.valid_seconds", draft.valid_seconds, 86400,
                                    {valid_seconds_min, valid_seconds_max});
    if (valid) {
        terms.valid = Duration::seconds(*valid);
        const bool holds_are_sound =
            !campaign.hold_seconds || config.hold == Duration::seconds(*campaign.hold_seconds);
        if (holds_are_sound && terms.valid < config.hold) {
            errors.add("group.valid_seconds", "must not be less than hold_seconds (" +
                                                  std::to_string(config.hold.ms() / 1000) + ")");
        }
    }
    judge_prices(draft, config, terms, errors);
    judge_counts(draft, terms, errors);
    judge_new_members(draft, terms, errors);
    judge_simulation(draft, terms, errors);
    judge_lottery(draft, config, terms, errors);
    terms.overflow =
        judge_word(errors, "group.overflow", draft.overflow,
                   std::array{Overflow::reject, Overflow::reroute_fullest, Overflow::open_new},
                   terms.overflow);
    terms.leader_exit =
        judge_word(errors, "group.leader_exit", draft.leader_exit,
                   std::array{LeaderExit::promote_next, LeaderExit::dissolve}, terms.leader_exit);
    const auto commission = judge_number(errors, "group.leader_commission_bp",
                                         draft.leader_commission_bp, 0, {0, bp_max});
    terms.leader_commission_bp = static_cast<std::uint16_t>(commission.value_or(0));
    terms.public_list = draft.public_list.value_or(terms.public_list);
    terms.close_with_campaign = draft.close_with_campaign.value_or(terms.close_with_campaign);
    config.terms = std::move(terms);
}

void GroupBuy::lint(const CampaignConfig& config, FieldNotes& warnings) {
    const auto& terms = std::get<GroupTerms>(config.terms);
    if (terms.simulate != Simulate::off) {
        warnings.add("group.simulate",
                     "completes groups with virtual seats, which every read shows; platforms and "
                     "consumer law may forbid it");
    }
    if (terms.lottery_winners > 0 && terms.simulate != Simulate::off) {
        warnings.add("group.lottery", "is drawn among fewer buyers when seats are virtual");
    }
    for (std::size_t at = 0; at < config.items.size(); ++at) {
        const std::int64_t least =
            terms.lottery_winners > 0 ? terms.lottery_winners : std::int64_t{terms.size};
        if (config.items[at].stock - config.items[at].reserve < Quantity{least}) {
            warnings.add(element_path("items", at, "stock"), "does not suffice for one group");
        }
    }
    if (!terms.close_with_campaign) {
        return;
    }
    if (terms.valid > config.ends_at - config.starts_at) {
        warnings.add("group.valid_seconds",
                     "is longer than the sale, with which groups close (close_with_campaign)");
    }
}

// Bytes ------------------------------------------------------------------------------------------

std::size_t GroupBuy::bytes_max(const Terms& terms) {
    return 128 + terms.tiers.size() * 10;
}

namespace {

template <class Value>
void put_optional(ByteWriter& out, const std::optional<Value>& value) {
    out.put(static_cast<std::uint8_t>(value.has_value()));
    if (value) {
        out.put(*value);
    }
}

std::optional<Money> get_optional_price(FieldReader& in) {
    return in.flag() ? std::optional{in.price()} : std::nullopt;
}
std::optional<std::int64_t> get_optional_count(FieldReader& in) {
    return in.flag() ? std::optional{in.number(1, counts_max)} : std::nullopt;
}

}  // namespace

void GroupBuy::put(const Terms& terms, ByteWriter& out) {
    out.put(terms.size);
    out.put(terms.valid);
    put_optional(out, terms.leader_price);
    out.put(static_cast<std::uint8_t>(terms.tiers.size()));
    for (const GroupTier& tier : terms.tiers) {
        out.put(tier.size);
        out.put(tier.price);
    }
    out.put(terms.open_groups_per_buyer);
    put_optional(out, terms.groups_per_buyer);
    put_optional(out, terms.joins_per_buyer);
    put_optional(out, terms.single_price);
    out.put(static_cast<std::uint8_t>(terms.public_list));
    out.put(terms.new_member_rule);
    out.put(terms.new_members_min);
    out.put(terms.simulate);
    out.put(terms.simulate_bp);
    out.put(terms.lottery_winners);
    out.put(terms.overflow);
    out.put(terms.leader_exit);
    out.put(terms.leader_commission_bp);
    out.put(static_cast<std::uint8_t>(terms.close_with_campaign));
}

void GroupBuy::get(FieldReader& in, Terms& terms) {
    terms.size = in.get<std::uint16_t>();
    in.must(terms.size >= 2 && terms.size <= limits::group_size_max);
    terms.valid = in.duration();
    terms.leader_price = get_optional_price(in);
    const std::size_t tiers = in.count<std::uint8_t>(0, limits::group_tiers_max);
    for (std::size_t at = 0; at < tiers && in.ok(); ++at) {
        GroupTier tier;
        tier.size = in.get<std::uint16_t>();
        tier.price = in.price();
        terms.tiers.push_back(tier);
    }
    terms.open_groups_per_buyer = in.number(1, counts_max);
    terms.groups_per_buyer = get_optional_count(in);
    terms.joins_per_buyer = get_optional_count(in);
    terms.single_price = get_optional_price(in);
    terms.public_list = in.flag();
    terms.new_member_rule = in.one_of(NewMemberRule::none, NewMemberRule::at_least_new);
    terms.new_members_min = in.get<std::uint16_t>();
    terms.simulate = in.one_of(Simulate::off, Simulate::threshold_bp);
    terms.simulate_bp = in.get<std::uint16_t>();
    terms.lottery_winners = in.get<std::uint16_t>();
    in.must(terms.lottery_winners < terms.size);
    terms.overflow = in.one_of(Overflow::reject, Overflow::open_new);
    terms.leader_exit = in.one_of(LeaderExit::promote_next, LeaderExit::dissolve);
    terms.leader_commission_bp = in.get<std::uint16_t>();
    terms.close_with_campaign = in.flag();
}

}  // namespace stampede::campaigns
