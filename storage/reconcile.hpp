// SPDX-License-Identifier: Apache-2.0
// The journal against the mall's database, row by row: what should be there and is not, what is
// there and should not be, what is different. It derives the rows from the journal with the same
// pure function as settlement, but applies them to a model of its own, so that a mistake in the SQL
// shows. Reads only. One thread; about half a KiB of memory for each confirmed order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/commit_feed.hpp"
#include "engine/vocabulary/result.hpp"
#include "storage/mall_database.hpp"
#include "storage/settlement.hpp"

namespace stampede::storage {

struct ReconcileReport {
    /// Rows of one kind of disagreement; examples are sentences, the first so many.
    struct Findings {
        std::uint64_t rows = 0;
        std::vector<std::string> examples;
    };

    std::string database;
    CommitNumber first_kept;  // commits before it are gone: rows from them were not judged
    CommitNumber cursor;      // rows were compared up to this commit
    CommitNumber last;        // where the journal ends
    std::uint64_t orders_compared = 0;
    std::uint64_t events_compared = 0;
    std::uint64_t rows_not_judged = 0;   // from before first_kept
    std::uint64_t unsettled_orders = 0;  // after the cursor: the next start settles them
    std::uint64_t unsettled_events = 0;
    std::string cursor_trouble;  // empty: the cursor fits the journal
    Findings missing;
    Findings extra;
    Findings different;

    /// The database holds exactly what the journal says, up to the journal's end.
    [[nodiscard]] bool agrees() const {
        return cursor_trouble.empty() && missing.rows == 0 && extra.rows == 0 &&
               different.rows == 0 && unsettled_orders == 0 && unsettled_events == 0;
    }
};

/// What is kept of a journal, for one walk from the oldest commit to the newest.
struct JournalToCompare {
    using Visitor = std::function<Result<>(const engine::DurableCommit&)>;

    std::string journal_id;
    CommitNumber first_kept;  // 1 when nothing is gone
    CommitNumber last;        // 0 for an empty journal
    /// Shows first_kept, first_kept + 1, ..., last to the visitor; ends with the visitor's fault.
    std::function<Result<>(const Visitor&)> for_each_commit;
};

/// A fault when the journal or the database cannot be read to the end.
[[nodiscard]] Result<ReconcileReport> reconcile(const JournalToCompare& journal,
                                                const RecordsOfFrame& records_of,
                                                MallDatabase& database,
                                                std::size_t examples_max = 20);

/// The report for a person: one line per finding, then the verdict.
[[nodiscard]] std::string text(const ReconcileReport& report);

}  // namespace stampede::storage
