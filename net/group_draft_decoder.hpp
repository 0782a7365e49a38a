// SPDX-License-Identifier: Apache-2.0
// The parameters of 拼团 between JSON and their types, both ways: what GET shows can be sent back
// by PUT. Pure; any thread.
#pragma once

#include <string>

#include "campaigns/campaign_draft.hpp"
#include "net/field_rules.hpp"
#include "net/json_text.hpp"

namespace stampede::net {

/// `"group":{…}` of a campaign.
void take_group(FieldNotes& errors, const JsonNode& value, const std::string& path,
                campaigns::CampaignDraft& draft);

/// As a member "group" of an object that is open.
void append_group(JsonText& json, const campaigns::GroupTerms& terms);

}  // namespace stampede::net
