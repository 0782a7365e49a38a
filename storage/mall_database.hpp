// SPDX-License-Identifier: Apache-2.0
// The mall's database as settlement sees it: rows and a cursor that move together. An object is
// one connection and belongs to one thread. Tables: docs/reference/mall-database.md.
//
// The cursor {journal id, commit number} is moved by compare-and-set in the transaction that writes
// the rows. So whatever happens (a kill, a lost answer to COMMIT, a second server), a commit's rows
// are in the database exactly when the cursor has passed that commit.
#pragma once

#include <boost/system/result.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/result.hpp"
#include "engine/vocabulary/settlement_record.hpp"

namespace stampede::storage {

struct MallFault {
    enum class Kind {
        /// Busy, locked, gone, full: reconnect, read the cursor, try again.
        unavailable,
        /// Trying again cannot help; a person must act. The message says how.
        refused,
    };
    Kind kind = Kind::unavailable;
    std::string message;
};

// Found by argument-dependent lookup when Result::value() is called on a fault; ours never is.
[[noreturn]] inline void throw_exception_from_error(const MallFault& fault,
                                                    const boost::source_location& /*where*/) {
    throw std::runtime_error(fault.message);
}

template <class Value = void>
using MallResult = boost::system::result<Value, MallFault>;

[[nodiscard]] inline MallFault unavailable(std::string message) {
    return {.kind = MallFault::Kind::unavailable, .message = std::move(message)};
}
[[nodiscard]] inline MallFault refused(std::string message) {
    return {.kind = MallFault::Kind::refused, .message = std::move(message)};
}

/// Every commit of the journal up to `commit` is settled.
struct MallCursor {
    std::string journal_id;
    CommitNumber commit;
    friend bool operator==(const MallCursor&, const MallCursor&) = default;
};

/// Where a cursor, if there is one, stands against our journal.
[[nodiscard]] MallResult<> judge_cursor(const std::optional<MallCursor>& cursor,
                                        std::string_view journal_id, CommitNumber durable,
                                        std::string_view database);

class MallDatabase {
  public:
    MallDatabase() = default;
    MallDatabase(const MallDatabase&) = delete;
    MallDatabase& operator=(const MallDatabase&) = delete;
    virtual ~MallDatabase() = default;

    /// Connects afresh, whatever was before, and makes the tables that are absent.
    [[nodiscard]] virtual MallResult<> connect() = 0;
    [[nodiscard]] virtual MallResult<std::optional<MallCursor>> read_cursor() = 0;
    /// Binds a database without cursor, and without orders, to a journal, at commit 0.
    [[nodiscard]] virtual MallResult<> claim(std::string_view journal_id) = 0;

    /// Writes `records`, the whole of the commits after `cursor` up to `to`, and moves the cursor,
    /// in one transaction. Refused when the cursor in the database is not `cursor`, or when a row
    /// stands there already. After `unavailable` it may have happened or not: connect and read the
    /// cursor.
    [[nodiscard]] virtual MallResult<> apply(std::span<const SettlementRecord> records,
                                             const MallCursor& cursor, CommitNumber to) = 0;

    // Reading, for reconcile ----------------------------------------------------------------------

    /// What follows, up to end_snapshot(), is read from one state of the database.
    [[nodiscard]] virtual MallResult<> begin_snapshot() = 0;
    [[nodiscard]] virtual MallResult<> for_each_order(
        const std::function<void(const OrderRow&)>& visit) = 0;
    [[nodiscard]] virtual MallResult<> for_each_event(
        const std::function<void(const EventRow&)>& visit) = 0;
    virtual void end_snapshot() = 0;

    /// The database as messages name it; never with a password.
    [[nodiscard]] virtual std::string name() const = 0;
};

/// Whether a missing database may be made, and missing tables in it.
enum class MallAccess { settle, read_only };

/// `sqlite:PATH`. Refused: any other text; `postgresql://` and `mysql://` say that they are not
/// available yet. Does not connect.
[[nodiscard]] MallResult<std::unique_ptr<MallDatabase>> open_mall_database(
    std::string_view url, MallAccess access = MallAccess::settle);

}  // namespace stampede::storage
