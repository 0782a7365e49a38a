// SPDX-License-Identifier: Apache-2.0
// Daily slots (场次) of a draft as absolute windows over the campaign's life: the one place where a
// zone's offsets enter. Judged again by campaigns::judge(). Any thread.
#pragma once

#include <optional>
#include <vector>

#include "campaigns/campaign_draft.hpp"

namespace stampede::net {

/// Every session of the slots between starts_at and ends_at, clipped to them, at most
/// slot_windows_max + 1. A local time that a clock change skips or repeats counts at its first
/// instant, so that sessions neither overlap nor change their order. Empty when there are no slots,
/// or when the slots, the times or the zone are not sound enough to place them.
[[nodiscard]] std::optional<std::vector<campaigns::SlotWindow>> expand_slots(
    const campaigns::CampaignDraft& draft);

/// The zone's offsets from the start until the last deadline that a campaign of these times can
/// have. Empty when the times or the zone are not sound.
[[nodiscard]] std::optional<campaigns::LocalDays> days_of(const campaigns::CampaignDraft& draft);

}  // namespace stampede::net
