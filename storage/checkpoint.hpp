// SPDX-License-Identifier: Apache-2.0
// The whole state after one commit, in a file. Written by the follower, read at start.
//
//   name: <commit number, 20 digits>.checkpoint
//   offset  size  field
//        0     8  magic           "SCHKPNT2"
//        8    16  journal id
//       24     8  commit number
//       32    32  digest          of that commit: where the chain goes on
//       64     8  state signature
//       72     8  journal time
//       80     4  epoch
//       84     2  state layout
//       86     2  reserved        0
//       88     .  records: length (4), bytes; as engine::Replayable::save gave them
//        .     4  end of records  0xFFFFFFFF
//        .     8  record count
//        .    32  digest          SHA-256 of every byte before it
//
// Files that begin with "SCHKPNT1" are of layout 1. A file of another layout than the program's is
// set aside: the journal behind it gives the state again, in the program's own layout.
//
// A file gets its name only when it is complete and synced.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/replayable.hpp"
#include "storage/commit_codec.hpp"
#include "storage/file.hpp"

namespace stampede::storage {

/// Where in the journal a state stands.
struct StatePosition {
    ChainPosition chain;
    Signature signature;
    StateLayout layout;
    Instant journal_time;
    Epoch epoch{1};
};

struct CheckpointFile {
    CommitNumber number;
    std::filesystem::path path;
};

/// Newest first; only complete files.
[[nodiscard]] Result<std::vector<CheckpointFile>> list_checkpoints(
    const std::filesystem::path& directory);

/// Writes, syncs, renames, and reads the file back. Pauses now and then when `rest_us` is given, so
/// that the disk stays free for commits.
[[nodiscard]] Result<CheckpointFile> write_checkpoint(const std::filesystem::path& directory,
                                                      const JournalId& journal,
                                                      const StatePosition& position,
                                                      const engine::Replayable& state,
                                                      std::uint32_t rest_us);

/// Reads the whole file and compares its digest; its position when it is good.
[[nodiscard]] Result<StatePosition> verify_checkpoint(const CheckpointFile& file,
                                                      const JournalId& journal);

/// Loads a file that was verified, and is of the state's layout, into an empty state and compares
/// the signatures.
[[nodiscard]] Result<> load_checkpoint(const CheckpointFile& file, const StatePosition& position,
                                       engine::Replayable& state);

struct LoadedState {
    StatePosition position;  // commit 0 when there was no checkpoint
    /// Checkpoints that were passed over, and why.
    std::vector<std::string> warnings;
    /// The newest good one that only its layout kept from being loaded.
    std::optional<StatePosition> set_aside;
};

/// Why a checkpoint of another layout than `state` has is of no use to it; empty when it is of use.
[[nodiscard]] std::optional<std::string> why_set_aside(const CheckpointFile& file,
                                                       const StatePosition& position,
                                                       const engine::Replayable& state);

/// Loads the newest checkpoint that is good and of the state's layout; others are passed over.
[[nodiscard]] Result<LoadedState> load_newest_checkpoint(const std::filesystem::path& directory,
                                                         const JournalId& journal,
                                                         engine::Replayable& state);

}  // namespace stampede::storage
