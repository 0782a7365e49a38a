// SPDX-License-Identifier: Apache-2.0
// The parameters of 砍价 between JSON and their types, both ways: what GET shows can be sent back
// by PUT. Pure; any thread.
#pragma once

#include <string>

#include "campaigns/campaign_draft.hpp"
#include "net/field_rules.hpp"
#include "net/json_text.hpp"

namespace stampede::net {

/// `"bargain":{…}` of a campaign.
void take_bargain(FieldNotes& errors, const JsonNode& value, const std::string& path,
                  campaigns::CampaignDraft& draft);
/// `"bargain":{…}` of one item.
void take_item_bargain(FieldNotes& errors, const JsonNode& value, const std::string& path,
                       campaigns::ItemDraft& draft);

/// What is the campaign's, as a member "bargain"; with it what is the item's, where there is one.
void append_bargain(JsonText& json, const campaigns::BargainTerms& terms);
/// What is an item's, into an object that is open.
void append_item_bargain(JsonText& json, const campaigns::BargainItemTerms& terms);

}  // namespace stampede::net
