// SPDX-License-Identifier: Apache-2.0
// Events of bargains as bytes, little-endian; `flag` is one byte, 0 or 1; ids and buyers are eight
// bytes, other widths stand in brackets (an instant of 6 and money of 5 as field_reader.hpp says).
//
//   BargainLaunched (1)  bargain | starter | item (2) | deadline (6) | first_cut (5)
//   BargainCut (2)       bargain | helper | amount (5) | day (4) | new_helper flag | then (1) |
//                        pay_until (6)
//   BargainOrdered (3)   bargain | order | price (5) | pay_by (6)
//   BargainClosed (4)    bargain | as (1) | actor: length (1), ASCII
//   BargainsSwept (5)    first (4) | count (4), 1..512 | as (1)
#include "campaigns/bargain.hpp"
#include "campaigns/event_family.hpp"
#include "campaigns/event_fields.hpp"
#include "campaigns/settlement_writer.hpp"

namespace stampede::campaigns {

namespace {

void put_time(ByteWriter& out, Instant at) {
    put_short<short_instant_bytes>(out, at.ms());
}
Instant get_time(FieldReader& in) {
    return Instant{in.get_short<short_instant_bytes>()};
}
void put_price(ByteWriter& out, Money price) {
    put_short<short_money_bytes>(out, price.fen());
}
Money get_price(FieldReader& in) {
    return Money{in.get_short<short_money_bytes>()};
}

}  // namespace

template <>
struct EventLayout<BargainLaunched> {
    static constexpr std::string_view name = "BargainLaunched";
    static void put(const BargainLaunched& event, ByteWriter& out) {
        out.put(event.bargain);
        out.put(event.starter);
        out.put(event.item);
        put_time(out, event.deadline);
        put_price(out, event.first_cut);
    }
    static void get(FieldReader& in, BargainLaunched& event) {
        event.bargain = in.get<BargainId>();
        event.starter = in.get<BuyerId>();
        event.item = in.item_position();
        event.deadline = get_time(in);
        event.first_cut = get_price(in);
    }
};

template <>
struct EventLayout<BargainCut> {
    static constexpr std::string_view name = "BargainCut";
    static void put(const BargainCut& event, ByteWriter& out) {
        out.put(event.bargain);
        out.put(event.helper);
        put_price(out, event.amount);
        out.put(event.day);
        out.put(static_cast<std::uint8_t>(event.new_helper));
        out.put(event.then);
        put_time(out, event.pay_until);
    }
    static void get(FieldReader& in, BargainCut& event) {
        event.bargain = in.get<BargainId>();
        event.helper = in.get<BuyerId>();
        event.amount = get_price(in);
        in.must(event.amount > Money{0});
        event.day = in.get<std::uint32_t>();
        event.new_helper = in.flag();
        event.then = in.one_of(BargainState::open, BargainState::lapsed);
        in.must(event.then == BargainState::open || event.then == BargainState::reached ||
                event.then == BargainState::sold_out);
        event.pay_until = get_time(in);
    }
};

template <>
struct EventLayout<BargainOrdered> {
    static constexpr std::string_view name = "BargainOrdered";
    static void put(const BargainOrdered& event, ByteWriter& out) {
        out.put(event.bargain);
        out.put(event.order);
        put_price(out, event.price);
        put_time(out, event.pay_by);
    }
    static void get(FieldReader& in, BargainOrdered& event) {
        event.bargain = in.get<BargainId>();
        event.order = in.get<OrderId>();
        event.price = get_price(in);
        event.pay_by = get_time(in);
    }
};

template <>
struct EventLayout<BargainClosed> {
    static constexpr std::string_view name = "BargainClosed";
    static void put(const BargainClosed& event, ByteWriter& out) {
        out.put(event.bargain);
        out.put(event.as);
        out.put(event.actor);
    }
    static void get(FieldReader& in, BargainClosed& event) {
        event.bargain = in.get<BargainId>();
        event.as = in.one_of(BargainState::open, BargainState::lapsed);
        in.must(event.as == BargainState::expired || event.as == BargainState::cancelled ||
                event.as == BargainState::lapsed);
        event.actor = in.inline_text<Actor>();
    }
};

template <>
struct EventLayout<BargainsSwept> {
    static constexpr std::string_view name = "BargainsSwept";
    static void put(const BargainsSwept& event, ByteWriter& out) {
        out.put(event.first);
        out.put(event.count);
        out.put(event.as);
    }
    static void get(FieldReader& in, BargainsSwept& event) {
        event.first = in.get<RecordIndex>();
        event.count =
            static_cast<std::uint32_t>(in.count<std::uint32_t>(1, limits::records_per_event_max));
        event.as = in.one_of(BargainState::open, BargainState::lapsed);
        in.must(event.as == BargainState::expired || event.as == BargainState::cancelled);
    }
};

EventFamily BargainPlay::events() {
    return family_of<Event>(Family::bargain);
}

// As `stampede journal print` shows them
// -----------------------------------------------------------

void show(const BargainLaunched& event, EventFields& fields) {
    fields.id("bargain_id", event.bargain.raw());
    fields.buyer("buyer_id", event.starter);
    fields.number("item", event.item);
    fields.time("deadline_ms", event.deadline);
    fields.money("first_cut", event.first_cut);
}
void show(const BargainCut& event, EventFields& fields) {
    fields.id("bargain_id", event.bargain.raw());
    fields.buyer("buyer_id", event.helper);
    fields.money("amount", event.amount);
    fields.flag("new_helper", event.new_helper);
    fields.text("state", text(event.then));
    if (event.then == BargainState::reached) {
        fields.time("deadline_ms", event.pay_until);
    }
}
void show(const BargainOrdered& event, EventFields& fields) {
    fields.id("bargain_id", event.bargain.raw());
    fields.id("order_id", event.order.raw());
    fields.money("amount", event.price);
    fields.time("pay_by_ms", event.pay_by);
}
void show(const BargainClosed& event, EventFields& fields) {
    fields.id("bargain_id", event.bargain.raw());
    fields.text("state", text(event.as));
    if (!event.actor.empty()) {
        fields.text("actor", event.actor.view());
    }
}
void show(const BargainsSwept& event, EventFields& fields) {
    fields.number("first", event.first);
    fields.number("count", event.count);
    fields.text("state", text(event.as));
}

// The mall learns of a bargain with its confirmed order, which names it; nothing else is owed.
void settle(const BargainLaunched& /*event*/, SettlementWriter& /*out*/) {}
void settle(const BargainCut& /*event*/, SettlementWriter& /*out*/) {}
void settle(const BargainOrdered& /*event*/, SettlementWriter& /*out*/) {}
void settle(const BargainClosed& /*event*/, SettlementWriter& /*out*/) {}
void settle(const BargainsSwept& /*event*/, SettlementWriter& /*out*/) {}

}  // namespace stampede::campaigns
