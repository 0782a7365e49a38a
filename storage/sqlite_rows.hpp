// SPDX-License-Identifier: Apache-2.0
// Settlement records to rows of an SQLite database and back. Who uses it owns the transaction (or
// the snapshot) around it, and the connection, which must lie still meanwhile. One thread.
#pragma once

#include <functional>
#include <memory>

#include "storage/mall_database.hpp"
#include "storage/sqlite_connection.hpp"

namespace stampede::storage {

/// Prepared statements for everything that settlement writes.
class SqliteRowWriter {
  public:
    /// Refused when a table lacks a column.
    [[nodiscard]] static MallResult<SqliteRowWriter> prepare(SqliteConnection& connection);

    [[nodiscard]] MallResult<> write(const SettlementRecord& record);
    /// False when the cursor is not at `cursor`: nothing was changed then.
    [[nodiscard]] MallResult<bool> move_cursor(const MallCursor& cursor, CommitNumber to);

  private:
    struct Statements {
        SqliteStatement insert_order;
        SqliteStatement insert_item;
        SqliteStatement insert_event;
        SqliteStatement change_order;
        SqliteStatement change_item;
        SqliteStatement move_cursor;
    };
    explicit SqliteRowWriter(Statements statements) : statements_(std::move(statements)) {}
    [[nodiscard]] MallResult<> insert(const OrderRow& row);
    [[nodiscard]] MallResult<> change(const OrderChange& change);
    [[nodiscard]] MallResult<> insert(const EventRow& row);

    Statements statements_;
};

/// Orders with their items, in order of order_id. Items whose order has no row come out as an order
/// that has nothing but them.
[[nodiscard]] MallResult<> read_orders(SqliteConnection& connection,
                                       const std::function<void(const OrderRow&)>& visit);
[[nodiscard]] MallResult<> read_events(SqliteConnection& connection,
                                       const std::function<void(const EventRow&)>& visit);

}  // namespace stampede::storage
