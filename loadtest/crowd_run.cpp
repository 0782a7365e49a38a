// SPDX-License-Identifier: Apache-2.0
// One loop over three sources of work: the plan, follow-ups by time, answers from the swarm.
#include "loadtest/crowd_run.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <queue>
#include <utility>

#include "engine/vocabulary/check.hpp"
#include "loadtest/links.hpp"
#include "loadtest/seeded_random.hpp"
#include "loadtest/waiting_acts.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t comes_back_purpose = 8;
// Acts released in one round, so that answers are looked at in between.
constexpr std::size_t acts_per_round_max = 256;

class CrowdRunner final : public SwarmListener {
  public:
    CrowdRunner(const Scenario& scenario, OrderRequests requests, SteadyTime t0,
                CrowdSupport& support)
        : scenario_(scenario),
          requests_(std::move(requests)),
          t0_(t0),
          support_(support),
          waiting_(scenario.crowd.connections),
          links_(scenario.sharing ? scenario.sharing->starters : 0) {
        CrowdPlan plan = plan_crowd(scenario);
        acts_ = std::move(plan.acts);
        planned_ = acts_.size();
        next_key_ = plan.first_free_key;
        result_.answers.reserve(acts_.size());
        result_.numbers.planned = acts_.size();
    }

    void use(Swarm& swarm) { swarm_ = &swarm; }
    Result<> open_all(SteadyTime deadline, const Endpoint& target);
    void run();
    CrowdResult take_result();

    void connected(ConnectionIndex connection) override { work_off(connection); }
    void answered(ConnectionIndex connection, const Ask& ask,
                  const ScannedResponse& response) override;
    void lost(ConnectionIndex connection, const Ask& ask) override;
    void disconnected(ConnectionIndex connection, int error) override;

  private:
    struct Later {
        SteadyTime at;
        ActIndex act;
        bool operator<(const Later& other) const { return at > other.at; }
    };
    struct Reconnect {
        SteadyTime at;
        ConnectionIndex connection;
        bool operator<(const Reconnect& other) const { return at > other.at; }
    };

    [[nodiscard]] ConnectionIndex connection_of(const PlannedAct& act) const {
        return ConnectionIndex{static_cast<std::uint32_t>(
            (act.buyer.raw() - scenario_.crowd.first_buyer.raw()) % waiting_.connections())};
    }
    void release_due(SteadyTime now);
    void start(ActIndex index, SteadyTime now);
    void send(ActIndex index, ConnectionIndex connection);
    void work_off(ConnectionIndex connection);
    [[nodiscard]] bool ask_again(ActIndex index, nanoseconds after);
    void add(PlannedAct act, SteadyTime at);
    [[nodiscard]] bool waits_for_link(ActIndex index);
    void keep(const Answer& answer, const AnswerFields& fields);
    void follow_up(ActIndex index, const Answer& answer, const AnswerFields& fields);
    void come_back(ActIndex index);
    void link_made(LinkIndex link, const Answer& answer);
    void order_at_floor(const PlannedAct& cut, const BargainView& bargain);
    void hold_won(ActIndex index, const Answer& answer);
    [[nodiscard]] KeyNumber fresh_key() { return std::exchange(next_key_, next_key_.next()); }
    [[nodiscard]] bool finished() const;
    [[nodiscard]] nanoseconds until_next(SteadyTime now) const;

    const Scenario& scenario_;
    OrderRequests requests_;
    SteadyTime t0_;
    CrowdSupport& support_;
    Swarm* swarm_ = nullptr;
    std::vector<PlannedAct> acts_;
    std::size_t planned_ = 0;  // acts_ before this are the plan, after it follow-ups
    std::size_t next_planned_ = 0;
    KeyNumber next_key_;
    WaitingActs waiting_;
    Links links_;
    std::priority_queue<Later> later_;
    std::priority_queue<Reconnect> reconnects_;
    boost::unordered_flat_set<OrderId, std::hash<OrderId>> known_orders_;
    SteadyTime last_due_{};
    SteadyTime last_answer_{};
    bool ending_ = false;
    CrowdResult result_;
};

Result<> CrowdRunner::open_all(SteadyTime deadline, const Endpoint& target) {
    const std::uint32_t count = waiting_.connections();
    // Opened in portions: a listener's queue has a bound, and a full one costs a second each.
    constexpr std::uint32_t portion = 512;
    for (std::uint32_t opened = 0; opened < count; opened += portion) {
        const std::uint32_t end = std::min(count, opened + portion);
        for (std::uint32_t at = opened; at < end; ++at) {
            swarm_->connect(ConnectionIndex{at});
        }
        while (swarm_->open_count() < end && steady_clock::now() < deadline) {
            swarm_->turn(1, milliseconds{5});
            while (!reconnects_.empty() && reconnects_.top().at <= swarm_->now()) {
                const ConnectionIndex connection = reconnects_.top().connection;
                reconnects_.pop();
                swarm_->connect(connection);
            }
        }
    }
    if (swarm_->open_count() == 0) {
        return fault("no connection to " + target.text + " could be opened");
    }
    return {};
}

// True when the act has nothing to follow yet: link_made() starts it.
bool CrowdRunner::waits_for_link(ActIndex index) {
    PlannedAct& act = acts_[index];
    if (!follows_a_link(act.kind) || act.record != RecordId{}) {
        return false;
    }
    if (!links_.is_known(act.link)) {
        links_.wait(act.link, index);
        return true;
    }
    act.record = links_.at(act.link).record;
    act.item = links_.at(act.link).item;
    return false;
}

void CrowdRunner::start(ActIndex index, SteadyTime now) {
    const PlannedAct& act = acts_[index];
    result_.numbers.lag.record(now - (t0_ + act.at));
    last_due_ = now;
    if (waits_for_link(index)) {
        return;
    }
    const ConnectionIndex connection = connection_of(act);
    if (waiting_.empty(connection) && swarm_->has_room(connection)) {
        send(index, connection);
    } else {
        waiting_.push(connection, index);
    }
}

void CrowdRunner::send(ActIndex index, ConnectionIndex connection) {
    PlannedAct& act = acts_[index];
    swarm_->ask(connection, requests_.bytes_of(act), {index, t0_ + act.at});
    result_.numbers.sent += 1;
    if (act.after == AfterAsking::drops_connection && act.tries == 0) {
        swarm_->drop(connection);  // tells lost() for all that was under way there
        swarm_->connect(connection);
    }
}

void CrowdRunner::work_off(ConnectionIndex connection) {
    while (!waiting_.empty(connection) && swarm_->has_room(connection)) {
        send(*waiting_.take(connection), connection);
    }
}

// The same key again after a pause; false when the tries are used up.
bool CrowdRunner::ask_again(ActIndex index, nanoseconds after) {
    PlannedAct& act = acts_[index];
    if (act.tries >= scenario_.crowd.retries) {
        return false;
    }
    act.tries += 1;
    const SteadyTime at = swarm_->now() + after;
    act.at = at - t0_;
    later_.push({at, index});
    return true;
}

void CrowdRunner::add(PlannedAct act, SteadyTime at) {
    act.at = at - t0_;
    act.tries = 0;
    act.after = AfterAsking::waits;
    acts_.push_back(act);
    later_.push({at, static_cast<ActIndex>(acts_.size() - 1)});
}

void CrowdRunner::answered(ConnectionIndex connection, const Ask& ask,
                           const ScannedResponse& response) {
    const auto index = static_cast<ActIndex>(ask.act);
    const PlannedAct& act = acts_[index];
    const AnswerFields fields = read_answer(response.body);
    RunNumbers& numbers = result_.numbers;
    numbers.answered += 1;
    numbers.codes[static_cast<std::size_t>(fields.code)] += 1;
    numbers.latencies(outcome_of(fields.code, response.status)).record(swarm_->now() - ask.since);
    last_answer_ = swarm_->now();
    numbers.count_second(last_answer_ - t0_);
    if (scenario_.raw) {
        numbers.unexpected += response.status == scenario_.raw->expected_status ? 0u : 1u;
        work_off(connection);
        return;
    }
    Answer answer = answer_to(act, fields, response.status, connection);
    answer.asked_before = act.tries > 0;
    keep(answer, fields);
    follow_up(index, answer, fields);
    work_off(connection);
}

void CrowdRunner::keep(const Answer& answer, const AnswerFields& fields) {
    if (!fields.group.empty()) {
        result_.groups.push_back({result_.answers.size(), read_group_view(fields.group)});
    }
    if (!fields.bargain.empty()) {
        result_.bargains.push_back({result_.answers.size(), read_bargain_view(fields.bargain)});
    }
    result_.answers.push_back(answer);
    if (support_.log != nullptr) {
        support_.log->write(answer);
    }
}

void CrowdRunner::follow_up(ActIndex index, const Answer& answer, const AnswerFields& fields) {
    const PlannedAct act = acts_[index];
    const bool taken = took_an_order(answer);
    if (makes_a_link(act.kind) && answer.record != RecordId{} &&
        (taken || answer.code == AnswerCode::ok)) {
        link_made(act.link, answer);
    }
    if (taken) {
        hold_won(index, answer);
    } else if (answer.code == AnswerCode::cut && !fields.bargain.empty()) {
        order_at_floor(act, result_.bargains.back().view);
    } else if (answer.code == AnswerCode::sold_out) {
        if (result_.numbers.sold_out_after.count() == 0) {
            result_.numbers.sold_out_after = swarm_->now() - t0_;
        }
        if (fields.may_return) {
            come_back(index);
        }
    } else if (answer.code == AnswerCode::group_full) {
        come_back(index);  // a seat that is not paid returns
    } else if (answer.code == AnswerCode::not_started || answer.code == AnswerCode::busy ||
               answer.code == AnswerCode::rate) {
        static_cast<void>(
            ask_again(index, milliseconds{std::clamp<std::int64_t>(fields.retry.ms(), 5, 10'000)}));
    }
}

// Only who was planned comes back, and once: the run must end.
void CrowdRunner::come_back(ActIndex index) {
    auto random = SeededRandom::for_purpose(scenario_.seed ^ acts_[index].key.raw() << 20,
                                            comes_back_purpose);
    if (index < planned_ && random.happens(scenario_.crowd.comes_back)) {
        PlannedAct back = acts_[index];
        back.key = fresh_key();
        add(back, swarm_->now() + scenario_.crowd.comes_back_after);
    }
}

// Those who waited click now: from here their latency counts.
void CrowdRunner::link_made(LinkIndex link, const Answer& answer) {
    for (const ActIndex waiting : links_.make_known(link, answer)) {
        acts_[waiting].at = swarm_->now() - t0_;
        later_.push({swarm_->now(), waiting});
    }
}

// The last cut's answer says that the floor is reached; the starter's app hears of it and buys.
void CrowdRunner::order_at_floor(const PlannedAct& cut, const BargainView& bargain) {
    if (bargain.state != BargainState::reached || !links_.take_order(cut.link)) {
        return;
    }
    PlannedAct order = cut;
    order.kind = ActKind::bargain_order;
    order.buyer = links_.at(cut.link).starter;
    order.key = fresh_key();
    add(order, swarm_->now() + scenario_.payments.delay);
}

void CrowdRunner::hold_won(ActIndex index, const Answer& answer) {
    if (!known_orders_.insert(answer.order).second) {
        return;
    }
    const PlannedAct act = acts_[index];
    const HoldFate fate = fate_of(scenario_, act.key);
    if (fate == HoldFate::cancels) {
        PlannedAct cancel = act;
        cancel.kind = ActKind::cancel;
        cancel.order = answer.order;
        cancel.key = fresh_key();
        add(cancel, swarm_->now() + scenario_.payments.delay);
    } else if (support_.cashier != nullptr && answer.code != AnswerCode::confirmed) {
        const auto wall = std::chrono::system_clock::now().time_since_epoch();
        const auto now_ms = std::chrono::duration_cast<milliseconds>(wall).count();
        const bool leads = act.kind == ActKind::open_group && scenario_.sharing.has_value();
        support_.cashier->owe(
            {answer.order, act.key, answer.amount, Quantity{answer.quantity},
             milliseconds{std::max<std::int64_t>(0, answer.pay_by.ms() - now_ms)}, fate,
             leads ? scenario_.sharing->leader_refunds : scenario_.payments.refunds});
    }
}

void CrowdRunner::lost(ConnectionIndex /*connection*/, const Ask& ask) {
    result_.numbers.lost += 1;
    result_.numbers.shed.record(swarm_->now() - ask.since);
    const auto index = static_cast<ActIndex>(ask.act);
    const std::uint8_t tries = acts_[index].tries;
    const auto pause = milliseconds{std::min(20 << std::min<int>(tries, 6), 1000)};
    if (ending_ || !ask_again(index, pause)) {
        result_.unknown.push_back(acts_[index]);
    }
}

void CrowdRunner::disconnected(ConnectionIndex connection, int error) {
    reconnects_.push({swarm_->now() + milliseconds{error == 0 ? 1 : 50}, connection});
}

void CrowdRunner::release_due(SteadyTime now) {
    while (!reconnects_.empty() && reconnects_.top().at <= now) {
        const ConnectionIndex connection = reconnects_.top().connection;
        reconnects_.pop();
        swarm_->connect(connection);
    }
    for (std::size_t released = 0; released < acts_per_round_max; ++released) {
        if (!later_.empty() && later_.top().at <= now) {
            const ActIndex index = later_.top().act;
            later_.pop();
            start(index, now);
        } else if (next_planned_ < planned_ && t0_ + acts_[next_planned_].at <= now) {
            start(static_cast<ActIndex>(next_planned_++), now);
        } else {
            return;
        }
    }
}

bool CrowdRunner::finished() const {
    return next_planned_ == planned_ && later_.empty() && waiting_.count() == 0 &&
           swarm_->under_way() == 0;
}

nanoseconds CrowdRunner::until_next(SteadyTime now) const {
    SteadyTime next = now + milliseconds{20};
    if (next_planned_ < planned_) {
        next = std::min(next, t0_ + acts_[next_planned_].at);
    }
    if (!later_.empty()) {
        next = std::min(next, later_.top().at);
    }
    if (!reconnects_.empty()) {
        next = std::min(next, reconnects_.top().at);
    }
    return std::max(nanoseconds{0}, nanoseconds{next - now});
}

void CrowdRunner::run() {
    const MachineMeter meter{support_.watched};
    SteadyTime next_progress{};
    last_answer_ = t0_;
    while (!finished()) {
        SteadyTime now = steady_clock::now();
        release_due(now);
        if (next_planned_ == planned_ && later_.empty() &&
            now > std::max(last_due_, last_answer_) + scenario_.finish.drain) {
            break;
        }
        swarm_->turn(1, until_next(steady_clock::now()));
        if (support_.log != nullptr) {
            support_.log->flush();
        }
        if (swarm_->now() >= next_progress) {
            next_progress = swarm_->now() + milliseconds{250};
            support_.progress(result_.numbers.answered);
        }
    }
    result_.numbers.length = std::max(nanoseconds{1}, nanoseconds{last_answer_ - t0_});
    result_.numbers.machine = meter.stop();
    result_.numbers.wire = swarm_->wire_name();
}

// An act that was never sent cannot have done anything; one that was asked and not answered may
// have.
CrowdResult CrowdRunner::take_result() {
    ending_ = true;
    const auto note = [this](ActIndex index) {
        if (acts_[index].tries > 0) {
            result_.unknown.push_back(acts_[index]);
        }
    };
    for (std::uint32_t at = 0; at < waiting_.connections(); ++at) {
        while (const std::optional<ActIndex> index = waiting_.take(ConnectionIndex{at})) {
            note(*index);
        }
    }
    for (; !later_.empty(); later_.pop()) {
        note(later_.top().act);
    }
    for (std::uint32_t at = 0; at < waiting_.connections(); ++at) {
        swarm_->drop(ConnectionIndex{at});  // tells lost() for what is under way
    }
    result_.numbers.unknown = result_.unknown.size();
    return std::move(result_);
}

}  // namespace

Result<CrowdResult> run_crowd(const Scenario& scenario, const Endpoint& target,
                              OrderRequests requests, SteadyTime t0, CrowdSupport support) {
    const Crowd& crowd = scenario.crowd;
    Result<std::unique_ptr<Wire>> wire =
        make_wire({target, crowd.connections, crowd.pipeline_depth}, scenario.wire);
    if (!wire.has_value()) {
        return wire.error();
    }
    CrowdRunner runner{scenario, std::move(requests), t0, support};
    Swarm swarm{std::move(*wire), crowd.connections, crowd.pipeline_depth, runner};
    runner.use(swarm);
    const SteadyTime patience = std::max(t0, SteadyTime{steady_clock::now() + milliseconds{5000}});
    const Result<> opened = runner.open_all(patience, target);
    if (!opened.has_value()) {
        return opened.error();
    }
    runner.run();
    return runner.take_result();
}

}  // namespace stampede::loadtest
