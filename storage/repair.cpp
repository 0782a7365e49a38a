// SPDX-License-Identifier: Apache-2.0
// See the header.
#include "storage/repair.hpp"

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "storage/anchor.hpp"
#include "storage/checkpoint.hpp"
#include "storage/kept_commits.hpp"
#include "storage/raw_log.hpp"

namespace stampede::storage {

namespace {

struct Trace {
    std::string where;
    std::vector<std::byte> value;
    bool is_whole = false;
};

/// The farthest position up to `limit` that the chain proves, starting from what is kept.
Result<ChainPosition> walk_chain(const DataDirectory& directory, const KeptCommits& kept,
                                 CommitNumber limit) {
    const auto oldest = kept.oldest();
    if (!oldest.has_value()) {
        return oldest.error();
    }
    ChainWalker walker = oldest->raw() <= 1 ? ChainWalker{directory.journal_id(), ChainPosition{}}
                                            : ChainWalker{directory.journal_id()};
    // A Fault only ends the walk: the bad commit is why we are here.
    (void)kept.visit_from(*oldest, [&](CommitNumber number, std::span<const std::byte> value) {
        if (number > limit) {
            return Result<Walk>{Walk::stop};
        }
        const auto stored = walker.follow(number, value);
        return stored.has_value() ? Result<Walk>{Walk::go_on} : Result<Walk>{stored.error()};
    });
    return walker.reached();
}

constexpr CommitNumber no_limit{~std::uint64_t{0}};

}  // namespace

Result<std::uint64_t> dump_raw_tail(const DataDirectory& directory, std::ostream& out) {
    const auto kept = KeptCommits::open(directory);
    CommitNumber reached;
    std::multimap<CommitNumber, Trace> traces;
    const auto note = [&](CommitNumber number, std::span<const std::byte> value,
                          std::string where) {
        if (number > reached) {
            traces.emplace(number, Trace{std::move(where),
                                         {value.begin(), value.end()},
                                         decode_commit(number, value).has_value()});
        }
    };
    if (kept.has_value()) {
        const auto position = walk_chain(directory, *kept, no_limit);
        if (!position.has_value()) {
            return position.error();
        }
        reached = position->number;
        // What RocksDB can read behind the bad commit; an error ends only this part.
        (void)kept->visit_from(reached.next(),
                               [&](CommitNumber number, std::span<const std::byte> value) {
                                   note(number, value, "journal");
                                   return Result<Walk>{Walk::go_on};
                               });
    } else {
        out << "# " << kept.error().message << '\n';
    }
    const auto logs = raw_logs(directory.journal());
    if (!logs.has_value()) {
        return logs.error();
    }
    for (const auto& log : *logs) {
        const auto read = visit_raw_log(log, [&](const RawCommit& commit) {
            note(commit.number, commit.value,
                 log.filename().string() + '@' + std::to_string(commit.parts.front().offset));
        });
        if (!read.has_value()) {
            out << "# " << read.error().message << '\n';
        }
    }
    out << "# the last commit in the chain is " << reached.raw() << '\n';
    std::uint64_t whole = 0;
    for (const auto& [number, trace] : traces) {
        whole += trace.is_whole ? 1U : 0U;
        out << number.raw() << ' ' << (trace.is_whole ? "whole" : "damaged") << ' ' << trace.where
            << ' ' << hex(trace.value) << '\n';
    }
    return whole;
}

Result<ChainPosition> accept_loss_after(const DataDirectory& directory, CommitNumber last) {
    std::vector<CheckpointFile> later_checkpoints;
    ChainPosition position;
    bool has_base = false;
    {
        const auto kept = KeptCommits::open(directory);
        if (!kept.has_value()) {
            return kept.error();
        }
        const auto reached = walk_chain(directory, *kept, last);
        if (!reached.has_value()) {
            return reached.error();
        }
        position = *reached;
        const auto oldest = kept->oldest();
        has_base = !oldest.has_value() || oldest->raw() <= 1;
        if (kept->journal_first() && last.next() < *kept->journal_first()) {
            return fault("commit " + std::to_string(last.raw()) +
                         " has left the journal for the archive; it is too old to go back to");
        }
    }
    const auto checkpoints = list_checkpoints(directory.checkpoints());
    if (!checkpoints.has_value()) {
        return checkpoints.error();
    }
    for (const CheckpointFile& checkpoint : *checkpoints) {
        const auto state = verify_checkpoint(checkpoint, directory.journal_id());
        if (checkpoint.number > last) {
            later_checkpoints.push_back(checkpoint);
        } else if (state.has_value()) {
            has_base = true;
            if (checkpoint.number == last && position.number < last) {
                position = state->chain;
            }
        }
    }
    if (position.number != last) {
        return fault("commit " + std::to_string(last.raw()) +
                     " cannot be the last one: the chain is good up to commit " +
                     std::to_string(position.number.raw()) + " only");
    }
    if (!has_base) {
        return fault("there is neither a checkpoint up to commit " + std::to_string(last.raw()) +
                     " nor a journal from its first commit on to build the state from");
    }
    for (const CheckpointFile& checkpoint : later_checkpoints) {
        std::filesystem::path aside = checkpoint.path;
        aside += ".rejected";
        if (auto renamed = rename_file(checkpoint.path, aside); !renamed.has_value()) {
            return renamed.error();
        }
    }
    if (auto synced = sync_directory(directory.checkpoints()); !synced.has_value()) {
        return synced.error();
    }
    CommitStoreOptions plain;
    plain.pool_files = 0;
    auto store = CommitStore::open(
        directory, last == CommitNumber{0} ? WhenAbsent::create : WhenAbsent::refuse, plain);
    if (!store.has_value()) {
        return store.error();
    }
    if (auto dropped = (*store)->drop_after(last); !dropped.has_value()) {
        return dropped.error();
    }
    if (auto anchored = Anchor::create(directory.anchor(), directory.journal_id(), position);
        !anchored.has_value()) {
        return anchored.error();
    }
    return position;
}

}  // namespace stampede::storage
