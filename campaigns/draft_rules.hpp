// SPDX-License-Identifier: Apache-2.0
// The parts of judge(): each judges its parameters of a draft, writes what holds into the
// configuration and every mistake into the notes. Used by campaigns/campaign_draft.cpp alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "campaigns/campaign_config.hpp"
#include "campaigns/campaign_draft.hpp"
#include "campaigns/field_notes.hpp"

namespace stampede::campaigns {

/// Both ends are allowed values.
struct Range {
    std::int64_t low = 0;
    std::int64_t high = 0;
};

/// The number given, or `fallback` when it is absent; empty, with a note, when it is out of range.
[[nodiscard]] std::optional<std::int64_t> judge_number(FieldNotes& errors, std::string field,
                                                       std::optional<std::int64_t> given,
                                                       std::optional<std::int64_t> fallback,
                                                       Range range);
/// 1..title_bytes_max bytes, not blank, without control characters.
void judge_title(FieldNotes& errors, std::string field, const std::optional<std::string>& given,
                 std::string& title);

/// The enumerator that is called so; `fallback` when nothing is given, or with a note.
template <class Enum, std::size_t Count>
[[nodiscard]] Enum judge_word(FieldNotes& errors, std::string field,
                              const std::optional<std::string>& given,
                              const std::array<Enum, Count>& words, Enum fallback) {
    if (!given) {
        return fallback;
    }
    std::string allowed;
    for (const Enum word : words) {
        if (text(word) == *given) {
            return word;
        }
        allowed += (allowed.empty() ? "" : ", ") + std::string{text(word)};
    }
    errors.add(std::move(field), "must be one of " + allowed);
    return fallback;
}

void judge_items(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors);
void judge_slots(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors);
void judge_limits(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors);
void judge_audience(const CampaignDraft& draft, CampaignConfig& config, FieldNotes& errors);

}  // namespace stampede::campaigns
