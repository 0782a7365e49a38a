// SPDX-License-Identifier: Apache-2.0
#include "tests/restart/shopper.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <set>

namespace stampede::tests {

namespace {

constexpr const char* no_order = "1c8k2mz41q7ta";  // an id that was never given out

std::string field(const boost::json::object& answer, const char* name) {
    const auto* value = answer.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

std::int64_t amount_of(const boost::json::object& answer) {
    const auto* value = answer.if_contains("amount");
    return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

std::string bargain_of(const Remembered& request) {
    const auto* bargain = request.answer.if_contains("bargain");
    return bargain != nullptr ? field(bargain->as_object(), "bargain_id") : std::string{};
}

/// "/v1/campaigns/ID" of a path below it.
std::string campaign_path(const std::string& path) {
    return path.substr(0, path.find('/', std::string{"/v1/campaigns/"}.size()));
}
std::string order_path(const Remembered& order) {
    return campaign_path(order.path) + "/orders/" + field(order.answer, "order_id");
}

std::string payment_body(const std::string& order, const std::string& payment,
                         std::int64_t amount) {
    return R"({"order_id":")" + order + R"(","payment_id":")" + payment + R"(","amount":)" +
           std::to_string(amount) + R"(,"paid_at":"2026-11-21T20:00:00+08:00"})";
}

/// What a payment is answered when it is told again, by its first answer.
bool is_same_payment(const std::string& first, const HttpAnswer& again) {
    const std::string code = again.code();
    // OK: a seat of a group, which may have succeeded or failed since.
    if (first == "CONFIRMED" || first == "LATE_CONFIRMED" || first == "OK" ||
        first == "ALREADY_DONE") {
        return code == "ALREADY_DONE";
    }
    if (first == "REFUND_REQUIRED") {
        return code == "REFUND_REQUIRED" && again.flag("replayed");
    }
    return code == first;  // AMOUNT_MISMATCH, ORDER_UNKNOWN, PAYMENT_REUSED: judged as before
}

}  // namespace

/// A buyers' and a mall's connection; the buyer's identity goes with each request.
class Shopper::Connection {
  public:
    explicit Connection(Doors doors) : buyers_(doors.buyers), mall_(doors.mall) {}

    /// None when the server went before it answered.
    [[nodiscard]] std::optional<HttpAnswer> ask(const Remembered& request, const char* method) {
        Question question{.method = method, .path = request.path, .body = request.body};
        if (!request.key.empty()) {
            question.headers.push_back("Idempotency-Key: " + request.key);
        }
        HttpClient& client = request.buyer == 0 ? mall_ : buyers_;
        question.headers.push_back(request.buyer == 0
                                       ? "Authorization: Bearer dev"
                                       : "X-Buyer-Id: " + std::to_string(request.buyer));
        HttpAnswer answer = client.ask(question);
        return answer.status == 0 ? std::nullopt : std::optional{std::move(answer)};
    }

  private:
    HttpClient buyers_;
    HttpClient mall_;
};

std::size_t Shopper::any_of(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>{0, count - 1}(chance_);
}

// Asking -----------------------------------------------------------------------------------------

void Shopper::remember(Remembered&& request) {
    const std::string code = field(request.answer, "code");
    if (request.path == "/v1/payments") {
        payments_.push_back(std::move(request));
    } else if (request.path == "/v1/refunds") {
        refunds_.push_back(std::move(request));
    } else if (code == "CANCELLED") {
        cancels_.push_back(std::move(request));
    } else if (code == "HELD") {
        if (request.path.ends_with("/groups")) {
            opened_.push_back(request);
        }
        orders_.push_back(std::move(request));
    } else if (code == "CUT") {
        cuts_.push_back(std::move(request));
    } else if (code == "OK" && request.path.ends_with("/bargains")) {
        launches_.push_back(std::move(request));
    } else {
        static const std::set<std::string> refusals{
            "SOLD_OUT",    "LIMIT_BUYER",   "ORDER_CLOSED", "GROUP_FULL",
            "GROUP_ENDED", "BARGAIN_ENDED", "ALREADY_DONE", "FLOOR_NOT_REACHED"};
        EXPECT_TRUE(refusals.contains(code))
            << request.path << ' ' << boost::json::serialize(request.answer);
        ++refusals_;
    }
}

bool Shopper::ask(Connection& connection, Remembered request) {
    const auto answer = connection.ask(request, "POST");
    if (!answer) {
        ++lost_;
        unanswered_.push_back(std::move(request));
        return false;
    }
    EXPECT_EQ(answer->status, 200) << request.path << ' ' << request.body << ' ' << answer->body;
    request.answer = answer->json;
    remember(std::move(request));
    return true;
}

bool Shopper::ask_for_lost_answers(Doors doors) {
    Connection connection(doors);
    std::vector<Remembered> again;
    again.swap(unanswered_);
    for (std::size_t at = 0; at < again.size(); ++at) {
        if (!ask(connection, again[at])) {
            --lost_;  // the same one as before
            unanswered_.insert(unanswered_.end(),
                               again.begin() + static_cast<std::ptrdiff_t>(at) + 1, again.end());
            return false;
        }
    }
    return true;
}

// Shopping ---------------------------------------------------------------------------------------

bool Shopper::buy(Connection& connection) {
    const std::string& campaign = on_sale_.seckills[any_of(on_sale_.seckills.size())];
    return ask(connection, {.buyer = next_buyer_++,
                            .path = "/v1/campaigns/" + campaign + "/orders",
                            .body = R"({"item_id":"1001","quantity":1})",
                            .key = "k" + std::to_string(next_key_++)});
}

bool Shopper::open_group(Connection& connection) {
    const std::string& campaign = on_sale_.groups[any_of(on_sale_.groups.size())];
    return ask(connection, {.buyer = next_buyer_++,
                            .path = "/v1/campaigns/" + campaign + "/groups",
                            .body = R"({"item_id":"1001","quantity":1})",
                            .key = "g" + std::to_string(next_key_++)});
}

bool Shopper::join_group(Connection& connection) {
    // One of the newest mostly: it still has a seat.
    const std::size_t newest = std::min<std::size_t>(opened_.size(), any_of(10) == 0 ? 200 : 3);
    const Remembered& opened = opened_[opened_.size() - 1 - any_of(newest)];
    return ask(connection,
               {.buyer = next_buyer_++,
                .path = opened.path + "/" + field(opened.answer, "group_id") + "/members",
                .body = {},
                .key = "m" + std::to_string(next_key_++)});
}

bool Shopper::launch(Connection& connection) {
    const std::string& campaign = on_sale_.bargains[any_of(on_sale_.bargains.size())];
    return ask(connection, {.buyer = next_buyer_++,
                            .path = "/v1/campaigns/" + campaign + "/bargains",
                            .body = R"({"item_id":"1001"})",
                            .key = "l" + std::to_string(next_key_++)});
}

bool Shopper::help(Connection& connection) {
    const std::size_t newest = std::min<std::size_t>(launches_.size(), any_of(10) == 0 ? 200 : 3);
    const Remembered& launched = launches_[launches_.size() - 1 - any_of(newest)];
    return ask(connection, {.buyer = next_buyer_++,
                            .path = launched.path + "/" + bargain_of(launched) + "/cuts",
                            .body = {},
                            .key = "h" + std::to_string(next_key_++)});
}

bool Shopper::take_bargain(Connection& connection) {
    const std::size_t newest = std::min<std::size_t>(launches_.size(), 6);
    const Remembered& launched = launches_[launches_.size() - 1 - any_of(newest)];
    return ask(connection, {.buyer = launched.buyer,
                            .path = launched.path + "/" + bargain_of(launched) + "/orders",
                            .body = {},
                            .key = "t" + std::to_string(next_key_++)});
}

bool Shopper::click_again(Connection& connection) {
    const auto& kind = cuts_.empty() || any_of(4) != 0 ? orders_ : cuts_;
    const Remembered& first = kind[any_of(kind.size())];
    const auto again = connection.ask(first, "POST");
    if (!again) {
        return false;  // nothing is lost: the first answer is known
    }
    EXPECT_TRUE(again->flag("replayed")) << again->body;
    EXPECT_EQ(field(again->json, "order_id"), field(first.answer, "order_id"));
    EXPECT_EQ(field(again->json, "receipt"), field(first.answer, "receipt"));
    return true;
}

bool Shopper::cancel(Connection& connection) {
    const Remembered& order = orders_[any_of(orders_.size())];
    return ask(connection, {.buyer = order.buyer,
                            .path = order_path(order) + "/cancel",
                            .body = {},
                            .key = "c" + std::to_string(next_key_++)});
}

bool Shopper::look(Connection& connection) {
    const Remembered& order = orders_[any_of(orders_.size())];
    const auto seen = connection.ask(
        {.buyer = order.buyer, .path = order_path(order), .body = {}, .key = {}}, "GET");
    if (!seen) {
        return false;
    }
    EXPECT_EQ(seen->code(), "OK") << "an acknowledged order is gone: " << order_path(order) << ' '
                                  << seen->body;
    return true;
}

bool Shopper::pay(Connection& connection) {
    // One of the newest mostly: groups come to their end by it.
    const std::size_t newest = std::min<std::size_t>(orders_.size(), any_of(4) == 0 ? 1000 : 12);
    const Remembered& held = orders_[orders_.size() - 1 - any_of(newest)];
    const std::string order = field(held.answer, "order_id");
    // An order has one payment id mostly, so that the same is told twice and a second one is rare.
    std::string payment = "p-" + order + (any_of(20) == 0 ? "-2" : "-1");
    std::int64_t amount = amount_of(held.answer);
    std::string to = order;
    switch (any_of(30)) {
        case 0:
            amount += 1;
            payment += "-wrong";
            break;
        case 1:
            to = no_order;
            payment += "-nowhere";
            break;
        default:
            break;
    }
    return ask(
        connection,
        {.buyer = 0, .path = "/v1/payments", .body = payment_body(to, payment, amount), .key = {}});
}

bool Shopper::refund(Connection& connection) {
    const Remembered& paid = payments_[any_of(payments_.size())];
    const std::string code = field(paid.answer, "code");
    if (code != "CONFIRMED" && code != "OK") {
        return true;
    }
    const std::string order = field(paid.answer, "order_id");
    return ask(connection, {.buyer = 0,
                            .path = "/v1/refunds",
                            .body = R"({"order_id":")" + order + R"(","refund_id":"r-)" + order +
                                    R"(","quantity":1,"amount":)" +
                                    std::to_string(amount_of(paid.answer)) + "}",
                            .key = {}});
}

bool Shopper::play(Connection& connection, std::size_t dice) {
    if (opened_.empty() || dice < 24) {
        return open_group(connection);
    }
    if (dice < 36) {
        return join_group(connection);
    }
    if (launches_.empty() || dice < 40) {
        return launch(connection);
    }
    return dice < 47 ? help(connection) : take_bargain(connection);
}

bool Shopper::step(Connection& connection) {
    const std::size_t dice = any_of(100);
    if (orders_.empty() || dice < 18) {
        return buy(connection);
    }
    if (dice < 50) {
        return play(connection, dice);
    }
    if (dice < 57) {
        return click_again(connection);
    }
    if (dice < 61) {
        return cancel(connection);
    }
    if (dice < 67) {
        return look(connection);
    }
    return dice < 97 || payments_.empty() ? pay(connection) : refund(connection);
}

void Shopper::shop(Doors doors) {
    if (!ask_for_lost_answers(doors)) {
        return;
    }
    Connection connection(doors);
    while (step(connection)) {}
}

// Afterwards -------------------------------------------------------------------------------------

void Shopper::tell_payments_again(Doors doors) const {
    Connection connection(doors);
    for (const Remembered& payment : payments_) {
        const auto again = connection.ask(payment, "POST");
        ASSERT_TRUE(again) << "the server went away";
        EXPECT_TRUE(is_same_payment(field(payment.answer, "code"), *again))
            << payment.body << " was answered " << boost::json::serialize(payment.answer)
            << " and is now " << again->body;
    }
    for (const Remembered& refund : refunds_) {
        const auto again = connection.ask(refund, "POST");
        ASSERT_TRUE(again) << "the server went away";
        EXPECT_EQ(again->code(), "ALREADY_DONE") << refund.body << ' ' << again->body;
    }
}

void Shopper::ask_everything_again(Doors doors) const {
    Connection connection(doors);
    for (const auto* kind : {&orders_, &cancels_, &launches_, &cuts_}) {
        for (const Remembered& first : *kind) {
            const auto again = connection.ask(first, "POST");
            ASSERT_TRUE(again) << "the server went away";
            ASSERT_EQ(again->status, 200) << again->body;
            EXPECT_TRUE(again->flag("replayed")) << again->body;
            for (const char* part : {"code", "order_id", "state", "item_id", "quantity", "amount",
                                     "pay_by_ms", "group_id", "bargain_id", "cut", "receipt"}) {
                const auto* was = first.answer.if_contains(part);
                const auto* is = again->json.if_contains(part);
                EXPECT_TRUE((was == nullptr) == (is == nullptr) && (was == nullptr || *was == *is))
                    << part << " was otherwise in " << boost::json::serialize(first.answer)
                    << " than in " << again->body;
            }
        }
    }
}

void Shopper::add_up_the_cuts(Doors doors) const {
    Connection connection(doors);
    std::map<std::string, std::multiset<std::int64_t>> acknowledged;
    for (const Remembered& cut : cuts_) {
        acknowledged[bargain_of(cut)].insert(
            cut.answer.at("cut").as_object().at("amount").as_int64());
    }
    for (const Remembered& launched : launches_) {
        const std::string id = bargain_of(launched);
        const auto seen = connection.ask(
            {.buyer = launched.buyer, .path = launched.path + "/" + id, .body = {}, .key = {}},
            "GET");
        ASSERT_TRUE(seen) << "the server went away";
        ASSERT_EQ(seen->code(), "OK") << "an acknowledged bargain is gone: " << seen->body;
        const auto& bargain = seen->json.at("bargain").as_object();
        std::multiset<std::int64_t> cuts;
        std::int64_t sum = 0;
        for (const auto& cut : bargain.at("cuts").as_array()) {
            sum += *cuts.insert(cut.as_object().at("amount").as_int64());
        }
        EXPECT_EQ(bargain.at("start_price").as_int64() - sum,
                  bargain.at("current_price").as_int64())
            << seen->body;
        EXPECT_EQ(cuts, acknowledged[id]) << "each cut was acknowledged, and none is lost";
    }
}

}  // namespace stampede::tests
