// SPDX-License-Identifier: Apache-2.0
// What the live door shows: the follower's state, which is durable by its nature and always the
// newest there is, so that the door has no place in the journal and can never have a backlog.
// Called from the door's thread, which must not wait.
#pragma once

#include <span>

#include "campaigns/code.hpp"
#include "engine/vocabulary/ids.hpp"
#include "net/live_subject.hpp"
#include "net/text_buffer.hpp"

namespace stampede::net {

/// One subject to look at, and what was seen.
struct LiveLook {
    LiveSubject subject;
    /// In: what happened up to this commit has been seen; 0 for nothing.
    CommitNumber seen;

    /// Nothing happened to the campaign since `seen`; then the rest says nothing.
    bool unchanged = false;
    campaigns::Code code = campaigns::Code::ok;  // or CAMPAIGN_UNKNOWN, ORDER_UNKNOWN and the like
    BuyerId buyer;                               // whose it is, if it is somebody's
    Sequence sequence;                           // of the shard that it lies in
    TextBuffer fields{512};  // of its event, each with its comma; alike when nothing changed
};

class LiveReads {
  public:
    LiveReads() = default;
    LiveReads(const LiveReads&) = delete;
    LiveReads& operator=(const LiveReads&) = delete;
    virtual ~LiveReads() = default;

    /// The commit that the state stands at. Wait-free.
    [[nodiscard]] virtual CommitNumber applied() const = 0;
    /// Looks at all of them in one state, and returns the commit that it stands at.
    virtual CommitNumber look(std::span<LiveLook> looks) = 0;
};

}  // namespace stampede::net
