// SPDX-License-Identifier: Apache-2.0
// No answer overtakes the commit that it rests on: not a success, not a refusal, not a replay, not
// a read, at neither door. The disk is held by the test's own hand; while it is, every kind of
// answer that could have seen what is not durable must stay away, and what rests on nothing must
// come.
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <thread>

#include "tests/end_to_end/held_sale.hpp"
#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using std::chrono::milliseconds;

/// How long the disk is held while nothing may arrive. Only a broken barrier is found sooner or
/// later by it; a sound one passes whatever the machine does meanwhile.
constexpr milliseconds disk_is_held{1000};

class ReplyBarrier : public OnBothLoops {
  protected:
    [[nodiscard]] static net::EventLoopKind kind() {
        return GetParam() == "epoll" ? net::EventLoopKind::epoll : net::EventLoopKind::io_uring;
    }
};
INSTANTIATE_TEST_SUITE_P(Loop, ReplyBarrier, both_loops(), loop_name);

void wait_until(const std::function<bool()>& holds, const char* what) {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!holds()) {
        ASSERT_LT(std::chrono::steady_clock::now(), give_up_at) << what << " does not come";
        std::this_thread::sleep_for(milliseconds{2});
    }
}

std::string publish(Caller& mall, const std::string& id, Draft draft) {
    draft.more += R"(,"id":")" + id + '"';
    EXPECT_EQ(mall.post("/v1/campaigns", draft.text()).status, 201);
    EXPECT_EQ(mall.post("/v1/campaigns/" + id + "/publish").status, 200);
    return id;
}

std::string publish(Caller& mall, const std::string& id, const std::string& more = {}) {
    return publish(mall, id, Draft{.stock = 1, .more = more});
}

/// A question whose answer must stay away while the disk is held, and how it begins when it comes.
struct Waiting {
    std::string name;
    Caller caller;
    int status = 200;
    std::string code;
};

class Waiters {
  public:
    void ask(std::string name, Caller caller, const std::string& method, const std::string& path,
             const std::string& body, const std::string& key, int status, const std::string& code) {
        caller.client().send(caller.question(method, path, body, key).text());
        waiting_.push_back({std::move(name), std::move(caller), status, code});
    }
    void expect_silence() {
        for (Waiting& waiting : waiting_) {
            EXPECT_FALSE(waiting.caller.client().has_input(0))
                << waiting.name << " overtook its commit: " << waiting.caller.client().read().body;
        }
    }
    /// Every answer, once the disk is let go; `durable` is asked after each arrived.
    void expect_answers(const std::function<CommitNumber()>& durable, CommitNumber at_least) {
        for (Waiting& waiting : waiting_) {
            const HttpAnswer answer = waiting.caller.client().read();
            EXPECT_GE(durable(), at_least) << waiting.name;
            EXPECT_EQ(answer.status, waiting.status) << waiting.name << ": " << answer.body;
            EXPECT_EQ(answer.code(), waiting.code) << waiting.name << ": " << answer.body;
        }
    }
    [[nodiscard]] std::size_t count() const { return waiting_.size(); }

  private:
    std::vector<Waiting> waiting_;
};

TEST_P(ReplyBarrier, holds_back_every_kind_of_answer_while_the_disk_is_held) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(mall, "1", R"(,"limits":{"per_buyer":2})");
    const std::string other = publish(mall, "2");
    const std::string gated = publish(mall, "3", R"(,"ticket":"required")");
    const std::string mirror = publish(mall, "4");
    const std::string kept = sale.buyer(9).post(orders_path(other), order_of(1)).text("order_id");
    const std::string paid_before =
        sale.buyer(8).post(orders_path(mirror), order_of(1)).text("order_id");
    EXPECT_EQ(mall.post("/v1/payments", payment_of(paid_before, "before", 9900)).code(),
              "CONFIRMED");
    sale.disk().hold();
    const CommitNumber before = sale.durable();
    const std::uint64_t requests_before = sale.buyers_requests();
    const std::uint64_t calls_before = sale.mall_calls();
    const std::uint64_t mall_before = sale.mall_requests();
    // Requests on different connections come in any order: where one is the other's cause, the
    // loop must have taken the first before the second is sent.

    // The first commit: one unit held. It is submitted, and waits for the disk.
    Waiters first;
    const std::string path = orders_path(id);
    first.ask("a purchase", sale.buyer(1), "POST", path, order_of(1), "k", 200, "HELD");
    const CommitNumber in_flight = sale.disk().wait_for_a_commit();
    ASSERT_EQ(in_flight, before.next());

    // All that could have seen it.
    first.ask("a sold-out refusal", sale.buyer(2), "POST", path, order_of(1), "k", 200, "SOLD_OUT");
    first.ask("a replay", sale.buyer(1), "POST", path, order_of(1), "k", 200, "HELD");
    first.ask("a key that came with another body", sale.buyer(1), "POST", path,
              order_of(1, R"(,"allow_partial":true)"), "k", 422, "KEY_REUSED");
    first.ask("a refusal of the buyer's second order", sale.buyer(1), "POST", path, order_of(1),
              "k2", 200, "SOLD_OUT");
    first.ask("the list of orders", sale.buyer(1), "GET", path, {}, {}, 200, "OK");
    first.ask("a stranger's list of orders", sale.buyer(3), "GET", path, {}, {}, 200, "OK");
    first.ask("the public campaign", sale.buyer(4), "GET", "/v1/campaigns/" + id, {}, {}, 200,
              "OK");

    // A second commit fills behind it: buyers of other campaigns, and the mall.
    first.ask("a cancel", sale.buyer(9), "POST", orders_path(other) + "/" + kept + "/cancel", {},
              "c", 200, "CANCELLED");
    wait_until([&] { return sale.buyers_requests() >= requests_before + first.count(); },
               "the cancel");
    first.ask("a read of the cancelled order", sale.buyer(9), "GET",
              orders_path(other) + "/" + kept, {}, {}, 200, "OK");
    first.ask("a ticket", sale.buyer(5), "POST", "/v1/campaigns/" + gated + "/tickets",
              R"({"item_id":"1001"})", "t", 200, "OK");
    wait_until([&] { return sale.buyers_requests() >= requests_before + first.count(); },
               "the loop's work");

    Waiters of_mall;
    of_mall.ask("a second payment", sale.mall(), "POST", "/v1/payments",
                payment_of(paid_before, "again", 9900), {}, 200, "REFUND_REQUIRED");
    of_mall.ask("a stock delta", sale.mall(), "POST", "/v1/campaigns/" + id + "/stock",
                R"({"item_id":"1001","delta":5,"reason":"more"})", "d", 200, "OK");
    of_mall.ask("a new draft", sale.mall(), "POST", "/v1/campaigns", Draft{}.text(), {}, 201, "OK");
    of_mall.ask("a pause", sale.mall(), "POST", "/v1/campaigns/" + id + "/pause", {}, {}, 200,
                "OK");
    wait_until([&] { return sale.mall_calls() >= calls_before + of_mall.count(); }, "the pause");
    of_mall.ask("an act that changes nothing", sale.mall(), "POST",
                "/v1/campaigns/" + id + "/publish", {}, {}, 409, "WRONG_STATE");
    of_mall.ask("a batch of payments", sale.mall(), "POST", "/v1/payments/batch",
                R"({"payments":[)" + payment_of(paid_before, "third", 9900) + "]}", {}, 200, "OK");
    wait_until([&] { return sale.mall_calls() >= calls_before + of_mall.count(); },
               "the mall's calls");
    of_mall.ask("the ledger", sale.mall(), "GET", "/v1/campaigns/" + id + "/ledger", {}, {}, 200,
                "OK");
    of_mall.ask("the mall's read of an order", sale.mall(), "GET", "/v1/orders/" + paid_before, {},
                {}, 200, "OK");
    of_mall.ask("the mall's list of orders", sale.mall(), "GET", orders_path(id), {}, {}, 200,
                "OK");
    wait_until([&] { return sale.mall_requests() >= mall_before + of_mall.count(); },
               "the mall's reads");

    // What rests on nothing leaves at once: the loop and the doors are alive all the while.
    const auto held_until = std::chrono::steady_clock::now() + disk_is_held;
    while (std::chrono::steady_clock::now() < held_until) {
        ASSERT_EQ(sale.buyer(7).get("/v1/time").code(), "OK");
        ASSERT_EQ(sale.buyer(7).get("/v1/nowhere").status, 404);
        ASSERT_EQ(sale.mall().get("/healthz").status, 200);
        first.expect_silence();
        of_mall.expect_silence();
        std::this_thread::sleep_for(milliseconds{20});
    }
    EXPECT_EQ(sale.durable(), before) << "the test itself did not hold the disk";

    // The first commit alone: what rests on the second still waits.
    sale.disk().let_one_through();
    wait_until([&] { return sale.durable() == in_flight; }, "the first commit");
    EXPECT_EQ(sale.disk().wait_for_a_commit(), in_flight.next());
    of_mall.expect_silence();
    EXPECT_EQ(sale.durable(), in_flight);
    sale.disk().let_go();
    first.expect_answers([&] { return sale.durable(); }, in_flight);
    of_mall.expect_answers([&] { return sale.durable(); }, in_flight.next());
}

TEST_P(ReplyBarrier, holds_back_every_answer_about_groups_and_bargains) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string team = publish(mall, "1", group_draft(R"("size":3)"));
    const std::string deal =
        publish(mall, "2", bargain_draft(R"("start_price":9900,"floor_price":1000,"helpers":2)"));
    const HttpAnswer opened = sale.buyer(1).post(groups_path(team), order_of(1));
    ASSERT_EQ(opened.code(), "HELD") << opened.body;
    const std::string group = opened.text("group_id");
    const HttpAnswer begun = sale.buyer(1).post(bargains_path(deal), R"({"item_id":"1001"})");
    ASSERT_EQ(begun.code(), "OK") << begun.body;
    const std::string bargain = part(begun, "bargain").text("bargain_id");
    const std::string cuts = bargains_path(deal) + "/" + bargain + "/cuts";
    sale.disk().hold();
    const CommitNumber before = sale.durable();
    const std::uint64_t requests_before = sale.buyers_requests();
    const std::uint64_t calls_before = sale.mall_calls();
    const auto loop_has_taken_all = [&](const Waiters& asked) {
        wait_until([&] { return sale.buyers_requests() >= requests_before + asked.count(); },
                   "the loop's work");
    };

    Waiters waiters;
    waiters.ask("a seat", sale.buyer(2), "POST", members_path(team, group), {}, "k", 200, "HELD");
    ASSERT_EQ(sale.disk().wait_for_a_commit(), before.next());
    waiters.ask("the same seat again", sale.buyer(2), "POST", members_path(team, group), {}, "k",
                200, "HELD");
    waiters.ask("a refused seat", sale.buyer(2), "POST", members_path(team, group), {}, {}, 200,
                "ALREADY_IN_GROUP");
    waiters.ask("a second group", sale.buyer(1), "POST", groups_path(team), order_of(1), {}, 200,
                "OPEN_GROUP_EXISTS");
    waiters.ask("a new group", sale.buyer(5), "POST", groups_path(team), order_of(1), {}, 200,
                "HELD");
    waiters.ask("a group to anybody", sale.buyer(4), "GET", groups_path(team) + "/" + group, {}, {},
                200, "OK");
    waiters.ask("the list of groups", sale.buyer(4), "GET", groups_path(team), {}, {}, 200, "OK");
    waiters.ask("one's own groups", sale.buyer(4), "GET", groups_path(team) + "?mine=true", {}, {},
                200, "OK");
    waiters.ask("a cut", sale.buyer(3), "POST", cuts, {}, "k", 200, "CUT");
    loop_has_taken_all(waiters);
    waiters.ask("the same cut again", sale.buyer(3), "POST", cuts, {}, "k", 200, "CUT");
    waiters.ask("a refused cut", sale.buyer(1), "POST", cuts, {}, {}, 200, "HELP_SELF");
    waiters.ask("the last cut", sale.buyer(4), "POST", cuts, {}, {}, 200, "CUT");
    loop_has_taken_all(waiters);
    waiters.ask("a bargain to anybody", sale.buyer(4), "GET", bargains_path(deal) + "/" + bargain,
                {}, {}, 200, "OK");
    waiters.ask("one's own bargains", sale.buyer(1), "GET", bargains_path(deal) + "?mine=true", {},
                {}, 200, "OK");
    waiters.ask("a launch", sale.buyer(6), "POST", bargains_path(deal), R"({"item_id":"1001"})", {},
                200, "OK");
    waiters.ask("the bargain's order", sale.buyer(1), "POST",
                bargains_path(deal) + "/" + bargain + "/orders", {}, {}, 200, "HELD");
    loop_has_taken_all(waiters);
    waiters.ask("a seat's payment", sale.mall(), "POST", "/v1/payments",
                payment_of(opened.text("order_id"), "p1", 9900), {}, 200, "OK");
    wait_until([&] { return sale.mall_calls() > calls_before; }, "the payment");
    waiters.ask("a group's failure", sale.mall(), "POST", groups_path(team) + "/" + group + "/fail",
                {}, {}, 200, "OK");
    wait_until([&] { return sale.mall_calls() >= calls_before + 2; }, "the mall's calls");

    const auto held_until = std::chrono::steady_clock::now() + disk_is_held;
    while (std::chrono::steady_clock::now() < held_until) {
        ASSERT_EQ(sale.buyer(7).get("/v1/time").code(), "OK");
        waiters.expect_silence();
        std::this_thread::sleep_for(milliseconds{20});
    }
    EXPECT_EQ(sale.durable(), before) << "the test itself did not hold the disk";
    sale.disk().let_go();
    waiters.expect_answers([&] { return sale.durable(); }, before.next());
}

TEST_P(ReplyBarrier, holds_back_what_follows_a_held_answer_on_its_connection) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(mall, "1");
    sale.disk().hold();
    Caller buyer = sale.buyer(1);
    buyer.client().send(buyer.question("POST", orders_path(id), order_of(1), "k").text() +
                        buyer.question("GET", "/v1/time", {}, {}).text() +
                        buyer.question("GET", "/v1/nowhere", {}, {}).text());
    static_cast<void>(sale.disk().wait_for_a_commit());
    // Asked later, on another connection: it comes, so that the loop has had its chance to err.
    EXPECT_EQ(sale.buyer(2).get("/v1/time").code(), "OK");
    EXPECT_FALSE(buyer.client().has_input(200));
    sale.disk().let_go();
    EXPECT_EQ(buyer.client().read().code(), "HELD");
    EXPECT_EQ(buyer.client().read().code(), "OK");
    EXPECT_EQ(buyer.client().read().status, 404);
}

TEST_P(ReplyBarrier, lets_answers_about_other_campaigns_leave) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(mall, "1");
    const std::string quiet = publish(mall, "2");
    sale.disk().hold();
    Caller buyer = sale.buyer(1);
    buyer.client().send(buyer.question("POST", orders_path(id), order_of(1), "k").text());
    static_cast<void>(sale.disk().wait_for_a_commit());
    EXPECT_EQ(sale.buyer(2).get("/v1/campaigns/" + quiet).code(), "OK");
    EXPECT_EQ(sale.buyer(2).get(orders_path(quiet)).code(), "OK");
    EXPECT_FALSE(buyer.client().has_input(0));
}

/// Shows that no receipt was ever seen before its commit: each is looked up in the journal.
TEST_P(ReplyBarrier, gives_out_no_receipt_before_its_commit_on_a_slow_disk) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id =
        publish(mall, "1", R"(,"limits":{"per_buyer":500,"holds_per_buyer":500})");
    EXPECT_EQ(mall.post("/v1/campaigns/" + id + "/stock",
                        R"({"item_id":"1001","delta":5000,"reason":"more"})", "d")
                  .code(),
              "OK");
    sale.disk().let_go(milliseconds{3});
    struct Seen {
        std::string receipt;
        CommitNumber durable;  // when the answer had arrived
    };
    constexpr std::size_t buyers = 4;
    constexpr int each = 60;
    std::vector<std::vector<Seen>> seen(buyers);
    std::vector<std::thread> threads;
    for (std::size_t buyer = 0; buyer < buyers; ++buyer) {
        threads.emplace_back([&, buyer] {
            Caller caller = sale.buyer(buyer + 1);
            for (int at = 0; at < each; ++at) {
                const HttpAnswer held =
                    caller.post(orders_path(id), order_of(1), "k" + std::to_string(at));
                seen[buyer].push_back({held.text("receipt"), sale.durable()});
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const auto reader = sale.journal().reader();
    std::map<std::string, CommitNumber> commits;  // by receipt
    CommitNumber after{0};
    while (after < sale.durable()) {
        const auto commit = reader->next(after, milliseconds{60'000});
        ASSERT_TRUE(commit.has_value()) << commit.error().message;
        ASSERT_TRUE(commit->has_value());
        after = (*commit)->number;
        engine::FrameReader frames((*commit)->frames);
        while (const auto frame = frames.next()) {
            commits[std::to_string(frame->shard.raw()) + '.' +
                    std::to_string((*commit)->epoch.raw()) + '.' +
                    std::to_string(frame->sequence.raw())] = after;
        }
    }
    for (const auto& of_buyer : seen) {
        ASSERT_EQ(of_buyer.size(), static_cast<std::size_t>(each));
        for (const Seen& one : of_buyer) {
            const auto found = commits.find(one.receipt);
            ASSERT_NE(found, commits.end()) << "no event behind the receipt " << one.receipt;
            EXPECT_LE(found->second, one.durable) << one.receipt << " was told too early";
        }
    }
}

}  // namespace
}  // namespace stampede::tests
