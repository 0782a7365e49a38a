// SPDX-License-Identifier: Apache-2.0
// Paths of the buyers' door. A handful of segments compared in order: a table would be longer.
#include <xxhash.h>

#include <algorithm>
#include <array>

#include "engine/vocabulary/limits.hpp"
#include "net/command_decoder.hpp"
#include "net/path_text.hpp"

namespace stampede::net {

namespace {

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

Judged<BuyersRoute> route_buyers(std::string_view method, std::string_view target) {
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
    if (take_segment(rest) == "orders") {
        const bool has_more = rest.find('/') != std::string_view::npos;
        const auto id = take_segment(rest);
        return route_order(method, id, rest, has_more, route);
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
