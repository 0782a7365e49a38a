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
    /// Groups and bargains as those answers showed them.
    std::vector<SeenGroup> groups{};
    std::vector<SeenBargain> bargains{};
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

/// Of a sale with groups or bargains, whatever the evidence; nothing for another play.
[[nodiscard]] std::vector<Finding> judge_groups(const Account& account, const Evidence& evidence);
[[nodiscard]] std::vector<Finding> judge_bargains(const Account& account, const Evidence& evidence);

inline constexpr std::uint32_t no_payment = ~std::uint32_t{0};

/// What became of an order as far as its buyer and the mall were told.
struct KnownOrder {
    OrderId order;
    BuyerId buyer;
    ItemIndex item;
    Quantity quantity;
    Money amount;
    Receipt receipt;
    Instant pay_by;
    RecordId record;                     // its group or bargain
    Receipt cancel_receipt{};            // when cancelled
    Receipt refund_receipt{};            // when wholly refunded
    std::uint32_t payment = no_payment;  // position of the one that it counts
    ActKind kind = ActKind::order;
    bool cancelled = false;
    bool paid = false;       // a payment was taken for it
    bool confirmed = false;  // … and confirmed: of a group's seat, its group is a success
    bool late = false;       // … after its hold had lapsed
    bool refunded = false;   // wholly
    /// A seat that was refunded, when no receipts tell whether its group's success came before.
    bool may_be_confirmed = false;
    bool may_have_lapsed = false;
    /// Took stock and quota and, but for a cancel or a refund, still does.
    [[nodiscard]] bool lasts() const { return confirmed || (!paid && !may_have_lapsed); }
    /// Surely takes stock and quota now.
    [[nodiscard]] bool counts() const { return !cancelled && !refunded && lasts(); }
};
/// Each acknowledged order once, rising by id. With evidence, groups that were read as a success
/// count as such, also when no payment's answer said so.
[[nodiscard]] std::vector<KnownOrder> known_orders(const Account& account,
                                                   const Evidence& evidence = {});
/// Units of these orders that were surely taken at the same time, by the journal's own order:
/// receipts say exactly when units were taken and given back by a cancel. Orders that may have
/// lapsed or were refunded are left out.
[[nodiscard]] Quantity most_by_receipt(const std::vector<const KnownOrder*>& orders);

/// How the groups and bargains of a run ended, for the report.
struct PlaySummary {
    std::uint64_t groups_opened = 0;
    std::uint64_t groups_succeeded = 0;
    std::uint64_t groups_failed = 0;  // or dissolved
    std::uint64_t groups_running = 0;
    std::uint64_t seats_refund_due = 0;  // told to the mall because their group failed
    std::uint64_t bargains_launched = 0;
    std::uint64_t bargains_at_floor = 0;
    std::uint64_t bargains_paid = 0;
    std::uint64_t cuts = 0;
    Money cut_sum;
    Money price_fallen;  // sum of start_price − current_price
};
[[nodiscard]] PlaySummary summarize_plays(const Account& account, const Evidence& evidence);

}  // namespace stampede::loadtest
