// SPDX-License-Identifier: Apache-2.0
// The figures that every form of a report shows, computed in one place. Pure.
#pragma once

#include "loadtest/report.hpp"

namespace stampede::loadtest {

[[nodiscard]] inline double in_ms(std::chrono::nanoseconds time) {
    return static_cast<double>(time.count()) / 1e6;
}
[[nodiscard]] inline double in_seconds(std::chrono::nanoseconds time) {
    return static_cast<double>(time.count()) / 1e9;
}
[[nodiscard]] inline double per_second(std::uint64_t count, std::chrono::nanoseconds time) {
    return time.count() <= 0 ? 0 : static_cast<double>(count) / in_seconds(time);
}
[[nodiscard]] inline double share_of(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}
/// Microseconds of CPU for each answer of the measured part; 0 without answers.
[[nodiscard]] inline double cpu_us_per_answer(const RunReport& report,
                                              std::chrono::nanoseconds cpu) {
    return report.numbers.answered == 0 ? 0
                                        : static_cast<double>(cpu.count()) / 1e3 /
                                              static_cast<double>(report.numbers.answered);
}
/// Of one core.
[[nodiscard]] inline double busy_share(const RunReport& report, std::chrono::nanoseconds cpu) {
    const auto wall = report.numbers.machine.wall;
    return wall.count() == 0 ? 0 : in_seconds(cpu) / in_seconds(wall);
}

}  // namespace stampede::loadtest
