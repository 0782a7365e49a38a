// SPDX-License-Identifier: Apache-2.0
// The buyers' door, from bytes to typed commands: routes, and bodies decoded by simdjson On-Demand.
// Nothing past here sees raw input; whatever does not decode is a Problem that says what and where.
// A decoder belongs to one thread and keeps its parser's memory; decoding allocates nothing more.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "campaigns/command.hpp"
#include "engine/frame.hpp"
#include "net/problem.hpp"

namespace stampede::net {

enum class BuyersEndpoint : std::uint8_t {
    read_time,
    read_campaign,
    issue_ticket,
    place_order,
    list_orders,
    read_order,
    cancel_order,
    join_waitlist,
    read_waitlist,
    leave_waitlist,
    // Digests of remembered requests begin with an endpoint's number: new ones come last.
    open_group,
    join_group,
    list_groups,
    list_own_groups,
    read_group,
    launch_bargain,
    cut_bargain,
    list_own_bargains,
    read_bargain,
    order_bargain,
    launch_rally,
    help_rally,
    list_own_rallies,
    read_rally,
};

struct BuyersRoute {
    BuyersEndpoint endpoint = BuyersEndpoint::read_time;
    CampaignId campaign;           // of every path but /v1/time
    OrderId order;                 // read_order, cancel_order
    campaigns::GroupId group;      // join_group, read_group
    campaigns::BargainId bargain;  // cut_bargain, read_bargain, order_bargain
    campaigns::RallyId rally;      // help_rally, read_rally
    std::size_t limit = 0;         // list_groups: 1..limits::groups_listed_max
};
/// Public reads need no buyer.
[[nodiscard]] bool needs_buyer(BuyersEndpoint endpoint);
[[nodiscard]] bool is_command(BuyersEndpoint endpoint);
/// Commands whose paths say it all: no body, or {}.
[[nodiscard]] bool body_may_be_absent(BuyersEndpoint endpoint);

/// The path of a request target: without query, and without the origin of an absolute form.
[[nodiscard]] std::string_view path_of(std::string_view target);
/// 404 for a path that does not exist, 405 with Allow for a method it does not have, 400 for an id
/// that cannot be one. Lists of groups, bargains and rallies read their query and refuse a
/// parameter that they do not know; elsewhere it is ignored.
[[nodiscard]] Judged<BuyersRoute> route_buyers(std::string_view method, std::string_view target,
                                               std::string_view query = {});

/// Digest of method, path and Idempotency-Key: the key's scope beside campaign and buyer.
[[nodiscard]] std::uint64_t key_digest(std::string_view method, std::string_view path,
                                       std::string_view key);
/// 415 for a body that says it is something else than JSON; saying nothing is taken as JSON.
[[nodiscard]] Judged<> judge_content_type(const std::optional<std::string_view>& content_type,
                                          std::string_view body);
/// A problem unless `key` is 1..64 visible ASCII characters.
[[nodiscard]] Judged<> judge_idempotency_key(std::string_view key);

/// A request as it came in, after the gate.
struct BuyersRequest {
    BuyersRoute route;
    std::string_view method;
    std::string_view target;
    std::string_view query{};
    campaigns::Buyer buyer;
    std::optional<std::string_view> idempotency_key;
    std::optional<std::string_view> content_type{};
    std::string_view body;
    /// Bytes readable from body.data(): at least body.size() + body_padding_bytes.
    std::size_t body_readable_bytes = 0;
};
/// What must be readable, though not meaningful, behind every body (simdjson's padding).
inline constexpr std::size_t body_padding_bytes = 64;

struct DecodedCommand {
    campaigns::Command command;
    /// The ticket as it was written; the door judges it and fills the command's claims (ticket_of).
    /// Valid until the next decode.
    std::optional<std::string_view> ticket;
    std::optional<engine::RequestIdentity> identity;  // with an Idempotency-Key only
};

/// Where a command that may come with a purchase ticket has its claims; null for the others.
[[nodiscard]] campaigns::TicketClaims* ticket_of(campaigns::Command& command);

class CommandDecoder {
  public:
    CommandDecoder();
    CommandDecoder(const CommandDecoder&) = delete;
    CommandDecoder& operator=(const CommandDecoder&) = delete;
    ~CommandDecoder();

    /// For endpoints that are commands (is_command).
    [[nodiscard]] Judged<DecodedCommand> decode(const BuyersRequest& request);
    /// The item that a read or a DELETE is about: `?item_id=…`, or the body of a POST.
    [[nodiscard]] Judged<ItemId> decode_item(const BuyersRequest& request);

  private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace stampede::net
