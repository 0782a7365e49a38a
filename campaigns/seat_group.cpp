// SPDX-License-Identifier: Apache-2.0
#include "campaigns/seat_group.hpp"

#include <utility>

#include "campaigns/record_chunks.hpp"
#include "campaigns/record_fields.hpp"

namespace stampede::campaigns {

// In an order that never changes, as in record_fields.hpp.
template <class Visit>
void fields(SeatRecord& r, Visit&& visit) {
    visit(r.order, r.group, r.previous, r.next, r.buyer, r.paid_at, r.taken, r.opener, r.is_new,
          r.rerouted);
}
template <class Visit>
void fields(GroupRecord& r, Visit&& visit) {
    visit(r.id, r.leader, r.opened_at, r.deadline, r.receipt, r.ended_by, r.units_kept,
          r.first_seat, r.last_seat, r.list_previous, r.list_next, r.item, r.size, r.locked, r.paid,
          r.virtual_seats, r.new_seats, r.left, r.tier, r.state, r.end);
}

namespace {

enum DigestKind : std::uint64_t { group_digest = 0x4752, seat_digest = 0x5347 };
enum Part : std::uint8_t { groups_part = 0, seats_part = 1 };

}  // namespace

std::string_view text(GroupState state) {
    switch (state) {
        case GroupState::forming:
            return "forming";
        case GroupState::full:
            return "full";
        case GroupState::success:
            return "success";
        case GroupState::failed:
            return "failed";
        case GroupState::dissolved:
            return "dissolved";
    }
    unreachable("a group's state without a text");
}

std::string_view text(GroupEnd end) {
    switch (end) {
        case GroupEnd::none:
            return "";
        case GroupEnd::deadline:
            return "deadline";
        case GroupEnd::leader_left:
            return "leader_left";
        case GroupEnd::nobody_left:
            return "nobody_left";
        case GroupEnd::op:
            return "operator";
        case GroupEnd::campaign_ended:
            return "campaign_ended";
        case GroupEnd::campaign_killed:
            return "campaign_killed";
    }
    unreachable("an end of a group without a text");
}

std::uint64_t SeatGroups::digest(const GroupRecord& group) {
    return digest_of(group_digest, group.id.raw(), group);
}
std::uint64_t SeatGroups::digest(RecordIndex at, const SeatRecord& seat) const {
    return digest_of(seat_digest, at, seat);
}

template <class Change>
void SeatGroups::touch_group(RecordIndex group, Change&& change) {
    signature_.take_out(digest(groups_[group]));
    change(groups_[group]);
    signature_.put_in(digest(groups_[group]));
}
template <class Change>
void SeatGroups::touch_seat(RecordIndex seat, Change&& change) {
    signature_.take_out(digest(seat, seats_[seat]));
    change(seats_[seat]);
    signature_.put_in(digest(seat, seats_[seat]));
}

// Reading ----------------------------------------------------------------------------------------

RecordIndex SeatGroups::find(GroupId id) const {
    return find_by_id(groups_, id);
}

bool SeatGroups::has(RecordIndex group, BuyerId buyer) const {
    for (RecordIndex at = groups_[group].first_seat; at != no_record; at = seats_[at].next) {
        if (seats_[at].buyer == buyer) {
            return true;
        }
    }
    return false;
}

std::optional<BuyerId> SeatGroups::next_leader(RecordIndex group, RecordIndex leaving) const {
    RecordIndex best = no_record;
    for_each_seat(group, [&](RecordIndex at, const SeatRecord& /*seat*/) {
        if (at == leaving) {
            return;
        }
        const auto rank = [&](RecordIndex one) {
            const std::uint64_t paid_at = seats_[one].paid_at.raw();
            return paid_at == 0 ? ~std::uint64_t{0} : paid_at;
        };
        if (best == no_record || rank(at) < rank(best)) {
            best = at;  // of two unpaid ones the earlier stays: seats come in their order
        }
    });
    return best == no_record ? std::nullopt : std::optional{seats_[best].buyer};
}

// Lists of open groups ---------------------------------------------------------------------------

void SeatGroups::link(RecordIndex group, std::uint16_t level) {
    auto& lists = lists_[groups_[group].item];
    if (lists.empty()) {
        lists.resize(std::size_t{size_} + 1);
    }
    Ends& ends = lists[level];
    const RecordIndex last = std::exchange(ends.last, group);
    if (last == no_record) {
        ends.first = group;
    } else {
        touch_group(last, [&](GroupRecord& record) { record.list_next = group; });
    }
    touch_group(group, [&](GroupRecord& record) {
        record.list_previous = last;
        record.list_next = no_record;
    });
    ++level_counts_[level];
}

void SeatGroups::unlink(RecordIndex group, std::uint16_t level) {
    Ends& ends = lists_[groups_[group].item][level];
    const RecordIndex previous = groups_[group].list_previous;
    const RecordIndex next = groups_[group].list_next;
    if (previous == no_record) {
        ends.first = next;
    } else {
        touch_group(previous, [&](GroupRecord& record) { record.list_next = next; });
    }
    if (next == no_record) {
        ends.last = previous;
    } else {
        touch_group(next, [&](GroupRecord& record) { record.list_previous = previous; });
    }
    touch_group(group, [](GroupRecord& record) {
        record.list_previous = no_record;
        record.list_next = no_record;
    });
    --level_counts_[level];
}

void SeatGroups::link_open(RecordIndex group) {
    groups_[group].open_previous = std::exchange(newest_open_, group);
    groups_[group].open_next = no_record;
    if (groups_[group].open_previous != no_record) {
        groups_[groups_[group].open_previous].open_next = group;
    }
}

void SeatGroups::unlink_open(RecordIndex group) {
    const RecordIndex previous = std::exchange(groups_[group].open_previous, no_record);
    const RecordIndex next = std::exchange(groups_[group].open_next, no_record);
    if (previous != no_record) {
        groups_[previous].open_next = next;
    }
    (next == no_record ? newest_open_ : groups_[next].open_previous) = previous;
}

template <class Change>
void SeatGroups::change_group(RecordIndex group, Change&& change) {
    const std::uint16_t before = level_of(groups_[group]);
    --counter_of(groups_[group].state);
    touch_group(group, [&](GroupRecord& record) {
        change(record);
        if (record.is_open()) {
            check(record.taken() <= record.size, "more seats taken than a group has");
            record.state = record.taken() == record.size ? GroupState::full : GroupState::forming;
        }
    });
    ++counter_of(groups_[group].state);
    const std::uint16_t after = level_of(groups_[group]);
    if (before != after) {
        if (before != 0) {
            unlink(group, before);
        }
        if (after != 0) {
            link(group, after);
        }
    }
}

// Writing ----------------------------------------------------------------------------------------

RecordIndex SeatGroups::open(const GroupRecord& group) {
    check(groups_.size() == 0 || group.id > groups_[groups_.size() - 1].id,
          "a group's id is not above those before it");
    check(group.size == size_, "a group of another size");
    const RecordIndex index = groups_.append(group);
    signature_.put_in(digest(group));
    ++counter_of(group.state);
    link_open(index);
    return index;
}

void SeatGroups::seat_down(RecordIndex seat) {
    const RecordIndex group = seats_[seat].group;
    const RecordIndex last = groups_[group].last_seat;
    touch_seat(seat, [&](SeatRecord& record) {
        record.taken = true;
        record.previous = last;
        record.next = no_record;
    });
    if (last != no_record) {
        touch_seat(last, [&](SeatRecord& record) { record.next = seat; });
    }
    change_group(group, [&](GroupRecord& record) {
        record.first_seat = last == no_record ? seat : record.first_seat;
        record.last_seat = seat;
        ++record.locked;
        if (seats_[seat].is_new) {
            ++record.new_seats;
        }
    });
}

RecordIndex SeatGroups::take_seat(SeatRecord seat) {
    seat.taken = false;
    const RecordIndex index = seats_.append(seat);
    signature_.put_in(digest(index, seat));
    seat_down(index);
    return index;
}

void SeatGroups::retake_seat(RecordIndex seat) {
    check(!seats_[seat].taken, "a seat taken twice");
    seat_down(seat);
}

void SeatGroups::leave_seat(RecordIndex seat) {
    const SeatRecord was = seats_[seat];
    check(was.taken, "a seat left twice");
    if (was.previous != no_record) {
        touch_seat(was.previous, [&](SeatRecord& record) { record.next = was.next; });
    }
    if (was.next != no_record) {
        touch_seat(was.next, [&](SeatRecord& record) { record.previous = was.previous; });
    }
    touch_seat(seat, [](SeatRecord& record) {
        record.taken = false;
        record.previous = no_record;
        record.next = no_record;
        record.paid_at = Sequence{};
    });
    change_group(was.group, [&](GroupRecord& record) {
        record.first_seat = record.first_seat == seat ? was.next : record.first_seat;
        record.last_seat = record.last_seat == seat ? was.previous : record.last_seat;
        --(was.paid_at == Sequence{} ? record.locked : record.paid);
        if (was.is_new) {
            --record.new_seats;
        }
        if (record.state == GroupState::success) {
            ++record.left;
        }
    });
}

void SeatGroups::pay_seat(RecordIndex seat, Sequence at) {
    check(seats_[seat].taken && seats_[seat].paid_at == Sequence{}, "a seat paid for twice");
    touch_seat(seat, [&](SeatRecord& record) { record.paid_at = at; });
    change_group(seats_[seat].group, [](GroupRecord& record) {
        --record.locked;
        ++record.paid;
    });
}

void SeatGroups::set_leader(RecordIndex group, BuyerId leader) {
    touch_group(group, [&](GroupRecord& record) { record.leader = leader; });
}

void SeatGroups::end(RecordIndex group, const Ending& ending) {
    check(groups_[group].is_open(), "a group that had ended ends again");
    change_group(group, [&](GroupRecord& record) {
        record.state = ending.state;
        record.end = ending.end;
        record.ended_by = ending.by;
        record.virtual_seats = ending.virtual_seats;
        record.tier = ending.tier;
        record.units_kept = Quantity{0};
    });
    unlink_open(group);
}

// Checkpoints ------------------------------------------------------------------------------------

void SeatGroups::save(std::uint8_t first_part, const PutChunk& put) const {
    save_arena(static_cast<std::uint8_t>(first_part + groups_part), groups_, put);
    save_arena(static_cast<std::uint8_t>(first_part + seats_part), seats_, put);
}

bool SeatGroups::load(std::uint8_t part, ByteReader& reader) {
    const auto count = reader.get<std::uint32_t>();
    for (std::uint32_t at = 0; at < count && !reader.failed(); ++at) {
        if (part == seats_part) {
            const auto seat = read_record<SeatRecord>(reader);
            if (seat.group >= groups_.size()) {
                return false;
            }
            const RecordIndex index = seats_.append(seat);
            signature_.put_in(digest(index, seat));
            continue;
        }
        const auto group = read_record<GroupRecord>(reader);
        if (part != groups_part || group.item >= lists_.size() || group.size != size_ ||
            group.taken() > size_ || static_cast<std::size_t>(group.state) >= by_state_.size() ||
            (groups_.size() > 0 && group.id <= groups_[groups_.size() - 1].id)) {
            return false;
        }
        const RecordIndex index = groups_.append(group);
        signature_.put_in(digest(group));
        ++counter_of(group.state);
        if (group.is_open()) {
            auto& lists = lists_[group.item];
            lists.resize(std::size_t{size_} + 1);
            Ends& ends = lists[group.taken()];
            ends.first = group.list_previous == no_record ? index : ends.first;
            ends.last = group.list_next == no_record ? index : ends.last;
            ++level_counts_[group.taken()];
            link_open(index);
        }
    }
    return !reader.failed() && reader.left() == 0;
}

// Checks -----------------------------------------------------------------------------------------

std::optional<std::string> SeatGroups::broken_group(RecordIndex index) const {
    const GroupRecord& group = groups_[index];
    std::uint32_t locked = 0;
    std::uint32_t paid = 0;
    std::uint32_t new_seats = 0;
    RecordIndex previous = no_record;
    bool leader_sits = false;
    std::optional<std::string> wrong;
    for_each_seat(index, [&](RecordIndex at, const SeatRecord& seat) {
        (seat.paid_at == Sequence{} ? locked : paid) += 1;
        new_seats += seat.is_new ? 1U : 0U;
        leader_sits = leader_sits || seat.buyer == group.leader;
        if (seat.group != index || !seat.taken || seat.previous != previous) {
            wrong = "its seats are not linked as they are taken";
        }
        for (RecordIndex other = group.first_seat; other != at; other = seats_[other].next) {
            if (seats_[other].buyer == seat.buyer) {
                wrong = "one buyer has two of its seats";
            }
        }
        previous = at;
    });
    if (wrong) {
        return wrong;
    }
    if (locked != group.locked || paid != group.paid || new_seats != group.new_seats ||
        group.last_seat != previous) {
        return "its counts differ from its seats";
    }
    if (group.taken() > group.size) {
        return "more seats are taken than it has";
    }
    if (group.is_open() &&
        (!leader_sits || (group.state == GroupState::full) != (group.taken() == group.size))) {
        return "it has no leader, or is full and does not say so";
    }
    if (group.is_open() == (group.ended_by != Sequence{})) {
        return "it is open and has ended";
    }
    return std::nullopt;
}

std::optional<std::string> SeatGroups::check_invariants() const {
    auto counted = by_state_;
    counted.fill(0);
    for (RecordIndex at = 0; at < groups_.size(); ++at) {
        ++counted[static_cast<std::size_t>(groups_[at].state)];
        if (const auto wrong = broken_group(at)) {
            return "group " + Base36(groups_[at].id.raw()).str() + ": " + *wrong;
        }
    }
    std::uint32_t listed = 0;
    std::optional<std::string> wrong;
    for_each_open(size_, [&](RecordIndex at) {
        ++listed;
        if (!groups_[at].is_open()) {
            wrong = "a group that has ended is listed as open";
        }
        return listed <= open_count();
    });
    std::uint32_t by_opening = 0;
    RecordIndex newer = no_record;
    for_each_open_newest([&](RecordIndex at) {
        const GroupRecord& group = groups_[at];
        if (!group.is_open() || group.open_next != newer ||
            (newer != no_record && groups_[newer].deadline < group.deadline)) {
            wrong = "open groups do not follow each other as they were opened and will end";
        }
        newer = at;
        return ++by_opening <= open_count();
    });
    if (!wrong && (counted != by_state_ || listed != open_count() || by_opening != open_count())) {
        wrong = "groups are miscounted, or open ones not listed";
    }
    return wrong;
}

}  // namespace stampede::campaigns
