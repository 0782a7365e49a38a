// SPDX-License-Identifier: Apache-2.0
// A ByteReader that also judges what it reads: enumerators in range, flags 0 or 1, counts within
// their limits. Total: after the first refusal everything reads as zero, and whoever decodes asks
// once, at the end, whether all of the bytes were exactly one record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

/// Widths below the natural ones keep a purchase under 96 bytes; both are little-endian.
inline constexpr std::size_t short_instant_bytes = 6;  // ms until the year 10889
inline constexpr std::size_t short_money_bytes = 5;
static_assert(limits::price_fen_max < (std::int64_t{1} << (8 * short_money_bytes)));

/// The low `Count` bytes of `value`, which has no more.
template <std::size_t Count>
void put_short(ByteWriter& out, std::int64_t value) {
    check(value >= 0 && value < (std::int64_t{1} << (8 * Count)), "value wider than its field");
    out.append(&value, Count);  // the host is little-endian: engine/vocabulary/bytes.hpp
}

class FieldReader {
  public:
    explicit FieldReader(std::span<const std::byte> bytes) : in_(bytes) {}

    template <class Integer>
    [[nodiscard]] Integer get() {
        return in_.get<Integer>();
    }
    template <std::size_t Count>
    [[nodiscard]] std::int64_t get_short() {
        std::int64_t value = 0;
        if (const std::string_view bytes = in_.view(Count); !bytes.empty()) {
            std::memcpy(&value, bytes.data(), Count);  // which may not be given a null pointer
        }
        return value;
    }
    /// An enumerator within [first, last]; enumerations of the journal have no gaps.
    template <class Enum>
    [[nodiscard]] Enum one_of(Enum first, Enum last) {
        const auto value = in_.get<std::underlying_type_t<Enum>>();
        const auto low = static_cast<std::underlying_type_t<Enum>>(first);
        const auto high = static_cast<std::underlying_type_t<Enum>>(last);
        must(value >= low && value <= high);
        return ok() ? static_cast<Enum>(value) : first;
    }
    [[nodiscard]] bool flag() {
        const auto value = in_.get<std::uint8_t>();
        must(value <= 1);
        return value == 1;
    }
    /// A count for a loop: 0 unless it is within [low, high].
    template <class Integer>
    [[nodiscard]] std::size_t count(std::size_t low, std::size_t high) {
        const auto value = static_cast<std::size_t>(in_.get<Integer>());
        must(value >= low && value <= high);
        return ok() ? value : 0;
    }
    [[nodiscard]] std::int64_t number(std::int64_t low, std::int64_t high) {
        const auto value = in_.get<std::int64_t>();
        must(value >= low && value <= high);
        return value;
    }
    /// Never negative: signed amounts do not lie in the journal.
    [[nodiscard]] Money money() {
        return Money{number(0, std::numeric_limits<std::int64_t>::max())};
    }
    [[nodiscard]] Money price() { return Money{number(0, limits::price_fen_max)}; }
    [[nodiscard]] Quantity quantity() {
        return Quantity{number(0, std::numeric_limits<std::int64_t>::max())};
    }
    /// Units of one line: four bytes, 1..stock_max.
    [[nodiscard]] Quantity line_quantity() {
        const auto units = std::int64_t{in_.get<std::uint32_t>()};
        must(units >= 1 && units <= limits::stock_max);
        return Quantity{units};
    }
    /// Position of an item in its campaign.
    [[nodiscard]] std::uint16_t item_position() {
        const auto position = in_.get<std::uint16_t>();
        must(position < limits::items_per_campaign_max);
        return position;
    }
    [[nodiscard]] Instant instant() { return in_.instant(); }
    [[nodiscard]] Duration duration() { return in_.duration(); }
    template <class Text>
    [[nodiscard]] Text inline_text() {
        return in_.inline_text<Text>();
    }
    [[nodiscard]] std::string text() { return in_.text(); }
    /// All that is left, for a record that reaches to the end.
    [[nodiscard]] std::span<const std::byte> rest() {
        const std::string_view bytes = in_.view(in_.left());
        return std::as_bytes(std::span{bytes.data(), bytes.size()});
    }

    void must(bool claim) { refused_ = refused_ || !claim; }
    [[nodiscard]] bool ok() const { return !refused_ && !in_.failed(); }
    /// All of the bytes were read, and every one was as it must be.
    [[nodiscard]] bool is_complete() const { return ok() && in_.left() == 0; }

  private:
    ByteReader in_;
    bool refused_ = false;
};

/// Units of one line, as line_quantity() reads them.
inline void put_line_quantity(ByteWriter& out, Quantity quantity) {
    check(quantity.units() >= 1 && quantity.units() <= limits::stock_max, "line of no units");
    out.put(static_cast<std::uint32_t>(quantity.units()));
}

}  // namespace stampede::campaigns
