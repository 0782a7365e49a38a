// SPDX-License-Identifier: Apache-2.0
// Wakes a sleeping loop from any thread. The bell (an eventfd write, about a microsecond) is rung
// only when the loop had announced that it sleeps; a busy loop sees the flag on its next turn.
#pragma once

#include <atomic>

#include "net/listener.hpp"

namespace stampede::net {

class Doorbell {
  public:
    Doorbell();

    /// Any thread.
    void ring();
    /// Loop thread, before it would wait: false when somebody rang meanwhile, then do not wait.
    [[nodiscard]] bool fall_asleep();
    /// Loop thread, after the wait.
    void get_up() { asleep_.store(false, std::memory_order_relaxed); }
    /// Loop thread: whether anybody rang since the last call.
    [[nodiscard]] bool answered();

    /// The eventfd that becomes readable.
    [[nodiscard]] int descriptor() const { return bell_.number(); }

  private:
    Descriptor bell_;
    std::atomic<bool> rung_{false};
    std::atomic<bool> asleep_{false};
};

}  // namespace stampede::net
