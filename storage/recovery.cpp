// SPDX-License-Identifier: Apache-2.0
// Everything the journal keeps is checked, also what a checkpoint already covers: damage is found
// at a start, when a person is there, and not by the consumer that reads it weeks later.
#include "storage/recovery.hpp"

#include <algorithm>
#include <string>

#include "engine/clock.hpp"
#include "storage/anchor.hpp"
#include "storage/kept_commits.hpp"

namespace stampede::storage {

namespace {

std::string text_of(CommitNumber number) {
    return std::to_string(number.raw());
}

Fault refusal(const DataDirectory& directory, CommitNumber first_bad, const std::string& why) {
    return fault("data directory " + directory.path().string() + " cannot be served: " + why +
                 ". The first bad commit is " + text_of(first_bad) +
                 "; nothing was changed. 'repair --dump-tail' shows what is left after it, "
                 "'repair --accept-loss-after " +
                 std::to_string(first_bad.raw() - 1) + "' gives it up.");
}

/// One pass over the kept commits against a checkpoint and the anchor.
class Pass {
  public:
    Pass(const DataDirectory& directory, const ChainPosition& anchor, const StatePosition& start,
         engine::Replayable& state)
        : directory_(directory), anchor_(anchor), state_(state), walker_(directory.journal_id()) {
        recovered_.position = start;
        recovered_.checkpoint = start.chain.number;
    }

    Result<Recovered> run(const KeptCommits& kept) {
        if (recovered_.checkpoint == CommitNumber{0}) {
            walker_ = ChainWalker{directory_.journal_id(), ChainPosition{}};
        }
        if (auto agreed = agree_with_anchor(recovered_.position.chain); !agreed.has_value()) {
            return agreed.error();
        }
        const CommitNumber after_checkpoint = recovered_.checkpoint.next();
        const CommitNumber from = kept.journal_first()
                                      ? std::min(*kept.journal_first(), after_checkpoint)
                                      : after_checkpoint;
        if (from == after_checkpoint) {
            walker_ = ChainWalker{directory_.journal_id(), recovered_.position.chain};
        }
        expected_ = from;
        const auto visited = kept.visit_from(
            from, [&](CommitNumber number, std::span<const std::byte> value) -> Result<Walk> {
                if (auto taken = take(number, value); !taken.has_value()) {
                    return taken.error();
                }
                return Walk::go_on;
            });
        if (!visited.has_value()) {
            return has_refused_ ? visited.error()
                                : refusal(directory_, expected_, visited.error().message);
        }
        return finish();
    }

  private:
    Result<> take(CommitNumber number, std::span<const std::byte> value) {
        const auto stored = walker_.follow(number, value);
        if (!stored.has_value()) {
            return refuse(expected_, stored.error().message);
        }
        expected_ = number.next();
        ++recovered_.commits_checked;
        if (auto agreed = agree_with_anchor(walker_.reached()); !agreed.has_value()) {
            return agreed;
        }
        if (number == recovered_.checkpoint && stored->digest != recovered_.position.chain.digest) {
            return refuse(number, "commit " + text_of(number) +
                                      " is not the one that the checkpoint was made after");
        }
        if (number <= recovered_.checkpoint) {
            return {};
        }
        if (auto applied = state_.apply(stored->commit); !applied.has_value()) {
            return refuse(number, "commit " + text_of(number) +
                                      " cannot be applied: " + applied.error().message);
        }
        if (!engine::agrees(state_, stored->commit)) {
            return refuse(number, "commit " + text_of(number) +
                                      " gives a state with another signature than its own");
        }
        ++recovered_.commits_applied;
        recovered_.bytes_applied += value.size();
        recovered_.position = {walker_.reached(), state_.signature(), state_.layout(),
                               stored->commit.journal_time, stored->writer.epoch};
        return {};
    }

    Result<> agree_with_anchor(const ChainPosition& reached) {
        if (reached.number == anchor_.number && reached.digest != anchor_.digest) {
            return refuse(reached.number, "commit " + text_of(reached.number) +
                                              " is not the one that the anchor vouches for");
        }
        return {};
    }

    Result<Recovered> finish() {
        // What must be there: all that the anchor saw, and all that a checkpoint was made from.
        const CommitNumber reached = std::max(walker_.reached().number, CommitNumber{0});
        const CommitNumber last = recovered_.commits_checked == 0 ? recovered_.checkpoint : reached;
        if (last < recovered_.checkpoint) {
            return refusal(directory_, last.next(),
                           "the journal ends at commit " + text_of(last) +
                               ", but there is a checkpoint of commit " +
                               text_of(recovered_.checkpoint));
        }
        if (last < anchor_.number) {
            return refusal(directory_, last.next(),
                           "the journal ends at commit " + text_of(last) +
                               ", but the anchor proves that commit " + text_of(anchor_.number) +
                               " was durable");
        }
        return recovered_;
    }

    Result<> refuse(CommitNumber first_bad, const std::string& why) {
        has_refused_ = true;
        return refusal(directory_, first_bad, why);
    }

    const DataDirectory& directory_;
    ChainPosition anchor_;
    engine::Replayable& state_;
    ChainWalker walker_;
    CommitNumber expected_;
    bool has_refused_ = false;
    Recovered recovered_;
};

/// A checkpoint that is set aside must be made good by the commits that it was made from.
Result<> is_made_good(const DataDirectory& directory, const LoadedState& loaded,
                      const KeptCommits& kept, const engine::Replayable& state) {
    const auto oldest = kept.oldest();
    if (!oldest.has_value()) {
        return oldest.error();
    }
    const CommitNumber first = loaded.position.chain.number.next();
    if (!loaded.set_aside || (*oldest != CommitNumber{0} && *oldest <= first)) {
        return {};
    }
    const std::string layout = std::to_string(loaded.set_aside->layout.raw());
    return fault("data directory " + directory.path().string() +
                 " cannot be served: its checkpoint of commit " +
                 text_of(loaded.set_aside->chain.number) + " has state layout " + layout +
                 ", this program's is " + std::to_string(state.layout().raw()) + ", and commit " +
                 text_of(first) +
                 " and what follows, which would be replayed instead, is not kept. Put the "
                 "removed archive back, or serve it with a release of state layout " +
                 layout + ". Nothing was changed.");
}

/// The scan must reach what was durable: a journal that lost its end has a chain without a flaw.
Result<> reaches_anchor(const DataDirectory& directory, const ScanReport& report) {
    CommitNumber last = report.reached.number;
    if (last == CommitNumber{0}) {  // everything was trimmed, or is gone
        const auto checkpoints = list_checkpoints(directory.checkpoints());
        if (!checkpoints.has_value()) {
            return checkpoints.error();
        }
        for (const CheckpointFile& file : *checkpoints) {
            last = std::max(last, file.number);
        }
    }
    if (last < report.anchor.number) {
        return fault("commit " + text_of(last.next()) + " is missing: the journal ends at commit " +
                     text_of(last) + ", but the anchor proves that commit " +
                     text_of(report.anchor.number) + " was durable");
    }
    return {};
}

}  // namespace

Result<Recovered> recover(const DataDirectory& directory, engine::Replayable& state) {
    const std::int64_t start_us = engine::monotonic_us();
    const auto anchor = Anchor::read(directory.anchor(), directory.journal_id());
    if (!anchor.has_value()) {
        return fault("data directory " + directory.path().string() +
                     " cannot be served: " + anchor.error().message);
    }
    auto loaded = load_newest_checkpoint(directory.checkpoints(), directory.journal_id(), state);
    if (!loaded.has_value()) {
        return loaded.error();
    }
    const auto kept = KeptCommits::open(directory);
    if (!kept.has_value()) {
        return fault("data directory " + directory.path().string() +
                     " cannot be served: " + kept.error().message + ". Nothing was changed.");
    }
    if (auto good = is_made_good(directory, *loaded, *kept, state); !good.has_value()) {
        return good.error();
    }
    auto recovered = Pass{directory, anchor->position, loaded->position, state}.run(*kept);
    if (recovered.has_value()) {
        recovered->journal_is_empty = !kept->journal_first();
        recovered->warnings = std::move(loaded->warnings);
        if (anchor->has_damaged_slot) {
            recovered->warnings.push_back("one slot of the anchor " + directory.anchor().string() +
                                          " is unreadable");
        }
        recovered->took = std::chrono::milliseconds{(engine::monotonic_us() - start_us) / 1000};
    }
    return recovered;
}

Result<ScanReport> scan_journal(const DataDirectory& directory, CommitNumber first,
                                const StoredCommitVisitor& visitor) {
    const auto anchor = Anchor::read(directory.anchor(), directory.journal_id());
    if (!anchor.has_value()) {
        return anchor.error();
    }
    const auto kept = KeptCommits::open(directory);
    if (!kept.has_value()) {
        return kept.error();
    }
    const auto oldest = kept->oldest();
    if (!oldest.has_value()) {
        return oldest.error();
    }
    const CommitNumber journal_first =
        kept->journal_first() ? *kept->journal_first() : CommitNumber{~std::uint64_t{0}};
    ScanReport report;
    report.anchor = anchor->position;
    bool has_stopped = false;
    ChainWalker walker = *oldest == CommitNumber{1}
                             ? ChainWalker{directory.journal_id(), ChainPosition{}}
                             : ChainWalker{directory.journal_id()};
    const auto visited = kept->visit_from(
        *oldest, [&](CommitNumber number, std::span<const std::byte> value) -> Result<Walk> {
            const auto stored = walker.follow(number, value);
            if (!stored.has_value()) {
                return stored.error();
            }
            if (number == anchor->position.number && stored->digest != anchor->position.digest) {
                return fault("commit " + text_of(number) +
                             " is not the one that the anchor vouches for");
            }
            if (number < first) {
                return Walk::go_on;
            }
            if (report.commits == 0) {
                report.visited.first = number;
            }
            report.visited.last = number;
            report.archived_commits += number < journal_first ? 1U : 0U;
            ++report.commits;
            report.bytes += value.size();
            auto walk = visitor(*stored);
            has_stopped = walk.has_value() && *walk == Walk::stop;
            return walk;
        });
    if (!visited.has_value()) {
        return visited.error();
    }
    report.reached = walker.reached();
    if (!has_stopped) {
        if (auto reached = reaches_anchor(directory, report); !reached.has_value()) {
            return reached.error();
        }
    }
    return report;
}

}  // namespace stampede::storage
