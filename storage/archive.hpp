// SPDX-License-Identifier: Apache-2.0
// Sealed files of commits that left the journal. Written by the follower, read by slow consumers
// and by verify; an operator may remove any of them, oldest first.
//
//   name: <first>-<last>.commits, 20 digits each
//   offset  size  field
//        0     8  magic       "SARCHIV1"
//        8    16  journal id
//       24     8  first commit number
//       32     8  last commit number
//        .     .  commits: length (4), value (storage/commit_codec.hpp)
//        .    32  digest      SHA-256 of every byte before it
//
// A file gets its name only when it is complete, synced and read back; one that must not be used
// any more keeps its bytes under a name that ends in ".rejected".
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "storage/commit_store.hpp"
#include "storage/journal_id.hpp"

namespace stampede::storage {

struct ArchiveFile {
    CommitRange range;
    std::filesystem::path path;
};

/// Visits the commits of a range, as far as they are there, in order.
using CommitSource = std::function<Result<>(CommitRange, const CommitVisitor&)>;

class Archive {
  public:
    static constexpr std::size_t file_bytes_max = std::size_t{16} << 20;

    Archive(std::filesystem::path directory, const JournalId& journal)
        : directory_(std::move(directory)), journal_(journal) {}

    /// Those that are there, in order of their first commit.
    [[nodiscard]] Result<std::vector<ArchiveFile>> files() const;
    /// The oldest commit from which archive and journal go on without a gap; `journal_first` is the
    /// journal's own first, if it holds any. 0 when there is none.
    [[nodiscard]] Result<CommitNumber> oldest_before(
        std::optional<CommitNumber> journal_first) const;
    /// Copies first..last out of the source into sealed files, each written, synced and read back;
    /// the last commit that is sealed then, which is `range.last` unless some were missing.
    [[nodiscard]] Result<CommitNumber> seal(const CommitSource& source, CommitRange range) const;
    /// Sets every file aside that reaches past `last`; what such a file holds up to `last` is
    /// sealed again, unless the file is damaged. Repair only.
    [[nodiscard]] Result<> give_up_after(CommitNumber last) const;
    /// Visits the part of `range` that is kept without a gap, in order. Values are not decoded.
    [[nodiscard]] Result<> visit(CommitRange range, const CommitVisitor& visitor) const;
    /// What one file holds, for as long as the archive lives.
    [[nodiscard]] CommitSource source_of(const ArchiveFile& file) const;
    /// Compares the digest of one whole file, and its header with its name.
    [[nodiscard]] Result<> verify(const ArchiveFile& file) const;

  private:
    [[nodiscard]] Result<Walk> visit_file(const ArchiveFile& file, CommitRange range,
                                          const CommitVisitor& visitor) const;
    [[nodiscard]] Result<CommitNumber> seal_one(const CommitSource& source,
                                                CommitRange range) const;
    [[nodiscard]] Result<std::vector<std::byte>> read(const ArchiveFile& file) const;

    std::filesystem::path directory_;
    JournalId journal_;
};

}  // namespace stampede::storage
