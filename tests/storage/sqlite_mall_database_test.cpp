// SPDX-License-Identifier: Apache-2.0
// The tables and the one transaction, on real files: what is there afterwards, what is refused, and
// what another connection may do meanwhile.
#include "storage/sqlite_mall_database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/storage/mall_file.hpp"
#include "tests/storage/sample_journal.hpp"

namespace stampede::storage {
namespace {

using ::testing::HasSubstr;
using Kind = MallFault::Kind;

const std::string journal_id{SampleJournal::id};

OrderRow order_row(std::string order_id) {
    OrderRow row;
    row.order_id = std::move(order_id);
    row.campaign_id = "1";
    row.play = "seckill";
    row.buyer_id = "42";
    row.amount = Money{19'800};
    row.state = "confirmed";
    row.payment_id = "p1";
    row.paid_at = Instant{5};
    row.confirmed_at = Instant{6};
    row.receipt = "0.1.1";
    row.items = {{0, "1001", Quantity{2}, Money{9'900}, Quantity{0}}};
    return row;
}

class SqliteMall : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(database_.connect().has_value());
        ASSERT_TRUE(database_.claim(journal_id).has_value());
    }
    MallResult<> apply(const std::vector<SettlementRecord>& records, std::uint64_t from,
                       std::uint64_t to) {
        return database_.apply(records, {journal_id, CommitNumber{from}}, CommitNumber{to});
    }

    ScratchDirectory scratch_;
    std::filesystem::path path_ = scratch_.file("mall.db");
    SqliteMallDatabase database_{path_, MallAccess::settle};
    MallFile mall_{path_};
};

TEST_F(SqliteMall, has_the_tables_of_the_contract_in_wal_mode) {
    EXPECT_EQ(mall_.text("PRAGMA journal_mode"), "wal");
    const auto columns = [&](const std::string& table) {
        return mall_.text("SELECT group_concat(name) FROM pragma_table_info('" + table + "')");
    };
    EXPECT_EQ(columns("stampede_order"),
              "order_id,campaign_id,play,buyer_id,amount,refunded_amount,state,group_id,"
              "bargain_id,payment_id,paid_at_ms,confirmed_at_ms,receipt");
    EXPECT_EQ(columns("stampede_order_item"),
              "order_id,line,item_id,quantity,unit_price,refunded_quantity");
    EXPECT_EQ(columns("stampede_event"),
              "event_id,journal_id,shard,sequence,ordinal,kind,order_id,payload,at_ms");
    EXPECT_EQ(columns("stampede_cursor"), "journal_id,sequence");
}

TEST_F(SqliteMall, writes_every_column_of_an_order_and_reads_it_back) {
    OrderRow row = order_row("0c8k2mz41q7ta");
    row.group_id = "g1";
    OrderRow bare = order_row("zero");
    bare.payment_id.reset();
    bare.paid_at.reset();
    bare.items.push_back({1, "other", Quantity{1}, Money{0}, Quantity{0}});
    ASSERT_TRUE(apply({row, bare}, 0, 1).has_value());
    std::vector<OrderRow> read;
    ASSERT_TRUE(database_.for_each_order([&](const OrderRow& found) { read.push_back(found); })
                    .has_value());
    EXPECT_EQ(read, (std::vector<OrderRow>{row, bare}));
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order WHERE payment_id IS NULL AND "
                           "paid_at_ms IS NULL AND group_id IS NULL"),
              1);
}

TEST_F(SqliteMall, tells_ids_apart_by_case) {
    ASSERT_TRUE(apply({order_row("abc"), order_row("ABC")}, 0, 1).has_value());
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order WHERE order_id = 'abc'"), 1);
}

TEST_F(SqliteMall, changes_a_row_and_leaves_an_absent_one_absent) {
    ASSERT_TRUE(apply({order_row("abc")}, 0, 1).has_value());
    const OrderChange part{
        .order_id = "abc", .state = "", .refunded_more = Money{9'900}, .parts = {{0, Quantity{1}}}};
    const OrderChange whole{.order_id = "abc",
                            .state = "refunded",
                            .refunded_more = Money{9'900},
                            .parts = {{0, Quantity{1}}}};
    OrderChange absent = whole;
    absent.order_id = "never";
    ASSERT_TRUE(apply({part}, 1, 2).has_value());
    EXPECT_EQ(mall_.text("SELECT state || refunded_amount FROM stampede_order"), "confirmed9900");
    ASSERT_TRUE(apply({whole, absent}, 2, 3).has_value());
    EXPECT_EQ(mall_.text("SELECT state || refunded_amount || '/' || amount FROM stampede_order"),
              "refunded19800/19800");
    EXPECT_EQ(mall_.number("SELECT refunded_quantity FROM stampede_order_item"), 2);
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order"), 1);
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order_item"), 1);
}

TEST_F(SqliteMall, refuses_a_cursor_that_is_not_where_it_should_be_and_writes_nothing) {
    ASSERT_TRUE(apply({order_row("a")}, 0, 5).has_value());
    const auto behind = apply({order_row("b")}, 4, 6);
    ASSERT_FALSE(behind.has_value());
    EXPECT_EQ(behind.error().kind, Kind::refused);
    EXPECT_THAT(behind.error().message, HasSubstr("second server"));
    const auto other = database_.apply(std::vector<SettlementRecord>{order_row("b")},
                                       {"another journal", CommitNumber{5}}, CommitNumber{6});
    ASSERT_FALSE(other.has_value());
    EXPECT_EQ(other.error().kind, Kind::refused);
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order"), 1);
    EXPECT_EQ(mall_.number("SELECT sequence FROM stampede_cursor"), 5);
}

TEST_F(SqliteMall, rolls_everything_back_when_one_row_stands_there_already) {
    ASSERT_TRUE(apply({order_row("a")}, 0, 1).has_value());
    const auto again = apply({order_row("b"), order_row("a")}, 1, 2);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().kind, Kind::refused);
    EXPECT_THAT(again.error().message, HasSubstr("UNIQUE"));
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order"), 1);
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order_item"), 1);
    EXPECT_EQ(mall_.number("SELECT sequence FROM stampede_cursor"), 1);
    EXPECT_TRUE(apply({order_row("b")}, 1, 2).has_value()) << "the connection is still good";
}

TEST_F(SqliteMall, is_unavailable_while_another_connection_writes_and_never_locks_out_a_reader) {
    ASSERT_EQ(mall_.run("BEGIN IMMEDIATE"), SQLITE_OK);
    const auto locked = apply({order_row("a")}, 0, 1);
    ASSERT_FALSE(locked.has_value());
    EXPECT_EQ(locked.error().kind, Kind::unavailable);
    ASSERT_EQ(mall_.run("COMMIT"), SQLITE_OK);

    ASSERT_EQ(mall_.run("BEGIN"), SQLITE_OK);
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order"), 0);
    ASSERT_TRUE(apply({order_row("a")}, 0, 1).has_value()) << "a reader does not delay a writer";
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order"), 0) << "nor sees half of it";
    ASSERT_EQ(mall_.run("COMMIT"), SQLITE_OK);
    EXPECT_EQ(mall_.number("SELECT count(*) FROM stampede_order"), 1);
}

TEST_F(SqliteMall, connects_while_another_connection_holds_the_write_lock) {
    ASSERT_EQ(mall_.run("BEGIN IMMEDIATE"), SQLITE_OK);
    EXPECT_TRUE(database_.connect().has_value());
    EXPECT_TRUE(database_.read_cursor().has_value());
}

TEST_F(SqliteMall, is_claimed_by_one_journal_only_and_only_when_empty) {
    const auto second = database_.claim("another journal");
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, Kind::refused);
    ASSERT_TRUE(apply({order_row("a")}, 0, 1).has_value());
    ASSERT_EQ(mall_.run("DELETE FROM stampede_cursor"), SQLITE_OK);
    const auto bereft = database_.claim(journal_id);
    ASSERT_FALSE(bereft.has_value());
    EXPECT_THAT(bereft.error().message, HasSubstr("no cursor"));
}

TEST_F(SqliteMall, refuses_two_cursors) {
    ASSERT_EQ(mall_.run("INSERT INTO stampede_cursor VALUES ('another journal', 3)"), SQLITE_OK);
    const auto cursor = database_.read_cursor();
    ASSERT_FALSE(cursor.has_value());
    EXPECT_EQ(cursor.error().kind, Kind::refused);
}

TEST_F(SqliteMall, notices_that_its_file_was_replaced) {
    ASSERT_TRUE(apply({order_row("a")}, 0, 1).has_value());
    std::filesystem::rename(path_, scratch_.file("aside.db"));
    const auto lost = apply({order_row("b")}, 1, 2);
    ASSERT_FALSE(lost.has_value());
    EXPECT_EQ(lost.error().kind, Kind::unavailable);
    const auto gone = database_.connect();
    ASSERT_FALSE(gone.has_value()) << "an empty file in its place would hide what happened";
    EXPECT_EQ(gone.error().kind, Kind::unavailable);
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteMall, shows_items_that_lost_their_order) {
    ASSERT_TRUE(apply({order_row("a"), order_row("m"), order_row("z")}, 0, 1).has_value());
    ASSERT_EQ(mall_.run("DELETE FROM stampede_order WHERE order_id <> 'm'"), SQLITE_OK);
    std::string seen;
    ASSERT_TRUE(database_
                    .for_each_order([&](const OrderRow& row) {
                        seen += row.order_id + (row.state.empty() ? "? " : " ");
                    })
                    .has_value());
    EXPECT_EQ(seen, "a? m z? ");
}

TEST(SqliteMallFile, is_refused_when_it_is_no_database) {
    const ScratchDirectory scratch;
    std::ofstream{scratch.file("notes.txt")} << std::string(5000, 'x');
    SqliteMallDatabase text(scratch.file("notes.txt"), MallAccess::settle);
    const auto connected = text.connect();
    ASSERT_FALSE(connected.has_value());
    EXPECT_EQ(connected.error().kind, Kind::refused);

    SqliteMallDatabase nowhere(scratch.file("absent/mall.db"), MallAccess::settle);
    const auto missing = nowhere.connect();
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().kind, Kind::refused);
    EXPECT_THAT(missing.error().message, HasSubstr("no directory"));
}

TEST(SqliteMallFile, is_refused_when_a_table_of_that_name_has_other_columns) {
    const ScratchDirectory scratch;
    MallFile mall(scratch.file("mall.db"));
    ASSERT_EQ(mall.run("CREATE TABLE stampede_order (id INTEGER)"), SQLITE_OK);
    SqliteMallDatabase database(scratch.file("mall.db"), MallAccess::settle);
    const auto connected = database.connect();
    ASSERT_FALSE(connected.has_value());
    EXPECT_EQ(connected.error().kind, Kind::refused);
    EXPECT_THAT(connected.error().message, HasSubstr("stampede_order"));
}

TEST(SqliteMallFile, is_not_made_for_a_reader) {
    const ScratchDirectory scratch;
    SqliteMallDatabase reader(scratch.file("mall.db"), MallAccess::read_only);
    EXPECT_FALSE(reader.connect().has_value());
    EXPECT_FALSE(std::filesystem::exists(scratch.file("mall.db")));
}

TEST(MallDatabaseUrl, names_a_file_or_is_refused_without_its_password) {
    EXPECT_TRUE(open_mall_database("sqlite:a/b.db").has_value());
    for (const std::string_view url : {"", "mall.db", "sqlite:", "sqlite::memory:", "http://x"}) {
        const auto opened = open_mall_database(url);
        ASSERT_FALSE(opened.has_value()) << url;
        EXPECT_EQ(opened.error().kind, Kind::refused);
    }
    for (const std::string_view url :
         {"postgresql://mall:s3cret@db/mall", "mysql://mall:s3cret@db/mall"}) {
        const auto opened = open_mall_database(url);
        ASSERT_FALSE(opened.has_value()) << url;
        EXPECT_THAT(opened.error().message, HasSubstr("not available yet"));
        EXPECT_THAT(opened.error().message, ::testing::Not(HasSubstr("s3cret")));
    }
}

TEST(MallCursor, is_judged_against_our_journal) {
    const auto judged = [](std::optional<MallCursor> cursor) {
        return judge_cursor(cursor, journal_id, CommitNumber{10}, "sqlite:mall.db");
    };
    EXPECT_TRUE(judged(std::nullopt).has_value());
    EXPECT_TRUE(judged(MallCursor{journal_id, CommitNumber{10}}).has_value());
    EXPECT_FALSE(judged(MallCursor{journal_id, CommitNumber{11}}).has_value());
    EXPECT_FALSE(judged(MallCursor{"other", CommitNumber{1}}).has_value());
}

}  // namespace
}  // namespace stampede::storage
