// SPDX-License-Identifier: Apache-2.0
// Where deadlines lie: a queue and a heap over chunks of one size that are used again and never
// moved. Parts of engine/deadlines.hpp; owned by its owner.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/vocabulary/check.hpp"
#include "engine/vocabulary/decision.hpp"

namespace stampede::engine {

/// A deadline in 32 bytes, with its place in the order of arming.
struct DeadlineEntry {
    struct Key {
        std::int64_t at_ms;
        std::uint64_t order_and_kind;
        friend auto operator<=>(const Key&, const Key&) = default;
    };

    DeadlineEntry() = default;
    DeadlineEntry(const Deadline& deadline, std::uint64_t order)
        : at_ms(deadline.at.ms()),
          scope(deadline.scope),
          subject(deadline.subject),
          order_and_kind((order << 8) | deadline.kind) {}
    [[nodiscard]] Key key() const { return {at_ms, order_and_kind}; }
    [[nodiscard]] Deadline deadline() const {
        return {Instant{at_ms}, scope, subject, static_cast<std::uint8_t>(order_and_kind)};
    }

    // No initial values: a fresh chunk is not written before it is used.
    std::int64_t at_ms;
    std::uint64_t scope;
    std::uint64_t subject;
    std::uint64_t order_and_kind;  // 56 bits of order, 8 of kind
};
static_assert(sizeof(DeadlineEntry) == 32);

struct DeadlineChunk {
    // 8 KiB: small enough for many shards with a few durations each, large enough to be rare.
    static constexpr std::size_t entries_max = 256;
    // Aligned so that four siblings of a heap fill two cache lines.
    alignas(64) std::array<DeadlineEntry, entries_max> entries;
    DeadlineChunk* next;
};

/// Owns every chunk; those not in use wait here. Memory stays at its highest mark.
class DeadlineChunks {
  public:
    [[nodiscard]] DeadlineChunk* take() {
        if (free_ == nullptr) {
            owned_.push_back(std::make_unique_for_overwrite<DeadlineChunk>());
            free_ = owned_.back().get();
            free_->next = nullptr;
        }
        DeadlineChunk* const chunk = free_;
        free_ = chunk->next;
        chunk->next = nullptr;
        return chunk;
    }
    void give_back(DeadlineChunk* chunk) {
        chunk->next = free_;
        free_ = chunk;
    }

  private:
    std::vector<std::unique_ptr<DeadlineChunk>> owned_;
    DeadlineChunk* free_ = nullptr;
};

/// First in, first out.
class DeadlineQueue {
  public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] const DeadlineEntry& front() const { return first_->entries[first_at_]; }
    [[nodiscard]] const DeadlineEntry& back() const { return last_->entries[last_end_ - 1]; }

    void push(const DeadlineEntry& entry, DeadlineChunks& chunks) {
        if (first_ == nullptr) {
            first_ = last_ = chunks.take();
        } else if (last_end_ == DeadlineChunk::entries_max) {
            last_->next = chunks.take();
            last_ = last_->next;
            last_end_ = 0;
        }
        last_->entries[last_end_++] = entry;
        ++size_;
    }

    /// Not when empty.
    void pop(DeadlineChunks& chunks) {
        check(size_ > 0, "an empty queue of deadlines was popped");
        --size_;
        ++first_at_;
        if (size_ == 0) {
            first_at_ = last_end_ = 0;  // first_ is last_: its room is free again
        } else if (first_at_ == DeadlineChunk::entries_max) {
            DeadlineChunk* const used_up = first_;
            first_ = used_up->next;
            first_at_ = 0;
            chunks.give_back(used_up);
        }
    }

  private:
    DeadlineChunk* first_ = nullptr;
    DeadlineChunk* last_ = nullptr;
    std::size_t first_at_ = 0;
    std::size_t last_end_ = 0;
    std::size_t size_ = 0;
};

/// Smallest key first. Four children to a node: half the levels of a binary heap, and the children
/// of one node lie in two cache lines, because the root stands three places in.
class DeadlineHeap {
  public:
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] const DeadlineEntry& top() const { return chunks_.front()->entries[root_place]; }

    void push(const DeadlineEntry& entry, DeadlineChunks& chunks) {
        if (size_ + root_place >= chunks_.size() * DeadlineChunk::entries_max) {
            chunks_.push_back(chunks.take());
        }
        std::size_t hole = size_++;
        while (hole > 0 && entry.key() < at((hole - 1) / children).key()) {
            at(hole) = at((hole - 1) / children);
            hole = (hole - 1) / children;
        }
        at(hole) = entry;
    }

    /// Not when empty.
    void pop(DeadlineChunks& chunks) {
        check(size_ > 0, "an empty heap of deadlines was popped");
        --size_;
        const DeadlineEntry last = at(size_);
        std::size_t hole = 0;
        for (std::size_t child = 1; child < size_; child = hole * children + 1) {
            const std::size_t smallest = smallest_of(child);
            if (last.key() < at(smallest).key()) {
                break;
            }
            at(hole) = at(smallest);
            hole = smallest;
        }
        at(hole) = last;
        // One chunk is kept in hand, so that a size around a chunk's end does not go to and fro.
        if (size_ + root_place + 2 * DeadlineChunk::entries_max <=
            chunks_.size() * DeadlineChunk::entries_max) {
            chunks.give_back(chunks_.back());
            chunks_.pop_back();
        }
    }

  private:
    static constexpr std::size_t children = 4;
    static constexpr std::size_t root_place = children - 1;

    [[nodiscard]] std::size_t smallest_of(std::size_t first_child) const {
        const std::size_t end = std::min(first_child + children, size_);
        std::size_t smallest = first_child;
        for (std::size_t child = first_child + 1; child < end; ++child) {
            smallest = at(child).key() < at(smallest).key() ? child : smallest;
        }
        return smallest;
    }
    [[nodiscard]] DeadlineEntry& at(std::size_t index) {
        return chunks_[(index + root_place) / DeadlineChunk::entries_max]
            ->entries[(index + root_place) % DeadlineChunk::entries_max];
    }
    [[nodiscard]] const DeadlineEntry& at(std::size_t index) const {
        return chunks_[(index + root_place) / DeadlineChunk::entries_max]
            ->entries[(index + root_place) % DeadlineChunk::entries_max];
    }

    std::vector<DeadlineChunk*> chunks_;  // owned by the DeadlineChunks
    std::size_t size_ = 0;
};

}  // namespace stampede::engine
