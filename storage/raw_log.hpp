// SPDX-License-Identifier: Apache-2.0
// Reads a RocksDB log file without believing it: past holes, zeros and broken records, where
// RocksDB itself would stop. For repair, and for tests that damage a chosen commit. The format is
// RocksDB's (db/log_format.h, db/write_batch.cc of 7.8.3):
//
//   blocks of 32768 bytes; in a block, records: checksum (4), length (2), type (1), payload
//   type 1 a whole entry; 2, 3, 4 its first, a middle, its last part; 0 nothing up to the block's
//   end entry: sequence (8), count (4), then per key: tag 1, key length, key, value length, value
//   (lengths as varints); here always one key, the commit number in 8 big-endian bytes
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "engine/vocabulary/ids.hpp"
#include "engine/vocabulary/result.hpp"

namespace stampede::storage {

struct RawCommit {
    /// Where one record of it lies in the file, its header included.
    struct Part {
        std::uint64_t offset;
        std::size_t bytes;
    };
    CommitNumber number;  // as its key says
    std::vector<Part> parts;
    std::vector<std::byte> value;  // not judged; see decode_commit
};

/// Calls `visitor` for everything that still looks like a commit, in the order of the file.
[[nodiscard]] Result<> visit_raw_log(const std::filesystem::path& log,
                                     const std::function<void(const RawCommit&)>& visitor);

/// The log files of a journal directory, oldest first.
[[nodiscard]] Result<std::vector<std::filesystem::path>> raw_logs(
    const std::filesystem::path& journal);

}  // namespace stampede::storage
