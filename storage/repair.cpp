// SPDX-License-Identifier: Apache-2.0
// See the header.
#include "storage/repair.hpp"

#include <algorithm>
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

/// What the chain proves: from `first` to `reached`.
struct Proof {
    CommitNumber first;
    ChainPosition reached;
};

Proof walk_from(const DataDirectory& directory, const KeptCommits& kept, CommitNumber first,
                CommitNumber limit) {
    ChainWalker walker = first.raw() <= 1 ? ChainWalker{directory.journal_id(), ChainPosition{}}
                                          : ChainWalker{directory.journal_id()};
    // A Fault only ends the walk: the bad commit is why we are here.
    (void)kept.visit_from(first, [&](CommitNumber number, std::span<const std::byte> value) {
        if (number > limit) {
            return Result<Walk>{Walk::stop};
        }
        const auto stored = walker.follow(number, value);
        return stored.has_value() ? Result<Walk>{Walk::go_on} : Result<Walk>{stored.error()};
    });
    return {first, walker.reached()};
}

/// As far as the chain leads up to `limit`, starting from what is kept. Where it breaks within the
/// archive, the journal is judged by itself: a start does not need what was archived.
Result<Proof> walk_chain(const DataDirectory& directory, const KeptCommits& kept,
                         CommitNumber limit) {
    const auto oldest = kept.oldest();
    if (!oldest.has_value()) {
        return oldest.error();
    }
    const Proof proof = walk_from(directory, kept, *oldest, limit);
    const auto& own_first = kept.journal_first();
    const bool breaks_in_archive =
        own_first && *own_first <= limit && proof.reached.number.next() < *own_first;
    return breaks_in_archive ? walk_from(directory, kept, *own_first, limit) : proof;
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
        const auto proof = walk_chain(directory, *kept, no_limit);
        if (!proof.has_value()) {
            return proof.error();
        }
        reached = proof->reached.number;
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

/// Where the journal is to end, how far its own commits lead, and whether they get there.
struct Ending {
    ChainPosition position;
    CommitNumber proven;
    bool is_in_chain = false;
};

Result<Ending> judge_ending(const DataDirectory& directory, const KeptCommits& kept,
                            const std::vector<CheckpointFile>& checkpoints, CommitNumber last) {
    const auto proof = walk_chain(directory, kept, last);
    if (!proof.has_value()) {
        return proof.error();
    }
    Ending ending{proof->reached, proof->reached.number, proof->reached.number == last};
    if (kept.journal_first() && last.next() < *kept.journal_first()) {
        return fault("commit " + std::to_string(last.raw()) +
                     " has left the journal for the archive; it is too old to go back to");
    }
    bool has_base = ending.is_in_chain && proof->first.raw() <= 1;
    for (const CheckpointFile& checkpoint : checkpoints) {
        const bool leads_here = ending.is_in_chain ? checkpoint.number.next() >= proof->first
                                                   : checkpoint.number == last;
        if (checkpoint.number > last || !leads_here) {
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

/// Where only a checkpoint vouches for the end, the journal will begin behind it: what the chain
/// still proves goes into the archive, for those who have not read it yet.
Result<> archive_proven(const Archive& archive, const KeptCommits& kept, const Ending& ending) {
    const auto& first = kept.journal_first();
    if (ending.is_in_chain || !first || ending.proven < *first) {
        return {};
    }
    const CommitSource proven = [&](CommitRange range, const CommitVisitor& visitor) {
        return kept.visit_from(
            range.first, [&](CommitNumber number, std::span<const std::byte> value) {
                // Not one step further: what follows may be unreadable.
                const auto walk = visitor(number, value);
                return number == range.last && walk.has_value() ? Result<Walk>{Walk::stop} : walk;
            });
    };
    const auto sealed = archive.seal(proven, {*first, ending.proven});
    return sealed.has_value() ? Result<>{} : Result<>{sealed.error()};
}

/// Exchanges the journal for a copy of its good part. To delete in place RocksDB would have to read
/// what is deleted, and that is what it cannot do where a table is damaged.
Result<> cut_journal(const DataDirectory& directory, const KeptCommits& kept,
                     const Ending& ending) {
    std::filesystem::path unfinished = directory.journal();
    unfinished += ".copy";
    // A whole copy; after the exchange, which an attempt may have died behind, the old journal.
    const std::filesystem::path copy = unnamed(directory.journal());
    std::error_code error;
    if (!ends_well(kept, ending)) {
        // Of an attempt with another end: it is not told here which of the two it is.
        if (std::filesystem::exists(copy, error)) {
            if (auto aside = set_aside_as(copy, directory.journal()); !aside.has_value()) {
                return aside;
            }
        }
        std::filesystem::remove_all(unfinished, error);
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
        if (auto made = CommitStore::make_of(good_part, unfinished); !made.has_value()) {
            std::filesystem::remove_all(unfinished, error);
            return made;
        }
        if (auto synced = sync_directory(unfinished); !synced.has_value()) {
            return synced;
        }
        if (auto named = rename_durably(unfinished, copy); !named.has_value()) {
            return named;
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

Result<Repaired> accept_loss_after(const DataDirectory& directory, CommitNumber last) {
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
    if (auto archived = archive_proven(archive, *kept, *ending); !archived.has_value()) {
        return archived.error();
    }
    if (auto cut = cut_journal(directory, *kept, *ending); !cut.has_value()) {
        return cut.error();
    }
    if (auto anchored =
            Anchor::create(directory.anchor(), directory.journal_id(), ending->position);
        !anchored.has_value()) {
        return anchored.error();
    }
    Repaired repaired{ending->position, std::nullopt};
    if (!ending->is_in_chain && kept->journal_first()) {
        repaired.unreadable =
            CommitRange{std::max(ending->proven.next(), *kept->journal_first()), last};
    }
    return repaired;
}

}  // namespace stampede::storage
