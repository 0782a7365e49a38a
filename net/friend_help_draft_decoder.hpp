// SPDX-License-Identifier: Apache-2.0
// The parameters of 好友助力 between JSON and their types, both ways: what GET shows can be sent
// back by PUT. Pure; any thread.
#pragma once

#include <string>

#include "campaigns/campaign_draft.hpp"
#include "net/field_rules.hpp"
#include "net/json_text.hpp"

namespace stampede::net {

/// `"friend_help":{…}` of a draft.
void take_friend_help(FieldNotes& errors, const JsonNode& value, const std::string& path,
                      campaigns::CampaignDraft& draft);
/// The same of a configuration that has it, as a member "friend_help".
void append_friend_help(JsonText& json, const campaigns::CampaignConfig& config);

}  // namespace stampede::net
