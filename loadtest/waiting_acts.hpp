// SPDX-License-Identifier: Apache-2.0
// Acts that wait for room on their connection, oldest first: one linked list per connection through
// one array, since most connections have none waiting and an act waits at most once at a time.
// Owned by the crowd's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loadtest/wire.hpp"

namespace stampede::loadtest {

/// Position in the run's list of acts.
using ActIndex = std::uint32_t;

class WaitingActs {
  public:
    explicit WaitingActs(std::uint32_t connections) : queues_(connections) {}

    [[nodiscard]] bool empty(ConnectionIndex connection) const {
        return queues_[connection.raw()].head == none;
    }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint32_t connections() const {
        return static_cast<std::uint32_t>(queues_.size());
    }
    void push(ConnectionIndex connection, ActIndex act) {
        if (next_.size() <= act) {
            next_.resize(std::size_t{act} + 1, none);
        }
        next_[act] = none;
        Queue& queue = queues_[connection.raw()];
        (queue.head == none ? queue.head : next_[queue.tail]) = act;
        queue.tail = act;
        ++count_;
    }
    /// The oldest, taken off.
    [[nodiscard]] std::optional<ActIndex> take(ConnectionIndex connection) {
        Queue& queue = queues_[connection.raw()];
        if (queue.head == none) {
            return std::nullopt;
        }
        const ActIndex act = queue.head;
        queue.head = next_[act];
        --count_;
        return act;
    }

  private:
    static constexpr ActIndex none = ~ActIndex{0};
    struct Queue {
        ActIndex head = none;
        ActIndex tail = none;
    };
    std::vector<Queue> queues_;
    std::vector<ActIndex> next_;
    std::uint64_t count_ = 0;
};

}  // namespace stampede::loadtest
