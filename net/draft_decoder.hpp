// SPDX-License-Identifier: Apache-2.0
// From the body of POST and PUT /v1/campaigns to a draft and its judgement. What JSON can get wrong
// (types, unknown and repeated fields, times, zones) and what the rules refuse come out as one
// list, all at once. Used by the mall's door; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "campaigns/campaign_draft.hpp"
#include "engine/vocabulary/ids.hpp"
#include "net/problem.hpp"

namespace stampede::net {

enum class DraftUse : std::uint8_t {
    create,  // POST: `id` may be given, `version` not
    revise,  // PUT: `version` is required; what GET adds to the parameters is passed over
};

struct DraftBody {
    campaigns::CampaignDraft draft;
    std::optional<CampaignId> id;
    std::uint32_t version = 0;  // PUT: the version that the operator saw
    std::vector<campaigns::FieldNote> errors;
};

/// A problem (400) only for what is no JSON object; every other mistake is in `errors`.
[[nodiscard]] Judged<DraftBody> decode_draft(std::string_view body, DraftUse use);

/// The decoder's errors and the judge's as one list; a field that could not be read is not called
/// missing as well. `now` counts for warnings alone.
[[nodiscard]] campaigns::DraftVerdict judge_draft(const DraftBody& body, Instant now);
/// The same for a campaign that is live or paused: see campaigns::judge_revision().
[[nodiscard]] campaigns::DraftVerdict judge_live_draft(const DraftBody& body,
                                                       const campaigns::CampaignConfig& current);

/// 422 DRAFT_INVALID with errors[].
[[nodiscard]] Problem draft_problem(const std::vector<campaigns::FieldNote>& errors);

}  // namespace stampede::net
