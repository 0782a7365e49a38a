// SPDX-License-Identifier: Apache-2.0
// The mall's database in an SQLite file, in WAL mode: readers see the last whole transaction and
// are never locked out; another writer only delays us. synchronous=FULL, so that a cursor that was
// reported to settlement survives a loss of power. One thread.
//
// The file is made by the first connect() only: one that vanishes later is waited for, never
// replaced by an empty one.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/mall_database.hpp"
#include "storage/sqlite_connection.hpp"
#include "storage/sqlite_rows.hpp"

namespace stampede::storage {

class SqliteMallDatabase final : public MallDatabase {
  public:
    SqliteMallDatabase(std::filesystem::path path, MallAccess access);
    ~SqliteMallDatabase() override;

    [[nodiscard]] MallResult<> connect() override;
    [[nodiscard]] MallResult<std::optional<MallCursor>> read_cursor() override;
    [[nodiscard]] MallResult<> claim(std::string_view journal_id) override;
    [[nodiscard]] MallResult<> apply(std::span<const SettlementRecord> records,
                                     const MallCursor& cursor, CommitNumber to) override;

    [[nodiscard]] MallResult<> begin_snapshot() override;
    [[nodiscard]] MallResult<> for_each_order(
        const std::function<void(const OrderRow&)>& visit) override;
    [[nodiscard]] MallResult<> for_each_event(
        const std::function<void(const EventRow&)>& visit) override;
    void end_snapshot() override;

    [[nodiscard]] std::string name() const override;

  private:
    [[nodiscard]] MallResult<> open_file();
    [[nodiscard]] MallResult<> use_write_ahead_log();
    [[nodiscard]] MallResult<> ensure_schema();
    [[nodiscard]] MallResult<> prepare_writing();
    [[nodiscard]] MallResult<std::int64_t> count(std::string_view sql);
    [[nodiscard]] MallResult<> not_connected() const;

    std::filesystem::path path_;
    MallAccess access_;
    bool was_connected_ = false;
    // Statements point at the connection: it lies still, and goes last.
    std::unique_ptr<SqliteConnection> connection_;
    std::unique_ptr<SqliteRowWriter> writing_;
};

}  // namespace stampede::storage
