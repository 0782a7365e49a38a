// SPDX-License-Identifier: Apache-2.0
// The texts of a campaign's states, both ways: operators filter lists by them.
#include "campaigns/campaign_state.hpp"

#include <array>

#include "engine/vocabulary/check.hpp"

namespace stampede::campaigns {

std::string_view text(CampaignState state) {
    switch (state) {
        case CampaignState::draft:
            return "draft";
        case CampaignState::scheduled:
            return "scheduled";
        case CampaignState::warming:
            return "warming";
        case CampaignState::live:
            return "live";
        case CampaignState::paused:
            return "paused";
        case CampaignState::ending:
            return "ending";
        case CampaignState::ended:
            return "ended";
        case CampaignState::settled:
            return "settled";
        case CampaignState::archived:
            return "archived";
        case CampaignState::killed:
            return "killed";
    }
    unreachable("a campaign state without a text");
}

std::optional<CampaignState> parse_campaign_state(std::string_view wanted) {
    constexpr std::array states{
        CampaignState::draft,  CampaignState::scheduled, CampaignState::warming,
        CampaignState::live,   CampaignState::paused,    CampaignState::ending,
        CampaignState::ended,  CampaignState::settled,   CampaignState::archived,
        CampaignState::killed,
    };
    for (const CampaignState state : states) {
        if (text(state) == wanted) {
            return state;
        }
    }
    return std::nullopt;
}

}  // namespace stampede::campaigns
