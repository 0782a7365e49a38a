// SPDX-License-Identifier: Apache-2.0
// Who may use a data directory; every refusal says why and leaves it alone.
#include "storage/data_directory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/journal_rig.hpp"

namespace stampede::tests {
namespace {

using storage::DataDirectory;
using storage::DataDirectoryOptions;
using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const fs::path& path, const DataDirectoryOptions& options) {
    const auto opened = DataDirectory::open(path, options);
    return opened.has_value() ? "opened" : opened.error().message;
}

TEST(DataDirectory, is_made_only_when_asked) {
    const TemporaryDirectory place;
    const fs::path path = place.path() / "shop";
    EXPECT_THAT(refusal(path, {}), HasSubstr("there is no data directory at"));
    EXPECT_FALSE(fs::exists(path));
    storage::JournalId made;
    {
        const auto directory = DataDirectory::open(path, created_when_absent());
        ASSERT_TRUE(directory.has_value()) << directory.error().message;
        made = (*directory)->journal_id();
    }
    const auto again = DataDirectory::open(path, {});
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ((*again)->journal_id(), made);
}

TEST(DataDirectory, is_made_with_the_directories_above_it) {
    const TemporaryDirectory place;
    const fs::path path = place.path() / "a" / "b" / "shop";
    EXPECT_THAT(refusal(path, {}), HasSubstr("there is no data directory at"));
    EXPECT_FALSE(fs::exists(place.path() / "a"));
    EXPECT_EQ(refusal(path, created_when_absent()), "opened");
    EXPECT_TRUE(fs::exists(path / "IDENTITY"));
    EXPECT_EQ(refusal(path / "" / "." / "", {}), "opened");

    const fs::path file = place.path() / "file";
    std::ofstream(file) << "not a directory";
    EXPECT_THAT(refusal(file / "shop", created_when_absent()),
                AllOf(HasSubstr("cannot create " + (file / "shop").string()),
                      HasSubstr("Not a directory")));
}

TEST(DataDirectory, belongs_to_one_server_at_a_time) {
    const TemporaryDirectory place;
    const auto first = DataDirectory::open(place.path(), created_when_absent());
    ASSERT_TRUE(first.has_value()) << first.error().message;
    EXPECT_EQ(refusal(place.path(), {}),
              "data directory " + place.path().string() + " is in use by another server");
}

TEST(DataDirectory, of_a_newer_version_is_refused_naming_both) {
    const TemporaryDirectory place;
    ASSERT_TRUE(DataDirectory::open(place.path(), created_when_absent()).has_value());
    const fs::path identity = place.path() / "IDENTITY";
    std::ofstream(identity) << "stampede data directory\nformat = 12\njournal = whatever\n";
    EXPECT_THAT(refusal(place.path(), {}),
                AllOf(HasSubstr("format version 12"), HasSubstr("reads up to version 1")));
}

TEST(DataDirectory, with_an_unreadable_identity_is_refused) {
    const TemporaryDirectory place;
    ASSERT_TRUE(DataDirectory::open(place.path(), created_when_absent()).has_value());
    for (const char* text : {"", "something else\nformat = 1\n", "stampede data directory\n",
                             "stampede data directory\nformat = 1x\njournal = 1\n",
                             "stampede data directory\nformat = 1\njournal = 17\n"}) {
        std::ofstream(place.path() / "IDENTITY") << text;
        EXPECT_NE(refusal(place.path(), {}), "opened") << text;
    }
}

TEST(DataDirectory, is_never_made_among_other_files) {
    const TemporaryDirectory place;
    std::ofstream(place.path() / "holiday.jpg") << "beach";
    EXPECT_THAT(refusal(place.path(), created_when_absent()),
                HasSubstr("neither empty nor a data directory"));
    EXPECT_EQ(std::distance(fs::directory_iterator(place.path()), fs::directory_iterator()), 1);
}

TEST(DataDirectory, on_a_full_disk_is_refused_and_left_alone) {
    const TemporaryDirectory place;
    auto options = created_when_absent();
    options.room_to_start_bytes = std::uint64_t{64} << 20;
    options.free_bytes = [](const fs::path&) { return Result<std::uint64_t>{3 << 20}; };
    EXPECT_THAT(refusal(place.path() / "shop", options),
                AllOf(HasSubstr("is full"), HasSubstr("3 MiB are free"), HasSubstr("64 MiB")));
    EXPECT_FALSE(fs::exists(place.path() / "shop"));
}

TEST(DataDirectory, on_a_nearly_full_disk_is_opened_with_the_room_of_its_own_ballast) {
    constexpr std::uint64_t mib = std::uint64_t{1} << 20;
    const TemporaryDirectory place;
    ASSERT_TRUE(DataDirectory::open(place.path(), created_when_absent()).has_value());
    const fs::path ballast = place.path() / "ballast";
    {
        auto file = storage::File::open(ballast, O_WRONLY | O_CREAT);
        ASSERT_TRUE(file.has_value());
        ASSERT_EQ(::posix_fallocate(file->descriptor(), 0, 4 * mib), 0);
    }
    std::uint64_t room = 0;
    DataDirectoryOptions options;
    options.room_to_start_bytes = 8 * mib;
    options.free_bytes = [&](const fs::path&) { return Result<std::uint64_t>{room}; };
    room = 3 * mib;
    EXPECT_THAT(refusal(place.path(), options), HasSubstr("is full"));
    EXPECT_TRUE(fs::exists(ballast)) << "a refusal changes nothing";
    room = 8 * mib;
    EXPECT_EQ(refusal(place.path(), options), "opened");
    EXPECT_TRUE(fs::exists(ballast)) << "there is room without it";
    room = 5 * mib;
    {
        const auto other = DataDirectory::open(place.path(), {});
        EXPECT_THAT(refusal(place.path(), options), HasSubstr("is in use"));
        EXPECT_TRUE(fs::exists(ballast));
    }
    EXPECT_EQ(refusal(place.path(), options), "opened");
    EXPECT_FALSE(fs::exists(ballast)) << "it is given back";
    EXPECT_THAT(refusal(place.path(), options), HasSubstr("is full"));
}

TEST(DataDirectory, is_finished_after_an_interrupted_creation) {
    const TemporaryDirectory place;
    ASSERT_TRUE(DataDirectory::open(place.path(), created_when_absent()).has_value());
    fs::remove(place.path() / "IDENTITY");  // it is written last
    EXPECT_EQ(refusal(place.path(), created_when_absent()), "opened");
}

}  // namespace
}  // namespace stampede::tests
