// SPDX-License-Identifier: Apache-2.0
// RocksDB as a row of numbered values: all that this module asks of it, and the only file that sees
// it beside the pool of log files. append(), sync() and drop_up_to() belong to one thread at a time
// (the journal thread, the follower); reading is for any thread, by bounded iterators.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "engine/vocabulary/ids.hpp"
#include "storage/data_directory.hpp"

namespace rocksdb {
class FileSystem;
}

namespace stampede::storage {

class LogFilePool;

struct CommitStoreOptions {
    std::uint64_t write_buffer_bytes = std::uint64_t{32} << 20;
    std::uint32_t write_buffers = 6;
    std::uint32_t pool_files = 4;  // 0: no pool
    std::uint32_t pool_rest_us = 4000;
    /// Called from a RocksDB thread when a flush, a compaction or a log fails behind our back.
    std::function<void(std::string_view)> on_background_error;
    /// Lays a file system over the one with the pool: for tests that inject faults.
    std::function<std::shared_ptr<rocksdb::FileSystem>(std::shared_ptr<rocksdb::FileSystem>)>
        wrap_file_system;
};

/// First and last number that the store holds.
struct CommitRange {
    CommitNumber first;
    CommitNumber last;
};

enum class Walk : std::uint8_t { go_on, stop };
/// Sees one stored value; the bytes live during the call.
using CommitVisitor = std::function<Result<Walk>(CommitNumber, std::span<const std::byte>)>;

class CommitStore {
  public:
    /// Recovers and writes. `when_absent` tells whether a missing RocksDB is made.
    [[nodiscard]] static Result<std::unique_ptr<CommitStore>> open(
        const DataDirectory& directory, WhenAbsent when_absent, const CommitStoreOptions& options);
    /// Recovers in memory and changes nothing on disk. Empty when there is no RocksDB yet.
    [[nodiscard]] static Result<std::unique_ptr<CommitStore>> open_for_reading(
        const DataDirectory& directory);
    /// Makes RocksDB at `path`, where there is none, out of what `source` visits; synced and
    /// closed. Repair only.
    [[nodiscard]] static Result<> make_of(
        const std::function<Result<>(const CommitVisitor&)>& source,
        const std::filesystem::path& path);
    CommitStore(const CommitStore&) = delete;
    CommitStore& operator=(const CommitStore&) = delete;
    ~CommitStore();

    /// Into the log's buffer and the memtable; not durable before sync().
    [[nodiscard]] Result<> append(CommitNumber number, std::span<const std::byte> value);
    /// Everything appended is on the device.
    [[nodiscard]] Result<> sync();

    /// The oldest number, also when its value cannot be read; empty when the store holds nothing.
    [[nodiscard]] Result<std::optional<CommitNumber>> first() const;
    /// Empty when the store holds nothing.
    [[nodiscard]] Result<std::optional<CommitRange>> kept() const;
    /// Visits first..last, as far as they are there, in order of number.
    [[nodiscard]] Result<> visit(CommitRange range, const CommitVisitor& visitor) const;

    /// Drops whole files that hold nothing but commits up to `number`; what shares a file with
    /// later commits stays.
    [[nodiscard]] Result<> drop_up_to(CommitNumber number);
    /// Writes the memtable to a table file and waits until it lies where drop_up_to() finds it.
    /// For tests; RocksDB does it by itself.
    [[nodiscard]] Result<> flush_tables();

    /// Null when opened for reading.
    [[nodiscard]] LogFilePool* pool() const;

  private:
    struct Inside;  // RocksDB's types
    explicit CommitStore(std::unique_ptr<Inside> inside);
    std::unique_ptr<Inside> inside_;
};

}  // namespace stampede::storage
