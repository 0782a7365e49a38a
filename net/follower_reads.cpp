// SPDX-License-Identifier: Apache-2.0
#include "net/follower_reads.hpp"

#include <charconv>

#include "net/journal_records.hpp"

namespace stampede::net {

namespace {

// One page looks at no more of the journal than this, and says where it stopped.
constexpr std::size_t commits_per_page_max = 4096;
constexpr std::size_t bytes_per_page_max = 8 << 20;

/// "<commit>.<n>": the n-th event row of that commit was the last one seen.
struct FeedCursor {
    CommitNumber commit;
    std::size_t row = 0;  // rows of `commit` already seen
};

std::optional<FeedCursor> parse_cursor(std::string_view text) {
    std::uint64_t commit = 0;
    std::size_t row = 0;
    const char* const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, commit);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') {
        return std::nullopt;
    }
    const auto second = std::from_chars(first.ptr + 1, end, row);
    if (second.ec != std::errc{} || second.ptr != end || commit == 0) {
        return std::nullopt;
    }
    return FeedCursor{CommitNumber{commit}, row};
}

/// Where the feed begins: at commit 1, or behind what an operator removed from the archive.
std::optional<FeedCursor> oldest_cursor(const storage::CommitReader& feed) {
    const auto oldest = feed.oldest();
    return oldest.has_error() ? std::nullopt : std::optional{FeedCursor{*oldest, 0}};
}

std::string text_of(const FeedCursor& cursor) {
    return std::to_string(cursor.commit.raw()) + '.' + std::to_string(cursor.row);
}

CampaignView view_of(const campaigns::Campaign& campaign) {
    CampaignView view{.id = campaign.id(),
                      .version = campaign.version(),
                      .state = campaign.state(),
                      .config = campaign.shared_config(),
                      .seed_digest = std::nullopt,
                      .seed = std::nullopt};
    if (const campaigns::CommittedSeed* seed = campaign.seed()) {
        view.seed_digest = campaigns::digest_of_seed(seed->bytes());
        if (campaign.seed_is_public()) {
            view.seed = seed->bytes();
        }
    }
    return view;
}

const campaigns::Campaign* find(const Shards& shards, CampaignId id, ShardIndex* where = nullptr) {
    const campaigns::Campaign* found = nullptr;
    shards.for_each_machine([&](ShardIndex index, const campaigns::CampaignMachine& machine) {
        if (const campaigns::Campaign* campaign = machine.find(id)) {
            found = campaign;
            if (where != nullptr) {
                *where = index;
            }
        }
    });
    return found;
}

}  // namespace

FollowerReads::FollowerReads(const storage::Follower& follower, storage::RocksdbJournal& journal,
                             const storage::Settlement* settlement)
    : follower_(follower), journal_(journal), settlement_(settlement), feed_(journal.reader()) {}

template <class Look>
ReadOutcome FollowerReads::read(CommitNumber at_least, Look&& look) const {
    if (follower_.applied() < at_least) {
        return ReadOutcome::not_yet;
    }
    bool is_there = false;
    follower_.read([&](const engine::Replayable& state) {
        // The composition root gave the follower shards and nothing else.
        is_there = look(static_cast<const Shards&>(state));
    });
    return is_there ? ReadOutcome::done : ReadOutcome::unknown;
}

ReadOutcome FollowerReads::ledger(CampaignId id, CommitNumber at_least, LedgerView& ledger) {
    return read(at_least, [&](const Shards& shards) {
        ShardIndex shard;
        const campaigns::Campaign* campaign = find(shards, id, &shard);
        if (campaign == nullptr) {
            return false;
        }
        ledger.sequence = shards.sequence(shard);
        ledger.items.clear();
        for (std::uint16_t item = 0; item < campaign->item_count(); ++item) {
            const campaigns::StockCell& cell = campaign->cell(item);
            ledger.items.push_back({.item_id = campaign->config().items[item].item_id,
                                    .total = cell.total(),
                                    .available = cell.available(),
                                    .held = cell.held(),
                                    .sold = cell.sold(),
                                    .reserve = cell.reserve(),
                                    .removed = cell.removed()});
        }
        return true;
    });
}

ReadOutcome FollowerReads::campaign(CampaignId id, CommitNumber at_least, CampaignView& view) {
    return read(at_least, [&](const Shards& shards) {
        const campaigns::Campaign* campaign = find(shards, id);
        if (campaign != nullptr) {
            view = view_of(*campaign);
        }
        return campaign != nullptr;
    });
}

ReadOutcome FollowerReads::campaigns(const CampaignsQuery& query, CommitNumber at_least,
                                     CampaignsPage& page) {
    return read(at_least, [&](const Shards& shards) {
        page.campaigns.clear();
        shards.for_each_machine([&](ShardIndex, const campaigns::CampaignMachine& machine) {
            machine.for_each_campaign([&](const campaigns::Campaign& campaign) {
                const bool is_asked_for = campaign.id() > query.after &&
                                          (!query.state || campaign.state() == *query.state) &&
                                          (!query.play || campaign.config().play == *query.play);
                if (is_asked_for) {
                    page.campaigns.push_back(view_of(campaign));
                }
            });
        });
        std::ranges::sort(page.campaigns, {}, &CampaignView::id);
        page.more = page.campaigns.size() > query.limit;
        page.campaigns.resize(std::min(page.campaigns.size(), query.limit));
        return true;
    });
}

ReadOutcome FollowerReads::order(OrderId id, CommitNumber at_least, campaigns::OrderView& view) {
    return read(at_least, [&](const Shards& shards) {
        const ShardIndex shard = engine::IdSource::shard_of(id.raw());
        if (shard.raw() >= limits::shard_count) {
            return false;
        }
        const campaigns::Campaign* campaign = shards.machine(shard).find_by_order(id);
        if (campaign != nullptr) {
            view = campaign->view(campaign->book().find_order(id));
        }
        return campaign != nullptr;
    });
}

ReadOutcome FollowerReads::orders(const OrdersQuery& query, CommitNumber at_least,
                                  OrdersPage& page) {
    return read(at_least, [&](const Shards& shards) {
        const campaigns::Campaign* campaign = find(shards, query.campaign);
        if (campaign == nullptr) {
            return false;
        }
        page.orders.clear();
        page.more = false;
        const campaigns::OrderBook& book = campaign->book();
        // Orders lie in the order of their ids, so the page begins at a bound that is searched for.
        campaigns::RecordIndex low = 0;
        campaigns::RecordIndex high = book.order_count();
        while (low < high) {
            const campaigns::RecordIndex middle = low + (high - low) / 2;
            if (book.order(middle).id <= query.after) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (campaigns::RecordIndex at = low; at < book.order_count(); ++at) {
            if (query.state && book.order(at).state != *query.state) {
                continue;
            }
            if (page.orders.size() == query.limit) {
                page.more = true;
                break;
            }
            page.orders.push_back(campaign->view(at));
        }
        return true;
    });
}

ReadOutcome FollowerReads::events(const EventsQuery& query, CommitNumber at_least,
                                  EventsPage& page) {
    const auto parsed = query.after.empty() ? oldest_cursor(*feed_) : parse_cursor(query.after);
    if (!parsed || parsed->commit > journal_.durable().next()) {
        return ReadOutcome::unknown;
    }
    if (journal_.durable() < at_least) {
        return ReadOutcome::not_yet;
    }
    FeedCursor cursor = *parsed;
    page.events.clear();
    const std::string journal_id = journal_.journal_id().text();
    std::vector<SettlementRecord> records;
    std::size_t bytes = 0;
    for (std::size_t looked_at = 0; looked_at < commits_per_page_max && bytes < bytes_per_page_max;
         ++looked_at) {
        const auto commit =
            feed_->next(CommitNumber{cursor.commit.raw() - 1}, std::chrono::milliseconds{0});
        if (commit.has_error()) {
            return ReadOutcome::unknown;
        }
        if (!commit->has_value()) {
            break;
        }
        records.clear();
        bytes += (*commit)->frames.size();
        engine::FrameReader frames((*commit)->frames);
        while (const auto frame = frames.next()) {
            check(append_records_of_frame(*frame, **commit, journal_id, records),
                  "a durable event that this program does not know");
        }
        std::size_t row = 0;
        for (SettlementRecord& record : records) {
            auto* const event = std::get_if<EventRow>(&record);
            if (event == nullptr || row++ < cursor.row) {
                continue;
            }
            if (page.events.size() == query.limit) {
                cursor.row = row - 1;
                page.next = text_of(cursor);
                return ReadOutcome::done;
            }
            page.events.push_back(std::move(*event));
        }
        cursor = {cursor.commit.next(), 0};
    }
    page.next = text_of(cursor);
    return ReadOutcome::done;
}

SettlementView FollowerReads::settlement() {
    SettlementView view;
    view.durable = journal_.durable();
    if (settlement_ == nullptr) {
        return view;
    }
    const storage::SettlementStatus status = settlement_->status();
    view.configured = true;
    view.backlog_commits = status.backlog_commits;
    view.cursor = status.cursor.value_or(CommitNumber{});
    view.durable = status.durable;
    view.last_error = status.last_error;
    view.last_success_at = status.last_success_at.value_or(Instant{});
    view.selling_held_back = status.over_bound;
    return view;
}

}  // namespace stampede::net
