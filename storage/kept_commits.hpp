// SPDX-License-Identifier: Apache-2.0
// All commits that a data directory still has, archive and journal as one row, for reading while no
// server runs on it.
#pragma once

#include <memory>
#include <optional>

#include "storage/archive.hpp"
#include "storage/commit_store.hpp"
#include "storage/data_directory.hpp"

namespace stampede::storage {

class KeptCommits {
  public:
    [[nodiscard]] static Result<KeptCommits> open(const DataDirectory& directory);

    /// What the journal itself holds; empty when it holds nothing.
    [[nodiscard]] const std::optional<CommitRange>& in_journal() const { return in_journal_; }
    /// The oldest commit from which archive and journal go on without a gap; 0 when there is none.
    [[nodiscard]] Result<CommitNumber> oldest() const;
    /// Every commit from `first` on; those below the journal's first come from the archive.
    [[nodiscard]] Result<> visit_from(CommitNumber first, const CommitVisitor& visitor) const;

  private:
    KeptCommits(std::unique_ptr<CommitStore> store, Archive archive,
                std::optional<CommitRange> in_journal)
        : store_(std::move(store)), archive_(std::move(archive)), in_journal_(in_journal) {}

    std::unique_ptr<CommitStore> store_;  // null when RocksDB was never made
    Archive archive_;
    std::optional<CommitRange> in_journal_;
};

}  // namespace stampede::storage
