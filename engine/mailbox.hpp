// SPDX-License-Identifier: Apache-2.0
// A bounded ring between two threads: one sends, one receives, neither ever waits or allocates. A
// full mailbox says so and the sender answers "busy": it never grows. Values arrive in the order in
// which they were sent, each once; what was still in it is destroyed with the mailbox.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/vocabulary/check.hpp"

namespace stampede::engine {

template <class Value>
class Mailbox {
    static_assert(std::is_nothrow_move_constructible_v<Value>,
                  "a value that throws on its way would be neither here nor there");

  public:
    /// `capacity` is a power of two; all memory is taken here.
    explicit Mailbox(std::size_t capacity)
        : mask_(capacity - 1), slots_(std::allocator<Value>{}.allocate(capacity)) {
        check(std::has_single_bit(capacity), "a mailbox's capacity must be a power of two");
    }
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;
    /// Both threads have let go of it.
    ~Mailbox() {
        while (try_pop()) {}
        std::allocator<Value>{}.deallocate(slots_, capacity());
    }

    [[nodiscard]] std::size_t capacity() const { return mask_ + 1; }

    /// Sending thread. False when full; `value` is then untouched.
    [[nodiscard]] bool try_push(Value&& value) {
        // Relaxed: this thread alone moves sent_.
        const std::size_t sent = sent_.load(std::memory_order_relaxed);
        if (sent - received_seen_ > mask_) {
            // Acquire: the receiver has moved the value out before its slot is written again.
            received_seen_ = received_.load(std::memory_order_acquire);
            if (sent - received_seen_ > mask_) {
                return false;
            }
        }
        std::construct_at(slots_ + (sent & mask_), std::move(value));
        // Release: whoever sees the count sees the value.
        sent_.store(sent + 1, std::memory_order_release);
        return true;
    }

    /// Receiving thread. Empty when nothing is waiting.
    [[nodiscard]] std::optional<Value> try_pop() {
        // Relaxed: this thread alone moves received_.
        const std::size_t received = received_.load(std::memory_order_relaxed);
        if (received == sent_seen_) {
            // Acquire: the sender has built the value before it is read.
            sent_seen_ = sent_.load(std::memory_order_acquire);
            if (received == sent_seen_) {
                return std::nullopt;
            }
        }
        Value* const slot = slots_ + (received & mask_);
        std::optional<Value> value{std::move(*slot)};
        std::destroy_at(slot);
        // Release: the slot is free only after the value has left it.
        received_.store(received + 1, std::memory_order_release);
        return value;
    }

    /// Any thread; already past when it returns, so for metrics and hints alone.
    [[nodiscard]] std::size_t approximate_size() const {
        // received_ first: read the other way round it could overtake the older sent_.
        const std::size_t received = received_.load(std::memory_order_acquire);
        const std::size_t waiting = sent_.load(std::memory_order_acquire) - received;
        return waiting <= capacity() ? waiting : capacity();
    }

  private:
    // Each thread's own words lie on a cache line of their own. The copy of the other's counter
    // spares a transfer of its line per message: it is fetched only when the ring looks full, or
    // empty.
    static constexpr std::size_t cache_line_bytes = 64;

    std::size_t mask_;
    Value* slots_;
    alignas(cache_line_bytes) std::atomic<std::size_t> sent_{0};
    std::size_t received_seen_ = 0;  // sender's
    alignas(cache_line_bytes) std::atomic<std::size_t> received_{0};
    std::size_t sent_seen_ = 0;  // receiver's
};

}  // namespace stampede::engine
