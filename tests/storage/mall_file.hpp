// SPDX-License-Identifier: Apache-2.0
// The mall's own connection to its SQLite file, as a client of the mall would open it: it reads,
// locks, and does damage.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/storage/sample_journal.hpp"

namespace stampede::storage {

class MallFile {
  public:
    explicit MallFile(const std::filesystem::path& path) {
        sqlite3* handle = nullptr;
        EXPECT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
        handle_.reset(handle);
    }
    /// SQLite's code; no wait for locks.
    int run(const std::string& sql) {
        return sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    }
    /// The first column of the only row.
    std::string text(const std::string& sql) {
        sqlite3_stmt* statement = nullptr;
        EXPECT_EQ(sqlite3_prepare_v2(handle_.get(), sql.c_str(), -1, &statement, nullptr),
                  SQLITE_OK)
            << sql << ": " << sqlite3_errmsg(handle_.get());
        std::string value;
        const int code = sqlite3_step(statement);
        EXPECT_EQ(code, SQLITE_ROW) << sql << ": " << sqlite3_errmsg(handle_.get());
        if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL) {
            value = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
        }
        sqlite3_finalize(statement);
        return value;
    }
    std::int64_t number(const std::string& sql) {
        const std::string value = text(sql);
        return value.empty() ? 0 : std::stoll(value);
    }

  private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close(handle); }
    };
    std::unique_ptr<sqlite3, Close> handle_;
};

/// Groups of which some orders came and others did not, or whose success is not told with them.
inline std::int64_t torn_groups(MallFile& mall) {
    return mall.number(
        "WITH told AS (SELECT json_extract(payload, '$.group_id') AS id, "
        "json_extract(payload, '$.confirmed') AS confirmed FROM stampede_event "
        "WHERE kind = 'GROUP_SUCCEEDED'), "
        "come AS (SELECT group_id AS id, count(*) AS orders FROM stampede_order "
        "WHERE group_id IS NOT NULL GROUP BY group_id) "
        "SELECT (SELECT count(*) FROM told LEFT JOIN come USING (id) "
        "WHERE confirmed IS NOT orders) + "
        "(SELECT count(*) FROM come WHERE id NOT IN (SELECT id FROM told))");
}

/// Each exactly once, by sums over the tables that do not use any code of ours.
inline void expect_totals(MallFile& mall, const SampleJournal& journal) {
    const SampleJournal::Totals& totals = journal.totals();
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_order"), totals.orders);
    EXPECT_EQ(mall.number("SELECT sum(amount) FROM stampede_order"), totals.amount);
    EXPECT_EQ(mall.number("SELECT sum(refunded_amount) FROM stampede_order"),
              totals.refunded_amount);
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_order WHERE state = 'refunded'"),
              totals.refunded_orders);
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_order WHERE state = 'confirmed'"),
              totals.orders - totals.refunded_orders);
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_order_item"), totals.items);
    EXPECT_EQ(mall.number("SELECT sum(refunded_quantity) FROM stampede_order_item"),
              totals.refunded_units);
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_event WHERE kind = 'REFUND_REQUIRED'"),
              totals.refunds_required);
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_event WHERE kind = 'STOCK_DELTA'"),
              totals.stock_deltas);
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_event WHERE kind = 'PAYMENT_MISMATCH'"),
              totals.mismatches);
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_event WHERE kind = 'GROUP_SUCCEEDED'"),
              totals.groups_succeeded);
    EXPECT_EQ(mall.number("SELECT count(*) FROM stampede_event WHERE kind = 'GROUP_FAILED'"),
              totals.groups_failed);
    EXPECT_EQ(torn_groups(mall), 0);
    EXPECT_EQ(mall.text("SELECT journal_id || ' ' || sequence FROM stampede_cursor"),
              std::string{SampleJournal::id} + ' ' + std::to_string(journal.last().raw()));
}

}  // namespace stampede::storage
