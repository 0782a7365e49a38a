// SPDX-License-Identifier: Apache-2.0
// State that can be rebuilt from the journal: what recovery, the checkpoint follower and verify
// drive, without knowing any play.
#pragma once

#include <optional>
#include <span>

#include "engine/journal.hpp"
#include "engine/vocabulary/result.hpp"

namespace stampede::engine {

/// Takes a checkpoint's records in order. A record is at most limits::commit_bytes_max bytes.
class CheckpointSink {
  public:
    CheckpointSink() = default;
    CheckpointSink(const CheckpointSink&) = delete;
    CheckpointSink& operator=(const CheckpointSink&) = delete;
    virtual ~CheckpointSink() = default;
    virtual void put(std::span<const std::byte> record) = 0;
};

/// Gives them back in the same order; the span lives until the next call. Empty at the end.
class CheckpointSource {
  public:
    CheckpointSource() = default;
    CheckpointSource(const CheckpointSource&) = delete;
    CheckpointSource& operator=(const CheckpointSource&) = delete;
    virtual ~CheckpointSource() = default;
    virtual std::optional<std::span<const std::byte>> next() = 0;
};

class Replayable {
  public:
    Replayable() = default;
    Replayable(const Replayable&) = delete;
    Replayable& operator=(const Replayable&) = delete;
    virtual ~Replayable() = default;

    /// Applies one durable commit. Faults name the frame: undecodable, out of sequence, or a
    /// signature that differs from the one in a commit of the same layout. After a fault the state
    /// is unusable.
    [[nodiscard]] virtual Result<> apply(const Commit& commit) = 0;
    /// Writes the whole state; the state does not change meanwhile.
    virtual void save(CheckpointSink& sink) const = 0;
    /// Into an empty state only.
    [[nodiscard]] virtual Result<> load(CheckpointSource& source) = 0;
    [[nodiscard]] virtual Signature signature() const = 0;
    /// How this program lays out the records that its signature sums up.
    [[nodiscard]] virtual StateLayout layout() const = 0;
};

/// Whether a replay arrived where the writer of `commit` was. A commit of another layout cannot
/// tell: there the chain of digests and the invariants vouch alone.
[[nodiscard]] inline bool agrees(const Replayable& state, const Commit& commit) {
    return commit.layout != state.layout() || commit.signature == state.signature();
}

}  // namespace stampede::engine
