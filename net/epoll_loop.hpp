// SPDX-License-Identifier: Apache-2.0
// The event loop on epoll: for kernels and containers that refuse io_uring, for ThreadSanitizer,
// and as the second opinion that every test of the first one is held against.
#pragma once

#include <memory>

#include "net/event_loop.hpp"

namespace stampede::net {

[[nodiscard]] Result<std::unique_ptr<EventLoop>> make_epoll_loop(const EventLoopOptions& options);

}  // namespace stampede::net
