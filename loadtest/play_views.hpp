// SPDX-License-Identifier: Apache-2.0
// A group and a bargain as the contract shows them to buyers, read out of an answer. Plain values.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::loadtest {

/// A group's or a bargain's id; which of the two, the play says.
using RecordId = StrongId<struct RecordTag>;

enum class GroupState : std::uint8_t { unknown, forming, full, success, failed, dissolved };
[[nodiscard]] std::string_view name_of(GroupState state);

struct GroupView {
    RecordId id;
    GroupState state = GroupState::unknown;
    std::uint32_t size = 0;
    std::uint32_t locked = 0;  // seats taken and not paid
    std::uint32_t paid = 0;
    std::uint32_t virtual_seats = 0;
    std::uint32_t members = 0;
    std::uint32_t leaders = 0;  // members who are marked as such
    Instant deadline;
    [[nodiscard]] bool has_ended() const {
        return state != GroupState::forming && state != GroupState::full;
    }
};

enum class BargainState : std::uint8_t {
    unknown,
    open,
    reached,
    ordered,
    paid,
    expired,
    cancelled,
    sold_out,
    lapsed,
};
[[nodiscard]] std::string_view name_of(BargainState state);

struct ShownCut {
    Money amount;
    Instant at;
    friend constexpr auto operator<=>(const ShownCut&, const ShownCut&) = default;
};

struct BargainView {
    RecordId id;
    BargainState state = BargainState::unknown;
    Money start;
    Money floor;
    Money current;
    std::int64_t helpers_needed = 0;
    std::vector<ShownCut> cuts;
    Instant deadline;
};

/// Of the nested object; absent fields keep their defaults.
[[nodiscard]] GroupView read_group_view(std::string_view object);
[[nodiscard]] BargainView read_bargain_view(std::string_view object);
/// {"amount", "at_ms"}.
[[nodiscard]] ShownCut read_cut(std::string_view object);
/// The id alone, without looking at the rest; 0 when there is none.
[[nodiscard]] RecordId record_in(std::string_view group_or_bargain);

}  // namespace stampede::loadtest
