// SPDX-License-Identifier: Apache-2.0
// Between the mall's door and the loop thread: typed calls one way, typed answers the other, each
// through a bounded ring with one sender and one receiver. The door pushes calls and pops replies;
// the loop pops calls and pushes replies. A reply never finds its ring full, because the door never
// has more calls outstanding than the ring of replies has room for.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include "campaigns/answer.hpp"
#include "campaigns/command.hpp"
#include "engine/frame.hpp"
#include "engine/mailbox.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::net {

/// The operator's word that the wall clock is right; answered OK.
struct ThawClock {};

/// Chosen by the door, unique among its outstanding calls; comes back with the reply.
using CallId = StrongId<struct CallTag>;

struct MallCall {
    CallId call;
    std::variant<campaigns::Command, ThawClock> act;
    std::optional<engine::RequestIdentity> identity;
};

struct MallReply {
    CallId call;
    campaigns::Answer answer;
    CommitNumber rests_on;  // the answer may leave once this commit is durable
};

/// What the loop says about itself, for the door's reads; written by the loop alone.
struct LoopSigns {
    /// The newest commit that anything executed so far rests on, the open one included: a read that
    /// waits for it sees every act answered before.
    std::atomic<std::uint64_t> newest_commit{0};
    std::atomic<bool> clock_frozen{false};
};

class LoopGateway {
  public:
    /// `wake_loop` may be called from the door's thread, `wake_door` from the loop's.
    LoopGateway(std::function<void()> wake_loop, std::function<void()> wake_door)
        : wake_loop_(std::move(wake_loop)), wake_door_(std::move(wake_door)) {}

    // The door's side ----------------------------------------------------------------------------

    /// False when as many calls are outstanding as there may be: the door answers BUSY.
    [[nodiscard]] bool ask(MallCall&& call) {
        if (outstanding_ == limits::mall_mailbox_depth || !calls_.try_push(std::move(call))) {
            return false;
        }
        ++outstanding_;
        wake_loop_();
        return true;
    }
    [[nodiscard]] std::optional<MallReply> take_reply() {
        auto reply = replies_.try_pop();
        if (reply.has_value()) {
            --outstanding_;
            newest_answered_ = std::max(newest_answered_, reply->rests_on);
        }
        return reply;
    }
    [[nodiscard]] std::size_t room() const { return limits::mall_mailbox_depth - outstanding_; }
    /// The newest commit that a read must have seen to see what was answered before.
    [[nodiscard]] CommitNumber newest_commit() const {
        return std::max(newest_answered_,
                        CommitNumber{signs_.newest_commit.load(std::memory_order_acquire)});
    }
    [[nodiscard]] bool clock_frozen() const {
        return signs_.clock_frozen.load(std::memory_order_relaxed);
    }

    // The loop's side ----------------------------------------------------------------------------

    [[nodiscard]] std::optional<MallCall> take_call() { return calls_.try_pop(); }
    /// Each taken call is answered exactly once; flush_replies() when the turn's are in.
    void answer(MallReply&& reply) {
        check(replies_.try_push(std::move(reply)), "the ring of replies has room for every call");
        unflushed_ = true;
    }
    void flush_replies() {
        if (std::exchange(unflushed_, false)) {
            wake_door_();
        }
    }
    void note_newest_commit(CommitNumber newest) {
        // Release pairs with newest_commit(): what the commit holds is visible behind it.
        signs_.newest_commit.store(newest.raw(), std::memory_order_release);
    }
    void note_clock(bool frozen) { signs_.clock_frozen.store(frozen, std::memory_order_relaxed); }

    /// Any thread; already past when it returns.
    [[nodiscard]] std::size_t calls_waiting() const { return calls_.approximate_size(); }

  private:
    std::function<void()> wake_loop_;
    std::function<void()> wake_door_;
    engine::Mailbox<MallCall> calls_{limits::mall_mailbox_depth};
    engine::Mailbox<MallReply> replies_{limits::mall_mailbox_depth};
    LoopSigns signs_;
    std::size_t outstanding_ = 0;   // the door's
    CommitNumber newest_answered_;  // the door's: it has handed out answers up to here
    bool unflushed_ = false;        // the loop's
};

}  // namespace stampede::net
