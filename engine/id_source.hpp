// SPDX-License-Identifier: Apache-2.0
// Ids of orders, groups and bargains: they sort by time, and name their shard without a lookup.
//
//   bits   63    0
//          62-22 milliseconds since 2025-01-01T00:00:00Z, till 2094
//          21-12 shard
//          11-0  counter within the millisecond; a full one borrows the next millisecond
//
// Ids of a shard strictly rise and never repeat, whatever the clock does: the last one is state,
// told by used(), which replaying the events repeats. Owned by a shard; its thread only.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/vocabulary/check.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::engine {

class IdSource {
  public:
    /// 2025-01-01T00:00:00Z.
    static constexpr Instant epoch{1'735'689'600'000};
    static constexpr unsigned counter_bits = 12;

    constexpr explicit IdSource(ShardIndex shard) : shard_(shard) {
        check(shard.raw() < limits::shard_count, "no such shard");
    }

    /// What the next id would be; changes nothing. Never 0.
    [[nodiscard]] constexpr std::uint64_t peek(Instant now) const {
        const std::int64_t ms = std::clamp<std::int64_t>((now - epoch).ms(), 0, ms_max);
        const std::uint64_t position =
            std::max(static_cast<std::uint64_t>(ms) << counter_bits, last_position_ + 1);
        check(position <= position_max, "the ids of this shard are used up");
        return ((position >> counter_bits) << time_shift) |
               (std::uint64_t{shard_.raw()} << counter_bits) | (position & counter_mask);
    }

    /// The next one above `id`, of the same shard.
    [[nodiscard]] static constexpr std::uint64_t after(std::uint64_t id) {
        IdSource source(shard_of(id));
        source.used(id);
        return source.peek(epoch);
    }

    /// `id`, and with it every smaller one, is taken: live and in replay, in any order.
    constexpr void used(std::uint64_t id) {
        check(shard_of(id) == shard_, "an id of another shard");
        last_position_ = std::max(last_position_, position_of(id));
    }

    /// The highest id that used() has been told; of the shard alone before the first. For
    /// checkpoints: used(last()) restores it.
    [[nodiscard]] constexpr std::uint64_t last() const {
        return ((last_position_ >> counter_bits) << time_shift) |
               (std::uint64_t{shard_.raw()} << counter_bits) | (last_position_ & counter_mask);
    }

    /// May be >= limits::shard_count for a number that never was an id: see names_a_shard().
    [[nodiscard]] static constexpr ShardIndex shard_of(std::uint64_t id) {
        return ShardIndex{static_cast<std::uint16_t>((id >> counter_bits) & shard_mask)};
    }
    /// False for a number that no shard can have made.
    [[nodiscard]] static constexpr bool names_a_shard(std::uint64_t id) {
        return id != 0 && (id >> 63) == 0 && shard_of(id).raw() < limits::shard_count;
    }
    /// The millisecond of its making; later by what was borrowed.
    [[nodiscard]] static constexpr Instant time_of(std::uint64_t id) {
        return epoch + Duration::milliseconds(static_cast<std::int64_t>(id >> time_shift));
    }

  private:
    static constexpr unsigned time_bits = 41;
    static constexpr unsigned time_shift = limits::shard_bits + counter_bits;
    static constexpr std::int64_t ms_max = (std::int64_t{1} << time_bits) - 1;
    static constexpr std::uint64_t shard_mask = (std::uint64_t{1} << limits::shard_bits) - 1;
    static constexpr std::uint64_t counter_mask = (std::uint64_t{1} << counter_bits) - 1;
    static constexpr std::uint64_t position_max =
        (std::uint64_t{1} << (time_bits + counter_bits)) - 1;
    static_assert(time_bits + time_shift == 63, "an id fits a signed 64-bit column");

    // An id without its shard: time and counter as one number, so that borrowing is counting on.
    [[nodiscard]] static constexpr std::uint64_t position_of(std::uint64_t id) {
        return ((id >> time_shift) << counter_bits) | (id & counter_mask);
    }

    ShardIndex shard_;
    std::uint64_t last_position_ = 0;
};

}  // namespace stampede::engine
