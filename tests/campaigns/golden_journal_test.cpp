// SPDX-License-Identifier: Apache-2.0
// Journals that released versions wrote replay to the state that they had: same ledger at the end,
// and the same signature after every commit where the records still lie as they did.
#include "tests/support/golden_journal.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "campaigns/event_codec.hpp"
#include "tests/support/checkpoint_in_memory.hpp"
#include "tests/support/scenario.hpp"

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
        if (journal.commits.back().layout == set.layout()) {
            EXPECT_EQ(set.signature(), journal.commits.back().signature) << path;
        }
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

/// The journal of a release as this program would have written it.
std::vector<ModelJournal::Kept> written_anew(const GoldenJournal& journal) {
    std::vector<ModelJournal::Kept> commits = journal.commits;
    SaleRig::Set set;
    for (ModelJournal::Kept& kept : commits) {
        kept.layout = StateLayout{0};
        EXPECT_TRUE(set.apply(kept.commit()).has_value());
        kept.layout = set.layout();
        kept.signature = set.signature();
    }
    return commits;
}

TEST(GoldenJournal, holds_every_commit_to_the_state_that_it_led_to) {
    const auto commits = written_anew(read(golden_files().front()));
    for (std::size_t changed = 0; changed < commits.size(); ++changed) {
        SaleRig::Set set;
        for (std::size_t at = 0; at < changed; ++at) {
            ASSERT_TRUE(set.apply(commits[at].commit()).has_value());
        }
        ModelJournal::Kept other = commits[changed];
        other.signature = Signature{other.signature.raw() + 1};
        EXPECT_TRUE(set.apply(other.commit()).has_error());
    }
}

TEST(GoldenJournal, of_an_older_layout_is_not_held_to_signatures_of_other_records) {
    auto commits = written_anew(read(golden_files().front()));
    SaleRig::Set set;
    for (ModelJournal::Kept& kept : commits) {
        kept.signature = Signature{kept.signature.raw() + 1};
        kept.layout = StateLayout{static_cast<std::uint16_t>(set.layout().raw() - 1)};
        ASSERT_TRUE(set.apply(kept.commit()).has_value()) << "commit " << kept.number.raw();
    }
    EXPECT_FALSE(set.check_invariants().has_value());
}

TEST(GoldenJournal, of_a_newer_layout_is_refused_naming_both) {
    auto commits = written_anew(read(golden_files().front()));
    SaleRig::Set set;
    commits[0].layout = StateLayout{static_cast<std::uint16_t>(set.layout().raw() + 1)};
    const auto applied = set.apply(commits[0].commit());
    ASSERT_TRUE(applied.has_error());
    EXPECT_NE(applied.error().message.find("a newer release wrote it"), std::string::npos)
        << applied.error().message;
}

void add_names(const std::vector<ModelJournal::Kept>& commits, std::set<std::string_view>& seen) {
    for (const ModelJournal::Kept& kept : commits) {
        engine::FrameReader frames(kept.frames);
        while (const auto frame = frames.next()) {
            seen.insert(
                campaigns::name_of({static_cast<campaigns::Family>(frame->play), frame->kind}));
        }
    }
}

template <class... Families>
constexpr std::size_t kinds_of(const std::variant<Families...>* /*event*/) {
    return (std::variant_size_v<Families> + ...);
}

/// Events that no release has written yet are in the tables that the next golden journal is made
/// from.
TEST(GoldenJournal, holds_every_event_or_the_next_one_will) {
    std::set<std::string_view> seen;
    for (const auto& path : golden_files()) {
        add_names(read(path).commits, seen);
    }
    std::vector<ModelJournal::Kept> next;
    const auto wrong = run_scenario(
        std::filesystem::path{STAMPEDE_SOURCE_DIR} / "tests/scenarios/every-event.scenario", next);
    ASSERT_FALSE(wrong.has_value()) << *wrong;
    add_names(next, seen);
    EXPECT_EQ(seen.size(), kinds_of(static_cast<const campaigns::Event*>(nullptr)));
}

}  // namespace
}  // namespace stampede::tests
