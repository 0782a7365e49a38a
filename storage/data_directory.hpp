// SPDX-License-Identifier: Apache-2.0
// One data directory: who may use it, which journal lives in it, and where its parts lie.
//
//   LOCK          held with flock(2) by the process that uses the directory
//   IDENTITY      text: format version and journal id; written last when a directory is made
//   anchor        storage/anchor.hpp
//   journal/      RocksDB, one value per commit
//   pool/         pre-zeroed log files, and files on their way out
//   checkpoints/  storage/checkpoint.hpp
//   archive/      sealed files of old commits; an operator may remove them
//   ballast       bytes given back when the disk is full
//
// A refusal changes nothing. The lock lives as long as the object; any thread may read the paths.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "storage/file.hpp"
#include "storage/journal_id.hpp"

namespace stampede::storage {

inline constexpr std::uint32_t directory_format_version = 1;

enum class WhenAbsent : std::uint8_t { refuse, create };

struct DataDirectoryOptions {
    WhenAbsent when_absent = WhenAbsent::refuse;
    /// Below this much free space nothing is opened or created; the ballast counts as free, and is
    /// given back when it is needed. 0 for reading only.
    std::uint64_t room_to_start_bytes = std::uint64_t{64} << 20;
    FreeBytes free_bytes = free_bytes_of;
};

class DataDirectory {
  public:
    [[nodiscard]] static Result<std::unique_ptr<DataDirectory>> open(
        const std::filesystem::path& path, const DataDirectoryOptions& options);

    [[nodiscard]] const JournalId& journal_id() const { return journal_id_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path anchor() const { return path_ / "anchor"; }
    [[nodiscard]] std::filesystem::path journal() const { return path_ / "journal"; }
    [[nodiscard]] std::filesystem::path pool() const { return path_ / "pool"; }
    [[nodiscard]] std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
    [[nodiscard]] std::filesystem::path archive() const { return path_ / "archive"; }
    [[nodiscard]] std::filesystem::path ballast() const { return path_ / "ballast"; }
    /// Removes the ballast, if it is there, and says so on stderr.
    void give_back_ballast() const;

  private:
    explicit DataDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    [[nodiscard]] Result<> lock();
    [[nodiscard]] Result<> create();
    [[nodiscard]] Result<> read_identity();

    std::filesystem::path path_;
    File lock_;
    JournalId journal_id_;
};

}  // namespace stampede::storage
