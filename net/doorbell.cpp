// SPDX-License-Identifier: Apache-2.0
// Two flags and an eventfd. The ringer writes rung_ and then reads asleep_, the sleeper writes
// asleep_ and then reads rung_, both sequentially consistent: at least one of them sees the other.
#include "net/doorbell.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "engine/vocabulary/check.hpp"

namespace stampede::net {

Doorbell::Doorbell() : bell_(eventfd(0, EFD_CLOEXEC)) {
    check(bell_.is_open(), "cannot make an eventfd: out of file descriptors");
}

void Doorbell::ring() {
    // Rung already and not yet answered: whoever rang first has seen to the bell.
    if (rung_.exchange(true, std::memory_order_seq_cst)) {
        return;
    }
    if (asleep_.load(std::memory_order_seq_cst)) {
        const std::uint64_t one = 1;
        const ssize_t written = write(bell_.number(), &one, sizeof one);
        check(written == sizeof one || errno == EINTR, "cannot write to an eventfd");
    }
}

bool Doorbell::fall_asleep() {
    asleep_.store(true, std::memory_order_seq_cst);
    if (rung_.load(std::memory_order_seq_cst)) {
        asleep_.store(false, std::memory_order_relaxed);
        return false;
    }
    return true;
}

bool Doorbell::answered() {
    // The plain load keeps the cache line shared while nobody rings.
    return rung_.load(std::memory_order_acquire) &&
           rung_.exchange(false, std::memory_order_acq_rel);
}

}  // namespace stampede::net
