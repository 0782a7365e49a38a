// SPDX-License-Identifier: Apache-2.0
// How often one helper may help, as a parameter of the plays that live from help: its words in a
// draft, their judgement, and its bytes in a configuration. The counting is helper_accumulator.hpp.
// Plain values and pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "campaigns/field_notes.hpp"
#include "campaigns/field_reader.hpp"
#include "campaigns/helper_accumulator.hpp"
#include "campaigns/local_days.hpp"
#include "engine/vocabulary/bytes.hpp"

namespace stampede::campaigns {

/// Times per campaign or day that a draft may allow.
inline constexpr std::int64_t helps_per_helper_max = 1'000'000;

struct HelpingDraft {
    std::optional<std::int64_t> helps_per_buyer;
    std::optional<std::int64_t> helps_per_buyer_per_day;
    /// Where the campaign's days begin; absent when whoever knows the zone could not tell.
    std::optional<LocalDays> days;
};

/// `key` is the play's own, as in "bargain.helps_per_buyer". Without a limit per day `days` stays.
void judge_helping(std::string_view key, const HelpingDraft& draft, HelperLimits& limits,
                   LocalDays& days, FieldNotes& errors);

// In a configuration: a flag, and if 1 the number (4); spans: count (2), each: from, offset_s (4).
void put_optional(ByteWriter& out, std::optional<std::uint32_t> number);
[[nodiscard]] std::optional<std::uint32_t> get_optional(FieldReader& in);
void put_limits(ByteWriter& out, const HelperLimits& limits);
[[nodiscard]] HelperLimits get_limits(FieldReader& in);
void put_days(ByteWriter& out, const LocalDays& days);
[[nodiscard]] LocalDays get_days(FieldReader& in);
[[nodiscard]] std::size_t days_bytes(const LocalDays& days);

}  // namespace stampede::campaigns
