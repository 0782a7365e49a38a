// SPDX-License-Identifier: Apache-2.0
// Field by field, in the order of the contract.
#include "net/friend_help_draft_decoder.hpp"

#include <array>

namespace stampede::net {
namespace {

using campaigns::CampaignConfig;
using campaigns::FriendHelp;
using campaigns::FriendHelpDraft;
using campaigns::FriendHelpTerms;
using campaigns::RewardTierDraft;
using Kind = JsonNode::Kind;

constexpr std::array<FieldRule<RewardTierDraft>, 3> tier_rules{{
    {"helpers_needed", &take_number<&RewardTierDraft::helpers_needed>},
    {"item_id", &take_text<&RewardTierDraft::item_id>},
    {"quantity", &take_number<&RewardTierDraft::quantity>},
}};

void take_tiers(FieldNotes& errors, const JsonNode& value, const std::string& path,
                FriendHelpDraft& draft) {
    auto& tiers = draft.tiers.emplace();
    if (!expect(Kind::array, value, path, errors)) {
        return;
    }
    for (std::size_t at = 0; at < value.children.size(); ++at) {
        read_object(rules_of(tier_rules), value.children[at], element_path(path, at),
                    tiers.emplace_back(), errors);
    }
}

constexpr std::array<FieldRule<FriendHelpDraft>, 6> friend_help_rules{{
    {"tiers", &take_tiers},
    {"helper_new_only", &take_flag<&FriendHelpDraft::helper_new_only>},
    {"helps_per_buyer", &take_number<&FriendHelpDraft::helps_per_buyer>},
    {"helps_per_buyer_per_day", &take_number<&FriendHelpDraft::helps_per_buyer_per_day>},
    {"launches_per_buyer", &take_number<&FriendHelpDraft::launches_per_buyer>},
    {"valid_seconds", &take_number<&FriendHelpDraft::valid_seconds>},
}};

}  // namespace

void take_friend_help(FieldNotes& errors, const JsonNode& value, const std::string& path,
                      campaigns::CampaignDraft& draft) {
    read_object(rules_of(friend_help_rules), value, path, draft.of<FriendHelp>().emplace(), errors);
}

void append_friend_help(JsonText& json, const CampaignConfig& config) {
    const auto* const terms = std::get_if<FriendHelpTerms>(&config.terms);
    if (terms == nullptr) {
        return;
    }
    json.open_object(FriendHelp::key);
    json.open_array("tiers");
    for (const campaigns::RewardTier& tier : terms->tiers) {
        json.open_object();
        json.number("helpers_needed", std::int64_t{tier.helpers_needed});
        json.plain("item_id", config.items[tier.item].item_id.view());
        json.number("quantity", tier.quantity.units());
        json.close_object();
    }
    json.close_array();
    json.flag("helper_new_only", terms->helper_new_only);
    if (terms->helps.per_campaign) {
        json.number("helps_per_buyer", std::int64_t{*terms->helps.per_campaign});
    }
    if (terms->helps.per_day) {
        json.number("helps_per_buyer_per_day", std::int64_t{*terms->helps.per_day});
    }
    json.number("launches_per_buyer", std::int64_t{terms->launches_per_buyer});
    json.number("valid_seconds", terms->valid.ms() / 1000);
    json.close_object();
}

}  // namespace stampede::net
