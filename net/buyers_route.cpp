// SPDX-License-Identifier: Apache-2.0
// Paths of the buyers' door. A handful of segments compared in order, the purchase first: a table
// would be longer.
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/vocabulary/limits.hpp"
#include "net/command_decoder.hpp"
#include "net/path_text.hpp"

namespace stampede::net {

namespace {

constexpr std::size_t groups_listed_default = 20;

Judged<BuyersRoute> expect(std::string_view method, std::string_view allowed, BuyersRoute route) {
    if (method != allowed) {
        return method_not_allowed(allowed);
    }
    return route;
}

Judged<BuyersRoute> route_order(std::string_view method, std::string_view id, std::string_view rest,
                                bool has_more, BuyersRoute route) {
    const auto order = Base36::parse(id);
    if (!order.has_value()) {
        return malformed("order_id: must be an order's id as it was given out");
    }
    route.order = OrderId{*order};
    if (!has_more) {
        route.endpoint = BuyersEndpoint::read_order;
        return expect(method, "GET", route);
    }
    if (rest == "cancel") {
        route.endpoint = BuyersEndpoint::cancel_order;
        return expect(method, "POST", route);
    }
    return not_found("no such path");
}

/// What stands below a collection: a record's id, and perhaps a collection of its own behind it.
struct Below {
    std::string_view id;
    bool is_record = false;
    std::string_view collection{};
};
Below split(std::string_view rest) {
    Below below;
    below.is_record = rest.find('/') == std::string_view::npos;
    below.id = take_segment(rest);
    below.collection = rest;
    return below;
}

Judged<BuyersRoute> route_group(std::string_view method, std::string_view rest, BuyersRoute route) {
    const Below below = split(rest);
    const auto group = Base36::parse(below.id);
    if (!group.has_value()) {
        return malformed("group_id: must be a group's id as it was given out");
    }
    route.group = campaigns::GroupId{*group};
    if (below.collection == "members") {
        route.endpoint = BuyersEndpoint::join_group;
        return expect(method, "POST", route);
    }
    route.endpoint = BuyersEndpoint::read_group;
    return below.is_record ? expect(method, "GET", route) : not_found("no such path");
}

Judged<BuyersRoute> route_bargain(std::string_view method, std::string_view rest,
                                  BuyersRoute route) {
    const Below below = split(rest);
    const auto bargain = Base36::parse(below.id);
    if (!bargain.has_value()) {
        return malformed("bargain_id: must be a bargain's id as it was given out");
    }
    route.bargain = campaigns::BargainId{*bargain};
    if (below.collection == "cuts") {
        route.endpoint = BuyersEndpoint::cut_bargain;
        return expect(method, "POST", route);
    }
    if (below.collection == "orders") {
        route.endpoint = BuyersEndpoint::order_bargain;
        return expect(method, "POST", route);
    }
    route.endpoint = BuyersEndpoint::read_bargain;
    return below.is_record ? expect(method, "GET", route) : not_found("no such path");
}

Judged<BuyersRoute> route_rally(std::string_view method, std::string_view rest, BuyersRoute route) {
    const Below below = split(rest);
    const auto rally = Base36::parse(below.id);
    if (!rally.has_value()) {
        return malformed("rally_id: must be a rally's id as it was given out");
    }
    route.rally = campaigns::RallyId{*rally};
    if (below.collection == "helps") {
        route.endpoint = BuyersEndpoint::help_rally;
        return expect(method, "POST", route);
    }
    route.endpoint = BuyersEndpoint::read_rally;
    return below.is_record ? expect(method, "GET", route) : not_found("no such path");
}

/// `mine=true`, and where there is a list of everybody's, `limit`. No percent-encoding: neither
/// needs it.
struct RecordsQuery {
    bool mine = false;
    std::size_t limit = groups_listed_default;
};
Judged<RecordsQuery> read_query(std::string_view query, bool has_limit) {
    RecordsQuery read;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto parameter = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto equals = std::min(parameter.find('='), parameter.size());
        const auto name = parameter.substr(0, equals);
        const auto value = parameter.substr(std::min(equals + 1, parameter.size()));
        if (name == "mine") {
            if (value != "true" && value != "false") {
                return malformed("query: mine: must be true or false");
            }
            read.mine = value == "true";
        } else if (name == "limit" && has_limit) {
            const auto [last, error] =
                std::from_chars(value.data(), value.data() + value.size(), read.limit);
            if (error != std::errc{} || last != value.data() + value.size() || read.limit == 0 ||
                read.limit > limits::groups_listed_max) {
                return malformed("query: limit: must be an integer from 1 to " +
                                 std::to_string(limits::groups_listed_max));
            }
        } else {
            return malformed("query: " + std::string{name.substr(0, 64)} + ": unknown parameter");
        }
    }
    return read;
}

Judged<BuyersRoute> route_groups(std::string_view method, std::string_view text,
                                 BuyersRoute route) {
    if (method == "POST") {
        route.endpoint = BuyersEndpoint::open_group;
        return route;
    }
    if (method != "GET") {
        return method_not_allowed("GET, POST");
    }
    const auto query = read_query(text, true);
    if (query.has_error()) {
        return query.error();
    }
    route.endpoint = query->mine ? BuyersEndpoint::list_own_groups : BuyersEndpoint::list_groups;
    route.limit = query->limit;
    return route;
}

/// A collection that is launched into, and of which a buyer lists his own alone.
struct OwnRecords {
    std::string_view name;
    BuyersEndpoint launch;
    BuyersEndpoint list_own;
};
constexpr OwnRecords bargains{"bargains", BuyersEndpoint::launch_bargain,
                              BuyersEndpoint::list_own_bargains};
constexpr OwnRecords rallies{"rallies", BuyersEndpoint::launch_rally,
                             BuyersEndpoint::list_own_rallies};
Judged<BuyersRoute> route_own(const OwnRecords& records, std::string_view method,
                              std::string_view text, BuyersRoute route) {
    if (method == "POST") {
        route.endpoint = records.launch;
        return route;
    }
    if (method != "GET") {
        return method_not_allowed("GET, POST");
    }
    const auto query = read_query(text, false);
    if (query.has_error()) {
        return query.error();
    }
    if (!query->mine) {
        return malformed("query: mine: must be true; " + std::string{records.name} +
                         " of others are not listed");
    }
    route.endpoint = records.list_own;
    return route;
}

Judged<BuyersRoute> route_orders(std::string_view method, BuyersRoute route) {
    if (method == "POST") {
        route.endpoint = BuyersEndpoint::place_order;
        return route;
    }
    if (method == "GET") {
        route.endpoint = BuyersEndpoint::list_orders;
        return route;
    }
    return method_not_allowed("GET, POST");
}

Judged<BuyersRoute> route_waitlist(std::string_view method, BuyersRoute route) {
    if (method == "POST") {
        route.endpoint = BuyersEndpoint::join_waitlist;
    } else if (method == "GET") {
        route.endpoint = BuyersEndpoint::read_waitlist;
    } else if (method == "DELETE") {
        route.endpoint = BuyersEndpoint::leave_waitlist;
    } else {
        return method_not_allowed("GET, POST, DELETE");
    }
    return route;
}

}  // namespace

std::string_view path_of(std::string_view target) {
    constexpr std::string_view origin = "http://";
    if (target.substr(0, origin.size()) == origin) {
        const auto slash = target.find('/', origin.size());
        target = slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
    }
    return target.substr(0, target.find('?'));
}

bool needs_buyer(BuyersEndpoint endpoint) {
    switch (endpoint) {
        case BuyersEndpoint::read_time:
        case BuyersEndpoint::read_campaign:
        case BuyersEndpoint::list_groups:
        case BuyersEndpoint::read_group:
        case BuyersEndpoint::read_bargain:
        case BuyersEndpoint::read_rally:
            return false;
        case BuyersEndpoint::issue_ticket:
        case BuyersEndpoint::place_order:
        case BuyersEndpoint::list_orders:
        case BuyersEndpoint::read_order:
        case BuyersEndpoint::cancel_order:
        case BuyersEndpoint::join_waitlist:
        case BuyersEndpoint::read_waitlist:
        case BuyersEndpoint::leave_waitlist:
        case BuyersEndpoint::open_group:
        case BuyersEndpoint::join_group:
        case BuyersEndpoint::list_own_groups:
        case BuyersEndpoint::launch_bargain:
        case BuyersEndpoint::cut_bargain:
        case BuyersEndpoint::list_own_bargains:
        case BuyersEndpoint::order_bargain:
        case BuyersEndpoint::launch_rally:
        case BuyersEndpoint::help_rally:
        case BuyersEndpoint::list_own_rallies:
            return true;
    }
    unreachable("an endpoint that is none");
}

bool is_command(BuyersEndpoint endpoint) {
    switch (endpoint) {
        case BuyersEndpoint::issue_ticket:
        case BuyersEndpoint::place_order:
        case BuyersEndpoint::cancel_order:
        case BuyersEndpoint::join_waitlist:
        case BuyersEndpoint::leave_waitlist:
        case BuyersEndpoint::open_group:
        case BuyersEndpoint::join_group:
        case BuyersEndpoint::launch_bargain:
        case BuyersEndpoint::cut_bargain:
        case BuyersEndpoint::order_bargain:
        case BuyersEndpoint::launch_rally:
        case BuyersEndpoint::help_rally:
            return true;
        case BuyersEndpoint::read_time:
        case BuyersEndpoint::read_campaign:
        case BuyersEndpoint::list_orders:
        case BuyersEndpoint::read_order:
        case BuyersEndpoint::read_waitlist:
        case BuyersEndpoint::list_groups:
        case BuyersEndpoint::list_own_groups:
        case BuyersEndpoint::read_group:
        case BuyersEndpoint::list_own_bargains:
        case BuyersEndpoint::read_bargain:
        case BuyersEndpoint::list_own_rallies:
        case BuyersEndpoint::read_rally:
            return false;
    }
    unreachable("an endpoint that is none");
}

bool body_may_be_absent(BuyersEndpoint endpoint) {
    return endpoint == BuyersEndpoint::cancel_order || endpoint == BuyersEndpoint::leave_waitlist ||
           endpoint == BuyersEndpoint::join_group || endpoint == BuyersEndpoint::cut_bargain ||
           endpoint == BuyersEndpoint::order_bargain || endpoint == BuyersEndpoint::launch_rally ||
           endpoint == BuyersEndpoint::help_rally;
}

Judged<BuyersRoute> route_buyers(std::string_view method, std::string_view target,
                                 std::string_view query) {
    const std::string_view path = path_of(target);
    BuyersRoute route;
    if (path == "/v1/time") {
        return expect(method, "GET", route);
    }
    if (path.substr(0, campaigns_prefix.size()) != campaigns_prefix) {
        return not_found("no such path");
    }
    std::string_view rest = path.substr(campaigns_prefix.size());
    const bool only_campaign = rest.find('/') == std::string_view::npos;
    const auto campaign = parse_campaign_id(take_segment(rest));
    if (!campaign.has_value()) {
        return malformed("campaign_id: must be a decimal number from 1 to 2^53");
    }
    route.campaign = *campaign;
    if (only_campaign) {
        route.endpoint = BuyersEndpoint::read_campaign;
        return expect(method, "GET", route);
    }
    if (rest == "orders") {
        return route_orders(method, route);
    }
    if (rest == "tickets") {
        route.endpoint = BuyersEndpoint::issue_ticket;
        return expect(method, "POST", route);
    }
    if (rest == "waitlist") {
        return route_waitlist(method, route);
    }
    if (rest == "groups") {
        return route_groups(method, query, route);
    }
    if (rest == "bargains") {
        return route_own(bargains, method, query, route);
    }
    if (rest == "rallies") {
        return route_own(rallies, method, query, route);
    }
    const auto collection = take_segment(rest);
    if (collection == "orders") {
        const bool has_more = rest.find('/') != std::string_view::npos;
        const auto id = take_segment(rest);
        return route_order(method, id, rest, has_more, route);
    }
    if (collection == "groups") {
        return route_group(method, rest, route);
    }
    if (collection == "bargains") {
        return route_bargain(method, rest, route);
    }
    if (collection == "rallies") {
        return route_rally(method, rest, route);
    }
    return not_found("no such path");
}

std::uint64_t key_digest(std::string_view method, std::string_view path, std::string_view key) {
    // Newlines stand in none of the three, so the joined text is unambiguous.
    std::array<char, 8 + limits::request_target_bytes_max + limits::idempotency_key_bytes_max + 2>
        joined{};
    std::size_t used = 0;
    for (const auto part : {method, path, key}) {
        check(part.size() < joined.size() - used, "the gate bounds methods, targets and keys");
        part.copy(joined.data() + used, part.size());
        used += part.size();
        joined[used++] = '\n';
    }
    return XXH3_64bits(joined.data(), used);
}

Judged<> judge_content_type(const std::optional<std::string_view>& content_type,
                            std::string_view body) {
    constexpr std::string_view json = "application/json";
    if (body.empty() || !content_type.has_value()) {
        return {};
    }
    const auto type = content_type->substr(0, content_type->find_first_of("; \t"));
    const bool is_json =
        std::equal(type.begin(), type.end(), json.begin(), json.end(), [](char given, char lower) {
            // Media types know no case.
            const bool upper = given >= 'A' && given <= 'Z';
            return (upper ? given + ('a' - 'A') : given) == lower;
        });
    if (!is_json) {
        return Problem{415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type: must be application/json"};
    }
    return {};
}

Judged<> judge_idempotency_key(std::string_view key) {
    bool visible = !key.empty() && key.size() <= limits::idempotency_key_bytes_max;
    for (const char character : key) {
        visible = visible && character > 0x20 && character < 0x7F;
    }
    if (!visible) {
        return malformed("Idempotency-Key: must be 1 to 64 visible ASCII characters");
    }
    return {};
}

}  // namespace stampede::net
