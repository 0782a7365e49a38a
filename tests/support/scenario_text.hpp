// SPDX-License-Identifier: Apache-2.0
// The words of a scenario table: times, buyers, amounts, and the blocks that define campaigns.
// Times are local times of the sale's day; "1d20:00:00" is a day later. Reading throws
// std::invalid_argument, since a scenario that cannot be read is a mistake of its author.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "campaigns/campaign_config.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::tests {

using Words = std::vector<std::string>;

[[nodiscard]] Words split_words(std::string_view text);
[[nodiscard]] std::int64_t read_number(std::string_view word);
/// "20:00:00", "20:00:00.250", "1d20:00:00".
[[nodiscard]] Instant read_instant(std::string_view word);
[[nodiscard]] std::string write_instant(Instant instant);
/// "5s", "250ms", "3m", "48h".
[[nodiscard]] Duration read_duration(std::string_view word);
/// Seconds with their milliseconds, as in "600s" and "0.250s".
[[nodiscard]] std::string write_duration(Duration duration);

/// One line of a `campaign` or `config` block, as in {"item", "1001", "price", "9900"}.
void read_config_line(campaigns::CampaignConfig& config, const Words& words);
/// The parameters of 砍价 (scenario_bargain.cpp).
void read_bargain(campaigns::CampaignConfig& config, const Words& words);
/// The line "friend_help tiers 2:3001 …" of a block (scenario_friend_help.cpp).
void read_friend_help(campaigns::CampaignConfig& config, const Words& words);

/// The line "group size 3 …" of a block, which makes it a group-buy: scenario_groups.cpp.
void read_group_terms(campaigns::CampaignConfig& config, const Words& words);

/// The rest of a line as pairs of names and values, in which a few names stand alone.
class Options {
  public:
    Options(const Words& words, std::size_t first, const std::vector<std::string>& flags = {});
    [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
    [[nodiscard]] std::string text(const std::string& name, std::string otherwise = {}) const;
    [[nodiscard]] std::int64_t number(const std::string& name, std::int64_t otherwise = 0) const;
    /// Throws when a name is none of these: a typing mistake would prove nothing.
    void only(const std::vector<std::string>& names) const;

  private:
    std::map<std::string, std::string> values_;
};

}  // namespace stampede::tests
