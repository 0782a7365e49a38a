// SPDX-License-Identifier: Apache-2.0
// One request at a time: a crash loop has thousands of answers, not millions.
#include "loadtest/verify_answers.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <span>

#include "engine/vocabulary/limits.hpp"

namespace stampede::loadtest {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds patience{10'000};

class BuyersSide {
  public:
    explicit BuyersSide(const VerifyAsk& ask)
        : door_(ask.buyers, ask.api_key, patience), host_(ask.buyers.text) {
        if (ask.buyer_key) {
            const auto now = std::chrono::system_clock::now();
            mint_.emplace(*ask.buyer_key, std::chrono::system_clock::to_time_t(now) + 86'400);
        }
    }

    Result<DoorReply> again(const LoggedOrder& logged) {
        const std::string path = "/v1/campaigns/" + logged.campaign_id;
        if (!logged.cancel_of.empty()) {
            return door_.send(
                head("POST", path + "/orders/" + logged.cancel_of + "/cancel", logged) +
                "Idempotency-Key: " + logged.key + "\r\nContent-Length: 0\r\n\r\n");
        }
        const RequestWords words =
            words_of(logged.act, logged.record, logged.item_id, logged.asked_quantity);
        const std::string type = words.body.empty() ? "" : "\r\nContent-Type: application/json";
        return door_.send(
            head("POST", path + words.path, logged) + "Idempotency-Key: " + logged.key + type +
            "\r\nContent-Length: " + std::to_string(words.body.size()) + "\r\n\r\n" + words.body);
    }
    Result<DoorReply> read(const LoggedOrder& logged) {
        return door_.send(head("GET",
                               "/v1/campaigns/" + logged.campaign_id + "/orders/" + logged.order_id,
                               logged) +
                          "\r\n");
    }

  private:
    std::string head(std::string_view method, const std::string& target,
                     const LoggedOrder& logged) {
        std::string text =
            std::string{method} + ' ' + target + " HTTP/1.1\r\nHost: " + host_ + "\r\n";
        if (mint_) {
            text += "Authorization: Bearer " + mint_->mint(BuyerId{std::stoull(logged.buyer)});
        } else {
            text += "X-Buyer-Id: " + logged.buyer;
        }
        return text + "\r\n";
    }

    MallDoor door_;
    std::string host_;
    std::optional<TokenMint> mint_;
};

bool same_answer(const LoggedOrder& logged, const DoorReply& reply) {
    const AnswerFields now = read_answer(reply.body);
    if (reply.status != 200 || name_of(now.code) != logged.code || !now.replayed ||
        text_of(now.receipt) != logged.receipt) {
        return false;
    }
    if (!logged.cancel_of.empty()) {
        return true;
    }
    const Money amount = now.cut.empty() ? now.amount : read_cut(now.cut).amount;
    return Base36{now.order.raw()}.view() == logged.order_id && amount.fen() == logged.amount &&
           now.quantity.units() == logged.quantity && now.pay_by.ms() == logged.pay_by_ms;
}

Result<std::vector<Finding>> verify_orders(const LoggedAnswers& answers, const VerifyAsk& ask) {
    Finding replayed{"answers_replayed",
                     "the same key again gives the acknowledged answer, marked as replayed"};
    Finding found{"orders_found", "every acknowledged order can be read by its buyer"};
    BuyersSide buyers{ask};
    for (const LoggedOrder& logged : answers.orders) {
        const Result<DoorReply> again = buyers.again(logged);
        if (!again.has_value()) {
            return again.error();
        }
        replayed.expect(same_answer(logged, *again), [&] {
            return "acknowledged " + logged.code + " order " + logged.order_id + " receipt " +
                   logged.receipt + ", now " + std::to_string(again->status) + ' ' + again->body;
        });
        if (!logged.cancel_of.empty() || !makes_an_order(logged.act)) {
            continue;
        }
        const Result<DoorReply> read = buyers.read(logged);
        if (!read.has_value()) {
            return read.error();
        }
        const AnswerFields fields = read_answer(read->body);
        found.expect(read->status == 200 && fields.code == AnswerCode::ok &&
                         Base36{fields.order.raw()}.view() == logged.order_id &&
                         fields.amount.fen() == logged.amount &&
                         fields.quantity.units() == logged.quantity,
                     [&] {
                         return "order " + logged.order_id + ": " + std::to_string(read->status) +
                                ' ' + read->body;
                     });
    }
    return std::vector<Finding>{std::move(replayed), std::move(found)};
}

// What the payment table says to the same payment once more.
AnswerCode expected_again(const LoggedPayment& logged) {
    const AnswerCode code = answer_code_from(logged.code);
    switch (outcome_of(code, 200)) {
        case Outcome::accepted:
            return code == AnswerCode::late_held ? AnswerCode::late_held : AnswerCode::already_done;
        case Outcome::refused:
        case Outcome::shed:
            break;
    }
    return code;
}

Result<json::array> tell_again(MallDoor& mall, std::span<const LoggedPayment> batch) {
    json::array payments;
    for (const LoggedPayment& payment : batch) {
        payments.push_back(json::object{{"order_id", payment.order_id},
                                        {"payment_id", payment.payment_id},
                                        {"amount", payment.amount},
                                        {"paid_at", payment.paid_at}});
    }
    const Result<DoorReply> reply = mall.post(
        "/v1/payments/batch", json::serialize(json::object{{"payments", std::move(payments)}}), "");
    if (!reply.has_value()) {
        return reply.error();
    }
    json::value body = reply->json();
    json::value* rows = body.is_object() ? body.get_object().if_contains("results") : nullptr;
    if (reply->status != 200 || rows == nullptr || !rows->is_array() ||
        rows->get_array().size() != batch.size()) {
        return fault("POST /v1/payments/batch answered " + std::to_string(reply->status) + ": " +
                     reply->body.substr(0, 300));
    }
    return std::move(rows->get_array());
}

Result<Finding> verify_payments(const LoggedAnswers& answers, const VerifyAsk& ask) {
    Finding finding{"payments_replayed", "a payment told again changes nothing and is recognised"};
    MallDoor mall{ask.mall, ask.api_key, patience};
    for (std::uint32_t round = 0; round < ask.replay_payments; ++round) {
        const std::span<const LoggedPayment> all{answers.payments};
        for (std::size_t start = 0; start < all.size();) {
            const std::size_t count = std::min(all.size() - start, limits::payments_per_batch_max);
            const auto batch = all.subspan(start, count);
            const Result<json::array> rows = tell_again(mall, batch);
            if (!rows.has_value()) {
                return rows.error();
            }
            for (std::size_t at = 0; at < count; ++at) {
                const AnswerFields now = read_answer(json::serialize((*rows)[at]));
                finding.expect(now.code == expected_again(batch[at]), [&] {
                    return "payment " + batch[at].payment_id + " was answered " + batch[at].code +
                           ", now " + json::serialize((*rows)[at]);
                });
            }
            start += count;
        }
    }
    return finding;
}

}  // namespace

Result<std::vector<Finding>> verify_with_server(const LoggedAnswers& answers,
                                                const VerifyAsk& ask) {
    Result<std::vector<Finding>> findings = verify_orders(answers, ask);
    if (!findings.has_value()) {
        return findings;
    }
    Result<Finding> payments = verify_payments(answers, ask);
    if (!payments.has_value()) {
        return payments.error();
    }
    findings->push_back(*std::move(payments));
    return findings;
}

std::vector<Finding> verify_with_journal(const LoggedAnswers& answers,
                                         const JournalContents& journal) {
    Finding finding{"acknowledged_in_journal", "every acknowledged receipt and order is journaled"};
    for (const LoggedOrder& logged : answers.orders) {
        finding.expect(journal.receipts.contains(logged.receipt) &&
                           (!logged.cancel_of.empty() || !makes_an_order(logged.act) ||
                            journal.orders.contains(logged.order_id)),
                       [&] {
                           return "order " + logged.order_id + " receipt " + logged.receipt +
                                  " is not in the journal";
                       });
    }
    return {finding};
}

}  // namespace stampede::loadtest
