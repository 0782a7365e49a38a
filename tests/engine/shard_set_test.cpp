// SPDX-License-Identifier: Apache-2.0
// The shard set on a machine of ten lines: what an answer rests on, known keys, replay, checkpoint,
// deadlines. No play is involved.
#include "engine/shard_set.hpp"

#include <gtest/gtest.h>

#include "tests/support/checkpoint_in_memory.hpp"
#include "tests/support/counter_machine.hpp"
#include "tests/support/model_journal.hpp"

namespace stampede::tests {
namespace {

using Set = engine::ShardSet<CounterMachine>;
using Command = CounterMachine::Command;

constexpr Instant start_time{1'800'000'000'000};

engine::RequestIdentity identity(std::uint64_t key, std::uint32_t body = 1) {
    return {.owner = 7, .key_digest = key, .body_digest = body};
}

struct Running {
    ModelJournal journal;
    Set set;
    Instant now = start_time;

    explicit Running(const std::vector<ModelJournal::Kept>& recovered = {}) {
        for (const auto& kept : recovered) {
            const auto applied = set.apply(kept.commit());
            EXPECT_TRUE(applied.has_value())
                << (applied.has_error() ? applied.error().message : "");
        }
        journal.start_after(recovered);
        set.start(journal, now + Duration::seconds(60));
    }
    engine::Outcome<CounterMachine::Answer> ask(
        const Command& command, std::optional<engine::RequestIdentity> request = {}) {
        return set.execute(command, request, {.now = now});
    }
    void turn(engine::Expiries expiries = engine::Expiries::run) {
        set.begin_turn({.now = now}, expiries);
        set.end_turn();
    }
    void settle() {
        while (set.has_undurable()) {
            turn();
            journal.make_durable();
        }
    }
};

TEST(ShardSet, an_answer_rests_on_the_commit_that_its_event_lies_in) {
    Running run;
    const auto first = run.ask({.counter = 1, .add = 4});
    EXPECT_EQ(first.answer.value, 4);
    EXPECT_EQ(first.rests_on, CommitNumber{1});
    run.set.end_turn();
    EXPECT_TRUE(run.journal.is_syncing());
    const auto second = run.ask({.counter = 1, .add = 1});
    EXPECT_EQ(second.rests_on, CommitNumber{2}) << "it goes into the commit that fills meanwhile";
}

TEST(ShardSet, a_refusal_rests_on_the_undurable_event_that_it_saw) {
    Running run;
    static_cast<void>(run.ask({.counter = 1, .add = 10}));
    const auto refused = run.ask({.counter = 1, .add = 1});
    EXPECT_EQ(refused.answer.value, -1);
    EXPECT_EQ(refused.rests_on, CommitNumber{1});
    run.settle();
    const auto later = run.ask({.counter = 1, .add = 1});
    EXPECT_LE(later.rests_on, run.journal.durable()) << "nothing undurable: it may leave at once";
}

TEST(ShardSet, an_answer_about_another_scope_does_not_wait) {
    Running run;
    static_cast<void>(run.ask({.counter = 1, .add = 10}));
    static_cast<void>(run.ask({.counter = 2, .add = 10}));
    run.settle();
    static_cast<void>(run.ask({.counter = 1, .forget = true}));
    EXPECT_LE(run.ask({.counter = 2, .add = 1}).rests_on, run.journal.durable());
}

TEST(ShardSet, a_closed_scope_takes_what_was_remembered_for_it_out_of_the_signature) {
    Running run;
    const Signature before = run.set.signature();
    for (std::uint64_t key = 1; key <= 3; ++key) {
        static_cast<void>(run.ask({.counter = 1, .add = 1}, identity(key)));
        static_cast<void>(run.ask({.counter = 1, .add = 1}, identity(key)));  // known by now
    }
    EXPECT_NE(run.set.signature(), before);
    static_cast<void>(run.ask({.counter = 1, .forget = true}));
    EXPECT_EQ(run.set.signature(), before);
    EXPECT_EQ(run.set.check_invariants(), std::nullopt);
}

TEST(ShardSet, an_answer_about_a_closed_scope_rests_on_its_closing) {
    Running run;
    static_cast<void>(run.ask({.counter = 1, .add = 1}));
    run.settle();
    const auto closing = run.ask({.counter = 1, .forget = true});
    EXPECT_GE(run.set.read({Route::By::scope, 1}, [](const auto&) {}), closing.rests_on);
}

TEST(ShardSet, one_commit_is_in_flight_at_a_time) {
    Running run;
    static_cast<void>(run.ask({.counter = 1, .add = 1}));
    run.set.end_turn();
    static_cast<void>(run.ask({.counter = 1, .add = 1}));
    run.set.end_turn();  // the model journal ends the process on a second submit
    EXPECT_EQ(run.set.newest(), CommitNumber{2});
    run.journal.make_durable();
    run.set.end_turn();
    run.journal.make_durable();
    EXPECT_EQ(run.journal.durable(), CommitNumber{2});
}

TEST(ShardSet, a_known_key_gets_its_first_answer_and_changes_nothing) {
    Running run;
    const auto first = run.ask({.counter = 1, .add = 3}, identity(5));
    const auto again = run.ask({.counter = 1, .add = 3}, identity(5));
    EXPECT_EQ(again.answer.value, first.answer.value);
    EXPECT_TRUE(again.answer.replayed);
    EXPECT_EQ(again.rests_on, first.rests_on);
    EXPECT_EQ(run.ask({.counter = 1, .add = 0}).answer.value, 3);
}

TEST(ShardSet, a_known_key_with_another_body_is_told_so) {
    Running run;
    static_cast<void>(run.ask({.counter = 1, .add = 3}, identity(5, 1)));
    EXPECT_TRUE(run.ask({.counter = 1, .add = 4}, identity(5, 2)).answer.key_reused);
    EXPECT_EQ(run.ask({.counter = 1, .add = 0}).answer.value, 3);
}

TEST(ShardSet, a_refusal_is_not_remembered) {
    Running run;
    static_cast<void>(run.ask({.counter = 1, .add = 10}));
    EXPECT_EQ(run.ask({.counter = 1, .add = 1}, identity(5)).answer.value, -1);
    const auto judged_anew = run.ask({.counter = 1, .add = 0}, identity(5));
    EXPECT_EQ(judged_anew.answer.value, 10);
    EXPECT_FALSE(judged_anew.answer.replayed);
}

TEST(ShardSet, what_is_said_of_an_unknown_id_rests_on_the_whole_shard) {
    Running run;
    // Scope 0 has events of its own, and is older than the newest of shard 0.
    static_cast<void>(run.ask({.counter = 0, .add = 1}));
    run.settle();
    for (std::uint64_t counter = 1; counter <= limits::shard_count; ++counter) {
        static_cast<void>(run.ask({.counter = counter, .add = 1}));
    }
    const CommitNumber newest = run.set.newest();
    const Route of_shard_0{Route::By::id, 0};
    EXPECT_EQ(run.set.read(of_shard_0, [](const auto&) {}), newest);
}

TEST(ShardSet, a_crash_loses_nothing_that_was_durable_and_keys_stay_known) {
    Running before;
    static_cast<void>(before.ask({.counter = 1, .add = 3}, identity(5)));
    before.settle();
    static_cast<void>(before.ask({.counter = 1, .add = 4}, identity(6)));
    before.set.end_turn();
    const auto found = before.journal.crash(ModelJournal::InFlight::lost);

    Running after(found);
    EXPECT_TRUE(after.ask({.counter = 1, .add = 3}, identity(5)).answer.replayed);
    EXPECT_EQ(after.ask({.counter = 1, .add = 4}, identity(6)).answer.value, 7)
        << "what was never durable happens now";
}

TEST(ShardSet, a_replay_that_arrives_elsewhere_is_refused) {
    Running before;
    static_cast<void>(before.ask({.counter = 1, .add = 3}));
    before.settle();
    auto found = before.journal.crash(ModelJournal::InFlight::lost);
    found[0].signature = Signature{found[0].signature.raw() + 1};
    Set after;
    EXPECT_TRUE(after.apply(found[0].commit()).has_error());
}

TEST(ShardSet, a_gap_in_a_shards_sequence_is_refused) {
    Running before;
    static_cast<void>(before.ask({.counter = 1, .add = 3}));
    before.settle();
    static_cast<void>(before.ask({.counter = 1, .add = 1}));
    before.settle();
    const auto found = before.journal.crash(ModelJournal::InFlight::lost);
    Set after;
    EXPECT_TRUE(after.apply(found[1].commit()).has_error());
}

TEST(ShardSet, a_checkpoint_carries_state_sequence_and_keys) {
    Running before;
    for (std::uint64_t counter = 1; counter <= 300; ++counter) {
        static_cast<void>(before.ask({.counter = counter, .add = 2}, identity(counter)));
    }
    before.settle();
    CheckpointInMemory checkpoint;
    before.set.save(checkpoint);

    Set after;
    const auto loaded = after.load(checkpoint);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    EXPECT_EQ(after.signature(), before.set.signature());
    EXPECT_EQ(after.last_applied(), before.set.last_applied());
    EXPECT_FALSE(after.check_invariants());
    ModelJournal journal;
    journal.start_after(before.journal.kept());
    after.start(journal, start_time);
    EXPECT_TRUE(
        after.execute({.counter = 9, .add = 2}, identity(9), {.now = start_time}).answer.replayed);
}

TEST(ShardSet, a_deadline_fires_after_its_time_and_never_before) {
    Running run;
    static_cast<void>(run.ask({.counter = 1, .add = 3}));
    run.now = start_time + CounterMachine::lifetime - Duration::milliseconds(1);
    run.turn();
    EXPECT_EQ(run.ask({.counter = 1, .add = 0}).answer.value, 3);
    run.now = start_time + CounterMachine::lifetime;
    run.turn();
    EXPECT_EQ(run.ask({.counter = 1, .add = 0}).answer.value, 0) << "forgotten";
}

TEST(ShardSet, nothing_expires_while_the_clock_is_frozen) {
    Running run;
    static_cast<void>(run.ask({.counter = 1, .add = 3}));
    run.now = start_time + CounterMachine::lifetime;
    run.turn(engine::Expiries::frozen);
    EXPECT_EQ(run.ask({.counter = 1, .add = 0}).answer.value, 3);
}

TEST(ShardSet, what_was_armed_before_a_restart_waits_for_its_grace) {
    Running before;
    static_cast<void>(before.ask({.counter = 1, .add = 3}));
    before.settle();
    Running after(before.journal.crash(ModelJournal::InFlight::lost));
    after.turn();
    EXPECT_EQ(after.ask({.counter = 1, .add = 0}).answer.value, 3) << "overdue, but in its grace";
    after.now = start_time + Duration::seconds(60);
    after.turn();
    EXPECT_EQ(after.ask({.counter = 1, .add = 0}).answer.value, 0);
}

TEST(ShardSet, a_turn_takes_requests_only_while_the_open_commit_has_room) {
    Running run;
    std::vector<engine::Request<Command>> requests;
    for (std::uint64_t counter = 1; counter <= 8000; ++counter) {
        requests.push_back({.command = {.counter = counter, .add = 1}, .identity = {}});
    }
    std::size_t replies = 0;
    const auto count = [&](std::size_t, const auto&) { ++replies; };
    static_cast<void>(
        run.set.turn({.now = run.now}, engine::Expiries::run, std::span{requests}.first(1), count));
    const std::size_t taken = run.set.turn({.now = run.now}, engine::Expiries::run,
                                           std::span{requests}.subspan(1), count);
    EXPECT_LT(taken, requests.size() - 1) << "the disk has not answered";
    EXPECT_EQ(replies, taken + 1);
    run.settle();
    EXPECT_TRUE(run.set.has_room(requests[0].command));
}

TEST(ShardSet, a_scope_stands_in_line_for_mass_work_once_however_often_it_asks) {
    Running run;
    for (int count = 0; count < 50; ++count) {
        static_cast<void>(run.ask({.counter = 1, .add = -1}));
        static_cast<void>(run.ask({.counter = 2, .add = -1}));
        EXPECT_LE(run.set.chores_in_line(), 2U);
    }
    for (int turns = 0; turns < 200 && run.set.has_chores(); ++turns) {
        run.turn();
        EXPECT_LE(run.set.chores_in_line(), 2U);
    }
    EXPECT_FALSE(run.set.has_chores());
    EXPECT_EQ(run.ask({.counter = 1, .add = 5}).answer.value, 5);
    EXPECT_EQ(run.ask({.counter = 2, .add = 5}).answer.value, 5);
}

}  // namespace
}  // namespace stampede::tests
