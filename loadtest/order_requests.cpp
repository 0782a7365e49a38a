// SPDX-License-Identifier: Apache-2.0
// The contract's requests, spelled out once.
#include "loadtest/order_requests.hpp"

#include <chrono>

#include "engine/vocabulary/check.hpp"

namespace stampede::loadtest {
namespace {

constexpr std::array<std::string_view, act_kind_count> kind_names{
    "order", "cancel", "open_group", "join_group", "launch", "cut", "bargain_order"};

}  // namespace

std::string_view name_of(ActKind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

ActKind act_kind_from(std::string_view name) {
    for (std::size_t at = 0; at < kind_names.size(); ++at) {
        if (kind_names[at] == name) {
            return static_cast<ActKind>(at);
        }
    }
    return ActKind::order;
}

RequestWords words_of(ActKind kind, std::string_view record, std::string_view item_id,
                      std::uint32_t quantity) {
    const std::string id{record};
    const std::string item = R"("item_id":")" + std::string{item_id} + '"';
    const std::string units = R"("quantity":)" + std::to_string(quantity);
    switch (kind) {
        case ActKind::order:
            return {"/orders", '{' + item + ',' + units + '}'};
        case ActKind::open_group:
            return {"/groups", '{' + item + ',' + units + '}'};
        case ActKind::join_group:
            return {"/groups/" + id + "/members", '{' + units + '}'};
        case ActKind::launch:
            return {"/bargains", '{' + item + '}'};
        case ActKind::cut:
            return {"/bargains/" + id + "/cuts", {}};
        case ActKind::bargain_order:
            return {"/bargains/" + id + "/orders", {}};
        case ActKind::cancel:
            break;
    }
    unreachable("a cancel names its order");
}

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
        templates_[static_cast<std::size_t>(ActKind::order)].emplace_back(text, host, width);
        return;
    }
    const std::string identity =
        tokens_.empty() ? "X-Buyer-Id: {buyer}" : "Authorization: Bearer {token}";
    for (std::size_t at = 0; at < act_kind_count; ++at) {
        const auto kind = static_cast<ActKind>(at);
        if (kind == ActKind::cancel) {
            continue;
        }
        for (const ItemOnSale& item : scenario.sale.items) {
            const RequestWords words =
                words_of(kind, "{record}", item.item_id, scenario.crowd.quantity);
            const RequestText text{"POST",
                                   campaign_path_ + words.path,
                                   {identity, "Idempotency-Key: {key}"},
                                   words.body};
            templates_[at].emplace_back(text, host, width);
        }
    }
}

std::string_view OrderRequests::token_of(BuyerId buyer) const {
    return tokens_[(buyer.raw() - first_buyer_.raw()) % tokens_.size()];
}

std::string_view OrderRequests::bytes_of(const Question& question) {
    if (question.kind == ActKind::cancel) {
        return cancel(question);
    }
    RequestTemplate& request =
        templates_[static_cast<std::size_t>(question.kind)][question.item.raw()];
    request.patch_key(question.key);
    if (tokens_.empty()) {
        request.patch_buyer(question.buyer);
    } else {
        request.patch_token(token_of(question.buyer));
    }
    if (follows_a_link(question.kind)) {
        request.patch_record(question.record);
    }
    return request.bytes();
}

std::string_view OrderRequests::cancel(const Question& question) {
    rare_ = "POST " + campaign_path_ + "/orders/" + Base36{question.order.raw()}.str() +
            "/cancel HTTP/1.1\r\nHost: " + host_ + "\r\n";
    if (tokens_.empty()) {
        rare_ += "X-Buyer-Id: " + std::to_string(question.buyer.raw());
    } else {
        rare_ += "Authorization: Bearer ";
        rare_ += token_of(question.buyer);
    }
    rare_ += "\r\nIdempotency-Key: " + key_text(question.key) + "\r\nContent-Length: 0\r\n\r\n";
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
