// SPDX-License-Identifier: Apache-2.0
// Warm-up, measured part, drain. Answers that arrive together are taken together, so that the load
// core spends its time in few system calls and leaves itself idle time to show.
#include "loadtest/saturate_run.hpp"

#include <algorithm>
#include <utility>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds connecting_patience{5};

class Saturator final : public SwarmListener {
  public:
    Saturator(const Scenario& scenario, OrderRequests requests)
        : scenario_(scenario),
          requests_(std::move(requests)),
          raw_(scenario.raw.has_value()),
          play_(scenario.sale.play),
          followed_(scenario.saturation->connections),
          item_count_(raw_ ? 1 : static_cast<std::uint32_t>(scenario.sale.items.size())),
          buyer_count_(scenario.crowd.identity == Identity::token
                           ? scenario.saturation->token_buyers
                           : largest_buyer.raw() - scenario.crowd.first_buyer.raw()) {}

    void use(Swarm& swarm) { swarm_ = &swarm; }
    void measure(bool on) { measuring_ = on; }
    void stop_asking() { asking_ = false; }
    /// As many tries to connect have failed in a row as there are connections.
    [[nodiscard]] bool finds_nobody() const { return failed_tries_ >= followed_.size(); }

    void connected(ConnectionIndex connection) override {
        failed_tries_ = 0;
        fill(connection);
    }
    void answered(ConnectionIndex connection, const Ask& ask,
                  const ScannedResponse& response) override;
    void lost(ConnectionIndex connection, const Ask& /*ask*/) override {
        result_.numbers.lost += 1;
        followed_[connection.raw()] = {};
    }
    void disconnected(ConnectionIndex connection, int /*error*/) override {
        failed_tries_ += 1;
        if (asking_) {
            swarm_->connect(connection);
        }
    }

    SaturationResult& result() { return result_; }

  private:
    // The group or bargain that a connection's requests follow now; each has its own, so that no
    // question waits for another connection's answer.
    struct Followed {
        RecordId record;
        ItemIndex item;
        std::uint32_t left = 0;  // seats or cuts that it still has
        bool asked = false;      // a new one was asked for
    };

    void fill(ConnectionIndex connection) {
        while (asking_ && swarm_->has_room(connection)) {
            Question question{ActKind::order, buyer_of(next_), item_of(next_), KeyNumber{next_}};
            if (play_ != Play::seckill && !choose_play_act(connection, question)) {
                return;
            }
            swarm_->ask(connection, requests_.bytes_of(question),
                        {next_ * 2 + (makes_a_link(question.kind) ? 1 : 0), swarm_->now()});
            next_ += 1;
            result_.numbers.sent += 1;
        }
    }
    // False while a new group or bargain is on its way.
    [[nodiscard]] bool choose_play_act(ConnectionIndex connection, Question& question) {
        Followed& followed = followed_[connection.raw()];
        if (followed.left > 0) {
            followed.left -= 1;
            question.kind = play_ == Play::bargain ? ActKind::cut : ActKind::join_group;
            question.record = followed.record;
            question.item = followed.item;
            return true;
        }
        question.kind = play_ == Play::bargain ? ActKind::launch : ActKind::open_group;
        return !std::exchange(followed.asked, true);
    }
    void follow(ConnectionIndex connection, const Answer& answer);
    [[nodiscard]] bool keeps_a_unit(const Answer& answer, const AnswerFields& fields) const;
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
    Play play_;
    std::vector<Followed> followed_;
    std::uint32_t item_count_;
    std::uint64_t buyer_count_;
    Swarm* swarm_ = nullptr;
    bool measuring_ = false;
    bool asking_ = true;
    std::size_t failed_tries_ = 0;  // since a connection was made
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
    const std::uint64_t number = ask.act / 2;
    const bool starts = ask.act % 2 == 1;
    Question question{ActKind::order, buyer_of(number), item_of(number), KeyNumber{number}};
    if (play_ != Play::seckill) {
        // Answers come in the order of the questions: a new one is followed only once it is told.
        const Followed& followed = followed_[connection.raw()];
        question.kind = play_ == Play::bargain
                            ? (starts ? ActKind::launch : ActKind::cut)
                            : (starts ? ActKind::open_group : ActKind::join_group);
        question.record = followed.record;
        question.item = starts ? question.item : followed.item;
    }
    const Answer answer = answer_to(question, fields, response.status, connection);
    const bool fresh = !answer.replayed && answer.status == 200;
    result_.orders_taken +=
        fresh && (took_an_order(answer) || keeps_a_unit(answer, fields)) ? 1u : 0u;
    if (makes_a_link(answer.kind)) {
        follow(connection, answer);
    }
    if (scenario_.saturation->keep_answers) {
        if (!fields.group.empty()) {
            result_.groups.push_back({result_.answers.size(), read_group_view(fields.group)});
        }
        if (!fields.bargain.empty()) {
            result_.bargains.push_back({result_.answers.size(), read_bargain_view(fields.bargain)});
        }
        result_.answers.push_back(answer);
    }
}

// The cut that reaches the floor takes the unit, where the sale says so.
bool Saturator::keeps_a_unit(const Answer& answer, const AnswerFields& fields) const {
    return answer.code == AnswerCode::cut && followed_[answer.connection.raw()].left == 0 &&
           scenario_.sale.items[answer.item.raw()].bargain.stock_at == StockAt::floor &&
           read_bargain_view(fields.bargain).state == BargainState::reached;
}

void Saturator::follow(ConnectionIndex connection, const Answer& answer) {
    Followed& followed = followed_[connection.raw()];
    followed.asked = false;
    if (answer.record == RecordId{} || (answer.code != AnswerCode::ok && !took_an_order(answer))) {
        return;  // asked anew
    }
    followed.record = answer.record;
    followed.item = answer.item;
    followed.left = play_ == Play::bargain
                        ? scenario_.sale.items[answer.item.raw()].bargain.helpers.value_or(0)
                        : scenario_.sale.group.size - 1;
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
    // A short warm-up may be over before the first connection is made.
    const SteadyTime give_up_at = steady_clock::now() + connecting_patience;
    while (swarm.open_count() == 0 && !saturator.finds_nobody() &&
           steady_clock::now() < give_up_at) {
        swarm.turn(1, milliseconds{10});
    }
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
