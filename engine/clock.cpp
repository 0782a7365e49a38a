// SPDX-License-Identifier: Apache-2.0
// Journal time out of two clocks; engine/clock.hpp says how it behaves, and why.
#include "engine/clock.hpp"

#include <time.h>

#include <algorithm>

#include "engine/vocabulary/check.hpp"

namespace stampede::engine {
namespace {

std::int64_t nanoseconds(clockid_t clock) {
    timespec time{};
    check(clock_gettime(clock, &time) == 0, "the kernel has no such clock");
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

constexpr Duration magnitude(Duration duration) {
    return duration < Duration{} ? Duration{} - duration : duration;
}

}  // namespace

std::int64_t SystemTimeSource::realtime_ms() const {
    return nanoseconds(CLOCK_REALTIME) / 1'000'000;
}

std::int64_t SystemTimeSource::boottime_ms() const {
    return nanoseconds(CLOCK_BOOTTIME) / 1'000'000;
}

std::int64_t monotonic_us() {
    return nanoseconds(CLOCK_MONOTONIC) / 1000;
}

struct JournalClock::Reading {
    Duration boottime;
    Duration difference;
    bool whole = false;  // taken without a pause in the middle
};

JournalClock::JournalClock(const TimeSource& source, Instant last_recovered) : source_(source) {
    Reading reading = read();
    while (!reading.whole) {
        reading = read();
    }
    boottime_ = reading.boottime;
    difference_ = reading.difference;
    const Instant wall = Instant{} + reading.boottime + reading.difference;
    last_ = std::max(wall, last_recovered);
    offset_ = last_ - (Instant{} + reading.boottime);
}

// The two clocks cannot be read in one instant. A process stopped between the readings would see a
// jump that never was, so BOOTTIME brackets REALTIME, and a reading with a gap judges nothing.
JournalClock::Reading JournalClock::read() const {
    constexpr int attempts = 4;
    constexpr Duration longest_gap = Duration::milliseconds(20);
    Reading reading;
    for (int attempt = 0; attempt < attempts && !reading.whole; ++attempt) {
        const Duration before = Duration::milliseconds(source_.boottime_ms());
        const Duration realtime = Duration::milliseconds(source_.realtime_ms());
        reading.boottime = Duration::milliseconds(source_.boottime_ms());
        reading.difference = realtime - reading.boottime;
        reading.whole = reading.boottime - before <= longest_gap;
    }
    return reading;
}

Instant JournalClock::now() {
    const Reading reading = read();
    const Duration elapsed = std::max(Duration{}, reading.boottime - boottime_);
    boottime_ = boottime_ + elapsed;
    if (reading.whole) {
        judge(reading);
    }
    if (!frozen_) {
        slew(elapsed);
    }
    last_ = std::max(last_, Instant{} + boottime_ + offset_);
    return last_;
}

void JournalClock::judge(const Reading& reading) {
    const bool jumped = magnitude(reading.difference - difference_) > jump_tolerance;
    difference_ = reading.difference;
    if (jumped) {
        ++jumps_;
        frozen_ = true;
    } else if (!frozen_) {
        return;
    }
    if (jumped || magnitude(difference_ - agreed_difference_) > agreement_tolerance) {
        agreed_since_ = boottime_;
        agreed_difference_ = difference_;
    }
    if (boottime_ - agreed_since_ >= agreement_needed) {
        thaw();
    }
}

void JournalClock::thaw() {
    if (frozen_) {
        frozen_ = false;
        offset_ = std::max(offset_, difference_);
        slew_credit_ms_ = 0;
    }
}

// One millisecond of correction for every slew_divisor that passed: at most what passed since the
// reading before, so slowing down never turns into going back.
void JournalClock::slew(Duration elapsed) {
    const Duration gap = difference_ - offset_;
    if (gap == Duration{}) {
        slew_credit_ms_ = 0;
        return;
    }
    slew_credit_ms_ += elapsed.ms();
    const std::int64_t most = slew_credit_ms_ / slew_divisor;
    slew_credit_ms_ %= slew_divisor;
    offset_ = offset_ + Duration::milliseconds(std::clamp(gap.ms(), -most, most));
}

}  // namespace stampede::engine
