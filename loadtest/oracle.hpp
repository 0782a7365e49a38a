// SPDX-License-Identifier: Apache-2.0
// The judge: holds every answer against the rules, and all answers together against the ledger, the
// order list, the journal and the mall's database. Written from the documents (rules and contract),
// never from the server's code; it shares no type with it. Pure: it only reads what was gathered.
//
// Soundness before strictness: a check may only fire when no correct server could have answered so.
// What the crowd cannot know (an answer that was lost, a hold that may have lapsed) is left open.
#pragma once

#include <optional>
#include <vector>

#include "loadtest/answer.hpp"
#include "loadtest/crowd_plan.hpp"
#include "loadtest/evidence.hpp"
#include "loadtest/finding.hpp"
#include "loadtest/payment.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

/// What the crowd and the mall were told, in the order of arrival per connection.
struct Account {
    Sale sale;
    /// Units asked for by each order.
    Quantity asked{1};
    std::vector<Answer> answers;
    /// Acts that may or may not have made an order.
    std::vector<PlannedAct> unknown;
    std::vector<PaymentAnswer> payments;
    std::vector<RefundAnswer> refunds;
    /// The server's wall clock when the last answer came: holds that end later cannot have lapsed.
    Instant ended;
    /// Payments or refunds whose answer never came: sums of money are then lower bounds only.
    std::uint64_t undelivered = 0;
    /// Set when answers were counted and not kept: orders answered HELD or CONFIRMED.
    std::optional<std::uint64_t> orders_counted;
};

/// One per invariant, always all of them, in a stable order.
[[nodiscard]] std::vector<Finding> judge_answers(const Account& account);
[[nodiscard]] std::vector<Finding> judge_payments(const Account& account);
/// Only for the evidence that is present.
[[nodiscard]] std::vector<Finding> judge_evidence(const Account& account, const Evidence& evidence);

/// What became of an order as far as its buyer and the mall were told.
struct KnownOrder {
    OrderId order;
    BuyerId buyer;
    ItemIndex item;
    Quantity quantity;
    Money amount;
    Receipt receipt;
    Instant pay_by;
    Receipt cancel_receipt;  // when cancelled
    bool cancelled = false;
    bool confirmed = false;  // a payment was answered CONFIRMED, LATE_CONFIRMED or ALREADY_DONE
    bool late = false;       // … after its hold had lapsed
    bool refunded = false;   // wholly
    bool may_have_lapsed = false;
    /// Surely takes stock and quota now.
    [[nodiscard]] bool counts() const {
        return !cancelled && !refunded && (confirmed || !may_have_lapsed);
    }
};
/// Each acknowledged order once, rising by id.
[[nodiscard]] std::vector<KnownOrder> known_orders(const Account& account);

}  // namespace stampede::loadtest
