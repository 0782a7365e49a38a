// SPDX-License-Identifier: Apache-2.0
// A rocksdb::FileSystem that never unlinks a log file while commits wait for the disk.
//
// Unlinking a log makes the file system trim its blocks under its own journal: measured, every
// commit stops for 36 to 77 ms. Growing a log makes every sync write the inode too. So a deleted
// log is renamed into a pool, a background thread overwrites it with zeros at leisure and syncs it,
// and a new log is a zeroed file renamed back: its syncs overwrite written blocks and nothing else.
// Other deleted files (tables) are renamed away too, shrunk step by step and only then unlinked.
//
// What must hold for RocksDB 7.8.3 to read such a log like a fresh one:
//   - every byte behind the last append is zero: its reader skips zero records to the end of file;
//     therefore a file is taken only after it was zeroed and synced in this process or was read
//     through and found zero (a power loss may undo the rename that took it, but not the bytes
//     that were written to it since);
//   - a zeroed log that reappears under its old name because the rename was lost is older than the
//     manifest's oldest log to keep, which was synced before the deletion, and is ignored;
//   - Close leaves the length as it is: truncating would free blocks again.
//
// Names in the pool directory: dirty-N (a deleted log, or zeroing has not finished), zero-N (was
// zeroed and synced), gone-N (on its way out). Any thread may call; the zeroing thread is ours and
// runs at the lowest priority.
#pragma once

#include <rocksdb/file_system.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace stampede::storage {

struct LogFilePoolOptions {
    /// Length of a pooled file: a full log of the store, with room for its last commit.
    std::uint64_t file_bytes = std::uint64_t{40} << 20;
    /// Files in circulation, those that serve as logs included; 0 switches the pool off (deletion
    /// still is slow and in the background).
    std::uint32_t files = 4;
    /// Zeroing and shrinking work in steps of 256 KiB and 8 MiB and rest this long in between.
    std::uint32_t rest_us = 4000;
    /// With less free space than this no new file is added to the pool.
    std::uint64_t keep_free_bytes = std::uint64_t{512} << 20;
};

class LogFilePool final : public rocksdb::FileSystemWrapper {
  public:
    /// `directory` exists and lies on the same file system as the journal.
    LogFilePool(std::shared_ptr<rocksdb::FileSystem> below, std::filesystem::path directory,
                const LogFilePoolOptions& options);
    ~LogFilePool() override;

    [[nodiscard]] const char* Name() const override { return "stampede.LogFilePool"; }
    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* debug) override;
    rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override;

    /// Takes any file of ours out of sight and removes it slowly.
    void remove_slowly(const std::filesystem::path& path);

    struct Counts {
        std::uint64_t taken = 0;         // logs that came from the pool
        std::uint64_t made_plainly = 0;  // logs made while the pool was empty
        std::uint64_t recycled = 0;      // deleted logs that came back into it
        std::size_t ready = 0;
    };
    [[nodiscard]] Counts counts() const;
    /// Returns when `files` are ready or the pool cannot have more, at the latest after `patience`.
    void wait_for_ready(std::size_t files, std::chrono::milliseconds patience) const;

  private:
    enum class Pace : std::uint8_t { at_once, soon, at_leisure };
    enum class Chore : std::uint8_t { none, verify, zero, add, remove };
    struct Work {
        Chore chore = Chore::none;
        std::filesystem::path path;
        Pace pace = Pace::at_leisure;
    };
    void take_over_directory();
    void run(const std::stop_token& stop);
    [[nodiscard]] Work choose_work();  // with mutex_ held
    void perform(const Work& work, const std::stop_token& stop);
    /// True when the whole file is zeros on the device; false when stopped or impossible.
    [[nodiscard]] bool zero(const std::filesystem::path& path, Pace pace,
                            const std::stop_token& stop) const;
    [[nodiscard]] bool is_all_zero(const std::filesystem::path& path,
                                   const std::stop_token& stop) const;
    void remove_step_by_step(const std::filesystem::path& path, const std::stop_token& stop) const;
    void make_ready(const std::filesystem::path& path);                // with mutex_ held
    [[nodiscard]] std::filesystem::path fresh_name(const char* kind);  // with mutex_ held
    [[nodiscard]] std::size_t circulating() const;                     // with mutex_ held

    const std::filesystem::path directory_;
    const LogFilePoolOptions options_;
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    // guarded by mutex_
    std::vector<std::filesystem::path> ready_;
    std::vector<std::filesystem::path> unverified_;  // zero-N found at start
    std::vector<std::filesystem::path> dirty_;
    std::vector<std::filesystem::path> gone_;
    std::set<std::string> serving_;  // logs that came from the pool
    bool is_zeroing_ = false;
    bool can_add_ = true;
    std::uint64_t next_name_ = 0;
    Counts counts_;
    std::jthread worker_;  // last: it uses all of the above
};

}  // namespace stampede::storage
