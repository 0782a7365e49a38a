// SPDX-License-Identifier: Apache-2.0
// The oracle is silent about a right sale and speaks up about each planted lie. Every invariant has
// a test in which it fires: the last test holds the list of lies against the list of invariants.
#include "loadtest/oracle.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>

namespace stampede::loadtest {
namespace {

constexpr std::int64_t start_ms = 1'000'000;

Answer held(std::uint64_t number) {
    Answer answer;
    answer.buyer = BuyerId{1'000'000'000 + number};
    answer.key = KeyNumber{number};
    answer.order = OrderId{5000 + number};
    answer.receipt = {3, 1, 100 + number};
    answer.amount = Money{9900};
    answer.pay_by = Instant{start_ms + static_cast<std::int64_t>(number) + 300'000};
    answer.connection = ConnectionIndex{0};
    answer.quantity = 1;
    answer.status = 200;
    answer.code = AnswerCode::held;
    return answer;
}

Answer refused(std::uint64_t number, AnswerCode code) {
    Answer answer;
    answer.buyer = BuyerId{1'000'000'000 + number};
    answer.key = KeyNumber{number};
    answer.status = 200;
    answer.code = code;
    return answer;
}

Answer cancelled(const Answer& order, std::uint64_t number) {
    Answer answer = order;
    answer.kind = ActKind::cancel;
    answer.key = KeyNumber{number};
    answer.code = AnswerCode::cancelled;
    answer.receipt = {3, 1, 500 + number};
    return answer;
}

PaymentAnswer paid(const Answer& order, AnswerCode code, const std::string& suffix = {},
                   PaymentKind kind = PaymentKind::plain) {
    PaymentAnswer answer;
    answer.payment = {order.order, "pay-" + Base36{order.order.raw()}.str() + suffix, order.amount,
                      "", kind};
    answer.code = code;
    return answer;
}

ListedOrder listed(const Answer& order, std::string state) {
    return {Base36{order.order.raw()}.str(),
            std::to_string(order.buyer.raw()),
            "1001",
            std::move(state),
            order.quantity,
            order.amount.fen(),
            0};
}

SettledOrder settled(const Answer& order, std::string state, std::int64_t refunded) {
    SettledOrder row;
    row.order_id = Base36{order.order.raw()}.str();
    row.buyer_id = std::to_string(order.buyer.raw());
    row.state = std::move(state);
    row.amount = order.amount.fen();
    row.refunded_amount = refunded;
    row.lines = 1;
    row.lines_amount = row.amount;
    row.lines_quantity = order.quantity;
    return row;
}

struct World {
    Account account;
    Evidence evidence;
};

// Five units, five buyers: two pay (one twice), one pays and is refunded, one cancels, one is still
// held. A sixth is told that it is sold out, and a second click is replayed.
World right_sale() {
    World world;
    Account& account = world.account;
    account.sale.campaign_id = "7";
    account.sale.items = {{"1001", Money{9900}, Quantity{5}}};
    account.ended = Instant{start_ms + 1000};
    for (std::uint64_t number = 1; number <= 5; ++number) {
        account.answers.push_back(held(number));
    }
    account.answers.push_back(refused(6, AnswerCode::sold_out));
    Answer again = held(1);
    again.replayed = true;
    account.answers.push_back(again);
    account.answers.push_back(cancelled(held(4), 20));
    account.payments = {
        paid(held(1), AnswerCode::confirmed),
        paid(held(1), AnswerCode::already_done, "", PaymentKind::again),
        paid(held(1), AnswerCode::refund_required, "-b", PaymentKind::second),
        paid(held(2), AnswerCode::amount_mismatch, "-w", PaymentKind::wrong_amount),
        paid(held(2), AnswerCode::confirmed),
        paid(held(3), AnswerCode::confirmed),
    };
    account.refunds = {{held(3).order, "r", Money{9900}, Quantity{1}, AnswerCode::ok, 200}};

    Evidence& evidence = world.evidence;
    evidence.ledger = {{"1001", 5, 2, 1, 2, 0, 0}};
    evidence.orders = {listed(held(1), "confirmed"), listed(held(2), "confirmed"),
                       listed(held(3), "refunded"), listed(held(4), "cancelled"),
                       listed(held(5), "held")};
    MallDatabase mall;
    mall.orders = {settled(held(1), "confirmed", 0), settled(held(2), "confirmed", 0),
                   settled(held(3), "refunded", 9900)};
    const std::string first = account.payments[2].payment.payment_id;
    const std::string wrong = account.payments[3].payment.payment_id;
    mall.events = {{"e1", "REFUND_REQUIRED", "", first, 9900},
                   {"e2", "PAYMENT_MISMATCH", "", wrong, 9899},
                   {"e3", "STOCK_DELTA", "", "", 0}};
    mall.cursors = 1;
    evidence.mall = mall;
    JournalContents journal;
    for (const Answer& answer : account.answers) {
        journal.receipts.insert(text_of(answer.receipt));
        journal.orders.insert(Base36{answer.order.raw()}.str());
    }
    evidence.journal = journal;
    return world;
}

std::vector<Finding> judge_all(const World& world) {
    std::vector<Finding> findings = judge_answers(world.account);
    for (auto&& more :
         {judge_payments(world.account), judge_evidence(world.account, world.evidence)}) {
        findings.insert(findings.end(), more.begin(), more.end());
    }
    return findings;
}

std::set<std::string> broken_in(const World& world) {
    std::set<std::string> broken;
    for (const Finding& finding : judge_all(world)) {
        if (finding.broken > 0) {
            EXPECT_FALSE(finding.examples.empty()) << finding.invariant;
            broken.insert(finding.invariant);
        }
    }
    return broken;
}

TEST(Oracle, is_silent_about_a_right_sale_and_checks_something_for_every_claim) {
    for (const Finding& finding : judge_all(right_sale())) {
        EXPECT_EQ(finding.broken, 0u) << finding.invariant << ": "
                                      << (finding.examples.empty() ? "" : finding.examples.front());
        EXPECT_GT(finding.checked, 0u) << finding.invariant;
    }
}

struct Lie {
    const char* name;
    const char* invariant;  // that must fire
    std::function<void(World&)> plant;
};

const std::vector<Lie>& lies() {
    static const std::vector<Lie> all{
        {"a_code_that_the_rules_do_not_have", "codes_allowed",
         [](World& w) { w.account.answers[5].code = AnswerCode::unknown; }},
        {"a_malformed_verdict_on_a_right_request", "codes_allowed",
         [](World& w) { w.account.answers[5].status = 400; }},
        {"confirmed_without_payment", "codes_allowed",
         [](World& w) { w.account.answers[4].code = AnswerCode::confirmed; }},
        {"a_hold_without_a_receipt", "codes_allowed",
         [](World& w) { w.account.answers[4].receipt = {}; }},
        {"one_unit_too_many", "no_oversell",
         [](World& w) { w.account.sale.items[0].stock = Quantity{2}; }},
        {"two_units_for_one_buyer", "limit_per_buyer",
         [](World& w) { w.account.answers[4].buyer = w.account.answers[0].buyer; }},
        {"another_price", "amounts_right",
         [](World& w) { w.account.answers[4].amount = Money{9901}; }},
        {"another_quantity", "amounts_right", [](World& w) { w.account.answers[4].quantity = 2; }},
        {"a_replay_with_another_order", "replays_equal",
         [](World& w) { w.account.answers[6].order = OrderId{77}; }},
        {"a_replay_with_another_receipt", "replays_equal",
         [](World& w) { w.account.answers[6].receipt.sequence += 1000; }},
        {"a_replay_that_became_a_refusal", "replays_equal",
         [](World& w) { w.account.answers[6] = refused(1, AnswerCode::sold_out); }},
        {"a_replay_that_is_not_marked", "replays_equal",
         [](World& w) { w.account.answers[6].replayed = false; }},
        {"a_first_answer_marked_as_replay", "replays_equal",
         [](World& w) { w.account.answers[4].replayed = true; }},
        {"one_order_for_two_buyers", "order_ids_unique",
         [](World& w) { w.account.answers[4].order = w.account.answers[0].order; }},
        {"one_receipt_for_two_acts", "receipts_unique",
         [](World& w) { w.account.answers[4].receipt = w.account.answers[0].receipt; }},
        {"receipts_that_go_back", "receipts_increase",
         [](World& w) { w.account.answers[4].receipt = {3, 1, 50}; }},
        {"an_acknowledged_order_unknown_to_payments", "payments_answered_right",
         [](World& w) { w.account.payments[4].code = AnswerCode::order_unknown; }},
        {"a_wrong_amount_taken", "payments_answered_right",
         [](World& w) { w.account.payments[3].code = AnswerCode::confirmed; }},
        {"two_confirmations_of_one_order", "one_confirmation",
         [](World& w) { w.account.payments[1].code = AnswerCode::confirmed; }},
        {"two_payments_counted", "one_confirmation",
         [](World& w) { w.account.payments[2].code = AnswerCode::already_done; }},
        {"a_refund_refused", "refunds_taken", [](World& w) { w.account.refunds[0].status = 409; }},
        {"a_ledger_that_does_not_add_up", "ledger_adds_up",
         [](World& w) { (*w.evidence.ledger)[0].available = 3; }},
        {"a_negative_part", "ledger_adds_up",
         [](World& w) {
             (*w.evidence.ledger)[0].available = -1;
             (*w.evidence.ledger)[0].removed = 3;
         }},
        {"a_total_that_moved", "ledger_adds_up",
         [](World& w) {
             (*w.evidence.ledger)[0].total = 6;
             (*w.evidence.ledger)[0].available = 3;
         }},
        {"an_item_without_a_ledger_line", "ledger_adds_up",
         [](World& w) { w.evidence.ledger->clear(); }},
        {"a_sale_that_the_ledger_forgot", "ledger_matches_answers",
         [](World& w) {
             (*w.evidence.ledger)[0].sold = 1;
             (*w.evidence.ledger)[0].available = 3;
         }},
        {"a_hold_that_the_ledger_forgot", "ledger_matches_answers",
         [](World& w) {
             (*w.evidence.ledger)[0].held = 0;
             (*w.evidence.ledger)[0].available = 3;
         }},
        {"a_lost_order", "no_order_lost", [](World& w) { w.evidence.orders->pop_back(); }},
        {"an_order_that_changed_its_buyer", "no_order_lost",
         [](World& w) { (*w.evidence.orders)[0].buyer_id = "5"; }},
        {"an_order_that_nobody_asked_for", "no_order_invented",
         [](World& w) { w.evidence.orders->push_back(listed(held(99), "held")); }},
        {"a_paid_order_that_lapsed", "states_agree",
         [](World& w) { (*w.evidence.orders)[0].state = "expired"; }},
        {"a_hold_that_lapsed_too_early", "states_agree",
         [](World& w) { (*w.evidence.orders)[4].state = "expired"; }},
        {"a_cancelled_order_that_is_held", "states_agree",
         [](World& w) { (*w.evidence.orders)[3].state = "held"; }},
        {"orders_and_ledger_that_differ", "ledger_matches_orders",
         [](World& w) { (*w.evidence.orders)[4].quantity = 2; }},
        {"a_confirmed_order_not_settled", "settled_is_confirmed",
         [](World& w) { w.evidence.mall->orders.erase(w.evidence.mall->orders.begin()); }},
        {"a_hold_that_was_settled", "settled_is_confirmed",
         [](World& w) { w.evidence.mall->orders.push_back(settled(held(5), "confirmed", 0)); }},
        {"a_settled_amount_that_differs", "settled_is_confirmed",
         [](World& w) { w.evidence.mall->orders[0].amount = 1; }},
        {"a_refund_that_was_not_settled", "settled_is_confirmed",
         [](World& w) { w.evidence.mall->orders[2].state = "confirmed"; }},
        {"a_double_settlement", "settled_once",
         [](World& w) { w.evidence.mall->orders.push_back(w.evidence.mall->orders[0]); }},
        {"an_order_without_lines", "settled_once",
         [](World& w) { w.evidence.mall->orders[0].lines = 0; }},
        {"lines_that_do_not_make_the_amount", "settled_once",
         [](World& w) { w.evidence.mall->orders[0].lines_amount = 1; }},
        {"lines_of_no_order", "settled_once",
         [](World& w) { w.evidence.mall->lines_without_order = 1; }},
        {"two_cursors", "settled_once", [](World& w) { w.evidence.mall->cursors = 2; }},
        {"a_refund_owed_and_not_told", "obligations_once",
         [](World& w) { w.evidence.mall->events.erase(w.evidence.mall->events.begin()); }},
        {"a_refund_told_twice", "obligations_once",
         [](World& w) {
             w.evidence.mall->events.push_back(w.evidence.mall->events[0]);
             w.evidence.mall->events.back().event_id = "e9";
         }},
        {"a_refund_told_that_nobody_owes", "obligations_once",
         [](World& w) {
             w.evidence.mall->events.push_back({"e9", "REFUND_REQUIRED", "", "other", 1});
         }},
        {"an_event_written_twice", "obligations_once",
         [](World& w) { w.evidence.mall->events.push_back(w.evidence.mall->events[2]); }},
        {"an_acknowledged_order_missing_in_the_journal", "acknowledged_in_journal",
         [](World& w) { w.evidence.journal->orders.erase(Base36{held(5).order.raw()}.str()); }},
        {"an_acknowledged_receipt_missing_in_the_journal", "acknowledged_in_journal",
         [](World& w) { w.evidence.journal->receipts.erase(text_of(held(5).receipt)); }},
        {"a_cancel_missing_in_the_journal", "acknowledged_in_journal",
         [](World& w) { w.evidence.journal->receipts.erase("3.1.520"); }},
    };
    return all;
}

class OracleCatches : public testing::TestWithParam<Lie> {};

TEST_P(OracleCatches, the_lie) {
    World world = right_sale();
    GetParam().plant(world);
    EXPECT_TRUE(broken_in(world).contains(GetParam().invariant));
}

INSTANTIATE_TEST_SUITE_P(Planted, OracleCatches, testing::ValuesIn(lies()),
                         [](const auto& lie) { return std::string{lie.param.name}; });

TEST(Oracle, has_a_planted_lie_for_every_invariant) {
    std::set<std::string> caught;
    for (const Lie& lie : lies()) {
        caught.insert(lie.invariant);
    }
    for (const Finding& finding : judge_all(right_sale())) {
        EXPECT_TRUE(caught.contains(finding.invariant)) << finding.invariant;
    }
}

TEST(Oracle, notices_an_oversell_that_was_over_before_the_end) {
    World world = right_sale();
    world.account.sale.items[0].stock = Quantity{3};
    world.account.payments.clear();
    world.account.refunds.clear();
    world.account.ended = Instant{start_ms + 10'000'000};  // every hold has lapsed since
    const std::vector<Finding> findings = judge_answers(world.account);
    const auto oversell =
        std::find_if(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.invariant == "no_oversell"; });
    ASSERT_NE(oversell, findings.end());
    EXPECT_EQ(oversell->broken, 1u) << "four of three units were held at the same time";
}

TEST(Oracle, notices_an_oversell_that_a_cancel_hid) {
    World world = right_sale();
    // Orders 1 to 5 were taken before order 4 was cancelled: five units at that moment.
    world.account.sale.items[0].stock = Quantity{3};
    world.account.payments = {paid(held(1), AnswerCode::confirmed)};
    world.account.answers.erase(world.account.answers.begin() + 1);
    world.account.refunds.clear();
    EXPECT_TRUE(broken_in(world).contains("no_oversell")) << "1, 3, 4 and 5 of three units";
    world.account.answers.back().receipt = {3, 1, 104};  // the cancel came before order 5
    for (std::size_t at = 0; at < world.account.answers.size(); ++at) {
        if (world.account.answers[at].buyer == held(5).buyer) {
            world.account.answers[at].receipt = {3, 1, 205};
        }
    }
    EXPECT_FALSE(broken_in(world).contains("no_oversell"));
}

TEST(Oracle, allows_a_unit_to_be_sold_again_after_its_hold_has_lapsed) {
    World world = right_sale();
    Account& account = world.account;
    account.payments.clear();
    account.refunds.clear();
    account.answers.clear();
    account.sale.items[0].stock = Quantity{1};
    account.sale.hold = Duration::seconds(10);
    for (std::uint64_t number = 1; number <= 3; ++number) {
        Answer answer = held(number);
        answer.pay_by = Instant{start_ms + static_cast<std::int64_t>(number) * 10'000};
        account.answers.push_back(answer);
    }
    account.ended = Instant{start_ms + 40'000};
    for (const Finding& finding : judge_answers(account)) {
        EXPECT_EQ(finding.broken, 0u) << finding.invariant;
    }
}

TEST(Oracle, leaves_open_what_a_lost_answer_may_have_done) {
    World world = right_sale();
    PlannedAct lost;
    lost.buyer = held(99).buyer;
    lost.key = KeyNumber{99};
    world.account.unknown = {lost};
    world.evidence.orders->push_back(listed(held(99), "held"));
    (*world.evidence.ledger)[0].held = 2;
    (*world.evidence.ledger)[0].available = 1;
    EXPECT_EQ(broken_in(world), std::set<std::string>{});
}

TEST(Oracle, accepts_a_replay_as_the_first_answer_when_an_earlier_try_was_lost) {
    World world = right_sale();
    world.account.answers[4].replayed = true;
    world.account.answers[4].asked_before = true;
    EXPECT_EQ(broken_in(world), std::set<std::string>{});
}

TEST(Oracle, compares_counts_when_answers_were_not_kept) {
    Account account;
    account.sale.items = {{"1001", Money{9900}, Quantity{100}}};
    account.orders_counted = 40;
    Evidence evidence;
    evidence.ledger = {{"1001", 100, 60, 40, 0, 0, 0}};
    const auto broken = [&] {
        std::uint64_t sum = 0;
        for (const Finding& finding : judge_evidence(account, evidence)) {
            sum += finding.broken;
        }
        return sum;
    };
    EXPECT_EQ(broken(), 0u);
    evidence.ledger = {{"1001", 100, 61, 39, 0, 0, 0}};
    EXPECT_EQ(broken(), 1u);
    evidence.ledger = {{"1001", 100, 59, 41, 0, 0, 0}};
    EXPECT_EQ(broken(), 1u);
}

}  // namespace
}  // namespace stampede::loadtest
