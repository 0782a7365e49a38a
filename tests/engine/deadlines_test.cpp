// SPDX-License-Identifier: Apache-2.0
// Deadlines against a sorted list, over random streams; and what a restart finds armed.
#include "engine/deadlines.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>
#include <vector>

namespace stampede::engine {
namespace {

constexpr Instant start{1'762'862'400'000};

Deadline at(std::int64_t ms_after_start, std::uint64_t subject = 0) {
    return {start + Duration::milliseconds(ms_after_start), 11, subject, 3};
}

std::vector<std::uint64_t> subjects_due(Deadlines& deadlines, Instant now, std::size_t budget) {
    deadlines.begin_turn(budget);
    std::vector<std::uint64_t> subjects;
    while (const auto due = deadlines.pop_due(now)) {
        EXPECT_LE(due->at, now);
        subjects.push_back(due->subject);
    }
    return subjects;
}

TEST(Deadlines, give_back_all_that_was_armed) {
    Deadlines deadlines;
    deadlines.arm({start, 0xFFFF'FFFF'FFFF'FFFF, 77, 255}, Duration::seconds(1));
    EXPECT_FALSE(deadlines.pop_due(start)) << "no turn has begun";
    deadlines.begin_turn(1);
    const auto due = deadlines.pop_due(start);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->at, start);
    EXPECT_EQ(due->scope, 0xFFFF'FFFF'FFFF'FFFF);
    EXPECT_EQ(due->subject, 77U);
    EXPECT_EQ(due->kind, 255);
    EXPECT_EQ(deadlines.size(), 0U);
    EXPECT_EQ(deadlines.next_at(), std::nullopt);
}

TEST(Deadlines, never_fire_before_their_time) {
    Deadlines deadlines;
    EXPECT_EQ(deadlines.next_at(), std::nullopt);
    deadlines.arm(at(1000, 1), Duration::milliseconds(1000));
    EXPECT_EQ(deadlines.next_at(), start + Duration::milliseconds(1000));
    EXPECT_TRUE(subjects_due(deadlines, start + Duration::milliseconds(999), 10).empty());
    EXPECT_EQ(subjects_due(deadlines, start + Duration::milliseconds(1000), 10).size(), 1U);
}

TEST(Deadlines, fire_in_the_order_of_time_over_all_durations) {
    Deadlines deadlines;
    std::uint64_t subject = 0;
    for (std::int64_t duration = 20; duration > 0; --duration) {  // more than there are queues
        deadlines.arm(at(duration * 100, ++subject), Duration::seconds(duration));
    }
    std::vector<std::uint64_t> expected;
    for (std::uint64_t number = 20; number > 0; --number) {
        expected.push_back(number);
    }
    EXPECT_EQ(subjects_due(deadlines, start + Duration::seconds(10), 100), expected);
}

TEST(Deadlines, fire_in_the_order_of_arming_at_one_instant) {
    Deadlines deadlines;
    for (std::uint64_t subject = 0; subject < 100; ++subject) {
        // Over queues, and over the heap where the queues end.
        deadlines.arm(at(500, subject),
                      Duration::seconds(static_cast<std::int64_t>(subject * 7 % 25)));
    }
    const auto fired = subjects_due(deadlines, start + Duration::seconds(1), 1000);
    ASSERT_EQ(fired.size(), 100U);
    for (std::uint64_t subject = 0; subject < 100; ++subject) {
        EXPECT_EQ(fired[subject], subject);
    }
}

TEST(Deadlines, stop_at_the_budget_and_go_on_in_the_next_turn) {
    Deadlines deadlines;
    for (std::uint64_t subject = 0; subject < 25; ++subject) {
        deadlines.arm(at(1, subject), Duration::milliseconds(1));
    }
    const Instant now = start + Duration::seconds(1);
    EXPECT_EQ(subjects_due(deadlines, now, 10).size(), 10U);
    EXPECT_EQ(subjects_due(deadlines, now, 10).front(), 10U);
    EXPECT_EQ(subjects_due(deadlines, now, 10).size(), 5U);
    EXPECT_EQ(subjects_due(deadlines, now, 0).size(), 0U);
}

TEST(Deadlines, hold_back_what_a_restart_found_armed) {
    Deadlines deadlines;
    deadlines.arm_recovered(at(0, 1));
    deadlines.arm(at(1000, 2), Duration::seconds(1));
    EXPECT_EQ(deadlines.next_at(), start + Duration::seconds(1)) << "the other is not released";
    const std::vector<std::uint64_t> armed_since{2};
    EXPECT_EQ(subjects_due(deadlines, start + Duration::seconds(59), 10), armed_since);
    EXPECT_EQ(deadlines.next_at(), std::nullopt);
    deadlines.release_recovered();
    EXPECT_EQ(deadlines.next_at(), start);
    const std::vector<std::uint64_t> recovered{1};
    EXPECT_EQ(subjects_due(deadlines, start + Duration::seconds(60), 10), recovered);
    EXPECT_EQ(deadlines.size(), 0U);
}

TEST(Deadlines, fire_recovered_ones_within_a_tenth_of_the_budget) {
    Deadlines deadlines;
    for (std::uint64_t subject = 0; subject < 100; ++subject) {
        deadlines.arm_recovered(at(-1000, subject));
        deadlines.arm(at(0, 1000 + subject), Duration::seconds(1));
    }
    deadlines.release_recovered();
    EXPECT_EQ(deadlines.recovered_size(), 100U);
    const auto fired = subjects_due(deadlines, start, 50);
    ASSERT_EQ(fired.size(), 50U);
    for (std::uint64_t subject = 0; subject < 5; ++subject) {
        EXPECT_EQ(fired[subject], subject);
    }
    EXPECT_EQ(fired[5], 1000U);
    EXPECT_EQ(fired[49], 1044U);
    EXPECT_EQ(deadlines.recovered_size(), 95U);
    EXPECT_EQ(subjects_due(deadlines, start, 3).size(), 3U) << "one of them recovered";
    EXPECT_EQ(deadlines.recovered_size(), 94U);
}

TEST(Deadlines, fire_recovered_ones_not_before_their_own_time) {
    Deadlines deadlines;
    deadlines.arm_recovered(at(5000, 1));
    deadlines.release_recovered();
    EXPECT_EQ(deadlines.next_at(), start + Duration::seconds(5));
    EXPECT_TRUE(subjects_due(deadlines, start + Duration::milliseconds(4999), 10).empty());
    EXPECT_EQ(subjects_due(deadlines, start + Duration::seconds(5), 10).size(), 1U);
}

// The slow model: a multimap keeps equal keys in the order of insertion.
class Model {
  public:
    void arm(const Deadline& deadline) { all_.emplace(deadline.at, deadline); }
    std::optional<Deadline> pop_due(Instant now) {
        if (all_.empty() || all_.begin()->first > now) {
            return std::nullopt;
        }
        const Deadline due = all_.begin()->second;
        all_.erase(all_.begin());
        return due;
    }
    [[nodiscard]] std::optional<Instant> next_at() const {
        return all_.empty() ? std::nullopt : std::optional{all_.begin()->first};
    }
    [[nodiscard]] std::size_t size() const { return all_.size(); }

  private:
    std::multimap<Instant, Deadline> all_;
};

// What kinds of durations a stream arms: few fixed ones, many, or spans that lie (a deadline that
// was clipped, so that equal spans are out of order).
enum class Stream : std::uint8_t { few, many, clipped };

void run_against_model(Stream stream, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    Deadlines deadlines;
    Model model;
    Instant now = start;
    std::uint64_t subject = 0;
    for (int turn = 0; turn < 3000; ++turn) {
        now = now + Duration::milliseconds(static_cast<std::int64_t>(random() % 50));
        // Waves, so that queues and heap grow over many chunks and run empty again.
        const std::uint64_t wave = turn % 1000 < 400 ? 12 : 1;
        for (std::uint64_t count = random() % (2 * wave); count > 0; --count) {
            const std::uint64_t kinds = stream == Stream::few ? 4 : 400;
            const auto span =
                Duration::milliseconds(static_cast<std::int64_t>(random() % kinds) * 37);
            Deadline deadline{now + span, random(), ++subject, static_cast<std::uint8_t>(random())};
            Duration told = span;
            if (stream == Stream::clipped && random() % 2 == 0) {
                deadline.at = now + Duration::milliseconds(static_cast<std::int64_t>(
                                        random() % static_cast<std::uint64_t>(span.ms() + 1)));
                told = Duration::seconds(1);
            }
            deadlines.arm(deadline, told);
            model.arm(deadline);
        }
        ASSERT_EQ(deadlines.size(), model.size());
        ASSERT_EQ(deadlines.next_at(), model.next_at());
        const std::uint64_t budget = random() % 16;
        deadlines.begin_turn(budget);
        for (std::uint64_t fired = 0; fired <= budget; ++fired) {
            const auto expected = fired < budget ? model.pop_due(now) : std::nullopt;
            const auto due = deadlines.pop_due(now);
            ASSERT_EQ(due.has_value(), expected.has_value());
            if (!due) {
                break;
            }
            ASSERT_EQ(due->subject, expected->subject);
            ASSERT_EQ(std::tuple(due->at, due->scope, due->kind),
                      std::tuple(expected->at, expected->scope, expected->kind));
        }
        ASSERT_EQ(deadlines.next_at(), model.next_at());
    }
    EXPECT_GT(subject, 1000U);
}

TEST(Deadlines, that_do_more_than_one_record_are_charged_for_it) {
    Deadlines deadlines;
    for (std::uint64_t subject = 1; subject <= 9; ++subject) {
        deadlines.arm(at(0, subject), Duration::seconds(1));
    }
    deadlines.begin_turn(10);
    ASSERT_TRUE(deadlines.pop_due(start));
    EXPECT_EQ(deadlines.budget(), 9U);
    deadlines.charge(6);
    EXPECT_EQ(deadlines.budget(), 3U);
    ASSERT_TRUE(deadlines.pop_due(start));
    deadlines.charge(500);
    EXPECT_EQ(deadlines.budget(), 0U) << "the last may do more than was left";
    EXPECT_FALSE(deadlines.pop_due(start));
    EXPECT_EQ(subjects_due(deadlines, start, 10),
              (std::vector<std::uint64_t>{3, 4, 5, 6, 7, 8, 9}));
}

TEST(Deadlines, recovered_ones_are_charged_to_their_tenth) {
    Deadlines deadlines;
    for (std::uint64_t subject = 1; subject <= 9; ++subject) {
        deadlines.arm_recovered(at(0, subject));
    }
    deadlines.arm(at(1, 10), Duration::seconds(1));
    deadlines.release_recovered();
    deadlines.begin_turn(100);
    ASSERT_EQ(deadlines.pop_due(start + Duration::seconds(1))->subject, 1U);
    deadlines.charge(9);
    EXPECT_EQ(deadlines.pop_due(start + Duration::seconds(1))->subject, 10U);
    deadlines.charge(9);
    EXPECT_EQ(deadlines.budget(), 80U);
    EXPECT_FALSE(deadlines.pop_due(start + Duration::seconds(1)));
}

TEST(Deadlines, agree_with_a_sorted_list_over_random_streams) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        run_against_model(Stream::few, seed);
        run_against_model(Stream::many, seed);
        run_against_model(Stream::clipped, seed);
    }
}

TEST(Deadlines, fire_recovered_ones_in_order_of_time_however_the_state_lists_them) {
    std::mt19937_64 random(5);
    Deadlines deadlines;
    Model model;
    for (std::uint64_t subject = 0; subject < 20'000; ++subject) {
        const Deadline deadline = at(static_cast<std::int64_t>(random() % 100'000), subject);
        deadlines.arm_recovered(deadline);
        model.arm(deadline);
    }
    deadlines.release_recovered();
    const Instant now = start + Duration::seconds(101);
    while (deadlines.size() > 0) {
        deadlines.begin_turn(256);
        std::size_t fired = 0;
        while (const auto due = deadlines.pop_due(now)) {
            ASSERT_EQ(due->subject, model.pop_due(now)->subject);
            ++fired;
        }
        ASSERT_GT(fired, 0U);
        ASSERT_LE(fired, 25U);
    }
    EXPECT_EQ(model.size(), 0U);
}

}  // namespace
}  // namespace stampede::engine
