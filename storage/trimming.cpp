// SPDX-License-Identifier: Apache-2.0
// A crash between sealing and dropping leaves commits in both places; the next trimming then finds
// them sealed and only drops them.
#include "storage/trimming.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace stampede::storage {

namespace {

/// The bytes of one commit; empty when `source` has none of that number.
Result<std::vector<std::byte>> value_of(const CommitSource& source, CommitNumber number) {
    std::vector<std::byte> value;
    const auto visited =
        source({number, number}, [&](CommitNumber found, std::span<const std::byte> bytes) {
            if (found == number) {
                value.assign(bytes.begin(), bytes.end());
            }
            return Result<Walk>{Walk::go_on};
        });
    if (!visited.has_value()) {
        return visited.error();
    }
    return value;
}

}  // namespace

Result<Trimmed> Trimmer::trim(CommitNumber up_to) {
    const auto kept = store_.kept();
    if (!kept.has_value()) {
        return kept.error();
    }
    if (!*kept || up_to < (*kept)->first) {
        return Trimmed{};
    }
    if (auto proven = prove(**kept); !proven.has_value()) {
        return proven.error();
    }
    const auto files = archive_.files();
    if (!files.has_value()) {
        return files.error();
    }
    // As far as the archive goes on without a gap: a file set aside in the middle leaves one.
    CommitNumber sealed{(*kept)->first.raw() - 1};
    for (const ArchiveFile& file : *files) {
        if (file.range.first <= sealed.next()) {
            sealed = std::max(sealed, file.range.last);
        }
    }
    if (sealed < up_to) {
        const auto done = archive_.seal(journal(), {sealed.next(), up_to});
        if (!done.has_value()) {
            return done.error();
        }
        sealed = *done;
    }
    const CommitNumber last = std::min(sealed, up_to);
    if (auto dropped = store_.drop_up_to(last); !dropped.has_value()) {
        return dropped.error();
    }
    return Trimmed{sealed, last};
}

CommitSource Trimmer::journal() const {
    return [this](CommitRange range, const CommitVisitor& visitor) {
        return store_.visit(range, visitor);
    };
}

/// Of the files that hold what the journal still holds too: they were sealed before this process
/// began. A bad one is set aside, and its commits are sealed again.
Result<> Trimmer::prove(CommitRange kept) {
    if (is_proven_) {
        return {};
    }
    const auto files = archive_.files();
    if (!files.has_value()) {
        return files.error();
    }
    for (const ArchiveFile& file : *files) {
        if (file.range.last < kept.first) {
            continue;
        }
        const auto wrong = find_fault(file, kept);
        if (!wrong.has_value()) {
            return wrong.error();
        }
        if (!*wrong) {
            continue;
        }
        if (file.range.first < kept.first) {
            return fault(**wrong +
                         "; the journal does not hold all of it any more, "
                         "so nothing is dropped behind it");
        }
        std::fprintf(stderr, "stampede: %s; it is set aside and its commits are sealed again\n",
                     (*wrong)->c_str());
        if (auto rejected = set_aside(file.path); !rejected.has_value()) {
            return rejected;
        }
    }
    is_proven_ = true;
    return {};
}

/// What is wrong with the file itself; a Fault when that cannot be told, for want of descriptors or
/// because the journal's side cannot be read. The digest vouches for the file, and the chain, by
/// one commit that both hold, for those before.
Result<std::optional<std::string>> Trimmer::find_fault(const ArchiveFile& file,
                                                       CommitRange kept) const {
    if (const auto readable = read_whole(file.path); !readable.has_value()) {
        return readable.error();
    }
    if (const auto verified = archive_.verify(file); !verified.has_value()) {
        return std::optional{verified.error().message};
    }
    const std::string name = "the archive file " + file.path.string();
    if (file.range.last > kept.last) {
        return std::optional{name + " goes on after the journal"};
    }
    const auto sealed = value_of(archive_.source_of(file), file.range.last);
    if (!sealed.has_value()) {
        return sealed.error();
    }
    const auto stored = value_of(journal(), file.range.last);
    if (!stored.has_value()) {
        return stored.error();
    }
    if (*sealed != *stored) {
        return std::optional{name + " ends with another commit than the journal has"};
    }
    return std::optional<std::string>{};
}

}  // namespace stampede::storage
