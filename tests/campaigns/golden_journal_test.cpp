// SPDX-License-Identifier: Apache-2.0
// Journals that released versions wrote replay to the state that they had: same signature after
// every commit, same ledger at the end.
#include "tests/support/golden_journal.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "campaigns/event_codec.hpp"
#include "tests/support/checkpoint_in_memory.hpp"

namespace stampede::tests {
namespace {

std::vector<std::filesystem::path> golden_files() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path{STAMPEDE_SOURCE_DIR} / "tests/golden")) {
        if (entry.path().filename().string().starts_with("journal-")) {
            files.push_back(entry.path());
        }
    }
    return files;
}

GoldenJournal read(const std::filesystem::path& path) {
    std::ifstream file(path);
    return read_golden_journal(file);
}

TEST(GoldenJournal, there_is_one) {
    EXPECT_FALSE(golden_files().empty());
}

TEST(GoldenJournal, replays_to_the_state_that_its_release_had) {
    for (const auto& path : golden_files()) {
        const GoldenJournal journal = read(path);
        ASSERT_FALSE(journal.commits.empty()) << path;
        SaleRig::Set set;
        for (const ModelJournal::Kept& kept : journal.commits) {
            const auto applied = set.apply(kept.commit());
            ASSERT_TRUE(applied.has_value())
                << path << ", commit " << kept.number.raw() << ": " << applied.error().message;
        }
        EXPECT_EQ(set.signature(), journal.commits.back().signature) << path;
        EXPECT_EQ(ledger_lines(set), journal.ledger) << path;
        EXPECT_FALSE(set.check_invariants().has_value()) << path;

        CheckpointInMemory checkpoint;
        set.save(checkpoint);
        SaleRig::Set loaded;
        ASSERT_TRUE(loaded.load(checkpoint).has_value()) << path;
        EXPECT_EQ(loaded.signature(), set.signature()) << path;
        EXPECT_EQ(ledger_lines(loaded), journal.ledger) << path;
    }
}

TEST(GoldenJournal, holds_every_commit_to_the_state_that_it_led_to) {
    const GoldenJournal journal = read(golden_files().front());
    for (std::size_t changed = 0; changed < journal.commits.size(); ++changed) {
        SaleRig::Set set;
        for (std::size_t at = 0; at < changed; ++at) {
            ASSERT_TRUE(set.apply(journal.commits[at].commit()).has_value());
        }
        ModelJournal::Kept other = journal.commits[changed];
        other.signature = Signature{other.signature.raw() + 1};
        EXPECT_TRUE(set.apply(other.commit()).has_error());
    }
}

TEST(GoldenJournal, holds_every_event) {
    std::set<std::string_view> seen;
    for (const auto& path : golden_files()) {
        for (const ModelJournal::Kept& kept : read(path).commits) {
            engine::FrameReader frames(kept.frames);
            while (const auto frame = frames.next()) {
                seen.insert(
                    campaigns::name_of({static_cast<campaigns::Family>(frame->play), frame->kind}));
            }
        }
    }
    EXPECT_EQ(seen.size(), std::variant_size_v<campaigns::CampaignEvent> +
                               std::variant_size_v<campaigns::OrderEvent> +
                               std::variant_size_v<campaigns::SeckillEvent>);
}

}  // namespace
}  // namespace stampede::tests
