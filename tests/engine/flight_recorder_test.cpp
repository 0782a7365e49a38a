// SPDX-License-Identifier: Apache-2.0
// What the flight recorder keeps, and that a reader on another thread never sees half of it.
#include "engine/flight_recorder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace stampede::engine {
namespace {

// A record of which every word follows from its number, so that a torn one shows.
TurnRecord turn(std::uint64_t number) {
    const auto base = static_cast<std::int64_t>(number);
    return {.at = Instant{base},
            .arrivals = number + 1,
            .replies = number + 2,
            .commit = CommitNumber{number + 3},
            .commit_bytes = number + 4,
            .submitted_us = base + 5,
            .durable_us = base + 6,
            .sync_us = base + 7};
}

std::vector<std::string> lines_of(const FlightRecorder& recorder) {
    std::FILE* file = std::tmpfile();
    EXPECT_NE(file, nullptr);
    EXPECT_TRUE(recorder.dump(fileno(file)).has_value());
    EXPECT_EQ(std::fseek(file, 0, SEEK_SET), 0);
    std::string text;
    for (int character = std::fgetc(file); character != EOF; character = std::fgetc(file)) {
        text.push_back(static_cast<char>(character));
    }
    std::fclose(file);
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

TEST(FlightRecorder, gives_back_what_was_recorded) {
    FlightRecorder recorder(8);
    for (std::uint64_t number = 0; number < 5; ++number) {
        recorder.record(turn(number));
    }
    EXPECT_EQ(recorder.recorded(), 5U);
    for (std::uint64_t number = 0; number < 5; ++number) {
        EXPECT_EQ(recorder.read(number), turn(number));
    }
    EXPECT_EQ(recorder.read(5), std::nullopt);
}

TEST(FlightRecorder, keeps_the_newest_when_it_is_full) {
    FlightRecorder recorder(8);
    for (std::uint64_t number = 0; number < 21; ++number) {
        recorder.record(turn(number));
    }
    for (std::uint64_t number = 0; number < 13; ++number) {
        EXPECT_EQ(recorder.read(number), std::nullopt);
    }
    for (std::uint64_t number = 13; number < 21; ++number) {
        EXPECT_EQ(recorder.read(number), turn(number));
    }
}

TEST(FlightRecorder, dumps_a_header_and_one_line_per_turn_oldest_first) {
    FlightRecorder recorder(4);
    for (std::uint64_t number = 0; number < 6; ++number) {
        recorder.record(turn(number));
    }
    const auto lines = lines_of(recorder);
    ASSERT_EQ(lines.size(), 6U);
    EXPECT_EQ(lines[1],
              "turn at_ms arrivals replies commit commit_bytes submitted_us durable_us sync_us");
    EXPECT_EQ(lines[2], "2 2 3 4 5 6 7 8 9");
    EXPECT_EQ(lines[5], "5 5 6 7 8 9 10 11 12");
}

TEST(FlightRecorder, dumps_more_than_one_buffer_of_lines) {
    FlightRecorder recorder(4096);
    for (std::uint64_t number = 0; number < 4096; ++number) {
        recorder.record(turn(number));
    }
    const auto lines = lines_of(recorder);
    ASSERT_EQ(lines.size(), 4098U);
    EXPECT_EQ(lines.back(), "4095 4095 4096 4097 4098 4099 4100 4101 4102");
}

TEST(FlightRecorder, says_when_it_cannot_be_dumped) {
    FlightRecorder recorder(4);
    recorder.record(turn(0));
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    ASSERT_GE(full, 0);
    const auto dumped = recorder.dump(full);
    ::close(full);
    ASSERT_FALSE(dumped.has_value());
    EXPECT_NE(dumped.error().message.find("could not be dumped"), std::string::npos);
}

TEST(FlightRecorder, never_shows_a_torn_record_to_another_thread) {
    constexpr std::uint64_t turns = 400'000;
    FlightRecorder recorder(16);
    std::atomic<bool> stop{false};
    std::uint64_t whole = 0;
    std::thread reader([&] {
        while (!stop.load(std::memory_order_relaxed)) {
            const std::uint64_t end = recorder.recorded();
            for (std::uint64_t number = end > 16 ? end - 16 : 0; number < end; ++number) {
                if (const auto seen = recorder.read(number)) {
                    ++whole;
                    ASSERT_EQ(*seen, turn(number));
                }
            }
        }
    });
    for (std::uint64_t number = 0; number < turns; ++number) {
        recorder.record(turn(number));
    }
    while (recorder.read(turns - 1) != turn(turns - 1)) {}
    stop.store(true, std::memory_order_relaxed);
    reader.join();
    RecordProperty("whole_records_seen", static_cast<int>(whole % 1'000'000'000));
}

}  // namespace
}  // namespace stampede::engine
