// SPDX-License-Identifier: Apache-2.0
// Batches of what is due. Delays are drawn per payment, so notifications arrive out of order, and a
// repeated one may overtake the first.
#include "loadtest/cashier.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "loadtest/sale_setup.hpp"
#include "loadtest/seeded_random.hpp"

namespace stampede::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t payment_purpose = 6;
constexpr std::uint64_t refund_purpose = 7;
constexpr milliseconds patience{10'000};

std::string now_text() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return rfc3339(Instant{std::chrono::duration_cast<milliseconds>(now).count()});
}

std::string_view text_field(const boost::json::object& object, std::string_view name) {
    const boost::json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                  : std::string_view{};
}

}  // namespace

Cashier::Cashier(const Scenario& scenario, Endpoint mall, std::string api_key, AnswerLog* log)
    : scenario_(scenario),
      door_(std::move(mall), std::move(api_key), patience),
      log_(log),
      thread_([this] { run(); }) {}

Cashier::~Cashier() {
    if (thread_.joinable()) {
        static_cast<void>(finish(steady_clock::now()));
    }
}

void Cashier::owe(const HeldOrder& held) {
    const Payments& plan = scenario_.payments;
    auto random = SeededRandom::for_purpose(scenario_.seed ^ held.key.raw() << 20, payment_purpose);
    const auto delay = [&] {
        return nanoseconds{
            static_cast<std::int64_t>(random.exponential(static_cast<double>(plan.delay.count())))};
    };
    const steady_clock::time_point now = steady_clock::now();
    const std::string name = "pay-" + Base36{held.order.raw()}.str();
    const Payment plain{held.order, name, held.amount, now_text(), PaymentKind::plain};
    std::vector<Due> planned;
    const auto tell = [&](steady_clock::time_point at, const Payment& payment, PaymentKind kind) {
        planned.push_back({at, payment, {}, held.quantity, held.refund_share});
        planned.back().payment.kind = kind;
    };
    if (held.fate == HoldFate::pays_late) {
        tell(now + held.hold + milliseconds{300} + delay(), plain, PaymentKind::late);
    } else if (held.fate == HoldFate::pays) {
        tell(now + delay(), plain, PaymentKind::plain);
        if (random.happens(plan.again)) {
            tell(now + delay(), plain, PaymentKind::again);
        }
        if (random.happens(plan.second_payment)) {
            Payment second = plain;
            second.payment_id += "-b";
            tell(planned.front().at + milliseconds{50} + delay(), second, PaymentKind::second);
        }
        if (random.happens(plan.wrong_amount) && held.amount > Money{1}) {
            Payment wrong = plain;
            wrong.payment_id += "-w";
            wrong.amount = held.amount - Money{1};
            tell(now + delay(), wrong, PaymentKind::wrong_amount);
        }
    }
    const std::lock_guard lock{mutex_};
    for (Due& due : planned) {
        due_.push(std::move(due));
    }
    changed_.notify_one();
}

CashierResult Cashier::finish(steady_clock::time_point deadline) {
    {
        const std::lock_guard lock{mutex_};
        finishing_ = true;
        deadline_ = deadline;
        changed_.notify_one();
    }
    thread_.join();
    result_.undelivered += due_.size();
    return std::move(result_);
}

std::vector<Cashier::Due> Cashier::take_due(std::unique_lock<std::mutex>& lock) {
    std::vector<Due> batch;
    while (batch.empty()) {
        const steady_clock::time_point now = steady_clock::now();
        if (finishing_ && (due_.empty() || now >= deadline_)) {
            return batch;
        }
        while (!due_.empty() && due_.top().at <= now && batch.size() < scenario_.payments.batch) {
            batch.push_back(due_.top());
            due_.pop();
        }
        if (batch.empty()) {
            const steady_clock::time_point next =
                due_.empty() ? now + milliseconds{100} : due_.top().at;
            changed_.wait_until(lock, finishing_ ? std::min(next, deadline_) : next);
        }
    }
    return batch;
}

void Cashier::run() {
    std::unique_lock lock{mutex_};
    while (true) {
        const std::vector<Due> batch = take_due(lock);
        if (batch.empty()) {
            return;
        }
        lock.unlock();
        std::vector<Due> payments;
        for (const Due& due : batch) {
            if (due.refund_quantity > Quantity{0}) {
                refund(due);
            } else {
                payments.push_back(due);
            }
        }
        if (!payments.empty()) {
            pay(payments);
        }
        lock.lock();
    }
}

void Cashier::pay(const std::vector<Due>& batch) {
    boost::json::array payments;
    for (const Due& due : batch) {
        payments.push_back(boost::json::object{
            {"order_id", Base36{due.payment.order.raw()}.view()},
            {"payment_id", due.payment.payment_id},
            {"amount", due.payment.amount.fen()},
            {"paid_at", due.payment.paid_at},
        });
    }
    const std::string body =
        boost::json::serialize(boost::json::object{{"payments", std::move(payments)}});
    const steady_clock::time_point start = steady_clock::now();
    const Result<DoorReply> reply = door_.post("/v1/payments/batch", body, "");
    result_.batch_latency.record(steady_clock::now() - start);
    if (!reply.has_value()) {
        result_.undelivered += batch.size();
        result_.last_fault = reply.error().message;
        return;
    }
    read_results(batch, *reply);
}

void Cashier::read_results(const std::vector<Due>& batch, const DoorReply& reply) {
    const boost::json::value body = reply.json();
    const boost::json::value* results =
        body.is_object() ? body.get_object().if_contains("results") : nullptr;
    const boost::json::array* rows = results == nullptr ? nullptr : results->if_array();
    if (reply.status != 200 || rows == nullptr || rows->size() != batch.size()) {
        result_.undelivered += batch.size();
        result_.last_fault = "POST /v1/payments/batch answered " + std::to_string(reply.status) +
                             ": " + reply.body.substr(0, 200);
        return;
    }
    for (std::size_t at = 0; at < batch.size(); ++at) {
        PaymentAnswer answer;
        answer.payment = batch[at].payment;
        if (const boost::json::object* row = (*rows)[at].if_object()) {
            answer.code = answer_code_from(text_field(*row, "code"));
            answer.state = text_field(*row, "state");
            answer.receipt = receipt_from(text_field(*row, "receipt"));
            const boost::json::value* replayed = row->if_contains("replayed");
            answer.replayed = replayed != nullptr && replayed->is_bool() && replayed->get_bool();
        }
        // OK: a seat is paid. It may be refunded while its group forms, and after its success.
        if (answer.code == AnswerCode::confirmed || answer.code == AnswerCode::ok) {
            plan_refund(batch[at]);
        }
        if (log_ != nullptr) {
            log_->write(answer);
        }
        result_.payments.push_back(std::move(answer));
    }
    if (log_ != nullptr) {
        log_->flush();
    }
}

void Cashier::plan_refund(const Due& paid) {
    auto random =
        SeededRandom::for_purpose(scenario_.seed ^ paid.payment.order.raw(), refund_purpose);
    if (!random.happens(paid.refund_share)) {
        return;
    }
    Due refund = paid;
    refund.at = steady_clock::now() + milliseconds{200};
    refund.refund_quantity = paid.ordered;
    const std::lock_guard lock{mutex_};
    due_.push(std::move(refund));
}

void Cashier::refund(const Due& due) {
    RefundAnswer answer;
    answer.order = due.payment.order;
    answer.refund_id = "refund-" + Base36{due.payment.order.raw()}.str();
    answer.amount = due.payment.amount;
    answer.quantity = due.refund_quantity;
    const std::string body = boost::json::serialize(boost::json::object{
        {"order_id", Base36{due.payment.order.raw()}.view()},
        {"refund_id", answer.refund_id},
        {"payment_id", due.payment.payment_id},
        {"quantity", due.refund_quantity.units()},
        {"amount", due.payment.amount.fen()},
    });
    const Result<DoorReply> reply = door_.post("/v1/refunds", body, answer.refund_id);
    if (!reply.has_value()) {
        result_.undelivered += 1;
        result_.last_fault = reply.error().message;
        return;
    }
    answer.status = reply->status;
    const AnswerFields fields = read_answer(reply->body);
    answer.code = fields.code;
    answer.receipt = fields.receipt;
    result_.refunds.push_back(std::move(answer));
}

}  // namespace stampede::loadtest
