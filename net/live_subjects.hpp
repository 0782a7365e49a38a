// SPDX-License-Identifier: Apache-2.0
// What an event of the live door says about each kind of subject: the same words as the buyers'
// door has for it. Pure; any thread.
#pragma once

#include "campaigns/campaign.hpp"
#include "net/live_reads.hpp"

namespace stampede::net {

/// Fills in code, buyer and fields; `campaign` is null where there is none of that id.
void show(const campaigns::Campaign* campaign, LiveLook& look);

}  // namespace stampede::net
