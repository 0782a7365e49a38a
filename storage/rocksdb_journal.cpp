// SPDX-License-Identifier: Apache-2.0
// One commit in flight: commit n is appended only after n - 1 was synced, so that a crash can spoil
// nothing but the commit that nobody was told of.
#include "storage/rocksdb_journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

#include "engine/clock.hpp"
#include "engine/thread_name.hpp"
#include "engine/vocabulary/check.hpp"

namespace stampede::storage {

namespace {

constexpr std::chrono::microseconds idle_before_anchor{1000};
constexpr std::chrono::microseconds between_looks_for_room{200'000};
constexpr int exit_status_io_error = 70;  // EX_SOFTWARE of sysexits.h

}  // namespace

void end_process(std::string_view why) {
    std::fprintf(stderr, "stampede: the journal has failed, the server ends: %.*s\n",
                 static_cast<int>(why.size()), why.data());
    std::fflush(stderr);
    ::_exit(exit_status_io_error);
}

RocksdbJournal::RocksdbJournal(const DataDirectory& directory, const Recovered& recovered,
                               RocksdbJournalOptions options, std::unique_ptr<Anchor> anchor)
    : directory_(directory),
      options_(std::move(options)),
      tail_(options_.tail_bytes, recovered.position.chain.number),
      writer_{directory.journal_id(), recovered.position.epoch},
      encoder_(writer_),
      anchor_(std::move(anchor)),
      position_(recovered.position.chain),
      submitted_(recovered.position.chain.number.raw()),
      durable_(recovered.position.chain.number.raw()) {}

Result<std::unique_ptr<RocksdbJournal>> RocksdbJournal::open(const DataDirectory& directory,
                                                             const Recovered& recovered,
                                                             RocksdbJournalOptions options) {
    auto anchor = Anchor::open(directory.anchor(), directory.journal_id());
    if (!anchor.has_value()) {
        return anchor.error();
    }
    std::unique_ptr<RocksdbJournal> journal{
        new RocksdbJournal(directory, recovered, std::move(options), std::move(*anchor))};
    if (auto opened = journal->open_store(recovered); !opened.has_value()) {
        return opened.error();
    }
    // RocksDB has written what it recovered into a synced table: now the anchor may vouch for it.
    if (auto anchored = journal->anchor_->write(journal->position_, Sync::now);
        !anchored.has_value()) {
        return anchored.error();
    }
    journal->make_ballast();
    journal->look_for_room();
    journal->thread_ = std::thread{[raw = journal.get()] { raw->run(); }};
    return journal;
}

Result<> RocksdbJournal::open_store(const Recovered& recovered) {
    CommitStoreOptions wanted = options_.store;
    wanted.on_background_error = [this](std::string_view why) { fail(why); };
    const bool is_new = recovered.position.chain.number == CommitNumber{0};
    auto store =
        CommitStore::open(directory_, is_new ? WhenAbsent::create : WhenAbsent::refuse, wanted);
    if (!store.has_value()) {
        return store.error();
    }
    store_ = std::move(*store);
    const auto kept = store_->kept();
    if (!kept.has_value()) {
        return kept.error();
    }
    const CommitNumber last = *kept ? (*kept)->last : CommitNumber{0};
    const CommitNumber expected = recovered.position.chain.number;
    if (*kept ? last != expected : !recovered.journal_is_empty) {
        return fault("the journal ended at commit " + std::to_string(expected.raw()) +
                     " when it was checked and ends at commit " + std::to_string(last.raw()) +
                     " now that it is opened");
    }
    return {};
}

RocksdbJournal::~RocksdbJournal() {
    stop();
}

Archive RocksdbJournal::archive() const {
    return Archive{directory_.archive(), directory_.journal_id()};
}

std::unique_ptr<CommitReader> RocksdbJournal::reader() const {
    return std::make_unique<CommitReader>(*store_, tail_, archive());
}

void RocksdbJournal::submit(const engine::Commit& commit) {
    const std::uint64_t number = commit.number.raw();
    check(number == durable_.load(std::memory_order_acquire) + 1 &&
              number == submitted_.load(std::memory_order_relaxed) + 1,
          "a commit was submitted before its predecessor was durable");
    in_flight_ = commit;
    submitted_.store(number, std::memory_order_release);
    doorbell_.ring();
}

void RocksdbJournal::stop() {
    if (thread_.joinable()) {
        stops_.store(true, std::memory_order_release);
        doorbell_.ring();
        thread_.join();
    }
}

void RocksdbJournal::fail(std::string_view why) {
    {
        const std::lock_guard lock{ending_};
        has_failed_.store(true, std::memory_order_release);
    }
    options_.fatal(why);
}

void RocksdbJournal::run() {
    engine::name_this_thread(engine::journal_thread);
    auto patience = idle_before_anchor;
    std::int64_t looked_us = engine::monotonic_us();
    while (!has_failed_.load(std::memory_order_acquire)) {
        if (submitted_.load(std::memory_order_acquire) > position_.number.raw()) {
            if (auto done = make_durable(in_flight_); !done.has_value()) {
                return fail(done.error().message);
            }
            patience = idle_before_anchor;
        } else {
            const bool stops = stops_.load(std::memory_order_acquire);
            if (stops || patience == idle_before_anchor) {
                doorbell_.wait(stops ? std::chrono::microseconds{0} : patience);
                if (submitted_.load(std::memory_order_acquire) > position_.number.raw()) {
                    continue;
                }
                if (auto anchored = anchor_->write(position_, Sync::now); !anchored.has_value()) {
                    return fail(anchored.error().message);
                }
                if (stops) {
                    return;
                }
                patience = between_looks_for_room;
            } else {
                doorbell_.wait(patience);
            }
        }
        if (const std::int64_t now_us = engine::monotonic_us();
            now_us - looked_us >= between_looks_for_room.count()) {
            looked_us = now_us;
            look_for_room();
        }
    }
}

Result<> RocksdbJournal::make_durable(const engine::Commit& commit) {
    const std::span<const std::byte> value = encoder_.encode(commit, position_.digest);
    // Anchor n - 1 stands before n is appended; mostly it was written while n was still filling.
    if (auto anchored = anchor_->write(position_, Sync::later); !anchored.has_value()) {
        return anchored;
    }
    if (auto appended = store_->append(commit.number, value); !appended.has_value()) {
        return appended;
    }
    if (options_.before_sync) {
        options_.before_sync(commit.number);
    }
    if (auto synced = store_->sync(); !synced.has_value()) {
        return synced;
    }
    const Digest previous = position_.digest;
    position_ = {commit.number, encoder_.digest()};
    if (options_.anchor == AnchorMode::strict) {
        if (auto anchored = anchor_->write(position_, Sync::now); !anchored.has_value()) {
            return anchored;
        }
    }
    // After the store the loop may reuse the frames: from here on only the encoded value is read.
    const StoredCommit stored{writer_, commit, previous, position_.digest};
    {
        const std::lock_guard lock{ending_};
        if (has_failed_.load(std::memory_order_relaxed)) {  // under the lock
            return fault("commit " + std::to_string(commit.number.raw()) +
                         " met a journal that had already failed");
        }
        durable_.store(commit.number.raw(), std::memory_order_release);
    }
    if (options_.wake) {
        options_.wake();
    }
    tail_.push(SharedCommit::copy_of(stored, value));
    return anchor_->write(position_, Sync::later);
}

void RocksdbJournal::look_for_room() {
    const auto room = options_.free_bytes(directory_.path());
    if (!room.has_value()) {
        return;  // the next append will say it better
    }
    has_room_.store(*room >= options_.reserve_bytes, std::memory_order_relaxed);
    if (options_.ballast_bytes > 0 && *room < options_.ballast_bytes / 2) {
        directory_.give_back_ballast();
    }
}

void RocksdbJournal::make_ballast() const {
    const auto room = options_.free_bytes(directory_.path());
    std::error_code error;
    if (options_.ballast_bytes == 0 || !room.has_value() ||
        std::filesystem::file_size(directory_.ballast(), error) == options_.ballast_bytes ||
        *room < options_.ballast_bytes + options_.reserve_bytes) {
        return;
    }
    auto file = File::open(directory_.ballast(), O_WRONLY | O_CREAT);
    // Allocated, not written: the space is what counts.
    if (file.has_value() &&
        ::posix_fallocate(file->descriptor(), 0, static_cast<off_t>(options_.ballast_bytes)) != 0) {
        std::filesystem::remove(directory_.ballast(), error);
    }
}

}  // namespace stampede::storage
