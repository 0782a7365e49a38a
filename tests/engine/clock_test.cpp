// SPDX-License-Identifier: Apache-2.0
// Journal time under clocks that are set, stopped and read at the worst moment.
#include "engine/clock.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/fake_time.hpp"

namespace stampede::engine {
namespace {

constexpr Duration second = Duration::seconds(1);
constexpr Duration hour = Duration::seconds(3600);

// Reads the clock every 10 ms, as a loop does.
Instant run(FakeTime& time, JournalClock& clock, Duration duration) {
    for (Duration passed; passed < duration; passed = passed + Duration::milliseconds(10)) {
        time.pass(Duration::milliseconds(10));
        static_cast<void>(clock.now());
    }
    return clock.last();
}

TEST(JournalClock, starts_at_the_wall_clock) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    EXPECT_EQ(clock.now(), time.wall());
    EXPECT_FALSE(clock.frozen());
}

TEST(JournalClock, takes_downtime_for_no_jump) {
    FakeTime time;
    JournalClock clock(time, time.wall() - hour);
    EXPECT_EQ(clock.now(), time.wall());
    EXPECT_EQ(clock.jumps(), 0U);
    EXPECT_FALSE(clock.frozen());
}

TEST(JournalClock, starts_at_the_last_journal_time_when_the_wall_clock_is_behind_it) {
    FakeTime time;
    const Instant recovered = time.wall() + hour;
    JournalClock clock(time, recovered);
    EXPECT_EQ(clock.last(), recovered);
    EXPECT_EQ(clock.ahead_of_wall(), hour);
    time.pass(Duration::milliseconds(50));
    EXPECT_EQ(clock.now(), recovered + Duration::milliseconds(50));
    EXPECT_FALSE(clock.frozen());
}

TEST(JournalClock, advances_with_the_clocks) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    run(time, clock, hour);
    EXPECT_EQ(clock.last(), time.wall());
    EXPECT_EQ(clock.jumps(), 0U);
}

TEST(JournalClock, sees_no_jump_when_the_process_was_stopped) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    time.pass(hour);
    EXPECT_EQ(clock.now(), time.wall());
    EXPECT_FALSE(clock.frozen());
}

TEST(JournalClock, sees_no_jump_when_the_process_was_stopped_between_two_readings) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    time.pass(second);
    time.stop_in_next_reading(hour);
    const Instant now = clock.now();
    EXPECT_EQ(now, time.wall());
    EXPECT_FALSE(clock.frozen());
    EXPECT_EQ(clock.jumps(), 0U);
}

TEST(JournalClock, is_unmoved_by_a_wall_clock_an_hour_ahead_until_it_thaws) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    const Instant before = clock.now();
    time.step_wall(hour);
    EXPECT_EQ(clock.now(), before);
    EXPECT_TRUE(clock.frozen());
    EXPECT_EQ(clock.jumps(), 1U);
    EXPECT_EQ(run(time, clock, Duration::seconds(59)), before + Duration::seconds(59));
    EXPECT_TRUE(clock.frozen());
    run(time, clock, Duration::seconds(2));
    EXPECT_FALSE(clock.frozen());
    EXPECT_EQ(clock.last(), time.wall()) << "the wall clock is believed now";
    EXPECT_EQ(clock.jumps(), 1U);
}

TEST(JournalClock, never_goes_back_with_a_wall_clock_an_hour_behind) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    const Instant before = clock.now();
    time.step_wall(Duration{} - hour);
    EXPECT_EQ(clock.now(), before);
    EXPECT_TRUE(clock.frozen());
    EXPECT_EQ(run(time, clock, Duration::seconds(59)), before + Duration::seconds(59));
    run(time, clock, Duration::seconds(2));
    EXPECT_FALSE(clock.frozen());
    EXPECT_GE(clock.last(), before + Duration::seconds(60));
    EXPECT_LE(clock.last(), before + Duration::seconds(61));
    EXPECT_GT(clock.ahead_of_wall(), hour - second);
}

TEST(JournalClock, waits_for_a_wall_clock_behind_it_one_percent_at_a_time) {
    FakeTime time;
    JournalClock clock(time, time.wall() + second);
    const Instant start = clock.last();
    const Instant after = run(time, clock, Duration::seconds(50));
    EXPECT_EQ(after - start, Duration::milliseconds(49'500));
    run(time, clock, Duration::seconds(100));
    EXPECT_EQ(clock.last(), time.wall());
}

TEST(JournalClock, follows_a_small_step_one_percent_at_a_time) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    const Instant start = clock.now();
    time.step_wall(Duration::milliseconds(1500));
    EXPECT_EQ(clock.now(), start);
    EXPECT_FALSE(clock.frozen());
    EXPECT_EQ(run(time, clock, Duration::seconds(100)), start + Duration::seconds(101));
    run(time, clock, Duration::seconds(60));
    EXPECT_EQ(clock.last(), time.wall());
}

TEST(JournalClock, calls_over_two_seconds_a_jump_and_two_seconds_none) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    time.step_wall(Duration::seconds(2));
    static_cast<void>(clock.now());
    EXPECT_FALSE(clock.frozen());
    time.step_wall(Duration::milliseconds(2001));
    static_cast<void>(clock.now());
    EXPECT_TRUE(clock.frozen());
}

TEST(JournalClock, counts_the_sixty_seconds_anew_after_each_change) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    time.step_wall(hour);
    static_cast<void>(clock.now());
    run(time, clock, Duration::seconds(50));
    time.step_wall(Duration{} - hour);
    run(time, clock, Duration::seconds(59));
    EXPECT_TRUE(clock.frozen());
    EXPECT_EQ(clock.jumps(), 2U);
    time.step_wall(second);  // no jump, but no agreement either
    run(time, clock, Duration::seconds(59));
    EXPECT_TRUE(clock.frozen());
    EXPECT_EQ(clock.jumps(), 2U);
    run(time, clock, Duration::seconds(2));
    EXPECT_FALSE(clock.frozen());
}

TEST(JournalClock, thaws_at_the_operators_word) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    time.step_wall(hour);
    static_cast<void>(clock.now());
    clock.thaw();
    EXPECT_FALSE(clock.frozen());
    EXPECT_EQ(clock.now(), time.wall());
    EXPECT_EQ(clock.jumps(), 1U);
}

TEST(JournalClock, ignores_thaw_when_it_is_not_frozen) {
    FakeTime time;
    JournalClock clock(time, Instant{});
    const Instant start = clock.now();
    time.step_wall(second);
    static_cast<void>(clock.now());
    clock.thaw();
    EXPECT_EQ(clock.now(), start) << "a small step is not leapt over";
}

// Whatever the wall clock does: journal time never goes back, and while frozen or running it never
// gains more than one percent on BOOTTIME, but for the leap of a thaw.
TEST(JournalClock, holds_its_promise_over_random_clocks) {
    std::mt19937_64 random(20251111);
    std::uint64_t thaws = 0;
    for (int seed = 0; seed < 200; ++seed) {
        FakeTime time;
        JournalClock clock(time, Instant{FakeTime::start_ms +
                                         static_cast<std::int64_t>(random() % 10'000) - 5'000});
        Instant journal = clock.last();
        for (int step = 0; step < 3000; ++step) {
            const auto passed = Duration::milliseconds(static_cast<std::int64_t>(random() % 200));
            time.pass(passed);
            if (random() % 1500 == 0) {
                time.step_wall(Duration::milliseconds(
                    static_cast<std::int64_t>(random() % 7'200'000) - 3'600'000));
            } else if (random() % 1500 == 0) {
                time.step_wall(
                    Duration::milliseconds(static_cast<std::int64_t>(random() % 3'000) - 1'500));
            }
            const bool was_frozen = clock.frozen();
            const Instant next = clock.now();
            ASSERT_GE(next, journal);
            if (!was_frozen || clock.frozen()) {
                ASSERT_LE((next - journal).ms(), passed.ms() + passed.ms() / 100 + 1);
            } else {
                ++thaws;
            }
            journal = next;
        }
    }
    EXPECT_GT(thaws, 50U);
}

TEST(SystemTimeSource, reads_clocks_that_go_forward_together) {
    const SystemTimeSource time;
    JournalClock clock(time, Instant{});
    const std::int64_t measured = monotonic_us();
    Instant last = clock.last();
    EXPECT_GT(last, Instant{1'735'689'600'000});
    for (int reading = 0; reading < 1000; ++reading) {
        const Instant now = clock.now();
        EXPECT_GE(now, last);
        last = now;
    }
    EXPECT_GE(monotonic_us(), measured);
}

}  // namespace
}  // namespace stampede::engine
