// SPDX-License-Identifier: Apache-2.0
#include "tests/support/sale_rig.hpp"

#include "campaigns/settlement_records.hpp"
#include "tests/support/checkpoint_in_memory.hpp"

namespace stampede::tests {

namespace {

// Far more turns than any scenario's mass work needs: a loop that long never ends.
constexpr int turns_most = 100'000;

}  // namespace

SaleRig::SaleRig(Instant start) : now_(start), twin_(std::make_unique<Set>()) {
    journal_ = std::make_unique<ModelJournal>();
    restart(std::make_unique<Set>(), Duration{});
}

engine::Moment SaleRig::moment() {
    // SplitMix64: any stream without repetition will do.
    random_state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = random_state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return {.now = now_, .random = mixed ^ (mixed >> 31), .selling = selling};
}

campaigns::Answer SaleRig::execute(const campaigns::Command& command,
                                   const std::optional<engine::RequestIdentity>& request) {
    check(set_->has_room(command), "the rig leaves nothing in the open commit");
    const auto outcome = set_->execute(command, request, moment());
    if (outcome.rests_on > set_->newest()) {
        note("an answer rests on a commit that does not exist yet");
    }
    flush();
    return outcome.answer;
}

void SaleRig::turn() {
    set_->begin_turn(moment(), expiries);
    flush();
}

void SaleRig::turn_until_quiet() {
    for (int turns = 0; turns < turns_most; ++turns) {
        turn();
        const auto next = set_->next_deadline();
        const bool is_due = expiries == engine::Expiries::run && next && *next <= now_;
        if (!is_due && !set_->has_chores()) {
            return;
        }
    }
    note("mass work or deadlines that never come to an end");
}

std::optional<Instant> SaleRig::next_wake() const {
    std::optional<Instant> next =
        expiries == engine::Expiries::run ? set_->next_deadline() : std::optional<Instant>{};
    if (grace_over_ > now_ && (!next || grace_over_ < *next)) {
        next = grace_over_;
    }
    return next;
}

void SaleRig::move_to_before_deadlines(Instant then) {
    check(then >= now_, "journal time never goes back");
    for (auto next = next_wake(); next && *next < then; next = next_wake()) {
        now_ = std::max(now_, *next);
        turn_until_quiet();
    }
    now_ = then;
}

void SaleRig::move_to(Instant then) {
    move_to_before_deadlines(then);
    turn_until_quiet();
}

void SaleRig::flush() {
    set_->end_turn();
    journal_->make_durable();
    while (followed_ < journal_->kept().size()) {
        follow(journal_->kept()[followed_++]);
    }
}

void SaleRig::follow(const ModelJournal::Kept& kept) {
    if (const auto applied = twin_->apply(kept.commit()); applied.has_error()) {
        note("commit " + std::to_string(kept.number.raw()) +
             " cannot be replayed: " + applied.error().message);
    }
    engine::FrameReader frames(kept.frames);
    while (const auto frame = frames.next()) {
        const EventOrigin origin{.journal_id = "journal",
                                 .shard = frame->shard,
                                 .sequence = frame->sequence,
                                 .at = frame->at};
        const campaigns::EventNumber number{static_cast<campaigns::Family>(frame->play),
                                            frame->kind};
        if (!campaigns::append_settlement_records(number, frame->payload, CampaignId{frame->scope},
                                                  origin, told_)) {
            note("settlement cannot read an event");
        }
    }
}

void SaleRig::restart(std::unique_ptr<Set> recovered, Duration grace) {
    set_ = std::move(recovered);
    grace_over_ = now_ + grace;
    set_->start(*journal_, grace_over_);
}

void SaleRig::crash(Duration grace) {
    auto journal = std::make_unique<ModelJournal>();
    journal->start_after(journal_->crash(ModelJournal::InFlight::lost));
    auto recovered = std::make_unique<Set>();
    for (const auto& kept : journal->kept()) {
        if (const auto applied = recovered->apply(kept.commit()); applied.has_error()) {
            note("recovery: " + applied.error().message);
            return;
        }
    }
    if (recovered->signature() != set_->signature()) {
        note("the state recovered from the journal differs");
    }
    journal_ = std::move(journal);
    restart(std::move(recovered), grace);
}

void SaleRig::restart_from_checkpoint(Duration grace) {
    CheckpointInMemory checkpoint;
    twin_->save(checkpoint);
    auto recovered = std::make_unique<Set>();
    if (const auto loaded = recovered->load(checkpoint); loaded.has_error()) {
        note("checkpoint: " + loaded.error().message);
        return;
    }
    if (recovered->signature() != set_->signature()) {
        note("the state loaded from a checkpoint differs");
    }
    auto journal = std::make_unique<ModelJournal>();
    journal->start_after(journal_->crash(ModelJournal::InFlight::lost));
    journal_ = std::move(journal);
    restart(std::move(recovered), grace);
    // The twin goes on from the same checkpoint, as a follower would.
    CheckpointInMemory again;
    set_->save(again);
    twin_ = std::make_unique<Set>();
    if (const auto loaded = twin_->load(again); loaded.has_error()) {
        note("checkpoint of what was loaded: " + loaded.error().message);
    }
}

const campaigns::Campaign* SaleRig::find(CampaignId campaign) const {
    const campaigns::Campaign* found = nullptr;
    set_->for_each_machine([&](ShardIndex /*shard*/, const campaigns::CampaignMachine& machine) {
        found = found == nullptr ? machine.find(campaign) : found;
    });
    return found;
}

const campaigns::Campaign* SaleRig::find_by_order(OrderId order) const {
    const campaigns::Campaign* found = nullptr;
    set_->for_each_machine([&](ShardIndex /*shard*/, const campaigns::CampaignMachine& machine) {
        found = found == nullptr ? machine.find_by_order(order) : found;
    });
    return found;
}

std::vector<SettlementRecord> SaleRig::take_told() {
    return std::exchange(told_, {});
}

void SaleRig::note(std::string what) {
    if (!broken_) {
        broken_ = std::move(what);
    }
}

std::optional<std::string> SaleRig::broken() {
    if (auto invariant = set_->check_invariants()) {
        note(std::move(*invariant));
    }
    if (auto invariant = twin_->check_invariants()) {
        note("in the twin: " + *invariant);
    }
    if (twin_->signature() != set_->signature()) {
        note("the twin that replays the journal differs from the live state");
    }
    return broken_;
}

}  // namespace stampede::tests
