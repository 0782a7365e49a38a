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

namespace {

/// Where the journal is to end, and whether its own commits prove that it gets there.
struct Ending {
    ChainPosition position;
    bool is_in_chain = false;
};

Result<Ending> judge_ending(const DataDirectory& directory, const KeptCommits& kept,
                            const std::vector<CheckpointFile>& checkpoints, CommitNumber last) {
    const auto reached = walk_chain(directory, kept, last);
    if (!reached.has_value()) {
        return reached.error();
    }
    Ending ending{*reached, reached->number == last};
    if (kept.journal_first() && last.next() < *kept.journal_first()) {
        return fault("commit " + std::to_string(last.raw()) +
                     " has left the journal for the archive; it is too old to go back to");
    }
    const auto oldest = kept.oldest();
    bool has_base = ending.is_in_chain && (!oldest.has_value() || oldest->raw() <= 1);
    for (const CheckpointFile& checkpoint : checkpoints) {
        if (checkpoint.number > last || (!ending.is_in_chain && checkpoint.number != last)) {
            continue;
        }
        const auto state = verify_checkpoint(checkpoint, directory.journal_id());
        has_base = has_base || state.has_value();
        if (state.has_value() && ending.position.number < last) {
            ending.position = state->chain;
        }
    }
    if (ending.position.number != last) {
        return fault("commit " + std::to_string(last.raw()) +
                     " cannot be the last one: the chain is good up to commit " +
                     std::to_string(ending.position.number.raw()) + " only");
    }
    if (!has_base) {
        return fault("there is neither a checkpoint up to commit " + std::to_string(last.raw()) +
                     " nor a journal from its first commit on to build the state from");
    }
    return ending;
}

Result<> set_aside_after(const std::vector<CheckpointFile>& checkpoints, CommitNumber last) {
    for (const CheckpointFile& checkpoint : checkpoints) {
        if (checkpoint.number > last) {
            if (auto rejected = set_aside(checkpoint.path); !rejected.has_value()) {
                return rejected;
            }
        }
    }
    return {};
}

/// True when nothing of the journal is to go: it ends where it should, or an attempt before this
/// one has emptied it.
bool ends_well(const KeptCommits& kept, const Ending& ending) {
    if (!kept.has_journal() || !kept.journal_first()) {
        return kept.has_journal();
    }
    bool has_more = false;
    const auto visited = kept.visit_from(ending.position.number.next(),
                                         [&](CommitNumber, std::span<const std::byte>) {
                                             has_more = true;
                                             return Result<Walk>{Walk::stop};
                                         });
    return ending.is_in_chain && visited.has_value() && !has_more;
}

/// Exchanges the journal for a copy of its good part. To delete in place RocksDB would have to read
/// what is deleted, and that is what it cannot do where a table is damaged.
Result<> cut_journal(const DataDirectory& directory, const KeptCommits& kept,
                     const Ending& ending) {
    const std::filesystem::path copy = unnamed(directory.journal());
    std::error_code error;
    if (!ends_well(kept, ending)) {
        std::filesystem::remove_all(copy, error);
        std::filesystem::create_directories(directory.journal(), error);
        const CommitNumber last = ending.position.number;
        const auto good_part = [&](const CommitVisitor& visitor) -> Result<> {
            const bool holds_any = kept.journal_first() && *kept.journal_first() <= last;
            if (!ending.is_in_chain || !holds_any) {
                return {};
            }
            return kept.visit_from(
                *kept.journal_first(), [&](CommitNumber number, std::span<const std::byte> value) {
                    // Not one step further: what follows may be unreadable.
                    const auto walk = visitor(number, value);
                    return number == last && walk.has_value() ? Result<Walk>{Walk::stop} : walk;
                });
        };
        if (auto made = CommitStore::make_of(good_part, copy); !made.has_value()) {
            return made;
        }
        if (auto synced = sync_directory(copy); !synced.has_value()) {
            return synced;
        }
        if (auto exchanged = exchange_names(copy, directory.journal()); !exchanged.has_value()) {
            return exchanged;
        }
    }
    // Now, or since an attempt that ended right here, the name of the copy is the old journal's.
    return std::filesystem::exists(copy, error) ? set_aside_as(copy, directory.journal())
                                                : Result<>{};
}

}  // namespace

Result<ChainPosition> accept_loss_after(const DataDirectory& directory, CommitNumber last) {
    const auto kept = KeptCommits::open(directory);
    if (!kept.has_value()) {
        return kept.error();
    }
    const auto checkpoints = list_checkpoints(directory.checkpoints());
    if (!checkpoints.has_value()) {
        return checkpoints.error();
    }
    const auto ending = judge_ending(directory, *kept, *checkpoints, last);
    if (!ending.has_value()) {
        return ending.error();
    }
    if (auto aside = set_aside_after(*checkpoints, last); !aside.has_value()) {
        return aside.error();
    }
    const Archive archive{directory.archive(), directory.journal_id()};
    if (auto given_up = archive.give_up_after(last); !given_up.has_value()) {
        return given_up.error();
    }
    if (auto cut = cut_journal(directory, *kept, *ending); !cut.has_value()) {
        return cut.error();
    }
    if (auto anchored =
            Anchor::create(directory.anchor(), directory.journal_id(), ending->position);
        !anchored.has_value()) {
        return anchored.error();
    }
    return ending->position;
}

}  // namespace stampede::storage
