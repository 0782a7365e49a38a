// SPDX-License-Identifier: Apache-2.0
// A journal in memory whose disk is as slow as the test wants: a submitted commit becomes durable
// when make_durable() is called. A crash keeps what was durable; what was in flight may or may not
// have reached the disk, as the test decides.
#pragma once

#include <optional>
#include <vector>

#include "engine/journal.hpp"
#include "engine/vocabulary/check.hpp"

namespace stampede::tests {

class ModelJournal final : public engine::Journal {
  public:
    struct Kept {
        CommitNumber number;
        Instant journal_time;
        Signature signature;
        StateLayout layout;
        std::vector<std::byte> frames;
        [[nodiscard]] engine::Commit commit() const {
            return {.number = number,
                    .journal_time = journal_time,
                    .signature = signature,
                    .layout = layout,
                    .frames = frames};
        }
    };

    void submit(const engine::Commit& commit) override {
        check(!in_flight_, "a commit was submitted while another was in flight");
        check(commit.number == durable_.next(), "commits must be submitted in order");
        check(!commit.frames.empty(), "an empty commit");
        in_flight_ = Kept{commit.number,
                          commit.journal_time,
                          commit.signature,
                          commit.layout,
                          {commit.frames.begin(), commit.frames.end()}};
    }
    [[nodiscard]] CommitNumber durable() const override { return durable_; }
    [[nodiscard]] bool has_room_to_sell() const override { return has_room; }

    /// The sync returns.
    void make_durable() {
        if (in_flight_) {
            durable_ = in_flight_->number;
            kept_.push_back(std::move(*in_flight_));
            in_flight_.reset();
        }
    }
    enum class InFlight : std::uint8_t { lost, survived };
    /// The process dies: returns what a recovery finds.
    [[nodiscard]] std::vector<Kept> crash(InFlight fate) const {
        std::vector<Kept> found = kept_;
        if (fate == InFlight::survived && in_flight_) {
            found.push_back(*in_flight_);
        }
        return found;
    }
    void start_after(const std::vector<Kept>& recovered) {
        kept_ = recovered;
        durable_ = recovered.empty() ? CommitNumber{} : recovered.back().number;
        in_flight_.reset();
    }
    [[nodiscard]] bool is_syncing() const { return in_flight_.has_value(); }
    [[nodiscard]] const std::vector<Kept>& kept() const { return kept_; }

    bool has_room = true;

  private:
    std::vector<Kept> kept_;
    std::optional<Kept> in_flight_;
    CommitNumber durable_;
};

}  // namespace stampede::tests
