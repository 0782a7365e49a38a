// SPDX-License-Identifier: Apache-2.0
// The tables, the one transaction, and the care for the file around them. Ids are TEXT with
// SQLite's own BINARY collation: case matters. Row tables are WITHOUT ROWID, so that an order costs
// one B-tree entry; stampede_event keeps its rowid, which gives a mall the order in which events
// were written.
#include "storage/sqlite_mall_database.hpp"

#include <system_error>
#include <utility>

#include "engine/vocabulary/check.hpp"

namespace stampede::storage {
namespace {

// Settlement retries anyway; a short wait keeps its stop() prompt.
constexpr int busy_ms = 250;

constexpr const char* schema = R"sql(
CREATE TABLE IF NOT EXISTS stampede_order (
    order_id        TEXT    NOT NULL PRIMARY KEY,
    campaign_id     TEXT    NOT NULL,
    play            TEXT    NOT NULL,
    buyer_id        TEXT    NOT NULL,
    amount          INTEGER NOT NULL,
    refunded_amount INTEGER NOT NULL,
    state           TEXT    NOT NULL,
    group_id        TEXT,
    bargain_id      TEXT,
    payment_id      TEXT,
    paid_at_ms      INTEGER,
    confirmed_at_ms INTEGER NOT NULL,
    receipt         TEXT    NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stampede_order_item (
    order_id          TEXT    NOT NULL,
    line              INTEGER NOT NULL,
    item_id           TEXT    NOT NULL,
    quantity          INTEGER NOT NULL,
    unit_price        INTEGER NOT NULL,
    refunded_quantity INTEGER NOT NULL,
    PRIMARY KEY (order_id, line)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stampede_event (
    event_id   TEXT    NOT NULL PRIMARY KEY,
    journal_id TEXT    NOT NULL,
    shard      INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    order_id   TEXT,
    payload    TEXT    NOT NULL,
    at_ms      INTEGER NOT NULL,
    UNIQUE (journal_id, shard, sequence, ordinal)
);
CREATE TABLE IF NOT EXISTS stampede_cursor (
    journal_id TEXT    NOT NULL PRIMARY KEY,
    sequence   INTEGER NOT NULL
) WITHOUT ROWID;
)sql";

}  // namespace

SqliteMallDatabase::SqliteMallDatabase(std::filesystem::path path, MallAccess access)
    : path_(std::move(path)), access_(access) {}

SqliteMallDatabase::~SqliteMallDatabase() = default;

std::string SqliteMallDatabase::name() const {
    return "sqlite:" + path_.string();
}

MallResult<> SqliteMallDatabase::connect() {
    writing_.reset();
    connection_.reset();
    if (auto opened = open_file(); !opened.has_value()) {
        connection_.reset();
        return opened.error();
    }
    if (access_ == MallAccess::settle) {
        for (const auto step :
             {&SqliteMallDatabase::use_write_ahead_log, &SqliteMallDatabase::ensure_schema,
              &SqliteMallDatabase::prepare_writing}) {
            if (auto done = (this->*step)(); !done.has_value()) {
                writing_.reset();
                connection_.reset();
                return done.error();
            }
        }
    }
    was_connected_ = true;
    return {};
}

MallResult<> SqliteMallDatabase::open_file() {
    std::error_code ignored;
    const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
    if (!was_connected_ && !std::filesystem::is_directory(folder, ignored)) {
        return refused(name() + ": there is no directory " + folder.string() +
                       "; make it, or correct the URL");
    }
    if (std::filesystem::is_directory(path_, ignored)) {
        return refused(name() + ": this is a directory; name a file");
    }
    const bool may_make = access_ == MallAccess::settle && !was_connected_;
    auto opened = SqliteConnection::open(path_,
                                         access_ == MallAccess::read_only
                                             ? SqliteConnection::Opening::read_only
                                         : may_make ? SqliteConnection::Opening::create
                                                    : SqliteConnection::Opening::existing,
                                         busy_ms);
    if (!opened.has_value()) {
        return opened.error();
    }
    connection_ = std::make_unique<SqliteConnection>(std::move(*opened));
    return {};
}

MallResult<> SqliteMallDatabase::use_write_ahead_log() {
    auto pragma = SqliteStatement::prepare(*connection_, "PRAGMA journal_mode = WAL");
    if (!pragma.has_value()) {
        return pragma.error();
    }
    const auto stepped = pragma->step();
    if (!stepped.has_value()) {
        return stepped.error();
    }
    const std::string mode = pragma->text(0);
    pragma->reset();  // an open statement would keep its lock
    if (mode != "wal") {
        return refused(name() + ": journal mode WAL is not possible here (it stays " + mode +
                       "); use a file on a local file system");
    }
    // The limit gives the space of a long outage's log back once it has been copied.
    return connection_->run("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864");
}

MallResult<> SqliteMallDatabase::ensure_schema() {
    const auto present = count(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN "
        "('stampede_order', 'stampede_order_item', 'stampede_event', 'stampede_cursor')");
    if (!present.has_value()) {
        return present.error();
    }
    if (*present == 4) {
        return {};  // without a write lock that another connection may hold
    }
    auto transaction = SqliteTransaction::begin(*connection_);
    if (!transaction.has_value()) {
        return transaction.error();
    }
    if (auto made = connection_->run(schema, "cannot make the stampede_ tables");
        !made.has_value()) {
        return made.error();
    }
    return transaction->commit();
}

MallResult<> SqliteMallDatabase::prepare_writing() {
    auto prepared = SqliteRowWriter::prepare(*connection_);
    if (!prepared.has_value()) {
        return prepared.error();
    }
    writing_ = std::make_unique<SqliteRowWriter>(std::move(*prepared));
    return {};
}

MallResult<std::int64_t> SqliteMallDatabase::count(std::string_view sql) {
    auto statement = SqliteStatement::prepare(*connection_, sql);
    if (!statement.has_value()) {
        return statement.error();
    }
    const auto stepped = statement->step();
    if (!stepped.has_value()) {
        return stepped.error();
    }
    return statement->integer(0);
}

MallResult<> SqliteMallDatabase::not_connected() const {
    return unavailable(name() + ": not connected");
}

MallResult<std::optional<MallCursor>> SqliteMallDatabase::read_cursor() {
    if (!connection_) {
        return not_connected().error();
    }
    auto select =
        SqliteStatement::prepare(*connection_, "SELECT journal_id, sequence FROM stampede_cursor");
    if (!select.has_value()) {
        return select.error();
    }
    std::optional<MallCursor> cursor;
    for (;;) {
        const auto stepped = select->step();
        if (!stepped.has_value()) {
            return stepped.error();
        }
        if (*stepped == SqliteStatement::Step::done) {
            return cursor;
        }
        if (cursor) {
            return refused(name() + ": stampede_cursor has more than one row (journals " +
                           cursor->journal_id + " and " + select->text(0) +
                           "); a database serves one data directory");
        }
        cursor = MallCursor{
            .journal_id = select->text(0),
            .commit = CommitNumber{static_cast<std::uint64_t>(select->integer(1))},
        };
    }
}

MallResult<> SqliteMallDatabase::claim(std::string_view journal_id) {
    if (!writing_) {
        return not_connected();
    }
    auto transaction = SqliteTransaction::begin(*connection_);
    if (!transaction.has_value()) {
        return transaction.error();
    }
    const auto rows = count(
        "SELECT (SELECT count(*) FROM stampede_cursor) + EXISTS (SELECT 1 FROM stampede_order) + "
        "EXISTS (SELECT 1 FROM stampede_event)");
    if (!rows.has_value()) {
        return rows.error();
    }
    if (*rows != 0) {
        return refused(name() +
                       ": its stampede_ tables have rows but no cursor of this journal; restore "
                       "the row of stampede_cursor, or name an empty database");
    }
    auto insert = SqliteStatement::prepare(
        *connection_, "INSERT INTO stampede_cursor (journal_id, sequence) VALUES (?1, 0)");
    if (!insert.has_value()) {
        return insert.error();
    }
    if (const auto done = insert->bind(1, journal_id).execute(); !done.has_value()) {
        return done.error();
    }
    return transaction->commit();
}

MallResult<> SqliteMallDatabase::apply(std::span<const SettlementRecord> records,
                                       const MallCursor& cursor, CommitNumber to) {
    check(to > cursor.commit, "the cursor moves forward");
    if (!writing_) {
        return not_connected();
    }
    auto transaction = SqliteTransaction::begin(*connection_);
    if (!transaction.has_value()) {
        return transaction.error();
    }
    for (const SettlementRecord& record : records) {
        if (auto written = writing_->write(record); !written.has_value()) {
            return written;
        }
    }
    const auto moved = writing_->move_cursor(cursor, to);
    if (!moved.has_value()) {
        return moved.error();
    }
    if (!*moved) {
        return refused(name() + ": its cursor is not at commit " +
                       std::to_string(cursor.commit.raw()) + " of journal " + cursor.journal_id +
                       " any more; does a second server settle into it?");
    }
    if (auto committed = transaction->commit(); !committed.has_value()) {
        return committed.error();
    }
    // A file unlinked or replaced meanwhile took these rows with it: look again by its name.
    if (connection_->file_has_moved()) {
        return unavailable(name() + ": the file was moved or replaced while it was open");
    }
    return {};
}

MallResult<> SqliteMallDatabase::begin_snapshot() {
    return connection_ ? connection_->run("BEGIN") : not_connected();
}

void SqliteMallDatabase::end_snapshot() {
    if (connection_) {
        static_cast<void>(connection_->run("ROLLBACK"));  // it only read
    }
}

MallResult<> SqliteMallDatabase::for_each_order(const std::function<void(const OrderRow&)>& visit) {
    return connection_ ? read_orders(*connection_, visit) : not_connected();
}

MallResult<> SqliteMallDatabase::for_each_event(const std::function<void(const EventRow&)>& visit) {
    return connection_ ? read_events(*connection_, visit) : not_connected();
}

}  // namespace stampede::storage
