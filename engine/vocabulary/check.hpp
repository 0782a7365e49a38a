// SPDX-License-Identifier: Apache-2.0
// check() states what must be true of our own code. It stays on in release builds and is never
// reachable from a request: input is judged where it enters, and only then trusted.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace stampede {

[[noreturn]] inline void check_failed(const char* what, const std::source_location& where) {
    std::fprintf(stderr, "stampede: check failed at %s:%u in %s: %s\n", where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name(), what);
    std::fflush(stderr);
    std::abort();
}

/// Ends the process when `claim` is false, naming the place. Any thread.
constexpr void check(bool claim, const char* what = "invariant broken",
                     const std::source_location& where = std::source_location::current()) {
    if (!claim) [[unlikely]] {
        check_failed(what, where);
    }
}

[[noreturn]] inline void unreachable(
    const char* what = "reached a line that cannot be reached",
    const std::source_location& where = std::source_location::current()) {
    check_failed(what, where);
}

}  // namespace stampede
