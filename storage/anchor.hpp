// SPDX-License-Identifier: Apache-2.0
// The anchor: a file of its own that says how far the journal was durable, so that a journal which
// lost its end is recognised. RocksDB's log alone does not notice a synced record that reads back
// as zeros.
//
//   two slots of 4096 bytes; a write goes to the slot that does not hold the newest anchor
//   offset  size  field
//        0     8  magic          "SANCHOR1"
//        8    16  journal id
//       24     8  commit number  every commit up to this one was durable
//       32    32  digest         of that commit
//       64     8  checksum       XXH3 of the 64 bytes before
//        .     .  zeros
//
// Protocol: anchor n-1 is written (O_DIRECT, unsynced) before commit n is appended, and the one
// fdatasync of commit n's log flushes the device's cache for both. After 1 ms of idleness, and when
// stopping, the newest anchor is synced by itself. A torn write spoils one slot; the other one
// still holds the anchor before it. Owned by the journal thread.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "storage/commit_codec.hpp"
#include "storage/file.hpp"

namespace stampede::storage {

enum class Sync : std::uint8_t { later, now };

struct AnchorReading {
    ChainPosition position;
    /// One of the two slots is unreadable: torn by a power loss, or damaged.
    bool has_damaged_slot = false;
};

class Anchor {
  public:
    static constexpr std::size_t slot_bytes = 4096;

    /// Makes the file, both slots at `position`, synced. Replaces what is there.
    [[nodiscard]] static Result<> create(const std::filesystem::path& path,
                                         const JournalId& journal, const ChainPosition& position);
    /// The newest of the two slots. A Fault when neither is readable or it is another journal's.
    [[nodiscard]] static Result<AnchorReading> read(const std::filesystem::path& path,
                                                    const JournalId& journal);
    [[nodiscard]] static Result<std::unique_ptr<Anchor>> open(const std::filesystem::path& path,
                                                              const JournalId& journal);

    /// Writes unless `position` is already there; Sync::now also waits for the device.
    [[nodiscard]] Result<> write(const ChainPosition& position, Sync sync);
    [[nodiscard]] const ChainPosition& newest() const { return newest_; }

  private:
    struct alignas(slot_bytes) Slot {  // O_DIRECT wants memory aligned like the device
        std::array<std::byte, slot_bytes> bytes{};
    };
    Anchor(File file, const JournalId& journal) : file_(std::move(file)), journal_(journal) {}
    static void fill(Slot& slot, const JournalId& journal, const ChainPosition& position);

    File file_;
    JournalId journal_;
    ChainPosition newest_;
    std::uint64_t next_slot_ = 0;
    bool is_synced_ = true;
    bool goes_past_the_page_cache_ = true;
    Slot slot_;
};

}  // namespace stampede::storage
