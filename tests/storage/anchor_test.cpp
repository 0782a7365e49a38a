// SPDX-License-Identifier: Apache-2.0
// Two slots, of which one survives whatever happens to the other.
#include "storage/anchor.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/journal_rig.hpp"

namespace stampede::tests {
namespace {

using storage::Anchor;
using storage::ChainPosition;
using storage::JournalId;
using storage::Sync;
using testing::HasSubstr;

ChainPosition position(std::uint64_t number) {
    ChainPosition at{CommitNumber{number}, {}};
    at.digest.fill(static_cast<std::byte>(number));
    return at;
}

class AnchorFile : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(Anchor::create(path_, journal_, ChainPosition{}).has_value());
    }
    void write_up_to(std::uint64_t number) {
        auto anchor = Anchor::open(path_, journal_);
        ASSERT_TRUE(anchor.has_value()) << anchor.error().message;
        for (std::uint64_t at = (*anchor)->newest().number.raw() + 1; at <= number; ++at) {
            ASSERT_TRUE((*anchor)->write(position(at), Sync::later).has_value());
        }
    }
    void spoil_slot(std::uint64_t slot) {
        auto file = storage::File::open(path_, O_RDWR);
        ASSERT_TRUE(file.has_value());
        const std::array<std::byte, 8> garbage{std::byte{0xAA}};
        ASSERT_TRUE(file->write_at(slot * Anchor::slot_bytes + 30, garbage).has_value());
    }
    [[nodiscard]] Result<storage::AnchorReading> read() const {
        return Anchor::read(path_, journal_);
    }
    const TemporaryDirectory place_;
    const fs::path path_ = place_.path() / "anchor";
    const JournalId journal_ = JournalId::random();
};

TEST_F(AnchorFile, begins_at_commit_zero) {
    ASSERT_TRUE(read().has_value());
    EXPECT_EQ(read()->position, ChainPosition{});
    EXPECT_FALSE(read()->has_damaged_slot);
}

TEST_F(AnchorFile, gives_the_newest_of_both_slots) {
    for (std::uint64_t number = 1; number < 10; ++number) {
        write_up_to(number);
        ASSERT_TRUE(read().has_value());
        EXPECT_EQ(read()->position, position(number));
    }
}

TEST_F(AnchorFile, keeps_the_one_before_when_the_newest_is_torn) {
    write_up_to(7);
    spoil_slot(0);
    const auto one = read();
    ASSERT_TRUE(one.has_value());
    EXPECT_TRUE(one->has_damaged_slot);
    // Slot 0 and slot 1 take turns; one of them held 7, the other 6.
    const auto left = one->position.number.raw();
    EXPECT_TRUE(left == 6 || left == 7);
    write_up_to(8);
    ASSERT_TRUE(read().has_value());
    EXPECT_EQ(read()->position, position(8));
    EXPECT_FALSE(read()->has_damaged_slot) << "the damaged slot is the one to be overwritten";
}

TEST_F(AnchorFile, is_refused_when_both_slots_are_unreadable) {
    write_up_to(7);
    spoil_slot(0);
    spoil_slot(1);
    ASSERT_FALSE(read().has_value());
    EXPECT_THAT(read().error().message, HasSubstr("both slots"));
    EXPECT_FALSE(Anchor::open(path_, journal_).has_value());
}

TEST_F(AnchorFile, is_refused_when_cut_or_missing) {
    write_up_to(3);
    fs::resize_file(path_, 100);
    EXPECT_FALSE(read().has_value());
    fs::remove(path_);
    EXPECT_FALSE(read().has_value());
}

TEST_F(AnchorFile, of_another_journal_is_refused) {
    const auto other = Anchor::read(path_, JournalId::random());
    ASSERT_FALSE(other.has_value());
    EXPECT_THAT(other.error().message, HasSubstr("belongs to journal " + journal_.text()));
}

}  // namespace
}  // namespace stampede::tests
