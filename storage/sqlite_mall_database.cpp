// SPDX-License-Identifier: Apache-2.0
// Tables, and the statements that write and read them. Ids are TEXT with SQLite's own BINARY
// collation: case matters. Row tables are WITHOUT ROWID, so that an order costs one B-tree entry;
// stampede_event keeps its rowid, which gives a mall the order in which events were written.
#include "storage/sqlite_mall_database.hpp"

#include <array>
#include <system_error>
#include <utility>
#include <variant>

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

// Row numbers and commit numbers stay far below 2^63; SQLite has no unsigned integers.
std::int64_t as_integer(std::uint64_t raw) {
    return static_cast<std::int64_t>(raw);
}

}  // namespace

struct SqliteMallDatabase::Writing {
    SqliteStatement insert_order;
    SqliteStatement insert_item;
    SqliteStatement insert_event;
    SqliteStatement change_order;
    SqliteStatement change_item;
    SqliteStatement move_cursor;
};

/// Writes one record within the transaction of apply().
class SqliteMallDatabase::RowWriter {
  public:
    explicit RowWriter(Writing& writing) : writing_(writing) {}

    MallResult<> operator()(const OrderRow& row) {
        writing_.insert_order.bind(1, std::string_view{row.order_id})
            .bind(2, std::string_view{row.campaign_id})
            .bind(3, std::string_view{row.play})
            .bind(4, std::string_view{row.buyer_id})
            .bind(5, row.amount.fen())
            .bind(6, row.refunded.fen())
            .bind(7, std::string_view{row.state})
            .bind(8, row.group_id)
            .bind(9, row.bargain_id)
            .bind(10, row.payment_id)
            .bind(12, row.confirmed_at.ms())
            .bind(13, std::string_view{row.receipt});
        if (row.paid_at) {
            writing_.insert_order.bind(11, row.paid_at->ms());
        } else {
            writing_.insert_order.bind_null(11);
        }
        const auto inserted = writing_.insert_order.execute();
        if (!inserted.has_value()) {
            return inserted.error();
        }
        for (const OrderItemRow& item : row.items) {
            const auto line = writing_.insert_item.bind(1, std::string_view{row.order_id})
                                  .bind(2, as_integer(item.line))
                                  .bind(3, std::string_view{item.item_id})
                                  .bind(4, item.quantity.units())
                                  .bind(5, item.unit_price.fen())
                                  .bind(6, item.refunded.units())
                                  .execute();
            if (!line.has_value()) {
                return line.error();
            }
        }
        return {};
    }

    MallResult<> operator()(const OrderChange& change) {
        const auto changed = writing_.change_order.bind(1, std::string_view{change.order_id})
                                 .bind(2, std::string_view{change.state})
                                 .bind(3, change.refunded_more.fen())
                                 .execute();
        if (!changed.has_value()) {
            return changed.error();
        }
        for (const OrderChange::Part& part : change.parts) {
            // No row, no items: an order that was never confirmed changes nothing.
            const auto line = writing_.change_item.bind(1, std::string_view{change.order_id})
                                  .bind(2, as_integer(part.line))
                                  .bind(3, part.refunded_more.units())
                                  .execute();
            if (!line.has_value()) {
                return line.error();
            }
        }
        return {};
    }

    MallResult<> operator()(const EventRow& row) {
        const auto inserted = writing_.insert_event.bind(1, std::string_view{row.event_id})
                                  .bind(2, std::string_view{row.journal_id})
                                  .bind(3, std::int64_t{row.shard.raw()})
                                  .bind(4, as_integer(row.sequence.raw()))
                                  .bind(5, std::int64_t{row.ordinal})
                                  .bind(6, std::string_view{row.kind})
                                  .bind(7, row.order_id)
                                  .bind(8, std::string_view{row.payload})
                                  .bind(9, row.at.ms())
                                  .execute();
        if (!inserted.has_value()) {
            return inserted.error();
        }
        return {};
    }

  private:
    Writing& writing_;
};

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
    if (const std::string mode = pragma->text(0); mode != "wal") {
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
    if (auto made = connection_->run(schema); !made.has_value()) {
        return made.error();
    }
    return transaction->commit();
}

MallResult<> SqliteMallDatabase::prepare_writing() {
    constexpr std::array<std::string_view, 6> texts{
        "INSERT INTO stampede_order (order_id, campaign_id, play, buyer_id, amount, "
        "refunded_amount, state, group_id, bargain_id, payment_id, paid_at_ms, confirmed_at_ms, "
        "receipt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        "INSERT INTO stampede_order_item (order_id, line, item_id, quantity, unit_price, "
        "refunded_quantity) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        "INSERT INTO stampede_event (event_id, journal_id, shard, sequence, ordinal, kind, "
        "order_id, payload, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        "UPDATE stampede_order SET state = CASE ?2 WHEN '' THEN state ELSE ?2 END, "
        "refunded_amount = refunded_amount + ?3 WHERE order_id = ?1",
        "UPDATE stampede_order_item SET refunded_quantity = refunded_quantity + ?3 "
        "WHERE order_id = ?1 AND line = ?2",
        "UPDATE stampede_cursor SET sequence = ?3 WHERE journal_id = ?1 AND sequence = ?2"};
    std::vector<SqliteStatement> statements;
    for (const std::string_view text : texts) {
        auto prepared = SqliteStatement::prepare(*connection_, text);
        if (!prepared.has_value()) {
            return prepared.error();
        }
        statements.push_back(std::move(*prepared));
    }
    writing_ = std::make_unique<Writing>(Writing{
        .insert_order = std::move(statements[0]),
        .insert_item = std::move(statements[1]),
        .insert_event = std::move(statements[2]),
        .change_order = std::move(statements[3]),
        .change_item = std::move(statements[4]),
        .move_cursor = std::move(statements[5]),
    });
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
    RowWriter writer(*writing_);
    for (const SettlementRecord& record : records) {
        if (auto written = std::visit(writer, record); !written.has_value()) {
            return written.error();
        }
    }
    const auto moved = writing_->move_cursor.bind(1, std::string_view{cursor.journal_id})
                           .bind(2, as_integer(cursor.commit.raw()))
                           .bind(3, as_integer(to.raw()))
                           .execute();
    if (!moved.has_value()) {
        return moved.error();
    }
    if (*moved != 1) {
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

/// Walks orders and items side by side, both in order of order_id. Items without an order come out
/// as an order that has nothing but them.
class SqliteMallDatabase::OrderScan {
  public:
    OrderScan(SqliteStatement orders, SqliteStatement items)
        : orders_(std::move(orders)), items_(std::move(items)) {}

    MallResult<> run(const std::function<void(const OrderRow&)>& visit) {
        if (auto moved = next_item(); !moved.has_value()) {
            return moved.error();
        }
        for (;;) {
            const auto stepped = orders_.step();
            if (!stepped.has_value()) {
                return stepped.error();
            }
            const bool is_row = *stepped == SqliteStatement::Step::row;
            const std::string order_id = is_row ? orders_.text(0) : std::string{};
            while (has_item_ && (!is_row || items_.text(0) < order_id)) {
                OrderRow orphan;
                orphan.order_id = items_.text(0);
                if (auto taken = take_items(orphan); !taken.has_value()) {
                    return taken.error();
                }
                visit(orphan);
            }
            if (!is_row) {
                return {};
            }
            OrderRow row = order();
            if (auto taken = take_items(row); !taken.has_value()) {
                return taken.error();
            }
            visit(row);
        }
    }

  private:
    OrderRow order() const {
        OrderRow row;
        row.order_id = orders_.text(0);
        row.campaign_id = orders_.text(1);
        row.play = orders_.text(2);
        row.buyer_id = orders_.text(3);
        row.amount = Money{orders_.integer(4)};
        row.refunded = Money{orders_.integer(5)};
        row.state = orders_.text(6);
        row.group_id = orders_.optional_text(7);
        row.bargain_id = orders_.optional_text(8);
        row.payment_id = orders_.optional_text(9);
        if (!orders_.is_null(10)) {
            row.paid_at = Instant{orders_.integer(10)};
        }
        row.confirmed_at = Instant{orders_.integer(11)};
        row.receipt = orders_.text(12);
        return row;
    }
    MallResult<> next_item() {
        const auto stepped = items_.step();
        if (!stepped.has_value()) {
            return stepped.error();
        }
        has_item_ = *stepped == SqliteStatement::Step::row;
        return {};
    }
    MallResult<> take_items(OrderRow& row) {
        while (has_item_ && items_.text(0) == row.order_id) {
            row.items.push_back({.line = static_cast<std::size_t>(items_.integer(1)),
                                 .item_id = items_.text(2),
                                 .quantity = Quantity{items_.integer(3)},
                                 .unit_price = Money{items_.integer(4)},
                                 .refunded = Quantity{items_.integer(5)}});
            if (auto moved = next_item(); !moved.has_value()) {
                return moved.error();
            }
        }
        return {};
    }

    SqliteStatement orders_;
    SqliteStatement items_;
    bool has_item_ = false;
};

MallResult<> SqliteMallDatabase::for_each_order(const std::function<void(const OrderRow&)>& visit) {
    if (!connection_) {
        return not_connected();
    }
    auto orders = SqliteStatement::prepare(
        *connection_,
        "SELECT order_id, campaign_id, play, buyer_id, amount, refunded_amount, state, group_id, "
        "bargain_id, payment_id, paid_at_ms, confirmed_at_ms, receipt FROM stampede_order "
        "ORDER BY order_id");
    if (!orders.has_value()) {
        return orders.error();
    }
    auto items = SqliteStatement::prepare(
        *connection_,
        "SELECT order_id, line, item_id, quantity, unit_price, refunded_quantity "
        "FROM stampede_order_item ORDER BY order_id, line");
    if (!items.has_value()) {
        return items.error();
    }
    return OrderScan(std::move(*orders), std::move(*items)).run(visit);
}

MallResult<> SqliteMallDatabase::for_each_event(const std::function<void(const EventRow&)>& visit) {
    if (!connection_) {
        return not_connected();
    }
    auto events = SqliteStatement::prepare(
        *connection_,
        "SELECT event_id, journal_id, shard, sequence, ordinal, kind, order_id, payload, at_ms "
        "FROM stampede_event ORDER BY event_id");
    if (!events.has_value()) {
        return events.error();
    }
    for (;;) {
        const auto stepped = events->step();
        if (!stepped.has_value()) {
            return stepped.error();
        }
        if (*stepped == SqliteStatement::Step::done) {
            return {};
        }
        EventRow row;
        row.event_id = events->text(0);
        row.journal_id = events->text(1);
        row.shard = ShardIndex{static_cast<std::uint16_t>(events->integer(2))};
        row.sequence = Sequence{static_cast<std::uint64_t>(events->integer(3))};
        row.ordinal = static_cast<std::uint32_t>(events->integer(4));
        row.kind = events->text(5);
        row.order_id = events->optional_text(6);
        row.payload = events->text(7);
        row.at = Instant{events->integer(8)};
        visit(row);
    }
}

}  // namespace stampede::storage
