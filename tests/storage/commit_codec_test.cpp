// SPDX-License-Identifier: Apache-2.0
// The bytes of a commit: what goes in comes out, and nothing else does.
#include "storage/commit_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "storage/file.hpp"
#include "tests/support/sum_machine.hpp"

namespace stampede::tests {
namespace {

using storage::ChainPosition;
using storage::ChainWalker;
using storage::CommitEncoder;
using storage::decode_commit;
using storage::Digest;
using storage::JournalId;
using storage::JournalWriter;
using testing::HasSubstr;

std::vector<std::byte> encoded(CommitEncoder& encoder, std::uint64_t number, Instant at,
                               const Digest& previous) {
    const auto frames = sum_frame(number);
    const auto value = encoder.encode(
        {CommitNumber{number}, at, Signature{number * 3}, StateLayout{7}, frames}, previous);
    return {value.begin(), value.end()};
}

class CommitBytes : public testing::Test {
  protected:
    const JournalWriter writer_{JournalId::random(), Epoch{2}};
    CommitEncoder encoder_{writer_};
    const std::vector<std::byte> first_ = encoded(encoder_, 1, Instant{10}, Digest{});
    const ChainPosition after_first_{CommitNumber{1}, encoder_.digest()};
};

TEST_F(CommitBytes, come_back_as_they_were) {
    const auto second = encoded(encoder_, 2, Instant{11}, after_first_.digest);
    const auto stored = decode_commit(CommitNumber{2}, second);
    ASSERT_TRUE(stored.has_value()) << stored.error().message;
    EXPECT_EQ(stored->writer.journal, writer_.journal);
    EXPECT_EQ(stored->writer.epoch, Epoch{2});
    EXPECT_EQ(stored->commit.number, CommitNumber{2});
    EXPECT_EQ(stored->commit.journal_time, Instant{11});
    EXPECT_EQ(stored->commit.signature, Signature{6});
    EXPECT_EQ(stored->commit.layout, StateLayout{7});
    EXPECT_EQ(stored->previous, after_first_.digest);
    EXPECT_EQ(stored->digest, encoder_.digest());
    const auto frames = sum_frame(2);
    EXPECT_TRUE(std::equal(frames.begin(), frames.end(), stored->commit.frames.begin(),
                           stored->commit.frames.end()));
}

TEST_F(CommitBytes, are_refused_with_any_bit_flipped) {
    for (std::size_t at = 0; at < first_.size(); ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            auto flipped = first_;
            flipped[at] ^= static_cast<std::byte>(1U << bit);
            const auto stored = decode_commit(CommitNumber{1}, flipped);
            ASSERT_FALSE(stored.has_value()) << "byte " << at << " bit " << bit;
            EXPECT_THAT(stored.error().message, HasSubstr("commit 1 "));
        }
    }
}

TEST_F(CommitBytes, are_refused_cut_anywhere_and_with_anything_behind) {
    for (std::size_t length = 0; length < first_.size(); ++length) {
        EXPECT_FALSE(decode_commit(CommitNumber{1}, std::span{first_}.first(length)).has_value());
    }
    auto longer = first_;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode_commit(CommitNumber{1}, longer).has_value());
}

TEST_F(CommitBytes, of_a_newer_format_are_refused_with_both_versions) {
    auto newer = first_;
    newer[4] = std::byte{9};
    const auto stored = decode_commit(CommitNumber{1}, newer);
    ASSERT_FALSE(stored.has_value());
    EXPECT_THAT(stored.error().message, HasSubstr("version 9"));
    EXPECT_THAT(stored.error().message, HasSubstr("up to 2"));
}

/// `value` with other bytes for its version and its layout, under a digest that fits.
std::vector<std::byte> with_head(std::vector<std::byte> value, std::uint8_t version,
                                 std::uint8_t layout) {
    value[4] = std::byte{version};
    value[6] = std::byte{layout};
    const auto body = std::span{value}.first(value.size() - sizeof(Digest));
    const Digest digest = storage::Sha256::of(body);
    std::ranges::copy(digest, value.end() - static_cast<std::ptrdiff_t>(digest.size()));
    return value;
}

TEST_F(CommitBytes, of_the_first_format_are_read_and_are_of_the_first_layout) {
    const auto stored = decode_commit(CommitNumber{1}, with_head(first_, 1, 0));
    ASSERT_TRUE(stored.has_value()) << stored.error().message;
    EXPECT_EQ(stored->commit.layout, StateLayout{1});
    EXPECT_EQ(stored->commit.signature, Signature{3});
}

TEST_F(CommitBytes, with_a_layout_that_no_writer_makes_are_refused) {
    EXPECT_FALSE(decode_commit(CommitNumber{1}, with_head(first_, 1, 7)).has_value());
    EXPECT_FALSE(decode_commit(CommitNumber{1}, with_head(first_, 2, 0)).has_value());
    EXPECT_FALSE(decode_commit(CommitNumber{1}, with_head(first_, 0, 0)).has_value());
    EXPECT_TRUE(decode_commit(CommitNumber{1}, with_head(first_, 2, 8)).has_value());
}

TEST_F(CommitBytes, under_another_number_are_refused) {
    const auto stored = decode_commit(CommitNumber{7}, first_);
    ASSERT_FALSE(stored.has_value());
    EXPECT_THAT(stored.error().message, HasSubstr("commit 7 is stored under the wrong number"));
}

TEST_F(CommitBytes, are_followed_along_the_chain) {
    const auto second = encoded(encoder_, 2, Instant{11}, after_first_.digest);
    ChainWalker walker{writer_.journal, ChainPosition{}};
    EXPECT_TRUE(walker.follow(CommitNumber{1}, first_).has_value());
    EXPECT_EQ(walker.reached(), after_first_);
    EXPECT_TRUE(walker.follow(CommitNumber{2}, second).has_value());
    EXPECT_EQ(walker.journal_time(), Instant{11});
    EXPECT_EQ(walker.epoch(), Epoch{2});
}

TEST_F(CommitBytes, that_do_not_belong_to_the_chain_are_refused) {
    const auto refusal = [&](const std::vector<std::byte>& value, std::uint64_t number) {
        ChainWalker walker{writer_.journal, ChainPosition{}};
        EXPECT_TRUE(walker.follow(CommitNumber{1}, first_).has_value());
        const auto stored = walker.follow(CommitNumber{number}, value);
        return stored.has_value() ? "accepted" : stored.error().message;
    };
    EXPECT_THAT(refusal(encoded(encoder_, 3, Instant{11}, after_first_.digest), 3),
                HasSubstr("commit 2 is missing: after commit 1 comes commit 3"));
    EXPECT_THAT(refusal(encoded(encoder_, 2, Instant{11}, Digest{}), 2),
                HasSubstr("the chain of digests is broken"));
    EXPECT_THAT(refusal(encoded(encoder_, 2, Instant{9}, after_first_.digest), 2),
                HasSubstr("back in journal time"));
    CommitEncoder stranger{JournalWriter{JournalId::random(), Epoch{2}}};
    EXPECT_THAT(refusal(encoded(stranger, 2, Instant{11}, after_first_.digest), 2),
                HasSubstr("belongs to journal"));
    CommitEncoder earlier{JournalWriter{writer_.journal, Epoch{1}}};
    EXPECT_THAT(refusal(encoded(earlier, 2, Instant{11}, after_first_.digest), 2),
                HasSubstr("epoch 1 after epoch 2"));
}

TEST(JournalIds, are_read_only_in_their_canonical_spelling) {
    const JournalId id = JournalId::random();
    EXPECT_EQ(JournalId::parse(id.text()), id);
    EXPECT_NE(JournalId::random(), id);
    EXPECT_FALSE(JournalId::parse("").has_value());
    EXPECT_FALSE(JournalId::parse(id.text() + "0").has_value());
    EXPECT_FALSE(JournalId::parse("0123456789abcdef0123456789abcdef0123").has_value());
    EXPECT_FALSE(JournalId::parse("ABCDEF00-0000-4000-8000-000000000000").has_value());
    EXPECT_TRUE(JournalId::parse("abcdef00-0000-4000-8000-000000000000").has_value());
}

TEST(Sha256, gives_the_digest_of_the_standard) {
    EXPECT_EQ(storage::hex(storage::Sha256::of(storage::as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace stampede::tests
