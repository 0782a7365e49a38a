// SPDX-License-Identifier: Apache-2.0
// What a person does with a directory that recovery refused: look at what is left behind the first
// bad commit, and decide to give it up. The server is stopped; the lock is held.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>

#include "storage/archive.hpp"
#include "storage/commit_codec.hpp"
#include "storage/data_directory.hpp"

namespace stampede::storage {

/// Writes a line for every trace of a commit after the last one in the chain, read from RocksDB and
/// from its raw log files past any hole: number, whether it is whole, where it lies, its bytes in
/// hexadecimal. Returns how many of them are whole. Changes nothing.
[[nodiscard]] Result<std::uint64_t> dump_raw_tail(const DataDirectory& directory,
                                                  std::ostream& out);

struct Repaired {
    ChainPosition end;
    /// What only a checkpoint vouches for now: who has not read these commits never will.
    std::optional<CommitRange> unreadable;
};

/// A person's decision: everything after commit `last` is given up. `last` must be readable and in
/// the chain, or there must be a good checkpoint of it; the journal then begins behind that, and
/// what is readable before goes into the archive.
/// Checkpoints after it and what the archive has after it are set aside (".rejected"); the journal
/// is exchanged for a copy that ends at `last`, the old one set aside too; and the anchor is set to
/// `last`, in this order. Interrupted anywhere, the same call finishes it; needs as much room as
/// the journal takes.
[[nodiscard]] Result<Repaired> accept_loss_after(const DataDirectory& directory, CommitNumber last);

}  // namespace stampede::storage
