// SPDX-License-Identifier: Apache-2.0
// The events of family `campaign` as bytes; the layouts stand in campaign_event_codec.cpp.
#pragma once

#include "campaigns/event_family.hpp"

namespace stampede::campaigns {

[[nodiscard]] EventFamily campaign_events();

}  // namespace stampede::campaigns
