// SPDX-License-Identifier: Apache-2.0
// What does a request cost before anything is known about it: the parser with its gate, and the
// buyer's token, new to a connection and remembered by it?
#include "net/http_request_parser.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "net/buyer_token.hpp"
#include "net/ticket.hpp"

namespace stampede::net {
namespace {

const BuyerTokenKey key{"k1", Secret{std::string(32, 'k')}};

BuyerClaims claims() {
    BuyerClaims claims;
    claims.buyer.id = BuyerId{4242424242};
    claims.expires = Instant{1'795'262'400'000};
    return claims;
}

std::string purchase(std::string_view more_headers) {
    const std::string body = R"({"item_id":"1001","quantity":1})";
    return "POST /v1/campaigns/1/orders HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: "
           "Bearer " +
           mint_buyer_token(key, claims()) +
           "\r\nIdempotency-Key: 0123456789abcdef\r\nContent-Type: application/json\r\n" +
           std::string{more_headers} + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

void parse(benchmark::State& state, const std::string& text) {
    constexpr HttpLimits limits;
    std::array<char, limits.body_bytes_max + input_padding_bytes> room{};
    std::vector<char> bytes(text.begin(), text.end());
    bytes.resize(text.size() + input_padding_bytes);
    HttpRequestParser parser{room, limits};
    for (auto _ : state) {
        benchmark::DoNotOptimize(parser.parse(std::span{bytes}.first(text.size())));
    }
    state.counters["bytes"] = static_cast<double>(text.size());
}

void a_purchase(benchmark::State& state) {
    parse(state, purchase(""));
}
BENCHMARK(a_purchase);

void a_purchase_with_a_mini_programs_headers(benchmark::State& state) {
    parse(state, purchase("User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) "
                          "AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.44 Language/zh_CN"
                          "\r\nAccept-Encoding: gzip,compress,br,deflate\r\nConnection: keep-alive"
                          "\r\nReferer: https://servicewechat.com/wx0123456789abcdef/7/page-frame."
                          "html\r\n"));
}
BENCHMARK(a_purchase_with_a_mini_programs_headers);

void a_new_token(benchmark::State& state) {
    BuyerTokenVerifier verifier{{key}};
    const std::string token = mint_buyer_token(key, claims());
    for (auto _ : state) {
        benchmark::DoNotOptimize(verifier.verify(token, Instant{0}));
    }
}
BENCHMARK(a_new_token);

void a_remembered_token(benchmark::State& state) {
    BuyerTokenVerifier verifier{{key}};
    VerifiedTokenCache cache;
    const std::string token = mint_buyer_token(key, claims());
    for (auto _ : state) {
        benchmark::DoNotOptimize(verifier.verify(token, Instant{0}, cache));
    }
}
BENCHMARK(a_remembered_token);

void a_ticket(benchmark::State& state) {
    TicketSigner signer{Secret{std::string(32, 'm')}};
    campaigns::TicketClaims claims;
    claims.campaign = CampaignId{7};
    claims.item_id = ItemId{"1001"};
    const TicketText text = signer.mint(claims);
    for (auto _ : state) {
        benchmark::DoNotOptimize(signer.verify(text.view(), CampaignId{7}));
    }
}
BENCHMARK(a_ticket);

}  // namespace
}  // namespace stampede::net
