// SPDX-License-Identifier: Apache-2.0
// Little-endian bytes for journal frames and checkpoints. The writer never allocates behind the
// caller's back: it appends to a buffer the caller owns. The reader is total: past the end it
// yields zeros and remembers that it failed, so a decoder checks once, at the end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/vocabulary/check.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede {

static_assert(std::endian::native == std::endian::little, "the journal's byte order is the host's");

class ByteWriter {
  public:
    explicit ByteWriter(std::span<std::byte> room) : room_(room) {}

    template <class Integer>
        requires std::is_integral_v<Integer> || std::is_enum_v<Integer>
    void put(Integer value) {
        append(&value, sizeof value);
    }
    template <class Tag, class Representation>
    void put(StrongId<Tag, Representation> id) {
        put(id.raw());
    }
    void put(Money money) { put(money.fen()); }
    void put(Quantity quantity) { put(quantity.units()); }
    void put(Instant instant) { put(instant.ms()); }
    void put(Duration duration) { put(duration.ms()); }
    /// One length byte, then the text.
    template <std::size_t Capacity, class Tag>
    void put(const InlineText<Capacity, Tag>& text) {
        put(static_cast<std::uint8_t>(text.view().size()));
        append(text.view().data(), text.view().size());
    }
    /// Two length bytes, then the text.
    void put_text(std::string_view text) {
        check(text.size() <= 0xFFFF, "text too long for its length field");
        put(static_cast<std::uint16_t>(text.size()));
        append(text.data(), text.size());
    }
    void append(const void* bytes, std::size_t count) {
        check(count <= room_.size() - used_, "frame larger than the room reserved for it");
        std::memcpy(room_.data() + used_, bytes, count);
        used_ += count;
    }
    [[nodiscard]] std::size_t used() const { return used_; }
    [[nodiscard]] std::span<const std::byte> written() const { return room_.first(used_); }

  private:
    std::span<std::byte> room_;
    std::size_t used_ = 0;
};

class ByteReader {
  public:
    explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    template <class Integer>
        requires std::is_integral_v<Integer> || std::is_enum_v<Integer>
    [[nodiscard]] Integer get() {
        Integer value{};
        take(&value, sizeof value);
        return value;
    }
    template <class Id>
        requires requires(Id id) { id.raw(); }
    [[nodiscard]] Id get() {
        return Id{get<decltype(Id{}.raw())>()};
    }
    [[nodiscard]] Money money() { return Money{get<std::int64_t>()}; }
    [[nodiscard]] Quantity quantity() { return Quantity{get<std::int64_t>()}; }
    [[nodiscard]] Instant instant() { return Instant{get<std::int64_t>()}; }
    [[nodiscard]] Duration duration() { return Duration::milliseconds(get<std::int64_t>()); }
    template <class Text>
    [[nodiscard]] Text inline_text() {
        const auto length = get<std::uint8_t>();
        if (length > Text::capacity) {
            failed_ = true;
            return Text{};
        }
        return Text{view(length)};
    }
    [[nodiscard]] std::string text() { return std::string{view(get<std::uint16_t>())}; }
    [[nodiscard]] std::string_view view(std::size_t count) {
        if (count > bytes_.size()) {
            failed_ = true;
            bytes_ = {};
            return {};
        }
        const auto* start = reinterpret_cast<const char*>(bytes_.data());  // bytes as characters
        bytes_ = bytes_.subspan(count);
        return {start, count};
    }
    [[nodiscard]] std::size_t left() const { return bytes_.size(); }
    /// True when any read ran past the end or met an impossible length.
    [[nodiscard]] bool failed() const { return failed_; }

  private:
    void take(void* into, std::size_t count) {
        if (count > bytes_.size()) {
            failed_ = true;
            bytes_ = {};
            return;
        }
        std::memcpy(into, bytes_.data(), count);
        bytes_ = bytes_.subspan(count);
    }
    std::span<const std::byte> bytes_;
    bool failed_ = false;
};

}  // namespace stampede
