// SPDX-License-Identifier: Apache-2.0
// A configuration as the JSON that made it, for GET /v1/campaigns/{id} and for editing: the names
// of the contract, times in the campaign's zone and as *_ms beside. Used by the mall's door; any
// thread.
#pragma once

#include "campaigns/campaign_config.hpp"
#include "net/json_text.hpp"

namespace stampede::net {

/// Appends play, title … zero_price to an object that the caller opened. Parameters that were not
/// given and have no default (list_price, slots, per_buyer_per_slot) are left out.
void append_config_fields(JsonText& json, const campaigns::CampaignConfig& config);

}  // namespace stampede::net
