// SPDX-License-Identifier: Apache-2.0
// The closed loop of the benchmarks: every connection always has as many requests under way as the
// pipeline is deep, each from a buyer of its own. It finds out how fast a server can go, not how
// long a shopper waits; its latencies are those of a full pipeline. Runs on the calling thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "loadtest/answer.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

struct SaturationResult {
    RunNumbers numbers;
    /// All answers, warm-up included, when the scenario keeps them.
    std::vector<Answer> answers;
    std::vector<SeenGroup> groups;  // as those answers showed them
    std::vector<SeenBargain> bargains;
    /// Orders answered HELD or CONFIRMED, and units that reached bargains keep; warm-up included,
    /// without replays.
    std::uint64_t orders_taken = 0;
    /// Questions under way when the time was over and never answered.
    std::uint64_t left_open = 0;
};

/// Called about four times a second with the answers so far.
using ProgressFn = std::function<void(std::uint64_t answered)>;

[[nodiscard]] Result<SaturationResult> run_saturation(const Scenario& scenario,
                                                      const Endpoint& target,
                                                      OrderRequests requests,
                                                      std::vector<pid_t> watched,
                                                      const ProgressFn& progress);

}  // namespace stampede::loadtest
