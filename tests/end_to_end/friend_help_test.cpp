// SPDX-License-Identifier: Apache-2.0
// Friend help from the draft to the mall's database, through the real program over real sockets:
// what each answer says, what is told to the mall, what a killed server still knows.
#include <gmock/gmock.h>

#include <set>

#include "tests/end_to_end/sale.hpp"

namespace stampede::tests {
namespace {

using testing::HasSubstr;
using Names = std::set<std::string>;

class FriendHelpFromOutside : public OnBothLoops {};
INSTANTIATE_TEST_SUITE_P(Loop, FriendHelpFromOutside, both_loops(), loop_name);

constexpr const char* two_tiers = R"("tiers":[{"helpers_needed":1,"item_id":"1001"},)"
                                  R"({"helpers_needed":2,"item_id":"1001","quantity":2}])";

Draft friend_help_draft(const std::string& terms, std::int64_t stock) {
    return Draft{
        .stock = stock, .more = R"(,"friend_help":{)" + terms + "}", .play = "friend_help"};
}
std::string rallies_path(const std::string& campaign) {
    return "/v1/campaigns/" + campaign + "/rallies";
}
HttpAnswer help(Sale& sale, const std::string& id, std::uint64_t buyer, const std::string& rally,
                const std::string& key = {}) {
    return sale.buyer(buyer).post(rallies_path(id) + "/" + rally + "/helps", {}, key);
}
HttpAnswer look(Sale& sale, const std::string& id, const std::string& rally) {
    Caller anybody{sale.server().buyers_port(), {}};
    return anybody.get(rallies_path(id) + "/" + rally);
}
std::string reward(const HttpAnswer& answer, std::size_t tier) {
    return std::string{part(answer, "rally").list("tiers").at(tier).at("reward").as_string()};
}
Names fields(const boost::json::object& object) {
    Names names;
    for (const auto& [name, value] : object) {
        names.emplace(name);
    }
    return names;
}

TEST_P(FriendHelpFromOutside, helpers_bring_rewards_that_reach_the_mall) {
    Sale sale(flags());
    const std::string id = sale.publish(friend_help_draft(two_tiers, 4));
    const HttpAnswer begun = sale.buyer(1001).post(rallies_path(id), {}, "launch");
    ASSERT_EQ(begun.code(), "OK") << begun.body;
    const HttpAnswer record = part(begun, "rally");
    EXPECT_EQ(fields(record.json),
              (Names{"rally_id", "starter", "state", "helpers", "tiers", "deadline_ms"}));
    EXPECT_EQ(record.text("starter"), "1***1") << "masked";
    const std::string rally = record.text("rally_id");
    EXPECT_EQ(help(sale, id, 1001, rally).code(), "HELP_SELF");
    EXPECT_EQ(sale.buyer(1001).post(rallies_path(id), {}).code(), "LAUNCH_EXISTS");

    const HttpAnswer first = help(sale, id, 2001, rally, "help");
    ASSERT_EQ(first.code(), "OK") << first.body;
    EXPECT_EQ(reward(first, 0), "granted");
    EXPECT_EQ(reward(first, 1), "waiting");
    EXPECT_EQ(part(first, "rally").json, part(look(sale, id, rally), "rally").json);
    EXPECT_EQ(help(sale, id, 2001, rally).code(), "HELP_REPEAT");
    sale.server().kill();
    sale.start_again();
    const HttpAnswer again = help(sale, id, 2001, rally, "help");
    EXPECT_EQ(again.code(), "OK");
    EXPECT_THAT(again.body, HasSubstr(R"("replayed":true)"));
    EXPECT_EQ(part(again, "rally").number("helpers"), 1);

    const HttpAnswer second = help(sale, id, 2002, rally);
    EXPECT_EQ(part(second, "rally").text("state"), "complete");
    EXPECT_EQ(reward(second, 1), "granted");
    EXPECT_EQ(help(sale, id, 2003, rally).code(), "ALREADY_DONE");

    // One unit is left: the first tier of the next takes it, the second finds nothing.
    const std::string other =
        part(sale.buyer(1002).post(rallies_path(id), {}), "rally").text("rally_id");
    EXPECT_EQ(reward(help(sale, id, 2001, other), 0), "granted");
    const HttpAnswer too_late = help(sale, id, 2002, other);
    EXPECT_EQ(reward(too_late, 1), "ran_out");
    EXPECT_EQ(part(too_late, "rally").text("state"), "complete");
    EXPECT_EQ(sale.buyer(1003).post(rallies_path(id), {}).code(), "SOLD_OUT");
    EXPECT_EQ(sale.ledger_line(id).number("sold"), 4);
    EXPECT_EQ(help(sale, id, 2001, "zzzz").code(), "BARGAIN_UNKNOWN");
    EXPECT_EQ(look(sale, id, "zzzz").code(), "BARGAIN_UNKNOWN");

    const auto mine = sale.buyer(1001).get(orders_path(id)).list("orders");
    ASSERT_EQ(mine.size(), 2U);
    EXPECT_EQ(mine[0].at("rally_id"), rally.c_str());
    EXPECT_EQ(mine[0].at("amount"), 0);
    const auto rallies = sale.buyer(1001).get(rallies_path(id) + "?mine=true").list("rallies");
    ASSERT_EQ(rallies.size(), 1U);
    EXPECT_EQ(rallies[0].at("rally_id"), rally.c_str());

    sale.wait_until_settled();
    EXPECT_EQ(query(sale.database(),
                    "SELECT o.play, o.buyer_id, o.amount, o.state, i.item_id, i.quantity, "
                    "json_extract(e.payload, '$.rally_id'), json_extract(e.payload, '$.helpers') "
                    "FROM stampede_order o JOIN stampede_order_item i USING (order_id) "
                    "JOIN stampede_event e USING (order_id) WHERE e.kind = 'REWARD_GRANTED' "
                    "ORDER BY e.rowid"),
              (Rows{{"friend_help", "1001", "0", "confirmed", "1001", "1", rally, "1"},
                    {"friend_help", "1001", "0", "confirmed", "1001", "2", rally, "2"},
                    {"friend_help", "1002", "0", "confirmed", "1001", "1", other, "1"}}));
    EXPECT_EQ(query(sale.database(), "SELECT count(*) FROM stampede_order"), (Rows{{"3"}}));
    sale.stop_and_verify();
}

TEST(FriendHelpDraft, tells_every_mistake_and_can_be_sent_again_as_it_is_shown) {
    Sale sale;
    const HttpAnswer refused = sale.mall().post(
        "/v1/campaigns",
        friend_help_draft(R"("tiers":[{"helpers_needed":2,"item_id":"1001","quantity":99},)"
                          R"({"helpers":2,"item_id":"1002"}],"valid_seconds":1,"new_only":true)",
                          4)
            .text());
    EXPECT_EQ(refused.status, 422) << refused.body;
    Names mistakes;
    for (const auto& error : refused.list("errors")) {
        mistakes.emplace(error.at("field").as_string());
    }
    EXPECT_EQ(mistakes,
              (Names{"friend_help.new_only", "friend_help.tiers[0].quantity",
                     "friend_help.tiers[1].helpers", "friend_help.tiers[1].helpers_needed",
                     "friend_help.tiers[1].item_id", "friend_help.valid_seconds"}))
        << refused.body;

    const std::string all = R"("tiers":[{"helpers_needed":3,"item_id":"1001","quantity":2}],)"
                            R"("helper_new_only":true,"helps_per_buyer":4,)"
                            R"("helps_per_buyer_per_day":3,"launches_per_buyer":2,)"
                            R"("valid_seconds":3600)";
    const HttpAnswer drafted = sale.mall().post("/v1/campaigns", friend_help_draft(all, 9).text());
    ASSERT_EQ(drafted.status, 201) << drafted.body;
    const std::string path = "/v1/campaigns/" + drafted.text("id");
    const HttpAnswer shown = sale.mall().get(path);
    EXPECT_EQ(part(shown, "friend_help").json, parse_object("{" + all + "}")) << shown.body;
    EXPECT_EQ(part(shown, "limits").number("per_buyer"), 4);
    EXPECT_EQ(sale.mall().put(path, shown.body).code(), "OK") << "as it was shown";
    EXPECT_EQ(sale.mall().post(path + "/publish").code(), "OK");
    EXPECT_EQ(sale.mall().get("/v1/campaigns?play=friend_help").list("campaigns").size(), 1U);

    const std::string id = drafted.text("id");
    const std::string rally =
        part(sale.buyer(1).post(rallies_path(id), {}), "rally").text("rally_id");
    const auto help_as = [&](const std::string& segments) {
        Caller helper{sale.server().buyers_port(),
                      {"X-Buyer-Id: 2", "X-Buyer-Segments: " + segments}};
        return helper.post(rallies_path(id) + "/" + rally + "/helps").code();
    };
    EXPECT_EQ(help_as("2"), "NEW_BUYERS_ONLY");
    EXPECT_EQ(help_as("1"), "OK");
    Caller anybody{sale.server().buyers_port(), {}};
    EXPECT_EQ(part(anybody.get("/v1/campaigns/" + id), "friend_help").list("tiers").size(), 1U);
}

}  // namespace
}  // namespace stampede::tests
