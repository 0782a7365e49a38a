// SPDX-License-Identifier: Apache-2.0
// Plays the lines of a scenario table on a SaleRig: one verb of the language per function. Used by
// scenario.cpp alone. Throws std::invalid_argument at a line that makes no sense.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "campaigns/bargain.hpp"
#include "campaigns/command.hpp"
#include "tests/support/sale_rig.hpp"
#include "tests/support/scenario_facts.hpp"
#include "tests/support/scenario_text.hpp"

namespace stampede::tests {

/// One line of a table, taken apart.
struct ScenarioLine {
    std::string name;  // before "=": what its order or ticket is called from now on
    Words words;
    std::optional<Words> expected;
};

/// Whether all invariants are looked at after a line; `few` are within a row of many alike.
enum class Checks : bool { few = false, all = true };

class ScenarioPlayer {
  public:
    ScenarioPlayer();

    /// "campaign 1": drafted and published as soon as its block is complete.
    void begin_campaign(const Words& words);
    /// "config 1b like 1": only given a name, for `draft` and `revise`.
    void begin_config(const Words& words);
    void add_to_config(const Words& words);

    /// Empty, or what is wrong.
    std::optional<std::string> run(const ScenarioLine& line, Checks checks = Checks::all);
    /// Nothing may be left over: what settlement was told must have been expected.
    std::optional<std::string> finish();
    [[nodiscard]] const std::vector<ModelJournal::Kept>& journal() const { return rig_.journal(); }

  private:
    using Act = Facts (ScenarioPlayer::*)(const ScenarioLine& line);
    static const std::map<std::string, Act>& acts();
    bool run_step(const ScenarioLine& line);
    bool run_time(const Words& words);
    bool run_restart(const Words& words);
    std::optional<std::string> run_events(const ScenarioLine& line);
    std::optional<std::string> run_event_sum(const ScenarioLine& line);
    void close_block();
    void collect_told();

    Facts ask(const ScenarioLine& line, const campaigns::Command& command, const Options& options,
              const std::string& path, std::uint64_t owner = 0);
    Facts buy(const ScenarioLine& line);
    Facts take_ticket(const ScenarioLine& line);
    Facts cancel(const ScenarioLine& line);
    Facts wait(const ScenarioLine& line);
    Facts leave(const ScenarioLine& line);
    Facts show_place(const ScenarioLine& line);
    Facts pay(const ScenarioLine& line);
    Facts refund(const ScenarioLine& line);
    Facts draft(const ScenarioLine& line);
    Facts revise(const ScenarioLine& line);
    Facts change(const ScenarioLine& line);
    Facts stock(const ScenarioLine& line);
    Facts block(const ScenarioLine& line);
    Facts release(const ScenarioLine& line);
    Facts resolve(const ScenarioLine& line);
    Facts settle(const ScenarioLine& line);
    Facts show_order(const ScenarioLine& line);
    Facts show_ledger(const ScenarioLine& line);
    Facts show_campaign(const ScenarioLine& line);

    // scenario_bargain.cpp
    Facts launch(const ScenarioLine& line);
    Facts help(const ScenarioLine& line);
    Facts take(const ScenarioLine& line);
    Facts cancel_bargain(const ScenarioLine& line);
    Facts show_bargain(const ScenarioLine& line);
    [[nodiscard]] campaigns::BargainId bargain_called(const std::string& name) const;
    [[nodiscard]] static campaigns::Buyer buyer_of(const std::string& id, const Options& options);
    // scenario_friend_help.cpp
    Facts launch_rally(const ScenarioLine& line);
    Facts help_rally(const ScenarioLine& line);
    Facts show_rally(const ScenarioLine& line);
    Facts list_rallies(const ScenarioLine& line);
    [[nodiscard]] campaigns::RallyId rally_called(const std::string& name) const;
    // Groups: scenario_groups.cpp
    Facts open_group(const ScenarioLine& line);
    Facts join_group(const ScenarioLine& line);
    Facts fail_group(const ScenarioLine& line);
    Facts show_group(const ScenarioLine& line);
    Facts list_groups(const ScenarioLine& line);
    [[nodiscard]] static campaigns::Buyer read_asker(const Words& words, const Options& options);

    [[nodiscard]] CampaignId campaign_of(const Options& options) const;
    [[nodiscard]] std::shared_ptr<const campaigns::CampaignConfig> config(
        const std::string& name) const;
    [[nodiscard]] campaigns::TicketClaims claims(const std::string& name) const;

    SaleRig rig_;
    OrderNames orders_;
    std::map<std::string, campaigns::TicketClaims> tickets_;
    std::map<std::string, campaigns::BargainId> bargains_;
    std::map<std::string, campaigns::RallyId> rallies_;
    std::map<std::string, campaigns::CampaignConfig> configs_;
    std::string open_block_;
    bool block_is_campaign_ = false;
    std::optional<CampaignId> first_campaign_;
    std::vector<EventRow> told_;
    std::optional<campaigns::Answer> answer_;
};

}  // namespace stampede::tests
