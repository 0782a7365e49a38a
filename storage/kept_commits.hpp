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

    /// False when RocksDB was never made, or is gone.
    [[nodiscard]] bool has_journal() const { return store_ != nullptr; }
    /// The oldest commit that the journal itself holds; empty when it holds nothing.
    [[nodiscard]] const std::optional<CommitNumber>& journal_first() const {
        return journal_first_;
    }
    /// The oldest commit from which archive and journal go on without a gap; 0 when there is none.
    [[nodiscard]] Result<CommitNumber> oldest() const;
    /// Every commit from `first` on; those below the journal's first come from the archive.
    [[nodiscard]] Result<> visit_from(CommitNumber first, const CommitVisitor& visitor) const;

  private:
    KeptCommits(std::unique_ptr<CommitStore> store, Archive archive,
                std::optional<CommitNumber> journal_first)
        : store_(std::move(store)), archive_(std::move(archive)), journal_first_(journal_first) {}

    std::unique_ptr<CommitStore> store_;  // null when RocksDB was never made
    Archive archive_;
    std::optional<CommitNumber> journal_first_;
};

}  // namespace stampede::storage
