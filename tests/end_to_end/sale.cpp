// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/sale.hpp"

#include <sqlite3.h>

#include <ctime>
#include <thread>

namespace stampede::tests {

namespace {

constexpr std::chrono::seconds settled_patience{60};
constexpr int lock_patience_ms = 10'000;
constexpr std::chrono::milliseconds look_again{5};

struct CloseDatabase {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
};

std::vector<std::string> row_of(sqlite3_stmt* statement) {
    std::vector<std::string> row;
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        const auto* text = sqlite3_column_text(statement, column);
        // SQLite hands out UTF-8 as unsigned characters.
        row.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
    }
    return row;
}

}  // namespace

std::string time_from_now(std::int64_t seconds) {
    const std::time_t at = std::time(nullptr) + seconds;
    std::tm parts{};
    ::gmtime_r(&at, &parts);
    char text[32];
    const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text, size};
}

std::string Draft::text() const {
    return R"({"play":")" + play + R"(","title":"Opening night","starts_at":")" +
           time_from_now(starts_in_s) + R"(","ends_at":")" + time_from_now(ends_in_s) +
           R"(","items":[{"item_id":"1001","title":"Kettle","price":)" + std::to_string(price) +
           R"(,"list_price":19900,"stock":)" + std::to_string(stock) + "}]" + more + "}";
}

Draft group_draft(const std::string& group, const std::string& more) {
    return Draft{.more = R"(,"group":{)" + group + "}" + more, .play = "group_buy"};
}

Draft bargain_draft(const std::string& bargain, const std::string& more) {
    return Draft{.more = R"(,"bargain":{)" + bargain + "}" + more, .play = "bargain"};
}

HttpAnswer part(const HttpAnswer& answer, const std::string& name) {
    HttpAnswer inside = answer;
    const auto found = answer.json.find(name);
    if (found == answer.json.end() || !found->value().is_object()) {
        ADD_FAILURE() << "no object " << name << " in " << answer.status << ' ' << answer.body;
        inside.json.clear();
        return inside;
    }
    inside.json = found->value().as_object();
    return inside;
}

std::string order_of(std::int64_t quantity, const std::string& more) {
    return R"({"item_id":"1001","quantity":)" + std::to_string(quantity) + more + "}";
}

std::string payment_of(const std::string& order_id, const std::string& payment_id,
                       std::int64_t amount) {
    return R"({"order_id":")" + order_id + R"(","payment_id":")" + payment_id + R"(","amount":)" +
           std::to_string(amount) + R"(,"paid_at":"2026-11-21T20:00:00+08:00"})";
}

Rows query(const std::filesystem::path& database, const std::string& sql) {
    sqlite3* raw = nullptr;
    const int opened = sqlite3_open_v2(database.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr);
    const std::unique_ptr<sqlite3, CloseDatabase> handle{raw};
    EXPECT_EQ(opened, SQLITE_OK) << database << ": " << sqlite3_errmsg(raw);
    sqlite3_busy_timeout(raw, lock_patience_ms);
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(raw, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(raw);
    Rows rows;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
        rows.push_back(row_of(statement));
    }
    EXPECT_EQ(code, SQLITE_DONE) << sql << ": " << sqlite3_errmsg(raw);
    sqlite3_finalize(statement);
    return rows;
}

void execute(const std::filesystem::path& database, const std::string& sql) {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(database.c_str(), &raw), SQLITE_OK);
    const std::unique_ptr<sqlite3, CloseDatabase> handle{raw};
    sqlite3_busy_timeout(raw, lock_patience_ms);
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(raw);
}

Sale::Sale(const std::vector<std::string>& flags) : flags_(flags) {
    start_again();
}

void Sale::start_again(const std::vector<std::string>& flags) {
    mall_.reset();
    server_.reset();
    std::vector<std::string> all{"--dev", "--mall-db", "sqlite:" + database().string()};
    all.insert(all.end(), flags_.begin(), flags_.end());
    all.insert(all.end(), flags.begin(), flags.end());
    server_ = std::make_unique<ServerProcess>(data_dir(), all);
    if (!server_->is_ready()) {
        ADD_FAILURE() << "the server did not start:\n" << server_->log();
        throw std::runtime_error("no server to test");
    }
    mall_ = std::make_unique<Caller>(server_->mall());
}

std::string Sale::publish(const Draft& draft) {
    const HttpAnswer drafted = mall().post("/v1/campaigns", draft.text());
    EXPECT_EQ(drafted.status, 201) << drafted.body;
    const std::string id = drafted.text("id");
    const HttpAnswer published = mall().post("/v1/campaigns/" + id + "/publish");
    EXPECT_EQ(published.status, 200) << published.body;
    return id;
}

HttpAnswer Sale::ledger_line(const std::string& campaign) {
    HttpAnswer ledger = mall().get("/v1/campaigns/" + campaign + "/ledger");
    const auto items = ledger.list("items");
    if (items.empty()) {
        ADD_FAILURE() << "a ledger without items: " << ledger.body;
        return ledger;
    }
    ledger.json = items.front();
    return ledger;
}

HttpAnswer Sale::pay(const std::string& order_id, const std::string& payment_id,
                     std::int64_t amount) {
    return mall().post("/v1/payments", payment_of(order_id, payment_id, amount));
}

void Sale::wait_until_settled() {
    const auto give_up_at = std::chrono::steady_clock::now() + settled_patience;
    while (std::chrono::steady_clock::now() < give_up_at) {
        const HttpAnswer settlement = mall().get("/v1/settlement");
        if (settlement.number("cursor") == settlement.number("durable")) {
            return;
        }
        std::this_thread::sleep_for(look_again);
    }
    ADD_FAILURE() << "settlement does not catch up: " << mall().get("/v1/settlement").body;
}

void Sale::stop_and_verify() {
    wait_until_settled();
    EXPECT_EQ(server_->stop(), 0);
    const CommandResult verified = run_stampede({"verify", "--data-dir", data_dir().string()});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
    const CommandResult reconciled = run_stampede({"reconcile", "--data-dir", data_dir().string(),
                                                   "--mall-db", "sqlite:" + database().string()});
    EXPECT_EQ(reconciled.status, 0) << reconciled.out << reconciled.err;
}

}  // namespace stampede::tests
