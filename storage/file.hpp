// SPDX-License-Identifier: Apache-2.0
// A file descriptor with an owner, and the few durable operations that this module is built from.
// Every failure is a Fault that names the operation, the path and the kernel's reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/vocabulary/result.hpp"

namespace stampede::storage {

/// "cannot <action> <path>: <reason of error_number>".
[[nodiscard]] Fault io_fault(std::string_view action, const std::filesystem::path& path,
                             int error_number);

class File {
  public:
    File() = default;
    File(File&& other) noexcept;
    File& operator=(File&& other) noexcept;
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File();

    /// `flags` as in open(2); O_CLOEXEC is added. A file that is created gets mode 0640.
    [[nodiscard]] static Result<File> open(const std::filesystem::path& path, int flags);

    [[nodiscard]] Result<> append(std::span<const std::byte> bytes);
    [[nodiscard]] Result<> write_at(std::uint64_t offset, std::span<const std::byte> bytes);
    /// Fills as much of `room` as the file has; fewer bytes mean the end of the file.
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset,
                                              std::span<std::byte> room) const;
    [[nodiscard]] Result<std::uint64_t> size() const;
    [[nodiscard]] Result<> truncate(std::uint64_t size);
    /// fdatasync: content and length are on the device.
    [[nodiscard]] Result<> sync();
    void close();

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    int descriptor_ = -1;
    std::filesystem::path path_;
};

/// Makes creations, renames and removals in `directory` durable.
[[nodiscard]] Result<> sync_directory(const std::filesystem::path& directory);
/// Judges a file that is written and synced and does not have its own name yet.
using FileJudge = std::function<Result<>(const std::filesystem::path& unnamed)>;
/// Under `path` stand either the old bytes or the new ones, whatever happens; the new ones only
/// when `judge` found them good. A crash may leave a file named `unnamed(path)`, a Fault does not.
[[nodiscard]] Result<> write_durably(const std::filesystem::path& path,
                                     std::span<const std::byte> bytes, const FileJudge& judge = {});
/// Where a file lies until it is complete and gets its own name: `path` with ".new" behind it.
[[nodiscard]] std::filesystem::path unnamed(const std::filesystem::path& path);
[[nodiscard]] bool is_unnamed(const std::filesystem::path& path);
[[nodiscard]] Result<> rename_file(const std::filesystem::path& from,
                                   const std::filesystem::path& to);
/// Renames and makes it durable; both lie in the same directory.
[[nodiscard]] Result<> rename_durably(const std::filesystem::path& from,
                                      const std::filesystem::path& to);
/// Each of the two gets the other's name, in one step; both lie in the same directory. Durable.
[[nodiscard]] Result<> exchange_names(const std::filesystem::path& one,
                                      const std::filesystem::path& other);
/// Takes a file or directory out of use and keeps it for a person: renames it to `path` with
/// ".rejected" behind it, and a number where that is taken. Durable.
[[nodiscard]] Result<> set_aside(const std::filesystem::path& path);
/// The same for one that lies under another name than the one it is to be known by.
[[nodiscard]] Result<> set_aside_as(const std::filesystem::path& path,
                                    const std::filesystem::path& known_as);
[[nodiscard]] Result<std::vector<std::byte>> read_whole(const std::filesystem::path& path);
[[nodiscard]] std::span<const std::byte> as_bytes(std::string_view text);

/// Bytes that the file system at `path` still gives to unprivileged writers. A seam: tests put in
/// a function that reports a full disk.
using FreeBytes = std::function<Result<std::uint64_t>(const std::filesystem::path& path)>;
[[nodiscard]] Result<std::uint64_t> free_bytes_of(const std::filesystem::path& path);
/// Bytes that removing the file at `path` would give back; 0 when there is none.
[[nodiscard]] std::uint64_t allocated_bytes_of(const std::filesystem::path& path);

}  // namespace stampede::storage
