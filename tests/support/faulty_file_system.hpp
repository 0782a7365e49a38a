// SPDX-License-Identifier: Apache-2.0
// A file system under RocksDB that fails when it is told to, and that lets a test look at the disk
// between the writing of a log and its sync. Any thread of RocksDB may be inside; the counters are
// atomic and the callback is set before the journal opens.
#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace stampede::tests {

enum class Failure : std::uint8_t { io_error, no_space };

/// Decides which call fails. Calls are numbered from 1.
struct FaultPlan {
    std::uint64_t fails_from = ~std::uint64_t{0};
    std::uint64_t fails_up_to = ~std::uint64_t{0};
    Failure failure = Failure::io_error;
    /// Called with its name before each sync of a log, when its bytes are written and not yet
    /// synced.
    std::function<void(const std::string&)> before_log_sync;
    /// Called with its name before a table is made; the flush waits meanwhile.
    std::function<void(const std::string&)> before_new_table;

    std::atomic<std::uint64_t> calls{0};
    std::atomic<bool> has_failed{false};

    [[nodiscard]] rocksdb::IOStatus next() {
        const std::uint64_t call = ++calls;
        if (call < fails_from || call > fails_up_to) {
            return rocksdb::IOStatus::OK();
        }
        has_failed = true;
        return failure == Failure::no_space ? rocksdb::IOStatus::NoSpace("injected")
                                            : rocksdb::IOStatus::IOError("injected");
    }
};

class FaultyFile final : public rocksdb::FSWritableFileOwnerWrapper {
  public:
    FaultyFile(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<FaultPlan> plan,
               std::string name)
        : FSWritableFileOwnerWrapper(std::move(file)),
          plan_(std::move(plan)),
          name_(std::move(name)) {}
    rocksdb::IOStatus Append(const rocksdb::Slice& bytes, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
        const auto status = plan_->next();
        return status.ok() ? target()->Append(bytes, options, debug) : status;
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& bytes, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& verification,
                             rocksdb::IODebugContext* debug) override {
        const auto status = plan_->next();
        return status.ok() ? target()->Append(bytes, options, verification, debug) : status;
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
        if (plan_->before_log_sync && name_.ends_with(".log")) {
            plan_->before_log_sync(name_);
        }
        const auto status = plan_->next();
        return status.ok() ? target()->Sync(options, debug) : status;
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
        const auto status = plan_->next();
        return status.ok() ? target()->Fsync(options, debug) : status;
    }
    rocksdb::IOStatus Close(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
        const auto status = plan_->next();
        return status.ok() ? target()->Close(options, debug) : status;
    }

  private:
    std::shared_ptr<FaultPlan> plan_;
    const std::string name_;
};

class FaultyDirectory final : public rocksdb::FSDirectoryWrapper {
  public:
    FaultyDirectory(std::unique_ptr<rocksdb::FSDirectory> directory,
                    std::shared_ptr<FaultPlan> plan)
        : FSDirectoryWrapper(std::move(directory)), plan_(std::move(plan)) {}
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
        const auto status = plan_->next();
        return status.ok() ? FSDirectoryWrapper::Fsync(options, debug) : status;
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* debug,
                                          const rocksdb::DirFsyncOptions& reason) override {
        const auto status = plan_->next();
        return status.ok() ? FSDirectoryWrapper::FsyncWithDirOptions(options, debug, reason)
                           : status;
    }

  private:
    std::shared_ptr<FaultPlan> plan_;
};

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
  public:
    FaultyFileSystem(std::shared_ptr<rocksdb::FileSystem> below, std::shared_ptr<FaultPlan> plan)
        : FileSystemWrapper(std::move(below)), plan_(std::move(plan)) {}
    [[nodiscard]] const char* Name() const override { return "stampede.FaultyFileSystem"; }

    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* debug) override {
        if (plan_->before_new_table && name.ends_with(".sst")) {
            plan_->before_new_table(name);
        }
        auto status = plan_->next();
        if (status.ok()) {
            status = target()->NewWritableFile(name, options, result, debug);
        }
        if (status.ok()) {
            *result = std::make_unique<FaultyFile>(std::move(*result), plan_, name);
        }
        return status;
    }
    rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                   std::unique_ptr<rocksdb::FSDirectory>* result,
                                   rocksdb::IODebugContext* debug) override {
        const auto status = target()->NewDirectory(name, options, result, debug);
        if (status.ok()) {
            *result = std::make_unique<FaultyDirectory>(std::move(*result), plan_);
        }
        return status;
    }
    rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                                 const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override {
        const auto status = plan_->next();
        return status.ok() ? target()->RenameFile(from, to, options, debug) : status;
    }
    rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                 rocksdb::IODebugContext* debug) override {
        const auto status = plan_->next();
        return status.ok() ? target()->DeleteFile(name, options, debug) : status;
    }

  private:
    std::shared_ptr<FaultPlan> plan_;
};

}  // namespace stampede::tests
