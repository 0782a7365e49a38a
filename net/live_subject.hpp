// SPDX-License-Identifier: Apache-2.0
// What can be followed at the live door, and how paths name it. A new kind of subject is a row in
// `subject_kinds`, and a function that shows it (live_subjects.cpp). Pure.
#pragma once

#include <array>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "net/problem.hpp"

namespace stampede::net {

enum class SubjectKind : std::uint8_t { campaign, order, group, bargain };

struct LiveSubject {
    SubjectKind kind = SubjectKind::campaign;
    CampaignId campaign;
    std::uint64_t id = 0;  // within the campaign; 0 of the campaign itself
    friend bool operator==(const LiveSubject&, const LiveSubject&) = default;
    friend std::size_t hash_value(const LiveSubject& subject) {
        // The three are spread by the map's own mixing.
        return (subject.campaign.raw() * 0x9E3779B97F4A7C15ULL) ^ subject.id ^
               (static_cast<std::uint64_t>(subject.kind) << 61);
    }
};

enum class Following : std::uint8_t { by_everybody, by_its_buyer };

struct SubjectKindRow {
    SubjectKind kind;
    std::string_view name;        // `subject` of its events
    std::string_view collection;  // .../orders/{order_id}/live
    std::string_view parameter;   // ?order_id=... beside the campaign; the field of its id
    Following following;
};
inline constexpr std::array subject_kinds{
    SubjectKindRow{SubjectKind::order, "order", "orders", "order_id", Following::by_its_buyer},
    SubjectKindRow{SubjectKind::group, "group", "groups", "group_id", Following::by_everybody},
    SubjectKindRow{SubjectKind::bargain, "bargain", "bargains", "bargain_id",
                   Following::by_everybody},
};

/// What one connection asks to follow, without repetition.
using LiveSubjects =
    boost::container::static_vector<LiveSubject, limits::live_subjects_per_connection_max>;
struct LiveRoute {
    LiveSubjects subjects;
    bool needs_buyer = false;
};

/// GET /v1/campaigns/{campaign_id}/live, which `?order_id=` and its like extend by more subjects of
/// that campaign, or GET /v1/campaigns/{campaign_id}/orders/{order_id}/live and its like.
[[nodiscard]] Judged<LiveRoute> route_live(std::string_view method, std::string_view path,
                                           std::string_view query);

}  // namespace stampede::net
