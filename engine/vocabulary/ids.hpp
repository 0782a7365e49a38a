// SPDX-License-Identifier: Apache-2.0
// Every identifier of the project. Ids do not convert into each other, are not added or compared
// across kinds, and leave their type only by name (.raw()).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/vocabulary/check.hpp"

namespace stampede {

template <class Tag, class Representation = std::uint64_t>
class StrongId {
  public:
    constexpr StrongId() = default;
    constexpr explicit StrongId(Representation raw) : raw_(raw) {}
    [[nodiscard]] constexpr Representation raw() const { return raw_; }
    [[nodiscard]] constexpr StrongId next() const {
        return StrongId{static_cast<Representation>(raw_ + 1)};
    }
    friend constexpr auto operator<=>(StrongId, StrongId) = default;

  private:
    Representation raw_ = 0;
};

/// Decimal on the wire, 1..2^53, so that it survives every JSON parser.
using CampaignId = StrongId<struct CampaignTag>;
/// The mall's own user id, 1..2^63-1; 0 stands for "the mall itself".
using BuyerId = StrongId<struct BuyerTag>;
/// 41 bits of milliseconds since 2025-01-01, 10 of shard, 12 of counter: see engine/id_source.hpp.
using OrderId = StrongId<struct OrderTag>;
/// One of shard_count independent state machines.
using ShardIndex = StrongId<struct ShardTag, std::uint16_t>;
/// Position of a commit in the journal; the first commit is 1, 0 means "none yet".
using CommitNumber = StrongId<struct CommitTag>;
/// Position of an event within its shard; the first event is 1.
using Sequence = StrongId<struct SequenceTag>;
/// Rises by one with every change of the journal's writer; a single node stays at 1.
using Epoch = StrongId<struct EpochTag, std::uint32_t>;

/// A short text kept inline: ids that the mall chose (SKU, payment, refund). Trivially copyable.
template <std::size_t Capacity, class Tag>
class InlineText {
  public:
    static constexpr std::size_t capacity = Capacity;
    constexpr InlineText() = default;
    /// `text` must fit; the decoder has judged its length.
    constexpr explicit InlineText(std::string_view text) {
        check(text.size() <= Capacity, "text longer than its type allows");
        length_ = static_cast<std::uint8_t>(text.size());
        for (std::size_t at = 0; at < text.size(); ++at) {
            text_[at] = text[at];
        }
    }
    [[nodiscard]] constexpr std::string_view view() const { return {text_.data(), length_}; }
    [[nodiscard]] constexpr bool empty() const { return length_ == 0; }
    friend constexpr bool operator==(const InlineText& left, const InlineText& right) {
        return left.view() == right.view();
    }
    friend constexpr auto operator<=>(const InlineText& left, const InlineText& right) {
        return left.view() <=> right.view();
    }

  private:
    static_assert(Capacity < 256);
    std::uint8_t length_ = 0;
    std::array<char, Capacity> text_{};
};

/// The mall's SKU: 1..32 of A-Za-z0-9_-.
using ItemId = InlineText<32, struct ItemTag>;
/// The gateway's transaction id as the mall reports it: 1..64 visible ASCII characters.
using PaymentId = InlineText<64, struct PaymentTag>;
/// The mall's id of a refund: 1..64 visible ASCII characters.
using RefundId = InlineText<64, struct RefundTag>;

/// Lowercase base36, at most 13 characters: survives databases that ignore case, and fits WeChat's
/// 32-character out_trade_no and scene.
class Base36 {
  public:
    explicit Base36(std::uint64_t value) {
        std::size_t at = text_.size();
        do {
            text_[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[value % 36];
            value /= 36;
        } while (value != 0);
        start_ = at;
    }
    [[nodiscard]] std::string_view view() const {
        return {text_.data() + start_, text_.size() - start_};
    }
    [[nodiscard]] std::string str() const { return std::string{view()}; }

    /// Empty for anything but 1..13 digits and lower-case letters. Leading zeros are allowed; a
    /// number past 2^64-1 reads as 2^64-1, which no shard ever makes: it is an unknown id, not a
    /// malformed one.
    [[nodiscard]] static std::optional<std::uint64_t> parse(std::string_view text) {
        if (text.empty() || text.size() > 13) {
            return std::nullopt;
        }
        std::uint64_t value = 0;
        bool is_past_the_end = false;
        for (const char character : text) {
            std::uint64_t digit = 0;
            if (character >= '0' && character <= '9') {
                digit = static_cast<std::uint64_t>(character - '0');
            } else if (character >= 'a' && character <= 'z') {
                digit = static_cast<std::uint64_t>(character - 'a') + 10;
            } else {
                return std::nullopt;
            }
            is_past_the_end = is_past_the_end ||
                              __builtin_mul_overflow(value, std::uint64_t{36}, &value) ||
                              __builtin_add_overflow(value, digit, &value);
        }
        return is_past_the_end ? ~std::uint64_t{0} : value;
    }

  private:
    std::array<char, 13> text_{};
    std::size_t start_ = 0;
};

}  // namespace stampede

template <class Tag, class Representation>
struct std::hash<stampede::StrongId<Tag, Representation>> {
    // A multiplicative finish: boost's flat tables want the entropy spread over all bits.
    using is_avalanching = void;
    std::size_t operator()(stampede::StrongId<Tag, Representation> id) const noexcept {
        std::uint64_t mixed = static_cast<std::uint64_t>(id.raw()) * 0x9E3779B97F4A7C15ULL;
        mixed ^= mixed >> 32;
        return mixed * 0xD6E8FEB86659FD93ULL;
    }
};
