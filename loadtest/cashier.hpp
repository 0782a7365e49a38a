// SPDX-License-Identifier: Apache-2.0
// The mall's payment side. The crowd tells of each hold; the cashier, on a thread of its own, tells
// the server of payments through the mall's door in batches: in time, twice, with a second payment
// id, with a wrong amount, too late, and afterwards refunds. What a buyer does is decided by the
// seed and his key, not by how fast anything was.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include "loadtest/answer_log.hpp"
#include "loadtest/crowd_plan.hpp"
#include "loadtest/mall_door.hpp"
#include "loadtest/payment.hpp"

namespace stampede::loadtest {

struct HeldOrder {
    OrderId order;
    KeyNumber key;
    Money amount;
    Quantity quantity;
    std::chrono::milliseconds hold{0};  // from now until it lapses
    HoldFate fate = HoldFate::walks_away;
    double refund_share = 0;  // how likely the mall refunds it once it is paid
};

struct CashierResult {
    std::vector<PaymentAnswer> payments;
    std::vector<RefundAnswer> refunds;
    LatencyHistogram batch_latency;
    std::uint64_t undelivered = 0;  // the door did not answer in time
    std::string last_fault;
};

class Cashier {
  public:
    /// `log` may be null. The thread starts at once.
    Cashier(const Scenario& scenario, Endpoint mall, std::string api_key, AnswerLog* log);
    ~Cashier();
    Cashier(const Cashier&) = delete;
    Cashier& operator=(const Cashier&) = delete;

    /// Any thread; never blocks for long.
    void owe(const HeldOrder& held);
    /// Works off what is due until `deadline`, then ends the thread. Call once.
    [[nodiscard]] CashierResult finish(std::chrono::steady_clock::time_point deadline);

  private:
    struct Due {
        std::chrono::steady_clock::time_point at;
        Payment payment;
        Quantity refund_quantity;  // not zero: a refund instead of a payment
        Quantity ordered{};        // units of the order
        double refund_share = 0;
        bool operator<(const Due& other) const { return at > other.at; }  // earliest on top
    };

    void run();
    [[nodiscard]] std::vector<Due> take_due(std::unique_lock<std::mutex>& lock);
    void pay(const std::vector<Due>& batch);
    void read_results(const std::vector<Due>& batch, const DoorReply& reply);
    void refund(const Due& due);
    void plan_refund(const Due& paid);

    const Scenario& scenario_;
    MallDoor door_;
    AnswerLog* log_;
    CashierResult result_;  // the thread's, until finish() has joined it
    std::mutex mutex_;
    std::condition_variable changed_;
    std::priority_queue<Due> due_;
    bool finishing_ = false;
    std::chrono::steady_clock::time_point deadline_{};
    std::thread thread_;
};

}  // namespace stampede::loadtest
