// SPDX-License-Identifier: Apache-2.0
// The bytes of one commit, as they lie in the journal and in the archive. All integers are
// little-endian.
//
//   offset  size  field
//        0     4  magic            "SCMT"
//        4     2  format version   2
//        6     2  state layout     of the signature; in format 1 reserved: 0, and the layout is 1
//        8    16  journal id
//       24     4  epoch
//       28     4  bytes of frames  1..limits::commit_bytes_max
//       32     8  commit number    1, 2, 3 ...
//       40     8  journal time     ms since 1970, never less than the predecessor's
//       48     8  state signature  of the whole state after this commit
//       56    32  previous         digest of commit number - 1; zeros in commit 1
//       88     .  frames           engine/frame.hpp
//        .    32  digest           SHA-256 of every byte before it
//
// The digest covers `previous`, so the digest of commit n vouches for commits 1..n.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/journal.hpp"
#include "engine/vocabulary/limits.hpp"
#include "engine/vocabulary/result.hpp"
#include "storage/digest.hpp"
#include "storage/journal_id.hpp"

namespace stampede::storage {

inline constexpr std::uint16_t commit_format_version = 2;
inline constexpr std::size_t commit_header_bytes = 88;
inline constexpr std::size_t commit_value_bytes_max =
    commit_header_bytes + limits::commit_bytes_max + sizeof(Digest);

/// Who writes: the journal and the epoch of its writer.
struct JournalWriter {
    JournalId journal;
    Epoch epoch{1};
};

/// A place in the chain: everything up to `number` is vouched for by `digest`.
struct ChainPosition {
    CommitNumber number;
    Digest digest{};
    friend bool operator==(const ChainPosition&, const ChainPosition&) = default;
};

/// A commit read back. `frames` points into the bytes it was decoded from.
struct StoredCommit {
    JournalWriter writer;
    engine::Commit commit;
    Digest previous{};
    Digest digest{};
};

/// Builds values in a buffer of its own: no allocation after the constructor. One thread.
class CommitEncoder {
  public:
    explicit CommitEncoder(const JournalWriter& writer);
    /// The value of the commit that follows `previous`; it lives until the next call.
    [[nodiscard]] std::span<const std::byte> encode(const engine::Commit& commit,
                                                    const Digest& previous);
    /// Of the value encoded last.
    [[nodiscard]] const Digest& digest() const { return digest_; }

  private:
    JournalWriter writer_;
    std::vector<std::byte> room_;
    Sha256 sha_;
    Digest digest_{};
};

/// Total: any bytes give a commit or a Fault that says what is wrong with them. `number` is what
/// the bytes should be, for the text of the fault and for comparison.
[[nodiscard]] Result<StoredCommit> decode_commit(CommitNumber number,
                                                 std::span<const std::byte> value);

/// Walks along the chain, one commit after the other; refuses the first that does not belong.
class ChainWalker {
  public:
    ChainWalker(const JournalId& journal, const ChainPosition& start)
        : journal_(journal), reached_(start) {}
    /// Starts at the first commit it is shown, whatever its predecessor (the beginning of what is
    /// kept after trimming).
    explicit ChainWalker(const JournalId& journal) : journal_(journal), started_(false) {}

    /// Decodes and checks the commit that is found under `number`; then it is the position
    /// reached. The frames live as long as `value`.
    [[nodiscard]] Result<StoredCommit> follow(CommitNumber number,
                                              std::span<const std::byte> value);
    [[nodiscard]] const ChainPosition& reached() const { return reached_; }
    [[nodiscard]] Epoch epoch() const { return epoch_; }
    [[nodiscard]] Instant journal_time() const { return journal_time_; }

  private:
    JournalId journal_;
    ChainPosition reached_;
    Epoch epoch_{0};
    Instant journal_time_;
    bool started_ = true;
};

}  // namespace stampede::storage
