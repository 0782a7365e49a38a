// SPDX-License-Identifier: Apache-2.0
// The contract's requests, spelled out once.
#include "loadtest/order_requests.hpp"

#include <chrono>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {

OrderRequests::OrderRequests(const Scenario& scenario, std::string_view host,
                             std::vector<std::string> tokens)
    : tokens_(std::move(tokens)),
      first_buyer_(scenario.crowd.first_buyer),
      host_(host),
      campaign_path_("/v1/campaigns/" + scenario.sale.campaign_id) {
    const std::size_t width = tokens_.empty() ? 0 : tokens_.front().size();
    if (scenario.raw) {
        const RequestText text{scenario.raw->method, scenario.raw->path, scenario.raw->headers,
                               scenario.raw->body};
        orders_.emplace_back(text, host, width);
        return;
    }
    const std::string identity =
        tokens_.empty() ? "X-Buyer-Id: {buyer}" : "Authorization: Bearer {token}";
    for (const ItemOnSale& item : scenario.sale.items) {
        const RequestText text{"POST",
                               campaign_path_ + "/orders",
                               {identity, "Idempotency-Key: {key}"},
                               R"({"item_id":")" + item.item_id + R"(","quantity":)" +
                                   std::to_string(scenario.crowd.quantity) + "}"};
        orders_.emplace_back(text, host, width);
    }
}

std::string_view OrderRequests::token_of(BuyerId buyer) const {
    return tokens_[(buyer.raw() - first_buyer_.raw()) % tokens_.size()];
}

std::string_view OrderRequests::order(BuyerId buyer, ItemIndex item, KeyNumber key) {
    RequestTemplate& request = orders_[item.raw()];
    request.patch_key(key);
    if (tokens_.empty()) {
        request.patch_buyer(buyer);
    } else {
        request.patch_token(token_of(buyer));
    }
    return request.bytes();
}

std::string_view OrderRequests::cancel(BuyerId buyer, OrderId order, KeyNumber key) {
    rare_ = "POST " + campaign_path_ + "/orders/" + Base36{order.raw()}.str() +
            "/cancel HTTP/1.1\r\nHost: " + host_ + "\r\n";
    if (tokens_.empty()) {
        rare_ += "X-Buyer-Id: " + std::to_string(buyer.raw());
    } else {
        rare_ += "Authorization: Bearer ";
        rare_ += token_of(buyer);
    }
    rare_ += "\r\nIdempotency-Key: " + key_text(key) + "\r\nContent-Length: 0\r\n\r\n";
    return rare_;
}

std::vector<std::string> mint_tokens(const BuyerKey& key, BuyerId first, std::uint32_t count) {
    using std::chrono::system_clock;
    const auto tomorrow = system_clock::to_time_t(system_clock::now()) + 86'400;
    const TokenMint mint{key, tomorrow};
    std::vector<std::string> tokens;
    tokens.reserve(count);
    for (std::uint32_t number = 0; number < count; ++number) {
        tokens.push_back(mint.mint(BuyerId{first.raw() + number}));
    }
    return tokens;
}

}  // namespace stampede::loadtest
