// SPDX-License-Identifier: Apache-2.0
// Each field wrong once, and what must not matter: the order of fields, white space.
#include "net/command_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace stampede::net {
namespace {

using campaigns::Buy;
using testing::HasSubstr;

/// A decoder and the padded room that bodies lie in.
class Decoding : public testing::Test {
  protected:
    Judged<DecodedCommand> decode(std::string_view method, std::string target, std::string body,
                                  std::optional<std::string_view> key = "k1") {
        body_ = std::move(body);
        const std::size_t size = body_.size();
        body_.resize(size + body_padding_bytes);
        target_ = std::move(target);
        const auto route = route_buyers(method, target_);
        if (route.has_error()) {
            return route.error();
        }
        BuyersRequest request;
        request.route = *route;
        request.method = method;
        request.target = path_of(target_);
        const auto question_mark = target_.find('?');
        request.query = question_mark == std::string::npos
                            ? std::string_view{}
                            : std::string_view{target_}.substr(question_mark + 1);
        request.buyer = campaigns::Buyer{BuyerId{42}, 3, 1};
        request.idempotency_key = key;
        request.body = std::string_view{body_}.substr(0, size);
        request.body_readable_bytes = body_.size();
        return decoder_.decode(request);
    }
    Judged<DecodedCommand> order(std::string body) {
        return decode("POST", "/v1/campaigns/7/orders", std::move(body));
    }
    std::string refusal(std::string body) {
        const auto decoded = order(std::move(body));
        return decoded.has_error() ? decoded.error().detail : "accepted";
    }
    std::uint32_t digest(std::string body) {
        const auto decoded = order(std::move(body));
        EXPECT_TRUE(decoded.has_value());
        return decoded.has_value() ? decoded->identity->body_digest : 0;
    }

  private:
    std::string body_;
    std::string target_;
    CommandDecoder decoder_;
};

TEST_F(Decoding, reads_an_order_of_one_item) {
    const auto decoded =
        order(R"({"item_id":"1001","quantity":2,"ticket":"t\u0031","allow_partial":true})");
    ASSERT_TRUE(decoded.has_value());
    const auto& buy = std::get<Buy>(decoded->command);
    EXPECT_EQ(buy.campaign, CampaignId{7});
    EXPECT_EQ(buy.buyer.id, BuyerId{42});
    EXPECT_EQ(buy.buyer.level, 3);
    ASSERT_EQ(buy.lines.size(), 1u);
    EXPECT_EQ(buy.lines[0].item_id, ItemId{"1001"});
    EXPECT_EQ(buy.lines[0].quantity, Quantity{2});
    EXPECT_EQ(buy.allow_partial, campaigns::AllowPartial::yes);
    EXPECT_EQ(decoded->ticket, "t1");
    EXPECT_EQ(decoded->identity->owner, 42u);
}

TEST_F(Decoding, reads_an_order_of_several_items) {
    const auto decoded =
        order(R"({"items":[{"quantity":1,"item_id":"a"},{"item_id":"b","quantity":3}]})");
    ASSERT_TRUE(decoded.has_value());
    const auto& buy = std::get<Buy>(decoded->command);
    ASSERT_EQ(buy.lines.size(), 2u);
    EXPECT_EQ(buy.lines[0].item_id, ItemId{"a"});
    EXPECT_EQ(buy.lines[1].quantity, Quantity{3});
    EXPECT_FALSE(decoded->ticket.has_value());
}

TEST_F(Decoding, reads_a_ticket_request_and_a_cancel) {
    const auto ticket = decode("POST", "/v1/campaigns/7/tickets", R"({"item_id":"x"})");
    ASSERT_TRUE(ticket.has_value());
    EXPECT_EQ(std::get<campaigns::IssueTicket>(ticket->command).item_id, ItemId{"x"});
    for (const char* body : {"", " \r\n", "{}"}) {
        const auto cancel = decode("POST", "/v1/campaigns/7/orders/zz/cancel", body);
        ASSERT_TRUE(cancel.has_value()) << body;
        EXPECT_EQ(std::get<campaigns::CancelOrder>(cancel->command).order, OrderId{35 * 36 + 35});
        EXPECT_EQ(std::get<campaigns::CancelOrder>(cancel->command).buyer, BuyerId{42});
    }
}

TEST_F(Decoding, reads_who_joins_and_who_leaves_a_waitlist) {
    const auto join = decode("POST", "/v1/campaigns/7/waitlist", R"({"item_id":"1001"})");
    ASSERT_TRUE(join.has_value()) << join.error().detail;
    const auto& wanted = std::get<campaigns::JoinWaitlist>(join->command);
    EXPECT_EQ(wanted.campaign, CampaignId{7});
    EXPECT_EQ(wanted.buyer.id, BuyerId{42});
    EXPECT_EQ(wanted.buyer.level, 3);
    EXPECT_EQ(wanted.item_id, ItemId{"1001"});
    for (const auto& [target, body] :
         {std::pair{"/v1/campaigns/7/waitlist?item_id=1001", ""},
          std::pair{"/v1/campaigns/7/waitlist", R"({"item_id":"1001"})"}}) {
        const auto leave = decode("DELETE", target, body, std::nullopt);
        ASSERT_TRUE(leave.has_value()) << leave.error().detail;
        const auto& gone = std::get<campaigns::LeaveWaitlist>(leave->command);
        EXPECT_EQ(gone.buyer, BuyerId{42});
        EXPECT_EQ(gone.item_id, ItemId{"1001"});
        EXPECT_FALSE(leave->identity.has_value());
    }
}

TEST_F(Decoding, refuses_a_place_in_line_for_nothing) {
    const auto refusal_of = [&](const char* method, const char* target, const char* body) {
        const auto decoded = decode(method, target, body);
        return decoded.has_error() ? decoded.error().detail : std::string{"accepted"};
    };
    EXPECT_THAT(refusal_of("POST", "/v1/campaigns/7/waitlist", "{}"), HasSubstr("item_id"));
    EXPECT_THAT(refusal_of("POST", "/v1/campaigns/7/waitlist", R"({"item_id":"1","quantity":1})"),
                HasSubstr("quantity"));
    EXPECT_THAT(refusal_of("DELETE", "/v1/campaigns/7/waitlist", ""), HasSubstr("body"));
    EXPECT_THAT(refusal_of("DELETE", "/v1/campaigns/7/waitlist?item=1", ""),
                HasSubstr("item: not a parameter here"));
    EXPECT_THAT(refusal_of("DELETE", "/v1/campaigns/7/waitlist?item_id=", ""),
                HasSubstr("item_id: must be"));
    EXPECT_THAT(refusal_of("DELETE", "/v1/campaigns/7/waitlist?item_id=a%20b", ""),
                HasSubstr("item_id: must be"));
    EXPECT_THAT(refusal_of("DELETE", "/v1/campaigns/7/waitlist?item_id=1", R"({"item_id":"1"})"),
                HasSubstr("one or the other"));
}

TEST_F(Decoding, reads_a_seat_of_a_new_group) {
    const auto opened =
        decode("POST", "/v1/campaigns/7/groups", R"({"item_id":"x","quantity":2,"ticket":"t"})");
    ASSERT_TRUE(opened.has_value());
    const auto& open = std::get<campaigns::OpenGroup>(opened->command);
    EXPECT_EQ(open.campaign, CampaignId{7});
    EXPECT_EQ(open.buyer.id, BuyerId{42});
    EXPECT_EQ(open.buyer.level, 3);
    EXPECT_EQ(open.item_id, ItemId{"x"});
    EXPECT_EQ(open.quantity, Quantity{2});
    EXPECT_EQ(opened->ticket, "t");
    const auto refusal_of = [&](std::string body) {
        const auto decoded = decode("POST", "/v1/campaigns/7/groups", std::move(body));
        return decoded.has_error() ? decoded.error().detail : "accepted";
    };
    EXPECT_EQ(refusal_of(""), "body: missing; a JSON object is needed");
    EXPECT_EQ(refusal_of(R"({"item_id":"x"})"), "quantity: missing");
    EXPECT_EQ(refusal_of(R"({"quantity":1})"), "item_id: missing");
    EXPECT_EQ(refusal_of(R"({"item_id":"x","quantity":1,"size":3})"), "size: unknown field");
    EXPECT_EQ(refusal_of(R"({"item_id":"x","quantity":1,"quantity":1})"),
              "quantity: repeated field");
}

TEST_F(Decoding, reads_a_seat_of_a_group_with_or_without_a_body) {
    for (const char* body : {"", "{}", R"({"quantity":1})"}) {
        const auto decoded = decode("POST", "/v1/campaigns/7/groups/zz/members", body);
        ASSERT_TRUE(decoded.has_value()) << body;
        const auto& join = std::get<campaigns::JoinGroup>(decoded->command);
        EXPECT_EQ(join.group, campaigns::GroupId{35 * 36 + 35});
        EXPECT_FALSE(join.item_id.has_value());
        EXPECT_EQ(join.quantity, Quantity{1});
    }
    const auto decoded = decode("POST", "/v1/campaigns/7/groups/zz/members",
                                R"({"item_id":"x","quantity":3,"ticket":"t"})");
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(std::get<campaigns::JoinGroup>(decoded->command).item_id, ItemId{"x"});
    EXPECT_EQ(std::get<campaigns::JoinGroup>(decoded->command).quantity, Quantity{3});
    EXPECT_EQ(decoded->ticket, "t");
    EXPECT_TRUE(
        decode("POST", "/v1/campaigns/7/groups/zz/members", R"({"quantity":0})").has_error());
}

TEST_F(Decoding, takes_a_seat_asked_for_in_other_words_as_the_same_command) {
    const auto digest_of = [&](std::string body) {
        const auto decoded = decode("POST", "/v1/campaigns/7/groups/zz/members", std::move(body));
        EXPECT_TRUE(decoded.has_value());
        return decoded.has_value() ? decoded->identity->body_digest : 0;
    };
    const auto nothing = digest_of("");
    EXPECT_EQ(digest_of(R"({"quantity":1})"), nothing);
    EXPECT_NE(digest_of(R"({"quantity":2})"), nothing);
    EXPECT_NE(digest_of(R"({"item_id":"x"})"), nothing);
    EXPECT_NE(digest_of(R"({"ticket":"t"})"), nothing);
}

TEST_F(Decoding, reads_a_launch_a_cut_and_an_order_of_a_bargain) {
    const auto launched = decode("POST", "/v1/campaigns/7/bargains", R"({"item_id":"x"})");
    ASSERT_TRUE(launched.has_value());
    EXPECT_EQ(std::get<campaigns::LaunchBargain>(launched->command).item_id, ItemId{"x"});
    EXPECT_EQ(std::get<campaigns::LaunchBargain>(launched->command).buyer.id, BuyerId{42});
    for (const char* body : {"", "{}"}) {
        const auto cut = decode("POST", "/v1/campaigns/7/bargains/zz/cuts", body);
        ASSERT_TRUE(cut.has_value());
        EXPECT_EQ(std::get<campaigns::CutBargain>(cut->command).bargain,
                  campaigns::BargainId{35 * 36 + 35});
        EXPECT_EQ(std::get<campaigns::CutBargain>(cut->command).buyer.segments, 1U);
        const auto order = decode("POST", "/v1/campaigns/7/bargains/zz/orders", body);
        ASSERT_TRUE(order.has_value());
        EXPECT_EQ(std::get<campaigns::OrderBargain>(order->command).bargain,
                  campaigns::BargainId{35 * 36 + 35});
        // The same path but for its last word: another key, another request.
        EXPECT_NE(cut->identity->key_digest, order->identity->key_digest);
    }
    EXPECT_TRUE(decode("POST", "/v1/campaigns/7/bargains", "{}").has_error());
    EXPECT_TRUE(decode("POST", "/v1/campaigns/7/bargains/zz/cuts", R"({"amount":5})").has_error());
}

TEST_F(Decoding, refuses_each_wrong_field_by_its_name) {
    const std::string name_quantity = "quantity: must be an integer from 1 to 2147483647";
    const std::string name_item = "item_id: must be 1 to 32 characters of A-Z, a-z, 0-9, _ and -";
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":0})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":-1})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":1.0})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":1e2})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":"1"})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":true})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":null})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":2147483648})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":99999999999999999999})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":[1]})"), name_quantity);
    EXPECT_EQ(refusal(R"({"item_id":1,"quantity":1})"), "item_id: must be a string");
    EXPECT_EQ(refusal(R"({"item_id":"","quantity":1})"), name_item);
    EXPECT_EQ(refusal(R"({"item_id":"a b","quantity":1})"), name_item);
    EXPECT_EQ(refusal(R"({"item_id":"123456789012345678901234567890123","quantity":1})"),
              name_item);
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":1,"ticket":5})"), "ticket: must be a string");
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":1,"allow_partial":"yes"})"),
              "allow_partial: must be true or false");
    EXPECT_EQ(refusal(R"({"quantity":1})"), "item_id: missing");
    EXPECT_EQ(refusal(R"({"item_id":"1"})"), "quantity: missing");
    EXPECT_EQ(refusal("{}"), "item_id: missing");
}

TEST_F(Decoding, refuses_unknown_and_repeated_fields_by_name) {
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":1,"price":1})"), "price: unknown field");
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":1,"item_id":"2"})"), "item_id: repeated field");
    EXPECT_EQ(refusal(R"({"item_id":"1","quantity":1,"qu\u0061ntity":2})"),
              "quantity: repeated field");
    EXPECT_EQ(refusal(R"({"items":[{"item_id":"a","quantity":1,"unit_price":1}]})"),
              "items[0].unit_price: unknown field");
}

TEST_F(Decoding, says_which_line_is_wrong) {
    EXPECT_EQ(refusal(R"({"items":[{"item_id":"a","quantity":1},{"item_id":"b"}]})"),
              "items[1].quantity: missing");
    EXPECT_EQ(refusal(R"({"items":[{"item_id":"a","quantity":1},{"item_id":"a","quantity":1}]})"),
              "items[1].item_id: stands in the list twice");
    EXPECT_EQ(refusal(R"({"items":[{"item_id":"a","quantity":1},5]})"),
              "items[1]: must be an object");
    EXPECT_EQ(refusal(R"({"items":[]})"), "items: must not be empty");
    EXPECT_EQ(refusal(R"({"items":{}})"), "items: must be an array");
    std::string many = R"({"items":[)";
    for (int line = 0; line <= 20; ++line) {
        many += R"({"item_id":"i)" + std::to_string(line) + R"(","quantity":1},)";
    }
    many.back() = ']';
    EXPECT_EQ(refusal(many + "}"), "items: holds more than 20 elements");
}

TEST_F(Decoding, refuses_both_forms_of_an_order_at_once) {
    EXPECT_THAT(refusal(R"({"items":[{"item_id":"a","quantity":1}],"item_id":"a"})"),
                HasSubstr("one or the other"));
    EXPECT_THAT(refusal(R"({"items":[{"item_id":"a","quantity":1}],"allow_partial":true})"),
                HasSubstr("all or nothing"));
}

TEST_F(Decoding, refuses_what_is_not_one_json_object) {
    EXPECT_THAT(refusal(""), HasSubstr("body: missing"));
    EXPECT_THAT(refusal("[]"), HasSubstr("must be a JSON object"));
    EXPECT_THAT(refusal("5"), HasSubstr("must be a JSON object"));
    EXPECT_THAT(refusal("{"), HasSubstr("not valid JSON"));
    EXPECT_THAT(refusal(R"({"item_id":"1","quantity":1)"), HasSubstr("not valid JSON"));
    EXPECT_THAT(refusal(R"({"item_id":"1" "quantity":1})"), HasSubstr("not valid JSON"));
    EXPECT_THAT(refusal(R"({"item_id":"1","quantity":1,})"), HasSubstr("not valid JSON"));
    EXPECT_THAT(refusal(R"({"item_id":"1","quantity":1}})"), HasSubstr("something follows"));
    EXPECT_NE(refusal(R"({"item_id":"1","quantity":1} x)"), "accepted");
    EXPECT_NE(refusal("{\"item_id\":\"\xff\",\"quantity\":1}"), "accepted");
    EXPECT_NE(refusal("{\"item_id\":\"a\",\"quantity\":1,\"ticket\":\"a\nb\"}"), "accepted");
    EXPECT_EQ(decode("POST", "/v1/campaigns/7/orders/zz/cancel", R"({"why":1})").error().detail,
              "why: unknown field");
}

TEST_F(Decoding, gives_one_digest_to_one_command_however_it_is_written) {
    const auto plain = digest(R"({"item_id":"1","quantity":2})");
    EXPECT_EQ(plain, digest(R"( { "quantity" : 2 , "item_id" : "\u0031" } )"));
    EXPECT_EQ(plain, digest(R"({"item_id":"1","quantity":2,"allow_partial":false})"));
    EXPECT_NE(plain, digest(R"({"item_id":"1","quantity":3})"));
    EXPECT_NE(plain, digest(R"({"item_id":"2","quantity":2})"));
    EXPECT_NE(plain, digest(R"({"item_id":"1","quantity":2,"allow_partial":true})"));
    EXPECT_NE(plain, digest(R"({"item_id":"1","quantity":2,"ticket":"t"})"));
}

TEST_F(Decoding, scopes_a_key_by_method_and_path) {
    const auto here = order(R"({"item_id":"1","quantity":1})");
    const auto there = decode("POST", "/v1/campaigns/8/orders", R"({"item_id":"1","quantity":1})");
    const auto other_key =
        decode("POST", "/v1/campaigns/7/orders", R"({"item_id":"1","quantity":1})", "k2");
    const auto with_query =
        decode("POST", "/v1/campaigns/7/orders?_=1", R"({"item_id":"1","quantity":1})");
    EXPECT_NE(here->identity->key_digest, there->identity->key_digest);
    EXPECT_NE(here->identity->key_digest, other_key->identity->key_digest);
    EXPECT_EQ(here->identity->key_digest, with_query->identity->key_digest);
    const auto keyless =
        decode("POST", "/v1/campaigns/7/orders", R"({"item_id":"1","quantity":1})", std::nullopt);
    EXPECT_FALSE(keyless->identity.has_value());
}

TEST_F(Decoding, refuses_a_key_that_is_no_key) {
    const std::string body = R"({"item_id":"1","quantity":1})";
    for (const std::string& key : {std::string{}, std::string(65, 'k'), std::string{"a b"},
                                   std::string{"\x7f"}, std::string{"\xc3\xa9"}}) {
        const auto decoded = decode("POST", "/v1/campaigns/7/orders", body, key);
        ASSERT_TRUE(decoded.has_error()) << key;
        EXPECT_THAT(decoded.error().detail, HasSubstr("Idempotency-Key")) << key;
    }
    EXPECT_TRUE(decode("POST", "/v1/campaigns/7/orders", body, std::string(64, '~')).has_value());
}

TEST(ContentType, is_json_or_not_said) {
    EXPECT_TRUE(judge_content_type(std::nullopt, "{}").has_value());
    EXPECT_TRUE(judge_content_type("text/plain", "").has_value());
    for (const char* type :
         {"application/json", "application/json; charset=utf-8", "Application/JSON"}) {
        EXPECT_TRUE(judge_content_type(type, "{}").has_value()) << type;
    }
    for (const char* type : {"", "text/plain", "application/jsonp",
                             "application/x-www-form-urlencoded", "json", "APPLICATION\x0fJSON"}) {
        const auto judged = judge_content_type(type, "{}");
        ASSERT_TRUE(judged.has_error()) << type;
        EXPECT_EQ(judged.error().status, 415) << type;
    }
}

TEST(BuyersRoute, knows_every_path) {
    EXPECT_EQ(route_buyers("GET", "/v1/time")->endpoint, BuyersEndpoint::read_time);
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/9007199254740992?x=1")->endpoint,
              BuyersEndpoint::read_campaign);
    EXPECT_EQ(route_buyers("GET", "http://mall.example/v1/campaigns/1")->endpoint,
              BuyersEndpoint::read_campaign);
    EXPECT_EQ(route_buyers("POST", "/v1/campaigns/1/tickets")->endpoint,
              BuyersEndpoint::issue_ticket);
    EXPECT_EQ(route_buyers("POST", "/v1/campaigns/1/orders")->endpoint,
              BuyersEndpoint::place_order);
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/orders")->endpoint, BuyersEndpoint::list_orders);
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/orders/10")->endpoint,
              BuyersEndpoint::read_order);
    const auto cancel = route_buyers("POST", "/v1/campaigns/1/orders/10/cancel");
    EXPECT_EQ(cancel->endpoint, BuyersEndpoint::cancel_order);
    EXPECT_EQ(cancel->order, OrderId{36});
    EXPECT_EQ(cancel->campaign, CampaignId{1});
}

TEST(BuyersRoute, refuses_what_is_not_there) {
    for (const char* path : {"/",
                             "",
                             "*",
                             "/v1",
                             "/v2/time",
                             "/v1/campaigns",
                             "/v1/campaigns/1/",
                             "/v1/time/",
                             "/v1/campaigns/1/groups/10/",
                             "/v1/campaigns/1/waitlist/1",
                             "/v1/campaigns/1/groups/10/members/",
                             "/v1/campaigns/1/groups/10/x",
                             "/v1/campaigns/1/bargains/10/",
                             "/v1/campaigns/1/bargains/10/cut",
                             "/v1/campaigns/1/bargains/10/orders/1",
                             "/v1/campaigns/1/groups2",
                             "/v1/campaigns/1/orders/10/",
                             "/v1/campaigns/1/orders/10/cancel/",
                             "/v1/campaigns/1/orders/10/pay",
                             "/v1/campaigns/1/tickets/2"}) {
        const auto route = route_buyers("GET", path);
        ASSERT_TRUE(route.has_error()) << path;
        EXPECT_EQ(route.error().status, 404) << path;
    }
    for (const char* path :
         {"/v1/campaigns/0", "/v1/campaigns/9007199254740993", "/v1/campaigns/01",
          "/v1/campaigns/1x", "/v1/campaigns/", "/v1/campaigns/1/orders/A",
          "/v1/campaigns/1/orders/", "/v1/campaigns/1/groups/", "/v1/campaigns/1/groups/A",
          "/v1/campaigns/1/bargains/", "/v1/campaigns/1/bargains/a_b/cuts"}) {
        const auto route = route_buyers("GET", path);
        ASSERT_TRUE(route.has_error()) << path;
        EXPECT_EQ(route.error().status, 400) << path;
    }
}

TEST(BuyersRoute, tells_which_methods_a_path_has) {
    EXPECT_EQ(route_buyers("POST", "/v1/time").error().allow, "GET");
    EXPECT_EQ(route_buyers("DELETE", "/v1/campaigns/1/orders").error().allow, "GET, POST");
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/tickets").error().allow, "POST");
    EXPECT_EQ(route_buyers("PUT", "/v1/campaigns/1/waitlist").error().allow, "GET, POST, DELETE");
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/orders/10/cancel").error().status, 405);
    EXPECT_EQ(route_buyers("PUT", "/v1/campaigns/1/groups").error().allow, "GET, POST");
    EXPECT_EQ(route_buyers("PUT", "/v1/campaigns/1/bargains").error().allow, "GET, POST");
    EXPECT_EQ(route_buyers("POST", "/v1/campaigns/1/groups/10").error().allow, "GET");
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/groups/10/members").error().allow, "POST");
    EXPECT_EQ(route_buyers("POST", "/v1/campaigns/1/bargains/10").error().allow, "GET");
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/bargains/10/cuts").error().allow, "POST");
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/bargains/10/orders").error().allow, "POST");
    EXPECT_EQ(route_buyers("PUT", "/v1/campaigns/1/rallies").error().allow, "GET, POST");
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/rallies/10/helps").error().allow, "POST");
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/rallies/10/x").error().status, 404);
    EXPECT_EQ(route_buyers("GET", "/v1/campaigns/1/rallies/A").error().status, 400);
}

TEST(BuyersRoute, knows_the_paths_of_groups_bargains_and_rallies) {
    const std::string base = "/v1/campaigns/1/";
    const auto route = [&](std::string_view method, const std::string& path,
                           std::string_view query = {}) {
        return *route_buyers(method, base + path, query);
    };
    EXPECT_EQ(route("POST", "groups").endpoint, BuyersEndpoint::open_group);
    EXPECT_EQ(route("GET", "groups/10").endpoint, BuyersEndpoint::read_group);
    EXPECT_EQ(route("GET", "groups/10").group, campaigns::GroupId{36});
    EXPECT_EQ(route("POST", "groups/10/members").endpoint, BuyersEndpoint::join_group);
    EXPECT_EQ(route("POST", "groups/10/members").group, campaigns::GroupId{36});
    EXPECT_EQ(route("POST", "bargains").endpoint, BuyersEndpoint::launch_bargain);
    EXPECT_EQ(route("GET", "bargains/10").endpoint, BuyersEndpoint::read_bargain);
    EXPECT_EQ(route("POST", "bargains/10/cuts").endpoint, BuyersEndpoint::cut_bargain);
    EXPECT_EQ(route("POST", "bargains/10/orders").endpoint, BuyersEndpoint::order_bargain);
    EXPECT_EQ(route("POST", "bargains/10/orders").bargain, campaigns::BargainId{36});
    EXPECT_EQ(route("GET", "bargains", "mine=true").endpoint, BuyersEndpoint::list_own_bargains);
    EXPECT_EQ(route("POST", "rallies").endpoint, BuyersEndpoint::launch_rally);
    EXPECT_EQ(route("GET", "rallies/10").endpoint, BuyersEndpoint::read_rally);
    EXPECT_EQ(route("POST", "rallies/10/helps").endpoint, BuyersEndpoint::help_rally);
    EXPECT_EQ(route("POST", "rallies/10/helps").rally, campaigns::RallyId{36});
    EXPECT_EQ(route("GET", "rallies", "mine=true").endpoint, BuyersEndpoint::list_own_rallies);
}

TEST(BuyersRoute, reads_what_a_list_of_groups_is_asked_for) {
    const auto groups = [](std::string_view query) {
        return route_buyers("GET", "/v1/campaigns/1/groups", query);
    };
    EXPECT_EQ(groups("")->endpoint, BuyersEndpoint::list_groups);
    EXPECT_EQ(groups("")->limit, 20U);
    EXPECT_EQ(groups("limit=100")->limit, 100U);
    EXPECT_EQ(groups("mine=true&limit=3")->endpoint, BuyersEndpoint::list_own_groups);
    EXPECT_EQ(groups("mine=false")->endpoint, BuyersEndpoint::list_groups);
    for (const char* wrong : {"limit=0", "limit=101", "limit=", "limit=x", "limit=-1", "mine",
                              "mine=1", "Limit=3", "after=10", "limit=3;mine=true"}) {
        ASSERT_TRUE(groups(wrong).has_error()) << wrong;
        EXPECT_EQ(groups(wrong).error().status, 400) << wrong;
        EXPECT_THAT(groups(wrong).error().detail, HasSubstr("query: ")) << wrong;
    }
    const auto bargains = route_buyers("GET", "/v1/campaigns/1/bargains", "");
    ASSERT_TRUE(bargains.has_error());
    EXPECT_THAT(bargains.error().detail, HasSubstr("mine: must be true"));
    EXPECT_TRUE(route_buyers("GET", "/v1/campaigns/1/bargains", "mine=true&limit=3").has_error());
}

TEST(BuyersRoute, asks_nobody_who_he_is_for_a_public_read) {
    for (const auto endpoint :
         {BuyersEndpoint::read_time, BuyersEndpoint::read_campaign, BuyersEndpoint::read_group,
          BuyersEndpoint::list_groups, BuyersEndpoint::read_bargain, BuyersEndpoint::read_rally}) {
        EXPECT_FALSE(needs_buyer(endpoint));
        EXPECT_FALSE(is_command(endpoint));
    }
    for (const auto endpoint : {BuyersEndpoint::list_own_groups, BuyersEndpoint::list_own_bargains,
                                BuyersEndpoint::list_own_rallies, BuyersEndpoint::list_orders,
                                BuyersEndpoint::read_order}) {
        EXPECT_TRUE(needs_buyer(endpoint));
        EXPECT_FALSE(is_command(endpoint));
    }
}

}  // namespace
}  // namespace stampede::net
