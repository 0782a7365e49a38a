// SPDX-License-Identifier: Apache-2.0
// What events are told to the mall with: rows of orders, changes of them, and events that it must
// act on. Each play says of each of its events what the mall learns (`settle()` beside the event);
// the common events are in settlement_records.cpp. The payloads are flat JSON objects;
// docs/reference/mall-database.md lists their fields. One event, one writer; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/settlement_record.hpp"

namespace stampede::campaigns {

/// Writes one flat JSON object. Keys are ours and need no escape; texts came from the mall.
class JsonObject {
  public:
    JsonObject& text(std::string_view key, std::string_view value) {
        begin(key);
        json_ += '"';
        for (const char character : value) {
            append_escaped(character);
        }
        json_ += '"';
        return *this;
    }
    JsonObject& integer(std::string_view key, std::int64_t value) {
        begin(key);
        json_ += std::to_string(value);
        return *this;
    }
    [[nodiscard]] std::string done() && {
        json_ += '}';
        return std::move(json_);
    }

  private:
    void begin(std::string_view key) {
        json_ += json_.size() == 1 ? "\"" : ",\"";
        json_ += key;
        json_ += "\":";
    }
    void append_escaped(char character) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '"' || character == '\\') {
            json_ += '\\';
            json_ += character;
        } else if (byte < 0x20) {
            constexpr std::string_view digits = "0123456789abcdef";
            json_ += "\\u00";
            json_ += digits[byte >> 4];
            json_ += digits[byte & 0x0F];
        } else {
            json_ += character;
        }
    }
    std::string json_ = "{";
};

/// The records of one event, in the order in which they are written.
class SettlementWriter {
  public:
    SettlementWriter(CampaignId campaign, const EventOrigin& origin,
                     std::vector<SettlementRecord>& records)
        : campaign_(campaign), origin_(origin), records_(records) {}

    /// A new row, with what every row of this event has.
    [[nodiscard]] OrderRow row_of(OrderId order, BuyerId buyer) const {
        OrderRow row;
        row.order_id = id_text(order.raw());
        row.campaign_id = std::to_string(campaign_.raw());
        row.buyer_id = std::to_string(buyer.raw());
        row.confirmed_at = origin_.at;
        row.receipt = receipt_text(origin_);
        return row;
    }
    void add(SettlementRecord record) { records_.push_back(std::move(record)); }

    [[nodiscard]] static std::string id_text(std::uint64_t id) { return Base36{id}.str(); }
    [[nodiscard]] JsonObject about_campaign() const {
        JsonObject payload;
        payload.text("campaign_id", std::to_string(campaign_.raw()));
        return payload;
    }
    [[nodiscard]] JsonObject about_order(OrderId order) const {
        JsonObject payload;
        payload.text("order_id", id_text(order.raw()));
        if (campaign_.raw() != 0) {
            payload.text("campaign_id", std::to_string(campaign_.raw()));
        }
        return payload;
    }
    [[nodiscard]] JsonObject about_stock(const ItemId& item_id, Quantity units,
                                         std::string_view reason) const {
        JsonObject payload = about_campaign();
        payload.text("item_id", item_id.view())
            .integer("units", units.units())
            .text("reason", reason);
        return payload;
    }
    /// An event that the mall must act on; `kind` as in "REFUND_REQUIRED".
    void tell(std::string_view kind, std::optional<OrderId> order, JsonObject payload) {
        EventRow row;
        row.journal_id = origin_.journal_id;
        row.shard = origin_.shard;
        row.sequence = origin_.sequence;
        row.ordinal = next_ordinal_++;
        row.event_id = row.journal_id + '.' + std::to_string(row.shard.raw()) + '.' +
                       std::to_string(row.sequence.raw()) + '.' + std::to_string(row.ordinal);
        row.kind = kind;
        if (order) {
            row.order_id = id_text(order->raw());
        }
        row.payload = std::move(payload).done();
        row.at = origin_.at;
        records_.emplace_back(std::move(row));
    }

  private:
    CampaignId campaign_;
    const EventOrigin& origin_;
    std::vector<SettlementRecord>& records_;
    std::uint32_t next_ordinal_ = 0;
};

}  // namespace stampede::campaigns
