// SPDX-License-Identifier: Apache-2.0
// The life of a campaign:
//
//   draft -> scheduled -> warming -> live <-> paused -> ending -> ended -> settled -> archived
//                 any of scheduled, warming, live, paused, ending -> killed -> settled -> archived
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stampede::campaigns {

enum class CampaignState : std::uint8_t {
    draft = 1,
    scheduled = 2,
    warming = 3,
    live = 4,
    paused = 5,
    ending = 6,
    ended = 7,
    settled = 8,
    archived = 9,
    killed = 10,
};
[[nodiscard]] std::string_view text(CampaignState state);
[[nodiscard]] std::optional<CampaignState> parse_campaign_state(std::string_view text);

}  // namespace stampede::campaigns
