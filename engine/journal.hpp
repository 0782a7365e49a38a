// SPDX-License-Identifier: Apache-2.0
// The journal as the engine sees it: narrow on purpose, so that RocksDB today and a replicated log
// tomorrow stand behind the same three verbs. One commit is in flight at a time; either it becomes
// durable or the process exits. There is no failure to handle and therefore no rollback code.
#pragma once

#include <cstddef>
#include <span>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/signature.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::engine {

/// What one sync makes durable: the frames (engine/frame.hpp) of all shards of one loop, in the
/// order in which they happened.
struct Commit {
    CommitNumber number;
    /// Time of the last event in it; never less than the predecessor's.
    Instant journal_time;
    /// Signature of the whole state after this commit: whoever replays it must arrive there too.
    Signature signature;
    /// The layout that the writer's state had; the signature means nothing to another.
    StateLayout layout;
    std::span<const std::byte> frames;  // 1..limits::commit_bytes_max bytes
};

class Journal {
  public:
    Journal() = default;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    virtual ~Journal() = default;

    /// Loop thread. Asynchronous; the predecessor must be durable. `commit.frames` stays borrowed
    /// until durable() reaches commit.number. Any error ends the process: a write reported as
    /// failed can reappear, so there is no honest answer but "unknown".
    virtual void submit(const Commit& commit) = 0;

    /// Any thread, wait-free. Every commit up to this one survives a crash (acquire: what was
    /// written before the commit became durable is visible to the caller).
    [[nodiscard]] virtual CommitNumber durable() const = 0;

    /// Any thread, wait-free. False when the disk nears its reserve: new holds are refused while
    /// payments, refunds and releases go on.
    [[nodiscard]] virtual bool has_room_to_sell() const = 0;
};

}  // namespace stampede::engine
