// SPDX-License-Identifier: Apache-2.0
// The journal of answers: one JSON line per acknowledged answer and per acknowledged payment, with
// all that is needed to ask again. A script kills the server in the middle of a run, starts it
// again, and holds it against this file. Append-only; written through before the next round of the
// generator, so that it survives the generator too. The buyers' and the mall's side share it.
#pragma once

#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/vocabulary/result.hpp"
#include "loadtest/answer.hpp"
#include "loadtest/payment.hpp"

namespace stampede::loadtest {

class AnswerLog {
  public:
    /// Appends to `path`; `campaign_id` and the item ids make each line complete in itself.
    [[nodiscard]] static Result<std::unique_ptr<AnswerLog>> open(const std::string& path,
                                                                 const Sale& sale,
                                                                 std::uint32_t order_quantity);

    /// Any thread.
    void write(const Answer& answer);
    void write(const PaymentAnswer& answer);
    void flush();

  private:
    AnswerLog(std::FILE* file, const Sale& sale, std::uint32_t order_quantity)
        : file_(file, &std::fclose), sale_(sale), order_quantity_(order_quantity) {}
    void write_line(const std::string& line);

    std::mutex mutex_;
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    Sale sale_;
    std::uint32_t order_quantity_;
};

/// One line of the file, read back.
struct LoggedOrder {
    std::string campaign_id;
    std::string buyer;
    ActKind act = ActKind::order;
    std::string record;  // the group or bargain that was asked about; empty for none
    std::string item_id;
    std::uint32_t asked_quantity = 0;
    std::string key;
    std::string code;
    std::string order_id;
    std::string receipt;
    std::int64_t amount = 0;
    std::int64_t quantity = 0;
    std::int64_t pay_by_ms = 0;
    std::string cancel_of;  // the order that this request cancels; empty for an order
};
struct LoggedPayment {
    std::string order_id;
    std::string payment_id;
    std::int64_t amount = 0;
    std::string paid_at;
    std::string code;
    std::string state;
};
struct LoggedAnswers {
    std::vector<LoggedOrder> orders;
    std::vector<LoggedPayment> payments;
};
/// A last line that was cut off is left out; any other damaged line is a fault.
[[nodiscard]] Result<LoggedAnswers> read_answer_log(const std::string& path);

}  // namespace stampede::loadtest
