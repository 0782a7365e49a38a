// SPDX-License-Identifier: Apache-2.0
// The thread of the two quiet doors: accepts connections, parses requests with the same gate as the
// buyers' door, hands them to the door's desk, and writes what the reply barrier lets go. One
// request at a time and connection; the next is read when the answer has left.
//
// Sessions come from a pool of bounded size. A newcomer who finds it full takes the place of the
// session that has been idle longest; if none is idle he waits in the kernel's backlog.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/journal.hpp"
#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/time.hpp"
#include "net/endpoint.hpp"
#include "net/http_desk.hpp"

namespace stampede::net {

/// Absolute: a phase that is not over by then ends the connection, whatever trickled in meanwhile.
struct QuietDeadlines {
    Duration idle = Duration::seconds(60);
    Duration header = Duration::seconds(5);
    Duration body = Duration::seconds(15);  // up to 4 MiB, where buyers have 5 s for 4 KiB
    Duration stalled_write = Duration::seconds(10);
    Duration drain = Duration::seconds(1);
};

struct QuietDoorsOptions {
    std::size_t sessions_max = 256;     // both doors together
    std::size_t large_bodies_max = 16;  // sessions with more than 128 KiB of input at once
    QuietDeadlines deadlines{};
};

class QuietDoors {
  public:
    /// `journal` says what is durable and must outlive the doors.
    QuietDoors(const engine::Journal& journal, const QuietDoorsOptions& options);
    QuietDoors(const QuietDoors&) = delete;
    QuietDoors& operator=(const QuietDoors&) = delete;
    ~QuietDoors();

    /// What the desks may ask of the thread.
    [[nodiscard]] DeskServices& services();
    /// Before start(). The endpoint that it listens on, with its port; `desk` must outlive stop().
    [[nodiscard]] Result<Endpoint> open(const Endpoint& endpoint, HttpDesk& desk);
    void start();
    /// Closes the listeners and idle connections, lets answers under way leave and kept connections
    /// say goodbye, at most `patience`, then ends the thread. Idempotent; from any thread but its
    /// own.
    void stop(Duration patience);

    /// Any thread: woken() on every desk, soon. Calls while one is on its way are one.
    void wake();
    /// Any thread, after every commit that became durable: releases what waited for it. Costs one
    /// atomic exchange while nothing waits.
    void durable_advanced();

    /// Any thread.
    [[nodiscard]] std::size_t sessions_open() const;
    [[nodiscard]] std::uint64_t requests() const;

  private:
    class Thread;
    std::unique_ptr<Thread> thread_;
};

}  // namespace stampede::net
