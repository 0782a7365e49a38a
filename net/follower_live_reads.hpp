// SPDX-License-Identifier: Apache-2.0
// The live door's view of the follower's copy of the state. Quiet doors' thread.
#pragma once

#include "net/live_reads.hpp"
#include "storage/follower.hpp"

namespace stampede::net {

class FollowerLiveReads final : public LiveReads {
  public:
    /// The follower was given `Shards`, and outlives this.
    explicit FollowerLiveReads(const storage::Follower& follower) : follower_(follower) {}

    [[nodiscard]] CommitNumber applied() const override { return follower_.applied(); }
    CommitNumber look(std::span<LiveLook> looks) override;

  private:
    const storage::Follower& follower_;
};

}  // namespace stampede::net
