// SPDX-License-Identifier: Apache-2.0
// The oracle is silent about a right group-buy and speaks up about each planted lie.
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "loadtest/oracle.hpp"

namespace stampede::loadtest {
namespace {

constexpr std::int64_t start_ms = 1'000'000;
constexpr RecordId first_group{901};
constexpr RecordId second_group{902};

Answer seat(std::uint64_t number, ActKind kind, RecordId group) {
    Answer answer;
    answer.buyer = BuyerId{1'000'000'000 + number};
    answer.key = KeyNumber{number};
    answer.order = OrderId{5000 + number};
    answer.record = group;
    answer.receipt = {3, 1, 100 + number};
    answer.amount = kind == ActKind::open_group ? Money{4500} : Money{5000};
    answer.pay_by = Instant{start_ms + 10'000};
    answer.quantity = 1;
    answer.status = 200;
    answer.code = AnswerCode::held;
    answer.kind = kind;
    return answer;
}

Answer refused(std::uint64_t number, AnswerCode code) {
    Answer answer = seat(number, ActKind::join_group, first_group);
    answer.order = OrderId{};
    answer.receipt = {};
    answer.quantity = 0;
    answer.code = code;
    return answer;
}

std::string id_of(OrderId order) {
    return Base36{order.raw()}.str();
}

PaymentAnswer paid(const Answer& order, AnswerCode code, std::string state) {
    PaymentAnswer answer;
    answer.payment = {order.order, "pay-" + id_of(order.order), order.amount, "",
                      PaymentKind::plain};
    answer.code = code;
    answer.state = std::move(state);
    return answer;
}

GroupView view(RecordId id, GroupState state, std::uint32_t locked, std::uint32_t paid_seats) {
    GroupView group;
    group.id = id;
    group.state = state;
    group.size = 3;
    group.locked = locked;
    group.paid = paid_seats;
    group.members = locked + paid_seats;
    group.leaders = group.members > 0 ? 1 : 0;
    return group;
}

SettledOrder settled(const Answer& order) {
    SettledOrder row;
    row.order_id = id_of(order.order);
    row.buyer_id = std::to_string(order.buyer.raw());
    row.state = "confirmed";
    row.amount = order.amount.fen();
    row.lines = 1;
    row.lines_amount = row.amount;
    row.lines_quantity = order.quantity;
    row.group_id = Base36{order.record.raw()}.str();
    row.receipt = "3.1.300";
    return row;
}

MallEvent told(std::string kind, RecordId group) {
    MallEvent event;
    event.event_id = "e-" + kind;
    event.kind = std::move(kind);
    event.group_id = Base36{group.raw()}.str();
    return event;
}

struct World {
    Account account;
    Evidence evidence;
};

// Three of three pay: a success. Of the second group one pays, one lets his lock end: it fails.
World right_sale() {
    World world;
    Account& account = world.account;
    account.sale.campaign_id = "7";
    account.sale.items = {{"1001", Money{5000}, Quantity{20}}};
    account.sale.play = Play::group_buy;
    account.sale.group.size = 3;
    account.sale.group.leader_price = Money{4500};
    account.ended = Instant{start_ms + 20'000};
    account.answers = {
        seat(1, ActKind::open_group, first_group), seat(2, ActKind::join_group, first_group),
        seat(3, ActKind::join_group, first_group), refused(6, AnswerCode::group_full),
        refused(2, AnswerCode::already_in_group),  seat(4, ActKind::open_group, second_group),
        seat(5, ActKind::join_group, second_group)};
    account.answers[4].key = KeyNumber{50};
    account.groups = {{0, view(first_group, GroupState::forming, 1, 0)},
                      {1, view(first_group, GroupState::forming, 2, 0)},
                      {2, view(first_group, GroupState::full, 3, 0)},
                      {5, view(second_group, GroupState::forming, 1, 0)}};
    account.payments = {paid(account.answers[0], AnswerCode::ok, "paid"),
                        paid(account.answers[1], AnswerCode::ok, "paid"),
                        paid(account.answers[2], AnswerCode::confirmed, "confirmed"),
                        paid(account.answers[5], AnswerCode::ok, "paid")};

    Evidence& evidence = world.evidence;
    evidence.ledger = {{"1001", 20, 17, 0, 3, 0, 0}};
    const std::vector<std::pair<std::size_t, std::string>> states{
        {0, "confirmed"}, {1, "confirmed"}, {2, "confirmed"}, {5, "refund_due"}, {6, "expired"}};
    for (const auto& [at, state] : states) {
        const Answer& order = account.answers[at];
        evidence.orders.emplace(evidence.orders.value_or(std::vector<ListedOrder>{}))
            .push_back({id_of(order.order), std::to_string(order.buyer.raw()), "1001", state, 1,
                        order.amount.fen(), 0});
    }
    evidence.groups = {view(first_group, GroupState::success, 0, 3),
                       view(second_group, GroupState::failed, 0, 0)};
    MallDatabase mall;
    for (std::size_t at = 0; at < 3; ++at) {
        mall.orders.push_back(settled(account.answers[at]));
    }
    MallEvent refund = told("REFUND_REQUIRED", second_group);
    refund.order_id = id_of(account.answers[5].order);
    refund.payment_id = account.payments[3].payment.payment_id;
    refund.amount = 4500;
    refund.reason = "group_failed";
    mall.events = {told("GROUP_SUCCEEDED", first_group), refund,
                   told("GROUP_FAILED", second_group)};
    mall.cursors = 1;
    evidence.mall = mall;
    return world;
}

std::vector<Finding> judge_all(const World& world) {
    std::vector<Finding> findings = judge_groups(world.account, world.evidence);
    for (auto&& more : {judge_answers(world.account), judge_payments(world.account),
                        judge_evidence(world.account, world.evidence)}) {
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

TEST(GroupOracle, is_silent_about_a_right_sale_and_checks_something_for_every_claim) {
    EXPECT_EQ(broken_in(right_sale()), std::set<std::string>{});
    const World world = right_sale();
    for (const Finding& finding : judge_groups(world.account, world.evidence)) {
        EXPECT_GT(finding.checked, 0u) << finding.invariant;
    }
}

struct Lie {
    const char* name;
    const char* invariant;  // that must fire
    std::function<void(World&)> plant;
};

void seat_a_fourth(World& w) {
    w.account.answers.push_back(seat(9, ActKind::join_group, first_group));
    w.account.payments.push_back(paid(w.account.answers.back(), AnswerCode::ok, "paid"));
}

const std::vector<Lie>& lies() {
    static const std::vector<Lie> all{
        {"a_view_with_a_seat_too_many", "groups_never_overfull",
         [](World& w) { w.account.groups[2].view.locked = 4; }},
        {"a_size_that_was_not_asked_for", "groups_never_overfull",
         [](World& w) { w.account.groups[0].view.size = 4; }},
        {"a_full_group_with_a_free_seat", "groups_never_overfull",
         [](World& w) { w.account.groups[2].view.locked = 2; }},
        {"a_forming_group_without_a_free_seat", "groups_never_overfull",
         [](World& w) { w.account.groups[1].view.locked = 3; }},
        {"two_leaders", "groups_never_overfull",
         [](World& w) { w.account.groups[1].view.leaders = 2; }},
        {"a_virtual_seat_where_none_may_be", "groups_never_overfull",
         [](World& w) {
             (*w.evidence.groups)[0].virtual_seats = 1;
             (*w.evidence.groups)[0].paid = 2;
         }},
        {"a_fourth_seat_of_three", "groups_never_overfull", seat_a_fourth},
        {"two_seats_for_one_member", "one_seat_per_member",
         [](World& w) { w.account.answers[2].buyer = w.account.answers[1].buyer; }},
        {"a_success_that_left_a_paid_seat_behind", "groups_succeed_whole",
         [](World& w) { (*w.evidence.orders)[1].state = "paid"; }},
        {"a_success_with_two_of_three", "groups_succeed_whole",
         [](World& w) { w.evidence.mall->orders.pop_back(); }},
        {"a_success_in_two_events", "groups_succeed_whole",
         [](World& w) { w.evidence.mall->orders[1].receipt = "3.1.301"; }},
        {"a_success_told_twice", "groups_succeed_or_fail",
         [](World& w) { w.evidence.mall->events.push_back(w.evidence.mall->events[0]); }},
        {"a_success_told_to_nobody", "groups_succeed_or_fail",
         [](World& w) { w.evidence.mall->events.erase(w.evidence.mall->events.begin()); }},
        {"a_group_that_succeeded_and_failed", "groups_succeed_or_fail",
         [](World& w) { w.evidence.mall->events.push_back(told("GROUP_FAILED", first_group)); }},
        {"a_success_whose_members_get_their_money_back", "groups_succeed_or_fail",
         [](World& w) { w.evidence.mall->events[1].group_id = Base36{first_group.raw()}.str(); }},
        {"a_failure_shown_after_a_success", "groups_succeed_or_fail",
         [](World& w) { w.account.groups[2].view = view(first_group, GroupState::failed, 0, 0); }},
        {"a_failure_that_the_mall_was_not_told_of", "groups_succeed_or_fail",
         [](World& w) { w.evidence.mall->events.pop_back(); }},
        {"a_paid_seat_of_a_failed_group_without_refund", "failed_seats_refunded",
         [](World& w) { w.evidence.mall->events.erase(w.evidence.mall->events.begin() + 1); }},
        {"a_refund_told_twice", "failed_seats_refunded",
         [](World& w) { w.evidence.mall->events.push_back(w.evidence.mall->events[1]); }},
        {"a_refund_of_another_amount", "failed_seats_refunded",
         [](World& w) { w.evidence.mall->events[1].amount = 1; }},
        {"a_refund_for_a_seat_that_was_never_paid", "failed_seats_refunded",
         [](World& w) {
             w.evidence.mall->events.push_back(w.evidence.mall->events[1]);
             w.evidence.mall->events.back().order_id = id_of(w.account.answers[6].order);
             w.evidence.mall->events.back().payment_id = "";
         }},
        {"a_leader_who_pays_the_members_price", "amounts_right",
         [](World& w) { w.account.answers[0].amount = Money{5000}; }},
        {"a_member_who_pays_the_leaders_price", "amounts_right",
         [](World& w) { w.account.answers[1].amount = Money{4500}; }},
        {"a_code_that_no_join_can_have", "codes_allowed",
         [](World& w) { w.account.answers[3].code = AnswerCode::help_self; }},
        {"a_seat_without_its_group", "codes_allowed",
         [](World& w) { w.account.answers[2].record = RecordId{}; }},
        {"a_payment_taken_in_another_state", "payments_answered_right",
         [](World& w) { w.account.payments[0].state = "held"; }},
        {"a_member_of_a_success_who_was_left_out", "states_agree",
         [](World& w) { (*w.evidence.orders)[1].state = "refund_due"; }},
        {"a_paid_seat_of_a_failed_group_that_lapsed", "states_agree",
         [](World& w) { (*w.evidence.orders)[3].state = "expired"; }},
        {"a_member_of_a_success_who_is_not_settled", "settled_is_confirmed",
         [](World& w) { w.evidence.mall->orders.pop_back(); }},
        {"a_seat_of_a_failed_group_that_is_settled", "settled_is_confirmed",
         [](World& w) { w.evidence.mall->orders.push_back(settled(w.account.answers[5])); }},
    };
    return all;
}

class GroupOracleCatches : public testing::TestWithParam<Lie> {};

TEST_P(GroupOracleCatches, the_lie) {
    World world = right_sale();
    GetParam().plant(world);
    EXPECT_TRUE(broken_in(world).contains(GetParam().invariant));
}

INSTANTIATE_TEST_SUITE_P(Planted, GroupOracleCatches, testing::ValuesIn(lies()),
                         [](const auto& lie) { return std::string{lie.param.name}; });

TEST(GroupOracle, has_a_planted_lie_for_every_invariant) {
    std::set<std::string> caught;
    for (const Lie& lie : lies()) {
        caught.insert(lie.invariant);
    }
    const World world = right_sale();
    for (const Finding& finding : judge_groups(world.account, world.evidence)) {
        EXPECT_TRUE(caught.contains(finding.invariant)) << finding.invariant;
    }
}

TEST(GroupOracle, leaves_open_whether_a_refunded_seat_was_part_of_the_success) {
    World world = right_sale();
    world.account.refunds = {
        {world.account.answers[0].order, "r", Money{4500}, Quantity{1}, AnswerCode::ok, 200}};
    // Out before the success: another member took the seat, in an order of its own.
    (*world.evidence.orders)[0].state = "refunded";
    (*world.evidence.ledger)[0].sold = 2;
    (*world.evidence.ledger)[0].available = 18;
    World after = world;
    // After it: settled, and refunded since.
    after.evidence.mall->orders[0].state = "refunded";
    after.evidence.mall->orders[0].refunded_amount = 4500;
    EXPECT_EQ(broken_in(after), std::set<std::string>{});
    world.account.answers.push_back(seat(8, ActKind::join_group, first_group));
    world.account.payments.push_back(
        paid(world.account.answers.back(), AnswerCode::already_done, "confirmed"));
    world.evidence.mall->orders[0] = settled(world.account.answers.back());
    world.evidence.orders->push_back(
        {id_of(OrderId{5008}), "1000000008", "1001", "confirmed", 1, 5000, 0});
    (*world.evidence.ledger)[0].sold = 3;
    (*world.evidence.ledger)[0].available = 17;
    EXPECT_EQ(broken_in(world), std::set<std::string>{});
}

TEST(GroupOracle, tells_by_the_receipts_whether_a_refund_came_before_the_success) {
    World world = right_sale();
    world.account.payments[2].receipt = {3, 1, 300};
    world.account.refunds = {{world.account.answers[0].order, "r", Money{4500}, Quantity{1},
                              AnswerCode::ok, 200, Receipt{3, 1, 301}}};
    KnownOrder leader = known_orders(world.account, world.evidence).front();
    EXPECT_TRUE(leader.confirmed);
    EXPECT_FALSE(leader.may_be_confirmed);
    world.account.refunds[0].receipt = {3, 1, 299};
    leader = known_orders(world.account, world.evidence).front();
    EXPECT_FALSE(leader.confirmed);
    EXPECT_FALSE(leader.may_be_confirmed);
    EXPECT_TRUE(broken_in(world).contains("settled_is_confirmed")) << "settled, and left before";
}

TEST(GroupOracle, counts_a_group_that_was_read_as_a_success_without_an_answer_that_said_so) {
    World world = right_sale();
    world.account.payments[2].code = AnswerCode::ok;
    world.account.payments[2].state = "paid";
    EXPECT_EQ(broken_in(world), std::set<std::string>{});
    EXPECT_TRUE(known_orders(world.account, world.evidence).front().confirmed);
    EXPECT_FALSE(known_orders(world.account).front().confirmed);
}

TEST(GroupOracle, sums_up_how_the_groups_ended) {
    const World world = right_sale();
    const PlaySummary summary = summarize_plays(world.account, world.evidence);
    EXPECT_EQ(summary.groups_opened, 2u);
    EXPECT_EQ(summary.groups_succeeded, 1u);
    EXPECT_EQ(summary.groups_failed, 1u);
    EXPECT_EQ(summary.groups_running, 0u);
    EXPECT_EQ(summary.seats_refund_due, 1u);
}

}  // namespace
}  // namespace stampede::loadtest
