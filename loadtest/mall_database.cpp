// SPDX-License-Identifier: Apache-2.0
// The mall's database through its own client library: SQLite in this version, opened for reading.
#include <sqlite3.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <memory>

#include "loadtest/gather.hpp"

namespace stampede::loadtest {
namespace {

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct FinishStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinishStatement>;

constexpr int busy_ms = 5000;

std::string text_at(sqlite3_stmt* row, int column) {
    // SQLite gives text as unsigned char.
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
    return text == nullptr ? std::string{} : std::string{text};
}

// Calls take(row) for each row; a fault carries SQLite's own words.
template <class Take>
Result<> each_row(sqlite3* database, const char* sql, const std::string* parameter, Take&& take) {
    sqlite3_stmt* raw = nullptr;
    const int prepared = sqlite3_prepare_v2(database, sql, -1, &raw, nullptr);
    const Statement statement{raw};
    if (prepared != SQLITE_OK) {
        return fault(std::string{"the mall's database: "} + sqlite3_errmsg(database));
    }
    if (parameter != nullptr) {
        sqlite3_bind_text(statement.get(), 1, parameter->c_str(),
                          static_cast<int>(parameter->size()), SQLITE_STATIC);
    }
    int step = sqlite3_step(statement.get());
    for (; step == SQLITE_ROW; step = sqlite3_step(statement.get())) {
        take(statement.get());
    }
    if (step != SQLITE_DONE) {
        return fault(std::string{"the mall's database: "} + sqlite3_errmsg(database));
    }
    return {};
}

constexpr const char* orders_sql =
    "SELECT o.order_id, o.buyer_id, o.state, o.payment_id, o.amount, o.refunded_amount,"
    " count(i.order_id), coalesce(sum(i.quantity * i.unit_price), 0),"
    " coalesce(sum(i.quantity), 0), o.group_id, o.bargain_id, o.receipt"
    " FROM stampede_order o LEFT JOIN stampede_order_item i ON i.order_id = o.order_id"
    " WHERE o.campaign_id = ?1 GROUP BY o.order_id";
// The campaign of an event is only in its payload.
constexpr const char* events_sql =
    "SELECT event_id, kind, order_id, payload FROM stampede_event"
    " WHERE json_extract(payload, '$.campaign_id') = ?1";
constexpr const char* orphans_sql =
    "SELECT count(*) FROM stampede_order_item i"
    " WHERE NOT EXISTS (SELECT 1 FROM stampede_order o WHERE o.order_id = i.order_id)";

SettledOrder order_from(sqlite3_stmt* row) {
    SettledOrder order;
    order.order_id = text_at(row, 0);
    order.buyer_id = text_at(row, 1);
    order.state = text_at(row, 2);
    order.payment_id = text_at(row, 3);
    order.amount = sqlite3_column_int64(row, 4);
    order.refunded_amount = sqlite3_column_int64(row, 5);
    order.lines = sqlite3_column_int64(row, 6);
    order.lines_amount = sqlite3_column_int64(row, 7);
    order.lines_quantity = sqlite3_column_int64(row, 8);
    order.group_id = text_at(row, 9);
    order.bargain_id = text_at(row, 10);
    order.receipt = text_at(row, 11);
    return order;
}

MallEvent event_from(sqlite3_stmt* row) {
    MallEvent event;
    event.event_id = text_at(row, 0);
    event.kind = text_at(row, 1);
    event.order_id = text_at(row, 2);
    boost::system::error_code error;
    const boost::json::value payload = boost::json::parse(text_at(row, 3), error);
    if (const boost::json::object* fields = error ? nullptr : payload.if_object()) {
        const auto text = [fields](std::string_view name) {
            const auto* value = fields->if_contains(name);
            return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                          : std::string{};
        };
        const auto number = [fields](std::string_view name) {
            const auto* value = fields->if_contains(name);
            return value != nullptr && value->is_int64() ? value->get_int64() : 0;
        };
        event.payment_id = text("payment_id");
        event.reason = text("reason");
        event.group_id = text("group_id");
        event.amount = number("amount");
        event.virtual_seats = number("virtual");
    }
    return event;
}

}  // namespace

Result<MallDatabase> read_mall_database(std::string_view url, const std::string& campaign_id) {
    constexpr std::string_view scheme = "sqlite:";
    if (!url.starts_with(scheme)) {
        return fault("--mall-db: only sqlite:PATH can be checked in this version");
    }
    const std::string path{url.substr(scheme.size())};
    sqlite3* raw = nullptr;
    const int opened =
        sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    const Database database{raw};
    if (opened != SQLITE_OK) {
        return fault("cannot open " + path + ": " + sqlite3_errstr(opened));
    }
    sqlite3_busy_timeout(raw, busy_ms);
    MallDatabase mall;
    // One read transaction: all tables as of one settled commit.
    const Result<> begun = each_row(raw, "BEGIN", nullptr, [](sqlite3_stmt*) {});
    if (!begun.has_value()) {
        return begun.error();
    }
    const auto read_number = [](std::uint64_t& into) {
        return [&into](sqlite3_stmt* row) {
            into = static_cast<std::uint64_t>(sqlite3_column_int64(row, 0));
        };
    };
    Result<> read = each_row(raw, orders_sql, &campaign_id,
                             [&](sqlite3_stmt* row) { mall.orders.push_back(order_from(row)); });
    if (read.has_value()) {
        read = each_row(raw, events_sql, &campaign_id,
                        [&](sqlite3_stmt* row) { mall.events.push_back(event_from(row)); });
    }
    if (read.has_value()) {
        read = each_row(raw, orphans_sql, nullptr, read_number(mall.lines_without_order));
    }
    if (read.has_value()) {
        read = each_row(raw, "SELECT count(*) FROM stampede_cursor", nullptr,
                        read_number(mall.cursors));
    }
    if (!read.has_value()) {
        return read.error();
    }
    return mall;
}

}  // namespace stampede::loadtest
