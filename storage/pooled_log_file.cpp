// SPDX-License-Identifier: Apache-2.0
// Plain system calls on a file that does not grow.
#include "storage/pooled_log_file.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace stampede::storage {

namespace {

constexpr std::size_t page_bytes = 4096;
// iovec has no const; pwritev only reads.
std::array<std::byte, page_bytes> zeros{};

rocksdb::IOStatus status_of(int error_number, const File& file) {
    const std::string message = io_fault("write the log", file.path(), error_number).message;
    return error_number == ENOSPC ? rocksdb::IOStatus::NoSpace(message)
                                  : rocksdb::IOStatus::IOError(message);
}

}  // namespace

rocksdb::IOStatus PooledLogFile::Append(const rocksdb::Slice& bytes,
                                        const rocksdb::IOOptions& /*options*/,
                                        rocksdb::IODebugContext* /*debug*/) {
    const char* next = bytes.data();
    std::size_t left = bytes.size();
    while (left > 0) {
        // Zeros up to the end of the page: the kernel then need not read the page's rest from the
        // device before it can change a part of it.
        const std::uint64_t end = used_bytes_ + left;
        const std::uint64_t page_end = (end + page_bytes - 1) / page_bytes * page_bytes;
        const std::size_t padding = page_end <= zeroed_bytes_ ? page_end - end : 0;
        // iovec has no const; pwritev only reads
        std::array<iovec, 2> parts{{{const_cast<char*>(next), left}, {zeros.data(), padding}}};
        const ssize_t written = ::pwritev(file_.descriptor(), parts.data(), padding > 0 ? 2 : 1,
                                          static_cast<off_t>(used_bytes_));
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return status_of(written == 0 ? EIO : errno, file_);
        }
        const std::size_t done = std::min(left, static_cast<std::size_t>(written));
        next += done;
        left -= done;
        used_bytes_ += done;
    }
    return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus PooledLogFile::Truncate(std::uint64_t size, const rocksdb::IOOptions& /*options*/,
                                          rocksdb::IODebugContext* /*debug*/) {
    if (::ftruncate(file_.descriptor(), static_cast<off_t>(size)) != 0) {
        return status_of(errno, file_);
    }
    zeroed_bytes_ = std::min(zeroed_bytes_, size);
    used_bytes_ = std::min(used_bytes_, size);
    return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus PooledLogFile::Close(const rocksdb::IOOptions& /*options*/,
                                       rocksdb::IODebugContext* /*debug*/) {
    file_.close();
    return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus PooledLogFile::Flush(const rocksdb::IOOptions& /*options*/,
                                       rocksdb::IODebugContext* /*debug*/) {
    return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus PooledLogFile::Sync(const rocksdb::IOOptions& /*options*/,
                                      rocksdb::IODebugContext* /*debug*/) {
    return ::fdatasync(file_.descriptor()) == 0 ? rocksdb::IOStatus::OK() : status_of(errno, file_);
}

rocksdb::IOStatus PooledLogFile::Fsync(const rocksdb::IOOptions& /*options*/,
                                       rocksdb::IODebugContext* /*debug*/) {
    return ::fsync(file_.descriptor()) == 0 ? rocksdb::IOStatus::OK() : status_of(errno, file_);
}

std::uint64_t PooledLogFile::GetFileSize(const rocksdb::IOOptions& /*options*/,
                                         rocksdb::IODebugContext* /*debug*/) {
    return used_bytes_;
}

rocksdb::IOStatus PooledLogFile::Allocate(std::uint64_t /*offset*/, std::uint64_t /*length*/,
                                          const rocksdb::IOOptions& /*options*/,
                                          rocksdb::IODebugContext* /*debug*/) {
    return rocksdb::IOStatus::OK();
}

}  // namespace stampede::storage
