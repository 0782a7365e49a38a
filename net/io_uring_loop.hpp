// SPDX-License-Identifier: Apache-2.0
// The event loop on raw io_uring: multishot accept, multishot receive into a ring of provided
// buffers, one system call a turn that submits and waits. Needs kernel 6.0; from 6.1 completions
// are taken only inside that call (SINGLE_ISSUER, DEFER_TASKRUN), so nothing interrupts a turn.
#pragma once

#include <memory>

#include "net/event_loop.hpp"

namespace stampede::net {

/// A fault says what the kernel or its policy refused.
[[nodiscard]] Result<std::unique_ptr<EventLoop>> make_io_uring_loop(
    const EventLoopOptions& options);

}  // namespace stampede::net
