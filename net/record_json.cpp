// SPDX-License-Identifier: Apache-2.0
// Field by field, in the order of the contract.
#include "net/record_json.hpp"

#include <array>
#include <charconv>

namespace stampede::net {

namespace {

using campaigns::BargainItemTerms;
using campaigns::BargainTerms;
using campaigns::BargainView;
using campaigns::CampaignConfig;
using campaigns::Code;
using campaigns::FriendHelpTerms;
using campaigns::GroupEnd;
using campaigns::GroupTerms;
using campaigns::GroupView;
using campaigns::Play;
using campaigns::RallyView;

/// First and last digit of an id of four digits or more: enough to find oneself in a list of
/// members, too little to find anybody else.
void append_buyer(JsonText& json, std::string_view name, BuyerId buyer, Door door) {
    if (door == Door::mall) {
        json.decimal_text(name, buyer.raw());
        return;
    }
    std::array<char, 20> digits{};
    const char* const end =
        std::to_chars(digits.data(), digits.data() + digits.size(), buyer.raw()).ptr;
    std::array<char, 5> masked{'*', '*', '*', '*', '*'};
    if (end - digits.data() >= 4) {
        masked.front() = digits.front();
        masked.back() = *(end - 1);
    }
    json.plain(name, {masked.data(), masked.size()});
}

void append_members(JsonText& json, const GroupView& group, const RecordShown& shown) {
    json.open_array("members");
    std::size_t count = 0;
    for (const auto& member : group.members) {
        if (count++ == shown.members_max) {
            break;
        }
        json.open_object();
        append_buyer(json, "buyer_id", member.buyer, shown.door);
        json.flag("leader", member.leader);
        json.flag("paid", member.paid);
        json.flag("new", member.is_new);
        json.close_object();
    }
    json.close_array();
}

void append_cut_fields(JsonText& json, const campaigns::CutView& cut) {
    json.number("amount", cut.amount.fen());
    json.number("at_ms", cut.at.ms());
    if (cut.first) {
        json.flag("first", true);
    }
    if (cut.new_helper) {
        json.flag("new_helper", true);
    }
}

/// One overload for each play's view.
struct RecordWriter {
    JsonText& json;
    const RecordShown& shown;

    void operator()(std::monostate) const {}
    void operator()(const GroupView& group) const {
        json.open_object("group");
        append_group_fields(json, group, shown);
        json.close_object();
    }
    void operator()(const BargainView& bargain) const {
        if (bargain.cut.has_value()) {
            json.open_object("cut");
            append_cut_fields(json, *bargain.cut);
            json.close_object();
        }
        json.open_object("bargain");
        append_bargain_fields(json, bargain, shown.door);
        json.close_object();
    }
    void operator()(const RallyView& rally) const {
        json.open_object("rally");
        append_rally_fields(json, rally, shown.door);
        json.close_object();
    }
};

/// {"code":"OK","<name>":[…],"server_ms":…}
template <class Record, class Append>
void append_list(TextBuffer& out, std::string_view name, std::span<const Record> records,
                 Instant server_time, Append append) {
    JsonText json(out);
    json.open_object();
    json.plain("code", text(Code::ok));
    json.open_array(name);
    for (const Record& record : records) {
        json.open_object();
        append(json, record);
        json.close_object();
    }
    json.close_array();
    json.number("server_ms", server_time.ms());
    json.finish();
}

}  // namespace

std::string_view record_key(Play play) {
    std::string_view key;
    campaigns::Plays::for_each(
        [&]<class Each>() { key = play == Each::play ? Each::record_key : key; });
    check(!key.empty(), "a play whose orders have no record");
    return key;
}

void append_record(JsonText& json, const campaigns::Plays::View& record, const RecordShown& shown) {
    std::visit(RecordWriter{json, shown}, record);
}

void append_group_fields(JsonText& json, const GroupView& group, const RecordShown& shown) {
    json.base36("group_id", group.group_id);
    json.plain("item_id", group.item_id.view());
    json.plain("state", text(group.state));
    if (group.end != GroupEnd::none) {
        json.plain("reason", text(group.end));
    }
    json.number("size", group.size);
    json.number("locked", group.locked);
    json.number("paid", group.paid);
    json.number("virtual", group.virtual_seats);
    append_buyer(json, "leader", group.leader, shown.door);
    json.number("price", group.price.fen());
    if (group.lottery_winners > 0) {
        json.number("winners", group.lottery_winners);
    }
    json.number("opened_at_ms", group.opened_at.ms());
    json.number("deadline_ms", group.deadline.ms());
    append_members(json, group, shown);
}

void append_bargain_fields(JsonText& json, const BargainView& bargain, Door door) {
    json.base36("bargain_id", bargain.bargain_id);
    json.plain("item_id", bargain.item_id.view());
    append_buyer(json, "starter", bargain.starter, door);
    json.plain("state", text(bargain.state));
    json.number("start_price", bargain.start_price.fen());
    json.number("floor_price", bargain.floor_price.fen());
    json.number("current_price", bargain.current_price.fen());
    if (bargain.helpers_needed.has_value()) {
        json.number("helpers_needed", *bargain.helpers_needed);
    }
    json.open_array("cuts");
    for (const campaigns::CutView& cut : bargain.cuts) {
        json.open_object();
        append_cut_fields(json, cut);
        json.close_object();
    }
    json.close_array();
    json.number("deadline_ms", bargain.deadline.ms());
}

void append_rally_fields(JsonText& json, const RallyView& rally, Door door) {
    json.base36("rally_id", rally.rally_id);
    append_buyer(json, "starter", rally.starter, door);
    json.plain("state", text(rally.state));
    json.number("helpers", rally.helpers);
    json.open_array("tiers");
    for (const campaigns::RewardTierView& tier : rally.tiers) {
        json.open_object();
        json.number("helpers_needed", tier.helpers_needed);
        json.plain("item_id", tier.item_id.view());
        json.number("quantity", tier.quantity.units());
        json.plain("reward", text(tier.state));
        json.close_object();
    }
    json.close_array();
    json.number("deadline_ms", rally.deadline.ms());
}

void append_groups(TextBuffer& out, std::span<const GroupView> groups, Instant server_time) {
    append_list(out, "groups", groups, server_time, [](JsonText& json, const GroupView& group) {
        append_group_fields(json, group, {Door::buyers, limits::members_per_listed_group_max});
    });
}

void append_bargains(TextBuffer& out, std::span<const BargainView> bargains, Instant server_time) {
    append_list(out, "bargains", bargains, server_time,
                [](JsonText& json, const BargainView& bargain) {
                    append_bargain_fields(json, bargain, Door::buyers);
                });
}

void append_rallies(TextBuffer& out, std::span<const RallyView> rallies, Instant server_time) {
    append_list(out, "rallies", rallies, server_time, [](JsonText& json, const RallyView& rally) {
        append_rally_fields(json, rally, Door::buyers);
    });
}

namespace {

void append_public_tiers(JsonText& json, const CampaignConfig& config,
                         const FriendHelpTerms& terms) {
    json.open_object(campaigns::FriendHelp::key);
    json.open_array("tiers");
    for (const campaigns::RewardTier& tier : terms.tiers) {
        json.open_object();
        json.number("helpers_needed", tier.helpers_needed);
        json.plain("item_id", config.items[tier.item].item_id.view());
        json.number("quantity", tier.quantity.units());
        json.close_object();
    }
    json.close_array();
    json.flag("helper_new_only", terms.helper_new_only);
    json.number("valid_seconds", terms.valid.ms() / 1000);
    json.close_object();
}

}  // namespace

void append_public_terms(JsonText& json, const CampaignConfig& config) {
    if (const auto* const help = std::get_if<FriendHelpTerms>(&config.terms)) {
        append_public_tiers(json, config, *help);
        return;
    }
    const auto* const group = std::get_if<GroupTerms>(&config.terms);
    if (group == nullptr) {
        return;
    }
    json.open_object("group");
    json.number("size", group->size);
    json.number("valid_seconds", group->valid.ms() / 1000);
    if (group->leader_price.has_value()) {
        json.number("leader_price", group->leader_price->fen());
    }
    if (group->single_price.has_value()) {
        json.number("single_price", group->single_price->fen());
    }
    if (!group->tiers.empty()) {
        json.open_array("tiers");
        for (const campaigns::GroupTier& tier : group->tiers) {
            json.open_object();
            json.number("size", tier.size);
            json.number("price", tier.price.fen());
            json.close_object();
        }
        json.close_array();
    }
    if (group->lottery_winners > 0) {
        json.number("winners", group->lottery_winners);
    }
    json.plain("new_member_rule", text(group->new_member_rule));
    json.flag("simulate", group->simulate != campaigns::Simulate::off);
    json.close_object();
}

void append_public_item_terms(JsonText& json, const CampaignConfig& config, std::size_t item) {
    const auto* const bargain = std::get_if<BargainTerms>(&config.terms);
    if (bargain == nullptr) {
        return;
    }
    const BargainItemTerms& terms = bargain->items[item];
    json.open_object("bargain");
    json.number("start_price", terms.cuts.start_price.fen());
    json.number("floor_price", terms.cuts.floor_price.fen());
    if (terms.cuts.helpers.has_value()) {
        json.number("helpers", *terms.cuts.helpers);
    }
    json.number("valid_seconds", terms.valid.ms() / 1000);
    json.plain("buy_at", text(terms.buy_at));
    json.close_object();
}

}  // namespace stampede::net
