// SPDX-License-Identifier: Apache-2.0
// Keys are commit numbers in 8 big-endian bytes, so that RocksDB's order is ours. Nothing is ever
// overwritten; old commits leave by whole files.
#include "storage/commit_store.hpp"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <array>
#include <bit>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "storage/commit_codec.hpp"
#include "storage/log_file_pool.hpp"

namespace stampede::storage {

namespace {

using Key = std::array<char, sizeof(std::uint64_t)>;

Key key_of(CommitNumber number) {
    return std::bit_cast<Key>(__builtin_bswap64(number.raw()));
}

rocksdb::Slice slice_of(const Key& key) {
    return {key.data(), key.size()};
}

std::optional<CommitNumber> number_of(const rocksdb::Slice& key) {
    Key bytes{};
    if (key.size() != bytes.size()) {
        return std::nullopt;
    }
    std::memcpy(bytes.data(), key.data(), bytes.size());
    return CommitNumber{__builtin_bswap64(std::bit_cast<std::uint64_t>(bytes))};
}

std::span<const std::byte> bytes_of(const rocksdb::Slice& slice) {
    return std::as_bytes(std::span{slice.data(), slice.size()});
}

Fault store_fault(std::string_view action, const rocksdb::Status& status) {
    return fault("the journal cannot " + std::string{action} + ": " + status.ToString());
}

/// RocksDB would keep going, or resume by itself after ENOSPC; a journal must not.
class EndOnBackgroundError final : public rocksdb::EventListener {
  public:
    explicit EndOnBackgroundError(std::function<void(std::string_view)> end)
        : end_(std::move(end)) {}
    void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                           rocksdb::Status* status) override {
        if (end_) {
            end_("the journal failed in the background: " + status->ToString());
        }
    }
    void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*status*/,
                              bool* recovers_by_itself) override {
        *recovers_by_itself = false;
    }

  private:
    std::function<void(std::string_view)> end_;
};

class SilentLog final : public rocksdb::Logger {
  public:
    using Logger::Logv;
    void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::Options base_options() {
    rocksdb::Options options;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    options.compression = rocksdb::kNoCompression;
    options.paranoid_checks = true;
    options.max_open_files = -1;
    rocksdb::BlockBasedTableOptions table;
    table.block_size = 4096;      // about a commit: a bad block costs no neighbours
    table.no_block_cache = true;  // old commits are read once, in order
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    return options;
}

rocksdb::Options writing_options(const CommitStoreOptions& wanted) {
    rocksdb::Options options = base_options();
    options.manual_wal_flush = true;
    options.write_buffer_size = wanted.write_buffer_bytes;
    options.max_write_buffer_number = static_cast<int>(wanted.write_buffers);
    options.allow_concurrent_memtable_write = false;  // one writer
    options.enable_write_thread_adaptive_yield = false;
    options.bytes_per_sync = 1 << 20;  // tables reach the device in small pieces
    options.strict_bytes_per_sync = true;
    options.avoid_unnecessary_blocking_io = true;  // files are removed by background threads
    options.keep_log_file_num = 4;
    options.stats_dump_period_sec = 0;
    options.stats_persist_period_sec = 0;
    options.max_bgerror_resume_count = 0;
    // Two levels: a flushed table overlaps nothing and moves to level 1 without being rewritten,
    // where DeleteFilesInRange finds it.
    options.num_levels = 2;
    options.level0_file_num_compaction_trigger = 1;
    options.level0_slowdown_writes_trigger = 1 << 20;
    options.level0_stop_writes_trigger = 1 << 20;
    options.max_bytes_for_level_base = std::uint64_t{1} << 50;
    options.soft_pending_compaction_bytes_limit = 0;
    options.hard_pending_compaction_bytes_limit = 0;
    options.target_file_size_base = wanted.write_buffer_bytes * 2;
    options.disable_auto_compactions = false;
    options.listeners.push_back(std::make_shared<EndOnBackgroundError>(wanted.on_background_error));
    return options;
}

}  // namespace

struct CommitStore::Inside {
    std::shared_ptr<LogFilePool> pool;
    std::unique_ptr<rocksdb::Env> env;
    rocksdb::WriteOptions write;
    rocksdb::WriteBatch batch;
    std::unique_ptr<rocksdb::DB> db;  // last: it uses the others until it is closed
};

CommitStore::CommitStore(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
CommitStore::~CommitStore() = default;
LogFilePool* CommitStore::pool() const {
    return inside_->pool.get();
}

Result<std::unique_ptr<CommitStore>> CommitStore::open(const DataDirectory& directory,
                                                       WhenAbsent when_absent,
                                                       const CommitStoreOptions& wanted) {
    auto inside = std::make_unique<Inside>();
    LogFilePoolOptions pool;
    pool.files = wanted.pool_files;
    pool.rest_us = wanted.pool_rest_us;
    // A memtable is full a little after its log holds as many bytes.
    pool.file_bytes =
        wanted.write_buffer_bytes + wanted.write_buffer_bytes / 8 + 2 * commit_value_bytes_max;
    pool.file_bytes = (pool.file_bytes + 0xFFFFF) & ~std::uint64_t{0xFFFFF};
    inside->pool =
        std::make_shared<LogFilePool>(rocksdb::FileSystem::Default(), directory.pool(), pool);
    constexpr std::chrono::seconds for_the_first_log{2};
    inside->pool->wait_for_ready(1, for_the_first_log);
    std::shared_ptr<rocksdb::FileSystem> files = inside->pool;
    if (wanted.wrap_file_system) {
        files = wanted.wrap_file_system(std::move(files));
    }
    inside->env = rocksdb::NewCompositeEnv(files);

    rocksdb::Options options = writing_options(wanted);
    options.env = inside->env.get();
    options.create_if_missing = when_absent == WhenAbsent::create;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options, directory.journal().string(), &db);
    if (!status.ok()) {
        return store_fault("be opened", status);
    }
    inside->db.reset(db);
    return std::unique_ptr<CommitStore>{new CommitStore(std::move(inside))};
}

Result<std::unique_ptr<CommitStore>> CommitStore::open_for_reading(const DataDirectory& directory) {
    std::error_code error;
    auto inside = std::make_unique<Inside>();
    if (!std::filesystem::exists(directory.journal() / "CURRENT", error)) {
        return std::unique_ptr<CommitStore>{};
    }
    rocksdb::Options options = base_options();
    options.info_log = std::make_shared<SilentLog>();
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::OpenForReadOnly(options, directory.journal().string(), &db);
    if (!status.ok()) {
        return store_fault("be read", status);
    }
    inside->db.reset(db);
    return std::unique_ptr<CommitStore>{new CommitStore(std::move(inside))};
}

Result<> CommitStore::make_of(const std::function<Result<>(const CommitVisitor&)>& source,
                              const std::filesystem::path& path) {
    rocksdb::Options options = writing_options({});
    options.create_if_missing = true;
    options.error_if_exists = true;
    rocksdb::DB* db = nullptr;
    if (const auto status = rocksdb::DB::Open(options, path.string(), &db); !status.ok()) {
        return store_fault("be made", status);
    }
    const std::unique_ptr<rocksdb::DB> made{db};
    rocksdb::WriteOptions into_tables;
    into_tables.disableWAL = true;
    const auto copied = source([&](CommitNumber number, std::span<const std::byte> value) {
        // bytes as characters
        const rocksdb::Slice slice{reinterpret_cast<const char*>(value.data()), value.size()};
        const auto status = made->Put(into_tables, slice_of(key_of(number)), slice);
        return status.ok() ? Result<Walk>{Walk::go_on}
                           : Result<Walk>{store_fault("be copied", status)};
    });
    if (!copied.has_value()) {
        return copied;
    }
    if (const auto status = made->Flush({}); !status.ok()) {
        return store_fault("write its tables", status);
    }
    return {};
}

Result<> CommitStore::append(CommitNumber number, std::span<const std::byte> value) {
    const Key key = key_of(number);
    // bytes as characters
    const rocksdb::Slice slice{reinterpret_cast<const char*>(value.data()), value.size()};
    inside_->batch.Clear();  // keeps its memory
    rocksdb::Status status = inside_->batch.Put(slice_of(key), slice);
    if (status.ok()) {
        status = inside_->db->Write(inside_->write, &inside_->batch);
    }
    if (!status.ok()) {
        return store_fault("append commit " + std::to_string(number.raw()), status);
    }
    return {};
}

Result<> CommitStore::sync() {
    if (const rocksdb::Status status = inside_->db->FlushWAL(true); !status.ok()) {
        return store_fault("sync its log", status);
    }
    return {};
}

Result<std::optional<CommitNumber>> CommitStore::first() const {
    const std::unique_ptr<rocksdb::Iterator> at{inside_->db->NewIterator({})};
    at->SeekToFirst();
    std::optional<CommitNumber> first;
    if (at->Valid()) {
        first = number_of(at->key());
    } else if (at->status().ok()) {
        return first;
    } else {
        // Its block is damaged; the manifest still knows where each table begins.
        std::vector<rocksdb::LiveFileMetaData> tables;
        inside_->db->GetLiveFilesMetaData(&tables);
        for (const auto& table : tables) {
            const auto number = number_of(table.smallestkey);
            first = number && (!first || *number < *first) ? number : first;
        }
    }
    if (!first) {
        return fault("the journal holds a key that is no commit number");
    }
    return first;
}

Result<std::optional<CommitRange>> CommitStore::kept() const {
    const std::unique_ptr<rocksdb::Iterator> at{inside_->db->NewIterator({})};
    at->SeekToFirst();
    if (!at->Valid()) {
        if (!at->status().ok()) {
            return store_fault("read its first commit", at->status());
        }
        return std::optional<CommitRange>{};
    }
    const auto first = number_of(at->key());
    at->SeekToLast();
    if (!at->Valid()) {
        return store_fault("read its last commit", at->status());
    }
    const auto last = number_of(at->key());
    if (!first || !last) {
        return fault("the journal holds a key that is no commit number");
    }
    return std::optional{CommitRange{*first, *last}};
}

Result<> CommitStore::visit(CommitRange range, const CommitVisitor& visitor) const {
    const Key end = key_of(range.last.next());
    const rocksdb::Slice bound = slice_of(end);
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &bound;
    options.readahead_size = 1 << 20;
    const std::unique_ptr<rocksdb::Iterator> at{inside_->db->NewIterator(options)};
    CommitNumber next = range.first;
    for (at->Seek(slice_of(key_of(range.first))); at->Valid(); at->Next()) {
        const auto number = number_of(at->key());
        if (!number) {
            return fault("the journal holds a key that is no commit number");
        }
        const auto walk = visitor(*number, bytes_of(at->value()));
        if (!walk.has_value()) {
            return walk.error();
        }
        if (*walk == Walk::stop) {
            return {};
        }
        next = number->next();
    }
    if (!at->status().ok()) {
        return store_fault("read commit " + std::to_string(next.raw()), at->status());
    }
    return {};
}

Result<> CommitStore::drop_up_to(CommitNumber number) {
    const Key first = key_of(CommitNumber{0});
    const Key last = key_of(number);
    const rocksdb::Slice begin = slice_of(first);
    const rocksdb::Slice end = slice_of(last);
    const rocksdb::Status status = rocksdb::DeleteFilesInRange(
        inside_->db.get(), inside_->db->DefaultColumnFamily(), &begin, &end);
    if (!status.ok()) {
        return store_fault("drop commits up to " + std::to_string(number.raw()), status);
    }
    return {};
}

Result<> CommitStore::flush_tables() {
    if (const rocksdb::Status status = inside_->db->Flush({}); !status.ok()) {
        return store_fault("write its tables", status);
    }
    const std::string property = rocksdb::DB::Properties::kNumFilesAtLevelPrefix + '0';
    constexpr int looks = 10'000;
    std::string unmoved;
    for (int look = 0; look < looks && unmoved != "0"; ++look) {
        if (!inside_->db->GetProperty(property, &unmoved)) {
            return fault("the journal does not tell where its tables lie");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return {};
}

}  // namespace stampede::storage
