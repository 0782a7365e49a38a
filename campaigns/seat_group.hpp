// SPDX-License-Identifier: Apache-2.0
// Groups of seats (团), for group-buy and the plays that will be built like it: who sits where, who
// leads, and which open groups are fullest. Pure state with its share of the signature; it judges
// nothing and is written by evolve alone. Whether a seat is paid for is its order's affair; here a
// seat is taken, paid or left. Nothing here walks more than one group's seats, but for checks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "campaigns/arena.hpp"
#include "campaigns/order.hpp"
#include "engine/vocabulary/bytes.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/signature.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::campaigns {

/// Called like the order that opened it.
using GroupId = StrongId<struct GroupTag>;

///   forming -> full         all seats taken, some unpaid
///   full -> forming         a lock ended
///   forming, full -> success | failed | dissolved       once, for ever
enum class GroupState : std::uint8_t {
    forming = 1,
    full = 2,
    success = 3,
    failed = 4,
    dissolved = 5,
};
inline constexpr std::size_t group_state_count = 5;
[[nodiscard]] std::string_view text(GroupState state);

/// Why a group came to its end without success.
enum class GroupEnd : std::uint8_t {
    none = 0,
    deadline = 1,
    leader_left = 2,
    nobody_left = 3,
    op = 4,
    campaign_ended = 5,
    campaign_killed = 6,
};
[[nodiscard]] std::string_view text(GroupEnd end);

struct SeatRecord {
    RecordIndex order = no_record;
    RecordIndex group = no_record;
    RecordIndex previous = no_record;  // of the group's seats that are taken, earliest first
    RecordIndex next = no_record;
    BuyerId buyer;
    Sequence paid_at;     // 0: not paid for
    bool taken = false;   // false: left, its lock ended or its money went back
    bool opener = false;  // this seat opened the group
    bool is_new = false;  // the buyer was new when it was taken
    bool rerouted = false;
};

struct GroupRecord {
    GroupId id;
    BuyerId leader;
    Instant opened_at;
    Instant deadline;
    Sequence receipt;     // of the event that opened it
    Sequence ended_by;    // of the event that ended it; 0: open
    Quantity units_kept;  // held for its winners, beyond its orders' units
    RecordIndex first_seat = no_record;
    RecordIndex last_seat = no_record;
    RecordIndex list_previous = no_record;  // open groups with as many seats taken, oldest first
    RecordIndex list_next = no_record;
    RecordIndex open_previous = no_record;  // of all open groups, in the order of their opening;
    RecordIndex open_next = no_record;      // follows from who is open, so no digest covers it
    std::uint16_t item = 0;
    std::uint16_t size = 0;
    std::uint16_t locked = 0;  // taken, unpaid
    std::uint16_t paid = 0;
    std::uint16_t virtual_seats = 0;
    std::uint16_t new_seats = 0;  // of those taken, by new buyers
    std::uint16_t left = 0;       // refunded after success
    std::uint8_t tier = 0;        // price step reached at success
    GroupState state = GroupState::forming;
    GroupEnd end = GroupEnd::none;

    [[nodiscard]] bool is_open() const {
        return state == GroupState::forming || state == GroupState::full;
    }
    [[nodiscard]] std::uint16_t taken() const { return static_cast<std::uint16_t>(locked + paid); }
};

class SeatGroups {
  public:
    /// `size`: seats of every group.
    SeatGroups(std::size_t items, std::uint16_t size) : size_(size), lists_(items) {
        level_counts_.resize(std::size_t{size} + 1);
    }

    // Reading -------------------------------------------------------------------------------------
    /// By halving: ids rise. no_record when there is none.
    [[nodiscard]] RecordIndex find(GroupId id) const;
    [[nodiscard]] const GroupRecord& group(RecordIndex group) const { return groups_[group]; }
    [[nodiscard]] const SeatRecord& seat(RecordIndex seat) const { return seats_[seat]; }
    [[nodiscard]] RecordIndex group_count() const { return groups_.size(); }
    [[nodiscard]] RecordIndex seat_count() const { return seats_.size(); }
    [[nodiscard]] std::uint32_t open_count() const {
        return count_of(GroupState::forming) + count_of(GroupState::full);
    }
    [[nodiscard]] std::uint32_t count_of(GroupState state) const {
        return by_state_[static_cast<std::size_t>(state)];
    }
    /// visit(seat index, seat) for each taken seat, earliest first.
    template <class Visit>
    void for_each_seat(RecordIndex group, Visit&& visit) const {
        for (RecordIndex at = groups_[group].first_seat; at != no_record; at = seats_[at].next) {
            visit(at, seats_[at]);
        }
    }
    [[nodiscard]] bool has(RecordIndex group, BuyerId buyer) const;
    /// Who leads when `leaving` is gone: the earliest paid, else the earliest locked; empty: nobody
    /// is left.
    [[nodiscard]] std::optional<BuyerId> next_leader(RecordIndex group, RecordIndex leaving) const;
    /// Open groups of one item, those with the most seats taken first and of these the one that
    /// has had them longest; visit(group index) says whether to go on. Full ones come only with
    /// `from` = size.
    template <class Visit>
    void for_each_open(std::uint16_t item, std::uint16_t from, Visit&& visit) const {
        for (std::uint16_t level = from; level > 0 && !lists_[item].empty(); --level) {
            for (RecordIndex at = lists_[item][level].first; at != no_record;
                 at = groups_[at].list_next) {
                if (!visit(at)) {
                    return;
                }
            }
        }
    }
    /// The same over all items.
    template <class Visit>
    void for_each_open(std::uint16_t from, Visit&& visit) const {
        for (std::uint16_t level = from; level > 0; --level) {
            std::uint32_t left = level_counts_[level];
            for (std::size_t item = 0; item < lists_.size() && left > 0; ++item) {
                const bool has_lists = !lists_[item].empty();
                for (RecordIndex at = has_lists ? lists_[item][level].first : no_record;
                     at != no_record; at = groups_[at].list_next) {
                    --left;
                    if (!visit(at)) {
                        return;
                    }
                }
            }
        }
    }
    /// The open group that ends last; no_record: none is open.
    [[nodiscard]] RecordIndex newest_open() const { return newest_open_; }
    /// Open groups, the newest first; visit(group index) says whether to go on.
    template <class Visit>
    void for_each_open_newest(Visit&& visit) const {
        for (RecordIndex at = newest_open_; at != no_record; at = groups_[at].open_previous) {
            if (!visit(at)) {
                return;
            }
        }
    }
    [[nodiscard]] Signature signature() const { return signature_; }

    // Writing: evolve only ------------------------------------------------------------------------
    /// Without seats yet. Its id is above all that are here.
    RecordIndex open(const GroupRecord& group);
    /// The seat is the newest; it is taken and unpaid.
    RecordIndex take_seat(SeatRecord seat);
    /// One that was left is taken again, for a late payment.
    void retake_seat(RecordIndex seat);
    void leave_seat(RecordIndex seat);
    void pay_seat(RecordIndex seat, Sequence at);
    void set_leader(RecordIndex group, BuyerId leader);
    /// success, failed or dissolved.
    struct Ending {
        GroupState state = GroupState::failed;
        GroupEnd end = GroupEnd::none;
        Sequence by;
        std::uint16_t virtual_seats = 0;
        std::uint8_t tier = 0;
    };
    void end(RecordIndex group, const Ending& ending);

    // Checkpoints ---------------------------------------------------------------------------------
    using PutChunk = std::function<void(std::uint8_t part, std::span<const std::byte> bytes)>;
    static constexpr std::uint8_t parts = 2;
    void save(std::uint8_t first_part, const PutChunk& put) const;
    /// `part` from 0.
    [[nodiscard]] bool load(std::uint8_t part, ByteReader& reader);

    /// Empty, or what is wrong. Slow.
    [[nodiscard]] std::optional<std::string> check_invariants() const;

  private:
    struct Ends {
        RecordIndex first = no_record;
        RecordIndex last = no_record;
    };
    [[nodiscard]] static std::uint64_t digest(const GroupRecord& group);
    [[nodiscard]] std::uint64_t digest(RecordIndex at, const SeatRecord& seat) const;
    [[nodiscard]] static std::uint16_t level_of(const GroupRecord& group) {
        return group.is_open() ? group.taken() : 0;
    }
    std::uint32_t& counter_of(GroupState state) {
        return by_state_[static_cast<std::size_t>(state)];
    }
    template <class Change>
    void touch_group(RecordIndex group, Change&& change);
    template <class Change>
    void touch_seat(RecordIndex seat, Change&& change);
    /// change(GroupRecord&), and to the list of as many seats taken.
    template <class Change>
    void change_group(RecordIndex group, Change&& change);
    void link(RecordIndex group, std::uint16_t level);
    void unlink(RecordIndex group, std::uint16_t level);
    void link_open(RecordIndex group);
    void unlink_open(RecordIndex group);
    void seat_down(RecordIndex seat);
    [[nodiscard]] std::optional<std::string> broken_group(RecordIndex group) const;

    std::uint16_t size_;
    Arena<GroupRecord> groups_;
    Arena<SeatRecord> seats_;
    /// Of each item that has had a group: ends of the list of each number of seats taken.
    std::vector<std::vector<Ends>> lists_;
    std::vector<std::uint32_t> level_counts_;
    RecordIndex newest_open_ = no_record;
    std::array<std::uint32_t, group_state_count + 1> by_state_{};  // states count from 1
    Signature signature_;
};

}  // namespace stampede::campaigns
