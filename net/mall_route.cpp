// SPDX-License-Identifier: Apache-2.0
// A path is cut at its slashes; the table below says what each shape is. Ids stand as `{}`.
#include "net/mall_route.hpp"

#include <algorithm>
#include <array>
#include <boost/url/params_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <vector>

#include "engine/vocabulary/limits.hpp"
#include "net/path_text.hpp"

namespace stampede::net {

namespace {

using campaigns::Verb;
using enum MallEndpoint;

/// What the path's ids are of; of a record it is the campaign's, then its own.
enum class IdKind : std::uint8_t { none, campaign, order, group, bargain };

struct Row {
    std::string_view method;
    std::string_view path;  // two {} at most
    MallEndpoint endpoint;
    IdKind id = IdKind::none;
    Roles roles{};
    Verb verb = Verb::publish;
};

constexpr Roles operators = Role::viewer | Role::editor | Role::publisher | Role::treasurer;
constexpr Roles emergencies = Role::publisher | Role::treasurer;

constexpr std::array<Row, 30> rows{{
    {"POST", "/v1/campaigns", create_campaign, IdKind::none, Role::editor},
    {"GET", "/v1/campaigns", list_campaigns, IdKind::none, operators},
    {"GET", "/v1/campaigns/{}", read_campaign, IdKind::campaign, operators},
    {"PUT", "/v1/campaigns/{}", revise_campaign, IdKind::campaign, Role::editor},
    {"POST", "/v1/campaigns/{}/clone", clone_campaign, IdKind::campaign, Role::editor},
    {"POST", "/v1/campaigns/{}/publish", change_campaign, IdKind::campaign, Role::publisher,
     Verb::publish},
    {"POST", "/v1/campaigns/{}/pause", change_campaign, IdKind::campaign, Role::publisher,
     Verb::pause},
    {"POST", "/v1/campaigns/{}/resume", change_campaign, IdKind::campaign, Role::publisher,
     Verb::resume},
    {"POST", "/v1/campaigns/{}/end", change_campaign, IdKind::campaign, Role::publisher, Verb::end},
    {"POST", "/v1/campaigns/{}/kill", change_campaign, IdKind::campaign, Role::publisher,
     Verb::kill},
    {"POST", "/v1/campaigns/{}/archive", change_campaign, IdKind::campaign, Role::publisher,
     Verb::archive},
    {"POST", "/v1/campaigns/{}/stock", adjust_stock, IdKind::campaign, Role::publisher},
    {"POST", "/v1/campaigns/{}/blocklist", block_buyers, IdKind::campaign, emergencies},
    {"POST", "/v1/campaigns/{}/groups/{}/fail", fail_group, IdKind::group, emergencies},
    {"POST", "/v1/campaigns/{}/bargains/{}/cancel", cancel_bargain, IdKind::bargain, emergencies},
    {"GET", "/v1/campaigns/{}/ledger", read_ledger, IdKind::campaign, operators},
    {"GET", "/v1/campaigns/{}/orders", list_orders, IdKind::campaign, operators | Role::mall},
    {"GET", "/v1/orders/{}", read_order, IdKind::order, operators | Role::mall},
    {"POST", "/v1/orders/{}/release", release_order, IdKind::order, emergencies},
    {"POST", "/v1/orders/{}/resolve", resolve_order, IdKind::order, emergencies},
    {"POST", "/v1/clock/thaw", thaw_clock, IdKind::none, emergencies},
    {"POST", "/v1/payments", record_payment, IdKind::none, Role::mall},
    {"POST", "/v1/payments/batch", record_payments, IdKind::none, Role::mall},
    {"POST", "/v1/refunds", record_refund, IdKind::none, Role::mall},
    {"GET", "/v1/events", list_events, IdKind::none, Role::mall},
    {"GET", "/v1/settlement", read_settlement, IdKind::none, operators},
    {"GET", "/metrics", read_metrics},
    {"GET", "/healthz", read_health},
    {"GET", "/readyz", read_readiness},
    {"GET", "/openapi.yaml", read_openapi},
}};

/// The segments that stand where a row has {}, in order.
struct Ids {
    std::string_view first;
    std::string_view second;
};

/// None when the shapes differ.
std::optional<Ids> match(const Row& row, std::string_view path) {
    std::string_view shape = row.path;
    std::string_view rest = path;
    Ids ids;
    for (std::string_view* id : {&ids.first, &ids.second}) {
        const auto hole = shape.find("{}");
        if (hole == std::string_view::npos) {
            break;
        }
        if (rest.substr(0, hole) != shape.substr(0, hole)) {
            return std::nullopt;
        }
        rest.remove_prefix(hole);
        *id = rest.substr(0, rest.find('/'));
        rest.remove_prefix(id->size());
        shape.remove_prefix(hole + 2);
    }
    return rest == shape ? std::optional{ids} : std::nullopt;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || text.front() == '0' ||
        number > most) {
        return std::nullopt;
    }
    return number;
}

/// An id that the engine gave out, into the field that it belongs to.
template <class Id>
Judged<> take_id(std::string_view text, std::string_view name, std::string_view whose, Id& id) {
    const auto number = Base36::parse(text);
    if (!number.has_value()) {
        return malformed(std::string{name} + ": must be " + std::string{whose} +
                         " id as it was given out");
    }
    id = Id{*number};
    return {};
}

Judged<> take_own_id(const Row& row, const Ids& ids, MallRoute& route) {
    switch (row.id) {
        case IdKind::order:
            return take_id(ids.first, "order_id", "an order's", route.order);
        case IdKind::group:
            return take_id(ids.second, "group_id", "a group's", route.group);
        case IdKind::bargain:
            return take_id(ids.second, "bargain_id", "a bargain's", route.bargain);
        case IdKind::none:
        case IdKind::campaign:
            break;
    }
    return {};
}

Judged<MallRoute> fill(const Row& row, const Ids& ids) {
    MallRoute route{row.endpoint, {}, {}, {}, {}, row.verb, row.roles};
    if (row.id != IdKind::none && row.id != IdKind::order) {
        const auto campaign = parse_campaign_id(ids.first);
        if (!campaign.has_value()) {
            return malformed("campaign_id: must be a decimal number from 1 to 2^53");
        }
        route.campaign = *campaign;
    }
    if (auto judged = take_own_id(row, ids, route); judged.has_error()) {
        return judged.error();
    }
    return route;
}

std::string_view allowed_methods(std::string_view path) {
    // The only shapes with two methods; every other has the one that its row names.
    if (path == "/v1/campaigns") {
        return "GET, POST";
    }
    for (const Row& row : rows) {
        if (match(row, path).has_value()) {
            return row.endpoint == read_campaign ? "GET, PUT" : row.method;
        }
    }
    return {};
}

}  // namespace

Judged<MallRoute> route_mall(std::string_view method, std::string_view path) {
    for (const Row& row : rows) {
        if (row.method != method) {
            continue;
        }
        if (const auto ids = match(row, path)) {
            return fill(row, *ids);
        }
    }
    if (const auto allowed = allowed_methods(path); !allowed.empty()) {
        return method_not_allowed(allowed);
    }
    return not_found("no such path");
}

std::vector<MallPath> mall_paths() {
    std::vector<MallPath> paths;
    for (const Row& row : rows) {
        paths.push_back({row.method, row.path});
    }
    return paths;
}

Judged<ListQuery> parse_list_query(std::string_view text,
                                   std::initializer_list<std::string_view> names) {
    if (text.empty()) {
        return ListQuery{};
    }
    const std::string target = "/?" + std::string{text};
    const auto url = boost::urls::parse_origin_form(target);
    if (url.has_error()) {
        return malformed("query: not a valid query of a URL");
    }
    ListQuery query;
    std::vector<std::string> seen;
    for (const auto& parameter : url->params()) {
        const std::string name{parameter.key};
        const std::string value{parameter.value};
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            return malformed("query: " + name.substr(0, 64) + ": unknown parameter");
        }
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
            return malformed("query: " + name + ": repeated parameter");
        }
        seen.push_back(name);
        if (name == "limit") {
            const auto limit = parse_decimal(value, limits::page_rows_max);
            if (!limit.has_value()) {
                return malformed("query: limit: must be an integer from 1 to " +
                                 std::to_string(limits::page_rows_max));
            }
            query.limit = *limit;
        } else if (name == "state") {
            query.state = value;
        } else if (name == "play") {
            query.play = value;
        } else {
            query.after = value;
        }
    }
    return query;
}

}  // namespace stampede::net
