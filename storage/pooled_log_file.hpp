// SPDX-License-Identifier: Apache-2.0
// A log file whose blocks are already written with zeros. Owned by whichever RocksDB thread writes
// the log; syncs may come from another.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>

#include "storage/file.hpp"

namespace stampede::storage {

class PooledLogFile final : public rocksdb::FSWritableFile {
  public:
    /// `file` holds `zeroed_bytes` zeros and nothing else.
    PooledLogFile(File file, std::uint64_t zeroed_bytes)
        : file_(std::move(file)), zeroed_bytes_(zeroed_bytes) {}

    using FSWritableFile::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& bytes, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus Close(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus Flush(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override;
    [[nodiscard]] bool IsSyncThreadSafe() const override { return true; }
    std::uint64_t GetFileSize(const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
    /// Nothing to allocate: the blocks are there.
    rocksdb::IOStatus Allocate(std::uint64_t offset, std::uint64_t length,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  private:
    File file_;
    std::uint64_t zeroed_bytes_;
    std::uint64_t used_bytes_ = 0;
};

}  // namespace stampede::storage
