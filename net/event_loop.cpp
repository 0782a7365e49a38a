// SPDX-License-Identifier: Apache-2.0
// Chooses the back end, and reads the loops' clock.
#include "net/event_loop.hpp"

#include <time.h>

#include <string>

#include "net/epoll_loop.hpp"
#include "net/io_uring_loop.hpp"

namespace stampede::net {

SteadyTime read_steady_clock() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return SteadyTime{std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000};
}

Result<EventLoopKind> parse_event_loop_kind(std::string_view text) {
    if (text == "auto") {
        return EventLoopKind::automatic;
    }
    if (text == "io_uring") {
        return EventLoopKind::io_uring;
    }
    if (text == "epoll") {
        return EventLoopKind::epoll;
    }
    return fault("'" + std::string{text} + "' is no event loop: auto, io_uring or epoll");
}

Result<std::unique_ptr<EventLoop>> make_event_loop(const EventLoopOptions& options) {
    switch (options.kind) {
        case EventLoopKind::epoll:
            return make_epoll_loop(options);
        case EventLoopKind::io_uring:
            return make_io_uring_loop(options);
        case EventLoopKind::automatic:
            break;
    }
    auto loop = make_io_uring_loop(options);
    if (loop.has_value()) {
        return loop;
    }
    if (options.on_fallback) {
        options.on_fallback("using epoll: " + loop.error().message);
    }
    return make_epoll_loop(options);
}

}  // namespace stampede::net
