// SPDX-License-Identifier: Apache-2.0
// The draws of a campaign's lottery groups (抽奖团), as anyone may check them: the seed that was
// promised by its digest, and of each group that succeeded how many could win, who was in the draw,
// and who won. Gathered from a journal, or read from what an operator published: after the
// campaign's line (published_seed.hpp) one for each group.
//
//   {"group_id":"c8k2…","item_id":"1001","winners":1,
//    "members":[{"order_id":"c8k2…","won":true},…]}
//
// Pure but for the caller's streams; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "campaigns/event.hpp"
#include "campaigns/group_buy.hpp"
#include "engine/vocabulary/result.hpp"
#include "net/published_seed.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

struct DrawnMember {
    OrderId order;
    bool won = false;
};
struct GroupDraw {
    campaigns::GroupId id;
    std::string item_id;
    std::uint16_t winners = 0;
    std::vector<DrawnMember> members;
};
struct LotteryDraws : PublishedSeed {
    std::vector<GroupDraw> groups;
    [[nodiscard]] std::size_t member_count() const;
};

/// Empty, or the first thing that does not follow from the seed, in one sentence. Needs the seed.
[[nodiscard]] std::optional<std::string> first_unfair(const LotteryDraws& draws);

/// Follows a campaign's events, oldest first.
class LotteryDrawsReader {
  public:
    explicit LotteryDrawsReader(CampaignId campaign) { draws_.campaign = campaign; }
    /// A fault when an event belongs to what the journal does not keep any more.
    [[nodiscard]] Result<> read(const campaigns::Event& event);
    /// False for a campaign without lotteries, or one that is not there.
    [[nodiscard]] bool has_draws() const { return has_lottery_; }
    [[nodiscard]] const LotteryDraws& draws() const { return draws_; }

  private:
    [[nodiscard]] Result<> read(const campaigns::CampaignEvent& event);
    [[nodiscard]] Result<> read(const campaigns::GroupBuy::Event& event);
    void take_config(const campaigns::CampaignConfig& config);

    LotteryDraws draws_;
    bool has_lottery_ = false;
    /// Of the groups that are open: how many can win.
    std::unordered_map<std::uint64_t, std::uint16_t> winners_;
};

/// The published text; `newline` ends each object.
void append_draws(TextBuffer& out, const LotteryDraws& draws);
/// A fault names the line.
[[nodiscard]] Result<LotteryDraws> parse_draws(std::string_view text);

}  // namespace stampede::net
