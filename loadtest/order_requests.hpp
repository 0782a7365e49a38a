// SPDX-License-Identifier: Apache-2.0
// The requests of a run, one template per item, patched per buyer. Also the rare ones (cancel,
// read) as plain text. Belongs to the generator's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadtest/buyer_token.hpp"
#include "loadtest/request_template.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

/// Which of the sale's items, by position.
using ItemIndex = StrongId<struct ItemIndexTag, std::uint32_t>;

class OrderRequests {
  public:
    /// `tokens` (by buyer, from the crowd's first one) is empty for header identity. For a raw
    /// target there is one template. The views returned below last until the next call.
    OrderRequests(const Scenario& scenario, std::string_view host, std::vector<std::string> tokens);

    [[nodiscard]] std::string_view order(BuyerId buyer, ItemIndex item, KeyNumber key);
    [[nodiscard]] std::string_view cancel(BuyerId buyer, OrderId order, KeyNumber key);

  private:
    [[nodiscard]] std::string_view token_of(BuyerId buyer) const;

    std::vector<RequestTemplate> orders_;
    std::vector<std::string> tokens_;
    BuyerId first_buyer_;
    std::string host_;
    std::string campaign_path_;
    std::string rare_;
};

/// Tokens of `count` buyers from `first` on, valid for a day.
[[nodiscard]] std::vector<std::string> mint_tokens(const BuyerKey& key, BuyerId first,
                                                   std::uint32_t count);

}  // namespace stampede::loadtest
