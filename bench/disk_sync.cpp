// SPDX-License-Identifier: Apache-2.0
// How long does this disk take to make 4 KiB more durable: an append and an fdatasync, one after
// the other? No order can be acknowledged sooner, so the figure (L) stands beside every latency.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

int main(int argument_count, char** arguments) {
    if (argument_count != 2) {
        std::fprintf(stderr, "usage: disk_sync DIRECTORY\n");
        return 1;
    }
    constexpr std::size_t samples = 200;
    const std::string path = std::string{arguments[1]} + "/disk_sync.tmp";
    const int file =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) {
        std::perror(path.c_str());
        return 1;
    }
    ::unlink(path.c_str());
    std::array<char, 4096> page{};
    std::vector<double> taken_us;
    for (std::size_t sample = 0; sample < samples; ++sample) {
        const auto before = std::chrono::steady_clock::now();
        if (::write(file, page.data(), page.size()) != static_cast<ssize_t>(page.size()) ||
            ::fdatasync(file) != 0) {
            std::perror("append and sync");
            return 1;
        }
        taken_us.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - before)
                .count());
    }
    ::close(file);
    std::sort(taken_us.begin(), taken_us.end());
    std::printf(R"({"samples":%zu,"p50_us":%.1f,"p99_us":%.1f,"max_us":%.1f})"
                "\n",
                samples, taken_us[samples / 2], taken_us[samples * 99 / 100], taken_us.back());
    return 0;
}
