// SPDX-License-Identifier: Apache-2.0
// Bodies of the buyers' door. The digest of a command covers what the body said, field by field in
// a fixed order, so that neither white space nor the order of fields makes another request of it.
#include "net/command_decoder.hpp"

#include <xxhash.h>

#include <algorithm>
#include <string>

#include "engine/vocabulary/bytes.hpp"
#include "net/json_reader.hpp"

namespace stampede::net {

namespace {

using campaigns::AllowPartial;
using campaigns::Buy;
using campaigns::OrderLine;

static_assert(body_padding_bytes >= simdjson::SIMDJSON_PADDING);

/// Canonical bytes of a decoded body, digested: a line's item and quantity, the flags, the ticket.
class BodyDigest {
  public:
    explicit BodyDigest(BuyersEndpoint endpoint) : writer_(room_) { writer_.put(endpoint); }
    void add(const ItemId& item_id) { writer_.put(item_id); }
    void add(const OrderLine& line) {
        writer_.put(line.item_id);
        writer_.put(line.quantity);
    }
    void add(AllowPartial allow_partial) { writer_.put(allow_partial); }
    /// Of any length: its own digest stands for it.
    void add_text(std::string_view text) { writer_.put(XXH3_64bits(text.data(), text.size())); }
    [[nodiscard]] std::uint32_t value() const {
        const auto bytes = writer_.written();
        return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
    }

  private:
    static constexpr std::size_t line_bytes = 1 + ItemId::capacity + sizeof(std::int64_t);
    std::array<std::byte, 16 + limits::lines_per_order_max * line_bytes> room_{};
    ByteWriter writer_;
};

OrderLine read_line(JsonReader& reader, ondemand::value value) {
    static constexpr std::array<std::string_view, 2> names{"item_id", "quantity"};
    OrderLine line;
    reader.read_object(value, names, [&](std::size_t index, ondemand::value field) {
        if (index == 0) {
            line.item_id = reader.item_id(field, "item_id");
        } else {
            line.quantity = Quantity{reader.integer(field, "quantity", 1, limits::stock_max)};
        }
    });
    reader.need(!line.item_id.empty(), "item_id");
    reader.need(line.quantity > Quantity{0}, "quantity");
    return line;
}

void read_lines(JsonReader& reader, ondemand::value value, campaigns::OrderLines& lines) {
    reader.read_array(value, "items", limits::lines_per_order_max, [&](ondemand::value element) {
        const OrderLine line = read_line(reader, element);
        if (reader.failed()) {
            return;
        }
        for (const auto& earlier : lines) {
            if (earlier.item_id == line.item_id) {
                reader.refuse("item_id", "stands in the list twice");
                return;
            }
        }
        lines.push_back(line);
    });
}

std::uint32_t digest(const Buy& buy, std::optional<std::string_view> ticket) {
    BodyDigest digest(BuyersEndpoint::place_order);
    for (const auto& line : buy.lines) {
        digest.add(line);
    }
    digest.add(buy.allow_partial);
    if (ticket.has_value()) {
        digest.add_text(*ticket);
    }
    return digest.value();
}

std::uint32_t digest_of_item(BuyersEndpoint endpoint, const ItemId& item_id) {
    BodyDigest digest(endpoint);
    digest.add(item_id);
    return digest.value();
}

bool is_item_id(std::string_view text) {
    return !text.empty() && text.size() <= ItemId::capacity &&
           std::all_of(text.begin(), text.end(), [](char character) {
               return (character >= 'A' && character <= 'Z') ||
                      (character >= 'a' && character <= 'z') ||
                      (character >= '0' && character <= '9') || character == '_' ||
                      character == '-';
           });
}

/// One of the two forms: item_id and quantity, or items.
void read_order(JsonReader& reader, Buy& buy, std::optional<std::string_view>& ticket) {
    static constexpr std::array<std::string_view, 5> names{"item_id", "quantity", "items", "ticket",
                                                           "allow_partial"};
    std::optional<ItemId> item_id;
    std::optional<Quantity> quantity;
    std::optional<AllowPartial> allow_partial;
    reader.read(names, Body::required, [&](std::size_t index, ondemand::value value) {
        switch (index) {
            case 0:
                item_id = reader.item_id(value, "item_id");
                return;
            case 1:
                quantity = Quantity{reader.integer(value, "quantity", 1, limits::stock_max)};
                return;
            case 2:
                read_lines(reader, value, buy.lines);
                return;
            case 3:
                ticket = reader.text(value, "ticket");
                return;
            default:
                allow_partial =
                    reader.boolean(value, "allow_partial") ? AllowPartial::yes : AllowPartial::no;
        }
    });
    if (reader.failed()) {
        return;
    }
    if (buy.lines.empty()) {
        reader.need(item_id.has_value(), "item_id");
        reader.need(quantity.has_value(), "quantity");
        buy.lines.push_back({item_id.value_or(ItemId{}), quantity.value_or(Quantity{})});
        buy.allow_partial = allow_partial.value_or(AllowPartial::no);
        return;
    }
    if (item_id.has_value() || quantity.has_value()) {
        reader.refuse("items", "stands beside item_id or quantity; give one or the other");
    }
    if (allow_partial.has_value()) {
        reader.refuse("allow_partial", "an order of several items is all or nothing");
    }
}

// One reader for each endpoint; each returns the digest of what the body said --------------------

std::uint32_t read_purchase(JsonReader& reader, const BuyersRequest& request,
                            DecodedCommand& decoded) {
    Buy& buy = decoded.command.emplace<Buy>();
    buy.campaign = request.route.campaign;
    buy.buyer = request.buyer;
    read_order(reader, buy, decoded.ticket);
    return digest(buy, decoded.ticket);
}

/// Commands that name an item and nothing else.
bool names_item(BuyersEndpoint endpoint) {
    return endpoint == BuyersEndpoint::issue_ticket || endpoint == BuyersEndpoint::join_waitlist ||
           endpoint == BuyersEndpoint::leave_waitlist || endpoint == BuyersEndpoint::launch_bargain;
}
campaigns::Command command_about(const BuyersRequest& request, const ItemId& item) {
    const CampaignId campaign = request.route.campaign;
    const BuyersEndpoint endpoint = request.route.endpoint;
    if (endpoint == BuyersEndpoint::issue_ticket) {
        return campaigns::IssueTicket{campaign, request.buyer, item};
    }
    if (endpoint == BuyersEndpoint::join_waitlist) {
        return campaigns::JoinWaitlist{campaign, request.buyer, item};
    }
    if (endpoint == BuyersEndpoint::leave_waitlist) {
        return campaigns::LeaveWaitlist{campaign, request.buyer.id, item};
    }
    return campaigns::LaunchBargain{campaign, request.buyer, item};
}

/// What a seat is asked with, of a new group or of one that is there.
struct SeatBody {
    std::optional<ItemId> item_id;
    std::optional<Quantity> quantity;
};
SeatBody read_seat(JsonReader& reader, Body need, std::optional<std::string_view>& ticket) {
    static constexpr std::array<std::string_view, 3> names{"item_id", "quantity", "ticket"};
    SeatBody seat;
    reader.read(names, need, [&](std::size_t index, ondemand::value value) {
        if (index == 0) {
            seat.item_id = reader.item_id(value, "item_id");
        } else if (index == 1) {
            seat.quantity = Quantity{reader.integer(value, "quantity", 1, limits::stock_max)};
        } else {
            ticket = reader.text(value, "ticket");
        }
    });
    return seat;
}
std::uint32_t digest(BuyersEndpoint endpoint, const SeatBody& seat,
                     std::optional<std::string_view> ticket) {
    BodyDigest digest(endpoint);
    digest.add({seat.item_id.value_or(ItemId{}), seat.quantity.value_or(Quantity{1})});
    if (ticket.has_value()) {
        digest.add_text(*ticket);
    }
    return digest.value();
}

std::uint32_t read_opening(JsonReader& reader, const BuyersRequest& request,
                           DecodedCommand& decoded) {
    auto& open = decoded.command.emplace<campaigns::OpenGroup>();
    open.campaign = request.route.campaign;
    open.buyer = request.buyer;
    const SeatBody seat = read_seat(reader, Body::required, decoded.ticket);
    reader.need(seat.item_id.has_value(), "item_id");
    reader.need(seat.quantity.has_value(), "quantity");
    open.item_id = seat.item_id.value_or(ItemId{});
    open.quantity = seat.quantity.value_or(Quantity{1});
    return digest(request.route.endpoint, seat, decoded.ticket);
}

std::uint32_t read_joining(JsonReader& reader, const BuyersRequest& request,
                           DecodedCommand& decoded) {
    auto& join = decoded.command.emplace<campaigns::JoinGroup>();
    join.campaign = request.route.campaign;
    join.group = request.route.group;
    join.buyer = request.buyer;
    const SeatBody seat = read_seat(reader, Body::may_be_absent, decoded.ticket);
    join.item_id = seat.item_id;
    join.quantity = seat.quantity.value_or(Quantity{1});
    return digest(request.route.endpoint, seat, decoded.ticket);
}

/// The path said it all.
std::uint32_t read_nothing(JsonReader& reader, BuyersEndpoint endpoint) {
    static constexpr std::array<std::string_view, 0> names{};
    reader.read(names, Body::may_be_absent, [](std::size_t, ondemand::value) {});
    return BodyDigest(endpoint).value();
}

std::uint32_t read_command(JsonReader& reader, const BuyersRequest& request,
                           DecodedCommand& decoded) {
    const BuyersRoute& route = request.route;
    switch (route.endpoint) {
        case BuyersEndpoint::place_order:
            return read_purchase(reader, request, decoded);
        case BuyersEndpoint::cancel_order:
            decoded.command = campaigns::CancelOrder{route.campaign, request.buyer.id, route.order};
            return read_nothing(reader, route.endpoint);
        case BuyersEndpoint::open_group:
            return read_opening(reader, request, decoded);
        case BuyersEndpoint::join_group:
            return read_joining(reader, request, decoded);
        case BuyersEndpoint::cut_bargain:
            decoded.command = campaigns::CutBargain{route.campaign, request.buyer, route.bargain};
            return read_nothing(reader, route.endpoint);
        case BuyersEndpoint::order_bargain:
            decoded.command = campaigns::OrderBargain{route.campaign, request.buyer, route.bargain};
            return read_nothing(reader, route.endpoint);
        case BuyersEndpoint::launch_rally:
            decoded.command = campaigns::LaunchRally{route.campaign, request.buyer};
            return read_nothing(reader, route.endpoint);
        case BuyersEndpoint::help_rally:
            decoded.command = campaigns::HelpRally{route.campaign, request.buyer, route.rally};
            return read_nothing(reader, route.endpoint);
        case BuyersEndpoint::issue_ticket:
        case BuyersEndpoint::join_waitlist:
        case BuyersEndpoint::leave_waitlist:
        case BuyersEndpoint::launch_bargain:  // names_item
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
            break;
    }
    unreachable("no endpoint whose body is read here");
}

}  // namespace

campaigns::TicketClaims* ticket_of(campaigns::Command& command) {
    if (auto* buy = std::get_if<Buy>(&command)) {
        return &buy->ticket;
    }
    if (auto* open = std::get_if<campaigns::OpenGroup>(&command)) {
        return &open->ticket;
    }
    auto* join = std::get_if<campaigns::JoinGroup>(&command);
    return join == nullptr ? nullptr : &join->ticket;
}

struct CommandDecoder::Parser {
    Parser() {
        // Room for the largest body at once, so that no request allocates.
        check(parser.allocate(limits::buyers_body_bytes_max) == simdjson::SUCCESS,
              "memory for the JSON parser");
    }
    ondemand::parser parser;
};

CommandDecoder::CommandDecoder() : parser_(std::make_unique<Parser>()) {}
CommandDecoder::~CommandDecoder() = default;

Judged<ItemId> CommandDecoder::decode_item(const BuyersRequest& request) {
    constexpr std::string_view parameter = "item_id=";
    if (!request.query.empty()) {
        if (!request.body.empty()) {
            return malformed("query: stands beside a body; give one or the other");
        }
        if (request.query.substr(0, parameter.size()) != parameter) {
            return malformed(
                "query: " + std::string{request.query.substr(0, request.query.find('='))} +
                ": not a parameter here; item_id is");
        }
        const std::string_view text = request.query.substr(parameter.size());
        if (!is_item_id(text)) {
            return malformed("query: item_id: must be 1 to 32 of A-Z a-z 0-9 _ -");
        }
        return ItemId{text};
    }
    if (auto judged = judge_content_type(request.content_type, request.body); judged.has_error()) {
        return judged.error();
    }
    JsonReader reader(parser_->parser, request.body, request.body_readable_bytes);
    static constexpr std::array<std::string_view, 1> names{"item_id"};
    ItemId item_id;
    reader.read(names, Body::required, [&](std::size_t, ondemand::value value) {
        item_id = reader.item_id(value, "item_id");
    });
    reader.need(!item_id.empty(), "item_id");
    if (reader.failed()) {
        return reader.problem();
    }
    return item_id;
}

Judged<DecodedCommand> CommandDecoder::decode(const BuyersRequest& request) {
    check(is_command(request.route.endpoint), "a read has no body to decode");
    check(request.body_readable_bytes >= request.body.size() + body_padding_bytes,
          "simdjson reads past the end of a body");
    if (auto judged = judge_content_type(request.content_type, request.body); judged.has_error()) {
        return judged.error();
    }
    DecodedCommand decoded;
    JsonReader reader(parser_->parser, request.body, request.body_readable_bytes);
    std::uint32_t body_digest = 0;
    if (names_item(request.route.endpoint)) {
        const auto item = decode_item(request);
        if (item.has_error()) {
            return item.error();
        }
        decoded.command = command_about(request, *item);
        body_digest = digest_of_item(request.route.endpoint, *item);
    } else {
        body_digest = read_command(reader, request, decoded);
    }
    if (reader.failed()) {
        return reader.problem();
    }
    if (request.idempotency_key.has_value()) {
        if (auto judged = judge_idempotency_key(*request.idempotency_key); judged.has_error()) {
            return judged.error();
        }
        decoded.identity = engine::RequestIdentity{
            request.buyer.id.raw(),
            key_digest(request.method, path_of(request.target), *request.idempotency_key),
            body_digest};
    }
    return decoded;
}

}  // namespace stampede::net
