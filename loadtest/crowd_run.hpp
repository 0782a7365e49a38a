// SPDX-License-Identifier: Apache-2.0
// The open loop: the crowd's plan is carried out at its planned times, whatever the server does.
// Latency counts from the planned time; what the server's slowness keeps from being sent waits in
// the crowd's own queue and counts too. Follow-ups (asking again with the same key, cancelling,
// coming back) get planned times of their own. Runs on the calling thread.
#pragma once

#include <functional>
#include <vector>

#include "loadtest/answer.hpp"
#include "loadtest/answer_log.hpp"
#include "loadtest/cashier.hpp"
#include "loadtest/crowd_plan.hpp"
#include "loadtest/saturate_run.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

struct CrowdResult {
    RunNumbers numbers;
    /// In the order in which they came.
    std::vector<Answer> answers;
    /// Groups and bargains as those answers showed them.
    std::vector<SeenGroup> groups;
    std::vector<SeenBargain> bargains;
    /// Acts whose outcome is unknown to the end: each may or may not have made an order.
    std::vector<PlannedAct> unknown;
};

struct CrowdSupport {
    Cashier* cashier = nullptr;  // told of holds; may be null
    AnswerLog* log = nullptr;    // may be null
    std::vector<pid_t> watched{};
    ProgressFn progress;
};

/// `t0` on the steady clock; the connections are opened before it.
[[nodiscard]] Result<CrowdResult> run_crowd(const Scenario& scenario, const Endpoint& target,
                                            OrderRequests requests, SteadyTime t0,
                                            CrowdSupport support);

}  // namespace stampede::loadtest
