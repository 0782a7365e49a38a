// SPDX-License-Identifier: Apache-2.0
// What a state machine is given and may ask for. All time and chance come in through Context and
// end in events; Effects are what an event asks of the engine around it. Both are plain, so that
// the rules (campaigns/) and the engine that runs them need not know each other.
#pragma once

#include <cstdint>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede {

/// Whether new holds may start: false while the disk or the settlement backlog is at its bound.
enum class Selling : bool { stopped = false, open = true };
/// Whether the request carried an Idempotency-Key, so that its event will be remembered.
enum class Remembered : bool { no = false, yes = true };

struct Context {
    Instant now;  // journal time
    ShardIndex shard;
    Sequence next_sequence;     // of the first event that this decision makes
    std::uint64_t next_id = 0;  // what a new order, group or bargain would be called
    /// The id after one of these, for a decision that needs several.
    std::uint64_t (*id_after)(std::uint64_t id) = nullptr;
    std::uint64_t random = 0;  // 64 fresh bits
    Selling selling = Selling::open;
    Remembered remembered = Remembered::no;
};

/// Where and when an event lies in the journal.
struct Stamp {
    ShardIndex shard;
    Sequence sequence;
    Instant at;
    std::uint64_t scope = 0;
};

/// A time at which something must be looked at again. Judged when it fires, so never cancelled.
struct Deadline {
    Instant at;
    std::uint64_t scope = 0;
    std::uint64_t subject = 0;
    std::uint8_t kind = 0;
};
/// Deadlines of one duration form a queue; the others a heap.
enum class Grace : bool { none = false, after_restart = true };

class Effects {
  public:
    Effects() = default;
    Effects(const Effects&) = delete;
    Effects& operator=(const Effects&) = delete;
    virtual ~Effects() = default;
    /// `span`: how long it was armed for; equal spans fire in the order of arming. `grace`: after a
    /// restart it waits for recovery_grace.
    virtual void arm(const Deadline& deadline, Duration span, Grace grace) = 0;
    /// `scope` has work for many turns: ask it for chores until it has none.
    virtual void needs_chores(std::uint64_t scope) = 0;
    /// `id` (and everything below it) is taken.
    virtual void id_used(std::uint64_t id) = 0;
    /// `scope` has left memory; what was remembered for it goes too.
    virtual void scope_closed(std::uint64_t scope) = 0;
};

/// Where a command belongs: a scope that exists, an id that names its shard, or a new scope.
struct Route {
    enum class By : std::uint8_t { scope, id, new_scope };
    By by = By::scope;
    std::uint64_t value = 0;
};

}  // namespace stampede
