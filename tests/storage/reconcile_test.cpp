// SPDX-License-Identifier: Apache-2.0
// Whatever is done to the mall's tables behind settlement's back, reconcile names it.
#include "storage/reconcile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "storage/sqlite_mall_database.hpp"
#include "tests/storage/mall_file.hpp"
#include "tests/storage/sample_journal.hpp"

namespace stampede::storage {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Reconcile : public ::testing::Test {
  protected:
    void SetUp() override { settle_up_to(journal_.last()); }

    void settle_up_to(CommitNumber last) {
        SqliteMallDatabase database(path_, MallAccess::settle);
        ArrivingFeed feed(journal_, last);
        Settlement settlement(database, feed, records_of_campaigns(),
                              std::string{SampleJournal::id});
        ASSERT_TRUE(settlement.start().has_value());
        ASSERT_EQ(settlement.stop(std::chrono::minutes{1}), Settlement::Drained::yes);
    }
    ReconcileReport compare(CommitNumber first_kept = CommitNumber{1},
                            std::size_t examples_max = 20) {
        SqliteMallDatabase reader(path_, MallAccess::read_only);
        auto report = reconcile(journal_.to_compare(first_kept), records_of_campaigns(), reader,
                                examples_max);
        EXPECT_TRUE(report.has_value()) << (report.has_value() ? "" : report.error().message);
        return report.has_value() ? *report : ReconcileReport{};
    }
    void damage(const std::string& sql) {
        MallFile mall(path_);
        ASSERT_EQ(mall.run(sql), SQLITE_OK) << sql;
    }

    ScratchDirectory scratch_;
    std::filesystem::path path_ = scratch_.file("mall.db");
    SampleJournal journal_{5, 200};
    const SampleJournal::Totals& totals_ = journal_.totals();
};

TEST_F(Reconcile, agrees_after_settlement) {
    const ReconcileReport report = compare();
    EXPECT_TRUE(report.agrees()) << text(report);
    EXPECT_EQ(report.orders_compared, static_cast<std::uint64_t>(totals_.orders));
    EXPECT_EQ(report.events_compared,
              static_cast<std::uint64_t>(totals_.refunds_required + totals_.stock_deltas +
                                         totals_.mismatches + totals_.groups_succeeded +
                                         totals_.groups_failed));
    EXPECT_THAT(text(report), HasSubstr("missing 0, extra 0, different 0\n"));
}

TEST_F(Reconcile, names_missing_rows) {
    MallFile mall(path_);
    const std::string order = mall.text("SELECT max(order_id) FROM stampede_order");
    damage("DELETE FROM stampede_order WHERE order_id = '" + order + "'");
    damage("DELETE FROM stampede_order_item WHERE order_id = '" + order + "'");
    damage("DELETE FROM stampede_event WHERE rowid = 3");
    const ReconcileReport report = compare();
    EXPECT_EQ(report.missing.rows, 2U);
    EXPECT_THAT(report.missing.examples, Contains(HasSubstr("order " + order)));
    EXPECT_EQ(report.extra.rows + report.different.rows, 0U);
    EXPECT_FALSE(report.agrees());
}

TEST_F(Reconcile, names_an_order_whose_items_alone_are_left) {
    damage(
        "DELETE FROM stampede_order WHERE order_id = (SELECT max(order_id) FROM "
        "stampede_order)");
    const ReconcileReport report = compare();
    ASSERT_THAT(report.different.examples, SizeIs(1));
    EXPECT_THAT(report.different.examples[0], HasSubstr("no row in stampede_order"));
}

TEST_F(Reconcile, names_extra_rows) {
    damage(
        "INSERT INTO stampede_order SELECT 'made-up', campaign_id, play, buyer_id, amount, "
        "refunded_amount, state, group_id, bargain_id, payment_id, paid_at_ms, "
        "confirmed_at_ms, receipt FROM stampede_order LIMIT 1");
    damage(
        "INSERT INTO stampede_event SELECT 'made-up', journal_id, shard, sequence, 99, kind, "
        "order_id, payload, at_ms FROM stampede_event LIMIT 1");
    const ReconcileReport report = compare();
    EXPECT_EQ(report.extra.rows, 2U);
    EXPECT_THAT(report.extra.examples, Contains(HasSubstr("made-up")));
    EXPECT_EQ(report.missing.rows + report.different.rows, 0U);
}

// One damage to each column; each is found, and named by its column.
TEST_F(Reconcile, names_every_column_that_differs) {
    const auto one_order = " WHERE order_id = (SELECT min(order_id) FROM stampede_order)";
    for (const std::string column :
         {"campaign_id", "play", "buyer_id", "amount", "refunded_amount", "state", "group_id",
          "bargain_id", "payment_id", "paid_at_ms", "confirmed_at_ms", "receipt"}) {
        MallFile mall(path_);
        ASSERT_EQ(mall.run("CREATE TABLE kept AS SELECT * FROM stampede_order"), SQLITE_OK);
        damage("UPDATE stampede_order SET " + column + " = '987'" + one_order);
        const ReconcileReport report = compare();
        EXPECT_EQ(report.different.rows, 1U) << column;
        EXPECT_THAT(report.different.examples, Contains(HasSubstr(column + " is ")));
        damage("DELETE FROM stampede_order");
        damage("INSERT INTO stampede_order SELECT * FROM kept");
        damage("DROP TABLE kept");
    }
    for (const std::string column : {"item_id", "quantity", "unit_price", "refunded_quantity"}) {
        MallFile mall(path_);
        ASSERT_EQ(mall.run("CREATE TABLE kept AS SELECT * FROM stampede_order_item"), SQLITE_OK);
        damage("UPDATE stampede_order_item SET " + column + " = '987'" + one_order +
               " AND line = 0");
        const ReconcileReport report = compare();
        EXPECT_EQ(report.different.rows, 1U) << column;
        EXPECT_THAT(report.different.examples, Contains(HasSubstr("item 0 " + column + " is ")));
        damage("DELETE FROM stampede_order_item");
        damage("INSERT INTO stampede_order_item SELECT * FROM kept");
        damage("DROP TABLE kept");
    }
    EXPECT_TRUE(compare().agrees()) << "everything was put back";
    damage("UPDATE stampede_event SET payload = '{}' WHERE rowid = 1");
    damage("UPDATE stampede_event SET kind = 'OTHER' WHERE rowid = 2");
    EXPECT_EQ(compare().different.rows, 2U);
}

TEST_F(Reconcile, counts_what_is_not_settled_yet_apart_from_what_is_missing) {
    ScratchDirectory scratch;
    path_ = scratch.file("behind.db");
    settle_up_to(CommitNumber{journal_.last().raw() / 2});
    const ReconcileReport report = compare();
    EXPECT_EQ(report.missing.rows + report.extra.rows + report.different.rows, 0U);
    EXPECT_EQ(report.orders_compared + report.unsettled_orders,
              static_cast<std::uint64_t>(totals_.orders));
    EXPECT_GT(report.unsettled_orders, 0U);
    EXPECT_FALSE(report.agrees());
    EXPECT_THAT(text(report), HasSubstr("not settled yet"));
}

TEST_F(Reconcile, judges_only_what_is_kept_and_says_from_where) {
    const CommitNumber first{journal_.last().raw() / 2};
    const ReconcileReport report = compare(first);
    EXPECT_TRUE(report.agrees()) << text(report);
    EXPECT_GT(report.rows_not_judged, 0U);
    EXPECT_GT(report.orders_compared, 0U);
    EXPECT_THAT(text(report),
                HasSubstr("commits before " + std::to_string(first.raw()) + " are not kept"));
}

TEST_F(Reconcile, still_finds_damage_in_the_part_that_is_kept) {
    const CommitNumber first{journal_.last().raw() / 2};
    damage(
        "UPDATE stampede_order SET amount = amount + 1 WHERE order_id = (SELECT order_id FROM "
        "stampede_order ORDER BY confirmed_at_ms DESC LIMIT 1)");
    damage("DELETE FROM stampede_event WHERE rowid = (SELECT max(rowid) FROM stampede_event)");
    const ReconcileReport report = compare(first);
    EXPECT_EQ(report.different.rows, 1U);
    EXPECT_EQ(report.missing.rows, 1U);
}

TEST_F(Reconcile, holds_an_older_order_to_what_became_of_it_later) {
    const CommitNumber first{journal_.last().raw() / 2};
    // An order confirmed before what is kept and refunded after: its row must show the refund.
    damage("UPDATE stampede_order SET state = 'confirmed', refunded_amount = 0");
    const ReconcileReport whole = compare();
    const ReconcileReport part = compare(first);
    EXPECT_GT(part.different.rows, 0U);
    EXPECT_LE(part.different.rows, whole.different.rows);
}

TEST_F(Reconcile, gives_so_many_examples_and_counts_the_rest) {
    damage("UPDATE stampede_order SET amount = amount + 1");
    const ReconcileReport report = compare(CommitNumber{1}, 3);
    EXPECT_EQ(report.different.rows, static_cast<std::uint64_t>(totals_.orders));
    EXPECT_THAT(report.different.examples, SizeIs(3));
    EXPECT_THAT(text(report), HasSubstr("... and " + std::to_string(totals_.orders - 3) + " more"));
}

TEST_F(Reconcile, names_a_cursor_that_does_not_fit) {
    damage("UPDATE stampede_cursor SET sequence = sequence + 1");
    EXPECT_THAT(compare().cursor_trouble, HasSubstr("older copy"));
    damage("UPDATE stampede_cursor SET journal_id = 'another'");
    const ReconcileReport other = compare();
    EXPECT_THAT(other.cursor_trouble, HasSubstr("belongs to journal another"));
    EXPECT_FALSE(other.agrees());
    EXPECT_EQ(other.orders_compared, 0U) << "rows of two journals are not compared";
}

TEST_F(Reconcile, fails_when_the_journal_ends_too_early) {
    JournalToCompare torn = journal_.to_compare();
    torn.last = torn.last.next();
    SqliteMallDatabase reader(path_, MallAccess::read_only);
    EXPECT_FALSE(reconcile(torn, records_of_campaigns(), reader).has_value());
}

}  // namespace
}  // namespace stampede::storage
