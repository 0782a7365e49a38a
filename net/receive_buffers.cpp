// SPDX-License-Identifier: Apache-2.0
// Maps the buffers and registers their ring; liburing 2.3 has no io_uring_setup_buf_ring yet.
#include "net/receive_buffers.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "engine/vocabulary/check.hpp"

namespace stampede::net {
namespace {

void* map(std::size_t bytes) {
    return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

}  // namespace

Result<> ReceiveBuffers::attach_to(io_uring& ring) {
    void* const entries = map(count_ * sizeof(io_uring_buf));
    void* const memory = map(count_ * stride_);
    if (entries == MAP_FAILED || memory == MAP_FAILED) {
        return fault(std::string{"cannot map receive buffers: "} + std::strerror(errno));
    }
    free_ring_ = static_cast<io_uring_buf_ring*>(entries);
    memory_ = static_cast<char*>(memory);
    // Fewer TLB misses; refusing costs nothing.
    madvise(memory, count_ * stride_, MADV_HUGEPAGE);
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries);  // the kernel's own type
    registration.ring_entries = count_;
    registration.bgid = group;
    if (const int error = io_uring_register_buf_ring(&ring, &registration, 0); error != 0) {
        return fault(std::string{"the kernel refuses a ring of receive buffers: "} +
                     std::strerror(-error));
    }
    io_uring_buf_ring_init(free_ring_);
    for (std::uint16_t number = 0; number < count_; ++number) {
        give_back(number);
    }
    return {};
}

ReceiveBuffers::~ReceiveBuffers() {
    if (free_ring_ != nullptr) {
        munmap(free_ring_, count_ * sizeof(io_uring_buf));
        munmap(memory_, count_ * stride_);
    }
}

std::span<char> ReceiveBuffers::buffer(std::uint16_t number, std::size_t bytes) const {
    check(number < count_ && bytes <= receive_bytes_max, "the kernel named a buffer we never gave");
    return {memory_ + number * stride_, bytes};
}

void ReceiveBuffers::give_back(std::uint16_t number) {
    io_uring_buf_ring_add(free_ring_, memory_ + number * stride_,
                          static_cast<unsigned>(receive_bytes_max), number, count_ - 1, 0);
    io_uring_buf_ring_advance(free_ring_, 1);
}

}  // namespace stampede::net
