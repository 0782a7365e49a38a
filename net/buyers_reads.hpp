// SPDX-License-Identifier: Apache-2.0
// What buyers read of a shard: campaigns, orders, and plays' records. Each read writes its whole
// response and says which commit it rests on, so that nothing is shown before it is durable. None
// changes anything; lists are bounded. Loop thread.
#pragma once

#include <vector>

#include "campaigns/buyer.hpp"
#include "net/command_decoder.hpp"
#include "net/http_response.hpp"
#include "net/sale_shards.hpp"

namespace stampede::net {

class BuyersReads {
  public:
    explicit BuyersReads(const Shards& shards) : shards_(shards) {}

    /// Where a response goes and how it begins.
    struct Reply {
        TextBuffer& out;
        const ResponseWriter& writer;
        KeepAlive keep_alive = KeepAlive::yes;
        std::string_view extra_headers{};
        Instant now;
    };
    /// For endpoints that are no command (is_command). `buyer` counts where one is needed.
    CommitNumber read(const BuyersRoute& route, const campaigns::Buyer& buyer, const Reply& reply);

  private:
    void read_campaign(const campaigns::Campaign& campaign, const Reply& reply);
    void list_orders(const campaigns::Campaign& campaign, BuyerId buyer, const Reply& reply);
    void read_record(const campaigns::Campaign& campaign, const BuyersRoute& route, BuyerId buyer,
                     const Reply& reply);

    const Shards& shards_;
    // Kept for their memory.
    std::vector<campaigns::OrderView> orders_;
    std::vector<Quantity> available_;
};

}  // namespace stampede::net
