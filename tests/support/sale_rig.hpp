// SPDX-License-Identifier: Apache-2.0
// The real engine with the real rules on a virtual clock and a journal in memory: what scenario
// tables and the slow model drive. Behind the live state follows a twin that is fed with durable
// commits alone, as the checkpoint follower is; the two must never differ. One thread.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaigns/campaign_machine.hpp"
#include "engine/shard_set.hpp"
#include "engine/vocabulary/settlement_record.hpp"
#include "tests/support/model_journal.hpp"

namespace stampede::tests {

class SaleRig {
  public:
    using Set = engine::ShardSet<campaigns::CampaignMachine>;

    explicit SaleRig(Instant start);

    [[nodiscard]] Instant now() const { return now_; }
    /// One command outside any turn; whatever it wrote is durable afterwards.
    campaigns::Answer execute(const campaigns::Command& command,
                              const std::optional<engine::RequestIdentity>& request);

    /// Deadlines and mass work up to `then` happen at their own times, those of `then` included.
    void move_to(Instant then);
    /// The same, but what is due in that very millisecond waits for the next turn.
    void move_to_before_deadlines(Instant then);
    /// One turn: what is due, and a budgeted step of mass work.
    void turn();
    /// Turns until nothing is due and no mass work is left.
    void turn_until_quiet();

    /// The process dies; the state is rebuilt from the journal alone.
    void crash(Duration grace);
    /// The state is rebuilt from a checkpoint of the twin.
    void restart_from_checkpoint(Duration grace);

    Selling selling = Selling::open;
    engine::Expiries expiries = engine::Expiries::run;

    [[nodiscard]] const campaigns::Campaign* find(CampaignId campaign) const;
    [[nodiscard]] const campaigns::Campaign* find_by_order(OrderId order) const;
    [[nodiscard]] Signature signature() const { return set_->signature(); }
    [[nodiscard]] const std::vector<ModelJournal::Kept>& journal() const {
        return journal_->kept();
    }
    /// What settlement was told since the last call, orders' rows and changes included.
    [[nodiscard]] std::vector<SettlementRecord> take_told();

    /// The first thing that is not as it must be: an invariant, the twin, a commit that cannot be
    /// replayed. Empty when all is well. It stays once it has been found.
    [[nodiscard]] std::optional<std::string> broken();

  private:
    void restart(std::unique_ptr<Set> recovered, Duration grace);
    void flush();
    void follow(const ModelJournal::Kept& kept);
    [[nodiscard]] std::optional<Instant> next_wake() const;
    [[nodiscard]] engine::Moment moment();
    void note(std::string what);

    Instant now_;
    std::uint64_t random_state_ = 0x5eed;
    std::unique_ptr<ModelJournal> journal_;
    std::unique_ptr<Set> set_;
    std::unique_ptr<Set> twin_;
    std::size_t followed_ = 0;
    Instant grace_over_;
    std::vector<SettlementRecord> told_;
    std::optional<std::string> broken_;
};

}  // namespace stampede::tests
