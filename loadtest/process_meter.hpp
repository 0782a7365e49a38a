// SPDX-License-Identifier: Apache-2.0
// How busy the machine was during a run: this thread, whole processes by their id (the server, its
// peers), and each core. A rate without these is a rate of the generator. Any thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace stampede::loadtest {

/// CPU time that the calling thread has used.
[[nodiscard]] std::chrono::nanoseconds thread_cpu_time();
/// CPU time of a process with all its threads, kernel workers of its rings included; zero when it
/// is gone.
[[nodiscard]] std::chrono::nanoseconds process_cpu_time(pid_t process);

struct CoreTicks {
    unsigned long long busy = 0;
    unsigned long long idle = 0;
};
/// One entry per core, from /proc/stat.
[[nodiscard]] std::vector<CoreTicks> core_ticks();

struct ProcessUse {
    pid_t process = 0;
    std::string name;
    std::chrono::nanoseconds cpu{0};
};

struct MachineUse {
    std::chrono::nanoseconds wall{0};
    std::chrono::nanoseconds generator_cpu{0};
    std::vector<ProcessUse> processes;
    std::vector<double> core_idle;  // 0..1 per core
    /// The generator's busy share of one core.
    [[nodiscard]] double generator_busy() const;
};

/// Reads all meters at construction, and again with stop().
class MachineMeter {
  public:
    explicit MachineMeter(std::vector<pid_t> processes);
    /// On the thread that made the meter.
    [[nodiscard]] MachineUse stop() const;

  private:
    std::vector<pid_t> processes_;
    std::vector<std::chrono::nanoseconds> process_start_;
    std::vector<CoreTicks> cores_start_;
    std::chrono::nanoseconds thread_start_;
    std::chrono::steady_clock::time_point start_;
};

}  // namespace stampede::loadtest
