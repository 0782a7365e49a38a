// SPDX-License-Identifier: Apache-2.0
// What the server, its journal and the mall's database say after a run. Plain values, gathered from
// outside and judged by the oracle.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "loadtest/play_views.hpp"

namespace stampede::loadtest {

/// GET …/ledger, one per item.
struct LedgerLine {
    std::string item_id;
    std::int64_t total = 0;
    std::int64_t available = 0;
    std::int64_t held = 0;
    std::int64_t sold = 0;
    std::int64_t reserve = 0;
    std::int64_t removed = 0;
};

/// GET …/orders on the mall's door.
struct ListedOrder {
    std::string order_id;
    std::string buyer_id;
    std::string item_id;
    std::string state;
    std::int64_t quantity = 0;
    std::int64_t amount = 0;
    std::int64_t refunded_quantity = 0;
};

/// A row of stampede_order with its lines summed up.
struct SettledOrder {
    std::string order_id;
    std::string buyer_id;
    std::string state;
    std::string payment_id;
    std::int64_t amount = 0;
    std::int64_t refunded_amount = 0;
    std::int64_t lines = 0;
    std::int64_t lines_amount = 0;  // sum of quantity × unit_price
    std::int64_t lines_quantity = 0;
    std::string group_id{};  // empty for none
    std::string bargain_id{};
    std::string receipt{};
};

/// A row of stampede_event.
struct MallEvent {
    std::string event_id;
    std::string kind;
    std::string order_id;
    std::string payment_id;
    std::int64_t amount = 0;
    std::string reason{};    // of a refund
    std::string group_id{};  // empty for none
    std::int64_t virtual_seats = 0;
};

struct MallDatabase {
    std::vector<SettledOrder> orders;
    std::vector<MallEvent> events;
    std::uint64_t cursors = 0;  // rows of stampede_cursor
    std::uint64_t lines_without_order = 0;
};

/// Every receipt and order that `stampede journal print` shows.
struct JournalContents {
    std::unordered_set<std::string> receipts;
    std::unordered_set<std::string> orders;
    std::uint64_t lines = 0;
};

struct Evidence {
    std::optional<std::vector<LedgerLine>> ledger;
    std::optional<std::vector<ListedOrder>> orders;
    /// GET …/groups/{id} and …/bargains/{id}, one per group or bargain that the crowd knows of.
    std::optional<std::vector<GroupView>> groups;
    std::optional<std::vector<BargainView>> bargains;
    std::optional<MallDatabase> mall;
    std::optional<JournalContents> journal;
};

}  // namespace stampede::loadtest
