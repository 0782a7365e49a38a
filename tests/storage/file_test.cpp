// SPDX-License-Identifier: Apache-2.0
// What stands under a name is whole and was judged, or is what stood there before.
#include "storage/file.hpp"

#include <gtest/gtest.h>

#include "tests/support/journal_rig.hpp"

namespace stampede::tests {
namespace {

using storage::as_bytes;
using storage::read_whole;
using storage::write_durably;

std::string text_of(const fs::path& path) {
    std::string text;
    const auto bytes = read_whole(path);
    for (const std::byte byte : bytes.has_value() ? *bytes : std::vector<std::byte>{}) {
        text += static_cast<char>(byte);
    }
    return text;
}

TEST(DurableFile, gets_its_name_when_it_was_found_good_and_not_before) {
    const TemporaryDirectory place;
    const fs::path path = place.path() / "file";
    bool was_judged = false;
    const auto good = [&](const fs::path& unnamed) {
        EXPECT_FALSE(fs::exists(path));
        EXPECT_TRUE(storage::is_unnamed(unnamed));
        EXPECT_EQ(text_of(unnamed), "first");
        was_judged = true;
        return Result<>{};
    };
    ASSERT_TRUE(write_durably(path, as_bytes("first"), good).has_value());
    EXPECT_TRUE(was_judged);
    EXPECT_EQ(text_of(path), "first");
}

TEST(DurableFile, that_was_found_bad_leaves_what_was_there_and_nothing_else) {
    const TemporaryDirectory place;
    const fs::path path = place.path() / "file";
    const auto bad = [](const fs::path&) { return Result<>{fault("not what was written")}; };
    const auto refused = write_durably(path, as_bytes("first"), bad);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message, "not what was written");
    EXPECT_TRUE(fs::is_empty(place.path()));
    ASSERT_TRUE(write_durably(path, as_bytes("first")).has_value());
    EXPECT_FALSE(write_durably(path, as_bytes("second"), bad).has_value());
    EXPECT_EQ(text_of(path), "first");
    EXPECT_EQ(std::distance(fs::directory_iterator(place.path()), fs::directory_iterator()), 1);
}

TEST(SetAside, keeps_what_was_set_aside_before) {
    const TemporaryDirectory place;
    const fs::path path = place.path() / "file";
    for (const char* text : {"one", "two", "three"}) {
        ASSERT_TRUE(write_durably(path, as_bytes(text)).has_value());
        ASSERT_TRUE(storage::set_aside(path).has_value());
        EXPECT_FALSE(fs::exists(path));
    }
    EXPECT_EQ(text_of(place.path() / "file.rejected"), "one");
    EXPECT_EQ(text_of(place.path() / "file.rejected-2"), "two");
    EXPECT_EQ(text_of(place.path() / "file.rejected-3"), "three");
}

}  // namespace
}  // namespace stampede::tests
