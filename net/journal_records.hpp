// SPDX-License-Identifier: Apache-2.0
// Joins a frame of the journal with what campaigns make of it for the mall: the function that
// settlement, the events feed and reconcile share. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "campaigns/settlement_records.hpp"
#include "engine/commit_feed.hpp"
#include "engine/frame.hpp"

namespace stampede::net {

/// False for an event that this program does not know.
[[nodiscard]] inline bool append_records_of_frame(const engine::Frame& frame,
                                                  const engine::DurableCommit& commit,
                                                  std::string_view journal_id,
                                                  std::vector<SettlementRecord>& records) {
    const EventOrigin origin{.journal_id = journal_id,
                             .epoch = commit.epoch,
                             .shard = frame.shard,
                             .sequence = frame.sequence,
                             .at = frame.at};
    return campaigns::append_settlement_records(
        {static_cast<campaigns::Family>(frame.play), frame.kind}, frame.payload,
        CampaignId{frame.scope}, origin, records);
}

}  // namespace stampede::net
