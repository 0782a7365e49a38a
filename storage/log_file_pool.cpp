// SPDX-License-Identifier: Apache-2.0
// Renames under a lock, slow work outside it. Failures of the pool itself are never failures of the
// journal: it then makes its log plainly, or unlinks the old one.
#include "storage/log_file_pool.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "engine/thread_name.hpp"
#include "storage/file.hpp"
#include "storage/pooled_log_file.hpp"

namespace stampede::storage {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t zeroing_step_bytes = 256 * 1024;
constexpr std::uint64_t shrinking_step_bytes = std::uint64_t{8} << 20;
constexpr int lowest_priority = 19;

bool is_log(const fs::path& path) {
    return path.extension() == ".log";
}
bool is_table(const fs::path& path) {
    return path.extension() == ".sst";
}

void rest(std::uint32_t rest_us, const std::stop_token& stop) {
    if (rest_us > 0 && !stop.stop_requested()) {
        std::this_thread::sleep_for(std::chrono::microseconds{rest_us});
    }
}

fs::path take_last(std::vector<fs::path>& paths) {
    fs::path path = std::move(paths.back());
    paths.pop_back();
    return path;
}

}  // namespace

LogFilePool::LogFilePool(std::shared_ptr<rocksdb::FileSystem> below, fs::path directory,
                         const LogFilePoolOptions& options)
    : FileSystemWrapper(below), directory_(std::move(directory)), options_(options) {
    take_over_directory();
    worker_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

LogFilePool::~LogFilePool() {
    worker_.request_stop();
    changed_.notify_all();
}

fs::path LogFilePool::fresh_name(const char* kind) {
    return directory_ / (std::string{kind} + '-' + std::to_string(++next_name_));
}

std::size_t LogFilePool::circulating() const {
    return ready_.size() + unverified_.size() + dirty_.size() + serving_.size() +
           (is_zeroing_ ? 1 : 0);
}

/// Sorts what an earlier process left: nothing is believed to be zero until it was read.
void LogFilePool::take_over_directory() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory_, error)) {
        const std::string name = entry.path().filename().string();
        const std::size_t dash = name.find('-');
        if (dash == std::string::npos) {
            continue;
        }
        std::uint64_t number = 0;
        std::from_chars(name.data() + dash + 1, name.data() + name.size(), number);
        next_name_ = std::max(next_name_, number);
        const std::string kind = name.substr(0, dash);
        if (kind == "zero") {
            unverified_.push_back(entry.path());
        } else if (kind == "dirty") {
            dirty_.push_back(entry.path());
        } else if (kind == "gone") {
            gone_.push_back(entry.path());
        }
    }
}

rocksdb::IOStatus LogFilePool::NewWritableFile(const std::string& name,
                                               const rocksdb::FileOptions& options,
                                               std::unique_ptr<rocksdb::FSWritableFile>* result,
                                               rocksdb::IODebugContext* debug) {
    if (!is_log(name) || options_.files == 0) {
        return target()->NewWritableFile(name, options, result, debug);
    }
    const std::lock_guard lock{mutex_};
    if (ready_.empty()) {
        ++counts_.made_plainly;
        return target()->NewWritableFile(name, options, result, debug);
    }
    const fs::path zeroed = take_last(ready_);
    auto file = File::open(zeroed, O_WRONLY);
    if (!file.has_value() || !rename_file(zeroed, name).has_value()) {
        ++counts_.made_plainly;
        return target()->NewWritableFile(name, options, result, debug);
    }
    // RocksDB syncs the directory of a new log before it reports the first sync of it as done, and
    // with it this rename.
    *result = std::make_unique<PooledLogFile>(std::move(*file), options_.file_bytes);
    ++counts_.taken;
    serving_.insert(name);
    changed_.notify_all();
    return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus LogFilePool::DeleteFile(const std::string& name,
                                          const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* debug) {
    if (!is_log(name) && !is_table(name)) {
        return target()->DeleteFile(name, options, debug);
    }
    const std::lock_guard lock{mutex_};
    serving_.erase(name);
    const bool is_wanted = is_log(name) && circulating() < options_.files;
    const fs::path away = fresh_name(is_wanted ? "dirty" : "gone");
    if (!rename_file(name, away).has_value()) {
        return target()->DeleteFile(name, options, debug);
    }
    if (is_wanted) {
        ++counts_.recycled;
        dirty_.push_back(away);
    } else {
        gone_.push_back(away);
    }
    changed_.notify_all();
    return rocksdb::IOStatus::OK();
}

void LogFilePool::remove_slowly(const fs::path& path) {
    const std::lock_guard lock{mutex_};
    const fs::path away = fresh_name("gone");
    if (rename_file(path, away).has_value()) {
        gone_.push_back(away);
        changed_.notify_all();
    }
}

LogFilePool::Counts LogFilePool::counts() const {
    const std::lock_guard lock{mutex_};
    Counts counts = counts_;
    counts.ready = ready_.size();
    return counts;
}

void LogFilePool::wait_for_ready(std::size_t files, std::chrono::milliseconds patience) const {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, patience, [&] {
        return ready_.size() >= std::min<std::size_t>(files, options_.files) ||
               (!can_add_ && circulating() == ready_.size() + serving_.size());
    });
}

LogFilePool::Work LogFilePool::choose_work() {
    // Whoever opens the journal waits for the first file; later there should be one to spare.
    const Pace pace = ready_.empty() && counts_.taken == 0 ? Pace::at_once
                      : ready_.size() < 2                  ? Pace::soon
                                                           : Pace::at_leisure;
    if (!unverified_.empty()) {
        return {Chore::verify, take_last(unverified_), pace};
    }
    if (!gone_.empty() && ready_.size() >= 2) {
        return {Chore::remove, take_last(gone_), pace};
    }
    if (!dirty_.empty()) {
        is_zeroing_ = true;
        return {Chore::zero, take_last(dirty_), pace};
    }
    if (can_add_ && circulating() < options_.files) {
        is_zeroing_ = true;
        return {Chore::add, fresh_name("dirty"), pace};
    }
    if (!gone_.empty()) {
        return {Chore::remove, take_last(gone_), pace};
    }
    return {};
}

void LogFilePool::run(const std::stop_token& stop) {
    engine::name_this_thread(engine::zeroing_thread);
    // Of this thread alone, on Linux. Refused priorities are no reason to stop.
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest_priority);
    while (!stop.stop_requested()) {
        Work work;
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, stop, [&] {
                work = choose_work();
                return work.chore != Chore::none;
            });
        }
        if (work.chore != Chore::none) {
            perform(work, stop);
        }
    }
}

void LogFilePool::make_ready(const fs::path& path) {
    fs::path zeroed = path;
    if (!path.filename().string().starts_with("zero-")) {
        zeroed = fresh_name("zero");
        if (!rename_file(path, zeroed).has_value()) {
            return;
        }
    }
    ready_.push_back(zeroed);
}

void LogFilePool::perform(const Work& work, const std::stop_token& stop) {
    switch (work.chore) {
        case Chore::none:
            return;
        case Chore::verify:
            if (is_all_zero(work.path, stop)) {
                const std::lock_guard lock{mutex_};
                make_ready(work.path);
            } else if (!stop.stop_requested()) {
                const std::lock_guard lock{mutex_};
                dirty_.push_back(work.path);
            }
            break;
        case Chore::add:
            if (const auto room = free_bytes_of(directory_);
                !room.has_value() || *room < options_.keep_free_bytes + options_.file_bytes) {
                const std::lock_guard lock{mutex_};
                can_add_ = false;
                is_zeroing_ = false;
                break;
            }
            [[fallthrough]];
        case Chore::zero: {
            const bool is_zeroed = zero(work.path, work.pace, stop);
            // In one step: counted as both, it would keep a deleted log out of the pool.
            const std::lock_guard lock{mutex_};
            is_zeroing_ = false;
            if (is_zeroed) {
                make_ready(work.path);
            } else if (!stop.stop_requested()) {
                can_add_ = false;
                gone_.push_back(work.path);
            }
            break;
        }
        case Chore::remove:
            remove_step_by_step(work.path, stop);
            break;
    }
    changed_.notify_all();
}

bool LogFilePool::zero(const fs::path& path, Pace pace, const std::stop_token& stop) const {
    static const std::vector<std::byte> zeros(zeroing_step_bytes);
    auto file = File::open(path, O_WRONLY | O_CREAT);
    if (!file.has_value()) {
        return false;
    }
    const auto size = file->size();
    if (!size.has_value() ||
        (*size > options_.file_bytes && !file->truncate(options_.file_bytes).has_value())) {
        return false;
    }
    std::uint64_t at = 0;
    while (at < options_.file_bytes && !stop.stop_requested()) {
        const std::uint64_t step =
            std::min<std::uint64_t>(zeroing_step_bytes, options_.file_bytes - at);
        if (!file->write_at(at, std::span{zeros}.first(step)).has_value()) {
            return false;
        }
        if (pace != Pace::at_once) {
            // To the device now, in small pieces: a heap of dirty pages would be written in one
            // go, in front of a commit.
            (void)::sync_file_range(file->descriptor(), static_cast<off_t>(at),
                                    static_cast<off_t>(step),
                                    SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
            rest(pace == Pace::soon ? options_.rest_us / 4 : options_.rest_us, stop);
        }
        at += step;
    }
    return at == options_.file_bytes && ::fsync(file->descriptor()) == 0;
}

bool LogFilePool::is_all_zero(const fs::path& path, const std::stop_token& stop) const {
    auto file = File::open(path, O_RDONLY);
    if (!file.has_value()) {
        return false;
    }
    std::vector<std::byte> room(zeroing_step_bytes);
    std::uint64_t at = 0;
    while (!stop.stop_requested()) {
        const auto got = file->read_at(at, room);
        if (!got.has_value()) {
            return false;
        }
        if (*got == 0) {
            return at == options_.file_bytes;
        }
        const auto end = room.begin() + static_cast<std::ptrdiff_t>(*got);
        if (std::any_of(room.begin(), end, [](std::byte byte) { return byte != std::byte{0}; })) {
            return false;
        }
        at += *got;
    }
    return false;
}

void LogFilePool::remove_step_by_step(const fs::path& path, const std::stop_token& stop) const {
    if (auto file = File::open(path, O_WRONLY); file.has_value()) {
        const auto size = file->size();
        std::uint64_t left = size.has_value() ? *size : 0;
        while (left > shrinking_step_bytes && !stop.stop_requested()) {
            left -= shrinking_step_bytes;
            if (!file->truncate(left).has_value()) {
                break;
            }
            rest(options_.rest_us * 10, stop);
        }
    }
    if (!stop.stop_requested()) {
        std::error_code error;
        fs::remove(path, error);
    }
}

}  // namespace stampede::storage
