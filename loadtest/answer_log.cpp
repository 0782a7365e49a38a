// SPDX-License-Identifier: Apache-2.0
// Lines are made by hand, since this runs while the crowd does, and read with Boost.JSON.
#include "loadtest/answer_log.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace stampede::loadtest {
namespace {

std::string quoted(std::string_view name, std::string_view value) {
    return "\"" + std::string{name} + "\":\"" + std::string{value} + "\"";
}

std::string numbered(std::string_view name, std::int64_t value) {
    return "\"" + std::string{name} + "\":" + std::to_string(value);
}

}  // namespace

Result<std::unique_ptr<AnswerLog>> AnswerLog::open(const std::string& path, const Sale& sale,
                                                   std::uint32_t order_quantity) {
    std::FILE* file = std::fopen(path.c_str(), "ae");
    if (file == nullptr) {
        return fault("cannot append to " + path + ": " + std::strerror(errno));
    }
    return std::unique_ptr<AnswerLog>{new AnswerLog{file, sale, order_quantity}};
}

void AnswerLog::write_line(const std::string& line) {
    const std::lock_guard lock{mutex_};
    std::fwrite(line.data(), 1, line.size(), file_.get());
}

void AnswerLog::write(const Answer& answer) {
    if (answer.status != 200 || outcome_of(answer.code, answer.status) != Outcome::accepted) {
        return;  // refusals change nothing and are judged anew
    }
    std::string line = "{" + quoted("campaign", sale_.campaign_id) + "," +
                       quoted("buyer", std::to_string(answer.buyer.raw())) + "," +
                       quoted("key", key_text(answer.key)) + ",";
    if (answer.kind == ActKind::cancel) {
        line += quoted("cancel_of", Base36{answer.order.raw()}.view()) + ",";
    } else {
        if (answer.kind != ActKind::order) {
            line += quoted("act", name_of(answer.kind)) + "," +
                    quoted("record", Base36{answer.asked_record.raw()}.view()) + ",";
        }
        line += quoted("item", sale_.items[answer.item.raw()].item_id) + "," +
                numbered("asked", order_quantity_) + ",";
    }
    line += quoted("code", name_of(answer.code)) + "," +
            quoted("order_id", Base36{answer.order.raw()}.view()) + "," +
            quoted("receipt", text_of(answer.receipt)) + "," +
            numbered("amount", answer.amount.fen()) + "," + numbered("quantity", answer.quantity) +
            "," + numbered("pay_by_ms", answer.pay_by.ms()) + "}\n";
    write_line(line);
}

void AnswerLog::write(const PaymentAnswer& answer) {
    const Payment& payment = answer.payment;
    write_line("{" + quoted("payment_id", payment.payment_id) + "," +
               quoted("order_id", Base36{payment.order.raw()}.view()) + "," +
               numbered("amount", payment.amount.fen()) + "," + quoted("paid_at", payment.paid_at) +
               "," + quoted("code", name_of(answer.code)) + "," + quoted("state", answer.state) +
               "}\n");
}

void AnswerLog::flush() {
    const std::lock_guard lock{mutex_};
    std::fflush(file_.get());
}

namespace {

std::string text_of(const boost::json::object& line, std::string_view name) {
    const boost::json::value* value = line.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

std::int64_t number_of(const boost::json::object& line, std::string_view name) {
    const boost::json::value* value = line.if_contains(name);
    return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

void take_line(const boost::json::object& line, LoggedAnswers& answers) {
    if (line.contains("payment_id")) {
        answers.payments.push_back({text_of(line, "order_id"), text_of(line, "payment_id"),
                                    number_of(line, "amount"), text_of(line, "paid_at"),
                                    text_of(line, "code"), text_of(line, "state")});
        return;
    }
    LoggedOrder order;
    order.campaign_id = text_of(line, "campaign");
    order.buyer = text_of(line, "buyer");
    order.act = act_kind_from(text_of(line, "act"));
    order.record = text_of(line, "record");
    order.item_id = text_of(line, "item");
    order.asked_quantity = static_cast<std::uint32_t>(number_of(line, "asked"));
    order.key = text_of(line, "key");
    order.code = text_of(line, "code");
    order.order_id = text_of(line, "order_id");
    order.receipt = text_of(line, "receipt");
    order.amount = number_of(line, "amount");
    order.quantity = number_of(line, "quantity");
    order.pay_by_ms = number_of(line, "pay_by_ms");
    order.cancel_of = text_of(line, "cancel_of");
    answers.orders.push_back(std::move(order));
}

}  // namespace

Result<LoggedAnswers> read_answer_log(const std::string& path) {
    std::ifstream file{path};
    if (!file) {
        return fault("cannot read " + path);
    }
    LoggedAnswers answers;
    std::size_t number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        boost::system::error_code error;
        const boost::json::value value = boost::json::parse(line, error);
        if (error || !value.is_object()) {
            if (file.peek() == std::ifstream::traits_type::eof()) {
                break;  // cut off in the middle of a write
            }
            return fault(path + ":" + std::to_string(number) + " is no JSON object");
        }
        take_line(value.get_object(), answers);
    }
    return answers;
}

}  // namespace stampede::loadtest
