// SPDX-License-Identifier: Apache-2.0
// The mapping of error codes is at fault(): what another connection, the disk or the machine may
// cure by itself is `unavailable`; what only a person can cure is `refused`.
#include "storage/sqlite_connection.hpp"

#include <utility>

#include "engine/vocabulary/check.hpp"

namespace stampede::storage {
namespace {

MallFault::Kind kind_of(int code) {
    switch (code & 0xFF) {  // extended codes keep the primary one in their low byte
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_CANTOPEN:
        case SQLITE_IOERR:
        case SQLITE_FULL:
        case SQLITE_NOMEM:
        case SQLITE_INTERRUPT:
        case SQLITE_PROTOCOL:
        case SQLITE_PERM:
        case SQLITE_READONLY:  // also a file moved away under us
        case SQLITE_SCHEMA:
            return MallFault::Kind::unavailable;
        default:
            return MallFault::Kind::refused;
    }
}

}  // namespace

MallResult<SqliteConnection> SqliteConnection::open(const std::filesystem::path& path,
                                                    Opening opening, int busy_ms) {
    // No mutex: a connection belongs to one thread.
    int flags = SQLITE_OPEN_NOMUTEX;
    switch (opening) {
        case Opening::create:
            flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
            break;
        case Opening::existing:
            flags |= SQLITE_OPEN_READWRITE;
            break;
        case Opening::read_only:
            flags |= SQLITE_OPEN_READONLY;
            break;
    }
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
    SqliteConnection connection(handle, "sqlite:" + path.string());
    if (handle == nullptr) {
        return unavailable("cannot open " + connection.name_ + ": out of memory");
    }
    sqlite3_extended_result_codes(handle, 1);
    if (code != SQLITE_OK) {
        return connection.fault("cannot open the mall database");
    }
    sqlite3_busy_timeout(handle, busy_ms);
    return connection;
}

MallResult<> SqliteConnection::run(const char* sql, std::string_view doing) {
    if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return fault(doing.empty() ? std::string_view{sql} : doing);
    }
    return {};
}

MallFault SqliteConnection::fault(std::string_view doing) const {
    const int code = sqlite3_extended_errcode(handle());
    return {.kind = kind_of(code),
            .message = name_ + ": " + std::string{doing} + ": " + sqlite3_errmsg(handle()) +
                       " (SQLite " + std::to_string(code) + ")"};
}

bool SqliteConnection::file_has_moved() const {
    int moved = 0;
    const int code = sqlite3_file_control(handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return code == SQLITE_OK && moved != 0;
}

MallResult<SqliteStatement> SqliteStatement::prepare(SqliteConnection& connection,
                                                     std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(connection.handle(), sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
        return connection.fault("cannot prepare \"" + std::string{sql} + "\"");
    }
    return SqliteStatement(connection, statement);
}

// Binding fails only for a wrong parameter number: our own mistake.
SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
    check(sqlite3_bind_int64(statement_.get(), parameter, value) == SQLITE_OK, "bind");
    return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
    // SQLITE_STATIC: the caller keeps the text alive. An empty view may have no address, which
    // SQLite would take for NULL.
    const char* start = text.empty() ? "" : text.data();
    check(sqlite3_bind_text(statement_.get(), parameter, start, static_cast<int>(text.size()),
                            SQLITE_STATIC) == SQLITE_OK,
          "bind");
    return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, const std::optional<std::string>& text) {
    return text ? bind(parameter, std::string_view{*text}) : bind_null(parameter);
}

SqliteStatement& SqliteStatement::bind_null(int parameter) {
    check(sqlite3_bind_null(statement_.get(), parameter) == SQLITE_OK, "bind");
    return *this;
}

MallResult<SqliteStatement::Step> SqliteStatement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return Step::row;
    }
    if (code == SQLITE_DONE) {
        return Step::done;
    }
    MallFault fault = connection_->fault(sqlite3_sql(statement_.get()));
    reset();
    return fault;
}

MallResult<int> SqliteStatement::execute() {
    const auto stepped = step();
    if (!stepped.has_value()) {
        return stepped.error();
    }
    reset();
    return sqlite3_changes(connection_->handle());
}

void SqliteStatement::reset() {
    // Its code repeats the failure that step() has reported already.
    static_cast<void>(sqlite3_reset(statement_.get()));
}

std::int64_t SqliteStatement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const {
    const unsigned char* start = sqlite3_column_text(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    // SQLite's texts are unsigned characters; ours are not.
    return start == nullptr ? std::string{}
                            : std::string{reinterpret_cast<const char*>(start), size};
}

std::optional<std::string> SqliteStatement::optional_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional{text(column)};
}

bool SqliteStatement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

MallResult<SqliteTransaction> SqliteTransaction::begin(SqliteConnection& connection) {
    const auto begun = connection.run("BEGIN IMMEDIATE");
    if (!begun.has_value()) {
        return begun.error();
    }
    return SqliteTransaction(connection);
}

SqliteTransaction::SqliteTransaction(SqliteTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

SqliteTransaction::~SqliteTransaction() {
    if (connection_ != nullptr && sqlite3_get_autocommit(connection_->handle()) == 0) {
        // A ROLLBACK that fails leaves the transaction to the close of the connection, which the
        // caller does after any fault.
        static_cast<void>(connection_->run("ROLLBACK"));
    }
}

MallResult<> SqliteTransaction::commit() {
    auto committed = connection_->run("COMMIT");
    if (committed.has_value()) {
        connection_ = nullptr;
    }
    return committed;
}

}  // namespace stampede::storage
