// SPDX-License-Identifier: Apache-2.0
// Events and their bytes: there and back, never half of one, and the same bytes in every release.
#include "campaigns/event_codec.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "engine/frame.hpp"
#include "tests/campaigns/sample_events.hpp"

namespace stampede::campaigns {
namespace {

using Bytes = std::vector<std::byte>;

Bytes payload_of(const Event& event) {
    Bytes room(limits::event_bytes_max);
    ByteWriter out(room);
    encode(event, out);
    room.resize(out.used());
    return room;
}

std::string hex(const Bytes& bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte >> 4)];
        text += "0123456789abcdef"[std::to_integer<unsigned>(byte & std::byte{15})];
    }
    return text;
}

Bytes from_hex(std::string_view text) {
    Bytes bytes;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        bytes.push_back(
            static_cast<std::byte>(std::stoi(std::string{text.substr(at, 2)}, nullptr, 16)));
    }
    return bytes;
}

std::vector<EventNumber> every_number() {
    std::vector<EventNumber> numbers;
    for (unsigned family = 0; family < 256; ++family) {
        for (unsigned kind = 0; kind < 256; ++kind) {
            const EventNumber number{static_cast<Family>(family), static_cast<std::uint8_t>(kind)};
            if (!name_of(number).empty()) {
                numbers.push_back(number);
            }
        }
    }
    return numbers;
}

// Name, family, kind, then the bytes in hex; several lines of one name are several samples.
std::multimap<std::string, std::string> golden_lines() {
    std::ifstream file(std::string{STAMPEDE_SOURCE_DIR} + "/tests/golden/events.txt");
    std::multimap<std::string, std::string> lines;
    for (std::string line; std::getline(file, line);) {
        if (!line.empty() && !line.starts_with('#')) {
            lines.emplace(line.substr(0, line.find(' ')), line);
        }
    }
    return lines;
}

std::string golden_line(const Event& event) {
    const EventNumber number = number_of(event);
    std::ostringstream line;
    line << name_of(number) << ' ' << unsigned{static_cast<std::uint8_t>(number.family)} << ' '
         << unsigned{number.kind} << ' ' << hex(payload_of(event));
    return line.str();
}

template <class... Families>
constexpr std::size_t kinds_of(const std::variant<Families...>* /*event*/) {
    return (std::variant_size_v<Families> + ...);
}

TEST(EventCodec, has_a_sample_and_a_name_for_every_kind) {
    std::set<std::string> sampled;
    for (const Event& event : sample_events()) {
        sampled.emplace(name_of(number_of(event)));
    }
    const std::size_t kinds = kinds_of(static_cast<const Event*>(nullptr));
    EXPECT_EQ(sampled.size(), kinds);
    EXPECT_EQ(every_number().size(), kinds);
    EXPECT_EQ(name_of({Family::seckill, StockHeld::kind}), "StockHeld");
}

TEST(EventCodec, gives_back_what_it_was_given) {
    for (const Event& event : sample_events()) {
        const EventNumber number = number_of(event);
        const Bytes payload = payload_of(event);
        const auto decoded = decode_event(number, payload);
        ASSERT_TRUE(decoded.has_value()) << name_of(number);
        EXPECT_EQ(number_of(*decoded), number);
        EXPECT_EQ(hex(payload_of(*decoded)), hex(payload)) << name_of(number);
    }
}

TEST(EventCodec, gives_back_the_very_fields_of_a_hold_and_a_confirmation) {
    StockHeld held{OrderId{5}, BuyerId{6}, Instant{1'795'262'700'000}, 9, {}};
    held.lines.push_back({3, Quantity{2}, Money{9900}});
    const auto held_again =
        decode_event({Family::seckill, StockHeld::kind}, payload_of(SeckillEvent{held}));
    ASSERT_TRUE(held_again.has_value());
    const auto& hold = std::get<StockHeld>(std::get<SeckillEvent>(*held_again));
    EXPECT_EQ(hold.order, OrderId{5});
    EXPECT_EQ(hold.buyer, BuyerId{6});
    EXPECT_EQ(hold.pay_by, Instant{1'795'262'700'000});
    EXPECT_EQ(hold.ticket_nonce, 9U);
    ASSERT_EQ(hold.lines.size(), 1U);
    EXPECT_EQ(hold.lines[0].item, 3);
    EXPECT_EQ(hold.lines[0].quantity, Quantity{2});
    EXPECT_EQ(hold.lines[0].unit_price, Money{9900});

    OrderConfirmed confirmed{OrderId{5},       Play::seckill,         BuyerId{6},
                             Money{19800},     StockSource::mirrored, true,
                             PaymentId{"p-1"}, Instant{-1},           {}};
    confirmed.lines.push_back({ItemId{"1001"}, 3, Quantity{2}, Money{9900}});
    const auto confirmed_again =
        decode_event({Family::order, OrderConfirmed::kind}, payload_of(OrderEvent{confirmed}));
    ASSERT_TRUE(confirmed_again.has_value());
    const auto& order = std::get<OrderConfirmed>(std::get<OrderEvent>(*confirmed_again));
    EXPECT_EQ(order.play, Play::seckill);
    EXPECT_EQ(order.stock_source, StockSource::mirrored);
    EXPECT_TRUE(order.late);
    EXPECT_EQ(order.payment_id, PaymentId{"p-1"});
    EXPECT_EQ(order.paid_at, Instant{-1});
    EXPECT_EQ(order.lines[0].item_id, ItemId{"1001"});
}

TEST(EventCodec, refuses_an_event_cut_at_any_byte_or_with_a_byte_too_many) {
    for (const Event& event : sample_events()) {
        const EventNumber number = number_of(event);
        Bytes payload = payload_of(event);
        for (std::size_t count = 0; count < payload.size(); ++count) {
            EXPECT_FALSE(decode_event(number, std::span{payload}.first(count)).has_value())
                << name_of(number) << " cut to " << count << " bytes";
        }
        payload.push_back(std::byte{0});
        EXPECT_FALSE(decode_event(number, payload).has_value()) << name_of(number);
    }
}

TEST(EventCodec, refuses_numbers_that_nobody_registered) {
    const Bytes payload = payload_of(sample_events().front());
    EXPECT_FALSE(decode_event({Family::campaign, 0}, payload).has_value());
    EXPECT_FALSE(decode_event({Family::campaign, 127}, payload).has_value());
    EXPECT_FALSE(decode_event({Family::bargain, 127}, payload).has_value());
    EXPECT_FALSE(decode_event({static_cast<Family>(200), 1}, payload).has_value());
    EXPECT_TRUE(name_of({static_cast<Family>(200), 1}).empty());
}

// Whatever it takes, it takes as the one spelling of an event: nothing is read and then ignored.
void expect_total(EventNumber number, const Bytes& bytes) {
    const auto event = decode_event(number, bytes);
    if (event.has_value()) {
        EXPECT_EQ(hex(payload_of(*event)), hex(bytes)) << name_of(number);
    }
}

TEST(EventCodec, survives_random_bytes) {
    std::mt19937_64 random(20261121);
    for (const EventNumber number : every_number()) {
        for (int round = 0; round < 4000; ++round) {
            Bytes bytes(random() % 120);
            for (std::byte& byte : bytes) {
                byte = static_cast<std::byte>(random());
            }
            expect_total(number, bytes);
        }
    }
}

TEST(EventCodec, survives_every_single_byte_changed) {
    for (const Event& event : sample_events()) {
        const EventNumber number = number_of(event);
        const Bytes payload = payload_of(event);
        for (std::size_t at = 0; at < payload.size(); ++at) {
            for (const unsigned change : {1U, 2U, 16U, 128U, 255U}) {
                Bytes changed = payload;
                changed[at] ^= static_cast<std::byte>(change);
                expect_total(number, changed);
            }
        }
    }
}

TEST(EventCodec, refuses_enumerators_and_counts_out_of_range) {
    struct Damage {
        std::string_view name;
        std::size_t at;
        unsigned value;
    };
    // Positions follow from the layouts on top of the codecs.
    const std::vector<Damage> damages{
        {"CampaignStateChanged", 0, 0}, {"CampaignStateChanged", 1, 11}, {"HoldReleased", 8, 0},
        {"HoldReleased", 8, 5},         {"OrderConfirmed", 8, 0},        {"OrderConfirmed", 8, 4},
        {"OrderConfirmed", 25, 2},      {"OrderConfirmed", 26, 2},       {"StockHeld", 22, 0},
        {"StockHeld", 22, 21},          {"BuyersBlocked", 5, 0},         {"StockHandedBack", 2, 9},
        {"WaiterJoined", 10, 0x11},     {"WaiterLeft", 10, 0},           {"WaiterLeft", 10, 3},
        {"WaiterPromoted", 28, 0xff},
    };
    for (const Damage& damage : damages) {
        std::size_t tried = 0;
        for (const Event& event : sample_events()) {
            if (name_of(number_of(event)) == damage.name) {
                Bytes payload = payload_of(event);
                payload.at(damage.at) = static_cast<std::byte>(damage.value);
                EXPECT_FALSE(decode_event(number_of(event), payload).has_value())
                    << damage.name << " with " << damage.value << " at " << damage.at;
                ++tried;
            }
        }
        EXPECT_GT(tried, 0U) << damage.name;
    }
}

TEST(EventCodec, keeps_a_purchase_of_one_line_under_96_bytes) {
    for (const std::uint64_t nonce : {std::uint64_t{0}, ~std::uint64_t{0}}) {
        StockHeld held{OrderId{~std::uint64_t{0}},
                       BuyerId{limits::buyer_id_max},
                       Instant{4'000'000'000'000},
                       nonce,
                       {}};
        held.lines.push_back({999, Quantity{limits::stock_max}, Money{limits::price_fen_max}});
        const std::size_t frame_bytes = engine::frame_envelope_bytes + engine::frame_request_bytes +
                                        payload_of(SeckillEvent{held}).size();
        EXPECT_LT(frame_bytes, 96U) << "nonce " << nonce;
    }
}

TEST(EventCodec, writes_the_bytes_of_every_release) {
    const auto golden = golden_lines();
    for (const Event& event : sample_events()) {
        const std::string line = golden_line(event);
        const auto [first, last] = golden.equal_range(line.substr(0, line.find(' ')));
        EXPECT_TRUE(
            std::any_of(first, last, [&](const auto& entry) { return entry.second == line; }))
            << "not in tests/golden/events.txt, whose lines are only ever added to:\n"
            << line;
    }
}

TEST(EventCodec, reads_the_bytes_of_every_release) {
    const auto golden = golden_lines();
    ASSERT_GE(golden.size(), every_number().size());
    for (const auto& [name, line] : golden) {
        std::istringstream words(line);
        std::string event_name;
        std::string bytes;
        unsigned family = 0;
        unsigned kind = 0;
        words >> event_name >> family >> kind >> bytes;
        const EventNumber number{static_cast<Family>(family), static_cast<std::uint8_t>(kind)};
        EXPECT_EQ(name_of(number), name);
        EXPECT_TRUE(decode_event(number, from_hex(bytes)).has_value()) << line;
    }
}

}  // namespace
}  // namespace stampede::campaigns
