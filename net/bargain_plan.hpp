// SPDX-License-Identifier: Apache-2.0
// The plan of a campaign's cuts (砍价), as anyone may check it: the seed that was promised by its
// digest, the terms of each bargain, and its cuts. It is gathered from a journal, or read from what
// an operator published: after the campaign's line (published_seed.hpp) one for each bargain.
//
//   {"bargain_id":"c8k2…","item_id":"1001","terms":{"start_price":9900,…},
//    "cuts":[{"amount":1271,"new_helper":false},…]}
//
// `terms` has the names of a draft's `bargain`; the starter's first cut stands there and is none of
// `cuts`. Pure but for the caller's streams; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaigns/bargain.hpp"
#include "campaigns/event.hpp"
#include "engine/vocabulary/result.hpp"
#include "net/published_seed.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

struct PlannedCut {
    Money amount;
    bool new_helper = false;
};
struct PlannedBargain {
    campaigns::BargainId id;
    std::string item_id;
    campaigns::BargainItemTerms terms;
    std::vector<PlannedCut> cuts;
};
struct BargainPlan : PublishedSeed {
    std::vector<PlannedBargain> bargains;
    [[nodiscard]] std::size_t cut_count() const;
};

/// Empty, or the first thing that does not follow from the seed, in one sentence. Needs the seed.
[[nodiscard]] std::optional<std::string> first_unfair(const BargainPlan& plan);

/// Follows a campaign's events, oldest first.
class BargainPlanReader {
  public:
    explicit BargainPlanReader(CampaignId campaign) { plan_.campaign = campaign; }
    /// A fault when an event belongs to what the journal does not keep any more.
    [[nodiscard]] Result<> read(const campaigns::Event& event);
    /// False for a campaign of another play, or one that is not there.
    [[nodiscard]] bool has_bargains() const { return terms_.has_value(); }
    [[nodiscard]] const BargainPlan& plan() const { return plan_; }

  private:
    [[nodiscard]] Result<> read(const campaigns::CampaignEvent& event);
    [[nodiscard]] Result<> read(const campaigns::BargainPlay::Event& event);
    void take_config(const campaigns::CampaignConfig& config);

    BargainPlan plan_;
    std::optional<campaigns::BargainTerms> terms_;
    std::vector<std::string> item_ids_;
};

/// The published text; `newline` ends each object.
void append_plan(TextBuffer& out, const BargainPlan& plan);
/// A fault names the line.
[[nodiscard]] Result<BargainPlan> parse_plan(std::string_view text);

}  // namespace stampede::net
