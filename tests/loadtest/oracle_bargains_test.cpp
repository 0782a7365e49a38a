// SPDX-License-Identifier: Apache-2.0
// The oracle is silent about right bargains and speaks up about each planted lie.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "loadtest/oracle.hpp"

namespace stampede::loadtest {
namespace {

constexpr std::int64_t start_ms = 1'000'000;
constexpr RecordId bought{801};
constexpr RecordId still_open{802};

Answer act(ActKind kind, std::uint64_t buyer, RecordId bargain, AnswerCode code) {
    static constexpr std::uint64_t base = 1'000'000'000;
    Answer answer;
    answer.buyer = BuyerId{base + buyer};
    answer.kind = kind;
    answer.record = bargain;
    answer.status = 200;
    answer.code = code;
    return answer;
}

BargainView view(RecordId id, BargainState state, std::vector<std::int64_t> cuts) {
    BargainView bargain;
    bargain.id = id;
    bargain.state = state;
    bargain.start = Money{9900};
    bargain.floor = Money{900};
    bargain.current = bargain.start;
    bargain.helpers_needed = 3 - static_cast<std::int64_t>(cuts.size());
    for (const std::int64_t cut : cuts) {
        bargain.cuts.push_back({Money{cut}, Instant{start_ms}});
        bargain.current = bargain.current - Money{cut};
    }
    return bargain;
}

struct World {
    Account account;
    Evidence evidence;
};

// One bargain is cut by three, bought and paid; another has one cut. The starter of the second
// tries himself, and the third helper comes once more.
World right_sale() {
    World world;
    Account& account = world.account;
    account.sale.campaign_id = "7";
    account.sale.play = Play::bargain;
    account.sale.bargain.start = Money{9900};
    account.sale.bargain.floor = Money{900};
    account.sale.bargain.helpers = 3;
    account.sale.bargain.helps_per_buyer = 2;
    account.sale.items = {{"1001", Money{9900}, Quantity{5}, account.sale.bargain}};
    account.ended = Instant{start_ms + 1000};
    using enum AnswerCode;
    account.answers = {
        act(ActKind::launch, 1, bought, ok),         act(ActKind::launch, 2, still_open, ok),
        act(ActKind::cut, 11, bought, cut),          act(ActKind::cut, 12, bought, cut),
        act(ActKind::cut, 2, bought, cut),           act(ActKind::cut, 11, still_open, cut),
        act(ActKind::cut, 2, still_open, help_self), act(ActKind::cut, 12, bought, help_repeat),
        act(ActKind::bargain_order, 1, bought, held)};
    const std::vector<std::int64_t> amounts{0, 0, 3000, 4000, 2000, 1500, 0, 0, 900};
    for (std::size_t at = 0; at < account.answers.size(); ++at) {
        Answer& answer = account.answers[at];
        answer.key = KeyNumber{at + 1};
        answer.amount = Money{amounts[at]};
        if (answer.code != help_self && answer.code != help_repeat) {
            answer.receipt = {3, 1, 100 + at};
        }
    }
    account.answers.back().order = OrderId{5001};
    account.answers.back().quantity = 1;
    account.answers.back().pay_by = Instant{start_ms + 300'000};
    account.bargains = {{0, view(bought, BargainState::open, {})},
                        {3, view(bought, BargainState::open, {3000, 4000})},
                        {4, view(bought, BargainState::reached, {3000, 4000, 2000})},
                        {5, view(still_open, BargainState::open, {1500})}};
    PaymentAnswer paid;
    paid.payment = {OrderId{5001}, "pay", Money{900}, "", PaymentKind::plain};
    paid.code = confirmed;
    account.payments = {paid};

    Evidence& evidence = world.evidence;
    evidence.ledger = {{"1001", 5, 4, 0, 1, 0, 0}};
    const std::string order = Base36{5001}.str();
    evidence.orders = {{order, "1000000001", "1001", "confirmed", 1, 900, 0}};
    evidence.bargains = {view(bought, BargainState::paid, {3000, 4000, 2000}),
                         view(still_open, BargainState::open, {1500})};
    MallDatabase mall;
    SettledOrder row;
    row.order_id = order;
    row.buyer_id = "1000000001";
    row.state = "confirmed";
    row.amount = row.lines_amount = 900;
    row.lines = row.lines_quantity = 1;
    row.bargain_id = Base36{bought.raw()}.str();
    mall.orders = {row};
    mall.cursors = 1;
    evidence.mall = mall;
    JournalContents journal;
    journal.orders = {order};
    for (const Answer& answer : account.answers) {
        journal.receipts.insert(text_of(answer.receipt));
    }
    evidence.journal = journal;
    return world;
}

std::set<std::string> broken_in(const World& world) {
    std::set<std::string> broken;
    for (auto&& findings :
         {judge_bargains(world.account, world.evidence), judge_answers(world.account),
          judge_payments(world.account), judge_evidence(world.account, world.evidence)}) {
        for (const Finding& finding : findings) {
            if (finding.broken > 0) {
                EXPECT_FALSE(finding.examples.empty()) << finding.invariant;
                broken.insert(finding.invariant);
            }
        }
    }
    return broken;
}

TEST(BargainOracle, is_silent_about_a_right_sale_and_checks_something_for_every_claim) {
    EXPECT_EQ(broken_in(right_sale()), std::set<std::string>{});
    const World world = right_sale();
    for (const Finding& finding : judge_bargains(world.account, world.evidence)) {
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
        {"a_price_that_drifts_from_its_cuts", "cuts_add_up",
         [](World& w) { w.account.bargains[1].view.current += Money{1}; }},
        {"an_empty_cut", "cuts_add_up",
         [](World& w) {
             w.account.bargains[1].view.cuts[0].amount = Money{0};
             w.account.bargains[1].view.cuts[1].amount = Money{7000};
         }},
        {"a_price_below_the_floor", "cuts_add_up",
         [](World& w) {
             (*w.evidence.bargains)[0].cuts[2].amount = Money{2001};
             (*w.evidence.bargains)[0].current = Money{899};
         }},
        {"another_floor", "cuts_add_up", [](World& w) { (*w.evidence.bargains)[1].floor = {}; }},
        {"the_floor_before_the_last_helper", "floor_at_last_helper",
         [](World& w) {
             w.account.bargains[1].view = view(bought, BargainState::reached, {3000, 6000});
         }},
        {"the_last_helper_above_the_floor", "floor_at_last_helper",
         [](World& w) {
             w.account.bargains[2].view = view(bought, BargainState::reached, {3000, 4000, 1999});
         }},
        {"a_wrong_number_of_helpers_needed", "floor_at_last_helper",
         [](World& w) { w.account.bargains[3].view.helpers_needed = 1; }},
        {"an_open_bargain_at_its_floor", "floor_at_last_helper",
         [](World& w) { w.account.bargains[2].view.state = BargainState::open; }},
        {"a_lost_cut", "no_cut_lost",
         [](World& w) { (*w.evidence.bargains)[1] = view(still_open, BargainState::open, {}); }},
        {"a_cut_that_changed", "no_cut_lost",
         [](World& w) {
             (*w.evidence.bargains)[1] = view(still_open, BargainState::open, {1501});
         }},
        {"a_cut_that_nobody_made", "no_cut_lost",
         [](World& w) {
             (*w.evidence.bargains)[1] = view(still_open, BargainState::open, {1500, 10});
         }},
        {"a_helper_who_helps_twice", "helper_once",
         [](World& w) { w.account.answers[3].buyer = w.account.answers[2].buyer; }},
        {"a_starter_who_helps_himself", "helper_once",
         [](World& w) {
             w.account.answers[6].code = AnswerCode::cut;
             w.account.answers[6].receipt = {3, 1, 150};
         }},
        {"a_second_launch", "help_limits_kept",
         [](World& w) { w.account.answers[1].buyer = w.account.answers[0].buyer; }},
        {"a_help_past_the_limit", "help_limits_kept",
         [](World& w) { w.account.sale.bargain.helps_per_buyer = 1; }},
        {"help_in_return", "help_limits_kept",
         [](World& w) { w.account.answers[5].buyer = w.account.answers[0].buyer; }},
        {"an_order_above_the_floor", "bargain_bought_once",
         [](World& w) { w.account.answers[8].amount = Money{1000}; }},
        {"an_order_before_the_floor", "bargain_bought_once",
         [](World& w) { w.account.answers.erase(w.account.answers.begin() + 4); }},
        {"an_order_by_somebody_else", "bargain_bought_once",
         [](World& w) { w.account.answers[8].buyer = w.account.answers[2].buyer; }},
        {"a_bargain_that_is_settled_twice", "bargain_bought_once",
         [](World& w) { w.evidence.mall->orders.push_back(w.evidence.mall->orders[0]); }},
        {"a_bargain_that_forgot_its_payment", "bargain_bought_once",
         [](World& w) { (*w.evidence.bargains)[0].state = BargainState::reached; }},
        {"a_code_that_no_cut_can_have", "codes_allowed",
         [](World& w) { w.account.answers[6].code = AnswerCode::group_full; }},
        {"a_cut_without_a_receipt", "codes_allowed",
         [](World& w) { w.account.answers[5].receipt = {}; }},
        {"one_receipt_for_two_cuts", "receipts_unique",
         [](World& w) { w.account.answers[5].receipt = w.account.answers[2].receipt; }},
        {"a_cut_missing_in_the_journal", "acknowledged_in_journal",
         [](World& w) { w.evidence.journal->receipts.erase("3.1.105"); }},
        {"a_launch_missing_in_the_journal", "acknowledged_in_journal",
         [](World& w) { w.evidence.journal->receipts.erase("3.1.101"); }},
        {"a_unit_kept_for_nobody", "ledger_matches_orders",
         [](World& w) {
             (*w.evidence.ledger)[0].held = 1;
             (*w.evidence.ledger)[0].available = 3;
         }},
    };
    return all;
}

class BargainOracleCatches : public testing::TestWithParam<Lie> {};

TEST_P(BargainOracleCatches, the_lie) {
    World world = right_sale();
    GetParam().plant(world);
    EXPECT_TRUE(broken_in(world).contains(GetParam().invariant));
}

INSTANTIATE_TEST_SUITE_P(Planted, BargainOracleCatches, testing::ValuesIn(lies()),
                         [](const auto& lie) { return std::string{lie.param.name}; });

TEST(BargainOracle, has_a_planted_lie_for_every_invariant) {
    std::set<std::string> caught;
    for (const Lie& lie : lies()) {
        caught.insert(lie.invariant);
    }
    const World world = right_sale();
    for (const Finding& finding : judge_bargains(world.account, world.evidence)) {
        EXPECT_TRUE(caught.contains(finding.invariant)) << finding.invariant;
    }
}

TEST(BargainOracle, counts_the_unit_that_a_reached_bargain_keeps) {
    World world = right_sale();
    world.account.answers.pop_back();
    world.account.payments.clear();
    world.evidence.orders->clear();
    world.evidence.mall->orders.clear();
    (*world.evidence.bargains)[0].state = BargainState::reached;
    (*world.evidence.ledger)[0] = {"1001", 5, 4, 1, 0, 0, 0};
    EXPECT_EQ(broken_in(world), std::set<std::string>{});
    (*world.evidence.ledger)[0] = {"1001", 5, 5, 0, 0, 0, 0};
    EXPECT_TRUE(broken_in(world).contains("ledger_matches_answers"));
}

TEST(BargainOracle, leaves_open_what_a_lost_cut_may_have_done) {
    World world = right_sale();
    PlannedAct lost;
    lost.kind = ActKind::cut;
    lost.buyer = BuyerId{1'000'000'030};
    lost.record = still_open;
    world.account.unknown = {lost};
    EXPECT_EQ(broken_in(world), std::set<std::string>{});
    (*world.evidence.bargains)[1] = view(still_open, BargainState::open, {1500, 10});
    EXPECT_EQ(broken_in(world), std::set<std::string>{});
}

TEST(BargainOracle, sums_up_the_cuts) {
    const World world = right_sale();
    const PlaySummary summary = summarize_plays(world.account, world.evidence);
    EXPECT_EQ(summary.bargains_launched, 2u);
    EXPECT_EQ(summary.bargains_at_floor, 1u);
    EXPECT_EQ(summary.bargains_paid, 1u);
    EXPECT_EQ(summary.cuts, 4u);
    EXPECT_EQ(summary.cut_sum, Money{10'500});
    EXPECT_EQ(summary.price_fallen, Money{10'500});
}

}  // namespace
}  // namespace stampede::loadtest
