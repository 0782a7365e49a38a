// SPDX-License-Identifier: Apache-2.0
// Answers come out the same wherever the network split the bytes.
#include "loadtest/response_scanner.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "loadtest/buyer_token.hpp"
#include "loadtest/play_views.hpp"
#include "loadtest/request_template.hpp"

namespace stampede::loadtest {
namespace {

constexpr std::string_view held =
    "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH: 210\r\n\r\n"
    R"({"code":"HELD","order_id":"c8k2mz41q7ta","state":"held","item_id":"1001","quantity":2,)"
    R"("amount":9900,"pay_by_ms":1795262700000,"replayed":true,"server_ms":1795262400123,)"
    R"("receipt":"3.1.48213", "x":{"amount":1}}  )";
constexpr std::string_view sold_out =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 62\r\n\r\n"
    R"({"code":"SOLD_OUT","may_return":true,"server_ms":1795262400}  )";
constexpr std::string_view busy =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 31\r\nRetry-After: 1\r\n\r\n"
    R"({"code":"BUSY","retry_ms":250} )";

struct Seen {
    int status;
    std::string body;
    bool closes;
    bool operator==(const Seen&) const = default;
};

std::vector<Seen> feed(std::string_view bytes, const std::vector<std::size_t>& cuts) {
    ResponseStream stream;
    std::vector<Seen> seen;
    std::size_t start = 0;
    const auto visit = [&](const ScannedResponse& response) {
        seen.push_back({response.status, std::string{response.body}, response.closes});
        return true;
    };
    for (const std::size_t cut : cuts) {
        EXPECT_TRUE(stream.feed(bytes.substr(start, cut - start), visit));
        start = cut;
    }
    EXPECT_TRUE(stream.feed(bytes.substr(start), visit));
    EXPECT_EQ(stream.waiting_bytes(), 0u);
    return seen;
}

std::string three_answers() {
    std::string bytes{held};
    // The lengths above are as the bodies are; a wrong one would fail every test below.
    bytes += busy;
    bytes += held;
    return bytes;
}

TEST(ResponseScanner, finds_the_same_answers_at_every_split_position) {
    const std::string bytes = three_answers();
    const std::vector<Seen> whole = feed(bytes, {});
    ASSERT_EQ(whole.size(), 3u);
    EXPECT_EQ(whole[1].status, 503);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        EXPECT_EQ(feed(bytes, {cut}), whole) << "cut at " << cut;
    }
}

TEST(ResponseScanner, finds_the_same_answers_byte_by_byte) {
    const std::string bytes = three_answers();
    std::vector<std::size_t> cuts;
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        cuts.push_back(cut);
    }
    EXPECT_EQ(feed(bytes, cuts), feed(bytes, {}));
}

TEST(ResponseScanner, reads_the_fields_that_the_oracle_needs) {
    const std::vector<Seen> seen = feed(held, {});
    ASSERT_EQ(seen.size(), 1u);
    const AnswerFields fields = read_answer(seen[0].body);
    EXPECT_EQ(fields.code, AnswerCode::held);
    EXPECT_EQ(Base36{fields.order.raw()}.view(), "c8k2mz41q7ta");
    EXPECT_EQ(fields.amount, Money{9900});
    EXPECT_EQ(fields.quantity, Quantity{2});
    EXPECT_EQ(fields.pay_by, Instant{1795262700000});
    EXPECT_EQ(text_of(fields.receipt), "3.1.48213");
    EXPECT_TRUE(fields.replayed);
    const AnswerFields refused = read_answer(R"({ "code" : "SOLD_OUT", "may_return" : true })");
    EXPECT_EQ(refused.code, AnswerCode::sold_out);
    EXPECT_TRUE(refused.may_return);
    EXPECT_EQ(read_answer(R"({"code":"BUSY","retry_ms":250})").retry, Duration::milliseconds(250));
}

TEST(PlayViews, reads_a_group_as_the_contract_shows_it) {
    const AnswerFields fields = read_answer(
        R"({"code":"HELD","order_id":"a1","amount":5900,"group":{"group_id":"zz","state":"full",)"
        R"("size":3,"locked":2,"paid":1,"virtual":0,"leader":"10****01","deadline_ms":77,)"
        R"("members":[{"buyer_id":"10****01","leader":true,"paid":true},)"
        R"({"buyer_id":"10****02","leader":false,"paid":false}]},"receipt":"0.1.9"})");
    EXPECT_EQ(fields.receipt.sequence, 9u) << "what stands behind the group is read too";
    const GroupView group = read_group_view(fields.group);
    EXPECT_EQ(group.id.raw(), Base36::parse("zz"));
    EXPECT_EQ(record_in(fields.group), group.id);
    EXPECT_EQ(group.state, GroupState::full);
    EXPECT_EQ(group.size, 3u);
    EXPECT_EQ(group.locked, 2u);
    EXPECT_EQ(group.paid, 1u);
    EXPECT_EQ(group.members, 2u);
    EXPECT_EQ(group.leaders, 1u);
    EXPECT_EQ(group.deadline, Instant{77});
    EXPECT_FALSE(group.has_ended());
    EXPECT_EQ(read_group_view(R"({"state":"odd"})").state, GroupState::unknown);
}

TEST(PlayViews, reads_a_bargain_and_its_cuts) {
    const AnswerFields fields = read_answer(
        R"({"code":"CUT","cut":{"amount":120,"at_ms":5},"bargain":{"bargain_id":"b7",)"
        R"("state":"reached","start_price":300,"floor_price":100,"current_price":100,)"
        R"("helpers_needed":0,"cuts":[{"amount":80,"at_ms":4},{"amount":120,"at_ms":5}],)"
        R"("deadline_ms":9}})");
    EXPECT_EQ(read_cut(fields.cut), (ShownCut{Money{120}, Instant{5}}));
    const BargainView bargain = read_bargain_view(fields.bargain);
    EXPECT_EQ(bargain.id.raw(), Base36::parse("b7"));
    EXPECT_EQ(bargain.state, BargainState::reached);
    EXPECT_EQ(bargain.start, Money{300});
    EXPECT_EQ(bargain.floor, Money{100});
    EXPECT_EQ(bargain.current, Money{100});
    EXPECT_EQ(bargain.helpers_needed, 0);
    EXPECT_EQ(bargain.cuts,
              (std::vector<ShownCut>{{Money{80}, Instant{4}}, {Money{120}, Instant{5}}}));
    EXPECT_TRUE(read_bargain_view(R"({"cuts":[{"amount":80)").cuts.empty());
}

TEST(ResponseScanner, survives_bodies_that_are_cut_or_odd) {
    for (std::size_t size = 0; size < sold_out.size(); ++size) {
        static_cast<void>(read_answer(sold_out.substr(0, size)));
        ScannedResponse response;
        EXPECT_NE(scan_response(sold_out.substr(0, size), response), ScanResult::broken) << size;
    }
    EXPECT_EQ(read_answer(R"({"code":"NO_SUCH_CODE"})").code, AnswerCode::unknown);
    EXPECT_EQ(read_answer("").code, AnswerCode::none);
    EXPECT_EQ(read_answer(R"({"note":"a \"code\":\"HELD\" inside","code":"OK"})").code,
              AnswerCode::ok);
    EXPECT_EQ(read_answer(R"({"items":[{"code":"HELD"}],"code":"OK"})").code, AnswerCode::ok);
}

TEST(ResponseScanner, refuses_what_it_does_not_understand) {
    ScannedResponse response;
    for (const std::string_view bytes :
         {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
          "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0-OpenSSH"}) {
        EXPECT_EQ(scan_response(bytes, response), ScanResult::broken) << bytes;
    }
    ResponseStream stream;
    EXPECT_FALSE(stream.feed("garbage", [](const auto&) { return true; }));
}

TEST(ResponseScanner, takes_an_answer_without_a_body) {
    ScannedResponse response;
    EXPECT_EQ(scan_response("HTTP/1.1 204 No Content\r\n\r\n", response), ScanResult::whole);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(scan_response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", response),
              ScanResult::whole);
}

TEST(ResponseScanner, notices_that_the_server_will_close) {
    const std::vector<Seen> seen = feed(sold_out, {20});
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_TRUE(seen[0].closes);
}

TEST(Receipt, is_three_numbers_and_nothing_else) {
    EXPECT_EQ(text_of(receipt_from("0.1.48213")), "0.1.48213");
    for (const char* odd : {"", "1", "1.2", "1.2.", "a.1.2", "1.2.3.4", "70000.1.2", "1.-2.3"}) {
        EXPECT_FALSE(receipt_from(odd).present()) << odd;
    }
}

TEST(AnswerCode, knows_every_word_of_the_rules_and_its_own_names) {
    for (std::size_t at = 2; at < answer_code_count; ++at) {
        const auto code = static_cast<AnswerCode>(at);
        EXPECT_EQ(answer_code_from(name_of(code)), code);
    }
    EXPECT_EQ(outcome_of(AnswerCode::held, 200), Outcome::accepted);
    EXPECT_EQ(outcome_of(AnswerCode::sold_out, 200), Outcome::refused);
    EXPECT_EQ(outcome_of(AnswerCode::busy, 503), Outcome::shed);
    EXPECT_EQ(outcome_of(AnswerCode::rate, 429), Outcome::shed);
    EXPECT_EQ(outcome_of(AnswerCode::none, 400), Outcome::refused);
}

TEST(RequestTemplate, is_patched_in_place_and_keeps_its_length) {
    RequestTemplate request{{"POST",
                             "/b/{buyer}",
                             {"X-Buyer-Id: {buyer}", "Idempotency-Key: {key}"},
                             R"({"n":{buyer}})"},
                            "host:1",
                            0};
    const std::size_t size = request.bytes().size();
    request.patch_buyer(BuyerId{1234567890});
    request.patch_key(KeyNumber{0xABCDEF});
    EXPECT_EQ(request.bytes(),
              "POST /b/1234567890 HTTP/1.1\r\nHost: host:1\r\nX-Buyer-Id: 1234567890\r\n"
              "Idempotency-Key: 0000000000abcdef\r\nContent-Type: application/json\r\n"
              "Content-Length: 16\r\n\r\n{\"n\":1234567890}");
    request.patch_buyer(BuyerId{9999999999});
    EXPECT_EQ(request.bytes().size(), size);
    EXPECT_NE(request.bytes().find("X-Buyer-Id: 9999999999"), std::string_view::npos);
}

TEST(RequestTemplate, names_a_record_with_leading_zeros) {
    RequestTemplate request{{"POST", "/v1/groups/{record}/members", {}, ""}, "h", 0};
    request.patch_record(RecordId{*Base36::parse("abc")});
    EXPECT_TRUE(request.bytes().starts_with("POST /v1/groups/0000000000abc/members HTTP/1.1"));
    request.patch_record(RecordId{~std::uint64_t{0}});
    EXPECT_TRUE(request.bytes().starts_with("POST /v1/groups/3w5e11264sgsf/members HTTP/1.1"));
}

TEST(BuyerToken, is_what_the_contract_says) {
    // HMAC-SHA256 under the bytes 00..1f of "1:k1:1000000001:2000000000:0:0", its first 16 bytes,
    // computed with `openssl dgst -sha256 -mac HMAC`.
    const auto key =
        parse_buyer_key("k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    ASSERT_TRUE(key.has_value());
    const TokenMint mint{*key, 2'000'000'000};
    EXPECT_EQ(mint.mint(BuyerId{1'000'000'001}),
              "1:k1:1000000001:2000000000:0:0.zHNJ9zKbBu7TspoU9YKvMQ");
    EXPECT_EQ(mint.mint(BuyerId{1'000'000'002}).size(), mint.mint(BuyerId{9'999'999'999}).size());
}

TEST(BuyerToken, takes_keys_in_hex_and_base64url) {
    const auto hex = parse_buyer_key("a:hex:00112233445566778899aabbccddeeff");
    const auto base64 = parse_buyer_key("a:ABEiM0RVZneImaq7zN3u_w");
    ASSERT_TRUE(hex.has_value());
    ASSERT_TRUE(base64.has_value());
    EXPECT_EQ(hex->secret, base64->secret);
    for (const char* odd : {"", "nocolon", ":secret", "a:short", "a:not base64 at all!!!!!!"}) {
        EXPECT_FALSE(parse_buyer_key(odd).has_value()) << odd;
    }
}

}  // namespace
}  // namespace stampede::loadtest
