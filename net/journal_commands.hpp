// SPDX-License-Identifier: Apache-2.0
// The commands that read a data directory while no server runs on it: verify, journal print,
// reconcile, repair. Each returns the process's exit code and says on stderr what went wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/vocabulary/ids.hpp"

namespace stampede::net {

/// Exit codes of these commands.
enum class Verdict : int {
    good = 0,
    unusable = 1,   // the directory cannot be read at all: absent, in use, of a newer version
    damaged = 3,    // verify: names the first bad record
    different = 4,  // reconcile: journal and mall database disagree
    unfair = 5,     // bargain-plan, lottery: what does not follow from the promised seed
};

enum class Output : std::uint8_t { text, json };

/// Replays everything that is kept and checks digests, chain, anchor, signatures, checkpoints and
/// every invariant.
[[nodiscard]] Verdict verify(const std::string& data_dir, Output output);

struct PrintSelection {
    std::optional<CampaignId> campaign;
    Sequence from;  // per shard; 0: all
};
[[nodiscard]] Verdict print_journal(const std::string& data_dir, const PrintSelection& selection);

[[nodiscard]] Verdict reconcile_with_mall(const std::string& data_dir,
                                          const std::string& mall_db_url, Output output);

/// Recomputes every cut of one campaign, or of all, from its seed.
[[nodiscard]] Verdict verify_bargain_plans(const std::string& data_dir,
                                           std::optional<CampaignId> campaign);
/// The same for what somebody published (net/bargain_plan.hpp).
[[nodiscard]] Verdict verify_published_plan(const std::string& file);
/// What may be published: the seed with it once the campaign has ended.
[[nodiscard]] Verdict print_bargain_plan(const std::string& data_dir, CampaignId campaign);

/// The same for the draws of lottery groups (net/lottery_draws.hpp).
[[nodiscard]] Verdict verify_lotteries(const std::string& data_dir,
                                       std::optional<CampaignId> campaign);
[[nodiscard]] Verdict verify_published_lottery(const std::string& file);
[[nodiscard]] Verdict print_lottery(const std::string& data_dir, CampaignId campaign);

/// A person's decision after damage: gives up every commit after `last`.
[[nodiscard]] Verdict accept_loss(const std::string& data_dir, CommitNumber last);
/// Writes what is left of the raw log behind the last good commit to stdout.
[[nodiscard]] Verdict dump_tail(const std::string& data_dir);

}  // namespace stampede::net
