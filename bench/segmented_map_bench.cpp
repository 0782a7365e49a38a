// SPDX-License-Identifier: Apache-2.0
// How long can one insert take while a map grows to ten million entries, and what does bounding it
// cost the others? Beside the segmented map stands the one flat table that it is made of. Longest
// inserts are taken in CPU time of the thread, so that they are not the scheduler's.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/segmented_map.hpp"

namespace stampede {
namespace {

constexpr std::uint64_t entries = 10'000'000;

// As large as what the request ledger remembers.
struct Entry {
    std::uint64_t subject = 0;
    std::uint64_t sequence = 0;
    std::int64_t at = 0;
    std::uint64_t rest = 0;
};

// Ids as a sale makes them: rising, with gaps.
BuyerId buyer(std::uint64_t number) {
    return BuyerId{number * 2654435761U % (entries * 16)};
}

std::int64_t thread_cpu_ns() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

struct Segmented {
    SegmentedMap<BuyerId, Entry> map{entries};
    void insert(BuyerId key, const Entry& entry) { map.insert(key, entry); }
    [[nodiscard]] const Entry* find(BuyerId key) const { return map.find(key); }
};

struct Flat {
    boost::unordered_flat_map<BuyerId, Entry, std::hash<BuyerId>> map;
    void insert(BuyerId key, const Entry& entry) { map.try_emplace(key, entry); }
    [[nodiscard]] const Entry* find(BuyerId key) const {
        const auto found = map.find(key);
        return found == map.end() ? nullptr : &found->second;
    }
};

template <class Map>
void grow_to_ten_million(benchmark::State& state) {
    std::int64_t longest_ns = 0;
    std::uint64_t over_100_us = 0;
    for (auto _ : state) {
        Map map;
        std::int64_t before = thread_cpu_ns();
        for (std::uint64_t number = 0; number < entries; ++number) {
            map.insert(buyer(number), Entry{.subject = number});
            const std::int64_t after = thread_cpu_ns();
            longest_ns = std::max(longest_ns, after - before);
            over_100_us += after - before > 100'000 ? 1 : 0;
            before = after;
        }
        benchmark::DoNotOptimize(map);
    }
    state.counters["longest_insert_us"] = static_cast<double>(longest_ns) / 1000;
    state.counters["inserts_over_100_us"] = static_cast<double>(over_100_us);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(entries));
}
BENCHMARK(grow_to_ten_million<Segmented>)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(grow_to_ten_million<Flat>)->Iterations(1)->Unit(benchmark::kMillisecond);

template <class Map>
void find_in_ten_million(benchmark::State& state) {
    Map map;
    for (std::uint64_t number = 0; number < entries; ++number) {
        map.insert(buyer(number), Entry{.subject = number});
    }
    std::uint64_t number = 0;
    for (auto _ : state) {
        number = (number + 7'368'787) % entries;  // a prime step: every entry, in no order
        benchmark::DoNotOptimize(map.find(buyer(number)));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(find_in_ten_million<Segmented>);
BENCHMARK(find_in_ten_million<Flat>);

// Leaving memory is a pause as well.
template <class Map>
void leave_memory(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        auto map = std::make_unique<Map>();
        for (std::uint64_t number = 0; number < entries; ++number) {
            map->insert(buyer(number), Entry{.subject = number});
        }
        state.ResumeTiming();
        map.reset();
    }
}
BENCHMARK(leave_memory<Segmented>)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stampede
