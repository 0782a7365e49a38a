// SPDX-License-Identifier: Apache-2.0
// System calls with their loops (short transfers, EINTR) and nothing else.
#include "storage/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace stampede::storage {

namespace {
constexpr mode_t created_mode = 0640;
constexpr const char* unnamed_suffix = ".new";
}  // namespace

Fault io_fault(std::string_view action, const std::filesystem::path& path, int error_number) {
    return fault("cannot " + std::string{action} + ' ' + path.string() + ": " +
                 std::generic_category().message(error_number));
}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
    if (this != &other) {
        close();
        descriptor_ = std::exchange(other.descriptor_, -1);
        path_ = std::move(other.path_);
    }
    return *this;
}

File::~File() {
    close();
}

void File::close() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
        descriptor_ = -1;
    }
}

Result<File> File::open(const std::filesystem::path& path, int flags) {
    File file;
    file.path_ = path;
    do {
        file.descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, created_mode);
    } while (file.descriptor_ < 0 && errno == EINTR);
    if (file.descriptor_ < 0) {
        return io_fault("open", path, errno);
    }
    return file;
}

Result<> File::append(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return io_fault("write", path_, written == 0 ? EIO : errno);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<> File::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written =
            ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return io_fault("write", path_, written == 0 ? EIO : errno);
        }
        offset += static_cast<std::uint64_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::size_t> File::read_at(std::uint64_t offset, std::span<std::byte> room) const {
    std::size_t done = 0;
    while (done < room.size()) {
        const ssize_t got = ::pread(descriptor_, room.data() + done, room.size() - done,
                                    static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return io_fault("read", path_, errno);
        }
        if (got == 0) {
            break;
        }
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Result<std::uint64_t> File::size() const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) {
        return io_fault("examine", path_, errno);
    }
    return static_cast<std::uint64_t>(status.st_size);
}

Result<> File::truncate(std::uint64_t size) {
    if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
        return io_fault("resize", path_, errno);
    }
    return {};
}

Result<> File::sync() {
    if (::fdatasync(descriptor_) != 0) {
        return io_fault("sync", path_, errno);
    }
    return {};
}

Result<> sync_directory(const std::filesystem::path& directory) {
    auto handle = File::open(directory, O_RDONLY | O_DIRECTORY);
    if (!handle.has_value()) {
        return handle.error();
    }
    if (::fsync(handle->descriptor()) != 0) {
        return io_fault("sync", directory, errno);
    }
    return {};
}

Result<> rename_file(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return io_fault("rename to " + to.string() + " the file", from, errno);
    }
    return {};
}

Result<> rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
    if (auto renamed = rename_file(from, to); !renamed.has_value()) {
        return renamed;
    }
    return sync_directory(to.parent_path());
}

Result<> exchange_names(const std::filesystem::path& one, const std::filesystem::path& other) {
    if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) {
        return io_fault("exchange with " + other.string() + " the file", one, errno);
    }
    return sync_directory(one.parent_path());
}

Result<> set_aside(const std::filesystem::path& path) {
    return set_aside_as(path, path);
}

Result<> set_aside_as(const std::filesystem::path& path, const std::filesystem::path& known_as) {
    std::filesystem::path aside = known_as;
    aside += ".rejected";
    std::error_code error;
    for (int number = 2; std::filesystem::exists(aside, error); ++number) {
        aside = known_as;
        aside += ".rejected-" + std::to_string(number);
    }
    return rename_durably(path, aside);
}

std::filesystem::path unnamed(const std::filesystem::path& path) {
    std::filesystem::path temporary = path;
    temporary += unnamed_suffix;
    return temporary;
}

bool is_unnamed(const std::filesystem::path& path) {
    return path.extension() == unnamed_suffix;
}

Result<> write_durably(const std::filesystem::path& path, std::span<const std::byte> bytes,
                       const FileJudge& judge) {
    const std::filesystem::path temporary = unnamed(path);
    auto file = File::open(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.has_value()) {
        return file.error();
    }
    Result<> done = file->append(bytes);
    if (done.has_value()) {
        done = file->sync();
    }
    if (done.has_value() && judge) {
        done = judge(temporary);
    }
    if (done.has_value()) {
        done = rename_file(temporary, path);
    }
    if (!done.has_value()) {
        ::unlink(temporary.c_str());
        return done;
    }
    return sync_directory(path.parent_path());
}

Result<std::vector<std::byte>> read_whole(const std::filesystem::path& path) {
    auto file = File::open(path, O_RDONLY);
    if (!file.has_value()) {
        return file.error();
    }
    const auto size = file->size();
    if (!size.has_value()) {
        return size.error();
    }
    std::vector<std::byte> bytes(*size);
    const auto got = file->read_at(0, bytes);
    if (!got.has_value()) {
        return got.error();
    }
    bytes.resize(*got);
    return bytes;
}

std::span<const std::byte> as_bytes(std::string_view text) {
    return std::as_bytes(std::span{text.data(), text.size()});
}

Result<std::uint64_t> free_bytes_of(const std::filesystem::path& path) {
    struct statvfs status{};
    if (::statvfs(path.c_str(), &status) != 0) {
        return io_fault("measure free space at", path, errno);
    }
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

std::uint64_t allocated_bytes_of(const std::filesystem::path& path) {
    constexpr std::uint64_t block_bytes = 512;  // of st_blocks, whatever the file system's are
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0
               ? static_cast<std::uint64_t>(status.st_blocks) * block_bytes
               : 0;
}

}  // namespace stampede::storage
