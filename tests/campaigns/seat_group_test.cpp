// SPDX-License-Identifier: Apache-2.0
// Groups of seats as a piece of their own: links, leaders, lists, signature and checkpoint.
#include "campaigns/seat_group.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace stampede::campaigns {
namespace {

GroupRecord group_called(std::uint64_t id, std::uint16_t size, std::uint16_t item = 0) {
    GroupRecord group;
    group.id = GroupId{id};
    group.leader = BuyerId{1};
    group.size = size;
    group.item = item;
    return group;
}

SeatRecord seat_of(RecordIndex group, std::uint64_t buyer) {
    SeatRecord seat;
    seat.group = group;
    seat.buyer = BuyerId{buyer};
    return seat;
}

std::vector<RecordIndex> listed(const SeatGroups& groups, std::uint16_t from) {
    std::vector<RecordIndex> found;
    groups.for_each_open(from, [&](RecordIndex at) {
        found.push_back(at);
        return true;
    });
    return found;
}

TEST(SeatGroups, become_full_and_forming_again) {
    SeatGroups groups(1, 2);
    const RecordIndex group = groups.open(group_called(7, 2));
    const RecordIndex first = groups.take_seat(seat_of(group, 1));
    EXPECT_EQ(groups.group(group).state, GroupState::forming);
    const RecordIndex second = groups.take_seat(seat_of(group, 2));
    EXPECT_EQ(groups.group(group).state, GroupState::full);
    groups.pay_seat(first, Sequence{5});
    groups.leave_seat(second);
    EXPECT_EQ(groups.group(group).state, GroupState::forming);
    EXPECT_EQ(groups.group(group).paid, 1);
    EXPECT_TRUE(groups.has(group, BuyerId{1}));
    EXPECT_FALSE(groups.has(group, BuyerId{2}));
    EXPECT_FALSE(groups.check_invariants().has_value());
}

TEST(SeatGroups, are_led_by_the_earliest_paid_then_the_earliest_locked) {
    SeatGroups groups(1, 5);
    const RecordIndex group = groups.open(group_called(7, 5));
    std::vector<RecordIndex> seats;
    for (std::uint64_t buyer = 1; buyer <= 4; ++buyer) {
        seats.push_back(groups.take_seat(seat_of(group, buyer)));
    }
    EXPECT_EQ(groups.next_leader(group, seats[0]), BuyerId{2});
    groups.pay_seat(seats[3], Sequence{10});
    groups.pay_seat(seats[2], Sequence{11});
    EXPECT_EQ(groups.next_leader(group, seats[0]), BuyerId{4});
    EXPECT_EQ(groups.next_leader(group, seats[3]), BuyerId{3});
    for (std::size_t at = 1; at < seats.size(); ++at) {
        groups.leave_seat(seats[at]);
    }
    EXPECT_FALSE(groups.next_leader(group, seats[0]).has_value());
}

TEST(SeatGroups, list_the_fullest_first_and_of_equals_the_oldest) {
    SeatGroups groups(2, 3);
    std::vector<RecordIndex> opened;
    for (std::uint64_t id = 1; id <= 4; ++id) {
        opened.push_back(groups.open(group_called(id, 3, static_cast<std::uint16_t>(id % 2))));
        groups.take_seat(seat_of(opened.back(), 1));
    }
    groups.take_seat(seat_of(opened[2], 2));
    groups.take_seat(seat_of(opened[0], 2));
    EXPECT_EQ(listed(groups, 2), (std::vector<RecordIndex>{2, 0, 1, 3}));
    groups.take_seat(seat_of(opened[2], 3));
    EXPECT_EQ(listed(groups, 2), (std::vector<RecordIndex>{0, 1, 3}));
    EXPECT_EQ(listed(groups, 3), (std::vector<RecordIndex>{2, 0, 1, 3}));
    groups.end(opened[0], {.state = GroupState::failed, .by = Sequence{9}});
    EXPECT_EQ(groups.open_count(), 3U);
    EXPECT_EQ(listed(groups, 3), (std::vector<RecordIndex>{2, 1, 3}));
}

/// Everything a checkpoint keeps, as chunks.
struct Saved {
    std::vector<std::pair<std::uint8_t, std::vector<std::byte>>> chunks;
};

Saved saved(const SeatGroups& groups) {
    Saved kept;
    groups.save(0, [&](std::uint8_t part, std::span<const std::byte> bytes) {
        kept.chunks.emplace_back(part, std::vector<std::byte>(bytes.begin(), bytes.end()));
    });
    return kept;
}

TEST(SeatGroups, follow_each_other_as_they_were_opened) {
    SeatGroups groups(2, 3);
    const auto newest_first = [&] {
        std::vector<RecordIndex> found;
        groups.for_each_open_newest([&](RecordIndex at) {
            found.push_back(at);
            return true;
        });
        return found;
    };
    EXPECT_EQ(groups.newest_open(), no_record);
    for (std::uint64_t id = 1; id <= 4; ++id) {
        const auto item = static_cast<std::uint16_t>(id % 2);
        groups.take_seat(seat_of(groups.open(group_called(id, 3, item)), 1));
    }
    EXPECT_EQ(newest_first(), (std::vector<RecordIndex>{3, 2, 1, 0}));
    groups.end(1, {.state = GroupState::failed, .end = GroupEnd::deadline, .by = Sequence{9}});
    groups.end(3, {.state = GroupState::failed, .end = GroupEnd::deadline, .by = Sequence{9}});
    EXPECT_EQ(newest_first(), (std::vector<RecordIndex>{2, 0}));
    EXPECT_EQ(groups.newest_open(), 2U);
    groups.end(0, {.state = GroupState::failed, .end = GroupEnd::deadline, .by = Sequence{9}});
    groups.end(2, {.state = GroupState::failed, .end = GroupEnd::deadline, .by = Sequence{9}});
    EXPECT_EQ(groups.newest_open(), no_record);
}

TEST(SeatGroups, come_back_from_a_checkpoint_after_any_stream_of_changes) {
    std::mt19937_64 random(3);
    SeatGroups groups(3, 4);
    std::vector<RecordIndex> taken;
    for (std::uint64_t step = 1; step <= 4000; ++step) {
        const auto choice = random() % 10;
        if (choice < 3 || groups.group_count() == 0) {
            const RecordIndex group =
                groups.open(group_called(step, 4, static_cast<std::uint16_t>(random() % 3)));
            taken.push_back(groups.take_seat(seat_of(group, 1)));
            continue;
        }
        const auto group = static_cast<RecordIndex>(random() % groups.group_count());
        if (choice < 6 && groups.group(group).state == GroupState::forming) {
            taken.push_back(groups.take_seat(seat_of(group, step + 10)));
            continue;
        }
        const RecordIndex seat = taken[random() % taken.size()];
        const GroupRecord& its = groups.group(groups.seat(seat).group);
        if (!groups.seat(seat).taken || !its.is_open()) {
            continue;
        }
        if (choice < 8 && groups.seat(seat).paid_at == Sequence{}) {
            groups.pay_seat(seat, Sequence{step});
        } else if (its.taken() > 1 && groups.seat(seat).buyer != its.leader) {
            groups.leave_seat(seat);
        } else if (choice == 9) {
            groups.end(groups.seat(seat).group,
                       {.state = GroupState::failed, .end = GroupEnd::op, .by = Sequence{step}});
        }
    }
    ASSERT_FALSE(groups.check_invariants().has_value()) << *groups.check_invariants();
    SeatGroups again(3, 4);
    for (const auto& [part, bytes] : saved(groups).chunks) {
        ByteReader reader(bytes);
        ASSERT_TRUE(again.load(part, reader));
    }
    EXPECT_EQ(again.signature(), groups.signature());
    EXPECT_EQ(again.open_count(), groups.open_count());
    EXPECT_EQ(listed(again, 4), listed(groups, 4));
    EXPECT_FALSE(again.check_invariants().has_value());
}

}  // namespace
}  // namespace stampede::campaigns
