// SPDX-License-Identifier: Apache-2.0
// A log from the pool must read like a file that has just been made.
#include "storage/log_file_pool.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "storage/file.hpp"
#include "tests/support/journal_rig.hpp"

namespace stampede::tests {
namespace {

using storage::LogFilePool;
using storage::LogFilePoolOptions;

constexpr std::chrono::seconds patience = long_enough;

class Pool : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directory(logs_);
        fs::create_directory(pooled_);
    }
    [[nodiscard]] std::unique_ptr<LogFilePool> open(std::uint32_t files = 2) const {
        LogFilePoolOptions options;
        options.file_bytes = file_bytes;
        options.files = files;
        options.rest_us = 0;
        options.keep_free_bytes = 0;
        return std::make_unique<LogFilePool>(rocksdb::FileSystem::Default(), pooled_, options);
    }
    static std::unique_ptr<rocksdb::FSWritableFile> make(LogFilePool& pool, const fs::path& path) {
        std::unique_ptr<rocksdb::FSWritableFile> file;
        EXPECT_TRUE(pool.NewWritableFile(path.string(), {}, &file, nullptr).ok());
        return file;
    }
    static void append(rocksdb::FSWritableFile& file, const std::string& text) {
        EXPECT_TRUE(file.Append(text, {}, nullptr).ok());
    }
    static bool remove(LogFilePool& pool, const fs::path& path) {
        return pool.DeleteFile(path.string(), {}, nullptr).ok();
    }
    static bool is_text_then_zeros(const fs::path& path, const std::string& text) {
        const auto bytes = storage::read_whole(path);
        const auto expected = storage::as_bytes(text);
        return bytes.has_value() && bytes->size() >= expected.size() &&
               std::equal(expected.begin(), expected.end(), bytes->begin()) &&
               std::all_of(bytes->begin() + static_cast<std::ptrdiff_t>(expected.size()),
                           bytes->end(), [](std::byte byte) { return byte == std::byte{0}; });
    }

    static constexpr std::uint64_t file_bytes = 1 << 20;
    const TemporaryDirectory place_;
    const fs::path logs_ = place_.path() / "journal";
    const fs::path pooled_ = place_.path() / "pool";
};

TEST_F(Pool, gives_zeroed_files_and_takes_them_back) {
    const auto pool = open();
    for (int round = 0; round < 10; ++round) {
        pool->wait_for_ready(1, patience);
        const fs::path log = logs_ / ("00000" + std::to_string(round) + ".log");
        auto file = make(*pool, log);
        EXPECT_EQ(file->GetFileSize({}, nullptr), 0U);
        std::string expected;
        for (const std::size_t length : {1UL, 5000UL, 3UL, 4096UL, 70'000UL}) {
            const std::string text(length, static_cast<char>('a' + round));
            append(*file, text);
            expected += text;
            EXPECT_TRUE(file->Sync({}, nullptr).ok());
            EXPECT_TRUE(is_text_then_zeros(log, expected));
        }
        EXPECT_EQ(file->GetFileSize({}, nullptr), expected.size());
        EXPECT_TRUE(file->Close({}, nullptr).ok());
        EXPECT_EQ(fs::file_size(log), file_bytes);
        EXPECT_TRUE(remove(*pool, log));
        EXPECT_FALSE(fs::exists(log));
    }
    EXPECT_EQ(pool->counts().taken, 10U);
    EXPECT_EQ(pool->counts().made_plainly, 0U);
    // The last ones are zeroed behind our back.
    EXPECT_TRUE(eventually([&] { return pool->counts().recycled >= 9U; }));
}

TEST_F(Pool, lets_a_log_grow_past_its_zeroed_length) {
    const auto pool = open();
    pool->wait_for_ready(1, patience);
    const fs::path log = logs_ / "000001.log";
    auto file = make(*pool, log);
    const std::string text(file_bytes - 100, 'x');
    append(*file, text);
    append(*file, text);
    EXPECT_TRUE(is_text_then_zeros(log, text + text));
    EXPECT_TRUE(file->Close({}, nullptr).ok());
    EXPECT_TRUE(remove(*pool, log));
    pool->wait_for_ready(2, patience);
    EXPECT_EQ(pool->counts().ready, 2U);
}

TEST_F(Pool, makes_a_plain_file_when_it_is_empty) {
    const auto pool = open();
    pool->wait_for_ready(2, patience);
    std::vector<std::unique_ptr<rocksdb::FSWritableFile>> files;
    for (int at = 0; at < 4; ++at) {
        files.push_back(make(*pool, logs_ / ("00000" + std::to_string(at) + ".log")));
        append(*files.back(), "text");
    }
    EXPECT_EQ(pool->counts().taken, 2U);
    EXPECT_EQ(pool->counts().made_plainly, 2U);
}

TEST_F(Pool, of_no_files_is_a_plain_file_system) {
    const auto pool = open(0);
    auto file = make(*pool, logs_ / "000001.log");
    append(*file, "text");
    EXPECT_TRUE(file->Close({}, nullptr).ok());
    EXPECT_EQ(fs::file_size(logs_ / "000001.log"), 4U);
    EXPECT_TRUE(remove(*pool, logs_ / "000001.log"));
    EXPECT_TRUE(eventually([&] { return fs::is_empty(pooled_); }));
}

// A power loss may undo the rename that took a file from the pool, but not the bytes written since.
TEST_F(Pool, believes_no_file_of_an_earlier_process_that_is_not_zero) {
    {
        const auto pool = open();
        pool->wait_for_ready(2, patience);
    }
    std::vector<fs::path> zeroed;
    for (const auto& entry : fs::directory_iterator(pooled_)) {
        zeroed.push_back(entry.path());
    }
    ASSERT_EQ(zeroed.size(), 2U);
    {
        auto file = storage::File::open(zeroed.front(), O_RDWR);
        ASSERT_TRUE(file->write_at(file_bytes - 1, storage::as_bytes("!")).has_value());
    }
    fs::resize_file(zeroed.back(), file_bytes / 2);
    const auto pool = open();
    pool->wait_for_ready(2, patience);
    for (int at = 0; at < 2; ++at) {
        const fs::path log = logs_ / ("00000" + std::to_string(at) + ".log");
        (void)make(*pool, log);
        EXPECT_TRUE(is_text_then_zeros(log, ""));
        EXPECT_EQ(fs::file_size(log), file_bytes);
    }
    EXPECT_EQ(pool->counts().taken, 2U);
}

TEST_F(Pool, removes_tables_out_of_sight_at_once_and_from_the_disk_in_time) {
    const auto pool = open();
    pool->wait_for_ready(2, patience);
    const fs::path table = logs_ / "000007.sst";
    std::ofstream(table) << std::string(20 << 20, 't');
    EXPECT_TRUE(remove(*pool, table));
    EXPECT_FALSE(fs::exists(table));
    EXPECT_TRUE(eventually([&] {
        return std::distance(fs::directory_iterator(pooled_), fs::directory_iterator()) == 2;
    }));
}

}  // namespace
}  // namespace stampede::tests
