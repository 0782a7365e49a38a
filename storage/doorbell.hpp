// SPDX-License-Identifier: Apache-2.0
// How the loop thread wakes the journal thread: a futex word, because a ring must cost no system
// call while the other side is awake. One thread waits; any thread rings.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace stampede::storage {

class Doorbell {
  public:
    /// What was written before the ring is visible to the waiter that it wakes.
    void ring();
    /// Returns when rung (also before the call) or when `patience` is over.
    void wait(std::chrono::microseconds patience);

  private:
    enum State : std::uint32_t { quiet, rung, asleep };
    std::atomic<std::uint32_t> state_{quiet};
};

}  // namespace stampede::storage
