// SPDX-License-Identifier: Apache-2.0
// What settlement writes into the mall's database: campaigns makes these records from durable
// events, storage turns them into rows. Neither knows the other. docs/reference/mall-database.md
// describes the tables; every text here is the text of a column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede {

/// Where an event lies: the source of its receipt and of the ids of what follows from it.
struct EventOrigin {
    std::string_view journal_id;
    Epoch epoch{1};
    ShardIndex shard;
    Sequence sequence;
    Instant at;
};
/// "shard.epoch.sequence": what an answer that changed something carries.
[[nodiscard]] inline std::string receipt_text(const EventOrigin& origin) {
    return std::to_string(origin.shard.raw()) + '.' + std::to_string(origin.epoch.raw()) + '.' +
           std::to_string(origin.sequence.raw());
}

struct OrderItemRow {
    std::size_t line = 0;  // 0, 1, ... within the order
    std::string item_id;
    Quantity quantity;
    Money unit_price;
    Quantity refunded;
    friend bool operator==(const OrderItemRow&, const OrderItemRow&) = default;
};

/// A confirmed order: inserted once, with its items.
struct OrderRow {
    std::string order_id;
    std::string campaign_id;
    std::string play;
    std::string buyer_id;
    Money amount;
    Money refunded;
    std::string state;
    std::optional<std::string> group_id;
    std::optional<std::string> bargain_id;
    std::optional<std::string> payment_id;  // absent when the amount is 0
    std::optional<Instant> paid_at;         // absent when the amount is 0
    Instant confirmed_at;
    std::string receipt;
    std::vector<OrderItemRow> items;
    friend bool operator==(const OrderRow&, const OrderRow&) = default;
};

/// What happens to a row later. No row (the order was never confirmed): nothing.
struct OrderChange {
    struct Part {
        std::size_t line = 0;
        Quantity refunded_more;
    };
    std::string order_id;
    std::string state;  // empty: as it is
    Money refunded_more;
    std::vector<Part> parts;
};

/// Something that the mall must act on.
struct EventRow {
    std::string event_id;  // unique over all journals, the same each time it is made
    std::string journal_id;
    ShardIndex shard;
    Sequence sequence;
    std::uint32_t ordinal = 0;  // several may follow from one event: 0, 1, ...
    std::string kind;
    std::optional<std::string> order_id;
    std::string payload;  // a JSON object
    Instant at;
    friend bool operator==(const EventRow&, const EventRow&) = default;
};

using SettlementRecord = std::variant<OrderRow, OrderChange, EventRow>;

}  // namespace stampede
