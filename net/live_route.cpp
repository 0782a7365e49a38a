// SPDX-License-Identifier: Apache-2.0
// Paths of the live door.
#include <algorithm>
#include <string>

#include "net/live_subject.hpp"
#include "net/path_text.hpp"

namespace stampede::net {

namespace {

Judged<> add(LiveRoute& route, const SubjectKindRow& row, CampaignId campaign,
             std::string_view text) {
    const auto id = Base36::parse(text);
    if (!id.has_value()) {
        return malformed(std::string{row.parameter} + ": must be an id as it was given out");
    }
    const LiveSubject subject{row.kind, campaign, *id};
    if (std::ranges::find(route.subjects, subject) != route.subjects.end()) {
        return {};
    }
    if (route.subjects.size() == route.subjects.capacity()) {
        return malformed("one connection follows at most " +
                         std::to_string(limits::live_subjects_per_connection_max) + " subjects");
    }
    route.subjects.push_back(subject);
    route.needs_buyer |= row.following == Following::by_its_buyer;
    return {};
}

/// Ids are digits and letters, so nothing in a query of ours is ever percent-encoded.
Judged<> add_parameters(LiveRoute& route, CampaignId campaign, std::string_view query) {
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto parameter = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(parameter.find('='), parameter.size());
        const auto name = parameter.substr(0, equals);
        const auto row = std::ranges::find(subject_kinds, name, &SubjectKindRow::parameter);
        if (row == subject_kinds.end()) {
            return malformed("query: " + std::string{name.substr(0, 64)} + ": unknown parameter");
        }
        const auto value = parameter.substr(std::min(equals + 1, parameter.size()));
        if (auto added = add(route, *row, campaign, value); added.has_error()) {
            return added;
        }
    }
    return {};
}

}  // namespace

Judged<LiveRoute> route_live(std::string_view method, std::string_view path,
                             std::string_view query) {
    if (path.substr(0, campaigns_prefix.size()) != campaigns_prefix || !path.ends_with("/live")) {
        return not_found("no such path");
    }
    std::string_view rest = path.substr(campaigns_prefix.size());
    const auto campaign = parse_campaign_id(take_segment(rest));
    if (!campaign.has_value()) {
        return malformed("campaign_id: must be a decimal number from 1 to 2^53");
    }
    LiveRoute route;
    Judged<> added;
    if (rest == "live") {
        route.subjects.push_back({SubjectKind::campaign, *campaign, 0});
        added = add_parameters(route, *campaign, query);
    } else {
        const auto collection = take_segment(rest);
        const auto id = take_segment(rest);
        const auto row = std::ranges::find(subject_kinds, collection, &SubjectKindRow::collection);
        if (row == subject_kinds.end() || rest != "live") {
            return not_found("no such path");
        }
        added = query.empty() ? add(route, *row, *campaign, id)
                              : malformed("query: this path takes no parameters");
    }
    if (added.has_error()) {
        return added.error();
    }
    if (method != "GET") {
        return method_not_allowed("GET");
    }
    return route;
}

}  // namespace stampede::net
