// SPDX-License-Identifier: Apache-2.0
// What the doors' routes share: a path's segments, and the ids that stand in them. Pure.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::net {

inline constexpr std::string_view campaigns_prefix = "/v1/campaigns/";

/// Takes the text up to the next slash, and the slash, off the front.
[[nodiscard]] inline std::string_view take_segment(std::string_view& rest) {
    const auto slash = rest.find('/');
    const auto segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    return segment;
}

/// Decimal, without leading zeros, 1..2^53.
[[nodiscard]] inline std::optional<CampaignId> parse_campaign_id(std::string_view text) {
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size() || text.front() == '0' ||
        id > limits::campaign_id_max) {
        return std::nullopt;
    }
    return CampaignId{id};
}

}  // namespace stampede::net
