// SPDX-License-Identifier: Apache-2.0
// Takes old commits out of the journal: sealed into the archive first, then dropped by whole files.
// What an earlier process sealed is read again, once, and compared with the journal before anything
// is dropped behind it: a file's name alone proves nothing. Owned by the follower thread.
#pragma once

#include <optional>
#include <string>

#include "storage/archive.hpp"
#include "storage/commit_store.hpp"

namespace stampede::storage {

struct Trimmed {
    CommitNumber sealed;   // the archive reaches to here
    CommitNumber dropped;  // files with nothing but commits up to here have left the journal
};

class Trimmer {
  public:
    /// The store must outlive it.
    Trimmer(CommitStore& store, Archive archive) : store_(store), archive_(std::move(archive)) {}

    /// Nothing after `up_to` leaves. Sealing goes on where the archive ends. A Fault, and nothing
    /// dropped, when an archive file is bad whose commits the journal does not hold any more.
    [[nodiscard]] Result<Trimmed> trim(CommitNumber up_to);

  private:
    [[nodiscard]] CommitSource journal() const;
    [[nodiscard]] Result<> prove(CommitRange kept);
    [[nodiscard]] Result<std::optional<std::string>> find_fault(const ArchiveFile& file,
                                                                CommitRange kept) const;

    CommitStore& store_;
    Archive archive_;
    bool is_proven_ = false;
};

}  // namespace stampede::storage
