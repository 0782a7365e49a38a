// SPDX-License-Identifier: Apache-2.0
// The part of the language of scenario tables that is about groups: their parameters, opening,
// joining, failing and looking. A group has the name of the order that opened it.
#include <array>
#include <sstream>
#include <stdexcept>

#include "campaigns/group_buy_state.hpp"
#include "tests/support/scenario_player.hpp"

namespace stampede::tests {

namespace {

using campaigns::GroupId;
using campaigns::GroupTerms;
using campaigns::GroupView;

/// "2:9000,5:8000"
std::vector<campaigns::GroupTier> read_tiers(const std::string& list) {
    std::vector<campaigns::GroupTier> tiers;
    std::istringstream in{list};
    for (std::string one; std::getline(in, one, ',');) {
        const auto colon = one.find(':');
        tiers.push_back({static_cast<std::uint16_t>(read_number(one.substr(0, colon))),
                         Money{read_number(one.substr(colon + 1))}});
    }
    return tiers;
}

template <class Enum, std::size_t Count>
void choose(const Options& options, const char* name, const std::array<Enum, Count>& all,
            Enum& chosen) {
    if (!options.has(name)) {
        return;
    }
    for (const Enum one : all) {
        if (text(one) == options.text(name)) {
            chosen = one;
            return;
        }
    }
    throw std::invalid_argument(std::string{"not a value of "} + name);
}

template <class Number>
void take(const Options& options, const char* name, Number& into) {
    if (options.has(name)) {
        into = static_cast<Number>(options.number(name));
    }
}

void take_price(const Options& options, const char* name, std::optional<Money>& into) {
    if (options.has(name)) {
        into = Money{options.number(name)};
    }
}

void take_count(const Options& options, const char* name, std::optional<std::int64_t>& into) {
    if (options.has(name)) {
        into = options.number(name);
    }
}

}  // namespace

void read_group_terms(campaigns::CampaignConfig& config, const Words& words) {
    using namespace campaigns;
    const Options options(words, 1, {"private", "close_with_campaign"});
    options.only({"size", "valid_seconds", "leader_price", "tiers", "open_groups", "groups",
                  "joins", "single_price", "private", "new_members", "at_least_new", "simulate",
                  "threshold_bp", "winners", "overflow", "leader_exit", "commission_bp",
                  "close_with_campaign"});
    config.play = GroupBuy::play;
    GroupTerms terms;
    if (const auto* before = std::get_if<GroupTerms>(&config.terms)) {
        terms = *before;
    }
    take(options, "size", terms.size);
    if (options.has("valid_seconds")) {
        terms.valid = Duration::seconds(options.number("valid_seconds"));
    }
    if (options.has("tiers")) {
        terms.tiers = read_tiers(options.text("tiers"));
        terms.size = terms.tiers.back().size;
    }
    take_price(options, "leader_price", terms.leader_price);
    take_price(options, "single_price", terms.single_price);
    take(options, "open_groups", terms.open_groups_per_buyer);
    take_count(options, "groups", terms.groups_per_buyer);
    take_count(options, "joins", terms.joins_per_buyer);
    terms.public_list = terms.public_list && !options.has("private");
    choose(options, "new_members",
           std::array{NewMemberRule::none, NewMemberRule::joiners_new_only,
                      NewMemberRule::at_least_new},
           terms.new_member_rule);
    take(options, "at_least_new", terms.new_members_min);
    choose(options, "simulate",
           std::array{Simulate::off, Simulate::at_expiry, Simulate::threshold_bp}, terms.simulate);
    take(options, "threshold_bp", terms.simulate_bp);
    take(options, "winners", terms.lottery_winners);
    choose(options, "overflow",
           std::array{Overflow::reject, Overflow::reroute_fullest, Overflow::open_new},
           terms.overflow);
    choose(options, "leader_exit", std::array{LeaderExit::promote_next, LeaderExit::dissolve},
           terms.leader_exit);
    take(options, "commission_bp", terms.leader_commission_bp);
    terms.close_with_campaign = terms.close_with_campaign || options.has("close_with_campaign");
    config.terms = terms;
}

void add_group(Facts& facts, const GroupView& group, const OrderNames& names) {
    std::string members;
    for (const GroupView::Member& member : group.members) {
        members += (members.empty() ? "" : ",") + std::to_string(member.buyer.raw());
        members += member.leader ? "L" : "";
        members += member.paid ? "p" : "";
    }
    facts.values["group"] = names.of(OrderId{group.group_id.raw()});
    facts.values["group_state"] = text(group.state);
    facts.values["because"] = group.end == campaigns::GroupEnd::none ? "none" : text(group.end);
    facts.values["size"] = std::to_string(group.size);
    facts.values["locked"] = std::to_string(group.locked);
    facts.values["paid"] = std::to_string(group.paid);
    facts.values["virtual"] = std::to_string(group.virtual_seats);
    facts.values["leader"] = std::to_string(group.leader.raw());
    facts.values["deadline"] = write_instant(group.deadline);
    facts.values["price"] = std::to_string(group.price.fen());
    facts.values["members"] = members.empty() ? "none" : members;
}

campaigns::Buyer ScenarioPlayer::read_asker(const Words& words, const Options& options) {
    return {.id = BuyerId{static_cast<std::uint64_t>(read_number(words.at(1)))},
            .level = static_cast<std::uint8_t>(options.number("level")),
            .segments =
                options.has("new") ? 1U : static_cast<std::uint64_t>(options.number("segments"))};
}

Facts ScenarioPlayer::open_group(const ScenarioLine& line) {
    const Options options(line.words, 3, {"new"});
    options.only({"quantity", "level", "segments", "new", "ticket", "key", "campaign"});
    campaigns::OpenGroup ask_for;
    ask_for.campaign = campaign_of(options);
    ask_for.buyer = read_asker(line.words, options);
    ask_for.item_id = ItemId{line.words.at(2)};
    ask_for.quantity = Quantity{options.number("quantity", 1)};
    if (options.has("ticket")) {
        ask_for.ticket = claims(options.text("ticket"));
    }
    return ask(line, ask_for, options, std::to_string(ask_for.campaign.raw()),
               ask_for.buyer.id.raw());
}

Facts ScenarioPlayer::join_group(const ScenarioLine& line) {
    const Options options(line.words, 3, {"new"});
    options.only({"item", "quantity", "level", "segments", "new", "ticket", "key", "campaign"});
    campaigns::JoinGroup ask_for;
    ask_for.campaign = campaign_of(options);
    ask_for.group = GroupId{orders_.find(line.words.at(2)).raw()};
    ask_for.buyer = read_asker(line.words, options);
    if (options.has("item")) {
        ask_for.item_id = ItemId{options.text("item")};
    }
    ask_for.quantity = Quantity{options.number("quantity", 1)};
    if (options.has("ticket")) {
        ask_for.ticket = claims(options.text("ticket"));
    }
    return ask(line, ask_for, options, line.words[2], ask_for.buyer.id.raw());
}

Facts ScenarioPlayer::fail_group(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"key", "by", "campaign"});
    const campaigns::FailGroup ask_for{.campaign = campaign_of(options),
                                       .group = GroupId{orders_.find(line.words.at(1)).raw()},
                                       .actor = campaigns::Actor{options.text("by", "publisher")}};
    return ask(line, ask_for, options, line.words[1]);
}

Facts ScenarioPlayer::show_group(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"campaign"});
    const campaigns::Campaign* campaign = rig_.find(campaign_of(options));
    const GroupId id{orders_.find(line.words.at(1)).raw()};
    const auto view = campaign == nullptr ? std::nullopt : campaigns::find_group(*campaign, id);
    Facts facts{.code = "UNKNOWN", .values = {}, .flags = {}};
    if (view) {
        facts.code = text(view->state);
        add_group(facts, *view, orders_);
    }
    return facts;
}

/// "list", "mine 42" => "groups A,B".
Facts ScenarioPlayer::list_groups(const ScenarioLine& line) {
    const bool is_mine = line.words[0] == "mine";
    const Options options(line.words, is_mine ? 2 : 1);
    options.only({"campaign", "limit"});
    const campaigns::Campaign* campaign = rig_.find(campaign_of(options));
    const auto most = static_cast<std::size_t>(options.number("limit", 20));
    const std::vector<GroupView> views =
        is_mine ? campaigns::groups_of(
                      *campaign, BuyerId{static_cast<std::uint64_t>(read_number(line.words.at(1)))},
                      most)
                : campaigns::open_groups(*campaign, rig_.now(), most);
    std::string names;
    for (const GroupView& view : views) {
        names += (names.empty() ? "" : ",") + orders_.of(OrderId{view.group_id.raw()});
    }
    return {.code = names.empty() ? "none" : names,
            .values = {{"count", std::to_string(views.size())}},
            .flags = {}};
}

}  // namespace stampede::tests
