// SPDX-License-Identifier: Apache-2.0
// Opening looks before it touches: existence, then the lock, then the identity, then the room.
#include "storage/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <chrono>
#include <thread>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <set>
#include <string>
#include <system_error>

#include "engine/clock.hpp"
#include "storage/anchor.hpp"

namespace stampede::storage {

namespace {

constexpr std::chrono::microseconds lock_patience{1'500'000};
constexpr std::chrono::milliseconds lock_pause{20};

namespace fs = std::filesystem;

constexpr std::string_view first_line = "stampede data directory";

fs::path identity_of(const fs::path& path) {
    return path / "IDENTITY";
}

/// The value of "key = value" in `text`; empty when there is no such line.
std::string_view value_of(std::string_view text, std::string_view key) {
    const std::string prefix = '\n' + std::string{key} + " = ";
    const std::size_t start = text.find(prefix);
    if (start == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = text.substr(start + prefix.size());
    return rest.substr(0, rest.find('\n'));
}

/// True for a directory that does not exist, is empty, or holds only what an interrupted creation
/// leaves (IDENTITY is written last).
Result<bool> is_unused(const fs::path& path) {
    static const std::set<std::string> left_by_creation = {"LOCK",        "IDENTITY.new", "anchor",
                                                           "anchor.new",  "journal",      "pool",
                                                           "checkpoints", "archive"};
    std::error_code error;
    if (!fs::exists(path, error)) {
        return true;
    }
    for (const auto& entry : fs::directory_iterator(path, error)) {
        const bool is_empty_directory = entry.is_directory() && fs::is_empty(entry.path(), error);
        const bool is_ours = left_by_creation.contains(entry.path().filename().string());
        if (!is_ours || (entry.is_directory() && !is_empty_directory)) {
            return false;
        }
    }
    if (error) {
        return fault("cannot read the directory " + path.string() + ": " + error.message());
    }
    return true;
}

/// The nearest directory on the way to `path` that is there.
fs::path nearest_existing(const fs::path& path) {
    fs::path existing = fs::absolute(path).lexically_normal();
    std::error_code error;
    while (!fs::exists(existing, error) && existing.has_relative_path()) {
        existing = existing.parent_path();
    }
    return existing;
}

}  // namespace

Result<> DataDirectory::lock() {
    auto file = File::open(path_ / "LOCK", O_RDWR | O_CREAT);
    if (!file.has_value()) {
        return file.error();
    }
    // A server that was just killed holds its lock until the kernel has torn it down.
    const std::int64_t give_up_at_us = engine::monotonic_us() + lock_patience.count();
    while (::flock(file->descriptor(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK && engine::monotonic_us() < give_up_at_us) {
            std::this_thread::sleep_for(lock_pause);
            continue;
        }
        if (errno == EWOULDBLOCK) {
            return fault("data directory " + path_.string() + " is in use by another server");
        }
        return io_fault("lock", file->path(), errno);
    }
    lock_ = std::move(*file);
    return {};
}

Result<> DataDirectory::create() {
    for (const fs::path& part : {journal(), pool(), checkpoints(), archive()}) {
        std::error_code error;
        fs::create_directories(part, error);
        if (error) {
            return fault("cannot create " + part.string() + ": " + error.message());
        }
    }
    const JournalId journal = JournalId::random();
    if (auto made = Anchor::create(anchor(), journal, ChainPosition{}); !made.has_value()) {
        return made;
    }
    const std::string identity = std::string{first_line} +
                                 "\nformat = " + std::to_string(directory_format_version) +
                                 "\njournal = " + journal.text() + '\n';
    if (auto made = write_durably(identity_of(path_), as_bytes(identity)); !made.has_value()) {
        return made;
    }
    return sync_directory(fs::absolute(path_).parent_path());
}

Result<> DataDirectory::read_identity() {
    const fs::path path = identity_of(path_);
    const auto bytes = read_whole(path);
    if (!bytes.has_value()) {
        return bytes.error();
    }
    // chars and bytes may alias; the identity is a text of a few lines
    const std::string_view text{reinterpret_cast<const char*>(bytes->data()), bytes->size()};
    const std::string_view format = value_of(text, "format");
    std::uint32_t version = 0;
    const auto parsed = std::from_chars(format.data(), format.data() + format.size(), version);
    if (!text.starts_with(first_line) || parsed.ec != std::errc{} ||
        parsed.ptr != format.data() + format.size() || version == 0) {
        return fault(path.string() + " is not readable as the identity of a data directory");
    }
    if (version > directory_format_version) {
        return fault("data directory " + path_.string() + " has format version " +
                     std::to_string(version) + "; this program reads up to version " +
                     std::to_string(directory_format_version) +
                     ". Start it with the newer program that wrote it.");
    }
    const auto journal = JournalId::parse(value_of(text, "journal"));
    if (!journal) {
        return fault(path.string() + " names no journal id");
    }
    journal_id_ = *journal;
    return {};
}

void DataDirectory::give_back_ballast() const {
    std::error_code error;
    if (fs::remove(ballast(), error)) {
        std::fprintf(stderr,
                     "stampede: the disk of %s is full; the ballast was given back so that "
                     "payments and refunds go on. Make room.\n",
                     path_.c_str());
    }
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const fs::path& path,
                                                           const DataDirectoryOptions& options) {
    std::unique_ptr<DataDirectory> directory{new DataDirectory(path)};
    std::error_code error;
    const bool has_identity = fs::exists(identity_of(path), error);
    if (!has_identity) {
        const auto unused = is_unused(path);
        if (!unused.has_value()) {
            return unused.error();
        }
        if (!*unused) {
            return fault(path.string() + " is neither empty nor a data directory");
        }
        if (options.when_absent == WhenAbsent::refuse) {
            return fault("there is no data directory at " + path.string());
        }
    }
    const fs::path existing = nearest_existing(path);
    const auto room = options.free_bytes(existing);
    if (!room.has_value()) {
        return room.error();
    }
    // The ballast is given up before payments stop; a restart may not be stricter than that.
    if (*room + allocated_bytes_of(directory->ballast()) < options.room_to_start_bytes) {
        return fault("the disk of data directory " + path.string() + " is full: " +
                     std::to_string(*room >> 20) + " MiB are free and starting needs " +
                     std::to_string(options.room_to_start_bytes >> 20) + " MiB");
    }
    if (!has_identity) {
        fs::create_directories(path, error);
        if (error) {
            return fault("cannot create " + path.string() + ": " + error.message());
        }
        // Every directory that was made is an entry of the one above it.
        for (fs::path made = fs::absolute(path).lexically_normal(); made != existing;
             made = made.parent_path()) {
            if (auto synced = sync_directory(made.parent_path()); !synced.has_value()) {
                return synced.error();
            }
        }
    }
    if (auto locked = directory->lock(); !locked.has_value()) {
        return locked.error();
    }
    // Looked up again: another process may have finished creating it before we had the lock.
    if (!fs::exists(identity_of(path), error)) {
        if (auto made = directory->create(); !made.has_value()) {
            return made.error();
        }
    }
    if (auto known = directory->read_identity(); !known.has_value()) {
        return known.error();
    }
    if (*room < options.room_to_start_bytes) {
        directory->give_back_ballast();
    }
    return directory;
}

}  // namespace stampede::storage
