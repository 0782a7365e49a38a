// SPDX-License-Identifier: Apache-2.0
// SQLite's C interface with owners: a connection, its prepared statements, a transaction that rolls
// back unless committed, and the one place where SQLite's error codes become "try again" or "stop".
// Everything here belongs to the thread that uses it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/mall_database.hpp"

namespace stampede::storage {

class SqliteConnection {
  public:
    enum class Opening { create, existing, read_only };

    /// `busy_ms`: how long a statement waits for another connection's lock before `unavailable`.
    [[nodiscard]] static MallResult<SqliteConnection> open(const std::filesystem::path& path,
                                                           Opening opening, int busy_ms);

    /// One or more statements without parameters or rows. `doing` begins the message of a fault;
    /// empty: the statement itself.
    [[nodiscard]] MallResult<> run(const char* sql, std::string_view doing = {});
    /// What the last failed call on this connection means. `doing` begins the message.
    [[nodiscard]] MallFault fault(std::string_view doing) const;
    /// The file under this name is not the file that is open: moved, deleted, replaced.
    [[nodiscard]] bool file_has_moved() const;
    [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

  private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    };
    SqliteConnection(sqlite3* handle, std::string name) : handle_(handle), name_(std::move(name)) {}
    std::unique_ptr<sqlite3, Close> handle_;
    std::string name_;
};

/// A prepared statement. Bound texts must live until the next reset().
class SqliteStatement {
  public:
    enum class Step { row, done };

    [[nodiscard]] static MallResult<SqliteStatement> prepare(SqliteConnection& connection,
                                                             std::string_view sql);

    SqliteStatement& bind(int parameter, std::int64_t value);
    SqliteStatement& bind(int parameter, std::string_view text);
    SqliteStatement& bind(int parameter, const std::optional<std::string>& text);
    SqliteStatement& bind_null(int parameter);

    [[nodiscard]] MallResult<Step> step();
    /// Runs a statement that yields no rows, and resets it: how many rows it changed.
    [[nodiscard]] MallResult<int> execute();
    void reset();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::optional<std::string> optional_text(int column) const;
    [[nodiscard]] bool is_null(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    SqliteStatement(SqliteConnection& connection, sqlite3_stmt* statement)
        : connection_(&connection), statement_(statement) {}
    SqliteConnection* connection_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// From a successful begin() to commit(); without it everything is rolled back.
class SqliteTransaction {
  public:
    /// Takes the write lock at once, so that no later statement can find it taken.
    [[nodiscard]] static MallResult<SqliteTransaction> begin(SqliteConnection& connection);
    SqliteTransaction(SqliteTransaction&& other) noexcept;
    SqliteTransaction& operator=(SqliteTransaction&&) = delete;
    SqliteTransaction(const SqliteTransaction&) = delete;
    SqliteTransaction& operator=(const SqliteTransaction&) = delete;
    ~SqliteTransaction();

    [[nodiscard]] MallResult<> commit();

  private:
    explicit SqliteTransaction(SqliteConnection& connection) : connection_(&connection) {}
    SqliteConnection* connection_;  // null: nothing to roll back
};

}  // namespace stampede::storage
