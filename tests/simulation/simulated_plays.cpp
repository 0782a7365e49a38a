// SPDX-License-Identifier: Apache-2.0
// The plays that the simulation knows, and how it reads an answer.
#include <charconv>

#include "tests/simulation/simulated_play.hpp"

namespace stampede::tests {

std::span<const PlayMaker> simulated_plays() {
    static constexpr PlayMaker plays[] = {
        {campaigns::Play::seckill, simulated_seckill},
        {campaigns::Play::group_buy, simulated_group_buy},
        {campaigns::Play::bargain, simulated_bargain},
        {campaigns::FriendHelp::play, simulated_friend_help},
    };
    return plays;
}

std::string SimulatedPlay::item_body(std::uint16_t item, std::int64_t quantity) const {
    return R"({"item_id":")" + std::string{orders_.config().items[item].item_id.view()} +
           R"(","quantity":)" + std::to_string(quantity) + "}";
}

std::string Told::text(std::string_view name) const {
    const std::string quoted = '"' + std::string{name} + "\":\"";
    const auto at = body.find(quoted);
    if (at == std::string::npos) {
        return {};
    }
    const auto start = at + quoted.size();
    return body.substr(start, body.find('"', start) - start);
}

std::int64_t Told::number(std::string_view name) const {
    const std::string quoted = '"' + std::string{name} + "\":";
    const auto at = body.find(quoted);
    std::int64_t value = -1;
    if (at != std::string::npos) {
        std::from_chars(body.data() + at + quoted.size(), body.data() + body.size(), value);
    }
    return value;
}

std::uint64_t Told::id(std::string_view name) const {
    return Base36::parse(text(name)).value_or(0);
}

Told::Told(const std::string& answer) : body(answer) {
    code = text("code");
    replayed = body.find("\"replayed\":true") != std::string::npos;
    order = OrderId{id("order_id")};
    receipt_text = text("receipt");
    if (!receipt_text.empty()) {
        std::uint16_t of_shard = 0;
        std::uint64_t sequence = 0;
        const char* const end = receipt_text.data() + receipt_text.size();
        std::from_chars(receipt_text.data(), end, of_shard);
        std::from_chars(receipt_text.data() + receipt_text.rfind('.') + 1, end, sequence);
        shard = ShardIndex{of_shard};
        receipt = Sequence{sequence};
    }
}

}  // namespace stampede::tests
