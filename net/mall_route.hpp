// SPDX-License-Identifier: Apache-2.0
// Paths of the mall's door, and which roles each needs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "campaigns/command.hpp"
#include "net/problem.hpp"
#include "net/roles.hpp"

namespace stampede::net {

enum class MallEndpoint : std::uint8_t {
    create_campaign,
    list_campaigns,
    read_campaign,
    revise_campaign,
    clone_campaign,
    change_campaign,
    adjust_stock,
    block_buyers,
    read_ledger,
    list_orders,
    read_order,
    release_order,
    resolve_order,
    thaw_clock,
    fail_group,
    cancel_bargain,
    record_payment,
    record_payments,
    record_refund,
    list_events,
    read_settlement,
    // Open to anybody who reaches the door.
    read_metrics,
    read_health,
    read_readiness,
    read_openapi,
};

struct MallRoute {
    MallEndpoint endpoint = MallEndpoint::read_health;
    CampaignId campaign;
    OrderId order;
    campaigns::GroupId group;
    campaigns::BargainId bargain;
    campaigns::Verb verb = campaigns::Verb::publish;  // change_campaign
    Roles roles;                                      // any of them; none: no key needed
};

/// 404 for a path that does not exist, 405 with Allow for a method that it does not have, 400 for
/// an id that cannot be one.
[[nodiscard]] Judged<MallRoute> route_mall(std::string_view method, std::string_view path);

/// Every path that the door has, ids written {}: what the OpenAPI document must name.
struct MallPath {
    std::string_view method;
    std::string_view path;
};
[[nodiscard]] std::vector<MallPath> mall_paths();

/// The query of a list: each name at most once, unknown names refused.
struct ListQuery {
    std::string state;
    std::string play;
    std::string after;
    std::size_t limit = 100;  // 1..limits::page_rows_max
};
/// `names`: which of state, play, after, limit the path takes.
[[nodiscard]] Judged<ListQuery> parse_list_query(std::string_view query,
                                                 std::initializer_list<std::string_view> names);

}  // namespace stampede::net
