// SPDX-License-Identifier: Apache-2.0
// What does a deadline cost that is armed and, nearly always, no longer wanted when it fires, with
// ten million of them live? Arming is on the hot path; cancelling is free, so its price is paid by
// the firing that finds nothing to do. The target (arm + cancel, cold) is 50 ns.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "engine/deadlines.hpp"

namespace stampede::engine {
namespace {

constexpr Instant start{1'762'862'400'000};
constexpr Duration hold = Duration::seconds(300);

Deadline in(Instant now, Duration span, std::uint64_t subject) {
    return {now + span, 1, subject, 1};
}

// Deadlines of one duration, spread evenly over it.
std::unique_ptr<Deadlines> queued(std::int64_t live) {
    auto deadlines = std::make_unique<Deadlines>();
    for (std::int64_t number = 0; number < live; ++number) {
        const Duration armed_at = Duration::milliseconds(hold.ms() * number / live);
        deadlines->arm(in(start + armed_at, hold, static_cast<std::uint64_t>(number)), hold);
    }
    return deadlines;
}

void arm_one_and_fire_one_of_a_fixed_duration(benchmark::State& state) {
    const auto deadlines = queued(state.range(0));
    std::uint64_t subject = 0;
    for (auto _ : state) {
        const Instant now = *deadlines->next_at();
        deadlines->begin_turn(1);
        const auto due = deadlines->pop_due(now);
        benchmark::DoNotOptimize(due);
        deadlines->arm(in(now, hold, ++subject), hold);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(arm_one_and_fire_one_of_a_fixed_duration)->Arg(1000)->Arg(100'000)->Arg(10'000'000);

// The same for durations that have no queue: each its own.
void arm_one_and_fire_one_of_any_duration(benchmark::State& state) {
    std::mt19937_64 random(1);
    const auto any = [&] {
        return Duration::milliseconds(static_cast<std::int64_t>(random() % 86'400'000));
    };
    Deadlines deadlines;
    for (std::int64_t number = 0; number < state.range(0); ++number) {
        const Duration span = any();
        deadlines.arm(in(start, span, static_cast<std::uint64_t>(number)), span);
    }
    std::uint64_t subject = 0;
    for (auto _ : state) {
        const Instant now = *deadlines.next_at();
        deadlines.begin_turn(1);
        const auto due = deadlines.pop_due(now);
        benchmark::DoNotOptimize(due);
        const Duration span = any();
        deadlines.arm(in(now, span, ++subject), span);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(arm_one_and_fire_one_of_any_duration)->Arg(1000)->Arg(100'000)->Arg(10'000'000);

// Cold: between batches a buffer larger than the caches is walked over, outside the time taken. A
// batch is a turn's worth of purchases at the peak; the time is that of one deadline. Arming alone
// grows, so its time holds the page faults of new memory.
template <class Step>
void with_cold_caches(benchmark::State& state, Step&& step) {
    constexpr int batch = 64;
    const auto deadlines = queued(10'000'000);
    std::vector<std::uint64_t> sweep(std::size_t{128} * 1024 * 1024 / sizeof(std::uint64_t), 1);
    std::uint64_t subject = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(std::accumulate(sweep.begin(), sweep.end(), subject));
        const Instant now = *deadlines->next_at() + Duration::milliseconds(1);
        const auto begin = std::chrono::steady_clock::now();
        deadlines->begin_turn(batch);
        for (int count = 0; count < batch; ++count) {
            step(*deadlines, now, ++subject);
        }
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
        state.SetIterationTime(taken.count() / batch);
    }
}

void arm_with_cold_caches(benchmark::State& state) {
    with_cold_caches(state, [](Deadlines& deadlines, Instant now, std::uint64_t subject) {
        deadlines.arm(in(now, hold, subject), hold);
    });
}
BENCHMARK(arm_with_cold_caches)->UseManualTime()->Iterations(500);

void arm_and_fire_with_cold_caches(benchmark::State& state) {
    with_cold_caches(state, [](Deadlines& deadlines, Instant now, std::uint64_t subject) {
        const auto due = deadlines.pop_due(now);
        benchmark::DoNotOptimize(due);
        deadlines.arm(in(now, hold, subject), hold);
    });
}
BENCHMARK(arm_and_fire_with_cold_caches)->UseManualTime()->Iterations(500);

}  // namespace
}  // namespace stampede::engine
