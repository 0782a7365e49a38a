// SPDX-License-Identifier: Apache-2.0
#include "net/group_draft_decoder.hpp"

#include <array>

namespace stampede::net {
namespace {

using campaigns::GroupDraft;
using campaigns::GroupTerms;
using campaigns::NewMemberRule;
using campaigns::Simulate;
using Kind = JsonNode::Kind;

constexpr std::array<FieldRule<GroupDraft::Tier>, 2> tier_rules{{
    {"size", &take_number<&GroupDraft::Tier::size>},
    {"price", &take_number<&GroupDraft::Tier::price>},
}};
void take_tiers(FieldNotes& errors, const JsonNode& value, const std::string& path,
                GroupDraft& draft) {
    auto& tiers = draft.tiers.emplace();
    if (!expect(Kind::array, value, path, errors)) {
        return;
    }
    for (std::size_t at = 0; at < value.children.size(); ++at) {
        read_object(rules_of(tier_rules), value.children[at], element_path(path, at),
                    tiers.emplace_back(), errors);
    }
}

constexpr std::array<FieldRule<GroupDraft::Lottery>, 1> lottery_rules{{
    {"winners", &take_number<&GroupDraft::Lottery::winners>},
}};
void take_lottery(FieldNotes& errors, const JsonNode& value, const std::string& path,
                  GroupDraft& draft) {
    read_object(rules_of(lottery_rules), value, path, draft.lottery.emplace(), errors);
}

// A word, or an object whose one field is the word and gives its number ---------------------------

constexpr std::array<FieldRule<GroupDraft>, 1> at_least_new_rules{{
    {"at_least_new", &take_number<&GroupDraft::at_least_new>},
}};
constexpr std::array<FieldRule<GroupDraft>, 1> threshold_rules{{
    {"threshold_bp", &take_number<&GroupDraft::threshold_bp>},
}};

template <auto& Rules, auto Word>
void take_word_or_number(FieldNotes& errors, const JsonNode& value, const std::string& path,
                         GroupDraft& draft) {
    if (value.kind == Kind::text) {
        draft.*Word = value.text;
    } else if (value.kind == Kind::object) {
        read_object(rules_of(Rules), value, path, draft, errors);
        draft.*Word = std::string{Rules.front().name};
    } else {
        errors.add(path,
                   "must be a word, or {\"" + std::string{Rules.front().name} + "\": number}");
    }
}

constexpr std::array<FieldRule<GroupDraft>, 16> group_rules{{
    {"size", &take_number<&GroupDraft::size>},
    {"valid_seconds", &take_number<&GroupDraft::valid_seconds>},
    {"leader_price", &take_number<&GroupDraft::leader_price>},
    {"tiers", &take_tiers},
    {"open_groups_per_buyer", &take_number<&GroupDraft::open_groups_per_buyer>},
    {"groups_per_buyer", &take_number<&GroupDraft::groups_per_buyer>},
    {"joins_per_buyer", &take_number<&GroupDraft::joins_per_buyer>},
    {"single_price", &take_number<&GroupDraft::single_price>},
    {"public_list", &take_flag<&GroupDraft::public_list>},
    {"new_member_rule", &take_word_or_number<at_least_new_rules, &GroupDraft::new_member_rule>},
    {"simulate", &take_word_or_number<threshold_rules, &GroupDraft::simulate>},
    {"lottery", &take_lottery},
    {"overflow", &take_text<&GroupDraft::overflow>},
    {"leader_exit", &take_text<&GroupDraft::leader_exit>},
    {"leader_commission_bp", &take_number<&GroupDraft::leader_commission_bp>},
    {"close_with_campaign", &take_flag<&GroupDraft::close_with_campaign>},
}};

void append_price(JsonText& json, std::string_view name, const std::optional<Money>& price) {
    if (price) {
        json.number(name, price->fen());
    }
}
void append_count(JsonText& json, std::string_view name, const std::optional<std::int64_t>& count) {
    if (count) {
        json.number(name, *count);
    }
}

/// `"name":"word"`, or `"name":{"word":number}`.
void append_word(JsonText& json, std::string_view name, std::string_view word,
                 std::optional<std::uint16_t> number) {
    if (!number) {
        json.plain(name, word);
        return;
    }
    json.open_object(name);
    json.number(word, *number);
    json.close_object();
}

}  // namespace

void take_group(FieldNotes& errors, const JsonNode& value, const std::string& path,
                campaigns::CampaignDraft& draft) {
    read_object(rules_of(group_rules), value, path, draft.of<campaigns::GroupBuy>().emplace(),
                errors);
}

void append_group(JsonText& json, const GroupTerms& terms) {
    json.open_object("group");
    json.number("size", terms.size);
    json.number("valid_seconds", terms.valid.ms() / 1000);
    append_price(json, "leader_price", terms.leader_price);
    if (!terms.tiers.empty()) {
        json.open_array("tiers");
        for (const campaigns::GroupTier& tier : terms.tiers) {
            json.open_object();
            json.number("size", tier.size);
            json.number("price", tier.price.fen());
            json.close_object();
        }
        json.close_array();
    }
    json.number("open_groups_per_buyer", terms.open_groups_per_buyer);
    append_count(json, "groups_per_buyer", terms.groups_per_buyer);
    append_count(json, "joins_per_buyer", terms.joins_per_buyer);
    append_price(json, "single_price", terms.single_price);
    json.flag("public_list", terms.public_list);
    const bool needs_new = terms.new_member_rule == NewMemberRule::at_least_new;
    append_word(json, "new_member_rule", text(terms.new_member_rule),
                needs_new ? std::optional{terms.new_members_min} : std::nullopt);
    const bool has_threshold = terms.simulate == Simulate::threshold_bp;
    append_word(json, "simulate", text(terms.simulate),
                has_threshold ? std::optional{terms.simulate_bp} : std::nullopt);
    if (terms.lottery_winners > 0) {
        json.open_object("lottery");
        json.number("winners", terms.lottery_winners);
        json.close_object();
    }
    json.plain("overflow", text(terms.overflow));
    json.plain("leader_exit", text(terms.leader_exit));
    json.number("leader_commission_bp", terms.leader_commission_bp);
    json.flag("close_with_campaign", terms.close_with_campaign);
    json.close_object();
}

}  // namespace stampede::net
