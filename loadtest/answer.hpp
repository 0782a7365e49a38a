// SPDX-License-Identifier: Apache-2.0
// One answer as it is kept for the oracle, and the numbers of a run. Plain values, moved between
// threads only after the run.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "loadtest/answer_code.hpp"
#include "loadtest/latency_histogram.hpp"
#include "loadtest/order_requests.hpp"
#include "loadtest/process_meter.hpp"
#include "loadtest/response_scanner.hpp"
#include "loadtest/swarm.hpp"

namespace stampede::loadtest {

/// 88 bytes; a run of ten million answers fits a laptop.
struct Answer {
    BuyerId buyer;
    KeyNumber key;
    OrderId order;
    /// The group or bargain that the answer is about; after REROUTED another one than asked for.
    RecordId record;
    RecordId asked_record;
    Receipt receipt;
    /// Of an order; of a CUT, what it took off.
    Money amount;
    Instant pay_by;
    ConnectionIndex connection;
    ItemIndex item;
    std::uint32_t quantity = 0;
    std::uint16_t status = 0;
    AnswerCode code = AnswerCode::none;
    ActKind kind = ActKind::order;
    bool replayed = false;
    /// Asked before with this key and lost the answer, so a replay may be the first one seen.
    bool asked_before = false;
};

[[nodiscard]] inline Answer answer_to(const Question& question, const AnswerFields& fields,
                                      int status, ConnectionIndex connection) {
    Answer answer;
    answer.buyer = question.buyer;
    answer.key = question.key;
    answer.order = question.kind == ActKind::cancel && fields.order == OrderId{} ? question.order
                                                                                 : fields.order;
    const RecordId told = record_in(fields.group.empty() ? fields.bargain : fields.group);
    answer.record = told == RecordId{} ? question.record : told;
    answer.asked_record = question.record;
    answer.receipt = fields.receipt;
    answer.amount = fields.cut.empty() ? fields.amount : read_cut(fields.cut).amount;
    answer.pay_by = fields.pay_by;
    answer.connection = connection;
    answer.item = question.item;
    answer.quantity = static_cast<std::uint32_t>(fields.quantity.units());
    answer.status = static_cast<std::uint16_t>(status);
    answer.code = fields.code;
    answer.kind = question.kind;
    answer.replayed = fields.replayed;
    return answer;
}

/// An order was acknowledged to its buyer.
[[nodiscard]] inline bool took_an_order(const Answer& answer) {
    return makes_an_order(answer.kind) && answer.status == 200 &&
           (answer.code == AnswerCode::held || answer.code == AnswerCode::confirmed ||
            answer.code == AnswerCode::rerouted);
}

/// A group as an answer showed it.
struct SeenGroup {
    std::size_t answer = 0;  // position among the answers
    GroupView view;
};
/// A bargain as an answer showed it.
struct SeenBargain {
    std::size_t answer = 0;
    BargainView view;
};

/// Latencies and counts, as they are reported.
struct RunNumbers {
    LatencyHistogram accepted;
    LatencyHistogram refused;
    LatencyHistogram shed;
    /// From the planned time until the request was given to the kernel, waiting for room on its
    /// connection not counted: the generator's own lateness.
    LatencyHistogram lag;
    std::array<std::uint64_t, answer_code_count> codes{};
    std::uint64_t planned = 0;
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    std::uint64_t lost = 0;        // connections closed under a question; asked again where allowed
    std::uint64_t unknown = 0;     // questions whose answer never came
    std::uint64_t unexpected = 0;  // raw targets: another status than the scenario expects
    std::chrono::nanoseconds length{0};  // of the measured part
    /// Answers in each of the first seconds after T0; the last entry counts all later ones.
    std::array<std::uint64_t, 61> answered_in_second{};
    std::chrono::nanoseconds sold_out_after{0};  // from T0 to the first SOLD_OUT; 0 = never
    MachineUse machine;
    std::string_view wire;

    void count_second(std::chrono::nanoseconds since_t0) {
        const auto second = std::chrono::duration_cast<std::chrono::seconds>(since_t0).count();
        const auto last = static_cast<std::int64_t>(answered_in_second.size()) - 1;
        answered_in_second[static_cast<std::size_t>(std::clamp<std::int64_t>(second, 0, last))] +=
            1;
    }
    [[nodiscard]] std::uint64_t busiest_second() const {
        return *std::max_element(answered_in_second.begin(), answered_in_second.end() - 1);
    }

    LatencyHistogram& latencies(Outcome outcome) {
        switch (outcome) {
            case Outcome::accepted:
                return accepted;
            case Outcome::refused:
                return refused;
            case Outcome::shed:
                break;
        }
        return shed;
    }
};

}  // namespace stampede::loadtest
