// SPDX-License-Identifier: Apache-2.0
// The whole state after one commit, in a file. Written by the follower, read at start.
//
//   name: <commit number, 20 digits>.checkpoint
//   offset  size  field
//        0     8  magic           "SCHKPNT1"
//        8    16  journal id
//       24     8  commit number
//       32    32  digest          of that commit: where the chain goes on
//       64     8  state signature
//       72     8  journal time
//       80     4  epoch
//       84     4  reserved        0
//       88     .  records: length (4), bytes; as engine::Replayable::save gave them
//        .     4  end of records  0xFFFFFFFF
//        .     8  record count
//        .    32  digest          SHA-256 of every byte before it
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

/// Loads a file that was verified into an empty state and compares the signatures.
[[nodiscard]] Result<> load_checkpoint(const CheckpointFile& file, const StatePosition& position,
                                       engine::Replayable& state);

struct LoadedState {
    StatePosition position;  // commit 0 when there was no checkpoint
    /// Checkpoints that were passed over, and why.
    std::vector<std::string> warnings;
};

/// Loads the newest checkpoint that is good; damaged ones are passed over.
[[nodiscard]] Result<LoadedState> load_newest_checkpoint(const std::filesystem::path& directory,
                                                         const JournalId& journal,
                                                         engine::Replayable& state);

}  // namespace stampede::storage
