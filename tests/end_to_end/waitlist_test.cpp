// SPDX-License-Identifier: Apache-2.0
// The waitlist and the stock of a slot from outside: join, look, be served, leave, and a crash in
// between, through the real program over real sockets, on both event loops.
#include <gmock/gmock.h>

#include <cstdlib>
#include <ctime>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

class WaitlistFromOutside : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, WaitlistFromOutside, both_loops(), loop_name);

std::string line_of(const std::string& campaign) {
    return "/v1/campaigns/" + campaign + "/waitlist";
}
const std::string kettle = R"({"item_id":"1001"})";

HttpAnswer leave(Caller buyer, const std::string& campaign) {
    return buyer.client().ask(
        buyer.question("DELETE", line_of(campaign) + "?item_id=1001", "", ""));
}
HttpAnswer place(Caller buyer, const std::string& campaign) {
    return buyer.get(line_of(campaign) + "?item_id=1001");
}

TEST_P(WaitlistFromOutside, gives_a_returned_unit_to_the_head_of_the_line_also_after_a_crash) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.stock = 1, .more = R"(,"waitlist":true)"});
    const HttpAnswer held = sale.buyer(42).post(orders_path(id), order_of(1));
    ASSERT_EQ(held.code(), "HELD") << held.body;

    const HttpAnswer joined = sale.buyer(43).post(line_of(id), kettle, "k");
    ASSERT_EQ(joined.code(), "WAITLISTED") << joined.body;
    EXPECT_EQ(joined.number("place"), 1);
    EXPECT_EQ(joined.text("item_id"), "1001");
    EXPECT_TRUE(joined.has("receipt"));
    EXPECT_EQ(sale.buyer(44).post(line_of(id), kettle).number("place"), 2);
    EXPECT_EQ(sale.buyer(45).post(line_of(id), kettle).number("place"), 3);
    EXPECT_EQ(place(sale.buyer(45), id).number("place"), 3);
    const HttpAnswer left = leave(sale.buyer(44), id);
    EXPECT_EQ(left.code(), "OK") << left.body;
    EXPECT_EQ(left.number("place"), 0);
    EXPECT_EQ(leave(sale.buyer(44), id).code(), "OK") << "who does not wait can leave";

    sale.server().kill();
    sale.start_again();
    EXPECT_EQ(place(sale.buyer(45), id).number("place"), 2);
    const HttpAnswer again = sale.buyer(43).post(line_of(id), kettle, "k");
    EXPECT_TRUE(again.flag("replayed")) << again.body;
    EXPECT_EQ(again.number("place"), 1);

    Caller first = sale.buyer(42);
    EXPECT_EQ(first.post(orders_path(id) + "/" + held.text("order_id") + "/cancel").code(),
              "CANCELLED");
    const HttpAnswer served = place(sale.buyer(43), id);
    EXPECT_EQ(served.code(), "OK");
    EXPECT_EQ(served.number("place"), 0);
    ASSERT_TRUE(served.has("order_id")) << served.body;
    const HttpAnswer sold_out = sale.buyer(46).post(orders_path(id), order_of(1));
    EXPECT_EQ(sold_out.code(), "SOLD_OUT");
    EXPECT_TRUE(sold_out.flag("may_return"));
    Caller second = sale.buyer(43);
    const HttpAnswer order = second.get(orders_path(id) + "/" + served.text("order_id"));
    EXPECT_EQ(order.text("state"), "held");
    EXPECT_LE(order.number("pay_by_ms") - order.number("server_ms"), 60'000);
    EXPECT_EQ(sale.pay(served.text("order_id"), "pay-1", 9900).code(), "CONFIRMED");
    sale.stop_and_verify();
}

TEST_P(WaitlistFromOutside, says_what_it_refuses) {
    Sale sale(flags());
    const std::string id = sale.publish(Draft{.stock = 1, .more = R"(,"waitlist":"on")"});
    const std::string other = sale.publish(Draft{.stock = 1});
    EXPECT_EQ(sale.buyer(42).post(line_of(other), kettle).code(), "NOT_ELIGIBLE");
    EXPECT_EQ(sale.buyer(42).post(line_of("99"), kettle).code(), "CAMPAIGN_UNKNOWN");
    EXPECT_EQ(place(sale.buyer(42), "99").code(), "CAMPAIGN_UNKNOWN");
    EXPECT_EQ(sale.buyer(42).post(line_of(id), R"({"item_id":"9"})").code(), "ITEM_UNKNOWN");
    EXPECT_EQ(sale.buyer(42).post(line_of(id), "{}").status, 400);
    EXPECT_EQ(sale.buyer(42).get(line_of(id)).status, 400);
    Caller buyer = sale.buyer(42);
    EXPECT_EQ(buyer.client().ask(buyer.question("PUT", line_of(id), kettle, "")).status, 405);
    EXPECT_EQ(buyer.client().ask(buyer.question("DELETE", line_of(id) + "?x=1", "", "")).status,
              400);
    // A free unit is bought, not waited for.
    EXPECT_EQ(sale.buyer(42).post(line_of(id), kettle).code(), "HELD");
    EXPECT_EQ(sale.buyer(42).post(line_of(id), kettle).code(), "LIMIT_BUYER");
    EXPECT_EQ(sale.mall().post("/v1/campaigns/" + id + "/pause").status, 200);
    EXPECT_EQ(sale.buyer(43).post(line_of(id), kettle).code(), "PAUSED");
    sale.stop_and_verify();
}

/// A time zone in which midnight is twelve hours away, so that a slot of the whole day is the same
/// one throughout a test.
std::string zone_where_it_is_noon() {
    const std::int64_t ahead_of_utc = 12 - std::time(nullptr) / 3600 % 24;
    // These names count to the west.
    return "Etc/GMT" + std::string{ahead_of_utc < 0 ? "+" : "-"} +
           std::to_string(std::abs(ahead_of_utc));
}

TEST_P(WaitlistFromOutside, shows_and_sells_no_more_than_the_slot_has) {
    Sale sale(flags());
    const HttpAnswer drafted = sale.mall().post(
        "/v1/campaigns",
        R"({"play":"seckill","title":"Slots","starts_at":"2020-01-01T00:00:00Z",)"
        R"("ends_at":"2093-01-01T00:00:00Z","timezone":"UTC",)"
        R"("items":[{"item_id":"1001","title":"Kettle","price":9900,"stock":5,"slot_stock":2}]})");
    EXPECT_EQ(drafted.status, 422) << "slot_stock without slots: " << drafted.body;
    const HttpAnswer with_slots = sale.mall().post(
        "/v1/campaigns", R"({"play":"seckill","title":"Slots","starts_at":")" + time_from_now(-60) +
                             R"(","ends_at":")" + time_from_now(3600) + R"(","timezone":")" +
                             zone_where_it_is_noon() +
                             R"(","slots":[{"from":"00:00:00","to":"24:00:00"}],)"
                             R"("limits":{"per_buyer":5,"per_order_max":5},)"
                             R"("items":[{"item_id":"1001","title":"Kettle","price":9900,)"
                             R"("stock":5,"slot_stock":2}]})");
    ASSERT_EQ(with_slots.status, 201) << with_slots.body;
    const std::string id = with_slots.text("id");
    ASSERT_EQ(sale.mall().post("/v1/campaigns/" + id + "/publish").status, 200);
    const auto shown = [&] {
        const HttpAnswer campaign = sale.buyer(42).get("/v1/campaigns/" + id);
        return campaign.list("items").at(0);
    };
    EXPECT_EQ(shown().at("available").as_int64(), 2);
    const HttpAnswer too_many = sale.buyer(42).post(orders_path(id), order_of(3));
    EXPECT_EQ(too_many.code(), "INSUFFICIENT");
    EXPECT_EQ(too_many.number("left"), 2);
    EXPECT_EQ(sale.buyer(42).post(orders_path(id), order_of(2)).code(), "HELD");
    EXPECT_TRUE(shown().at("sold_out").as_bool());
    EXPECT_EQ(sale.buyer(43).post(orders_path(id), order_of(1)).code(), "SOLD_OUT");
    EXPECT_EQ(sale.ledger_line(id).number("available"), 3) << "kept for later slots";
    sale.stop_and_verify();
}

}  // namespace
}  // namespace stampede::tests
