// SPDX-License-Identifier: Apache-2.0
// How long until a commit of 8 KiB (about 95 purchases) is durable, with the pool of pre-zeroed log
// files and without it: from submit() until durable() says so, on the disk under the working
// directory? Percentiles over all commits of a run, log switches included; how many there were is
// shown.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "storage/recovery.hpp"
#include "storage/rocksdb_journal.hpp"
#include "tests/support/sum_machine.hpp"

namespace stampede::storage {
namespace {

namespace fs = std::filesystem;

class WorkingFolder {
  public:
    WorkingFolder() {
        std::string pattern = "journal_bench.XXXXXX";
        check(::mkdtemp(pattern.data()) != nullptr, "no folder can be made here");
        path_ = fs::absolute(pattern);
    }
    WorkingFolder(const WorkingFolder&) = delete;
    WorkingFolder& operator=(const WorkingFolder&) = delete;
    ~WorkingFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

template <class Value>
Value must(Result<Value> result) {
    check(result.has_value(), "the journal cannot be opened here");
    return *std::move(result);
}

void a_commit_of_8_kib(benchmark::State& state) {
    const WorkingFolder folder;
    DataDirectoryOptions absent;
    absent.when_absent = WhenAbsent::create;
    const auto directory = must(DataDirectory::open(folder.path() / "data", absent));
    tests::SumMachine machine;
    const Recovered recovered = must(recover(*directory, machine));
    RocksdbJournalOptions options;
    options.ballast_bytes = 0;
    options.store.pool_files = static_cast<std::uint32_t>(state.range(0));
    std::atomic<std::uint64_t> woken{0};
    options.wake = [&] {
        woken.fetch_add(1, std::memory_order_release);
        woken.notify_one();
    };
    const auto journal = must(RocksdbJournal::open(*directory, recovered, options));
    const std::vector<std::byte> frames(8192, std::byte{0x5a});
    std::vector<double> taken_us;
    CommitNumber number = recovered.position.chain.number;
    for (auto _ : state) {
        number = number.next();
        const auto before = std::chrono::steady_clock::now();
        journal->submit(
            {number, Instant{static_cast<std::int64_t>(number.raw())}, {}, StateLayout{1}, frames});
        for (std::uint64_t seen = woken.load(); journal->durable() < number; seen = woken.load()) {
            woken.wait(seen, std::memory_order_acquire);
        }
        taken_us.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - before)
                .count());
    }
    std::sort(taken_us.begin(), taken_us.end());
    const auto at = [&](double share) {
        return taken_us[static_cast<std::size_t>(share * static_cast<double>(taken_us.size() - 1))];
    };
    state.counters["p50_us"] = at(0.5);
    state.counters["p99_us"] = at(0.99);
    state.counters["p99.9_us"] = at(0.999);
    state.counters["max_us"] = taken_us.back();
    state.counters["log_files"] =
        static_cast<double>(taken_us.size() * frames.size() / options.store.write_buffer_bytes);
}
BENCHMARK(a_commit_of_8_kib)
    ->ArgName("pool_files")
    ->Arg(4)
    ->Arg(0)
    ->Iterations(20'000)
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace stampede::storage
