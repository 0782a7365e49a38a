// SPDX-License-Identifier: Apache-2.0
// What an event of the live door says about each kind of subject: the same words as the buyers'
// door has for it. Pure; any thread.
#pragma once

#include "campaigns/campaign_machine.hpp"
#include "net/live_reads.hpp"

namespace stampede::net {

/// Fills in code, buyer and fields; `machine` is that of the campaign's shard.
void show(const campaigns::CampaignMachine& machine, LiveLook& look);

}  // namespace stampede::net
