// SPDX-License-Identifier: Apache-2.0
// What does it cost to hand a command to another thread? First the ring's own work, on one thread;
// then a stream between two threads; then there and back, which is what a request from the mall's
// door waits for besides its commit.
#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "engine/mailbox.hpp"
#include "engine/vocabulary/limits.hpp"

namespace stampede::engine {
namespace {

// As large as a command of the mall.
struct Message {
    std::uint64_t number = 0;
    std::array<std::byte, 120> rest{};
};

void spin_a_little(unsigned& idle_turns) {
    if (++idle_turns % 64 == 0) {
        std::this_thread::yield();
    }
}

void push_and_pop_on_one_thread(benchmark::State& state) {
    Mailbox<Message> mailbox(limits::mall_mailbox_depth);
    std::uint64_t number = 0;
    for (auto _ : state) {
        static_cast<void>(mailbox.try_push(Message{.number = ++number}));
        benchmark::DoNotOptimize(mailbox.try_pop());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(push_and_pop_on_one_thread);

void stream_to_another_thread(benchmark::State& state) {
    Mailbox<Message> mailbox(limits::mall_mailbox_depth);
    std::atomic<bool> stop{false};
    std::thread receiver([&] {
        unsigned idle_turns = 0;
        while (!stop.load(std::memory_order_acquire)) {
            if (auto message = mailbox.try_pop()) {
                benchmark::DoNotOptimize(*message);
            } else {
                spin_a_little(idle_turns);
            }
        }
    });
    unsigned idle_turns = 0;
    std::uint64_t number = 0;
    for (auto _ : state) {
        while (!mailbox.try_push(Message{.number = number})) {
            spin_a_little(idle_turns);
        }
        ++number;
    }
    stop.store(true, std::memory_order_release);
    receiver.join();
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(stream_to_another_thread)->UseRealTime();

void there_and_back(benchmark::State& state) {
    Mailbox<Message> there(limits::mall_mailbox_depth);
    Mailbox<Message> back(limits::mall_mailbox_depth);
    std::atomic<bool> stop{false};
    std::thread echo([&] {
        unsigned idle_turns = 0;
        while (!stop.load(std::memory_order_acquire)) {
            if (auto message = there.try_pop()) {
                static_cast<void>(back.try_push(Message{*message}));
            } else {
                spin_a_little(idle_turns);
            }
        }
    });
    unsigned idle_turns = 0;
    std::uint64_t number = 0;
    for (auto _ : state) {
        static_cast<void>(there.try_push(Message{.number = ++number}));
        std::optional<Message> answer;
        while (!(answer = back.try_pop())) {
            spin_a_little(idle_turns);
        }
        benchmark::DoNotOptimize(answer);
    }
    stop.store(true, std::memory_order_release);
    echo.join();
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(there_and_back)->UseRealTime();

}  // namespace
}  // namespace stampede::engine
