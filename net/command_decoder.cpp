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

}  // namespace

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
    if (request.route.endpoint == BuyersEndpoint::place_order) {
        Buy& buy = decoded.command.emplace<Buy>();
        buy.campaign = request.route.campaign;
        buy.buyer = request.buyer;
        read_order(reader, buy, decoded.ticket);
        body_digest = digest(buy, decoded.ticket);
    } else if (request.route.endpoint == BuyersEndpoint::issue_ticket) {
        const auto item = decode_item(request);
        if (item.has_error()) {
            return item.error();
        }
        decoded.command = campaigns::IssueTicket{request.route.campaign, request.buyer, *item};
        body_digest = digest_of_item(BuyersEndpoint::issue_ticket, *item);
    } else if (request.route.endpoint == BuyersEndpoint::join_waitlist ||
               request.route.endpoint == BuyersEndpoint::leave_waitlist) {
        const auto item = decode_item(request);
        if (item.has_error()) {
            return item.error();
        }
        if (request.route.endpoint == BuyersEndpoint::join_waitlist) {
            decoded.command = campaigns::JoinWaitlist{request.route.campaign, request.buyer, *item};
        } else {
            decoded.command =
                campaigns::LeaveWaitlist{request.route.campaign, request.buyer.id, *item};
        }
        body_digest = digest_of_item(request.route.endpoint, *item);
    } else {
        decoded.command =
            campaigns::CancelOrder{request.route.campaign, request.buyer.id, request.route.order};
        static constexpr std::array<std::string_view, 0> names{};
        reader.read(names, Body::may_be_absent, [](std::size_t, ondemand::value) {});
        body_digest = BodyDigest(BuyersEndpoint::cancel_order).value();
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
