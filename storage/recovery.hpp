// SPDX-License-Identifier: Apache-2.0
// From a data directory to the state it proves, or to a refusal that names the first bad commit.
// Recovery only reads: a refused directory is byte for byte what it was. Runs before any thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "engine/replayable.hpp"
#include "storage/checkpoint.hpp"
#include "storage/commit_store.hpp"
#include "storage/data_directory.hpp"

namespace stampede::storage {

struct Recovered {
    /// The last durable commit, and what the state is there.
    StatePosition position;
    /// The checkpoint that recovery started from; 0 for none.
    CommitNumber checkpoint;
    /// Nothing lies in RocksDB: the state is the checkpoint's, or the archive's.
    bool journal_is_empty = false;
    std::uint64_t commits_applied = 0;
    /// Commits whose place in the chain was checked, applied or not.
    std::uint64_t commits_checked = 0;
    std::uint64_t bytes_applied = 0;
    std::chrono::milliseconds took{0};
    /// Damage that cost nothing: a checkpoint that was passed over, an anchor slot.
    std::vector<std::string> warnings;
};

/// Loads the newest good checkpoint into `state` (empty before), applies every commit after it, and
/// checks numbers, chain, journal id, epoch and the anchor on the way. After a Fault `state` is
/// unusable.
[[nodiscard]] Result<Recovered> recover(const DataDirectory& directory, engine::Replayable& state);

/// Sees one commit; the bytes live during the call.
using StoredCommitVisitor = std::function<Result<Walk>(const StoredCommit&)>;

struct ScanReport {
    CommitRange visited;  // 0..0 when the journal is empty
    ChainPosition reached;
    ChainPosition anchor;
    std::uint64_t commits = 0;
    std::uint64_t archived_commits = 0;  // those of them that lie in the archive
    std::uint64_t bytes = 0;
};

/// Visits every commit that is kept, archive included, oldest first, checking the chain and, at the
/// end, the anchor: for `verify` and `journal print`. `first` skips what is older (unless 0).
[[nodiscard]] Result<ScanReport> scan_journal(const DataDirectory& directory, CommitNumber first,
                                              const StoredCommitVisitor& visitor);

}  // namespace stampede::storage
