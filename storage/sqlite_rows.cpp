// SPDX-License-Identifier: Apache-2.0
// One statement per table and verb. Numbers of parameters and columns are those of the statement's
// text beside them.
#include "storage/sqlite_rows.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace stampede::storage {
namespace {

// Sequences and commit numbers stay far below 2^63; SQLite has no unsigned integers.
std::int64_t as_integer(std::uint64_t raw) {
    return static_cast<std::int64_t>(raw);
}

/// A statement that changes whatever it changes.
MallResult<> executed(SqliteStatement& statement) {
    const auto changed = statement.execute();
    if (!changed.has_value()) {
        return changed.error();
    }
    return {};
}

}  // namespace

MallResult<SqliteRowWriter> SqliteRowWriter::prepare(SqliteConnection& connection) {
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
        auto prepared = SqliteStatement::prepare(connection, text);
        if (!prepared.has_value()) {
            return prepared.error();
        }
        statements.push_back(std::move(*prepared));
    }
    return SqliteRowWriter(Statements{
        .insert_order = std::move(statements[0]),
        .insert_item = std::move(statements[1]),
        .insert_event = std::move(statements[2]),
        .change_order = std::move(statements[3]),
        .change_item = std::move(statements[4]),
        .move_cursor = std::move(statements[5]),
    });
}

MallResult<> SqliteRowWriter::write(const SettlementRecord& record) {
    if (const auto* order = std::get_if<OrderRow>(&record)) {
        return insert(*order);
    }
    if (const auto* changed = std::get_if<OrderChange>(&record)) {
        return change(*changed);
    }
    return insert(std::get<EventRow>(record));
}

MallResult<> SqliteRowWriter::insert(const OrderRow& row) {
    SqliteStatement& order = statements_.insert_order;
    order.bind(1, std::string_view{row.order_id})
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
        order.bind(11, row.paid_at->ms());
    } else {
        order.bind_null(11);
    }
    if (auto inserted = executed(order); !inserted.has_value()) {
        return inserted;
    }
    for (const OrderItemRow& item : row.items) {
        statements_.insert_item.bind(1, std::string_view{row.order_id})
            .bind(2, as_integer(item.line))
            .bind(3, std::string_view{item.item_id})
            .bind(4, item.quantity.units())
            .bind(5, item.unit_price.fen())
            .bind(6, item.refunded.units());
        if (auto inserted = executed(statements_.insert_item); !inserted.has_value()) {
            return inserted;
        }
    }
    return {};
}

// An order that was never confirmed has no rows: these statements then change none.
MallResult<> SqliteRowWriter::change(const OrderChange& change) {
    statements_.change_order.bind(1, std::string_view{change.order_id})
        .bind(2, std::string_view{change.state})
        .bind(3, change.refunded_more.fen());
    if (auto changed = executed(statements_.change_order); !changed.has_value()) {
        return changed;
    }
    for (const OrderChange::Part& part : change.parts) {
        statements_.change_item.bind(1, std::string_view{change.order_id})
            .bind(2, as_integer(part.line))
            .bind(3, part.refunded_more.units());
        if (auto changed = executed(statements_.change_item); !changed.has_value()) {
            return changed;
        }
    }
    return {};
}

MallResult<> SqliteRowWriter::insert(const EventRow& row) {
    statements_.insert_event.bind(1, std::string_view{row.event_id})
        .bind(2, std::string_view{row.journal_id})
        .bind(3, std::int64_t{row.shard.raw()})
        .bind(4, as_integer(row.sequence.raw()))
        .bind(5, std::int64_t{row.ordinal})
        .bind(6, std::string_view{row.kind})
        .bind(7, row.order_id)
        .bind(8, std::string_view{row.payload})
        .bind(9, row.at.ms());
    return executed(statements_.insert_event);
}

MallResult<bool> SqliteRowWriter::move_cursor(const MallCursor& cursor, CommitNumber to) {
    const auto moved = statements_.move_cursor.bind(1, std::string_view{cursor.journal_id})
                           .bind(2, as_integer(cursor.commit.raw()))
                           .bind(3, as_integer(to.raw()))
                           .execute();
    if (!moved.has_value()) {
        return moved.error();
    }
    return *moved == 1;
}

// Reading ----------------------------------------------------------------------------------------

namespace {

OrderRow order_at(const SqliteStatement& orders) {
    OrderRow row;
    row.order_id = orders.text(0);
    row.campaign_id = orders.text(1);
    row.play = orders.text(2);
    row.buyer_id = orders.text(3);
    row.amount = Money{orders.integer(4)};
    row.refunded = Money{orders.integer(5)};
    row.state = orders.text(6);
    row.group_id = orders.optional_text(7);
    row.bargain_id = orders.optional_text(8);
    row.payment_id = orders.optional_text(9);
    if (!orders.is_null(10)) {
        row.paid_at = Instant{orders.integer(10)};
    }
    row.confirmed_at = Instant{orders.integer(11)};
    row.receipt = orders.text(12);
    return row;
}

/// Walks orders and items side by side, both in order of order_id.
class OrderWalk {
  public:
    OrderWalk(SqliteStatement orders, SqliteStatement items)
        : orders_(std::move(orders)), items_(std::move(items)) {}

    MallResult<> run(const std::function<void(const OrderRow&)>& visit) {
        if (auto moved = next_item(); !moved.has_value()) {
            return moved;
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
                    return taken;
                }
                visit(orphan);
            }
            if (!is_row) {
                return {};
            }
            OrderRow row = order_at(orders_);
            if (auto taken = take_items(row); !taken.has_value()) {
                return taken;
            }
            visit(row);
        }
    }

  private:
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
                return moved;
            }
        }
        return {};
    }

    SqliteStatement orders_;
    SqliteStatement items_;
    bool has_item_ = false;
};

}  // namespace

MallResult<> read_orders(SqliteConnection& connection,
                         const std::function<void(const OrderRow&)>& visit) {
    auto orders = SqliteStatement::prepare(
        connection,
        "SELECT order_id, campaign_id, play, buyer_id, amount, refunded_amount, state, group_id, "
        "bargain_id, payment_id, paid_at_ms, confirmed_at_ms, receipt FROM stampede_order "
        "ORDER BY order_id");
    if (!orders.has_value()) {
        return orders.error();
    }
    auto items = SqliteStatement::prepare(
        connection,
        "SELECT order_id, line, item_id, quantity, unit_price, refunded_quantity "
        "FROM stampede_order_item ORDER BY order_id, line");
    if (!items.has_value()) {
        return items.error();
    }
    return OrderWalk(std::move(*orders), std::move(*items)).run(visit);
}

MallResult<> read_events(SqliteConnection& connection,
                         const std::function<void(const EventRow&)>& visit) {
    auto events = SqliteStatement::prepare(
        connection,
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
