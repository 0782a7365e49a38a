// SPDX-License-Identifier: Apache-2.0
// Events of 拼团 as bytes, little-endian; `id` is one length byte and text, `short` numbers as in
// field_reader.hpp, other numbers have eight bytes unless their width stands in brackets.
//
//   seat  order | buyer | quantity (4) | unit_price (5) | pay_by (6) | flags (1): 1 new, 2
//   rerouted,
//         4 a ticket | [ticket_nonce, not 0]
//
//   GroupOpened (1)     seat | item (2) | size (2) | deadline (6) | units_kept (4)
//   SeatTaken (2)       group | seat
//   SeatPaid (3)        order | payment_id id | paid_at | late flag
//   GroupSucceeded (4)  group | order, 0 for none | late flag | item_id id | virtual (2) | tier (1)
//   |
//                       price (5) | leader | leader_commission_bp (2) | stock_source (1) |
//                       members: count (2), each: order | buyer | quantity (4) | unit_price (5) |
//                       payment_id id | paid_at | confirmed flag | back; released: count (2), each
//                       an order
//   GroupFailed (5)     group | state (1) | end (1) | actor id | refunds: count (2), each: order |
//                       payment_id id | amount | quantity (4) | paid_at; released: count (2), each
//                       an order
//   LeaderChanged (6)   group | leader
#include "campaigns/event_family.hpp"
#include "campaigns/group_buy.hpp"

namespace stampede::campaigns {
namespace {

constexpr std::size_t seats_max = limits::group_size_max;
constexpr std::uint8_t new_flag = 1;
constexpr std::uint8_t rerouted_flag = 2;
constexpr std::uint8_t ticket_flag = 4;
constexpr std::size_t member_bytes_max =
    8 + 8 + 4 + short_money_bytes + 1 + PaymentId::capacity + 8 + 1 + 8;
static_assert(seats_max * member_bytes_max + 1024 <= group_event_bytes_max,
              "A success of the largest group must fit");

void put_seat(ByteWriter& out, const SeatHold& seat) {
    out.put(seat.order);
    out.put(seat.buyer);
    put_line_quantity(out, seat.quantity);
    put_short<short_money_bytes>(out, seat.unit_price.fen());
    put_short<short_instant_bytes>(out, seat.pay_by.ms());
    const bool has_ticket = seat.ticket_nonce != 0;
    out.put(static_cast<std::uint8_t>((seat.is_new ? new_flag : 0) |
                                      (seat.rerouted ? rerouted_flag : 0) |
                                      (has_ticket ? ticket_flag : 0)));
    if (has_ticket) {
        out.put(seat.ticket_nonce);
    }
}

Money get_price(FieldReader& in) {
    const std::int64_t fen = in.get_short<short_money_bytes>();
    in.must(fen <= limits::price_fen_max);
    return Money{fen};
}

void get_seat(FieldReader& in, SeatHold& seat) {
    seat.order = in.get<OrderId>();
    seat.buyer = in.get<BuyerId>();
    seat.quantity = in.line_quantity();
    seat.unit_price = get_price(in);
    seat.pay_by = Instant{in.get_short<short_instant_bytes>()};
    const auto flags = in.get<std::uint8_t>();
    in.must(flags <= (new_flag | rerouted_flag | ticket_flag));
    seat.is_new = (flags & new_flag) != 0;
    seat.rerouted = (flags & rerouted_flag) != 0;
    if ((flags & ticket_flag) != 0) {
        seat.ticket_nonce = in.get<std::uint64_t>();
        in.must(seat.ticket_nonce != 0);
    }
}

void put_orders(ByteWriter& out, const std::vector<OrderId>& orders) {
    check(orders.size() <= seats_max, "more seats than a group has");
    out.put(static_cast<std::uint16_t>(orders.size()));
    for (const OrderId order : orders) {
        out.put(order);
    }
}

void get_orders(FieldReader& in, std::vector<OrderId>& orders) {
    const std::size_t count = in.count<std::uint16_t>(0, seats_max);
    for (std::size_t at = 0; at < count && in.ok(); ++at) {
        orders.push_back(in.get<OrderId>());
    }
}

}  // namespace

template <>
struct EventLayout<GroupOpened> {
    static constexpr std::string_view name = "GroupOpened";
    static void put(const GroupOpened& event, ByteWriter& out) {
        put_seat(out, event.seat);
        out.put(event.item);
        out.put(event.size);
        put_short<short_instant_bytes>(out, event.deadline.ms());
        out.put(static_cast<std::uint32_t>(event.units_kept.units()));
    }
    static void get(FieldReader& in, GroupOpened& event) {
        get_seat(in, event.seat);
        event.item = in.item_position();
        event.size = in.get<std::uint16_t>();
        in.must(event.size >= 2 && event.size <= seats_max);
        event.deadline = Instant{in.get_short<short_instant_bytes>()};
        event.units_kept = Quantity{std::int64_t{in.get<std::uint32_t>()}};
        in.must(event.units_kept < Quantity{event.size});
    }
};

template <>
struct EventLayout<SeatTaken> {
    static constexpr std::string_view name = "SeatTaken";
    static void put(const SeatTaken& event, ByteWriter& out) {
        out.put(event.group);
        put_seat(out, event.seat);
    }
    static void get(FieldReader& in, SeatTaken& event) {
        event.group = in.get<GroupId>();
        get_seat(in, event.seat);
    }
};

template <>
struct EventLayout<SeatPaid> {
    static constexpr std::string_view name = "SeatPaid";
    static void put(const SeatPaid& event, ByteWriter& out) {
        out.put(event.order);
        out.put(event.payment_id);
        out.put(event.paid_at);
        out.put(static_cast<std::uint8_t>(event.late));
    }
    static void get(FieldReader& in, SeatPaid& event) {
        event.order = in.get<OrderId>();
        event.payment_id = in.inline_text<PaymentId>();
        event.paid_at = in.instant();
        event.late = in.flag();
    }
};

template <>
struct EventLayout<GroupSucceeded> {
    static constexpr std::string_view name = "GroupSucceeded";
    static void put(const GroupSucceeded& event, ByteWriter& out) {
        out.put(event.group);
        out.put(event.order);
        out.put(static_cast<std::uint8_t>(event.late));
        out.put(event.item_id);
        out.put(event.virtual_seats);
        out.put(event.tier);
        put_short<short_money_bytes>(out, event.price.fen());
        out.put(event.leader);
        out.put(event.leader_commission_bp);
        out.put(event.stock_source);
        check(!event.members.empty() && event.members.size() + event.released.size() <= seats_max,
              "a success of nobody, or of more than a group has seats");
        out.put(static_cast<std::uint16_t>(event.members.size()));
        for (const GroupSucceeded::Member& member : event.members) {
            out.put(member.order);
            out.put(member.buyer);
            put_line_quantity(out, member.quantity);
            put_short<short_money_bytes>(out, member.unit_price.fen());
            out.put(member.payment_id);
            out.put(member.paid_at);
            out.put(static_cast<std::uint8_t>(member.confirmed));
            out.put(member.back);
        }
        put_orders(out, event.released);
    }
    static void get(FieldReader& in, GroupSucceeded& event) {
        event.group = in.get<GroupId>();
        event.order = in.get<OrderId>();
        event.late = in.flag();
        event.item_id = in.inline_text<ItemId>();
        event.virtual_seats = in.get<std::uint16_t>();
        event.tier = in.get<std::uint8_t>();
        in.must(event.tier < limits::group_tiers_max);
        event.price = get_price(in);
        event.leader = in.get<BuyerId>();
        event.leader_commission_bp = in.get<std::uint16_t>();
        event.stock_source = in.one_of(StockSource::carved_out, StockSource::mirrored);
        const std::size_t count = in.count<std::uint16_t>(1, seats_max);
        for (std::size_t at = 0; at < count && in.ok(); ++at) {
            GroupSucceeded::Member member;
            member.order = in.get<OrderId>();
            member.buyer = in.get<BuyerId>();
            member.quantity = in.line_quantity();
            member.unit_price = get_price(in);
            member.payment_id = in.inline_text<PaymentId>();
            member.paid_at = in.instant();
            member.confirmed = in.flag();
            member.back = in.money();
            event.members.push_back(member);
        }
        get_orders(in, event.released);
        in.must(event.members.size() + event.released.size() <= seats_max);
    }
};

template <>
struct EventLayout<GroupFailed> {
    static constexpr std::string_view name = "GroupFailed";
    static void put(const GroupFailed& event, ByteWriter& out) {
        out.put(event.group);
        out.put(event.state);
        out.put(event.end);
        out.put(event.actor);
        check(event.refunds.size() + event.released.size() <= seats_max,
              "more seats than a group has");
        out.put(static_cast<std::uint16_t>(event.refunds.size()));
        for (const GroupFailed::Refund& refund : event.refunds) {
            out.put(refund.order);
            out.put(refund.payment_id);
            out.put(refund.amount);
            put_line_quantity(out, refund.quantity);
            out.put(refund.paid_at);
        }
        put_orders(out, event.released);
    }
    static void get(FieldReader& in, GroupFailed& event) {
        event.group = in.get<GroupId>();
        event.state = in.one_of(GroupState::failed, GroupState::dissolved);
        event.end = in.one_of(GroupEnd::deadline, GroupEnd::campaign_killed);
        event.actor = in.inline_text<Actor>();
        const std::size_t count = in.count<std::uint16_t>(0, seats_max);
        for (std::size_t at = 0; at < count && in.ok(); ++at) {
            GroupFailed::Refund refund;
            refund.order = in.get<OrderId>();
            refund.payment_id = in.inline_text<PaymentId>();
            refund.amount = in.money();
            refund.quantity = in.line_quantity();
            refund.paid_at = in.instant();
            event.refunds.push_back(refund);
        }
        get_orders(in, event.released);
        in.must(event.refunds.size() + event.released.size() <= seats_max);
    }
};

template <>
struct EventLayout<LeaderChanged> {
    static constexpr std::string_view name = "LeaderChanged";
    static void put(const LeaderChanged& event, ByteWriter& out) {
        out.put(event.group);
        out.put(event.leader);
    }
    static void get(FieldReader& in, LeaderChanged& event) {
        event.group = in.get<GroupId>();
        event.leader = in.get<BuyerId>();
    }
};

EventFamily GroupBuy::events() {
    return family_of<GroupBuy::Event>(Family::group_buy);
}

}  // namespace stampede::campaigns
