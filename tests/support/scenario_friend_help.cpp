// SPDX-License-Identifier: Apache-2.0
// The lines of a scenario table that are about 好友助力: its parameters, launch, help, and a look
// at a rally.
#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "campaigns/campaign.hpp"
#include "tests/support/scenario_player.hpp"

namespace stampede::tests {

namespace {

using campaigns::FriendHelpTerms;
using campaigns::RallyView;
using campaigns::RewardTier;

/// "2:3001,5:3002x2": at 2 helpers one unit of 3001, at 5 two of 3002.
std::vector<RewardTier> read_tiers(const campaigns::CampaignConfig& config,
                                   const std::string& word) {
    std::vector<RewardTier> tiers;
    std::istringstream in(word);
    for (std::string one; std::getline(in, one, ',');) {
        const auto colon = one.find(':');
        const auto times = one.find('x', colon);
        const std::string item = one.substr(colon + 1, times - colon - 1);
        RewardTier tier;
        tier.helpers_needed = static_cast<std::uint32_t>(read_number(one.substr(0, colon)));
        tier.item = campaigns::find_item(config, item).value();
        tier.quantity =
            Quantity{times == std::string::npos ? 1 : read_number(one.substr(times + 1))};
        tiers.push_back(tier);
    }
    return tiers;
}

std::optional<std::uint32_t> limit_of(const Options& options, const std::string& name) {
    return options.has(name) ? std::optional{static_cast<std::uint32_t>(options.number(name))}
                             : std::nullopt;
}

}  // namespace

/// "friend_help tiers 2:3001,5:3002x2 new_only helps_per_buyer_per_day 1 …": of the items above.
void read_friend_help(campaigns::CampaignConfig& config, const Words& words) {
    const Options options(words, 1, {"new_only"});
    options.only({"tiers", "new_only", "helps_per_buyer", "helps_per_buyer_per_day",
                  "launches_per_buyer", "valid_seconds"});
    FriendHelpTerms terms;
    terms.days.spans = {{.from = Instant{0}, .offset_s = 8 * 3600}};
    terms.tiers = read_tiers(config, options.text("tiers"));
    terms.helper_new_only = options.has("new_only");
    terms.helps.per_campaign = limit_of(options, "helps_per_buyer");
    terms.helps.per_day = limit_of(options, "helps_per_buyer_per_day");
    terms.launches_per_buyer = limit_of(options, "launches_per_buyer").value_or(1);
    terms.valid = Duration::seconds(options.number("valid_seconds", terms.valid.ms() / 1000));
    std::int64_t promised = 0;
    for (const RewardTier& tier : terms.tiers) {
        promised += tier.quantity.units() * terms.launches_per_buyer;
    }
    config.limits.per_buyer = std::max(config.limits.per_buyer, promised);
    config.play = campaigns::FriendHelp::play;
    config.terms = std::move(terms);
}

void add_rally(Facts& facts, const RallyView& view) {
    facts.values["rally"] = text(view.state);
    facts.values["helpers"] = std::to_string(view.helpers);
    facts.values["until"] = write_instant(view.deadline);
    std::string rewards;
    for (const campaigns::RewardTierView& tier : view.tiers) {
        rewards +=
            (rewards.empty() ? "" : ",") + std::to_string(tier.helpers_needed) + ":" +
            std::string{tier.item_id.view()} +
            (tier.quantity == Quantity{1} ? "" : "x" + std::to_string(tier.quantity.units())) +
            ":" + std::string{text(tier.state)};
    }
    facts.values["rewards"] = rewards;
}

campaigns::RallyId ScenarioPlayer::rally_called(const std::string& name) const {
    const auto found = rallies_.find(name);
    if (found != rallies_.end()) {
        return found->second;
    }
    if (name.starts_with("id:")) {
        return campaigns::RallyId{static_cast<std::uint64_t>(read_number(name.substr(3)))};
    }
    throw std::invalid_argument("no rally has the name " + name);
}

/// "R = launch_rally 42".
Facts ScenarioPlayer::launch_rally(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"key", "level", "segments", "campaign"});
    campaigns::LaunchRally command;
    command.campaign = campaign_of(options);
    command.buyer = buyer_of(line.words.at(1), options);
    Facts facts = ask(line, command, options, "rallies", command.buyer.id.raw());
    if (const auto* view = answer_->about<RallyView>(); view != nullptr && !line.name.empty()) {
        rallies_[line.name] = view->rally_id;
    }
    return facts;
}

/// "help_rally 43 R", or "help_rally 43-48 R": each of them, of whom the last is told; the others
/// must be OK. "A = help_rally 43 R" names the order that its reward is.
Facts ScenarioPlayer::help_rally(const ScenarioLine& line) {
    const Options options(line.words, 3);
    options.only({"key", "level", "segments", "campaign"});
    const std::string& helpers = line.words.at(1);
    const auto dash = helpers.find('-');
    const std::int64_t first = read_number(helpers.substr(0, dash));
    const std::int64_t last =
        dash == std::string::npos ? first : read_number(helpers.substr(dash + 1));
    campaigns::HelpRally command;
    command.campaign = campaign_of(options);
    command.rally = rally_called(line.words.at(2));
    const campaigns::Campaign* campaign = rig_.find(command.campaign);
    const auto orders = [&] { return campaign == nullptr ? 0 : campaign->book().order_count(); };
    const campaigns::RecordIndex orders_before = orders();
    Facts facts;
    for (std::int64_t helper = first; helper <= last; ++helper) {
        command.buyer = buyer_of(std::to_string(helper), options);
        facts = ask(line, command, options, line.words[2], command.buyer.id.raw());
        if (helper != last && facts.code != "OK") {
            throw std::invalid_argument("helper " + std::to_string(helper) + ": " + facts.str());
        }
    }
    if (!line.name.empty()) {
        if (orders() == orders_before) {
            throw std::invalid_argument("no reward was granted that could be called " + line.name);
        }
        orders_.give(line.name, campaign->book().last_id());
    }
    return facts;
}

Facts ScenarioPlayer::show_rally(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"campaign"});
    Facts facts{.code = "UNKNOWN", .values = {}, .flags = {}};
    const campaigns::Campaign* campaign = rig_.find(campaign_of(options));
    const auto view = campaign == nullptr
                          ? std::nullopt
                          : campaigns::find_rally(*campaign, rally_called(line.words.at(1)));
    if (view) {
        facts.code = text(view->state);
        add_rally(facts, *view);
    }
    return facts;
}

/// "rallies 42": how many of his own, and the newest.
Facts ScenarioPlayer::list_rallies(const ScenarioLine& line) {
    const Options options(line.words, 2);
    options.only({"campaign"});
    Facts facts{.code = "0", .values = {}, .flags = {}};
    if (const campaigns::Campaign* campaign = rig_.find(campaign_of(options))) {
        const auto views = campaigns::rallies_launched_by(
            *campaign, buyer_of(line.words.at(1), options).id, limits::own_records_listed_max);
        facts.code = std::to_string(views.size());
        if (!views.empty()) {
            add_rally(facts, views.front());
        }
    }
    return facts;
}

}  // namespace stampede::tests
