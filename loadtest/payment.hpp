// SPDX-License-Identifier: Apache-2.0
// What the mall tells about money, and what it is answered. Plain values.
#pragma once

#include <cstdint>
#include <string>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/time.hpp"
#include "loadtest/answer_code.hpp"
#include "loadtest/response_scanner.hpp"

namespace stampede::loadtest {

enum class PaymentKind : std::uint8_t {
    plain,         // the right amount, in time
    again,         // the same notification once more
    second,        // another payment id for the same order
    wrong_amount,  // one fen too little
    late,          // after the hold has lapsed
};

struct Payment {
    OrderId order;
    std::string payment_id;
    Money amount;
    std::string paid_at;
    PaymentKind kind = PaymentKind::plain;
};

struct PaymentAnswer {
    Payment payment;
    AnswerCode code = AnswerCode::none;
    std::string state;
    Receipt receipt;
    bool replayed = false;
};

struct RefundAnswer {
    OrderId order;
    std::string refund_id;
    Money amount;
    Quantity quantity;
    AnswerCode code = AnswerCode::none;
    int status = 0;
    Receipt receipt{};
};

}  // namespace stampede::loadtest
