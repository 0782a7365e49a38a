// SPDX-License-Identifier: Apache-2.0
// Fetches the evidence from outside: HTTP, a child process, the mall's database. Blocking, one
// thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "engine/vocabulary/result.hpp"
#include "loadtest/evidence.hpp"
#include "loadtest/mall_door.hpp"

namespace stampede::loadtest {

[[nodiscard]] Result<std::vector<LedgerLine>> fetch_ledger(MallDoor& mall,
                                                           const std::string& campaign_id);
/// Fetches the ledger until nothing is held any more, at most for `patience`; the last one.
[[nodiscard]] Result<std::vector<LedgerLine>> await_lapsed(MallDoor& mall,
                                                           const std::string& campaign_id,
                                                           std::chrono::nanoseconds patience);
/// All pages.
[[nodiscard]] Result<std::vector<ListedOrder>> fetch_orders(MallDoor& mall,
                                                            const std::string& campaign_id);

/// The public reads of the buyers' door, one by one; a record that it does not know is a fault.
[[nodiscard]] Result<std::vector<GroupView>> fetch_groups(MallDoor& buyers,
                                                          const std::string& campaign_id,
                                                          const std::vector<RecordId>& groups);
[[nodiscard]] Result<std::vector<BargainView>> fetch_bargains(
    MallDoor& buyers, const std::string& campaign_id, const std::vector<RecordId>& bargains);

/// `url` is sqlite:PATH. Rows of one campaign, and the events of its orders.
[[nodiscard]] Result<MallDatabase> read_mall_database(std::string_view url,
                                                      const std::string& campaign_id);

/// Runs `stampede journal print --data-dir DIR --campaign ID` with the server stopped; all
/// campaigns when `campaign_id` is empty.
[[nodiscard]] Result<JournalContents> read_journal(const std::string& stampede_binary,
                                                   const std::string& data_directory,
                                                   const std::string& campaign_id);
/// Takes one line of that output in; false when it is no JSON object.
[[nodiscard]] bool take_journal_line(std::string_view line, JournalContents& contents);

}  // namespace stampede::loadtest
