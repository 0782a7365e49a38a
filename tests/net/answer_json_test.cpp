// SPDX-License-Identifier: Apache-2.0
// The answers' texts, byte for byte against the contract, and the responses around them.
#include "net/answer_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "net/event_json.hpp"
#include "net/http_response.hpp"
#include "net/record_json.hpp"

namespace stampede::net {
namespace {

using campaigns::Answer;
using campaigns::Code;
using campaigns::OrderState;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

campaigns::OrderView a_held_order() {
    campaigns::OrderView order;
    order.order_id = OrderId{*Base36::parse("c8k2mz41q7ta")};
    order.campaign = CampaignId{77};
    order.buyer = BuyerId{42};
    order.state = OrderState::held;
    order.amount = Money{9900};
    order.created_at = Instant{1'795'262'400'123};
    order.pay_by = Instant{1'795'262'700'000};
    order.lines.push_back({ItemId{"1001"}, Quantity{1}, Money{9900}, Quantity{0}});
    return order;
}

Answer an_answer(Code code) {
    Answer answer;
    answer.code = code;
    answer.server_time = Instant{1'795'262'400'123};
    return answer;
}

std::string written(const Answer& answer, Door door = Door::buyers) {
    TextBuffer out(64);
    append_answer(out, answer, AnswerContext{door});
    return std::string{out.view()};
}

TEST(AnswerJson, writes_held_as_the_contract_shows_it) {
    Answer answer = an_answer(Code::held);
    answer.order = a_held_order();
    answer.receipt = {ShardIndex{0}, Epoch{1}, Sequence{48213}};
    EXPECT_EQ(written(answer),
              R"({"code":"HELD","order_id":"c8k2mz41q7ta","state":"held","item_id":"1001",)"
              R"("quantity":1,"amount":9900,"pay_by_ms":1795262700000,"server_ms":1795262400123,)"
              R"("receipt":"0.1.48213"})");
}

TEST(AnswerJson, tells_the_mall_who_and_which_campaign) {
    Answer answer = an_answer(Code::confirmed);
    answer.order = a_held_order();
    answer.order->state = OrderState::confirmed;
    EXPECT_EQ(written(answer, Door::mall),
              R"({"code":"CONFIRMED","order_id":"c8k2mz41q7ta","state":"confirmed",)"
              R"("campaign_id":"77","buyer_id":"42","item_id":"1001","quantity":1,"amount":9900,)"
              R"("server_ms":1795262400123})");
}

TEST(AnswerJson, lists_the_lines_of_an_order_of_several_items) {
    Answer answer = an_answer(Code::held);
    answer.order = a_held_order();
    answer.order->lines.push_back({ItemId{"b-2"}, Quantity{3}, Money{500}, Quantity{1}});
    EXPECT_THAT(written(answer),
                HasSubstr(R"("items":[{"item_id":"1001","quantity":1,"unit_price":9900},)"
                          R"({"item_id":"b-2","quantity":3,"unit_price":500,)"
                          R"("refunded_quantity":1}])"));
}

TEST(AnswerJson, says_whether_sold_out_may_end) {
    Answer answer = an_answer(Code::sold_out);
    answer.may_return = true;
    EXPECT_EQ(written(answer),
              R"({"code":"SOLD_OUT","may_return":true,"server_ms":1795262400123})");
    answer.may_return = false;
    answer.cache_ms = 1500;
    EXPECT_EQ(written(answer), R"({"code":"SOLD_OUT","may_return":false,"cache_ms":1500,)"
                               R"("server_ms":1795262400123})");
}

TEST(AnswerJson, says_when_it_starts_and_when_to_ask_again) {
    Answer answer = an_answer(Code::not_started);
    answer.starts_in = Duration::milliseconds(60'000);
    answer.retry_in = Duration::milliseconds(60'250);
    EXPECT_EQ(written(answer), R"({"code":"NOT_STARTED","starts_in_ms":60000,"retry_ms":60250,)"
                               R"("server_ms":1795262400123})");
}

/// Filled in place: the compiler misreads how such a view is moved (GCC 12).
void describe(campaigns::GroupView& group) {
    group.group_id = campaigns::GroupId{36};
    group.item_id = ItemId{"1001"};
    group.size = 3;
    group.locked = 1;
    group.paid = 1;
    group.leader = BuyerId{12345};
    group.opened_at = Instant{1'795'262'400'000};
    group.deadline = Instant{1'795'348'800'000};
    group.price = Money{9900};
    group.members.push_back({BuyerId{12345}, true, true, false});
    group.members.push_back({BuyerId{67}, false, false, true});
}

TEST(AnswerJson, shows_a_group_with_its_members_masked) {
    Answer answer = an_answer(Code::ok);
    describe(answer.record.emplace<campaigns::GroupView>());
    EXPECT_EQ(
        written(answer),
        R"({"code":"OK","group":{"group_id":"10","item_id":"1001","state":"forming","size":3,)"
        R"("locked":1,"paid":1,"virtual":0,"leader":"1***5","price":9900,)"
        R"("opened_at_ms":1795262400000,"deadline_ms":1795348800000,"members":[)"
        R"({"buyer_id":"1***5","leader":true,"paid":true,"new":false},)"
        R"({"buyer_id":"*****","leader":false,"paid":false,"new":true}]},)"
        R"("server_ms":1795262400123})");
    EXPECT_THAT(written(answer, Door::mall),
                HasSubstr(R"("members":[{"buyer_id":"12345","leader":true)"))
        << "the mall knows its buyers";
}

TEST(AnswerJson, shows_why_a_group_ended_and_what_was_not_real) {
    Answer answer = an_answer(Code::ok);
    auto& group = answer.record.emplace<campaigns::GroupView>();
    describe(group);
    group.state = campaigns::GroupState::failed;
    group.end = campaigns::GroupEnd::deadline;
    group.virtual_seats = 2;
    group.lottery_winners = 1;
    const std::string text = written(answer);
    EXPECT_THAT(text, HasSubstr(R"("state":"failed","reason":"deadline")"));
    EXPECT_THAT(text, HasSubstr(R"("virtual":2,)"));
    EXPECT_THAT(text, HasSubstr(R"("winners":1,)"));
}

TEST(AnswerJson, shows_a_list_of_groups_the_first_few_members_of_each) {
    campaigns::GroupView group;
    describe(group);
    for (std::uint64_t buyer = 1; buyer <= 20; ++buyer) {
        group.members.push_back({BuyerId{buyer}, false, true, false});
    }
    TextBuffer out(64);
    append_groups(out, std::span{&group, 1}, Instant{5});
    const std::string text{out.view()};
    EXPECT_THAT(text, StartsWith(R"({"code":"OK","groups":[{"group_id":"10",)"));
    EXPECT_THAT(text, EndsWith(R"(],"server_ms":5})"));
    std::size_t shown = 0;
    for (std::size_t at = text.find("buyer_id"); at != std::string::npos;
         at = text.find("buyer_id", at + 1)) {
        ++shown;
    }
    EXPECT_EQ(shown, limits::members_per_listed_group_max);
}

TEST(AnswerJson, shows_a_bargain_with_the_cut_that_the_answer_is_about) {
    campaigns::BargainView bargain;
    bargain.bargain_id = campaigns::BargainId{36};
    bargain.item_id = ItemId{"1001"};
    bargain.starter = BuyerId{4321};
    bargain.start_price = Money{9900};
    bargain.floor_price = Money{1000};
    bargain.current_price = Money{8000};
    bargain.helpers_needed = 5;
    bargain.deadline = Instant{1'795'348'800'000};
    bargain.cuts.push_back({Money{900}, Instant{1}, true, false});
    bargain.cuts.push_back({Money{1000}, Instant{2}, false, true});
    bargain.cut = bargain.cuts.back();
    Answer answer = an_answer(Code::cut);
    answer.record = bargain;
    EXPECT_EQ(written(answer),
              R"({"code":"CUT","cut":{"amount":1000,"at_ms":2,"new_helper":true},)"
              R"("bargain":{"bargain_id":"10","item_id":"1001","starter":"4***1","state":"open",)"
              R"("start_price":9900,"floor_price":1000,"current_price":8000,"helpers_needed":5,)"
              R"("cuts":[{"amount":900,"at_ms":1,"first":true},)"
              R"({"amount":1000,"at_ms":2,"new_helper":true}],"deadline_ms":1795348800000},)"
              R"("server_ms":1795262400123})");
}

TEST(AnswerJson, shows_a_rally_with_its_tiers) {
    campaigns::RallyView rally;
    rally.rally_id = campaigns::RallyId{36};
    rally.starter = BuyerId{4321};
    rally.helpers = 3;
    rally.deadline = Instant{1'795'348'800'000};
    rally.tiers.push_back({2, ItemId{"1001"}, Quantity{1}, campaigns::RewardState::granted});
    rally.tiers.push_back({3, ItemId{"1002"}, Quantity{2}, campaigns::RewardState::ran_out});
    rally.tiers.push_back({9, ItemId{"1002"}, Quantity{1}, campaigns::RewardState::waiting});
    Answer answer = an_answer(Code::ok);
    answer.record = rally;
    EXPECT_EQ(
        written(answer),
        R"({"code":"OK","rally":{"rally_id":"10","starter":"4***1","state":"open","helpers":3,)"
        R"("tiers":[{"helpers_needed":2,"item_id":"1001","quantity":1,"reward":"granted"},)"
        R"({"helpers_needed":3,"item_id":"1002","quantity":2,"reward":"ran_out"},)"
        R"({"helpers_needed":9,"item_id":"1002","quantity":1,"reward":"waiting"}],)"
        R"("deadline_ms":1795348800000},"server_ms":1795262400123})");
}

TEST(AnswerJson, names_the_record_of_an_order_and_why_its_money_goes_back) {
    Answer answer = an_answer(Code::ok);
    answer.order = a_held_order();
    answer.order->play = campaigns::Play::group_buy;
    answer.order->record_id = 36;
    answer.order->state = OrderState::refund_due;
    answer.order->refund_reason = campaigns::RefundReason::group_failed;
    EXPECT_THAT(written(answer), HasSubstr(R"("group_id":"10",)"));
    EXPECT_THAT(written(answer), HasSubstr(R"("refund":{"amount":9900,"reason":"group_failed"})"));
    // What a payment is answered stands once, as the answer has it.
    answer.code = Code::refund_required;
    answer.refund_amount = Money{100};
    answer.refund_reason = campaigns::RefundReason::second_payment;
    const std::string text = written(answer);
    EXPECT_THAT(text, HasSubstr(R"("refund":{"amount":100,"reason":"second_payment"})"));
    EXPECT_EQ(text.find(R"("refund":)"), text.rfind(R"("refund":)"));
    answer.order->play = campaigns::Play::bargain;
    EXPECT_THAT(written(answer), HasSubstr(R"("bargain_id":"10",)"));
    answer.order->play = campaigns::FriendHelp::play;
    EXPECT_THAT(written(answer), HasSubstr(R"("rally_id":"10",)"));
}

TEST(AnswerJson, names_the_open_order_at_the_limit) {
    Answer answer = an_answer(Code::limit_buyer);
    answer.open_order = OrderId{36};
    EXPECT_THAT(written(answer), HasSubstr(R"("order_id":"10")"));
}

TEST(AnswerJson, tells_the_place_in_line_and_the_order_that_it_led_to) {
    Answer answer;
    answer.code = Code::waitlisted;
    answer.server_time = Instant{5};
    answer.waiting = Answer::Waiting{.item_id = ItemId{"1001"}, .place = 17};
    EXPECT_EQ(written(answer), R"({"code":"WAITLISTED","item_id":"1001",)"
                               R"("place":17,"server_ms":5})");
    answer.code = Code::ok;
    answer.waiting->place = 0;
    answer.open_order = OrderId{36};
    EXPECT_EQ(written(answer),
              R"({"code":"OK","order_id":"10","item_id":"1001","place":0,"server_ms":5})");
}

TEST(AnswerJson, tells_what_is_left) {
    Answer answer = an_answer(Code::insufficient);
    answer.left = Quantity{2};
    EXPECT_THAT(written(answer), HasSubstr(R"("code":"INSUFFICIENT","left":2)"));
}

TEST(AnswerJson, marks_a_replay_and_what_became_of_the_order) {
    Answer answer = an_answer(Code::held);
    answer.order = a_held_order();
    answer.replayed = true;
    answer.state_now = OrderState::expired;
    const std::string text = written(answer);
    EXPECT_THAT(text, HasSubstr(R"("state":"held")"));
    EXPECT_THAT(text, HasSubstr(R"("replayed":true,"state_now":"expired")"));
}

TEST(AnswerJson, says_what_goes_back_and_why) {
    Answer answer = an_answer(Code::refund_required);
    answer.refund_amount = Money{9900};
    answer.refund_reason = campaigns::RefundReason::second_payment;
    EXPECT_THAT(written(answer, Door::mall),
                HasSubstr(R"("refund":{"amount":9900,"reason":"second_payment"})"));
}

TEST(AnswerJson, names_the_order_that_was_asked_for_when_it_is_unknown) {
    TextBuffer out;
    append_answer(out, an_answer(Code::order_unknown), {Door::mall, {}, OrderId{35}});
    EXPECT_THAT(out.view(), StartsWith(R"({"code":"ORDER_UNKNOWN","order_id":"z")"));
}

TEST(AnswerJson, writes_a_ticket_with_its_times) {
    Answer answer = an_answer(Code::ok);
    answer.ticket = Answer::TicketTerms{ItemId{"1001"}, Instant{5}, Instant{65}, 9};
    TextBuffer out;
    append_answer(out, answer, {Door::buyers, "1:abc.def"});
    EXPECT_THAT(out.view(), HasSubstr(R"("ticket":"1:abc.def","item_id":"1001",)"
                                      R"("not_before_ms":5,"expires_ms":65)"));
    EXPECT_THAT(out.view(), testing::Not(HasSubstr("nonce")));
}

TEST(AnswerJson, shows_the_stock_of_a_campaign_only_when_it_may) {
    campaigns::CampaignConfig config;
    config.title = "Opening \"night\"\n\x01 秒杀";
    config.items.push_back(
        {ItemId{"1001"}, "Kettle", Money{9900}, Money{19900}, Quantity{10}, Quantity{0}});
    const std::array<Quantity, 1> none_left{Quantity{0}};
    PublicCampaign campaign{CampaignId{7}, &config, campaigns::CampaignState::live, none_left,
                            Instant{9}};
    TextBuffer out;
    append_public_campaign(out, campaign);
    EXPECT_THAT(out.view(), HasSubstr(R"("title":"Opening \"night\"\n\u0001 秒杀")"));
    EXPECT_THAT(out.view(), HasSubstr(R"("sold_out":true,"available":0}])"));
    config.show_available = false;
    out.clear();
    append_public_campaign(out, campaign);
    EXPECT_THAT(out.view(), HasSubstr(R"("sold_out":true}])"));
}

TEST(AnswerJson, tells_the_seed_by_its_digest_until_it_may_be_told) {
    campaigns::CampaignConfig config;
    config.play = campaigns::Play::group_buy;
    campaigns::GroupTerms& terms = config.terms.emplace<campaigns::GroupTerms>();
    terms.size = 3;
    terms.leader_price = Money{9000};
    terms.tiers = {{2, Money{9500}}, {3, Money{8500}}};
    const campaigns::CommittedSeed seed{campaigns::SeedBytes{}};
    PublicCampaign campaign{CampaignId{7}, &config, campaigns::CampaignState::live, {}, Instant{9}};
    campaign.seed = &seed;
    TextBuffer out;
    append_public_campaign(out, campaign);
    EXPECT_THAT(out.view(), HasSubstr(R"("group":{"size":3,"valid_seconds":86400,)"
                                      R"("leader_price":9000,"tiers":[{"size":2,"price":9500},)"
                                      R"({"size":3,"price":8500}],"new_member_rule":"none",)"
                                      R"("simulate":false},)"));
    // SHA-256 of 32 bytes of 0.
    EXPECT_THAT(out.view(), HasSubstr(R"("seed_digest":"66687aadf862bd776c8fc18b8e9f8e20)"
                                      R"(089714856ee233b3902a591d0d5f2925",)"));
    EXPECT_THAT(out.view(), testing::Not(HasSubstr(R"("seed":)")));
    campaign.seed_is_public = true;
    out.clear();
    append_public_campaign(out, campaign);
    EXPECT_THAT(out.view(), HasSubstr(R"("seed":")" + std::string(64, '0') + '"'));
}

TEST(AnswerJson, lists_no_orders_as_an_empty_array) {
    TextBuffer out;
    append_orders(out, {}, Instant{9});
    EXPECT_EQ(out.view(), R"({"code":"OK","orders":[],"server_ms":9})");
}

TEST(HttpResponse, is_whole_and_measures_its_body) {
    ResponseWriter writer;
    writer.set_time(Instant{784'111'777'000});  // the example of RFC 9110
    TextBuffer out(16);
    writer.append_answer(out, an_answer(Code::ok), {}, KeepAlive::yes);
    const std::string_view response = out.view();
    const auto body_at = response.find("\r\n\r\n") + 4;
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                     "Content-Type: application/json\r\nContent-Length:"));
    const auto length_at = response.find("Content-Length:") + 15;
    EXPECT_EQ(std::stoul(std::string{response.substr(length_at, 20)}), response.size() - body_at);
    EXPECT_THAT(response, EndsWith(R"({"code":"OK","server_ms":1795262400123})"));
    EXPECT_EQ(response.find("Connection:"), std::string_view::npos);
}

TEST(HttpResponse, says_that_it_closes) {
    TextBuffer out;
    ResponseWriter{}.append_problem(out, malformed("x"), KeepAlive::no);
    EXPECT_THAT(out.view(), HasSubstr("\r\nConnection: close\r\n"));
}

TEST(HttpResponse, gives_each_code_its_status) {
    EXPECT_EQ(http_status(Code::held), 200);
    EXPECT_EQ(http_status(Code::sold_out), 200);
    EXPECT_EQ(http_status(Code::bargain_unknown), 200);
    EXPECT_EQ(http_status(Code::rate), 429);
    EXPECT_EQ(http_status(Code::busy), 503);
    EXPECT_EQ(http_status(Code::key_reused), 422);
    EXPECT_EQ(http_status(Code::draft_invalid), 422);
    EXPECT_EQ(http_status(Code::refund_exceeds_paid), 409);
    EXPECT_EQ(http_status(Code::refund_reused), 409);
    EXPECT_EQ(http_status(Code::stock_cut_too_large), 409);
    EXPECT_EQ(http_status(Code::wrong_state), 409);
    EXPECT_EQ(http_status(Code::stale_version), 409);
}

TEST(HttpResponse, tells_a_shed_request_when_to_come_back) {
    Answer answer = an_answer(Code::busy);
    answer.retry_in = Duration::milliseconds(1200);
    TextBuffer out;
    ResponseWriter{}.append_answer(out, answer, {}, KeepAlive::yes);
    EXPECT_THAT(out.view(), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_THAT(out.view(), HasSubstr("\r\nRetry-After: 2\r\n"));
    EXPECT_THAT(out.view(), HasSubstr(R"("code":"BUSY","retry_ms":1200)"));
}

TEST(EventJson, says_who_or_what_let_a_hold_go) {
    using campaigns::ReleaseReason;
    for (const auto& [reason, word] :
         {std::pair{ReleaseReason::buyer, "buyer"}, std::pair{ReleaseReason::op, "operator"},
          std::pair{ReleaseReason::killed, "killed"},
          std::pair{ReleaseReason::not_new, "not_new"}}) {
        TextBuffer out;
        append_event(out, engine::DurableCommit{}, engine::Frame{},
                     campaigns::OrderEvent{campaigns::HoldReleased{
                         .order = OrderId{1}, .reason = reason, .actor = campaigns::Actor{}}});
        EXPECT_THAT(out.view(), HasSubstr(R"("reason":")" + std::string{word} + "\""));
    }
}

TEST(HttpResponse, names_the_methods_that_a_path_has) {
    TextBuffer out;
    ResponseWriter{}.append_problem(out, method_not_allowed("GET, POST"), KeepAlive::yes);
    EXPECT_THAT(out.view(), HasSubstr("\r\nAllow: GET, POST\r\n"));
}

TEST(HttpResponse, lists_every_error_of_a_draft) {
    Problem problem{422, "DRAFT_INVALID", "two fields are wrong"};
    problem.errors = {{"items[0].price", "must be at least 1"}, {"ends_at", "is \"before\" start"}};
    TextBuffer out;
    append_problem_body(out, problem);
    EXPECT_EQ(out.view(), R"({"type":"about:blank","title":"Unprocessable Content","status":422,)"
                          R"("detail":"two fields are wrong","code":"DRAFT_INVALID","errors":[)"
                          R"({"field":"items[0].price","message":"must be at least 1"},)"
                          R"({"field":"ends_at","message":"is \"before\" start"}]})");
}

}  // namespace
}  // namespace stampede::net
