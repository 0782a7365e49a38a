// SPDX-License-Identifier: Apache-2.0
// The requests of a run, one template per kind and item, patched per buyer. Also the rare ones
// (cancel) as plain text. Belongs to the generator's thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loadtest/buyer_token.hpp"
#include "loadtest/play_views.hpp"
#include "loadtest/request_template.hpp"
#include "loadtest/scenario.hpp"

namespace stampede::loadtest {

/// Which of the sale's items, by position.
using ItemIndex = StrongId<struct ItemIndexTag, std::uint32_t>;

/// What a buyer does.
enum class ActKind : std::uint8_t {
    order,
    cancel,  // of an order
    open_group,
    join_group,
    launch,         // of a bargain
    cut,            // of somebody's bargain
    bargain_order,  // of one's own bargain
};
inline constexpr std::size_t act_kind_count = 7;
/// The enumerator's own name.
[[nodiscard]] std::string_view name_of(ActKind kind);
/// The order for a name that is none.
[[nodiscard]] ActKind act_kind_from(std::string_view name);

/// Needs the id of a group or a bargain that somebody started.
[[nodiscard]] constexpr bool follows_a_link(ActKind kind) {
    return kind == ActKind::join_group || kind == ActKind::cut || kind == ActKind::bargain_order;
}
/// Makes a group or a bargain whose link is then known.
[[nodiscard]] constexpr bool makes_a_link(ActKind kind) {
    return kind == ActKind::open_group || kind == ActKind::launch;
}
/// Takes an order when it is accepted.
[[nodiscard]] constexpr bool makes_an_order(ActKind kind) {
    return kind == ActKind::order || kind == ActKind::open_group || kind == ActKind::join_group ||
           kind == ActKind::bargain_order;
}

/// One request, before it is bytes.
struct Question {
    ActKind kind = ActKind::order;
    BuyerId buyer;
    ItemIndex item;
    KeyNumber key;
    OrderId order{};    // cancels only
    RecordId record{};  // acts that follow a link
};

/// What stands in a POST besides the buyer and his key.
struct RequestWords {
    std::string path;  // behind the campaign's
    std::string body;  // empty: none
};
/// Not for cancels. `record` is an id, or the template's placeholder.
[[nodiscard]] RequestWords words_of(ActKind kind, std::string_view record, std::string_view item_id,
                                    std::uint32_t quantity);

class OrderRequests {
  public:
    /// `tokens` (by buyer, from the crowd's first one) is empty for header identity. For a raw
    /// target there is one template, asked for as an order.
    OrderRequests(const Scenario& scenario, std::string_view host, std::vector<std::string> tokens);

    /// The bytes; the view lasts until the next call.
    [[nodiscard]] std::string_view bytes_of(const Question& question);

  private:
    [[nodiscard]] std::string_view token_of(BuyerId buyer) const;
    [[nodiscard]] std::string_view cancel(const Question& question);

    /// By kind and item; empty for kinds that the sale does not have.
    std::array<std::vector<RequestTemplate>, act_kind_count> templates_;
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
