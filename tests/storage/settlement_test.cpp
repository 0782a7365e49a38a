// SPDX-License-Identifier: Apache-2.0
// Settlement against real SQLite files: killed at any moment, locked out, bereft of its database,
// it ends with each row exactly once; and it stops with a text where only a person can go on.
#include "storage/settlement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

#include "storage/reconcile.hpp"
#include "storage/sqlite_mall_database.hpp"
#include "tests/storage/mall_file.hpp"
#include "tests/storage/sample_journal.hpp"

namespace stampede::storage {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

const std::string journal_id{SampleJournal::id};
// Ends a test that would hang; no test waits for it.
constexpr milliseconds long_enough{60'000};

/// Many small transactions, no waiting between attempts.
SettlementOptions eager() {
    SettlementOptions options;
    options.batch_records_max = 16;
    options.gather = milliseconds{0};
    options.lone_cursor = milliseconds{0};
    options.retry_first = milliseconds{1};
    options.retry_max = milliseconds{8};
    return options;
}

void expect_agreement(const SampleJournal& journal, const std::filesystem::path& path) {
    SqliteMallDatabase reader(path, MallAccess::read_only);
    const auto report = reconcile(journal.to_compare(), records_of_campaigns(), reader);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_TRUE(report->agrees()) << text(*report);
    EXPECT_EQ(report->orders_compared, static_cast<std::uint64_t>(journal.totals().orders));
    MallFile mall(path);
    expect_totals(mall, journal);
}

/// However far it came: what is there is the journal up to the cursor, no row more or less.
void expect_whole_commits(const SampleJournal& journal, const std::filesystem::path& path) {
    SqliteMallDatabase reader(path, MallAccess::read_only);
    const auto report = reconcile(journal.to_compare(), records_of_campaigns(), reader);
    if (report.has_value()) {  // else it was killed before there were tables
        EXPECT_EQ(report->missing.rows + report->extra.rows + report->different.rows, 0U)
            << text(*report);
        EXPECT_EQ(report->cursor_trouble, "");
        MallFile mall(path);
        EXPECT_EQ(torn_groups(mall), 0) << "a group's orders reach the mall together";
    }
}

/// A real database with something between it and settlement.
class Relay : public MallDatabase {
  public:
    explicit Relay(MallDatabase& next) : next_(next) {}
    MallResult<> connect() override { return next_.connect(); }
    MallResult<std::optional<MallCursor>> read_cursor() override { return next_.read_cursor(); }
    MallResult<> claim(std::string_view id) override { return next_.claim(id); }
    MallResult<> apply(std::span<const SettlementRecord> records, const MallCursor& cursor,
                       CommitNumber to) override {
        return next_.apply(records, cursor, to);
    }
    MallResult<> begin_snapshot() override { return next_.begin_snapshot(); }
    MallResult<> for_each_order(const std::function<void(const OrderRow&)>& visit) override {
        return next_.for_each_order(visit);
    }
    MallResult<> for_each_event(const std::function<void(const EventRow&)>& visit) override {
        return next_.for_each_event(visit);
    }
    void end_snapshot() override { next_.end_snapshot(); }
    std::string name() const override { return next_.name(); }

  private:
    MallDatabase& next_;
};

/// In a child process: settles all of the journal.
[[noreturn]] void settle_and_exit(const SampleJournal& journal, const std::filesystem::path& path,
                                  const SettlementOptions& options) {
    SqliteMallDatabase database(path, MallAccess::settle);
    ArrivingFeed feed(journal, journal.last());
    Settlement settlement(database, feed, records_of_campaigns(), journal_id, options);
    const bool started = settlement.start().has_value();
    _exit(started && settlement.stop(long_enough) == Settlement::Drained::yes ? 0 : 1);
}

class SettlementTest : public ::testing::Test {
  protected:
    ScratchDirectory scratch_;
    std::filesystem::path path_ = scratch_.file("mall.db");
    SampleJournal journal_{20'250'101, 600};
    ArrivingFeed feed_{journal_, CommitNumber{0}};
    SqliteMallDatabase database_{path_, MallAccess::settle};
};

TEST_F(SettlementTest, settles_what_becomes_durable_and_drains_when_it_stops) {
    std::vector<CommitNumber> moved;
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, eager(),
                          [&](CommitNumber to) { moved.push_back(to); });
    ASSERT_TRUE(settlement.start().has_value());
    const CommitNumber half{journal_.last().raw() / 2};
    feed_.arrive(half);
    EXPECT_TRUE(eventually([&] { return settlement.settled() == half; }));
    EXPECT_EQ(settlement.backlog_commits(), 0U);
    EXPECT_EQ(settlement.backlog_bytes(), 0U);
    feed_.arrive(journal_.last());
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);

    const SettlementStatus status = settlement.status();
    EXPECT_EQ(status.state, SettlementState::stopped);
    EXPECT_EQ(status.cursor, journal_.last());
    EXPECT_EQ(status.orders_settled, static_cast<std::uint64_t>(journal_.totals().orders));
    EXPECT_EQ(status.backlog_orders, 0U);
    EXPECT_EQ(status.last_error, "");
    EXPECT_TRUE(status.last_success_at.has_value());
    EXPECT_EQ(moved.size(), status.transactions);
    EXPECT_TRUE(std::is_sorted(moved.begin(), moved.end()));
    EXPECT_EQ(moved.back(), journal_.last());
    expect_agreement(journal_, path_);
}

TEST_F(SettlementTest, continues_where_the_database_stands) {
    for (const std::uint64_t part : {3U, 2U, 1U}) {
        feed_.arrive(CommitNumber{journal_.last().raw() / part});
        SqliteMallDatabase database(path_, MallAccess::settle);
        Settlement settlement(database, feed_, records_of_campaigns(), journal_id, eager());
        ASSERT_TRUE(settlement.start().has_value());
        EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    }
    expect_agreement(journal_, path_);
}

TEST_F(SettlementTest, tells_of_the_cursor_that_it_found) {
    feed_.arrive(CommitNumber{7});
    {
        Settlement first(database_, feed_, records_of_campaigns(), journal_id, eager());
        ASSERT_TRUE(first.start().has_value());
        ASSERT_EQ(first.stop(long_enough), Settlement::Drained::yes);
    }
    std::vector<CommitNumber> told;
    Settlement second(database_, feed_, records_of_campaigns(), journal_id, eager(),
                      [&](CommitNumber to) { told.push_back(to); });
    ASSERT_TRUE(second.start().has_value());
    EXPECT_EQ(second.settled(), CommitNumber{7});
    EXPECT_EQ(second.stop(long_enough), Settlement::Drained::yes);
    EXPECT_EQ(told, std::vector<CommitNumber>{CommitNumber{7}}) << "there was nothing to settle";
}

TEST_F(SettlementTest, gathers_many_commits_into_one_transaction) {
    feed_.arrive(journal_.last());
    SettlementOptions options;
    options.gather = long_enough;
    options.lone_cursor = long_enough;
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, options);
    ASSERT_TRUE(settlement.start().has_value());
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    EXPECT_EQ(settlement.status().transactions, 1U);
    expect_agreement(journal_, path_);
}

TEST_F(SettlementTest, keeps_a_group_whole_in_transactions_of_one_record) {
    SettlementOptions options = eager();
    options.batch_records_max = 1;
    ASSERT_GT(journal_.totals().groups_succeeded, 10);
    ASSERT_GT(journal_.totals().groups_failed, 2);
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, options,
                          [&](CommitNumber) {
                              // Between any two transactions, as another connection sees them.
                              MallFile mall(path_);
                              EXPECT_EQ(torn_groups(mall), 0);
                          });
    ASSERT_TRUE(settlement.start().has_value());
    feed_.arrive(journal_.last());
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    EXPECT_GT(settlement.status().transactions, 100U);
    expect_agreement(journal_, path_);
}

// Killed with SIGKILL at a random moment, over and over, each life a little longer than the last,
// until one reaches the end; and all of that on fresh databases until it was killed often enough.
TEST_F(SettlementTest, writes_each_row_once_when_it_is_killed_again_and_again) {
    SettlementOptions options = eager();
    options.batch_records_max = 1;  // every commit a transaction: many places to die
    std::mt19937_64 random(7);
    int kills = 0;
    for (int round = 0; kills < 60; ++round) {
        const std::filesystem::path path = scratch_.file("mall-" + std::to_string(round));
        bool is_settled = false;
        // A tenth longer each time: a slow machine needs few lives more.
        for (std::uint64_t longest_us = 500; !is_settled; longest_us += longest_us / 10) {
            const pid_t child = fork();
            ASSERT_GE(child, 0);
            if (child == 0) {
                settle_and_exit(journal_, path, options);
            }
            std::this_thread::sleep_for(std::chrono::microseconds{random() % longest_us});
            kill(child, SIGKILL);
            int how = 0;
            ASSERT_EQ(waitpid(child, &how, 0), child);
            is_settled = WIFEXITED(how);
            ASSERT_TRUE(!is_settled || WEXITSTATUS(how) == 0) << "who is not killed must drain";
            kills += is_settled ? 0 : 1;
            expect_whole_commits(journal_, path);
        }
        expect_agreement(journal_, path);
    }
}

// The two moments that matter most, hit exactly: before a transaction, and right behind COMMIT.
TEST_F(SettlementTest, writes_each_row_once_when_it_is_killed_around_every_commit) {
    class KilledAround final : public Relay {
      public:
        KilledAround(MallDatabase& next, bool after) : Relay(next), after_(after) {}
        MallResult<> apply(std::span<const SettlementRecord> records, const MallCursor& cursor,
                           CommitNumber to) override {
            if (!after_ && ++calls_ == 2) {
                raise(SIGKILL);
            }
            auto applied = Relay::apply(records, cursor, to);
            if (after_) {
                raise(SIGKILL);
            }
            return applied;
        }

      private:
        bool after_;
        int calls_ = 0;
    };
    SampleJournal journal(11, 120);
    SettlementOptions options = eager();
    options.batch_records_max = 8;
    bool is_settled = false;
    for (int run = 0; !is_settled; ++run) {
        const pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            SqliteMallDatabase database(path_, MallAccess::settle);
            KilledAround killed(database, run % 2 == 0);
            ArrivingFeed feed(journal, journal.last());
            Settlement settlement(killed, feed, records_of_campaigns(), journal_id, options);
            const bool started = settlement.start().has_value();
            const bool drained =
                started && settlement.stop(long_enough) == Settlement::Drained::yes;
            _exit(drained ? 0 : 1);
        }
        int how = 0;
        ASSERT_EQ(waitpid(child, &how, 0), child);
        is_settled = WIFEXITED(how);
        ASSERT_TRUE(!is_settled || WEXITSTATUS(how) == 0);
        expect_whole_commits(journal, path_);
        ASSERT_LT(run, 1000) << "no progress";
    }
    expect_agreement(journal, path_);
}

TEST_F(SettlementTest, waits_for_a_locked_database_counts_its_backlog_and_then_drains) {
    SettlementOptions options = eager();
    options.backlog_bytes_max = 1'000;
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, options);
    ASSERT_TRUE(settlement.start().has_value());
    MallFile mall(path_);
    ASSERT_EQ(mall.run("BEGIN IMMEDIATE"), SQLITE_OK);
    feed_.arrive(journal_.last());
    EXPECT_TRUE(eventually([&] {
        const SettlementStatus status = settlement.status();
        return status.state == SettlementState::retrying && status.retries >= 3 &&
               status.backlog_orders == static_cast<std::uint64_t>(journal_.totals().orders);
    }));
    EXPECT_EQ(settlement.backlog_commits(), journal_.last().raw());
    EXPECT_TRUE(settlement.over_bound());
    EXPECT_THAT(settlement.status().last_error, HasSubstr("locked"));
    EXPECT_EQ(settlement.settled(), CommitNumber{0});

    ASSERT_EQ(mall.run("COMMIT"), SQLITE_OK);
    EXPECT_TRUE(eventually([&] { return settlement.settled() == journal_.last(); }));
    EXPECT_FALSE(settlement.over_bound());
    EXPECT_EQ(settlement.status().state, SettlementState::settling);
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    expect_agreement(journal_, path_);
}

TEST_F(SettlementTest, never_locks_a_reader_out_nor_shows_it_half_a_transaction) {
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, eager());
    ASSERT_TRUE(settlement.start().has_value());
    MallFile mall(path_);
    std::uint64_t arrived = 0;
    const auto give_up_at = std::chrono::steady_clock::now() + long_enough;
    while (settlement.settled() < journal_.last()) {
        ASSERT_LT(std::chrono::steady_clock::now(), give_up_at) << "settlement does not get on";
        arrived = std::min(arrived + 5, journal_.last().raw());
        feed_.arrive(CommitNumber{arrived});
        ASSERT_EQ(mall.run("BEGIN"), SQLITE_OK);
        // Every item has its order and every order its items, whenever one looks.
        EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_order_item i LEFT JOIN "
                              "stampede_order o USING (order_id) WHERE o.order_id IS NULL"),
                  0);
        EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_order o WHERE o.amount <> (SELECT "
                              "sum(quantity * unit_price) FROM stampede_order_item i "
                              "WHERE i.order_id = o.order_id)"),
                  0);
        ASSERT_EQ(mall.run("COMMIT"), SQLITE_OK);
        std::this_thread::sleep_for(milliseconds{1});  // its thread is the nicer one
    }
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    EXPECT_EQ(settlement.status().retries, 0U);
    expect_agreement(journal_, path_);
}

// The server said neither yes nor no: half of these transactions happened.
TEST_F(SettlementTest, finds_out_what_became_of_a_commit_whose_answer_was_lost) {
    class Forgetful final : public Relay {
      public:
        using Relay::Relay;
        MallResult<> apply(std::span<const SettlementRecord> records, const MallCursor& cursor,
                           CommitNumber to) override {
            switch (random_() % 4) {
                case 0:
                    return unavailable("connection reset before the answer");
                case 1: {
                    auto applied = Relay::apply(records, cursor, to);
                    return applied.has_value() ? unavailable("connection reset after COMMIT")
                                               : applied;
                }
                default:
                    return Relay::apply(records, cursor, to);
            }
        }

      private:
        std::mt19937_64 random_{3};
    };
    feed_.arrive(journal_.last());
    Forgetful forgetful(database_);
    Settlement settlement(forgetful, feed_, records_of_campaigns(), journal_id, eager());
    ASSERT_TRUE(settlement.start().has_value());
    EXPECT_TRUE(eventually([&] { return settlement.settled() == journal_.last(); }));
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    EXPECT_GT(settlement.status().retries, 10U);
    expect_agreement(journal_, path_);
}

TEST_F(SettlementTest, starts_without_its_database_and_catches_up_when_it_comes) {
    std::filesystem::create_directory(scratch_.file("mount"));
    const std::filesystem::path path = scratch_.file("mount/mall.db");
    {
        SqliteMallDatabase first(path, MallAccess::settle);
        ASSERT_TRUE(first.connect().has_value());
    }
    MallFile mall(path);
    ASSERT_EQ(mall.run("PRAGMA locking_mode = EXCLUSIVE"), SQLITE_OK);
    ASSERT_EQ(mall.run("BEGIN EXCLUSIVE"), SQLITE_OK);
    SqliteMallDatabase database(path, MallAccess::settle);
    feed_.arrive(CommitNumber{10});
    Settlement settlement(database, feed_, records_of_campaigns(), journal_id, eager());
    ASSERT_TRUE(settlement.start().has_value()) << "an absent database does not stop a sale";
    EXPECT_EQ(settlement.status().cursor, std::nullopt);
    EXPECT_EQ(settlement.settled(), CommitNumber{0}) << "so the journal keeps everything";
    feed_.arrive(journal_.last());
    EXPECT_TRUE(eventually([&] { return settlement.status().backlog_bytes > 0; }));
    ASSERT_EQ(mall.run("COMMIT"), SQLITE_OK);
    mall = MallFile(path);
    EXPECT_TRUE(eventually([&] { return settlement.settled() == journal_.last(); }));
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    expect_agreement(journal_, path);
}

TEST_F(SettlementTest, waits_for_a_file_that_was_moved_away_to_come_back) {
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, eager());
    ASSERT_TRUE(settlement.start().has_value());
    feed_.arrive(CommitNumber{20});
    EXPECT_TRUE(eventually([&] { return settlement.settled() == CommitNumber{20}; }));
    const auto move_all = [&](const std::filesystem::path& from, const std::filesystem::path& to) {
        for (const std::string_view suffix : {"", "-wal", "-shm"}) {
            std::error_code absent;
            std::filesystem::rename(from.string() + std::string{suffix},
                                    to.string() + std::string{suffix}, absent);
        }
    };
    move_all(path_, scratch_.file("aside.db"));
    feed_.arrive(journal_.last());
    EXPECT_TRUE(eventually([&] { return settlement.status().retries >= 3; }));
    move_all(scratch_.file("aside.db"), path_);
    EXPECT_TRUE(eventually([&] { return settlement.settled() == journal_.last(); }))
        << settlement.status().last_error;
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    expect_agreement(journal_, path_);
}

TEST_F(SettlementTest, stops_with_a_text_when_its_database_was_replaced_by_another) {
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, eager());
    ASSERT_TRUE(settlement.start().has_value());
    feed_.arrive(CommitNumber{20});
    EXPECT_TRUE(eventually([&] { return settlement.settled() == CommitNumber{20}; }));
    {
        SqliteMallDatabase fresh(scratch_.file("fresh.db"), MallAccess::settle);
        ASSERT_TRUE(fresh.connect().has_value());
    }
    for (const char* suffix : {"-wal", "-shm"}) {
        std::filesystem::remove(path_.string() + suffix);
    }
    std::filesystem::rename(scratch_.file("fresh.db"), path_);
    feed_.arrive(journal_.last());
    EXPECT_TRUE(eventually([&] { return settlement.status().state == SettlementState::refused; }));
    EXPECT_THAT(settlement.status().last_error, HasSubstr("replaced"));
    EXPECT_EQ(settlement.backlog_commits(), journal_.last().raw() - 20);
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::no);
    EXPECT_EQ(settlement.status().state, SettlementState::refused) << "the reason stays readable";
}

TEST_F(SettlementTest, refuses_to_start_on_a_database_of_another_journal_or_ahead_of_ours) {
    feed_.arrive(journal_.last());
    {
        Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, eager());
        ASSERT_TRUE(settlement.start().has_value());
        ASSERT_EQ(settlement.stop(long_enough), Settlement::Drained::yes);
    }
    Settlement other(database_, feed_, records_of_campaigns(),
                     "00000000-1111-4222-8333-444444444444", eager());
    const auto foreign = other.start();
    ASSERT_FALSE(foreign.has_value());
    EXPECT_THAT(foreign.error().message, HasSubstr("belongs to journal " + journal_id));

    ArrivingFeed older(journal_, CommitNumber{journal_.last().raw() - 1});
    Settlement behind(database_, older, records_of_campaigns(), journal_id, eager());
    const auto ahead = behind.start();
    ASSERT_FALSE(ahead.has_value());
    EXPECT_THAT(ahead.error().message, HasSubstr("older copy"));
    expect_agreement(journal_, path_);
}

TEST_F(SettlementTest, stops_when_a_second_server_moves_the_cursor) {
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, eager());
    ASSERT_TRUE(settlement.start().has_value());
    MallFile mall(path_);
    ASSERT_EQ(mall.run("UPDATE stampede_cursor SET sequence = 3"), SQLITE_OK);
    feed_.arrive(journal_.last());
    EXPECT_TRUE(eventually([&] { return settlement.status().state == SettlementState::refused; }));
    EXPECT_THAT(settlement.status().last_error, HasSubstr("second server"));
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_order"), 0);
}

TEST_F(SettlementTest, stops_before_a_commit_that_it_cannot_read_and_settles_those_before_it) {
    const CommitNumber bad{journal_.last().raw() / 2};
    const RecordsOfFrame real = records_of_campaigns();
    const RecordsOfFrame unknown_event = [&](const engine::Frame& frame,
                                             const engine::DurableCommit& commit,
                                             std::vector<SettlementRecord>& records) {
        return commit.number != bad && real(frame, commit, records);
    };
    SettlementOptions options = eager();
    options.backlog_commits_max = 10;
    feed_.arrive(journal_.last());
    Settlement settlement(database_, feed_, unknown_event, journal_id, options);
    ASSERT_TRUE(settlement.start().has_value());
    EXPECT_TRUE(eventually([&] { return settlement.status().state == SettlementState::refused; }));
    EXPECT_THAT(settlement.status().last_error,
                HasSubstr("commit " + std::to_string(bad.raw()) + ":"));
    EXPECT_EQ(settlement.settled().next(), bad);
    EXPECT_TRUE(settlement.over_bound());
    EXPECT_EQ(settlement.stop(long_enough), Settlement::Drained::no);

    SqliteMallDatabase again(path_, MallAccess::settle);
    Settlement newer(again, feed_, real, journal_id, eager());
    ASSERT_TRUE(newer.start().has_value());
    EXPECT_EQ(newer.stop(long_enough), Settlement::Drained::yes);
    expect_agreement(journal_, path_);
}

TEST_F(SettlementTest, stops_with_a_text_when_commits_that_it_needs_are_gone) {
    feed_.arrive(journal_.last());
    feed_.trim_up_to(CommitNumber{5});
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, eager());
    ASSERT_TRUE(settlement.start().has_value());
    EXPECT_TRUE(eventually([&] { return settlement.status().state == SettlementState::refused; }));
    EXPECT_THAT(settlement.status().last_error, HasSubstr("commit 1"));
}

TEST_F(SettlementTest, gives_up_draining_at_its_bound) {
    Settlement settlement(database_, feed_, records_of_campaigns(), journal_id, eager());
    ASSERT_TRUE(settlement.start().has_value());
    MallFile mall(path_);
    ASSERT_EQ(mall.run("BEGIN IMMEDIATE"), SQLITE_OK);
    feed_.arrive(journal_.last());
    EXPECT_EQ(settlement.stop(milliseconds{20}), Settlement::Drained::no);
    EXPECT_EQ(settlement.stop(milliseconds{20}), Settlement::Drained::no) << "twice is harmless";
}

}  // namespace
}  // namespace stampede::storage
