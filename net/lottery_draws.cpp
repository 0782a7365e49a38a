// SPDX-License-Identifier: Apache-2.0
#include "net/lottery_draws.hpp"

#include <algorithm>
#include <array>

#include "engine/vocabulary/limits.hpp"
#include "net/field_rules.hpp"

namespace stampede::net {
namespace {

using campaigns::CampaignEvent;
using campaigns::CommittedSeed;
using campaigns::GroupFailed;
using campaigns::GroupOpened;
using campaigns::GroupSucceeded;
using Kind = JsonNode::Kind;

std::optional<std::string> first_unfair_draw(const GroupDraw& group, const CommittedSeed& seed) {
    std::vector<OrderId> orders;
    for (const DrawnMember& member : group.members) {
        orders.push_back(member.order);
    }
    const std::vector<bool> won = campaigns::drawn_winners(seed, group.winners, orders);
    for (std::size_t at = 0; at < orders.size(); ++at) {
        if (won[at] != group.members[at].won) {
            return "group " + Base36(group.id.raw()).str() + ", order " +
                   Base36(orders[at].raw()).str() +
                   (won[at] ? ": lost, but from the seed follows that it won"
                            : ": won, but from the seed follows that it lost");
        }
    }
    return std::nullopt;
}

}  // namespace

std::size_t LotteryDraws::member_count() const {
    std::size_t count = 0;
    for (const GroupDraw& group : groups) {
        count += group.members.size();
    }
    return count;
}

std::optional<std::string> first_unfair(const LotteryDraws& draws) {
    if (auto unfair = draws.PublishedSeed::first_unfair()) {
        return unfair;
    }
    const CommittedSeed seed(*draws.seed);
    for (const GroupDraw& group : draws.groups) {
        if (auto unfair = first_unfair_draw(group, seed)) {
            return unfair;
        }
    }
    return std::nullopt;
}

// From a journal
// ------------------------------------------------------------------------------------

void LotteryDrawsReader::take_config(const campaigns::CampaignConfig& config) {
    const auto* const terms = std::get_if<campaigns::GroupTerms>(&config.terms);
    has_lottery_ = terms != nullptr && terms->lottery_winners > 0;
}

Result<> LotteryDrawsReader::read(const CampaignEvent& event) {
    if (const auto* drafted = std::get_if<campaigns::CampaignDrafted>(&event)) {
        take_config(*drafted->config);
    } else if (const auto* revised = std::get_if<campaigns::CampaignRevised>(&event)) {
        take_config(*revised->config);
    }
    draws_.read(event);
    return {};
}

Result<> LotteryDrawsReader::read(const campaigns::GroupBuy::Event& event) {
    if (const auto* opened = std::get_if<GroupOpened>(&event)) {
        // What a lottery's group takes as it opens is what can be won in it.
        if (opened->units_kept > Quantity{0}) {
            winners_.emplace(opened->seat.order.raw(),
                             static_cast<std::uint16_t>(opened->units_kept.units()));
        }
    } else if (const auto* failed = std::get_if<GroupFailed>(&event)) {
        winners_.erase(failed->group.raw());
    } else if (const auto* success = std::get_if<GroupSucceeded>(&event); success && has_lottery_) {
        const auto winners = winners_.find(success->group.raw());
        if (winners == winners_.end() || !draws_.seed) {
            return fault("the journal does not keep the campaign's beginning any more");
        }
        GroupDraw draw{.id = success->group,
                       .item_id = std::string{success->item_id.view()},
                       .winners = winners->second,
                       .members = {}};
        for (const GroupSucceeded::Member& member : success->members) {
            draw.members.push_back({.order = member.order, .won = member.confirmed});
        }
        draws_.groups.push_back(std::move(draw));
        winners_.erase(winners);
    }
    return {};
}

Result<> LotteryDrawsReader::read(const campaigns::Event& event) {
    if (const auto* of_campaign = std::get_if<CampaignEvent>(&event)) {
        return read(*of_campaign);
    }
    if (const auto* of_group = std::get_if<campaigns::GroupBuy::Event>(&event)) {
        return read(*of_group);
    }
    return {};
}

// As they are published
// --------------------------------------------------------------------------------

void append_draws(TextBuffer& out, const LotteryDraws& draws) {
    append_seed(out, draws);
    JsonText json(out);
    for (const GroupDraw& group : draws.groups) {
        json.open_object();
        json.base36("group_id", group.id);
        json.text("item_id", group.item_id);
        json.number("winners", group.winners);
        json.open_array("members");
        for (const DrawnMember& member : group.members) {
            json.open_object();
            json.base36("order_id", member.order);
            json.flag("won", member.won);
            json.close_object();
        }
        json.close_array();
        finish_line(out, json);
    }
}

namespace {

struct PublishedMember {
    std::optional<std::string> order_id;
    std::optional<bool> won;
};
struct PublishedDraw {
    std::optional<std::string> group_id;
    std::optional<std::string> item_id;
    std::optional<std::int64_t> winners;
    std::vector<DrawnMember> members;
};

constexpr std::array<FieldRule<PublishedMember>, 2> member_rules{{
    {"order_id", &take_text<&PublishedMember::order_id>},
    {"won", &take_flag<&PublishedMember::won>},
}};

void take_members(FieldNotes& errors, const JsonNode& value, const std::string& path,
                  PublishedDraw& draw) {
    if (!expect(Kind::array, value, path, errors)) {
        return;
    }
    for (std::size_t at = 0; at < value.children.size(); ++at) {
        const std::string element = element_path(path, at);
        PublishedMember member;
        read_object(rules_of(member_rules), value.children[at], element, member, errors);
        const auto order = Base36::parse(member.order_id.value_or(""));
        if (!order) {
            errors.add(element + ".order_id", "must be an id as the doors write it");
        }
        if (!member.won) {
            errors.add(element + ".won", "is required");
        }
        draw.members.push_back(
            {.order = OrderId{order.value_or(0)}, .won = member.won.value_or(false)});
    }
}

constexpr std::array<FieldRule<PublishedDraw>, 4> draw_rules{{
    {"group_id", &take_text<&PublishedDraw::group_id>},
    {"item_id", &take_text<&PublishedDraw::item_id>},
    {"winners", &take_number<&PublishedDraw::winners>},
    {"members", &take_members},
}};

void take_draw(const JsonNode& tree, LotteryDraws& draws, FieldNotes& errors) {
    PublishedDraw published;
    read_object(rules_of(draw_rules), tree, "", published, errors);
    const auto id = Base36::parse(published.group_id.value_or(""));
    if (!id) {
        errors.add("group_id", "must be an id as the doors write it");
    }
    const std::int64_t winners = published.winners.value_or(0);
    if (winners < 1 || winners > static_cast<std::int64_t>(limits::group_size_max)) {
        errors.add("winners", "must be 1 to 500");
    }
    if (published.members.empty() || published.members.size() > limits::group_size_max) {
        errors.add("members", "must be 1 to 500 orders");
    }
    if (!errors.empty()) {
        return;
    }
    draws.groups.push_back({.id = campaigns::GroupId{*id},
                            .item_id = published.item_id.value_or(""),
                            .winners = static_cast<std::uint16_t>(winners),
                            .members = std::move(published.members)});
}

}  // namespace

Result<LotteryDraws> parse_draws(std::string_view text) {
    LotteryDraws draws;
    const auto read = read_published(text, draws, [&](const JsonNode& tree, FieldNotes& errors) {
        take_draw(tree, draws, errors);
    });
    if (read.has_error()) {
        return read.error();
    }
    return draws;
}

}  // namespace stampede::net
