// SPDX-License-Identifier: Apache-2.0
// What does a purchase cost between the parser and the rules, and back: its route and its JSON body
// decoded into a command, and the answer written as a response, header included?
#include <benchmark/benchmark.h>

#include <string>

#include "net/answer_json.hpp"
#include "net/command_decoder.hpp"
#include "net/http_response.hpp"

namespace stampede::net {
namespace {

void decoding_a_purchase(benchmark::State& state) {
    const std::string body = R"({"item_id":"1001","quantity":1})";
    const std::string padded = body + std::string(body_padding_bytes, '\0');
    constexpr std::string_view path = "/v1/campaigns/1/orders";
    CommandDecoder decoder;
    for (auto _ : state) {
        const auto route = route_buyers("POST", path);
        const auto decoded = decoder.decode({.route = *route,
                                             .method = "POST",
                                             .target = path,
                                             .buyer = {.id = BuyerId{10'000'000'001}},
                                             .idempotency_key = "0123456789abcdef",
                                             .content_type = "application/json",
                                             .body = {padded.data(), body.size()},
                                             .body_readable_bytes = padded.size()});
        benchmark::DoNotOptimize(decoded);
        check(decoded.has_value(), "a purchase that is refused");
    }
}
BENCHMARK(decoding_a_purchase);

campaigns::Answer a_held_answer() {
    campaigns::Answer answer;
    answer.code = campaigns::Code::held;
    answer.server_time = Instant{1'795'262'400'000};
    answer.receipt = {ShardIndex{0}, Epoch{1}, Sequence{1'234'567}};
    campaigns::OrderView& order = answer.order.emplace();
    order.order_id = OrderId{0x0123'4567'89ab'cdef};
    order.amount = Money{9900};
    order.pay_by = Instant{1'795'262'700'000};
    order.lines.push_back({ItemId{"1001"}, Quantity{1}, Money{9900}, Quantity{0}});
    return answer;
}

void writing(benchmark::State& state, const campaigns::Answer& answer) {
    ResponseWriter writer;
    writer.set_time(answer.server_time);
    TextBuffer out;
    for (auto _ : state) {
        out.clear();
        writer.append_answer(out, answer, {.door = Door::buyers}, KeepAlive::yes, {});
        benchmark::DoNotOptimize(out.view());
    }
    state.counters["bytes"] = static_cast<double>(out.view().size());
}

void writing_a_held_answer(benchmark::State& state) {
    writing(state, a_held_answer());
}
BENCHMARK(writing_a_held_answer);

void writing_a_refusal(benchmark::State& state) {
    campaigns::Answer answer;
    answer.code = campaigns::Code::sold_out;
    answer.may_return = true;
    answer.server_time = Instant{1'795'262'400'000};
    writing(state, answer);
}
BENCHMARK(writing_a_refusal);

}  // namespace
}  // namespace stampede::net
