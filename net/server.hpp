// SPDX-License-Identifier: Apache-2.0
// `stampede serve`: makes every part in the order of what they rest on, runs them until a signal
// says stop, and ends them in the opposite order. The only place that knows all of them.
//
//   data directory -> recovery -> journal -> settlement, follower -> doors -> loop -> "ready"
//
// Threads: main (signals, housekeeping), loop, journal, settlement, follower, quiet doors.
#pragma once

#include "net/server_options.hpp"

namespace stampede::net {

/// Serves until SIGTERM or SIGINT. Returns the exit code: 0 after a graceful stop, 1 when it could
/// not start (said on stderr, nothing changed). Call before any thread exists.
[[nodiscard]] int serve(const ServerOptions& options);

}  // namespace stampede::net
