// SPDX-License-Identifier: Apache-2.0
// What the mall's door reads: the follower's state, which is durable by its nature, so that these
// answers rest on nothing that could still be lost. Called from the door's thread, which must not
// wait: a state that has not yet reached the commit asked for says so, and is asked again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaigns/answer.hpp"
#include "campaigns/campaign_config.hpp"
#include "campaigns/campaign_state.hpp"
#include "campaigns/committed_seed.hpp"
#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/money.hpp"
#include "engine/vocabulary/settlement_record.hpp"
#include "engine/vocabulary/time.hpp"

namespace stampede::net {

/// One stock cell: total = available + held + sold + reserve + removed.
struct StockView {
    ItemId item_id;
    Quantity total;
    Quantity available;
    Quantity held;
    Quantity sold;
    Quantity reserve;
    Quantity removed;
};
/// All cells of a campaign at one sequence of its shard.
struct LedgerView {
    Sequence sequence;
    std::vector<StockView> items;
};

struct CampaignView {
    CampaignId id;
    std::uint32_t version = 0;
    campaigns::CampaignState state = campaigns::CampaignState::draft;
    std::shared_ptr<const campaigns::CampaignConfig> config;
    /// Of the seed of its draws, where it has one; the seed itself once it may be told.
    std::optional<campaigns::SeedBytes> seed_digest;
    std::optional<campaigns::SeedBytes> seed;
};
struct CampaignsQuery {
    std::optional<campaigns::CampaignState> state;
    std::optional<campaigns::Play> play;
    CampaignId after;  // ids above it, ascending
    std::size_t limit = 100;
};
struct CampaignsPage {
    std::vector<CampaignView> campaigns;
    bool more = false;
};

struct OrdersQuery {
    CampaignId campaign;
    std::optional<campaigns::OrderState> state;
    OrderId after;  // ids above it, ascending
    std::size_t limit = 100;
};
struct OrdersPage {
    std::vector<campaigns::OrderView> orders;
    bool more = false;
};

struct EventsQuery {
    std::string after;  // a cursor that an earlier page gave; empty: from the oldest kept
    std::size_t limit = 100;
};
struct EventsPage {
    std::vector<EventRow> events;
    std::string next;  // where the page after this one begins, also when this one is empty
};

struct SettlementView {
    bool configured = false;
    std::uint64_t backlog_commits = 0;
    CommitNumber cursor;  // settled up to here
    CommitNumber durable;
    std::string last_error;          // empty: none since the last success
    Instant last_success_at;         // 0: not yet
    bool selling_held_back = false;  // the backlog is over its bound
};

enum class ReadOutcome : std::uint8_t {
    done,
    not_yet,  // the state has not reached the commit asked for
    unknown,  // no such campaign, order or cursor
};

class MallReads {
  public:
    MallReads() = default;
    MallReads(const MallReads&) = delete;
    MallReads& operator=(const MallReads&) = delete;
    virtual ~MallReads() = default;

    // Each reads a state that has applied at least commit `at_least`, and never waits.
    [[nodiscard]] virtual ReadOutcome ledger(CampaignId campaign, CommitNumber at_least,
                                             LedgerView& ledger) = 0;
    [[nodiscard]] virtual ReadOutcome campaign(CampaignId campaign, CommitNumber at_least,
                                               CampaignView& view) = 0;
    [[nodiscard]] virtual ReadOutcome campaigns(const CampaignsQuery& query, CommitNumber at_least,
                                                CampaignsPage& page) = 0;
    [[nodiscard]] virtual ReadOutcome order(OrderId order, CommitNumber at_least,
                                            campaigns::OrderView& view) = 0;
    [[nodiscard]] virtual ReadOutcome orders(const OrdersQuery& query, CommitNumber at_least,
                                             OrdersPage& page) = 0;
    /// The same events as `stampede_event` has. `unknown`: no cursor of this journal.
    [[nodiscard]] virtual ReadOutcome events(const EventsQuery& query, CommitNumber at_least,
                                             EventsPage& page) = 0;
    [[nodiscard]] virtual SettlementView settlement() = 0;
};

}  // namespace stampede::net
