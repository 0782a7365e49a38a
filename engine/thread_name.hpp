// SPDX-License-Identifier: Apache-2.0
// What a thread is called where an operator looks at it: `top -H`, `ps -L`, a debugger. Each thread
// of the server gives itself one of these names when it begins; RocksDB names its own.
#pragma once

#include <pthread.h>

namespace stampede::engine {

// The kernel keeps 15 bytes of a name.
inline constexpr const char* main_thread = "stampede";
inline constexpr const char* loop_thread = "loop";
inline constexpr const char* journal_thread = "journal";
inline constexpr const char* doors_thread = "quiet doors";
inline constexpr const char* follower_thread = "follower";
inline constexpr const char* settlement_thread = "settlement";
inline constexpr const char* zeroing_thread = "zeroing";

inline void name_this_thread(const char* name) {
    // It fails for a longer name only; a thread without one works as well.
    static_cast<void>(::pthread_setname_np(::pthread_self(), name));
}

}  // namespace stampede::engine
