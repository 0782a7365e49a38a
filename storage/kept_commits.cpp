// SPDX-License-Identifier: Apache-2.0
// The journal is opened without changing a byte of it.
#include "storage/kept_commits.hpp"

#include <algorithm>

namespace stampede::storage {

Result<KeptCommits> KeptCommits::open(const DataDirectory& directory) {
    auto store = CommitStore::open_for_reading(directory);
    if (!store.has_value()) {
        return store.error();
    }
    std::optional<CommitNumber> journal_first;
    if (*store) {
        const auto first = (*store)->first();
        if (!first.has_value()) {
            return first.error();
        }
        journal_first = *first;
    }
    return KeptCommits{std::move(*store), Archive{directory.archive(), directory.journal_id()},
                       journal_first};
}

Result<CommitNumber> KeptCommits::oldest() const {
    return archive_.oldest_before(journal_first_);
}

Result<> KeptCommits::visit_from(CommitNumber first, const CommitVisitor& visitor) const {
    constexpr CommitNumber beyond_all{~std::uint64_t{0} - 1};
    bool has_stopped = false;
    const CommitVisitor watching = [&](CommitNumber number, std::span<const std::byte> value) {
        auto walk = visitor(number, value);
        has_stopped = !walk.has_value() || *walk == Walk::stop;
        return walk;
    };
    const CommitNumber journal_first = journal_first_ ? *journal_first_ : beyond_all;
    if (first < journal_first) {
        const CommitNumber last{journal_first.raw() - 1};
        if (auto visited = archive_.visit({first, last}, watching);
            !visited.has_value() || has_stopped) {
            return visited;
        }
    }
    if (!journal_first_) {
        return {};
    }
    return store_->visit({std::max(first, journal_first), beyond_all}, watching);
}

}  // namespace stampede::storage
