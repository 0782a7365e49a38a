// SPDX-License-Identifier: Apache-2.0
// The reply barrier. A reply waits for everything it could have seen: it is parked with the commit
// that it rests on, and leaves only when that commit, and every reply before it, may be seen by the
// world. releasable() is the only function that yields bytes for a socket, on every door.
//
// One per connection, owned by that connection's thread. Two buffers change places: replies are
// appended to one while the other, whose bytes the kernel may be reading, does not move. Their
// memory is kept, so that a steady state allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "engine/vocabulary/check.hpp"
#include "engine/vocabulary/ids.hpp"

namespace stampede::engine {

class ReplyQueue {
  public:
    /// Appends `bytes`, which may leave once commit `rests_on` is durable (0: nothing to wait for)
    /// and everything parked before has left.
    void park(std::string_view bytes, CommitNumber rests_on) {
        if (bytes.empty()) {
            return;
        }
        waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
        // A later reply waits for an earlier one, so only a rising number starts a new barrier.
        if (barriers_.empty() || rests_on > barriers_.back().rests_on) {
            barriers_.push_back({waiting_.size(), rests_on});
        } else {
            barriers_.back().end = waiting_.size();
        }
    }

    /// The bytes that may leave now, in order; empty when there are none. The span stays where it
    /// is, whatever is parked meanwhile, until sent() or clear().
    [[nodiscard]] std::span<const char> releasable(CommitNumber durable) {
        if (left_ == leaving_.size()) {
            take_over_released(durable);
        }
        return std::span<const char>{leaving_}.subspan(left_);
    }

    /// So many of the bytes last given by releasable() have left.
    void sent(std::size_t count) {
        check(count <= leaving_.size() - left_, "more was sent than was released");
        left_ += count;
        if (left_ == leaving_.size()) {
            leaving_.clear();
            left_ = 0;
            give_up_excess(leaving_);
        }
    }

    [[nodiscard]] bool empty() const { return parked_bytes() == 0; }
    /// Everything that has not left, released or not.
    [[nodiscard]] std::size_t parked_bytes() const {
        return waiting_.size() + leaving_.size() - left_;
    }
    /// The connection is gone: whatever was parked is dropped.
    void clear() {
        waiting_.clear();
        leaving_.clear();
        barriers_.clear();
        left_ = 0;
        give_up_excess(waiting_);
        give_up_excess(leaving_);
    }

  private:
    /// Bytes up to `end` rest on this commit or an earlier one.
    struct Barrier {
        std::size_t end = 0;
        CommitNumber rests_on;
    };
    // One long report must not keep its memory for the life of the connection.
    static constexpr std::size_t kept_bytes_max = 64 * 1024;

    void take_over_released(CommitNumber durable) {
        // Barriers rise, so the released ones are a prefix.
        const auto held = std::find_if(barriers_.begin(), barriers_.end(),
                                       [&](const Barrier& at) { return at.rests_on > durable; });
        if (held == barriers_.begin()) {
            return;
        }
        if (held == barriers_.end()) {
            leaving_.swap(waiting_);
            barriers_.clear();
            return;
        }
        const std::size_t released = std::prev(held)->end;
        const auto split = waiting_.begin() + static_cast<std::ptrdiff_t>(released);
        leaving_.assign(waiting_.begin(), split);
        waiting_.erase(waiting_.begin(), split);
        barriers_.erase(barriers_.begin(), held);
        for (Barrier& barrier : barriers_) {
            barrier.end -= released;
        }
    }

    static void give_up_excess(std::vector<char>& bytes) {
        if (bytes.capacity() > kept_bytes_max) {
            std::vector<char>{}.swap(bytes);
        }
    }

    std::vector<char> waiting_;      // parked, not released
    std::vector<char> leaving_;      // released
    std::size_t left_ = 0;           // bytes of leaving_ that have left
    std::vector<Barrier> barriers_;  // over waiting_, both members rising
};

}  // namespace stampede::engine
