// SPDX-License-Identifier: Apache-2.0
// Groups from the draft to the mall's database, through the real program over real sockets: what
// each answer says, what each refusal is, what a killed server still knows.
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <set>
#include <thread>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;
using Names = std::set<std::string>;

class GroupBuyFromOutside : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, GroupBuyFromOutside, both_loops(), loop_name);

constexpr const char* group_of_three = R"("size":3)";

Names fields(const boost::json::object& object) {
    Names names;
    for (const auto& [name, value] : object) {
        names.emplace(name);
    }
    return names;
}

/// state, locked, paid.
std::vector<std::string> seats(const HttpAnswer& answer) {
    const HttpAnswer group = part(answer, "group");
    return {group.text("state"), std::to_string(group.number("locked")),
            std::to_string(group.number("paid"))};
}
using Seats = std::vector<std::string>;

HttpAnswer open(Sale& sale, const std::string& id, std::uint64_t buyer,
                const std::string& key = {}) {
    return sale.buyer(buyer).post(groups_path(id), order_of(1), key);
}
HttpAnswer join(Sale& sale, const std::string& id, std::uint64_t buyer, const std::string& group,
                const std::string& body = {}) {
    return sale.buyer(buyer).post(members_path(id, group), body);
}
HttpAnswer look(Sale& sale, const std::string& id, const std::string& group) {
    Caller anybody{sale.server().buyers_port(), {}};
    return anybody.get(groups_path(id) + "/" + group);
}

TEST_P(GroupBuyFromOutside, a_group_lives_from_its_opening_to_its_success) {
    Sale sale(flags());
    const std::string id = sale.publish(group_draft(group_of_three));
    const HttpAnswer opened = open(sale, id, 1001, "open");
    ASSERT_EQ(opened.code(), "HELD") << opened.body;
    EXPECT_EQ(fields(opened.json),
              (Names{"code", "order_id", "state", "item_id", "quantity", "amount", "group_id",
                     "pay_by_ms", "group", "server_ms", "receipt"}));
    const HttpAnswer group = part(opened, "group");
    EXPECT_EQ(fields(group.json),
              (Names{"group_id", "item_id", "state", "size", "locked", "paid", "virtual", "leader",
                     "price", "opened_at_ms", "deadline_ms", "members"}));
    EXPECT_EQ(group.number("deadline_ms"), group.number("opened_at_ms") + 86'400'000);
    EXPECT_EQ(group.text("leader"), "1***1") << "masked";
    EXPECT_EQ(group.list("members").size(), 1U);
    const std::string name = group.text("group_id");
    EXPECT_EQ(opened.text("group_id"), name);
    EXPECT_EQ(seats(opened), (Seats{"forming", "1", "0"}));
    EXPECT_EQ(sale.ledger_line(id).number("held"), 1) << "the unit is taken with the seat";

    const HttpAnswer second = join(sale, id, 1002, name);
    ASSERT_EQ(second.code(), "HELD") << second.body;
    Caller anybody{sale.server().buyers_port(), {}};
    ASSERT_EQ(anybody.get(groups_path(id) + "?limit=5").list("groups").size(), 1U);
    const HttpAnswer third = join(sale, id, 1003, name, R"({"item_id":"1001","quantity":1})");
    ASSERT_EQ(third.code(), "HELD") << third.body;
    EXPECT_EQ(seats(third), (Seats{"full", "3", "0"}));
    EXPECT_TRUE(anybody.get(groups_path(id)).list("groups").empty()) << "it cannot fill any more";
    EXPECT_EQ(join(sale, id, 1004, name).code(), "GROUP_FULL");
    EXPECT_EQ(sale.ledger_line(id).number("held"), 3);

    const HttpAnswer paid = sale.pay(second.text("order_id"), "p2", 9900);
    EXPECT_EQ(paid.code(), "OK") << paid.body;
    EXPECT_EQ(paid.text("state"), "paid");
    EXPECT_EQ(paid.text("group_id"), name);
    EXPECT_EQ(part(paid, "group").list("members").at(1).at("buyer_id"), "1002") << "not masked";
    EXPECT_EQ(sale.pay(opened.text("order_id"), "p1", 9900).code(), "OK");
    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(), "SELECT count(*) FROM stampede_order"), (Rows{{"0"}}))
        << "a paid seat of a forming group is no order of the mall's yet";
    const HttpAnswer last = sale.pay(third.text("order_id"), "p3", 9900);
    EXPECT_EQ(last.code(), "CONFIRMED") << last.body;
    EXPECT_EQ(seats(last), (Seats{"success", "0", "3"}));
    EXPECT_EQ(seats(look(sale, id, name)), (Seats{"success", "0", "3"}));
    EXPECT_EQ(sale.ledger_line(id).number("sold"), 3);

    const HttpAnswer again = open(sale, id, 1001, "open");
    EXPECT_TRUE(again.flag("replayed"));
    EXPECT_EQ(again.code(), "HELD");
    EXPECT_EQ(again.text("state_now"), "confirmed");
    EXPECT_EQ(seats(again), (Seats{"success", "0", "3"})) << "the group as it is";
    const auto mine = sale.buyer(1003).get(groups_path(id) + "?mine=true").list("groups");
    ASSERT_EQ(mine.size(), 1U);
    EXPECT_EQ(mine[0].at("group_id"), name.c_str());
    EXPECT_TRUE(sale.buyer(1004).get(groups_path(id) + "?mine=true").list("groups").empty());

    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(),
                    "SELECT buyer_id, play, state, group_id, payment_id, receipt "
                    "FROM stampede_order ORDER BY buyer_id"),
              (Rows{{"1001", "group_buy", "confirmed", name, "p1", last.text("receipt")},
                    {"1002", "group_buy", "confirmed", name, "p2", last.text("receipt")},
                    {"1003", "group_buy", "confirmed", name, "p3", last.text("receipt")}}));
    EXPECT_EQ(query(sale.database(),
                    "SELECT kind, json_extract(payload, '$.group_id'), "
                    "json_extract(payload, '$.confirmed') FROM stampede_event"),
              (Rows{{"GROUP_SUCCEEDED", name, "3"}}));
    const HttpAnswer of_mall = sale.mall().get("/v1/orders/" + third.text("order_id"));
    EXPECT_EQ(of_mall.text("group_id"), name);
    EXPECT_EQ(sale.mall().get(orders_path(id)).list("orders").at(0).at("group_id"), name.c_str());
    sale.stop_and_verify();
}

TEST_P(GroupBuyFromOutside, a_group_that_an_operator_fails_owes_each_paid_seat_its_money) {
    Sale sale(flags());
    const std::string id = sale.publish(group_draft(group_of_three));
    const HttpAnswer opened = open(sale, id, 1);
    const std::string group = part(opened, "group").text("group_id");
    const HttpAnswer joined = join(sale, id, 2, group);
    EXPECT_EQ(sale.pay(opened.text("order_id"), "p1", 9900).code(), "OK");
    const std::string fail = groups_path(id) + "/" + group + "/fail";
    const HttpAnswer failed = sale.mall().post(fail, {}, "stop-it");
    EXPECT_EQ(failed.code(), "OK") << failed.body;
    EXPECT_EQ(part(failed, "group").text("state"), "failed");
    EXPECT_EQ(part(failed, "group").text("reason"), "operator");
    EXPECT_TRUE(sale.mall().post(fail, {}, "stop-it").flag("replayed"));
    const HttpAnswer twice = sale.mall().post(fail);
    EXPECT_EQ(twice.status, 409);
    EXPECT_EQ(twice.code(), "WRONG_STATE");
    EXPECT_EQ(sale.mall().post(groups_path(id) + "/zzzz/fail").code(), "GROUP_UNKNOWN");

    const HttpAnswer order = sale.buyer(1).get(orders_path(id) + "/" + opened.text("order_id"));
    EXPECT_EQ(order.text("state"), "refund_due");
    EXPECT_EQ(part(order, "refund").text("reason"), "group_failed");
    EXPECT_EQ(part(order, "refund").number("amount"), 9900);
    EXPECT_EQ(sale.buyer(2).get(orders_path(id) + "/" + joined.text("order_id")).text("state"),
              "cancelled");
    EXPECT_EQ(sale.ledger_line(id).number("available"), 10);
    EXPECT_EQ(join(sale, id, 3, group).code(), "GROUP_ENDED");
    const HttpAnswer late = sale.pay(joined.text("order_id"), "p2", 9900);
    EXPECT_EQ(late.code(), "REFUND_REQUIRED") << late.body;
    const HttpAnswer refunded =
        sale.mall().post("/v1/refunds", R"({"order_id":")" + opened.text("order_id") +
                                            R"(","refund_id":"r1","quantity":1,"amount":9900})");
    EXPECT_EQ(refunded.text("state"), "refunded") << refunded.body;
    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(),
                    "SELECT kind, coalesce(order_id, ''), json_extract(payload, '$.reason') "
                    "FROM stampede_event ORDER BY rowid"),
              (Rows{{"REFUND_REQUIRED", opened.text("order_id"), "group_failed"},
                    {"GROUP_FAILED", "", "operator"},
                    {"REFUND_REQUIRED", joined.text("order_id"), "late_payment"}}));
    const auto feed = sale.mall().get("/v1/events").list("events");
    ASSERT_EQ(feed.size(), 3U);
    EXPECT_EQ(feed[1].at("kind"), "GROUP_FAILED");
    EXPECT_EQ(query(sale.database(), "SELECT count(*) FROM stampede_order"), (Rows{{"0"}}));
    sale.stop_and_verify();
}

TEST_P(GroupBuyFromOutside, each_refusal_has_its_own_code_and_changes_nothing) {
    Sale sale(flags());
    const std::string id = sale.publish(group_draft(
        group_of_three, R"(,"limits":{"per_buyer":2},"audience":{"blocklist":["66"]})"));
    const std::string other = sale.publish(group_draft(group_of_three));
    const std::string seckill = sale.publish(Draft{});
    const std::string group = part(open(sale, id, 1), "group").text("group_id");
    EXPECT_EQ(open(sale, id, 1).code(), "OPEN_GROUP_EXISTS");
    EXPECT_EQ(join(sale, id, 2, "zzzz").code(), "GROUP_UNKNOWN");
    EXPECT_EQ(join(sale, other, 2, group).code(), "GROUP_UNKNOWN") << "another campaign's";
    EXPECT_EQ(join(sale, seckill, 2, group).code(), "GROUP_UNKNOWN");
    EXPECT_EQ(open(sale, "987654321", 2).code(), "CAMPAIGN_UNKNOWN");
    EXPECT_EQ(open(sale, seckill, 2).code(), "CAMPAIGN_UNKNOWN") << "it has no groups";
    EXPECT_EQ(look(sale, other, group).code(), "GROUP_UNKNOWN");
    EXPECT_EQ(look(sale, "987654321", group).code(), "CAMPAIGN_UNKNOWN");
    EXPECT_EQ(join(sale, id, 66, group).code(), "BLOCKED");
    const HttpAnswer twice = join(sale, id, 1, group);
    EXPECT_EQ(twice.code(), "ALREADY_IN_GROUP");
    EXPECT_EQ(part(twice, "group").text("group_id"), group) << "and the group as it is";
    EXPECT_EQ(join(sale, id, 2, group, R"({"item_id":"1002"})").code(), "ITEM_UNKNOWN");
    EXPECT_EQ(join(sale, id, 2, group, R"({"quantity":2})").code(), "LIMIT_ORDER");
    EXPECT_EQ(sale.buyer(2).post(groups_path(id), R"({"item_id":"x","quantity":1})").code(),
              "ITEM_UNKNOWN");
    EXPECT_EQ(sale.buyer(2).post(orders_path(id), order_of(1)).code(), "NOT_ELIGIBLE")
        << "not sold to a buyer alone";
    EXPECT_EQ(sale.ledger_line(id).number("held"), 1) << "no refusal took a unit";
    sale.mall().post("/v1/campaigns/" + id + "/pause");
    EXPECT_EQ(join(sale, id, 2, group).code(), "PAUSED");
    EXPECT_EQ(open(sale, id, 2).code(), "PAUSED");
    sale.mall().post("/v1/campaigns/" + id + "/resume");
    sale.mall().post("/v1/campaigns/" + id + "/end");
    EXPECT_EQ(open(sale, id, 2).code(), "ENDED");
    EXPECT_EQ(join(sale, id, 2, group).code(), "HELD") << "a group outlives the sale";
    sale.mall().post("/v1/campaigns/" + id + "/kill");
    EXPECT_EQ(join(sale, id, 3, group).code(), "KILLED");
    EXPECT_EQ(part(look(sale, id, group), "group").text("state"), "failed");
    sale.stop_and_verify();
}

TEST(GroupBuyFromOutside, sold_out_and_limits_are_told_before_a_seat_is_taken) {
    Sale sale;
    Draft scarce = group_draft(R"("size":2)");
    scarce.stock = 1;
    const std::string id = sale.publish(scarce);
    const std::string group = part(open(sale, id, 1), "group").text("group_id");
    const HttpAnswer refused = join(sale, id, 2, group);
    EXPECT_EQ(refused.code(), "SOLD_OUT");
    EXPECT_TRUE(refused.flag("may_return"));
    const std::string narrow =
        sale.publish(group_draft(R"("size":2,"open_groups_per_buyer":5,"joins_per_buyer":1)"));
    ASSERT_EQ(open(sale, narrow, 1).code(), "HELD");
    EXPECT_EQ(open(sale, narrow, 1).code(), "LIMIT_BUYER");
    const std::string new_only =
        sale.publish(group_draft(R"("size":2,"new_member_rule":"joiners_new_only")"));
    const std::string old = part(open(sale, new_only, 1), "group").text("group_id");
    EXPECT_EQ(join(sale, new_only, 2, old).code(), "NEW_BUYERS_ONLY");
    Caller newcomer{sale.server().buyers_port(), {"X-Buyer-Id: 3", "X-Buyer-Segments: 1"}};
    const HttpAnswer welcome = newcomer.post(members_path(new_only, old));
    ASSERT_EQ(welcome.code(), "HELD") << welcome.body;
    EXPECT_TRUE(part(welcome, "group").list("members").at(1).at("new").as_bool());
    // The mall finds out otherwise as he pays.
    std::string payment = payment_of(welcome.text("order_id"), "p", 9900);
    payment.insert(payment.size() - 1, R"(,"buyer_is_new":false)");
    const HttpAnswer paid = sale.mall().post("/v1/payments", payment);
    EXPECT_EQ(paid.code(), "REFUND_REQUIRED") << paid.body;
    EXPECT_EQ(part(paid, "refund").text("reason"), "buyer_not_new");
    sale.stop_and_verify();
}

TEST(GroupBuyFromOutside, who_is_too_many_is_sent_to_the_fullest_other_group) {
    Sale sale;
    const std::string id = sale.publish(group_draft(R"("size":2,"overflow":"reroute_fullest")"));
    const std::string full = part(open(sale, id, 1), "group").text("group_id");
    ASSERT_EQ(join(sale, id, 2, full).code(), "HELD");
    EXPECT_EQ(join(sale, id, 3, full).code(), "GROUP_FULL") << "no other group is there yet";
    const std::string other = part(open(sale, id, 4), "group").text("group_id");
    const HttpAnswer rerouted = join(sale, id, 3, full);
    EXPECT_EQ(rerouted.code(), "REROUTED");
    EXPECT_EQ(part(rerouted, "group").text("group_id"), other);
    EXPECT_EQ(rerouted.number("amount"), 9900);
    EXPECT_TRUE(rerouted.has("pay_by_ms"));
    EXPECT_TRUE(rerouted.has("order_id"));
    sale.stop_and_verify();
}

TEST(GroupBuyFromOutside, a_ladder_and_a_lottery_tell_the_mall_what_goes_back) {
    Sale sale;
    const std::string ladder =
        sale.publish(group_draft(R"("tiers":[{"size":2,"price":9900},{"size":3,"price":8800}])"));
    std::vector<std::string> orders{open(sale, ladder, 1).text("order_id")};
    const std::string group = orders[0];
    for (const std::uint64_t buyer : {2U, 3U}) {
        orders.push_back(join(sale, ladder, buyer, group).text("order_id"));
    }
    for (std::size_t at = 0; at < orders.size(); ++at) {
        EXPECT_EQ(sale.pay(orders[at], "p" + std::to_string(at), 9900).code(),
                  at == 2 ? "CONFIRMED" : "OK");
    }
    EXPECT_EQ(part(look(sale, ladder, group), "group").number("price"), 8800);
    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(),
                    "SELECT order_id, json_extract(payload, '$.amount'), "
                    "json_extract(payload, '$.quantity'), json_extract(payload, '$.reason') "
                    "FROM stampede_event WHERE kind = 'REFUND_REQUIRED' ORDER BY rowid"),
              (Rows{{orders[0], "1100", "0", "price_difference"},
                    {orders[1], "1100", "0", "price_difference"},
                    {orders[2], "1100", "0", "price_difference"}}));

    const std::string lottery = sale.publish(group_draft(R"("size":3,"lottery":{"winners":1})"));
    orders = {open(sale, lottery, 1).text("order_id")};
    const std::string drawn = orders[0];
    for (const std::uint64_t buyer : {2U, 3U}) {
        orders.push_back(join(sale, lottery, buyer, drawn).text("order_id"));
    }
    EXPECT_EQ(sale.ledger_line(lottery).number("held"), 1) << "a unit for each winner";
    for (std::size_t at = 0; at < orders.size(); ++at) {
        sale.pay(orders[at], "l" + std::to_string(at), 9900);
    }
    EXPECT_EQ(part(look(sale, lottery, drawn), "group").text("state"), "success");
    EXPECT_EQ(sale.ledger_line(lottery).number("sold"), 1);
    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(),
                    "SELECT count(*) FROM stampede_order WHERE group_id = '" + drawn + "'"),
              (Rows{{"1"}}));
    EXPECT_EQ(query(sale.database(),
                    "SELECT count(*) FROM stampede_event WHERE kind = 'REFUND_REQUIRED' "
                    "AND json_extract(payload, '$.reason') = 'lottery_lost'"),
              (Rows{{"2"}}));
    sale.stop_and_verify();
}

TEST(GroupBuyFromOutside, the_seed_of_the_draws_is_shown_by_its_digest_and_then_itself) {
    Sale sale;
    const std::string id = sale.publish(group_draft(group_of_three));
    Caller anybody{sale.server().buyers_port(), {}};
    const HttpAnswer running = anybody.get("/v1/campaigns/" + id);
    EXPECT_EQ(running.text("seed_digest").size(), 64U);
    EXPECT_FALSE(running.has("seed")) << running.body;
    EXPECT_EQ(part(running, "group").number("size"), 3);
    ASSERT_EQ(open(sale, id, 1).code(), "HELD");
    sale.mall().post("/v1/campaigns/" + id + "/end");
    EXPECT_FALSE(anybody.get("/v1/campaigns/" + id).has("seed")) << "a group is still open";
    sale.mall().post("/v1/campaigns/" + id + "/kill");
    const HttpAnswer over = anybody.get("/v1/campaigns/" + id);
    EXPECT_EQ(over.text("seed_digest"), running.text("seed_digest"));
    EXPECT_EQ(over.text("seed").size(), 64U);
    EXPECT_FALSE(anybody.get("/v1/campaigns/" + sale.publish(Draft{})).has("seed_digest"))
        << "a flash sale draws nothing";
}

TEST_P(GroupBuyFromOutside, a_killed_server_knows_its_groups_and_their_keys_again) {
    Sale sale(flags({"--recovery-grace", "0"}));
    const std::string id = sale.publish(group_draft(group_of_three));
    const HttpAnswer opened = open(sale, id, 1, "open");
    const std::string group = part(opened, "group").text("group_id");
    const HttpAnswer joined = join(sale, id, 2, group);
    EXPECT_EQ(sale.pay(opened.text("order_id"), "p1", 9900).code(), "OK");
    const HttpAnswer before = look(sale, id, group);
    sale.server().kill();
    sale.start_again();
    const HttpAnswer after = look(sale, id, group);
    EXPECT_EQ(part(after, "group").json, part(before, "group").json);
    const HttpAnswer again = open(sale, id, 1, "open");
    EXPECT_TRUE(again.flag("replayed")) << again.body;
    EXPECT_EQ(again.text("order_id"), opened.text("order_id"));
    EXPECT_EQ(again.text("state_now"), "paid");
    EXPECT_EQ(sale.pay(opened.text("order_id"), "p1", 9900).code(), "ALREADY_DONE");
    EXPECT_EQ(sale.pay(joined.text("order_id"), "p2", 9900).code(), "OK");
    const HttpAnswer third = join(sale, id, 3, group);
    ASSERT_EQ(third.code(), "HELD") << third.body;
    EXPECT_EQ(sale.pay(third.text("order_id"), "p3", 9900).code(), "CONFIRMED");
    sale.server().kill();
    sale.start_again();
    EXPECT_EQ(seats(look(sale, id, group)), (Seats{"success", "0", "3"}));
    sale.stop_and_verify();
    const CommandResult printed =
        run_stampede({"journal", "print", "--data-dir", sale.data_dir().string()});
    for (const char* event : {"GroupOpened", "SeatTaken", "SeatPaid", "GroupSucceeded"}) {
        EXPECT_THAT(printed.out, HasSubstr(R"("event":")" + std::string{event} + '"'));
    }
    EXPECT_THAT(printed.out, HasSubstr(R"("group_id":")" + group + '"'));
}

TEST(GroupBuyFromOutside, groups_are_counted_by_their_state) {
    Sale sale;
    const std::string id = sale.publish(group_draft(group_of_three));
    ASSERT_EQ(open(sale, id, 1).code(), "HELD");
    const std::string failed = open(sale, id, 2).text("group_id");
    sale.mall().post(groups_path(id) + "/" + failed + "/fail");
    // Counted by a thread that looks once a second.
    const auto becomes = [&](const std::string& line) {
        for (int tries = 0; tries < 1000; ++tries) {
            if (sale.mall().get("/metrics").body.find(line) != std::string::npos) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        return false;
    };
    EXPECT_TRUE(becomes("stampede_groups_in_state{state=\"failed\"} 1\n"));
    EXPECT_TRUE(becomes("stampede_groups_in_state{state=\"forming\"} 1\n"));
    EXPECT_TRUE(becomes("stampede_bargains_in_state{state=\"open\"} 0\n"));
}

// Drafts -----------------------------------------------------------------------------------------

std::vector<std::string> wrong_fields(const HttpAnswer& answer) {
    EXPECT_EQ(answer.status, 422) << answer.body;
    EXPECT_EQ(answer.code(), "DRAFT_INVALID");
    std::vector<std::string> names;
    for (const auto& error : answer.list("errors")) {
        names.emplace_back(error.at("field").as_string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

TEST(GroupBuyDraft, hears_all_of_its_mistakes_at_once_each_by_its_field) {
    Sale sale;
    const auto mistakes = [&](const std::string& group) {
        return wrong_fields(sale.mall().post("/v1/campaigns", group_draft(group).text()));
    };
    EXPECT_EQ(mistakes(R"("size":1,"valid_seconds":5,"lottery":{"winners":0},"overflow":"queue",)"
                       R"("sice":3,"simulate":7,"leader_price":"x","new_member_rule":{"k":1})"),
              (std::vector<std::string>{"group.leader_price", "group.lottery.winners",
                                        "group.new_member_rule.at_least_new",
                                        "group.new_member_rule.k", "group.overflow", "group.sice",
                                        "group.simulate", "group.size", "group.valid_seconds"}));
    EXPECT_EQ(mistakes(R"("tiers":[{"size":2,"price":9900},{"size":2,"price":9900,"x":1},5])"),
              (std::vector<std::string>{"group.tiers[1].price", "group.tiers[1].size",
                                        "group.tiers[1].x", "group.tiers[2]"}));
    EXPECT_EQ(mistakes(R"("size":3,"lottery":{"winners":3})"),
              (std::vector<std::string>{"group.lottery.winners"}));
    EXPECT_EQ(mistakes(R"("size":3,"valid_seconds":100)"),
              (std::vector<std::string>{"group.valid_seconds"}))
        << "shorter than the hold";
    Draft plain;
    plain.play = "group_buy";
    EXPECT_EQ(wrong_fields(sale.mall().post("/v1/campaigns", plain.text())),
              (std::vector<std::string>{"group"}));
}

TEST(GroupBuyDraft, is_shown_as_it_can_be_sent_again_and_cloned) {
    Sale sale;
    const std::string all =
        R"("size":5,"valid_seconds":3600,"leader_price":9000,"open_groups_per_buyer":2,)"
        R"("groups_per_buyer":3,"joins_per_buyer":4,"single_price":12000,"public_list":false,)"
        R"("new_member_rule":{"at_least_new":2},"simulate":{"threshold_bp":8000},)"
        R"("lottery":{"winners":2},"overflow":"open_new","leader_exit":"dissolve",)"
        R"("leader_commission_bp":500,"close_with_campaign":true)";
    const HttpAnswer drafted = sale.mall().post("/v1/campaigns", group_draft(all).text());
    ASSERT_EQ(drafted.status, 201) << drafted.body;
    EXPECT_THAT(boost::json::serialize(drafted.json.at("warnings")), HasSubstr("group.simulate"));
    const std::string path = "/v1/campaigns/" + drafted.text("id");
    const HttpAnswer shown = sale.mall().get(path);
    EXPECT_EQ(part(shown, "group").json, parse_object("{" + all + "}")) << shown.body;
    EXPECT_EQ(sale.mall().put(path, shown.body).code(), "OK") << "as it was shown";
    const HttpAnswer cloned = sale.mall().post(path + "/clone");
    ASSERT_EQ(cloned.status, 201) << cloned.body;
    const HttpAnswer clone = sale.mall().get("/v1/campaigns/" + cloned.text("id"));
    EXPECT_EQ(part(clone, "group").json, part(shown, "group").json);
}

}  // namespace
}  // namespace stampede::tests
