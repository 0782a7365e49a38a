// SPDX-License-Identifier: Apache-2.0
// A sale followed at the live door: what is shown is durable, it is the newest whenever somebody
// connects, it comes by itself when it changes, and an order is shown to its own buyer alone.
#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include "tests/end_to_end/held_sale.hpp"
#include "tests/end_to_end/sale.hpp"
#include "tests/support/live_client.hpp"

namespace stampede::tests {
namespace {

using std::chrono::milliseconds;

/// How long the disk is held while nothing may arrive: only a broken door is found by it.
constexpr milliseconds disk_is_held{500};

std::string live_path(const std::string& campaign) {
    return "/v1/campaigns/" + campaign + "/live";
}
std::string live_path(const std::string& campaign, const std::string& order) {
    return orders_path(campaign) + '/' + order + "/live";
}
std::string live_path(const std::string& campaign, const std::string& collection,
                      const std::string& record) {
    return "/v1/campaigns/" + campaign + '/' + collection + '/' + record + "/live";
}
std::vector<std::string> as_buyer(std::uint64_t id) {
    return {"X-Buyer-Id: " + std::to_string(id)};
}

class LiveSale : public testing::TestWithParam<std::tuple<std::string, Framing>> {
  protected:
    void SetUp() override {
        if (std::get<0>(GetParam()) == "io_uring" && !kernel_gives_io_uring()) {
            GTEST_SKIP() << "this kernel or container refuses io_uring";
        }
    }
    [[nodiscard]] static net::EventLoopKind kind() {
        return std::get<0>(GetParam()) == "epoll" ? net::EventLoopKind::epoll
                                                  : net::EventLoopKind::io_uring;
    }
    [[nodiscard]] static Framing framing() { return std::get<1>(GetParam()); }
    static std::unique_ptr<LiveClient> watch(const HeldSale& sale, const std::string& path,
                                             const std::vector<std::string>& headers = {}) {
        return follow(sale.live_port(), framing(), path, headers);
    }
    static std::string publish(Caller& mall, const std::string& id, const Draft& draft) {
        EXPECT_EQ(mall.post("/v1/campaigns", draft.text()).status, 201);
        EXPECT_EQ(mall.post("/v1/campaigns/" + id + "/publish").status, 200);
        return id;
    }
    /// Reads on until an event says so; coalescing may leave out what was before it.
    static HttpAnswer read_until(LiveClient& client, const std::string& field,
                                 const std::string& value) {
        for (;;) {
            LiveNews news = client.read();
            if (news.event.json.empty()) {
                ADD_FAILURE() << field << ' ' << value << " never came: " << news.end;
                return {};
            }
            if (news.event.text(field) == value) {
                return std::move(news.event);
            }
        }
    }
    /// The next event about such a subject, on a connection that follows several.
    static HttpAnswer read_subject(LiveClient& client, const std::string& subject) {
        return read_until(client, "subject", subject);
    }
};
INSTANTIATE_TEST_SUITE_P(On, LiveSale,
                         testing::Combine(testing::Values("io_uring", "epoll"),
                                          testing::Values(Framing::websocket, Framing::lines)),
                         [](const auto& each) {
                             return std::get<0>(each.param) + "_" + text(std::get<1>(each.param));
                         });

TEST_P(LiveSale, tells_when_it_is_sold_out_and_when_a_unit_comes_back) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(mall, "1", {.stock = 1, .more = R"(,"id":"1")"});
    const auto watcher = watch(sale, live_path(id));
    HttpAnswer event = watcher->read().event;
    EXPECT_EQ(event.code(), "OK");
    EXPECT_EQ(event.text("subject"), "campaign");
    EXPECT_EQ(event.text("campaign_id"), id);
    EXPECT_EQ(event.text("state"), "live");
    EXPECT_FALSE(event.flag("sold_out"));
    Caller buyer = sale.buyer(1);
    const std::string order = buyer.post(orders_path(id), order_of(1)).text("order_id");
    event = watcher->read().event;
    EXPECT_TRUE(event.flag("sold_out"));
    ASSERT_EQ(event.list("items").size(), 1U);
    EXPECT_EQ(event.list("items")[0].at("item_id").as_string(), "1001");
    EXPECT_TRUE(event.list("items")[0].at("sold_out").as_bool());
    EXPECT_EQ(buyer.post(orders_path(id) + '/' + order + "/cancel").code(), "CANCELLED");
    EXPECT_FALSE(watcher->read().event.flag("sold_out"));
    EXPECT_EQ(mall.post("/v1/campaigns/" + id + "/pause").status, 200);
    EXPECT_EQ(watcher->read().event.text("state"), "paused");
    EXPECT_EQ(mall.post("/v1/campaigns/" + id + "/kill").status, 200);
    EXPECT_EQ(read_until(*watcher, "state", "killed").text("subject"), "campaign");
}

TEST_P(LiveSale, tells_a_buyer_what_becomes_of_his_order) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(mall, "1", {.stock = 5, .more = R"(,"id":"1")"});
    const std::string order = sale.buyer(1).post(orders_path(id), order_of(1)).text("order_id");
    const auto watcher = watch(sale, live_path(id, order), as_buyer(1));
    HttpAnswer event = watcher->read().event;
    EXPECT_EQ(event.text("subject"), "order");
    EXPECT_EQ(event.text("order_id"), order);
    EXPECT_EQ(event.text("state"), "held");
    EXPECT_EQ(event.number("amount"), 9900);
    EXPECT_GT(event.number("pay_by_ms"), 0);
    EXPECT_EQ(mall.post("/v1/payments", payment_of(order, "wx1", 9900)).code(), "CONFIRMED");
    event = watcher->read().event;
    EXPECT_EQ(event.text("state"), "confirmed");
    EXPECT_FALSE(event.has("buyer_id")) << "as on the buyers' door";
    // What others do in the same campaign is no news of his.
    EXPECT_EQ(sale.buyer(2).post(orders_path(id), order_of(1)).code(), "HELD");
    const auto refund = R"({"order_id":")" + order +
                        R"(","refund_id":"r1","quantity":1,"amount":9900,"item_id":"1001"})";
    EXPECT_EQ(mall.post("/v1/refunds", refund).status, 200);
    EXPECT_EQ(watcher->read().event.text("state"), "refunded");
}

TEST_P(LiveSale, shows_whoever_connects_what_he_was_just_answered) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(
        mall, "1",
        {.stock = 100, .more = R"(,"id":"1","limits":{"per_buyer":50,"holds_per_buyer":60})"});
    Caller buyer = sale.buyer(1);
    for (int round = 0; round < 25; ++round) {
        const std::string order = buyer.post(orders_path(id), order_of(1)).text("order_id");
        const auto held = watch(sale, live_path(id, order), as_buyer(1));
        ASSERT_EQ(held->read().event.text("state"), "held");
        ASSERT_EQ(buyer.post(orders_path(id) + '/' + order + "/cancel").code(), "CANCELLED");
        const auto cancelled = watch(sale, live_path(id, order), as_buyer(1));
        ASSERT_EQ(cancelled->read().event.text("state"), "cancelled");
        ASSERT_EQ(held->read().event.text("state"), "cancelled");
    }
}

TEST_P(LiveSale, shows_nothing_before_it_is_durable) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(mall, "1", {.stock = 1, .more = R"(,"id":"1")"});
    const auto of_sale = watch(sale, live_path(id));
    EXPECT_FALSE(of_sale->read().event.flag("sold_out"));
    sale.disk().hold();
    Caller buyer = sale.buyer(1);
    buyer.client().send(buyer.question("POST", orders_path(id), order_of(1), "k").text());
    const CommitNumber in_flight = sale.disk().wait_for_a_commit();
    // A newcomer may have heard of it: he is shown nothing that does not hold it.
    const auto newcomer = watch(sale, live_path(id));
    const auto held_until = std::chrono::steady_clock::now() + disk_is_held;
    while (std::chrono::steady_clock::now() < held_until) {
        ASSERT_FALSE(of_sale->has_input(20)) << "it was shown before it was durable";
        ASSERT_FALSE(newcomer->has_input(20)) << "he was shown less than was decided";
        ASSERT_FALSE(buyer.client().has_input(0));
    }
    EXPECT_LT(sale.durable(), in_flight) << "the test itself did not hold the disk";
    sale.disk().let_go();
    EXPECT_TRUE(of_sale->read().event.flag("sold_out"));
    EXPECT_GE(sale.durable(), in_flight);
    EXPECT_TRUE(newcomer->read().event.flag("sold_out"));
    EXPECT_EQ(buyer.client().read().code(), "HELD");
}

TEST_P(LiveSale, shows_an_order_to_nobody_else) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(mall, "1", {.stock = 5, .more = R"(,"id":"1")"});
    const std::string other = publish(mall, "2", {.stock = 5, .more = R"(,"id":"2")"});
    const std::string order = sale.buyer(1).post(orders_path(id), order_of(1)).text("order_id");
    const auto code_at = [&](const std::string& path, std::uint64_t buyer) {
        const auto watcher = watch(sale, path, as_buyer(buyer));
        return framing() == Framing::lines && !watcher->greeting().json.empty()
                   ? watcher->greeting().code()
                   : watcher->read().event.code();
    };
    EXPECT_EQ(code_at(live_path(id, order), 1), "OK");
    EXPECT_EQ(code_at(live_path(id, order), 2), "ORDER_UNKNOWN");
    EXPECT_EQ(code_at(live_path(other, order), 1), "ORDER_UNKNOWN") << "of another campaign";
    EXPECT_EQ(code_at(live_path(id, "zz"), 1), "ORDER_UNKNOWN");
    EXPECT_EQ(code_at(live_path("3"), 1), "CAMPAIGN_UNKNOWN");
    EXPECT_EQ(watch(sale, live_path(id, order))->greeting().status, 401);
    EXPECT_EQ(mall.post("/v1/campaigns", Draft{.more = R"(,"id":"4")"}.text()).status, 201);
    EXPECT_EQ(code_at(live_path("4"), 1), "CAMPAIGN_UNKNOWN") << "a draft is nobody's business";
}

TEST_P(LiveSale, ends_with_the_state_that_the_sale_ended_with) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    constexpr int buyers = 40;
    const std::string id =
        publish(mall, "1", {.stock = buyers / 2, .more = R"(,"id":"1","hold_seconds":7200)"});
    std::vector<std::unique_ptr<LiveClient>> watchers;
    for (int at = 0; at < 8; ++at) {
        watchers.push_back(watch(sale, live_path(id)));
    }
    std::vector<std::thread> crowd;
    for (int at = 0; at < 4; ++at) {
        crowd.emplace_back([&, at] {
            for (int each = 0; each < buyers / 4; ++each) {
                Caller buyer = sale.buyer(static_cast<std::uint64_t>(1 + at * buyers + each));
                const HttpAnswer answer = buyer.post(orders_path(id), order_of(1));
                EXPECT_TRUE(answer.code() == "HELD" || answer.code() == "SOLD_OUT");
            }
        });
    }
    for (std::thread& thread : crowd) {
        thread.join();
    }
    for (const auto& watcher : watchers) {
        for (bool sold_out = false; !sold_out;) {
            const LiveNews news = watcher->read();
            ASSERT_FALSE(news.event.json.empty()) << "it ended before it was sold out";
            sold_out = news.event.flag("sold_out");
        }
    }
    EXPECT_LE(sale.live().states.value(), 3U) << "the units left are no news";
}

// Groups and bargains ----------------------------------------------------------------------------

/// What a shared card is updated with: so many of so many, and whether it is over.
using Card = std::vector<std::int64_t>;
Card card_of(const HttpAnswer& event) {
    return {event.number("member_count"), event.number("room_limit"), event.number("target_state")};
}
std::string state_of(const HttpAnswer& event, const std::string& record) {
    return part(event, record).text("state");
}

TEST_P(LiveSale, follows_a_group_from_its_opening_to_its_success) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    Draft draft = group_draft(R"("size":2)", R"(,"id":"1")");
    draft.stock = 2;
    const std::string id = publish(mall, "1", draft);
    const HttpAnswer opened = sale.buyer(1).post(groups_path(id), order_of(1));
    const std::string group = opened.text("group_id");
    const auto watcher = watch(sale, live_path(id, "groups", group));
    // A buyer's page: the sale, his group and his own order on one connection.
    const std::string mine = "?group_id=" + group + "&order_id=" + opened.text("order_id");
    const auto page = watch(sale, live_path(id) + mine, as_buyer(1));
    HttpAnswer event = watcher->read().event;
    EXPECT_EQ(event.text("subject"), "group");
    EXPECT_EQ(part(event, "group").text("group_id"), group);
    EXPECT_EQ(state_of(event, "group"), "forming");
    EXPECT_EQ(card_of(event), (Card{1, 2, 0}));
    std::set<std::string> subjects;
    for (int each = 0; each < 3; ++each) {
        event = page->read().event;
        subjects.insert(event.text("subject"));
        EXPECT_TRUE(event.text("subject") != "campaign" || !event.flag("sold_out"));
    }
    EXPECT_EQ(subjects, (std::set<std::string>{"campaign", "group", "order"}));

    const HttpAnswer joined = sale.buyer(2).post(members_path(id, group));
    event = watcher->read().event;
    EXPECT_EQ(state_of(event, "group"), "full");
    EXPECT_EQ(card_of(event), (Card{2, 2, 0}));
    EXPECT_TRUE(read_subject(*page, "campaign").flag("sold_out")) << "with the group's last unit";
    EXPECT_EQ(
        sale.buyer(2).post(orders_path(id) + '/' + joined.text("order_id") + "/cancel").code(),
        "CANCELLED");
    event = watcher->read().event;
    EXPECT_EQ(state_of(event, "group"), "forming") << "a seat is free again";
    EXPECT_EQ(card_of(event), (Card{1, 2, 0}));
    const std::string last = sale.buyer(3).post(members_path(id, group)).text("order_id");
    EXPECT_EQ(card_of(watcher->read().event), (Card{2, 2, 0}));

    mall.post("/v1/payments", payment_of(last, "p3", 9900));
    EXPECT_EQ(part(watcher->read().event, "group").number("paid"), 1);
    mall.post("/v1/payments", payment_of(opened.text("order_id"), "p1", 9900));
    event = watcher->read().event;
    EXPECT_EQ(state_of(event, "group"), "success");
    EXPECT_EQ(card_of(event), (Card{2, 2, 1}));
    for (std::string state; state != "confirmed";) {
        const HttpAnswer news = read_subject(*page, "order");
        ASSERT_FALSE(news.json.empty()) << "it ended before the order was confirmed";
        state = news.text("state");
    }
}

TEST_P(LiveSale, follows_a_bargain_from_its_launch_to_its_payment) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(
        mall, "1",
        bargain_draft(R"("start_price":9900,"floor_price":1000,"helpers":2)", R"(,"id":"1")"));
    const std::string bargain =
        part(sale.buyer(1).post(bargains_path(id), R"({"item_id":"1001"})"), "bargain")
            .text("bargain_id");
    const auto watcher = watch(sale, live_path(id, "bargains", bargain));
    HttpAnswer event = watcher->read().event;
    EXPECT_EQ(event.text("subject"), "bargain");
    EXPECT_EQ(part(event, "bargain").number("current_price"), 9900);
    EXPECT_EQ(card_of(event), (Card{0, 2, 0}));
    std::int64_t price = 9900;
    for (std::uint64_t helper = 2; helper <= 3; ++helper) {
        const HttpAnswer cut = sale.buyer(helper).post(bargains_path(id) + '/' + bargain + "/cuts");
        event = watcher->read().event;
        const std::int64_t now = part(event, "bargain").number("current_price");
        EXPECT_EQ(now, price - part(cut, "cut").number("amount"));
        EXPECT_EQ(part(event, "bargain").number("helpers"), static_cast<std::int64_t>(helper) - 1);
        price = now;
    }
    EXPECT_EQ(price, 1000);
    EXPECT_EQ(state_of(event, "bargain"), "reached");
    EXPECT_EQ(card_of(event), (Card{2, 2, 1}));
    const std::string order =
        sale.buyer(1).post(bargains_path(id) + '/' + bargain + "/orders").text("order_id");
    EXPECT_EQ(state_of(watcher->read().event, "bargain"), "ordered");
    const auto of_order = watch(sale, live_path(id, order), as_buyer(1));
    event = of_order->read().event;
    EXPECT_EQ(event.number("amount"), 1000);
    mall.post("/v1/payments", payment_of(order, "p1", 1000));
    EXPECT_EQ(state_of(watcher->read().event, "bargain"), "paid");
    EXPECT_EQ(of_order->read().event.text("state"), "confirmed");
}

TEST_P(LiveSale, shows_no_seat_and_no_cut_before_it_is_durable) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id = publish(mall, "1", group_draft(R"("size":3)", R"(,"id":"1")"));
    const std::string other = publish(
        mall, "2",
        bargain_draft(R"("start_price":9900,"floor_price":1000,"helpers":2)", R"(,"id":"2")"));
    const std::string group = sale.buyer(1).post(groups_path(id), order_of(1)).text("group_id");
    const std::string bargain =
        part(sale.buyer(1).post(bargains_path(other), R"({"item_id":"1001"})"), "bargain")
            .text("bargain_id");
    const auto of_group = watch(sale, live_path(id, "groups", group));
    const auto of_bargain = watch(sale, live_path(other, "bargains", bargain));
    EXPECT_EQ(card_of(of_group->read().event), (Card{1, 3, 0}));
    EXPECT_EQ(card_of(of_bargain->read().event), (Card{0, 2, 0}));
    sale.disk().hold();
    Caller member = sale.buyer(2);
    Caller helper = sale.buyer(3);
    member.client().send(member.question("POST", members_path(id, group), {}, "k").text());
    helper.client().send(
        helper.question("POST", bargains_path(other) + '/' + bargain + "/cuts", {}, "k").text());
    const CommitNumber in_flight = sale.disk().wait_for_a_commit();
    const auto held_until = std::chrono::steady_clock::now() + disk_is_held;
    while (std::chrono::steady_clock::now() < held_until) {
        ASSERT_FALSE(of_group->has_input(20)) << "a seat was shown before it was durable";
        ASSERT_FALSE(of_bargain->has_input(20)) << "a cut was shown before it was durable";
    }
    EXPECT_LT(sale.durable(), in_flight) << "the test itself did not hold the disk";
    sale.disk().let_go();
    EXPECT_EQ(card_of(of_group->read().event), (Card{2, 3, 0}));
    EXPECT_EQ(card_of(of_bargain->read().event), (Card{1, 2, 0}));
    EXPECT_EQ(member.client().read().code(), "HELD");
    EXPECT_EQ(helper.client().read().code(), "CUT");
}

TEST_P(LiveSale, tells_when_time_ends_a_group_and_a_bargain) {
    HeldSale sale(kind());
    Caller mall = sale.mall();
    const std::string id =
        publish(mall, "1", group_draft(R"("size":2)", R"(,"id":"1","hold_seconds":600)"));
    const std::string other = publish(
        mall, "2",
        bargain_draft(R"("start_price":9900,"floor_price":1000,"helpers":1,"pay_seconds":1800)",
                      R"(,"id":"2","hold_seconds":600)"));
    const HttpAnswer opened = sale.buyer(1).post(groups_path(id), order_of(1));
    const std::string group = opened.text("group_id");
    EXPECT_EQ(mall.post("/v1/payments", payment_of(opened.text("order_id"), "p1", 9900)).code(),
              "OK");
    const auto launch = [&](std::uint64_t buyer) {
        return part(sale.buyer(buyer).post(bargains_path(other), R"({"item_id":"1001"})"),
                    "bargain")
            .text("bargain_id");
    };
    const std::string reached = launch(1);
    const std::string open = launch(2);
    EXPECT_EQ(sale.buyer(3).post(bargains_path(other) + '/' + reached + "/cuts").code(), "CUT");
    const auto of_group = watch(sale, live_path(id, "groups", group));
    const auto of_order = watch(sale, live_path(id, opened.text("order_id")), as_buyer(1));
    const auto of_reached = watch(sale, live_path(other, "bargains", reached));
    const auto of_open = watch(sale, live_path(other, "bargains", open));
    EXPECT_EQ(state_of(of_group->read().event, "group"), "forming");
    EXPECT_EQ(of_order->read().event.text("state"), "paid");
    EXPECT_EQ(state_of(of_reached->read().event, "bargain"), "reached");
    EXPECT_EQ(state_of(of_open->read().event, "bargain"), "open");

    sale.pass(Duration::seconds(1800));
    EXPECT_EQ(state_of(of_reached->read().event, "bargain"), "lapsed");
    sale.pass(Duration::seconds(86'400));
    HttpAnswer event = of_group->read().event;
    EXPECT_EQ(state_of(event, "group"), "failed");
    EXPECT_EQ(part(event, "group").text("reason"), "deadline");
    EXPECT_EQ(card_of(event).at(2), 1) << "the card is over";
    EXPECT_EQ(of_order->read().event.text("state"), "refund_due");
    event = of_open->read().event;
    EXPECT_EQ(state_of(event, "bargain"), "expired");
    EXPECT_EQ(card_of(event).at(2), 1);
    EXPECT_EQ(sale.buyer(4).post(members_path(id, group)).code(), "GROUP_ENDED");
    EXPECT_EQ(sale.buyer(4).post(bargains_path(other) + '/' + open + "/cuts").code(),
              "BARGAIN_ENDED");
}

// The whole program ------------------------------------------------------------------------------

class LiveProgram : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, LiveProgram, both_loops(), loop_name);

TEST_P(LiveProgram, shows_a_sale_over_a_restart_and_says_goodbye) {
    Sale sale(flags());
    const std::string id = sale.publish({.stock = 1});
    Caller buyer = sale.buyer(1);
    const std::string order = buyer.post(orders_path(id), order_of(1)).text("order_id");
    for (int start = 0; start < 2; ++start) {
        // The live door waits for the follower no longer than two seconds; this read has waited.
        EXPECT_EQ(sale.ledger_line(id).number("held"), 1);
        std::vector<std::unique_ptr<LiveClient>> watchers;
        for (const Framing framing : {Framing::websocket, Framing::lines}) {
            watchers.push_back(follow(sale.server().live_port(), framing, live_path(id)));
            watchers.push_back(
                follow(sale.server().live_port(), framing, live_path(id, order), as_buyer(1)));
        }
        for (std::size_t at = 0; at < watchers.size(); at += 2) {
            EXPECT_TRUE(watchers[at]->read().event.flag("sold_out"));
            EXPECT_EQ(watchers[at + 1]->read().event.text("state"), "held");
        }
        Caller anybody{sale.server().mall_port(), {}};
        EXPECT_THAT(anybody.get("/metrics").body,
                    testing::HasSubstr("\nstampede_live_connections_total 4\n"));
        std::thread reader([&] {
            for (const auto& watcher : watchers) {
                EXPECT_EQ(watcher->read().end, "stopping");
            }
            watchers.clear();
        });
        EXPECT_EQ(sale.server().stop(), 0);
        reader.join();
        if (start == 0) {
            sale.start_again();
        }
    }
}

TEST_P(LiveProgram, holds_its_limits_of_connections) {
    Sale sale(flags({"--live-connections-max", "2"}));
    const std::string id = sale.publish({.stock = 1});
    EXPECT_EQ(sale.ledger_line(id).number("held"), 0);  // the follower has come so far
    const auto one = follow(sale.server().live_port(), Framing::lines, live_path(id));
    const auto other = follow(sale.server().live_port(), Framing::websocket, live_path(id));
    EXPECT_FALSE(one->read().event.flag("sold_out"));
    EXPECT_FALSE(other->read().event.flag("sold_out"));
    const auto over = follow(sale.server().live_port(), Framing::lines, live_path(id));
    EXPECT_EQ(over->greeting().status, 503);
    EXPECT_EQ(over->greeting().code(), "BUSY");
    EXPECT_FALSE(over->greeting().header("Retry-After").empty());
}

}  // namespace
}  // namespace stampede::tests
