// SPDX-License-Identifier: Apache-2.0
// Events of the waitlist as bytes, little-endian.
//
//   WaiterJoined (1)    buyer (8) | item (2) | place (4), 1.. | segments (8) | level (1)
//   WaiterLeft (2)      buyer (8) | item (2) | reason (1)
//   WaiterPromoted (3)  order (8) | buyer (8) | pay_by (6) | item (2) | unit_price (5)
#include "campaigns/waitlist_event_codec.hpp"

namespace stampede::campaigns {

template <>
struct EventLayout<WaiterJoined> {
    static constexpr std::string_view name = "WaiterJoined";
    static void put(const WaiterJoined& event, ByteWriter& out) {
        out.put(event.buyer);
        out.put(event.item);
        out.put(event.place);
        out.put(event.segments);
        out.put(event.level);
    }
    static void get(FieldReader& in, WaiterJoined& event) {
        event.buyer = in.get<BuyerId>();
        event.item = in.item_position();
        event.place = in.get<std::uint32_t>();
        in.must(event.place >= 1 && event.place <= limits::waiters_per_campaign_max);
        event.segments = in.get<std::uint64_t>();
        event.level = in.get<std::uint8_t>();
    }
};

template <>
struct EventLayout<WaiterLeft> {
    static constexpr std::string_view name = "WaiterLeft";
    static void put(const WaiterLeft& event, ByteWriter& out) {
        out.put(event.buyer);
        out.put(event.item);
        out.put(event.reason);
    }
    static void get(FieldReader& in, WaiterLeft& event) {
        event.buyer = in.get<BuyerId>();
        event.item = in.item_position();
        event.reason = in.one_of(LeaveReason::buyer, LeaveReason::refused);
    }
};

template <>
struct EventLayout<WaiterPromoted> {
    static constexpr std::string_view name = "WaiterPromoted";
    static void put(const WaiterPromoted& event, ByteWriter& out) {
        out.put(event.order);
        out.put(event.buyer);
        put_short<short_instant_bytes>(out, event.pay_by.ms());
        out.put(event.item);
        put_short<short_money_bytes>(out, event.unit_price.fen());
    }
    static void get(FieldReader& in, WaiterPromoted& event) {
        event.order = in.get<OrderId>();
        event.buyer = in.get<BuyerId>();
        event.pay_by = Instant{in.get_short<short_instant_bytes>()};
        event.item = in.item_position();
        event.unit_price = Money{in.get_short<short_money_bytes>()};
        in.must(event.unit_price.fen() <= limits::price_fen_max);
    }
};

EventFamily waitlist_events() {
    return family_of<WaitlistEvent>(Family::waitlist);
}

}  // namespace stampede::campaigns
