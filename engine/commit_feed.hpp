// SPDX-License-Identifier: Apache-2.0
// How a consumer (settlement, follower, events feed) walks along the durable commits, one after the
// other, without knowing whether a commit lies in memory, in the journal or in the archive. Each
// consumer has a feed of its own and uses it from its own thread. Nothing that is not yet durable
// ever comes out.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/signature.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::engine {

struct DurableCommit {
    CommitNumber number;
    Epoch epoch{1};
    Instant journal_time;
    Signature signature;
    std::span<const std::byte> frames;  // engine/frame.hpp
    std::shared_ptr<const void> owner;  // whose bytes `frames` are: valid as long as it is held
};

class CommitFeed {
  public:
    CommitFeed() = default;
    CommitFeed(const CommitFeed&) = delete;
    CommitFeed& operator=(const CommitFeed&) = delete;
    virtual ~CommitFeed() = default;

    /// The commit after `after`. Empty when it is not durable within `patience` (0: do not wait).
    /// A fault when it should be there and is not: damaged, or trimmed with its archive removed.
    [[nodiscard]] virtual Result<std::optional<DurableCommit>> next(
        CommitNumber after, std::chrono::milliseconds patience) = 0;

    /// The newest durable commit. Any thread, wait-free.
    [[nodiscard]] virtual CommitNumber durable() const = 0;
};

}  // namespace stampede::engine
