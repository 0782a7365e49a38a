// SPDX-License-Identifier: Apache-2.0
// Warm-up, measured part, drain. Answers that arrive together are taken together, so that the load
// core spends its time in few system calls and leaves itself idle time to show.
#include "loadtest/saturate_run.hpp"

#include <algorithm>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

class Saturator final : public SwarmListener {
  public:
    Saturator(const Scenario& scenario, OrderRequests requests)
        : scenario_(scenario),
          requests_(std::move(requests)),
          raw_(scenario.raw.has_value()),
          item_count_(raw_ ? 1 : static_cast<std::uint32_t>(scenario.sale.items.size())),
          buyer_count_(scenario.crowd.identity == Identity::token
                           ? scenario.saturation->token_buyers
                           : largest_buyer.raw() - scenario.crowd.first_buyer.raw()) {}

    void use(Swarm& swarm) { swarm_ = &swarm; }
    void measure(bool on) { measuring_ = on; }
    void stop_asking() { asking_ = false; }

    void connected(ConnectionIndex connection) override { fill(connection); }
    void answered(ConnectionIndex connection, const Ask& ask,
                  const ScannedResponse& response) override;
    void lost(ConnectionIndex /*connection*/, const Ask& /*ask*/) override {
        result_.numbers.lost += 1;
    }
    void disconnected(ConnectionIndex connection, int /*error*/) override {
        if (asking_) {
            swarm_->connect(connection);
        }
    }

    SaturationResult& result() { return result_; }

  private:
    void fill(ConnectionIndex connection) {
        while (asking_ && swarm_->has_room(connection)) {
            const BuyerId buyer = buyer_of(next_);
            swarm_->ask(connection, requests_.order(buyer, item_of(next_), KeyNumber{next_}),
                        {next_, swarm_->now()});
            next_ += 1;
            result_.numbers.sent += 1;
        }
    }
    [[nodiscard]] BuyerId buyer_of(std::uint64_t act) const {
        return BuyerId{scenario_.crowd.first_buyer.raw() + act % buyer_count_};
    }
    [[nodiscard]] ItemIndex item_of(std::uint64_t act) const {
        return ItemIndex{static_cast<std::uint32_t>(act % item_count_)};
    }
    void keep(ConnectionIndex connection, const Ask& ask, const ScannedResponse& response,
              const AnswerFields& fields);

    const Scenario& scenario_;
    OrderRequests requests_;
    bool raw_;
    std::uint32_t item_count_;
    std::uint64_t buyer_count_;
    Swarm* swarm_ = nullptr;
    bool measuring_ = false;
    bool asking_ = true;
    std::uint64_t next_ = 1;
    SaturationResult result_;
};

void Saturator::answered(ConnectionIndex connection, const Ask& ask,
                         const ScannedResponse& response) {
    RunNumbers& numbers = result_.numbers;
    AnswerFields fields;
    if (raw_) {
        numbers.unexpected += response.status == scenario_.raw->expected_status ? 0u : 1u;
    } else {
        fields = read_answer(response.body);
        keep(connection, ask, response, fields);
    }
    if (measuring_) {
        numbers.answered += 1;
        numbers.codes[static_cast<std::size_t>(fields.code)] += 1;
        numbers.latencies(outcome_of(fields.code, response.status))
            .record(swarm_->now() - ask.since);
    }
    fill(connection);
}

void Saturator::keep(ConnectionIndex connection, const Ask& ask, const ScannedResponse& response,
                     const AnswerFields& fields) {
    const bool taken = fields.code == AnswerCode::held || fields.code == AnswerCode::confirmed;
    result_.orders_taken += taken && !fields.replayed ? 1u : 0u;
    if (!scenario_.saturation->keep_answers) {
        return;
    }
    Answer answer;
    answer.buyer = buyer_of(ask.act);
    answer.key = KeyNumber{ask.act};
    answer.order = fields.order;
    answer.receipt = fields.receipt;
    answer.amount = fields.amount;
    answer.pay_by = fields.pay_by;
    answer.connection = connection;
    answer.item = item_of(ask.act);
    answer.quantity = static_cast<std::uint32_t>(fields.quantity.units());
    answer.status = static_cast<std::uint16_t>(response.status);
    answer.code = fields.code;
    answer.replayed = fields.replayed;
    result_.answers.push_back(answer);
}

// Waiting for a share of what is under way gathers answers into batches; the time limit keeps a
// slow server from being waited for in vain.
unsigned batch_of(std::uint64_t under_way) {
    return static_cast<unsigned>(std::clamp<std::uint64_t>(under_way / 8, 1, 32));
}

}  // namespace

Result<SaturationResult> run_saturation(const Scenario& scenario, const Endpoint& target,
                                        OrderRequests requests, std::vector<pid_t> watched,
                                        const ProgressFn& progress) {
    const Saturation& plan = *scenario.saturation;
    Result<std::unique_ptr<Wire>> wire =
        make_wire({target, plan.connections, plan.pipeline_depth}, scenario.wire);
    if (!wire.has_value()) {
        return wire.error();
    }
    Saturator saturator{scenario, std::move(requests)};
    Swarm swarm{std::move(*wire), plan.connections, plan.pipeline_depth, saturator};
    saturator.use(swarm);
    for (std::uint32_t connection = 0; connection < plan.connections; ++connection) {
        swarm.connect(ConnectionIndex{connection});
    }
    SaturationResult& result = saturator.result();
    const auto run_until = [&](SteadyTime end) {
        SteadyTime next_progress = swarm.now();
        while (swarm.now() < end) {
            swarm.turn(batch_of(swarm.under_way()), std::chrono::microseconds{200});
            if (swarm.now() >= next_progress) {
                next_progress = swarm.now() + milliseconds{250};
                progress(result.numbers.answered);
            }
        }
    };
    run_until(steady_clock::now() + plan.warm_up);
    if (swarm.open_count() == 0) {
        return fault("no connection to " + target.text + " could be opened");
    }
    const MachineMeter meter{std::move(watched)};
    saturator.measure(true);
    const SteadyTime begin = steady_clock::now();
    run_until(begin + plan.length);
    saturator.measure(false);
    result.numbers.length = steady_clock::now() - begin;
    result.numbers.machine = meter.stop();
    saturator.stop_asking();
    const SteadyTime drained = steady_clock::now() + scenario.finish.drain;
    while (swarm.under_way() > 0 && steady_clock::now() < drained) {
        swarm.turn(1, milliseconds{10});
    }
    result.left_open = swarm.under_way();
    result.numbers.unknown = result.numbers.lost + result.left_open;
    result.numbers.wire = swarm.wire_name();
    return std::move(result);
}

}  // namespace stampede::loadtest
