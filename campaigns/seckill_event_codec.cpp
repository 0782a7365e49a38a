// SPDX-License-Identifier: Apache-2.0
// Events of 秒杀 as bytes, little-endian. A purchase of one line, with or without a ticket, stays
// under 96 bytes with the engine's envelope (32) and request (20): hence the short widths.
//
//   StockHeld (1)  order (8) | buyer (8) | pay_by (6) | lines: bits 0..4 count 1..20, bit 7 a
//   ticket
//                  (1) | [ticket_nonce (8), not 0] | each line: item (2), quantity (4), price (5)
#include "campaigns/seckill_event_codec.hpp"

namespace stampede::campaigns {
namespace {

constexpr std::uint8_t ticket_flag = 0x80;
constexpr std::size_t held_line_bytes = 2 + 4 + short_money_bytes;
constexpr std::size_t held_bytes_max = 8 + 8 + short_instant_bytes + 1 + 8 + held_line_bytes;
constexpr std::size_t envelope_and_request_bytes = 52;  // engine/frame.hpp
static_assert(envelope_and_request_bytes + held_bytes_max < 96,
              "A purchase must stay small: a replicated journal carries every byte of it.");

}  // namespace

template <>
struct EventLayout<StockHeld> {
    static constexpr std::string_view name = "StockHeld";
    static void put(const StockHeld& event, ByteWriter& out) {
        check(!event.lines.empty(), "a hold of nothing");
        const bool has_ticket = event.ticket_nonce != 0;
        out.put(event.order);
        out.put(event.buyer);
        put_short<short_instant_bytes>(out, event.pay_by.ms());
        out.put(static_cast<std::uint8_t>(event.lines.size() | (has_ticket ? ticket_flag : 0U)));
        if (has_ticket) {
            out.put(event.ticket_nonce);
        }
        for (const HeldLine& line : event.lines) {
            out.put(line.item);
            put_line_quantity(out, line.quantity);
            put_short<short_money_bytes>(out, line.unit_price.fen());
        }
    }
    static void get(FieldReader& in, StockHeld& event) {
        event.order = in.get<OrderId>();
        event.buyer = in.get<BuyerId>();
        event.pay_by = Instant{in.get_short<short_instant_bytes>()};
        const auto head = in.get<std::uint8_t>();
        const std::size_t count = head & static_cast<std::uint8_t>(~ticket_flag);
        in.must(count >= 1 && count <= limits::lines_per_order_max);
        if ((head & ticket_flag) != 0) {
            event.ticket_nonce = in.get<std::uint64_t>();
            in.must(event.ticket_nonce != 0);
        }
        for (std::size_t at = 0; at < count && in.ok(); ++at) {
            HeldLine line;
            line.item = in.item_position();
            line.quantity = in.line_quantity();
            line.unit_price = Money{in.get_short<short_money_bytes>()};
            in.must(line.unit_price.fen() <= limits::price_fen_max);
            event.lines.push_back(line);
        }
    }
};

EventFamily seckill_events() {
    return family_of<SeckillEvent>(Family::seckill);
}

}  // namespace stampede::campaigns
