// SPDX-License-Identifier: Apache-2.0
// All times at which a shard must look at something again: unpaid orders, groups, bargains, slots.
// They fire in the order of their time, equal times in the order of arming. Nothing is cancelled: a
// deadline is judged when it fires, so that cancelling costs nothing. Owned by the loop thread.
//
// Deadlines armed for one duration come in order of their time, so they form a queue: arming and
// firing are a copy of 32 bytes. Up to queues_max durations at a time have one; the others go to a
// heap. Neither ever moves what it holds to grow, so there is no pause at any size.
//
// What a restart found armed waits apart: not before release_recovered(), and then within a tenth
// of each turn's budget, so that payments waiting at the door come first.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "engine/deadline_heap.hpp"
#include "engine/vocabulary/decision.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::engine {

class Deadlines {
  public:
    static constexpr std::size_t queues_max = 16;

    Deadlines() { heads_.fill(never); }
    Deadlines(const Deadlines&) = delete;
    Deadlines& operator=(const Deadlines&) = delete;

    /// `span` is how long it is armed for. It only chooses the queue: any value is right, and equal
    /// values for deadlines that come in order of their time are fast.
    void arm(const Deadline& deadline, Duration span) {
        const DeadlineEntry entry{deadline, ++armed_};
        std::size_t source = source_for(span);
        if (source != heap && !queues_[source].empty() &&
            entry.at_ms < queues_[source].back().at_ms) {
            source = heap;
        }
        if (source == heap) {
            heap_.push(entry, chunks_);
        } else {
            queues_[source].push(entry, chunks_);
        }
        if (entry.key() < heads_[source]) {
            heads_[source] = entry.key();
            earliest_ = entry.key() < heads_[earliest_] ? source : earliest_;
        }
        ++size_;
    }

    /// For a deadline that was armed before the restart.
    void arm_recovered(const Deadline& deadline) {
        recovered_.push(DeadlineEntry{deadline, ++armed_}, chunks_);
        ++size_;
    }
    /// The grace is over: recovered deadlines may fire. Before this is called, never.
    void release_recovered() { recovered_released_ = true; }

    /// The time of the next that pop_due() could give; empty when there is none. Deadlines that
    /// wait to be released do not count: the caller knows when their grace ends.
    [[nodiscard]] std::optional<Instant> next_at() const {
        std::int64_t next_ms = heads_[earliest_].at_ms;
        if (!recovered_.empty() && recovered_released_) {
            next_ms = std::min(next_ms, recovered_.top().at_ms);
        }
        return next_ms == never.at_ms ? std::nullopt : std::optional{Instant{next_ms}};
    }

    /// From now on pop_due() gives deadlines until `records_most` are charged, of which each
    /// deadline is one and charge() adds the others; and of those that a restart found armed until
    /// they have made up a tenth of it, but one at least.
    void begin_turn(std::size_t records_most) {
        budget_ = records_most;
        recovered_budget_ = std::max<std::size_t>(records_most / 10, 1);
    }
    /// What the deadline that pop_due() gave last does beyond one record.
    void charge(std::size_t records) {
        budget_ -= std::min(budget_, records);
        if (last_was_recovered_) {
            recovered_budget_ -= std::min(recovered_budget_, records);
        }
    }
    /// What is left of the turn's budget.
    [[nodiscard]] std::size_t budget() const { return budget_; }

    /// The next deadline at or before `now`, taken out and charged to the turn's budget; empty when
    /// none is due or the budget is spent.
    [[nodiscard]] std::optional<Deadline> pop_due(Instant now) {
        const DeadlineEntry::Key fresh = heads_[earliest_];
        const DeadlineEntry::Key recovered = recovered_head();
        const DeadlineEntry::Key next = std::min(fresh, recovered);
        if (budget_ == 0 || next == never || next.at_ms > now.ms()) {
            return std::nullopt;
        }
        --budget_;
        --size_;
        last_was_recovered_ = next != fresh;
        if (next == fresh) {
            return pop_fresh();
        }
        --recovered_budget_;
        const Deadline due = recovered_.top().deadline();
        recovered_.pop(chunks_);
        return due;
    }

    /// Armed and not fired yet, the recovered ones included.
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Of those, how many a restart found armed.
    [[nodiscard]] std::size_t recovered_size() const { return recovered_.size(); }

  private:
    // Sources: the heap is 0, the queues are those after it.
    static constexpr std::size_t heap = 0;
    static constexpr std::size_t sources_max = 1 + queues_max;
    static constexpr DeadlineEntry::Key never{std::numeric_limits<std::int64_t>::max(),
                                              std::numeric_limits<std::uint64_t>::max()};

    // The queue of that duration; an idle queue takes on another duration, and when none is idle
    // the heap does. Linear over the queues in use, which are few.
    [[nodiscard]] std::size_t source_for(Duration span) {
        std::size_t idle = sources_used_ < sources_max ? sources_used_ : heap;
        for (std::size_t at = sources_used_ - 1; at > heap; --at) {
            if (spans_[at] == span) {
                return at;
            }
            idle = heads_[at] == never ? at : idle;
        }
        if (idle != heap) {
            spans_[idle] = span;
            sources_used_ = std::max(sources_used_, idle + 1);
        }
        return idle;
    }

    [[nodiscard]] DeadlineEntry::Key recovered_head() const {
        const bool may_fire = !recovered_.empty() && recovered_released_ && recovered_budget_ > 0;
        return may_fire ? recovered_.top().key() : never;
    }

    [[nodiscard]] Deadline pop_fresh() {
        DeadlineEntry entry;
        if (earliest_ == heap) {
            entry = heap_.top();
            heap_.pop(chunks_);
            heads_[earliest_] = heap_.empty() ? never : heap_.top().key();
        } else {
            DeadlineQueue& queue = queues_[earliest_];
            entry = queue.front();
            queue.pop(chunks_);
            heads_[earliest_] = queue.empty() ? never : queue.front().key();
        }
        const auto smallest = std::min_element(
            heads_.begin(), heads_.begin() + static_cast<std::ptrdiff_t>(sources_used_));
        earliest_ = static_cast<std::size_t>(smallest - heads_.begin());
        return entry.deadline();
    }

    // The earliest of each source; never for an empty one. Next to each other, so that choosing
    // among a few durations touches a line or two.
    std::array<DeadlineEntry::Key, sources_max> heads_{};
    std::array<Duration, sources_max> spans_{};
    std::size_t sources_used_ = 1;
    std::size_t earliest_ = heap;
    std::array<DeadlineQueue, sources_max> queues_;  // the heap's place is unused
    DeadlineHeap heap_;
    DeadlineChunks chunks_;
    DeadlineHeap recovered_;
    bool recovered_released_ = false;
    std::size_t budget_ = 0;
    std::size_t recovered_budget_ = 0;
    bool last_was_recovered_ = false;
    std::uint64_t armed_ = 0;
    std::size_t size_ = 0;
};

}  // namespace stampede::engine
