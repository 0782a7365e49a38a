// SPDX-License-Identifier: Apache-2.0
// What the plays keep beside orders (groups, bargains, rallies) as the JSON of the contract, for
// every answer about one. Buyers see each other's ids masked, the mall sees them whole. Pure; any
// thread. Appends to the caller's buffer and allocates nothing of its own.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "campaigns/answer.hpp"
#include "campaigns/campaign_config.hpp"
#include "net/answer_json.hpp"
#include "net/json_text.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

struct RecordShown {
    Door door = Door::buyers;
    std::size_t members_max = limits::group_size_max;
};

/// How an order names its record: "group_id", "bargain_id", "rally_id".
[[nodiscard]] std::string_view record_key(campaigns::Play play);

/// `"group":{…}`, or `"bargain":{…}` with the cut that the answer is about before it, or
/// `"rally":{…}`, or nothing.
void append_record(JsonText& json, const campaigns::Plays::View& record, const RecordShown& shown);
/// The fields inside `group`, `bargain` and `rally`, into an object that the caller opened.
void append_group_fields(JsonText& json, const campaigns::GroupView& group,
                         const RecordShown& shown);
void append_bargain_fields(JsonText& json, const campaigns::BargainView& bargain, Door door);

void append_rally_fields(JsonText& json, const campaigns::RallyView& rally, Door door);

/// {"code":"OK","groups":[…],"server_ms":…}, with the first few members of each.
void append_groups(TextBuffer& out, std::span<const campaigns::GroupView> groups,
                   Instant server_time);
/// {"code":"OK","bargains":[…],"server_ms":…}.
void append_bargains(TextBuffer& out, std::span<const campaigns::BargainView> bargains,
                     Instant server_time);

/// {"code":"OK","rallies":[…],"server_ms":…}.
void append_rallies(TextBuffer& out, std::span<const campaigns::RallyView> rallies,
                    Instant server_time);

/// What anybody may know of the play's parameters: `"group":{size, …}`.
void append_public_terms(JsonText& json, const campaigns::CampaignConfig& config);
/// The same of one item, inside its object: `"bargain":{start_price, floor_price, helpers, …}`.
void append_public_item_terms(JsonText& json, const campaigns::CampaignConfig& config,
                              std::size_t item);

}  // namespace stampede::net
