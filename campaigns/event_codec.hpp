// SPDX-License-Identifier: Apache-2.0
// Events <-> the payload of a frame. Each family registers its number, its encoder and its decoder
// (event_codec.cpp); the layouts stand beside the codecs, little-endian, in the order written.
#pragma once

#include <optional>
#include <span>

#include "campaigns/event.hpp"
#include "engine/vocabulary/bytes.hpp"

namespace stampede::campaigns {

struct EventNumber {
    Family family = Family::campaign;
    std::uint8_t kind = 0;
    friend bool operator==(EventNumber, EventNumber) = default;
};

[[nodiscard]] EventNumber number_of(const Event& event);
/// Appends the payload. An event is at most limits::event_bytes_max bytes.
void encode(const Event& event, ByteWriter& out);
/// Empty for an unknown number, or when the bytes are not exactly one such event.
[[nodiscard]] std::optional<Event> decode_event(EventNumber number,
                                                std::span<const std::byte> payload);
/// Name of an event as `journal print` shows it, as in "StockHeld".
[[nodiscard]] std::string_view name_of(EventNumber number);

}  // namespace stampede::campaigns
