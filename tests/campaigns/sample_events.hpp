// SPDX-License-Identifier: Apache-2.0
// One event of each kind, every field with a value of its own, and a configuration in which no
// parameter has its default: what the codec's tests and the golden bytes are made from. The values
// never change, or the golden bytes would.
#pragma once

#include <vector>

#include "campaigns/event.hpp"

namespace stampede::campaigns {

[[nodiscard]] CampaignConfig sample_config();
[[nodiscard]] std::vector<Event> sample_events();

}  // namespace stampede::campaigns
