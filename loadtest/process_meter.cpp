// SPDX-License-Identifier: Apache-2.0
// POSIX CPU clocks, exact to the nanosecond; /proc/stat counts in ticks of 10 ms.
#include "loadtest/process_meter.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>

namespace stampede::loadtest {
namespace {

std::chrono::nanoseconds read_clock(clockid_t clock) {
    timespec time{};
    if (::clock_gettime(clock, &time) != 0) {
        return std::chrono::nanoseconds{0};
    }
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

std::string process_name(pid_t process) {
    std::ifstream file{"/proc/" + std::to_string(process) + "/comm"};
    std::string name;
    std::getline(file, name);
    return name;
}

}  // namespace

std::chrono::nanoseconds thread_cpu_time() {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

std::chrono::nanoseconds process_cpu_time(pid_t process) {
    clockid_t clock{};
    if (::clock_getcpuclockid(process, &clock) != 0) {
        return std::chrono::nanoseconds{0};
    }
    return read_clock(clock);
}

std::vector<CoreTicks> core_ticks() {
    std::vector<CoreTicks> cores;
    std::ifstream file{"/proc/stat"};
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("cpu") || line.size() < 4 || line[3] == ' ') {
            continue;  // the sum of all cores, or no core
        }
        std::istringstream fields{line};
        std::string name;
        unsigned long long user = 0;
        unsigned long long nice = 0;
        unsigned long long system = 0;
        unsigned long long idle = 0;
        unsigned long long waiting = 0;
        unsigned long long interrupts = 0;
        unsigned long long soft = 0;
        unsigned long long stolen = 0;
        fields >> name >> user >> nice >> system >> idle >> waiting >> interrupts >> soft >> stolen;
        cores.push_back({user + nice + system + interrupts + soft + stolen, idle + waiting});
    }
    return cores;
}

double MachineUse::generator_busy() const {
    return wall.count() == 0
               ? 0
               : static_cast<double>(generator_cpu.count()) / static_cast<double>(wall.count());
}

MachineMeter::MachineMeter(std::vector<pid_t> processes)
    : processes_(std::move(processes)),
      cores_start_(core_ticks()),
      thread_start_(thread_cpu_time()),
      start_(std::chrono::steady_clock::now()) {
    for (const pid_t process : processes_) {
        process_start_.push_back(process_cpu_time(process));
    }
}

MachineUse MachineMeter::stop() const {
    MachineUse use;
    use.wall = std::chrono::steady_clock::now() - start_;
    use.generator_cpu = thread_cpu_time() - thread_start_;
    for (std::size_t at = 0; at < processes_.size(); ++at) {
        const auto now = process_cpu_time(processes_[at]);
        use.processes.push_back({processes_[at], process_name(processes_[at]),
                                 std::max(now - process_start_[at], std::chrono::nanoseconds{0})});
    }
    const std::vector<CoreTicks> cores = core_ticks();
    for (std::size_t at = 0; at < cores.size() && at < cores_start_.size(); ++at) {
        const double busy = static_cast<double>(cores[at].busy - cores_start_[at].busy);
        const double idle = static_cast<double>(cores[at].idle - cores_start_[at].idle);
        use.core_idle.push_back(busy + idle <= 0 ? 0 : idle / (busy + idle));
    }
    return use;
}

}  // namespace stampede::loadtest
