// SPDX-License-Identifier: Apache-2.0
#include "net/ready_memory.hpp"

#include <malloc.h>

#include <cstddef>
#include <fstream>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <vector>

namespace stampede::net {

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
/// malloc takes larger ones from the system each time (mallopt(3): 32 MiB is the highest bound).
constexpr int largest_kept_bytes = 32 * static_cast<int>(mib);
constexpr std::size_t piece_bytes = 16 * mib;
constexpr std::size_t page_bytes = 4096;

/// As the kernel estimates it (proc(5), MemAvailable); without an answer nothing is refused.
std::uint64_t available_bytes() {
    std::ifstream table{"/proc/meminfo"};
    std::string name;
    std::uint64_t kib = 0;
    std::string unit;
    while (table >> name >> kib) {
        if (name == "MemAvailable:") {
            return kib * 1024;
        }
        std::getline(table, unit);
    }
    return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

Result<> make_memory_ready(std::uint64_t bytes) {
    if (bytes == 0) {
        return {};
    }
    if (const std::uint64_t available = available_bytes(); bytes > available) {
        return fault("--ready-memory-bytes: " + std::to_string(bytes / mib) +
                     " MiB are asked for, but the machine has " + std::to_string(available / mib) +
                     " MiB available");
    }
    ::mallopt(M_MMAP_THRESHOLD, largest_kept_bytes);
    ::mallopt(M_TRIM_THRESHOLD, -1);  // never: what is freed stays, however much it is
    std::vector<std::unique_ptr<std::byte[]>> pieces;
    for (std::uint64_t taken = 0; taken < bytes; taken += piece_bytes) {
        auto& piece = pieces.emplace_back(new (std::nothrow) std::byte[piece_bytes]);
        if (piece == nullptr) {
            return fault("--ready-memory-bytes: the system gave only " +
                         std::to_string(taken / mib) + " MiB");
        }
        for (std::size_t at = 0; at < piece_bytes; at += page_bytes) {
            static_cast<volatile std::byte*>(piece.get())[at] = std::byte{1};
        }
    }
    return {};
}

}  // namespace stampede::net
