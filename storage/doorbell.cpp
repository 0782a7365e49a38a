// SPDX-License-Identifier: Apache-2.0
// The raw futex, since std::atomic's wait knows no time limit.
#include "storage/doorbell.hpp"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace stampede::storage {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

void Doorbell::ring() {
    // release: the commit was written before; acq_rel so that a later ring sees an earlier one's
    if (state_.exchange(rung, std::memory_order_acq_rel) == asleep) {
        ::syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
}

void Doorbell::wait(std::chrono::microseconds patience) {
    std::uint32_t expected = quiet;
    if (state_.compare_exchange_strong(expected, asleep, std::memory_order_acq_rel)) {
        const auto whole = std::chrono::duration_cast<std::chrono::seconds>(patience);
        const timespec limit{whole.count(), (patience - whole).count() * 1000};
        // Spurious returns and time-outs need no loop: the caller looks at what it waits for.
        ::syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, asleep, &limit, nullptr, 0);
    }
    state_.exchange(quiet, std::memory_order_acq_rel);
}

}  // namespace stampede::storage
