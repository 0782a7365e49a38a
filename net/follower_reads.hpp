// SPDX-License-Identifier: Apache-2.0
// The mall's door reads from the follower: durable state, away from the loop thread. The events
// feed walks the journal itself with a reader of its own, so that it can go back to the oldest
// commit that is kept. All on the quiet doors' thread, but for what the follower guards itself.
#pragma once

#include <memory>

#include "net/mall_reads.hpp"
#include "net/sale_shards.hpp"
#include "storage/follower.hpp"
#include "storage/settlement.hpp"

namespace stampede::net {

class FollowerReads final : public MallReads {
  public:
    /// `settlement` may be null: no mall database is configured.
    FollowerReads(const storage::Follower& follower, storage::RocksdbJournal& journal,
                  const storage::Settlement* settlement);

    [[nodiscard]] ReadOutcome ledger(CampaignId campaign, CommitNumber at_least,
                                     LedgerView& ledger) override;
    [[nodiscard]] ReadOutcome campaign(CampaignId campaign, CommitNumber at_least,
                                       CampaignView& view) override;
    [[nodiscard]] ReadOutcome campaigns(const CampaignsQuery& query, CommitNumber at_least,
                                        CampaignsPage& page) override;
    [[nodiscard]] ReadOutcome order(OrderId order, CommitNumber at_least,
                                    campaigns::OrderView& view) override;
    [[nodiscard]] ReadOutcome orders(const OrdersQuery& query, CommitNumber at_least,
                                     OrdersPage& page) override;
    [[nodiscard]] ReadOutcome events(const EventsQuery& query, CommitNumber at_least,
                                     EventsPage& page) override;
    [[nodiscard]] SettlementView settlement() override;

  private:
    /// `look(shards)` says whether what was asked for is there.
    template <class Look>
    [[nodiscard]] ReadOutcome read(CommitNumber at_least, Look&& look) const;

    const storage::Follower& follower_;
    storage::RocksdbJournal& journal_;
    const storage::Settlement* settlement_;
    std::unique_ptr<storage::CommitReader> feed_;
};

}  // namespace stampede::net
